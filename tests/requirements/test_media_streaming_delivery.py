"""Media streaming's requirements, one by one, in the emitted templates: API and CloudFront.

"Decision" in a comment: where the system departs from the words of its brief, and how.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Mapping
from typing import Any
from unittest.mock import Mock, patch

import pytest

from tests.requirements.media import (
    EDGE,
    HTTPS,
    S,
    api,
    balancer,
    distribution,
    edge,
    media,
    page_writer,
    stage,
)
from tests.requirements.parts import (
    ALL_VIEWER,
    ALL_VIEWER_EXCEPT_HOST,
    CACHING_DISABLED,
    CACHING_OPTIMIZED,
    EVERY_METHOD,
    behaviours,
    check_preflight,
    method,
    origin,
)
from tests.requirements.relations import refs, subnets
from tests.requirements.template import Reference, Stack

requirement = pytest.mark.requirement
with_and_without_tls = pytest.mark.parametrize("parameters", [{}, HTTPS], ids=["plain", "certificate"])

READING = {"GET", "HEAD", "OPTIONS"}


# ── API ──


@requirement("MS-API-1")
@with_and_without_tls
@pytest.mark.parametrize(("where", "path"), [("root", "/"), ("proxy", "/{proxy}")])
def test_ms_api_1_takes_every_request_to_the_balancer(where: str, path: str, parameters: dict[str, str]) -> None:
    # Decision: VPC link V2 to the load balancer itself; the path spelled out; the root too, which {proxy+} leaves out.
    of = media(**parameters)
    it = method(of, api(of), where, "ANY")
    assert (it["AuthorizationType"], it["ApiKeyRequired"]) == ("NONE", False)
    to = it["Integration"]
    assert (to["Type"], to["IntegrationHttpMethod"], to["ConnectionType"]) == ("HTTP_PROXY", "ANY", "VPC_LINK")
    assert of.at(to["ConnectionId"]).type == "AWS::ApiGatewayV2::VpcLink"
    assert to["IntegrationTarget"] == Reference(balancer(of).logical_id)
    dns = Reference(balancer(of).logical_id, "DNSName")
    assert to["Uri"] == (f"https://{HTTPS['DomainName']}{path}" if parameters else f"http://{dns}{path}")
    assert to["TimeoutInMillis"] <= 29_000
    if where == "proxy":
        assert it["RequestParameters"] == {"method.request.path.proxy": True}
        assert to["RequestParameters"] == {"integration.request.path.proxy": "method.request.path.proxy"}


@requirement("MS-API-1")
def test_ms_api_1_link_stage_and_deployment() -> None:
    of = media()
    link = of.one("AWS::ApiGatewayV2::VpcLink", Name=f"vpc-link-{S}")
    assert link["SubnetIds"] == refs(subnets(of, "private"))
    assert api(of)["EndpointConfiguration.Types"] == ["REGIONAL"]
    assert stage(of)["StageName"] == "prod"
    (settings,) = stage(of)["MethodSettings"]
    assert (settings["ThrottlingRateLimit"], settings["ThrottlingBurstLimit"]) == (1000, 2000)
    assert settings["MetricsEnabled"] is True
    deployment = of.at(stage(of)["DeploymentId"])
    assert deployment["RestApiId"] == Reference(api(of).logical_id)
    assert deployment["StageName"] is None
    methods = {it.logical_id for it in of.of("AWS::ApiGateway::Method")}
    answers = {it.logical_id for it in of.of("AWS::ApiGateway::GatewayResponse")}
    assert len(methods) == 4
    assert methods | answers <= {*deployment.depends_on}
    # The name changes with the content: without that, a change of the API would never reach the stage.
    assert re.search(r"[0-9a-f]{8}$", deployment.logical_id)


@requirement("MS-API-2")
@pytest.mark.parametrize("scope", ["REGIONAL", "CLOUDFRONT"])
def test_ms_api_2_a_thousand_a_minute_for_an_address(scope: str) -> None:
    # Decision: a firewall counts by address, on the API's stage and, in the edge, on CloudFront: usage plans count by
    # key and second.
    of = media() if scope == "REGIONAL" else edge()
    acl = of.one("AWS::WAFv2::WebACL")
    assert (acl["Scope"], acl["Name"]) == (scope, f"{'api' if scope == 'REGIONAL' else 'cdn'}-firewall-{S}")
    assert acl["DefaultAction"] == {"Allow": {}}
    (rule,) = (rule for rule in acl["Rules"] if "RateBasedStatement" in rule["Statement"])
    assert rule["Statement"] == {
        "RateBasedStatement": {"Limit": 1000, "EvaluationWindowSec": 60, "AggregateKeyType": "IP"}
    }
    answer = rule["Action"]["Block"]["CustomResponse"]
    assert answer["ResponseCode"] == 429
    assert answer["ResponseHeaders"] == [{"Name": "Retry-After", "Value": "60"}]
    # First, so that no other rule lets anybody pass.
    assert rule["Priority"] == min(each["Priority"] for each in acl["Rules"])
    assert len({each["Priority"] for each in acl["Rules"]}) == len(acl["Rules"])
    assert all(("Action" in each) != ("OverrideAction" in each) for each in acl["Rules"])
    assert [each["Statement"]["ManagedRuleGroupStatement"] for each in acl["Rules"] if "OverrideAction" in each] == [
        {"VendorName": "AWS", "Name": "AWSManagedRulesKnownBadInputsRuleSet"}
    ]


@requirement("MS-API-2")
def test_ms_api_2_enforced_where_requests_come_in() -> None:
    of = media()
    joined = of.one("AWS::WAFv2::WebACLAssociation")
    assert joined["WebACLArn"] == Reference(of.one("AWS::WAFv2::WebACL").logical_id, "Arn")
    where = f"/restapis/{Reference(api(of).logical_id)}/stages/{Reference(stage(of).logical_id)}"
    assert joined["ResourceArn"] == f"arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}::{where}"
    # CloudFront takes the edge's, by its ARN, when it is given; never by an association.
    assert distribution(of)["DistributionConfig.WebACLId"] is None
    assert distribution(media(**EDGE))["DistributionConfig.WebACLId"] == EDGE["CloudFrontWebAclArn"]
    other = edge()
    assert not other.of("AWS::WAFv2::WebACLAssociation")
    acl = other.one("AWS::WAFv2::WebACL")
    assert other.outputs["CloudFrontWebAclArn"].value == Reference(acl.logical_id, "Arn")
    assert other.region == "us-east-1"
    # The output of the edge and the parameter of the system have one name.
    assert {name for name in other.outputs if name.startswith("CloudFront")} <= of.body["Parameters"].keys()


@requirement("MS-API-2")
def test_ms_api_2_usage_plan_and_key() -> None:
    of = media()
    plan = of.one("AWS::ApiGateway::UsagePlan", UsagePlanName=f"usage-plan-{S}")
    assert plan["Throttle"] == {"RateLimit": 1000, "BurstLimit": 2000}
    assert plan["Quota"] == {"Limit": 1_000_000, "Period": "DAY"}
    assert plan["ApiStages"] == [{"ApiId": Reference(api(of).logical_id), "Stage": Reference(stage(of).logical_id)}]
    key = of.one("AWS::ApiGateway::ApiKey", Name=f"api-key-{S}")
    assert key["Enabled"] is True
    assert key["Value"] is None
    joined = of.one("AWS::ApiGateway::UsagePlanKey", UsagePlanId=Reference(plan.logical_id))
    assert (joined["KeyId"], joined["KeyType"]) == (Reference(key.logical_id), "API_KEY")


@requirement("MS-API-3")
@pytest.mark.parametrize("where", ["root", "proxy"])
def test_ms_api_3_preflight(where: str) -> None:
    of = media()
    check_preflight(method(of, api(of), where, "OPTIONS"))


@requirement("MS-API-3")
@pytest.mark.parametrize("kind", ["DEFAULT_4XX", "DEFAULT_5XX"])
def test_ms_api_3_errors_are_readable_too(kind: str) -> None:
    # Decision: API Gateway's own errors carry the CORS header, the firewall's 429 among them.
    of = media()
    answer = of.one("AWS::ApiGateway::GatewayResponse", ResponseType=kind)
    assert answer["RestApiId"] == Reference(api(of).logical_id)
    assert answer["ResponseParameters"]["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"


# ── Content delivery ──


@requirement("MS-CDN-1")
@with_and_without_tls
def test_ms_cdn_1_balancer_behind_a_shield(parameters: dict[str, str]) -> None:
    of = media(**parameters)
    it = distribution(of)
    assert it["DistributionConfig.Enabled"] is True
    assert it["DistributionConfig.HttpVersion"] == "http2and3"
    # Viewers all over the world: the cheaper classes leave out Singapore, where the system is.
    assert it["DistributionConfig.PriceClass"] == "PriceClass_All"
    for path in ("*", "/static/*", "/api/*"):
        source = origin(it, behaviours(it)[path])
        assert source["OriginShield"] == {"Enabled": True, "OriginShieldRegion": "ap-southeast-1"}
        custom = source["CustomOriginConfig"]
        assert (custom["HTTPPort"], custom["HTTPSPort"]) == (80, 443)
        if parameters:
            assert source["DomainName"] == HTTPS["DomainName"]
            assert custom["OriginProtocolPolicy"] == "https-only"
            assert custom["OriginSSLProtocols"] == ["TLSv1.2"]
        else:
            assert source["DomainName"] == Reference(balancer(of).logical_id, "DNSName")
            assert custom["OriginProtocolPolicy"] == "http-only"


@requirement("MS-CDN-1")
def test_ms_cdn_1_shield_in_every_region() -> None:
    of = media()
    shields = of.body["Mappings"]["OriginShields"]
    assert shields.keys() == of.body["Mappings"]["ZoneIds"].keys()
    # Each of these regions has a shield of its own (CloudFront developer guide, "Choosing the AWS Region").
    assert all(entry["Region"] == region for region, entry in shields.items())


@requirement("MS-CDN-1")
def test_ms_cdn_1_compression() -> None:
    of = media()
    for path, it in behaviours(distribution(of)).items():
        assert it["Compress"] is True, path
    for policy in of.of("AWS::CloudFront::CachePolicy"):
        key = policy["CachePolicyConfig.ParametersInCacheKeyAndForwardedToOrigin"]
        # CloudFront compresses only where the policy lets it tell the encodings apart.
        assert key["EnableAcceptEncodingGzip"] is True
        assert key["EnableAcceptEncodingBrotli"] is True


@requirement("MS-CDN-1")
def test_ms_cdn_1_own_name_with_the_edges_certificate() -> None:
    config = distribution(media())["DistributionConfig"]
    assert "Aliases" not in config
    assert config["ViewerCertificate"] == {"CloudFrontDefaultCertificate": True}
    of = media(**EDGE)
    config = distribution(of)["DistributionConfig"]
    assert config["Aliases"] == [EDGE["CdnDomainName"]]
    assert config["ViewerCertificate"]["AcmCertificateArn"] == EDGE["CloudFrontCertificateArn"]
    assert config["ViewerCertificate"]["SslSupportMethod"] == "sni-only"
    assert not of.broken_rules()
    assert len(media(CloudFrontCertificateArn=EDGE["CloudFrontCertificateArn"]).broken_rules()) == 1

    made = edge(CdnDomainName="www.example.com", HostedZoneId="Z123")
    certificate = made.one("AWS::CertificateManager::Certificate")
    assert certificate["DomainName"] == "www.example.com"
    assert certificate["ValidationMethod"] == "DNS"
    assert certificate["DomainValidationOptions"] == [{"DomainName": "www.example.com", "HostedZoneId": "Z123"}]
    assert made.outputs["CloudFrontCertificateArn"].value == Reference(certificate.logical_id)
    assert not edge().of("AWS::CertificateManager::Certificate")
    # Without the zone there would be no certificate, and nobody told.
    assert not made.broken_rules()
    assert len(edge(CdnDomainName="www.example.com").broken_rules()) == 1


@requirement("MS-CDN-2")
def test_ms_cdn_2_order_of_the_behaviours() -> None:
    found = behaviours(distribution(media()))
    assert [*found] == ["/api/*", "/static/*", "/errors/*", "*"]
    assert {it["ViewerProtocolPolicy"] for it in found.values()} == {"redirect-to-https"}


@requirement("MS-CDN-2")
@pytest.mark.parametrize(
    ("path", "name", "default", "most", "queries"),
    [("/static/*", "static", 7 * 86_400, 365 * 86_400, "none"), ("*", "page", 60, 300, "all")],
)
def test_ms_cdn_2_cache_policies(path: str, name: str, default: int, most: int, queries: str) -> None:
    of = media()
    behaviour = behaviours(distribution(of))[path]
    config = of.at(behaviour["CachePolicyId"])["CachePolicyConfig"]
    assert config["Name"] == f"{name}-cache-{S}"
    assert (config["MinTTL"], config["DefaultTTL"], config["MaxTTL"]) == (0, default, most)
    key = config["ParametersInCacheKeyAndForwardedToOrigin"]
    assert key["QueryStringsConfig"] == {"QueryStringBehavior": queries}
    assert key["CookiesConfig"] == {"CookieBehavior": "none"}
    assert key["HeadersConfig"] == {"HeaderBehavior": "none"}
    assert set(behaviour["AllowedMethods"]) == READING
    # What is cached for all must not be told apart by what the policy leaves out.
    assert "OriginRequestPolicyId" not in behaviour


@requirement("MS-CDN-2")
@with_and_without_tls
def test_ms_cdn_2_api_is_never_cached(parameters: dict[str, str]) -> None:
    of = media(**parameters)
    it = behaviours(distribution(of))["/api/*"]
    assert it["CachePolicyId"] == CACHING_DISABLED
    assert set(it["AllowedMethods"]) == EVERY_METHOD
    # By HTTPS the load balancer is asked for the name on its certificate, which the viewer's Host is not.
    assert it["OriginRequestPolicyId"] == (ALL_VIEWER_EXCEPT_HOST if parameters else ALL_VIEWER)


def error_answers(of: Stack) -> dict[int, Mapping[str, Any]]:
    found = {it["ErrorCode"]: it for it in distribution(of)["DistributionConfig.CustomErrorResponses"]}
    assert len(found) == len(distribution(of)["DistributionConfig.CustomErrorResponses"])
    return found


CACHED_ERRORS = {400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504}
"""The errors that CloudFront keeps for ten seconds whatever the cache policy (developer guide, "HTTP 4xx and 5xx
status codes that CloudFront caches")."""


@requirement("MS-CDN-2")
def test_ms_cdn_2_not_even_the_apis_errors() -> None:
    answers = error_answers(media())
    assert answers.keys() == CACHED_ERRORS
    assert {it["ErrorCachingMinTTL"] for it in answers.values()} == {0}


@requirement("MS-CDN-3")
def test_ms_cdn_3_error_pages() -> None:
    of = media()
    pages = {code: it["ResponsePagePath"] for code, it in error_answers(of).items() if "ResponsePagePath" in it}
    # Decision: pages for what CloudFront and the load balancer answer by themselves. They hold for all paths: the
    # application's own answers, the API's above all, stay as they are.
    assert pages == {
        414: "/errors/4xx.html",
        416: "/errors/4xx.html",
        502: "/errors/5xx.html",
        503: "/errors/5xx.html",
        504: "/errors/5xx.html",
    }
    assert not pages.keys() & {400, 401, 403, 404, 405, 409, 410, 422, 429, 500}
    for code in pages:
        # The status is told as it is: no error turns into 200.
        assert error_answers(of)[code]["ResponseCode"] == code


@requirement("MS-CDN-3")
def test_ms_cdn_3_pages_come_from_elsewhere_than_the_system() -> None:
    of = media()
    it = behaviours(distribution(of))["/errors/*"]
    source = origin(distribution(of), it)
    bucket = of.one("AWS::S3::Bucket", BucketName=f"error-pages-{S}-${{AWS::AccountId}}")
    assert source["DomainName"] == Reference(bucket.logical_id, "RegionalDomainName")
    assert source["S3OriginConfig"] == {"OriginAccessIdentity": ""}
    # Decision: origin access control.
    control = of.at(source["OriginAccessControlId"], "Id")["OriginAccessControlConfig"]
    assert control["OriginAccessControlOriginType"] == "s3"
    assert (control["SigningBehavior"], control["SigningProtocol"]) == ("always", "sigv4")
    assert it["CachePolicyId"] == CACHING_OPTIMIZED
    written = of.one("Custom::WrittenPages", BucketName=Reference(bucket.logical_id))
    wanted = {a["ResponsePagePath"] for a in error_answers(of).values() if "ResponsePagePath" in a}
    assert {f"/{key}" for key in written["Pages"]} == wanted
    for page in written["Pages"].values():
        assert page.startswith("<!doctype html>")
        # Nothing to fetch: the system may not be there.
        assert not re.search(r"(?i)(src|href)=", page)

    policy = of.one("AWS::S3::BucketPolicy", Bucket=Reference(bucket.logical_id))
    (leave,) = (s for s in policy["PolicyDocument.Statement"] if s["Effect"] == "Allow")
    assert (leave["Principal"], leave["Action"]) == ({"Service": "cloudfront.amazonaws.com"}, ["s3:GetObject"])
    assert leave["Resource"] == [f"{Reference(bucket.logical_id, 'Arn')}/*"]
    here = Reference(distribution(of).logical_id)
    arn = f"arn:${{AWS::Partition}}:cloudfront::${{AWS::AccountId}}:distribution/{here}"
    assert leave["Condition"] == {"StringEquals": {"aws:SourceArn": arn}}


@requirement("MS-CDN-3")
@pytest.mark.parametrize("fails", [False, True], ids=["well", "failing"])
@pytest.mark.parametrize("request_type", ["Create", "Update", "Delete"])
def test_ms_cdn_3_what_the_page_writer_does(request_type: str, fails: bool) -> None:
    """The function in the template, run against stand-ins for boto3 and cfnresponse."""
    of = media()
    boto3, cfnresponse = Mock(), Mock(SUCCESS="SUCCESS", FAILED="FAILED")
    bucket = boto3.resource.return_value.Bucket.return_value
    bucket.name = "pages"
    if fails:
        bucket.put_object.side_effect = bucket.object_versions.delete.side_effect = RuntimeError("AccessDenied")
    event = {"RequestType": request_type, "ResourceProperties": {"BucketName": "pages", "Pages": {"a.html": "<p>ä"}}}
    with patch.dict(sys.modules, boto3=boto3, cfnresponse=cfnresponse):
        names: dict[str, Any] = {}
        exec(page_writer(of)["Code.ZipFile"], names)
        names[page_writer(of)["Handler"].split(".")[1]](event, None)
    boto3.resource.return_value.Bucket.assert_called_once_with("pages")
    assert bucket.object_versions.delete.called is (request_type == "Delete")
    if request_type != "Delete":
        bucket.put_object.assert_called_once_with(
            Key="a.html", Body="<p>ä".encode(), ContentType="text/html; charset=utf-8"
        )
    # One answer, or CloudFormation waits for an hour; one physical id, or an update would delete.
    (answer,) = cfnresponse.send.call_args_list
    assert answer.args[2] == ("FAILED" if fails else "SUCCESS")
    assert answer.args[4] == "pages"
    assert answer.kwargs.get("reason", "") == ("AccessDenied" if fails else "")
