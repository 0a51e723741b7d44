"""TAP1790: limits that are reached by several resources together."""

from __future__ import annotations

from collections.abc import Iterator

from tap.check.graph.balancing import BALANCER, listeners_of, rules_of
from tap.check.graph.groups import EGRESS, GROUP, INGRESS, admitted, let_out
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at

_RULES_OF_BALANCER, _RULES_OF_GROUP = 100, 60


class TooManyTogether(ResourceRule):
    """Rules that are each a resource, and too many together."""

    id = "TAP1790"
    title = "A load balancer and a security group have no more rules than an account's quota"
    description = (
        "An application load balancer has 100 rules over all listeners, not counting default ones; a security group "
        "has 60 in each direction, inline and as resources of their own. Both can be raised on request."
    )
    severity = Severity.WARNING
    source = "“Quotas for your Application Load Balancers”; “Amazon VPC quotas”: security groups"
    advice = "Merge rules, use a prefix list or another load balancer, or have the quota raised before."
    types = (BALANCER, GROUP)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """What the template's rules come to for each."""
        if resource.type == BALANCER:
            count = sum(len(rules_of(world, one)) for one in listeners_of(world, resource))
            if count > _RULES_OF_BALANCER:
                says = f"Its listeners have {count} rules; {_RULES_OF_BALANCER} is the quota."
                yield at(resource, says=says)
            return
        for side, kind in ((admitted(world, resource), INGRESS), (let_out(world, resource), EGRESS)):
            apart = sum(one.owner.type == kind for one in side.passes)
            count = len(side.passes)
            if apart and count > _RULES_OF_GROUP:
                way = "in" if kind == INGRESS else "out"
                yield at(resource, says=f"It has {count} rules {way}; {_RULES_OF_GROUP} is the quota.")
