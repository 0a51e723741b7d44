"""TAP1344…: policy documents that are malformed, or whose statements match nothing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from tap.check.evaluate import short
from tap.check.graph.iam import Policy, Statement, policies
from tap.check.model import World
from tap.check.rule import Found, Rule, Severity, at
from tap.check.values import Reference, Text, fields, items, known, shape

_BY_NAME = frozenset(
    {
        "AWS::CodeBuild::Project",
        "AWS::CodePipeline::Pipeline",
        "AWS::DynamoDB::Table",
        "AWS::ECR::Repository",
        "AWS::ECS::Cluster",
        "AWS::EFS::FileSystem",
        "AWS::Events::EventBus",
        "AWS::IAM::Role",
        "AWS::KMS::Alias",
        "AWS::KMS::Key",
        "AWS::Kinesis::Stream",
        "AWS::KinesisFirehose::DeliveryStream",
        "AWS::Lambda::Function",
        "AWS::Logs::LogGroup",
        "AWS::RDS::DBCluster",
        "AWS::RDS::DBInstance",
        "AWS::S3::Bucket",
        "AWS::SQS::Queue",
        "AWS::SSM::Parameter",
    }
)
"""Types whose ``!Ref`` is no ARN (CloudFormation template reference, Return values)."""


def _at(policy: Policy, statement: Statement, *steps: str | int, says: str, advice: str = "") -> Found:
    return at(policy.resource, *statement.place, *steps, says=says, advice=advice)


class ResourceNoArn(Rule):
    """A resource in a policy that is no ARN."""

    id = "TAP1344"
    title = "A policy's resource is no ARN"
    description = "IAM takes ARNs and * for resources; a name, an id or an address makes the policy malformed."
    source = "IAM user guide, “IAM JSON policy elements: Resource”; template reference, Return values"
    advice = "Use !GetAtt X.Arn, or spell the ARN out with !Sub."

    def check(self, world: World) -> Iterator[Found]:
        """The resources of every statement."""
        for policy in policies(world):
            if policy.resource.type in ("AWS::ApiGateway::RestApi", "AWS::ECR::Repository"):
                continue  # An API takes execute-api:/… too.
            for one in policy.statements:
                for key, values in (("Resource", one.resources), ("NotResource", one.not_resources)):
                    for value in values:
                        wrong = self._wrong(value, world)
                        if wrong:
                            yield _at(policy, one, key, says=f"{short(value)} {wrong}.")

    def _wrong(self, value: Any, world: World) -> str:
        first = value.parts[0] if isinstance(value, Text) else value
        if isinstance(first, str):
            # An IAM resource may begin with wildcards.
            return "" if re.match(r"arn:|\*|a?r?n?[*?]", first) or not first else "is no ARN"
        if isinstance(first, Reference) and not first.attribute:
            meant = world.resources.get(first.logical_id)
            if meant and meant.type in _BY_NAME:
                return f"is no ARN: !Ref {first.logical_id} gives {_GIVES.get(meant.type, 'a name')}"
        return ""


_GIVES = {"AWS::KMS::Key": "an id", "AWS::SQS::Queue": "an address", "AWS::EFS::FileSystem": "an id"}

_OBJECT = frozenset(
    [
        "getobject",
        "getobjectversion",
        "getobjectacl",
        "getobjecttagging",
        "getobjectattributes",
        "putobject",
        "putobjectacl",
        "putobjecttagging",
        "deleteobject",
        "deleteobjectversion",
        "deleteobjecttagging",
        "restoreobject",
        "abortmultipartupload",
        "listmultipartuploadparts",
        "putobjectretention",
        "getobjectretention",
        "putobjectlegalhold",
    ]
)
_BUCKET = frozenset(
    [
        "listbucket",
        "listbucketversions",
        "listbucketmultipartuploads",
        "getbucketlocation",
        "getbucketacl",
        "getbucketpolicy",
        "getbucketversioning",
        "putbucketpolicy",
        "putbucketacl",
        "deletebucket",
        "getlifecycleconfiguration",
        "getencryptionconfiguration",
        "getbucketcors",
        "getbuckettagging",
        "putlifecycleconfiguration",
        "putencryptionconfiguration",
        "getreplicationconfiguration",
    ]
)
_ALL_ONLY = frozenset(
    [
        "cloudwatch:putmetricdata",
        "cloudwatch:listmetrics",
        "ecr:getauthorizationtoken",
        "ssmmessages:createcontrolchannel",
        "ssmmessages:createdatachannel",
        "ssmmessages:opencontrolchannel",
        "ssmmessages:opendatachannel",
        "xray:puttracesegments",
        "xray:puttelemetryrecords",
        "xray:getsamplingrules",
        "xray:getsamplingtargets",
        "s3:listallmybuckets",
        "ec2:describenetworkinterfaces",
        "ec2:describesubnets",
        "ec2:describesecuritygroups",
        "ec2:describevpcs",
        "ec2:describeinstances",
        "ecs:registertaskdefinition",
        "ecs:deregistertaskdefinition",
        "secretsmanager:getrandompassword",
        "sts:getcalleridentity",
        "ecr-public:getauthorizationtoken",
    ]
)
"""Actions that know no resources: they are allowed on * or not at all (Service Authorization Reference)."""


class ActionWithoutResource(Rule):
    """An action that none of the statement's resources fits."""

    id = "TAP1345"
    title = "The action does not match the statement's resources"
    description = (
        "Actions on objects need BUCKET/*, actions on a bucket the bucket's own ARN, and some actions know no resource "
        "and need *. A statement that mixes them up allows nothing; in a bucket's policy it is refused."
    )
    severity = Severity.WARNING
    source = "Service Authorization Reference: resource types of each action"

    def check(self, world: World) -> Iterator[Found]:
        """Every action that is spelt out, in statements that allow."""
        for policy in policies(world):
            if policy.kind == "trust":
                continue
            for one in policy.statements:
                if not one.allows or one.not_resources or not one.resources or not one.complete:
                    continue
                levels = {_level(value, world) for value in one.resources}
                for action in one.actions:
                    wrong, advice = _mismatch(action, levels, policy.kind) if isinstance(action, str) else ("", "")
                    if wrong:
                        yield _at(policy, one, "Action", says=f"{action} {wrong}.", advice=advice)


