"""TAP1557-1559: the rules of listeners."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from tap.check.graph.balancing import LISTENER, RULE, rules_of
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at
from tap.check.values import as_int, fields, items

_API = "Elastic Load Balancing API (v2), "


class RuleOrder(ResourceRule):
    """A rule that is refused, or never asked."""

    id = "TAP1557"
    title = "Two rules of a listener have the same priority"
    description = "A priority, 1 to 50000, stands once in a listener: “Priority … is currently in use”."
    source = _API + "CreateRule.priority"
    advice = "Give each rule a priority of its own."
    types = (LISTENER,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The rules of each listener."""
        seen: dict[int, Resource] = {}
        for one in rules_of(world, resource):
            number = as_int(one.get("Priority"))
            if number is None:
                continue
            if not 1 <= number <= 50_000:
                yield at(one, "Priority", says=f"Priority is {number}; 1 to 50000 is allowed.")
            if number in seen:
                yield at(one, "Priority", says=f"{seen[number].logical_id} has the priority {number} too.")
            seen.setdefault(number, one)


class ShadowedRule(ResourceRule):
    """A rule that an earlier one always takes."""

    id = "TAP1558"
    title = "A rule is never asked: one before it takes everything of its"
    description = (
        "Rules are asked in the order of their priorities: what an earlier one matches never reaches a later one."
    )
    severity = Severity.WARNING
    source = "Elastic Load Balancing user guide, “Listener rules for your Application Load Balancer”"
    advice = "Give the narrower rule the lower priority."
    types = (LISTENER,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The rules of each listener whose priorities and conditions are known."""
        known = [(as_int(one.get("Priority")), one) for one in rules_of(world, resource)]
        ordered = sorted(((number, one) for number, one in known if number is not None), key=lambda pair: pair[0])
        for index, (number, one) in enumerate(ordered):
            mine = _conditions(one)
            for earlier, other in ordered[:index]:
                theirs = _conditions(other)
                if mine and theirs and earlier < number and _covers(theirs, mine):
                    says = f"{other.logical_id} (priority {earlier}) takes all that it would match."
                    yield at(one, "Priority", says=says)
                    break


_VALUES = {
    "path-pattern": "PathPatternConfig",
    "host-header": "HostHeaderConfig",
    "http-request-method": "HttpRequestMethodConfig",
    "source-ip": "SourceIpConfig",
    "http-header": "HttpHeaderConfig",
    "query-string": "QueryStringConfig",
}


def _conditions(rule: Resource) -> dict[str, list[str]] | None:
    """A rule's conditions by field, of paths and hosts alone; None where there is something else or not known."""
    found: dict[str, list[str]] = {}
    for one in items(rule.get("Conditions")):
        field = fields(one).get("Field")
        if field not in ("path-pattern", "host-header") or field in found:
            return None
        values = fields(fields(one).get(_VALUES[field])).get("Values", fields(one).get("Values"))
        if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
            return None
        found[field] = values
    return found or None


def _covers(outer: dict[str, list[str]], inner: dict[str, list[str]]) -> bool:
    return all(
        (field in inner and all(any(_pattern_covers(wide, narrow) for wide in values) for narrow in inner[field]))
        or values in (["*"], ["/*"])
        for field, values in outer.items()
    )


def _pattern_covers(wide: str, narrow: str) -> bool:
    """Whether every text that ``narrow`` matches is matched by ``wide``: as sure as a comparison of the patterns is."""
    if "?" in wide or "[" in wide or "[" in narrow:
        return wide == narrow
    return fnmatchcase(narrow, wide)


class RuleConditions(ResourceRule):
    """Conditions that are refused."""

    id = "TAP1559"
    title = "A listener rule has one condition or more, with five values at most"
    description = (
        "A rule has at most five condition values in all, and five wildcards; path, host and method conditions stand "
        "once; each has values, in its own configuration; a path begins with / or a wildcard."
    )
    source = _API + "CreateRule.conditions; “Quotas for your Application Load Balancers”"
    advice = "Spread the values over several rules."
    types = (RULE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each rule's conditions."""
        listed = resource.get("Conditions")
        whole = fields(fields(world.model.resources.get(resource.logical_id)).get("Properties")).get("Conditions")
        # Where conditions of the template leave none, it is for those who give the parameters to leave one.
        if (listed is None or listed == []) and not whole:
            yield at(resource, says="The rule has no condition.")
        total, seen = 0, []
        for index, one in enumerate(items(listed)):
            field = fields(one).get("Field")
            if not isinstance(field, str) or field not in _VALUES:
                if isinstance(field, str):
                    yield at(resource, "Conditions", index, "Field", says=f"There is no condition {field}.")
                continue
            if field in seen and field not in ("http-header", "query-string"):
                yield at(resource, "Conditions", index, "Field", says=f"The condition {field} stands twice.")
            seen.append(field)
            config = fields(one).get(_VALUES[field])
            values = fields(config).get("Values", fields(one).get("Values"))
            if (
                values is None
                and not fields(config).get("RegexValues")
                and (config is None or isinstance(config, dict))
            ):
                yield at(resource, "Conditions", index, says=f"The condition {field} has no values.")
            total += len(items(values))
            for place, value in enumerate(items(values)):
                if field == "path-pattern" and isinstance(value, str) and not value.startswith(("/", "*", "?")):
                    steps = ("Conditions", index, *((_VALUES[field],) if config else ()), "Values", place)
                    yield at(resource, *steps, says=f"The path {value} does not begin with /.")
        if total > 5:
            yield at(resource, "Conditions", says=f"The conditions have {total} values; a rule has five at most.")
