"""The customer portal's requirements, one by one, in the emitted template: API, content delivery.

"Decision" in a comment: where the portal departs from the words of its brief, and how.
"""

from __future__ import annotations

import json
import re
import sys
from typing import Any
from unittest.mock import Mock, patch

import pytest

from tests.requirements.parts import (
    ALL_VIEWER,
    ALL_VIEWER_EXCEPT_HOST,
    CACHING_DISABLED,
    CACHING_OPTIMIZED,
    EVERY_METHOD,
    check_emptied,
)
from tests.requirements.portal import (
    HTTPS,
    S,
    api,
    assets,
    balancer,
    balancer_group,
    distribution,
    portal,
    stage,
)
from tests.requirements.relations import (
    egress,
    ingress,
    refs,
    subnets,
    tcp,
    trusted,
)
from tests.requirements.template import Reference, Resource, Stack

requirement = pytest.mark.requirement


def method(of: Stack, where: str, verb: str) -> Resource:
    """A method on the ``root`` or on the ``proxy``, which takes every path below it."""
    root = Reference(api(of).logical_id, "RootResourceId")
    below = of.one("AWS::ApiGateway::Resource", PathPart="{proxy+}")
    assert below["RestApiId"] == Reference(api(of).logical_id)
    assert below["ParentId"] == root
    resource = root if where == "root" else Reference(below.logical_id)
    return of.one("AWS::ApiGateway::Method", ResourceId=resource, HttpMethod=verb)


def origin(of: Stack, behaviour: dict[str, Any]) -> dict[str, Any]:
    (only,) = (o for o in distribution(of)["DistributionConfig.Origins"] if o["Id"] == behaviour["TargetOriginId"])
    return dict(only)


# ── API ──


@requirement("CP-API-1")
def test_cp_api_1_stage() -> None:
    of = portal()
    it = stage(of)
    assert it["StageName"] == "prod"
    assert it["MethodSettings"] == [
        {
            "ResourcePath": "/*",
            "HttpMethod": "*",
            "LoggingLevel": "INFO",
            # Decision: never full bodies.
            "DataTraceEnabled": False,
            "MetricsEnabled": True,
            "ThrottlingRateLimit": 1000,
            "ThrottlingBurstLimit": 500,
        }
    ]
    # Decision: access logs in JSON, to a group of their own.
    log = it["AccessLogSetting"]
    group = of.at(log["DestinationArn"], "Arn")
    assert group.type == "AWS::Logs::LogGroup"
    assert json.loads(log["Format"])["requestId"] == "$context.requestId"
    assert group["LogGroupName"] == f"/customer-portal/{S}/api-access"


@requirement("CP-API-1")
@pytest.mark.parametrize("parameters", [{}, HTTPS], ids=["plain", "certificate"])
@pytest.mark.parametrize(("where", "path"), [("root", "/"), ("proxy", "/{proxy}")])
def test_cp_api_1_passes_everything_through(where: str, path: str, parameters: dict[str, str]) -> None:
    # Decision: VPC link V2 to the load balancer itself; the path spelled out; the root too, which {proxy+} leaves out.
    of = portal(**parameters)
    it = method(of, where, "ANY")
    assert it["RestApiId"] == Reference(api(of).logical_id)
    assert it["AuthorizationType"] == "NONE"
    assert it["ApiKeyRequired"] is False
    to = it["Integration"]
    assert (to["Type"], to["IntegrationHttpMethod"]) == ("HTTP_PROXY", "ANY")
    assert to["ConnectionType"] == "VPC_LINK"
    assert of.at(to["ConnectionId"]).type == "AWS::ApiGatewayV2::VpcLink"
    assert to["IntegrationTarget"] == Reference(balancer(of).logical_id)
    dns = Reference(balancer(of).logical_id, "DNSName")
    assert to["Uri"] == (f"https://{HTTPS['DomainName']}{path}" if parameters else f"http://{dns}{path}")
    if where == "proxy":
        assert it["RequestParameters"] == {"method.request.path.proxy": True}
        assert to["RequestParameters"] == {"integration.request.path.proxy": "method.request.path.proxy"}


