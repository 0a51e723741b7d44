"""TAP1449 to TAP1451: web ACLs that do something else than meant."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tap.check.graph.delivery import DISTRIBUTION, origins
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at
from tap.check.rules.firewall import rules_of
from tap.check.values import Reference, as_int, fields, items, shape

_ACL = "AWS::WAFv2::WebACL"
_HOLDERS = (_ACL, "AWS::WAFv2::RuleGroup")
_GROUPS = ("ManagedRuleGroupStatement", "RuleGroupReferenceStatement")


class RateBehindCloudFront(ResourceRule):
    """A limit per address where all addresses are CloudFront's."""

    id = "TAP1449"
    title = "Behind CloudFront a limit by IP counts CloudFront's own addresses"
    severity = Severity.WARNING
    description = (
        "A regional web ACL sees the addresses of the edge: the rule limits all users of an edge location together."
    )
    source = "WAF developer guide, “Using forwarded IP addresses in AWS WAF”"
    advice = "Limit in a web ACL of scope CLOUDFRONT, or count by FORWARDED_IP."
    types = (_ACL,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """A regional web ACL of what is the origin of a distribution of the same template."""
        if resource.get("Scope") != "REGIONAL":
            return
        protected = set()
        for one in world.of_type("AWS::WAFv2::WebACLAssociation"):
            if world.target(one.get("WebACLArn"), _ACL) is resource:
                protected |= {found.logical_id for found in each_target(one.get("ResourceArn"), world)}
        behind = {
            found.logical_id
            for cdn in world.of_type(DISTRIBUTION)
            for origin in origins(cdn, world)
            for found in each_target(origin.domain, world)
        }
        if not protected & behind:
            return
        for index, rule in rules_of(resource):
            body = fields(fields(rule.get("Statement")).get("RateBasedStatement"))
            if body.get("AggregateKeyType") == "IP" and "Count" not in fields(rule.get("Action")):
                name = ", ".join(sorted(protected & behind))
                says = f"{shape(rule.get('Name'))} counts by IP, and {name} is an origin of CloudFront."
                yield at(resource, "Rules", index, "Statement", "RateBasedStatement", "AggregateKeyType", says=says)


def each_target(value: Any, world: World) -> list[Resource]:
    """The APIs and load balancers that a value is made from."""
    meant = [value] if isinstance(value, Reference) else list(getattr(value, "references", ()))
    found = [world.resources.get(one.logical_id) for one in meant]
    kinds = ("AWS::ApiGateway::RestApi", "AWS::ElasticLoadBalancingV2::LoadBalancer")
    return [one for one in found if one is not None and one.type in kinds]


class AclBlocksAll(ResourceRule):
    """A web ACL that lets nothing through."""

    id = "TAP1450"
    title = "A web ACL that blocks by default needs a rule that allows"
    severity = Severity.WARNING
    description = "Its default action blocks, and no rule of it allows anything: every request is answered with 403."
    source = "WAF developer guide, “Setting the protection pack (web ACL) default action in AWS WAF”"
    advice = "Set DefaultAction: {Allow: {}}, or add a rule that allows what may pass."
    types = (_ACL,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The default action against the rules' actions."""
        rules = resource.get("Rules")
        default = fields(resource.get("DefaultAction"))
        if "Block" in default and "Allow" in default:
            yield at(resource, "DefaultAction", says="DefaultAction has Allow and Block: it takes one.")
        elif "Block" in default and (rules is None or isinstance(rules, list)):
            bodies = [fields(rule) for rule in items(rules)]
            allowing = any("Allow" in fields(one.get("Action")) for one in bodies)
            groups = any(set(fields(one.get("Statement"))) & set(_GROUPS) or not one for one in bodies)
            if not allowing and not groups:
                yield at(resource, "DefaultAction", says="The default blocks, and no rule allows anything.")


_EVERYTHING = {"STARTS_WITH": ("/",), "CONTAINS": ("/",)}


class UnreachableRules(ResourceRule):
    """Rules after one that ends the matter for every request."""

    id = "TAP1451"
    title = "A rule after one that matches everything is never tried"
    severity = Severity.WARNING
    description = "Allow and Block end the evaluation: rules with higher priority numbers are not tried any more."
    source = "WAF developer guide, “Setting rule priority”"
    advice = "Give the rule that matches everything the highest priority number."
    types = _HOLDERS

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Rules in the order of their priorities."""
        own = [(as_int(rule.get("Priority")), index, rule) for index, rule in rules_of(resource)]
        if any(priority is None for priority, _, _ in own):
            return
        ended = ""
        for _, index, rule in sorted(own, key=lambda one: (one[0] or 0, one[1])):
            name = shape(rule.get("Name"))
            if ended:
                yield at(
                    resource, "Rules", index, says=f"{name} is never tried: {ended}, before it, matches everything."
                )
            action = fields(rule.get("Action"))
            match = fields(fields(rule.get("Statement")).get("ByteMatchStatement"))
            path = "UriPath" in fields(match.get("FieldToMatch"))
            said = str(match.get("PositionalConstraint"))
            if (
                path
                and ("Allow" in action or "Block" in action)
                and match.get("SearchString") in _EVERYTHING.get(said, ())
            ):
                ended = ended or name