def _mismatch(action: str, levels: set[str], kind: str) -> tuple[str, str]:
    plain = action.lower()
    if not levels & {"all", "unknown"}:
        if plain in _ALL_ONLY and kind == "identity":
            return (
                "knows no resource, but the statement names some",
                'Give it a statement of its own with Resource: "*".',
            )
        if plain.startswith("s3:"):
            name = plain.removeprefix("s3:")
            if name in _OBJECT and levels == {"bucket"}:
                return "is for objects, but the resource is a bucket", "Add /* to the bucket's ARN."
            if name in _BUCKET and levels == {"object"}:
                return "is for a bucket, but the resources are objects", "Add the bucket's own ARN, without /*."
    return "", ""


def _level(value: Any, world: World) -> str:
    """``all``, ``bucket``, ``object``, ``other`` or ``unknown``."""
    if value == "*":
        return "all"
    if isinstance(value, Reference):
        meant = world.resources.get(value.logical_id)
        if meant is None:
            return "unknown"
        if meant.type == "AWS::S3::Bucket":
            return "bucket" if value.attribute == "Arn" else "unknown"
        return "other" if value.attribute == "Arn" else "unknown"
    if not isinstance(value, str | Text):
        return "unknown"
    text = shape(value)
    head = value.parts[0] if isinstance(value, Text) else text
    if isinstance(head, Reference):
        meant = world.resources.get(head.logical_id)
        if meant and meant.type == "AWS::S3::Bucket" and head.attribute == "Arn":
            rest = text.removeprefix(head.variable)
            return "object" if rest.startswith("/") else "unknown"
        return "unknown"
    match = re.match(r"arn:[^:]+:([a-z0-9-]+):", text)
    if not match:
        return "unknown"
    if match[1] != "s3":
        return "other"
    path = text.split(":::", 1)[-1]
    if ":::" not in text or path.startswith("*"):
        return "unknown"
    if "/" in path:
        return "object"
    # A star or a variable at the end may stand for a slash and more.
    return "unknown" if path.endswith("*") or (path.endswith("}") and not _is_name(value, world)) else "bucket"


def _is_name(value: Any, world: World) -> bool:
    last = value.parts[-1] if isinstance(value, Text) else None
    if isinstance(last, Reference):
        meant = world.resources.get(last.logical_id)
        return bool(meant and meant.type == "AWS::S3::Bucket" and not last.attribute)
    return bool(getattr(last, "pseudo", "") or getattr(last, "parameter", ""))


class MalformedDocument(Rule):
    """A policy document that IAM refuses."""

    id = "TAP1346"
    title = "The policy document is malformed"
    description = (
        "A statement has an effect and actions; a policy of a role has resources and no principal, a trust policy has "
        "principals and no resource, a resource's policy has principals. Versions are 2012-10-17 and 2008-10-17."
    )
    source = "IAM user guide, “Grammar of the IAM JSON policy language”"

    def check(self, world: World) -> Iterator[Found]:
        """Every document."""
        for policy in policies(world):
            document = fields(policy.document)
            version = document.get("Version")
            if isinstance(version, str) and version not in ("2012-10-17", "2008-10-17"):
                says = f"There is no version {version} of the policy language: 2012-10-17."
                yield at(policy.resource, *policy.place, "Version", says=says)
            for statement in policy.statements:
                body = _body(policy, statement)
                for says, *steps in _faults(policy, statement, body):
                    yield _at(policy, statement, *steps, says=says)
            yield from self._sids(policy)

    def _sids(self, policy: Policy) -> Iterator[Found]:
        seen: set[str] = set()
        for one in policy.statements:
            if policy.kind == "resource":
                continue  # Other services take Sids that stand twice, and with spaces.
            if one.sid and one.sid in seen:
                yield _at(policy, one, "Sid", says=f"A second statement has the Sid {one.sid}.")
            elif one.sid and not re.fullmatch(r"[A-Za-z0-9]*", one.sid):
                yield _at(policy, one, "Sid", says=f"“{one.sid}”: a Sid in IAM has letters and digits alone.")
            seen.add(one.sid)