@requirement("CP-API-1")
@pytest.mark.parametrize(("parameters", "port"), [({}, 80), (HTTPS, 443)], ids=["plain", "certificate"])
def test_cp_api_1_link_into_the_vpc(parameters: dict[str, str], port: int) -> None:
    of = portal(**parameters)
    link = of.one("AWS::ApiGatewayV2::VpcLink", Name=f"customer-portal-vpclink-{S}")
    assert link["SubnetIds"] == refs(subnets(of, "private"))
    (group,) = (of.at(reference, "GroupId") for reference in link["SecurityGroupIds"])
    assert egress(of, group) == [tcp(port, balancer_group(of).logical_id)]
    assert ingress(of, group) == []
    assert tcp(port, group.logical_id) in ingress(of, balancer_group(of))


@requirement("CP-API-1")
def test_cp_api_1_deployment_holds_every_method() -> None:
    of = portal()
    deployment = of.at(stage(of)["DeploymentId"])
    assert deployment["RestApiId"] == Reference(api(of).logical_id)
    assert deployment["StageName"] is None
    methods = {it.logical_id for it in of.of("AWS::ApiGateway::Method")}
    assert len(methods) == 4
    answers = {it.logical_id for it in of.of("AWS::ApiGateway::GatewayResponse")}
    assert methods | answers <= {*deployment.depends_on}
    # The name changes with the content: without that, a change of the API would never reach the stage.
    assert re.search(r"[0-9a-f]{8}$", deployment.logical_id)


@requirement("CP-API-1")
def test_cp_api_1_role_for_logs() -> None:
    # Decision: the account's role for API logs behind a parameter, retained; the stage waits for it.
    of = portal(CreateApiGatewayLogsRole="true")
    account = of.one("AWS::ApiGateway::Account")
    role = of.at(account["CloudWatchRoleArn"], "Arn")
    assert trusted(role) == {"apigateway.amazonaws.com"}
    assert role["ManagedPolicyArns"] == [
        "arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs"
    ]
    assert account.deletion == role.deletion == ("Retain", "Retain")
    assert account.logical_id in stage(of).waits_for

    without = portal(CreateApiGatewayLogsRole="false")
    assert not without.of("AWS::ApiGateway::Account")
    assert role.logical_id not in without.resources
    assert stage(without)["MethodSettings"] == stage(of)["MethodSettings"]


@requirement("CP-API-2")
@pytest.mark.parametrize("where", ["root", "proxy"])
def test_cp_api_2_preflight(where: str) -> None:
    of = portal()
    it = method(of, where, "OPTIONS")
    assert it["RestApiId"] == Reference(api(of).logical_id)
    assert it["AuthorizationType"] == "NONE"
    assert it["ApiKeyRequired"] is False
    assert it["Integration.Type"] == "MOCK"
    assert json.loads(it["Integration.RequestTemplates.application/json"]) == {"statusCode": 204}
    (answer,) = it["Integration.IntegrationResponses"]
    assert answer["StatusCode"] == "204"
    headers = {
        name.removeprefix("method.response.header."): value for name, value in answer["ResponseParameters"].items()
    }
    assert headers["Access-Control-Allow-Origin"] == "'*'"
    assert set(headers["Access-Control-Allow-Methods"].strip("'").split(",")) == EVERY_METHOD
    assert {"Authorization", "Content-Type", "X-Api-Key"} <= {
        *headers["Access-Control-Allow-Headers"].strip("'").split(",")
    }
    (declared,) = it["MethodResponses"]
    assert declared["StatusCode"] == "204"
    assert declared["ResponseParameters"].keys() == answer["ResponseParameters"].keys()


