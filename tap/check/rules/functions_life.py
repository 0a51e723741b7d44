"""TAP1390 and TAP1391: runtimes that are no more, and custom resources that nobody answers."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterator

from tap.check import schemas
from tap.check.graph.functions import FUNCTION, function_of
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Rule, at
from tap.check.values import Text, shape


class OldRuntime(ResourceRule):
    """A runtime with which no function can be made any more."""

    id = "TAP1390"
    title = "Functions can no longer be made with this runtime"
    description = "Lambda refuses new functions with a runtime some weeks after it is deprecated."
    source = "Lambda developer guide, “Lambda runtimes”: block function create; cfn-lint's table of it"
    advice = "Use the newest version of the language."
    types = (FUNCTION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The runtime of a function, where the table is at hand."""
        runtime = resource.get("Runtime")
        if not isinstance(runtime, str):
            return
        body = schemas.runtimes().get(runtime) or {}
        blocked, successor = str(body.get("create-block") or ""), body.get("successor")
        if re.fullmatch(r"\d{4}-\d\d-\d\d", blocked) and blocked <= datetime.date.today().isoformat():
            advice = f"Use {successor}." if successor else ""
            yield at(resource, "Runtime", says=f"{runtime} cannot be chosen since {blocked}.", advice=advice)


_ANSWERS = re.compile(r"cfn_?-?response|ResponseURL|crhelper|CfnResource|responseUrl|response_url", re.IGNORECASE)


class NoAnswer(Rule):
    """A custom resource whose function never says that it is done."""

    id = "TAP1391"
    title = "The function of a custom resource answers CloudFormation"
    description = (
        "CloudFormation waits until something is put to the request's ResponseURL: an hour by default, then the stack "
        "fails. What a function returns does not count."
    )
    source = "CloudFormation template reference, “Custom resource request and response objects”, “cfn-response module”"
    advice = "Call cfnresponse.send(event, context, cfnresponse.SUCCESS, {}) in every case, errors and deletion too."

    def check(self, world: World) -> Iterator[Found]:
        """Custom resources whose function's code stands in the template."""
        seen: set[str] = set()
        for resource in world.resources.values():
            if not resource.type.startswith(("Custom::", "AWS::CloudFormation::CustomResource")):
                continue
            function = function_of(world, resource.get("ServiceToken"))
            code = function.get("Code", "ZipFile") if function else None
            if function is None or not isinstance(code, str | Text) or function.logical_id in seen:
                continue
            if not _ANSWERS.search(shape(code)) and function.get("Layers") is None:
                seen.add(function.logical_id)
                says = f"The code never answers: it uses neither cfnresponse nor ResponseURL ({resource.logical_id})."
                yield at(function, "Code", "ZipFile", says=says)
