"""TAP10xx: API Gateway and its way to the backend."""

from __future__ import annotations

from collections.abc import Iterator

from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, at
from tap.check.values import items

_LOAD_BALANCER = "AWS::ElasticLoadBalancingV2::LoadBalancer"


class LinkToApplicationLoadBalancer(ResourceRule):
    """A link of version 1 leads to a load balancer that it cannot reach."""

    id = "TAP1001"
    title = "A VPC link of version 1 takes a network load balancer only"
    description = (
        "AWS::ApiGateway::VpcLink is a link of version 1: its targets are network load balancers. With the ARN of an "
        "application load balancer its creation fails with “NLB ARN is malformed”."
    )
    source = "API Gateway developer guide, “Private integrations for REST APIs in API Gateway”"
    advice = "Use AWS::ApiGatewayV2::VpcLink, with the load balancer's ARN as the integration's IntegrationTarget."
    types = ("AWS::ApiGateway::VpcLink",)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each target that is a load balancer of another type."""
        for index, target in enumerate(items(resource.get("TargetArns"))):
            found = world.target(target, _LOAD_BALANCER)
            # Without a type it is an application load balancer.
            kind = found.get("Type") or "application" if found else None
            literal = isinstance(target, str) and ":loadbalancer/app/" in target
            if literal or (isinstance(kind, str) and kind != "network"):
                who = found.logical_id if found else str(target)
                says = f"The link's target {who} is no network load balancer."
                yield at(resource, "TargetArns", index, says=says)