@requirement("CP-API-2")
@pytest.mark.parametrize("kind", ["DEFAULT_4XX", "DEFAULT_5XX"])
def test_cp_api_2_errors_are_readable_too(kind: str) -> None:
    # Decision: API Gateway's own errors carry the CORS header.
    of = portal()
    answer = of.one("AWS::ApiGateway::GatewayResponse", ResponseType=kind)
    assert answer["RestApiId"] == Reference(api(of).logical_id)
    assert answer["ResponseParameters"]["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"


@requirement("CP-API-3")
def test_cp_api_3_usage_plan() -> None:
    of = portal()
    plan = of.one("AWS::ApiGateway::UsagePlan", UsagePlanName=f"customer-portal-usage-plan-{S}")
    assert plan["Throttle"] == {"RateLimit": 1000, "BurstLimit": 500}
    assert plan["Quota"] == {"Limit": 100_000, "Period": "DAY"}
    assert plan["ApiStages"] == [
        {"ApiId": Reference(api(of).logical_id), "Stage": Reference(stage(of).logical_id)},
    ]
    key = of.one("AWS::ApiGateway::ApiKey", Name=f"customer-portal-key-{S}")
    assert key["Enabled"] is True
    joined = of.one("AWS::ApiGateway::UsagePlanKey")
    assert joined["KeyId"] == Reference(key.logical_id)
    assert joined["KeyType"] == "API_KEY"
    assert joined["UsagePlanId"] == Reference(plan.logical_id)


# ── Content delivery ──


@requirement("CP-CDN-1")
def test_cp_cdn_1_bucket() -> None:
    of = portal()
    bucket = assets(of)
    (encryption,) = bucket["BucketEncryption.ServerSideEncryptionConfiguration"]
    assert encryption == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    assert bucket["PublicAccessBlockConfiguration"] == {
        "BlockPublicAcls": True,
        "BlockPublicPolicy": True,
        "IgnorePublicAcls": True,
        "RestrictPublicBuckets": True,
    }
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    rules = bucket["LifecycleConfiguration.Rules"]
    (rule,) = (entry for entry in rules if "NoncurrentVersionExpiration" in entry)
    assert rule["Status"] == "Enabled"
    assert rule["NoncurrentVersionExpiration"] == {"NoncurrentDays": 30}
    assert not {"Prefix", "Filter", "TagFilters"} & rule.keys()
    # The files themselves stay.
    assert not [entry for entry in rules if {"Expiration", "ExpirationInDays", "ExpirationDate"} & entry.keys()]


@requirement("CP-CDN-1")
def test_cp_cdn_1_tls_only() -> None:
    of = portal()
    policy = of.one("AWS::S3::BucketPolicy", Bucket=Reference(assets(of).logical_id))
    (refusal,) = (s for s in policy["PolicyDocument.Statement"] if s["Effect"] == "Deny")
    arn = Reference(assets(of).logical_id, "Arn")
    assert refusal["Principal"] == "*"
    assert refusal["Action"] == ["s3:*"]
    assert refusal["Resource"] == [arn, f"{arn}/*"]
    assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@requirement("CP-CDN-1")
def test_cp_cdn_1_emptied_on_deletion() -> None:
    of = portal()
    assert assets(of).deletion == ("Delete", "Delete")
    check_emptied(of, assets(of))


@requirement("CP-CDN-1")
@pytest.mark.parametrize(
    ("request_type", "fails", "deleted", "status"),
    [
        ("Create", False, False, "SUCCESS"),
        ("Update", False, False, "SUCCESS"),
        ("Delete", False, True, "SUCCESS"),
        ("Delete", True, True, "FAILED"),
    ],
)
def test_cp_cdn_1_what_the_emptier_does(request_type: str, fails: bool, deleted: bool, status: str) -> None:
    """The function in the template, run against stand-ins for boto3 and cfnresponse."""
    of = portal()
    emptier = of.one("Custom::EmptiedBucket", BucketName=Reference(assets(of).logical_id))
    function = of.at(emptier["ServiceToken"], "Arn")
    boto3, cfnresponse = Mock(), Mock(SUCCESS="SUCCESS", FAILED="FAILED")
    delete = boto3.resource.return_value.Bucket.return_value.object_versions.delete
    delete.side_effect = RuntimeError("AccessDenied") if fails else None
    module, entry = function["Handler"].split(".")
    assert module == "index"
    with patch.dict(sys.modules, boto3=boto3, cfnresponse=cfnresponse):
        names: dict[str, Any] = {}
        exec(function["Code.ZipFile"], names)
        names[entry]({"RequestType": request_type, "ResourceProperties": {"BucketName": "assets"}}, None)
    assert delete.called is deleted
    if deleted:
        boto3.resource.assert_called_once_with("s3")
        boto3.resource.return_value.Bucket.assert_called_once_with("assets")
    # One answer, or CloudFormation waits for an hour; one physical id, or an update would delete.
    (answer,) = cfnresponse.send.call_args_list
    assert answer.args[2] == status
    assert answer.args[4] == "assets"
    assert answer.kwargs.get("reason", "") == ("AccessDenied" if fails else "")


@requirement("CP-CDN-2")
def test_cp_cdn_2_default_behaviour() -> None:
    of = portal()
    behaviour = distribution(of)["DistributionConfig.DefaultCacheBehavior"]
    assert behaviour["ViewerProtocolPolicy"] == "redirect-to-https"
    assert set(behaviour["AllowedMethods"]) == set(behaviour["CachedMethods"]) == {"GET", "HEAD", "OPTIONS"}
    assert behaviour["Compress"] is True
    assert behaviour["CachePolicyId"] == CACHING_OPTIMIZED
    # Decision: origin access control; an access identity is the older means of the same end.
    source = origin(of, behaviour)
    assert source["DomainName"] == Reference(assets(of).logical_id, "RegionalDomainName")
    assert source["S3OriginConfig"] == {"OriginAccessIdentity": ""}
    control = of.at(source["OriginAccessControlId"], "Id")["OriginAccessControlConfig"]
    assert control["OriginAccessControlOriginType"] == "s3"
    assert (control["SigningBehavior"], control["SigningProtocol"]) == ("always", "sigv4")
    assert distribution(of)["DistributionConfig.Enabled"] is True


@requirement("CP-CDN-2")
def test_cp_cdn_2_only_this_distribution_reads_the_bucket() -> None:
    of = portal()
    policy = of.one("AWS::S3::BucketPolicy", Bucket=Reference(assets(of).logical_id))
    (leave,) = (s for s in policy["PolicyDocument.Statement"] if s["Effect"] == "Allow")
    assert leave["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert leave["Action"] == ["s3:GetObject"]
    assert leave["Resource"] == [f"{Reference(assets(of).logical_id, 'Arn')}/*"]
    here = Reference(distribution(of).logical_id)
    arn = f"arn:${{AWS::Partition}}:cloudfront::${{AWS::AccountId}}:distribution/{here}"
    assert leave["Condition"] == {"StringEquals": {"aws:SourceArn": arn}}


@requirement("CP-CDN-3")
@pytest.mark.parametrize("parameters", [{}, HTTPS], ids=["plain", "certificate"])
def test_cp_cdn_3_api_behaviour(parameters: dict[str, str]) -> None:
    of = portal(**parameters)
    (behaviour,) = distribution(of)["DistributionConfig.CacheBehaviors"]
    assert behaviour["PathPattern"] == "/api/*"
    assert behaviour["ViewerProtocolPolicy"] == "redirect-to-https"
    assert set(behaviour["AllowedMethods"]) == EVERY_METHOD
    assert set(behaviour["CachedMethods"]) == {"GET", "HEAD", "OPTIONS"}
    assert behaviour["CachePolicyId"] == CACHING_DISABLED
    # By HTTPS the load balancer is asked for the name on its certificate, which the viewer's Host is not.
    assert behaviour["OriginRequestPolicyId"] == (ALL_VIEWER_EXCEPT_HOST if parameters else ALL_VIEWER)
    source = origin(of, behaviour)
    if parameters:
        assert source["DomainName"] == HTTPS["DomainName"]
        assert source["CustomOriginConfig"]["OriginProtocolPolicy"] == "https-only"
        assert source["CustomOriginConfig"]["OriginSSLProtocols"] == ["TLSv1.2"]
    else:
        assert source["DomainName"] == Reference(balancer(of).logical_id, "DNSName")
        assert source["CustomOriginConfig"]["OriginProtocolPolicy"] == "http-only"
    assert (source["CustomOriginConfig"]["HTTPPort"], source["CustomOriginConfig"]["HTTPSPort"]) == (80, 443)


@requirement("CP-CDN-4")
def test_cp_cdn_4_price_and_protocol() -> None:
    config = distribution(portal())["DistributionConfig"]
    assert config["PriceClass"] == "PriceClass_100"
    assert config["HttpVersion"] == "http2and3"