def _body(policy: Policy, statement: Statement) -> Mapping[str, Any]:
    found: Any = policy.resource.properties
    for step in statement.place:
        found = found[int(step)] if isinstance(found, list) else fields(found).get(step)
    return fields(found)


def _faults(policy: Policy, one: Statement, body: Mapping[str, Any]) -> Iterator[tuple[str, ...]]:
    effect = body.get("Effect")
    if effect is None:
        yield ("The statement has no Effect.",)
    elif isinstance(effect, str) and effect not in ("Allow", "Deny"):
        yield f"There is no effect {effect}: Allow or Deny.", "Effect"
    if "Action" not in body and "NotAction" not in body:
        yield ("The statement has no Action.",)
    elif "Action" in body and "NotAction" in body:
        yield "There is Action, and NotAction too.", "NotAction"
    for action in (*one.actions, *one.not_actions):
        if isinstance(action, str) and action != "*" and not re.fullmatch(r"[A-Za-z0-9*-]+:[A-Za-z0-9*?]+", action):
            yield f"“{action}” is no action: SERVICE:ACTION.", "Action" if one.actions else "NotAction"
    said = {"Principal", "NotPrincipal"} & set(body)
    resources = {"Resource", "NotResource"} & set(body)
    if policy.kind == "identity":
        if said:
            yield "A policy of a role names no principal: it is the role.", min(said)
        if not resources:
            yield ("The statement has no Resource.",)
    elif policy.kind == "trust":
        if resources:
            yield "A trust policy names no resource: it is the role.", min(resources)
        if not said:
            yield ("The statement has no Principal.",)
    elif not said and policy.resource.type not in ("AWS::Events::EventBusPolicy",):
        yield ("The statement has no Principal.",)
    for operator in one.conditions:
        if not _OPERATOR.fullmatch(str(operator)):
            yield f"There is no condition operator {operator}.", "Condition", str(operator)
        elif isinstance(one.conditions[operator], str | list):
            yield f"{operator} holds no condition key.", "Condition", str(operator)


_OPERATOR = re.compile(
    r"((ForAllValues|ForAnyValue):)?(String(Not)?(Equals|Like)|String(Not)?EqualsIgnoreCase|"
    r"Numeric((Not)?Equals|(Less|Greater)Than(Equals)?)|Date((Not)?Equals|(Less|Greater)Than(Equals)?)|Bool|"
    r"BinaryEquals|(Not)?IpAddress|Arn(Not)?(Equals|Like))(IfExists)?|Null"
)

_INLINE, _MANAGED, _OF_BUCKET = 10_240, 6_144, 20_480


class DocumentSize(Rule):
    """A policy that is too long."""

    id = "TAP1347"
    title = "The policy is too long"
    description = (
        "All inline policies of a role have 10,240 characters at most together, a managed policy 6,144, a bucket's "
        "policy 20,480; white space does not count. A role takes at most 10 managed policies by default, 25 at most."
    )
    source = "IAM user guide, “IAM and AWS STS quotas”; S3 user guide, “Bucket policies”"

    def check(self, world: World) -> Iterator[Found]:
        """The documents whose least length is known."""
        inline: dict[str, int] = {}
        for policy in policies(world):
            size = _least(policy.document)
            owner = policy.resource
            limit = {"AWS::IAM::ManagedPolicy": _MANAGED, "AWS::S3::BucketPolicy": _OF_BUCKET}.get(owner.type, 0)
            if limit and size > limit:
                yield at(owner, *policy.place, says=f"The policy has at least {size} characters; {limit} at most.")
            if owner.type == "AWS::IAM::Role" and policy.kind == "identity":
                inline[owner.logical_id] = inline.get(owner.logical_id, 0) + size
        for logical_id, size in inline.items():
            if size > _INLINE:
                says = f"The inline policies have at least {size} characters together; {_INLINE} at most."
                yield at(world.resources[logical_id], "Policies", says=says)
        for role in world.of_type("AWS::IAM::Role"):
            managed = items(role.get("ManagedPolicyArns"))
            if len(managed) > 25:
                yield at(role, "ManagedPolicyArns", says=f"{len(managed)} managed policies; 25 at most.")


def _least(value: Any) -> int:
    """The characters that a document has at least: what is not known counts as nothing."""
    if isinstance(value, Mapping):
        return 2 + sum(len(str(key)) + 3 + _least(item) for key, item in value.items()) + max(len(value) - 1, 0)
    if isinstance(value, list):
        return 2 + sum(map(_least, value)) + max(len(value) - 1, 0)
    if isinstance(value, Text):
        return 2 + sum(len(part) for part in value.parts if isinstance(part, str))
    return len(json.dumps(value)) if known(value) else 2
