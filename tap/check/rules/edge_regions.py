"""TAP1401 to TAP1405: what CloudFront takes from one region only, and web ACLs with what they protect."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tap.check.arn import parse
from tap.check.graph.delivery import DISTRIBUTION, HOME
from tap.check.graph.order import before
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, at
from tap.check.values import Reference, Text, shape

_ACL = "AWS::WAFv2::WebACL"
_CERTIFICATE = "AWS::CertificateManager::Certificate"


def _elsewhere(world: World) -> bool:
    return bool(world.region) and world.region != HOME and not world.region.startswith("cn-")


class CertificateElsewhere(ResourceRule):
    """A distribution's certificate that is not where CloudFront looks for it."""

    id = "TAP1401"
    title = "CloudFront takes certificates from us-east-1 only"
    description = "A distribution with a certificate of another region is refused with InvalidViewerCertificate."
    source = "CloudFront developer guide, “Requirements for using SSL/TLS certificates with CloudFront”"
    advice = "Make the certificate in us-east-1, in a stack of its own, and pass its ARN as a parameter."
    types = (DISTRIBUTION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The certificate's own region."""
        value = resource.get("DistributionConfig", "ViewerCertificate", "AcmCertificateArn")
        steps = ("DistributionConfig", "ViewerCertificate", "AcmCertificateArn")
        arn = parse(value)
        if arn and arn.service == "acm" and arn.region not in (HOME, None) and not str(arn.region).startswith("cn-"):
            yield at(resource, *steps, says=f"The certificate is in {arn.region}, not in us-east-1.")
        elif isinstance(value, Reference) and world.target(value, _CERTIFICATE) and _elsewhere(world):
            says = f"The certificate {value.logical_id} is made in {world.region}, not in us-east-1."
            yield at(resource, *steps, says=says)
        elif isinstance(value, str) and value and arn is None:
            yield at(resource, *steps, says=f"{value!r} is no ARN of a certificate.")


class AclOfDistribution(ResourceRule):
    """A distribution's web ACL that CloudFront cannot use."""

    id = "TAP1402"
    title = "A distribution's WebACLId is the ARN of a web ACL of scope CLOUDFRONT"
    description = "Any other value (an id, a name, a regional web ACL's ARN) is refused when the distribution is made."
    source = "CloudFront API reference, DistributionConfig, WebACLId"
    advice = "Give the Arn of a web ACL with Scope: CLOUDFRONT, made in us-east-1."
    types = (DISTRIBUTION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """What the value is, as far as it can be told."""
        value = resource.get("DistributionConfig", "WebACLId")
        steps = ("DistributionConfig", "WebACLId")
        acl = world.target(value, _ACL) if isinstance(value, Reference) else None
        if acl is not None:
            if acl.get("Scope") == "REGIONAL":
                yield at(resource, *steps, says=f"The web ACL {acl.logical_id} is of scope REGIONAL.")
            elif isinstance(value, Reference) and value.attribute != "Arn":
                yield at(
                    resource, *steps, says=f"{value} is not the web ACL's ARN: it is !GetAtt {acl.logical_id}.Arn."
                )
            return
        arn = parse(value)
        if arn is not None and arn.service == "wafv2":
            if arn.region not in (HOME, None):
                yield at(resource, *steps, says=f"The web ACL is in {arn.region}, not in us-east-1.")
            elif shape(arn.resource).startswith("regional/"):
                yield at(
                    resource, *steps, says="The ARN is that of a regional web ACL, not of one of scope CLOUDFRONT."
                )
        elif isinstance(value, str) and value and arn is None:
            yield at(resource, *steps, says=f"{value!r} is no ARN of a web ACL.")


class AclAssociation(ResourceRule):
    """An association of a web ACL with what it cannot be associated with."""

    id = "TAP1403"
    title = "A web ACL is associated by the ARN of what it can protect"
    description = (
        "AssociateWebACL takes application load balancers, stages of REST APIs, AppSync APIs, user pools, App Runner "
        "services, Verified Access instances and Amplify apps. A distribution names its web ACL itself."
    )
    source = "WAFV2 API reference, AssociateWebACL; AWS::WAFv2::WebACLAssociation"
    advice = "Give an ARN of such a resource; for a distribution, set its DistributionConfig.WebACLId."
    types = ("AWS::WAFv2::WebACLAssociation",)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Both ends of the association."""
        acl = world.target(resource.get("WebACLArn"), _ACL)
        if acl is not None and acl.get("Scope") == "CLOUDFRONT":
            says = f"The web ACL {acl.logical_id} is of scope CLOUDFRONT: distributions name it, nothing is associated."
            yield at(resource, "WebACLArn", says=says)
        elif acl is not None and isinstance(resource.get("WebACLArn"), Reference):
            value = resource.get("WebACLArn")
            if value.attribute != "Arn":
                says = f"{value} is not the web ACL's ARN: it is !GetAtt {acl.logical_id}.Arn."
                yield at(resource, "WebACLArn", says=says)
        elif isinstance(resource.get("WebACLArn"), str) and ":global/webacl/" in resource.get("WebACLArn"):
            yield at(
                resource, "WebACLArn", says="The web ACL is of scope CLOUDFRONT: distributions name it themselves."
            )
        stage = _unawaited(resource, world)
        if stage:
            says = f"The stage stands there by its name: nothing makes the association wait for {stage}."
            yield at(resource, "ResourceArn", says=says, advice=f"Write …/stages/${{{stage}}} in Fn::Sub.")
        wrong = _wrong_target(resource.get("ResourceArn"), world)
        if wrong:
            yield at(resource, "ResourceArn", says=wrong)


def _unawaited(resource: Resource, world: World) -> str:
    """The stage of the template that an association names in text and does not wait for; empty for none."""
    value = resource.get("ResourceArn")
    match = re.search(r"::/restapis/\$\{(\w+)\}/stages/([\w-]+)$", shape(value) if isinstance(value, Text) else "")
    for stage in world.of_type("AWS::ApiGateway::Stage") if match else ():
        api = world.target(stage.get("RestApiId"), "AWS::ApiGateway::RestApi")
        named = match and api and api.logical_id == match[1] and stage.get("StageName") == match[2]
        if named and stage.logical_id not in before(world, resource):
            return stage.logical_id
    return ""


_ARN_BY: dict[str, str] = {
    "AWS::ElasticLoadBalancingV2::LoadBalancer": "",
    "AWS::Cognito::UserPool": "Arn",
    "AWS::AppSync::GraphQLApi": "Arn",
    "AWS::AppRunner::Service": "ServiceArn",
    "AWS::Amplify::App": "Arn",
}
"""Types that can be protected → the attribute that is their ARN (empty: ``Ref``)."""
_NEVER = {
    DISTRIBUTION: "a distribution",
    "AWS::ApiGatewayV2::Api": "an API of API Gateway V2",
    "AWS::ApiGatewayV2::Stage": "a stage of API Gateway V2",
    "AWS::ElasticLoadBalancingV2::TargetGroup": "a target group",
    "AWS::ElasticLoadBalancingV2::Listener": "a listener",
    "AWS::ElasticLoadBalancing::LoadBalancer": "a classic load balancer",
    "AWS::ApiGateway::RestApi": "a REST API, not a stage of it",
    "AWS::ECS::Service": "a service of ECS",
    "AWS::Lambda::Function": "a function",
}


def _wrong_target(value: Any, world: World) -> str:
    if isinstance(value, Reference):
        found = world.resources.get(value.logical_id)
        if found is None:
            return ""
        if found.type in _NEVER:
            return f"{found.logical_id} is {_NEVER[found.type]}, which no web ACL can be associated with."
        if found.type == "AWS::ElasticLoadBalancingV2::LoadBalancer" and found.get("Type") in ("network", "gateway"):
            return f"{found.logical_id} is no application load balancer."
        if found.type == "AWS::ApiGateway::Stage":
            return f"{value} is the stage's name: the ARN is …:apigateway:REGION::/restapis/API/stages/STAGE."
        if found.type in _ARN_BY and value.attribute != _ARN_BY[found.type]:
            return f"{value} is not the ARN of {found.logical_id}."
        return ""
    text = shape(value) if isinstance(value, str | Text) else ""
    if ":distribution/" in text:
        return "A distribution names its web ACL itself (WebACLId): none can be associated with it."
    if ":loadbalancer/net/" in text or ":loadbalancer/gwy/" in text:
        return "No web ACL can be associated with a network or gateway load balancer."
    if "::/apis/" in text:
        return "No web ACL can be associated with an API of API Gateway V2."
    if "::/restapis/" in text and "/stages/" not in text:
        return "The ARN is that of a REST API, not of a stage of it."
    return f"{value!r} is no ARN." if isinstance(value, str) and value and parse(value) is None else ""


class FirewallElsewhere(ResourceRule):
    """What belongs to CloudFront's firewall outside us-east-1."""

    id = "TAP1404"
    title = "What has the scope CLOUDFRONT is made in us-east-1"
    description = "WAF refuses the scope CLOUDFRONT in any other region: “The scope is not valid”."
    source = "AWS::WAFv2::WebACL, Scope: “For CLOUDFRONT, you must create your WAFv2 resources in us-east-1”"
    advice = "Put it in a stack of its own in us-east-1, and pass the web ACL's ARN to the distribution's stack."
    types = (_ACL, "AWS::WAFv2::IPSet", "AWS::WAFv2::RegexPatternSet", "AWS::WAFv2::RuleGroup")

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The scope against the region, where that is known."""
        if resource.get("Scope") == "CLOUDFRONT" and _elsewhere(world):
            yield at(resource, "Scope", says=f"The scope is CLOUDFRONT, and the template is for {world.region}.")


class DeliveryElsewhere(ResourceRule):
    """Delivery of a distribution's logs outside us-east-1."""

    id = "TAP1405"
    title = "The logs of a distribution are delivered from us-east-1"
    description = "PutDeliverySource for a distribution is not supported in any other region."
    source = "CloudFront developer guide, “Configure standard logging (v2)”"
    advice = "Make delivery source, destination and delivery in a stack in us-east-1."
    types = ("AWS::Logs::DeliverySource",)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The source's resource against the region, where that is known."""
        value = resource.get("ResourceArn")
        of_distribution = world.target(value, DISTRIBUTION) is not None or (
            isinstance(value, str | Text) and ":distribution/" in shape(value)
        )
        if of_distribution and _elsewhere(world):
            yield at(resource, "ResourceArn", says=f"A distribution's logs cannot be delivered from {world.region}.")
