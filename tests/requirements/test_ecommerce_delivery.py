"""The shop's requirements, one by one, in the emitted template: buckets, CloudFront, API, function.

"Decision" in a comment: where the shop departs from the words of its brief, and how.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.requirements.ecommerce import (
    ABROAD,
    ACCOUNT,
    CERTIFIED,
    KINDS,
    POSTGRES,
    S,
    api,
    balancer,
    balancer_group,
    bucket,
    bucket_policy,
    check_private,
    database,
    database_group,
    decrypts,
    distribution,
    function,
    key,
    method,
    reads_the_secret,
    secret,
    shop,
    stage,
)
from tests.requirements.parts import CACHING_OPTIMIZED, check_preflight, origin
from tests.requirements.relations import ANYWHERE, egress, granted, ingress, refs, subnets, tcp, trusted
from tests.requirements.template import REGION, Reference, Resource

requirement = pytest.mark.requirement
at_home_and_abroad = pytest.mark.parametrize("parameters", [{}, ABROAD], ids=["home", "abroad"])


# ── Storage ──


def lifecycle(it: Resource) -> dict[str, Any]:
    """What becomes of everything in a bucket, by the kind of rule."""
    found = {}
    for rule in it["LifecycleConfiguration.Rules"]:
        assert rule["Status"] == "Enabled"
        assert not {"Prefix", "Filter", "TagFilters"} & rule.keys()
        (kind,) = rule.keys() - {"Id", "Status"}
        found[kind] = rule[kind]
    return found


@requirement("EC-S3-1")
@pytest.mark.parametrize("kind", KINDS)
def test_ec_s3_1_assets(kind: str) -> None:
    of = shop(EnvironmentType=kind)
    it = bucket(of, "static-assets")
    check_private(of, it)
    assert it["VersioningConfiguration"] == {"Status": "Enabled"}
    (rule,) = it["BucketEncryption.ServerSideEncryptionConfiguration"]
    assert rule["ServerSideEncryptionByDefault"] == {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": key(of)}
    assert rule["BucketKeyEnabled"] is True
    assert lifecycle(it) == {
        "Transitions": [
            {"StorageClass": "STANDARD_IA", "TransitionInDays": 30},
            # Decision: instant retrieval; from plain Glacier CloudFront gets 403.
            {"StorageClass": "GLACIER_IR", "TransitionInDays": 90},
        ],
        "NoncurrentVersionExpiration": {"NoncurrentDays": 90},
        "AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7},
    }


@requirement("EC-S3-2")
@pytest.mark.parametrize("kind", KINDS)
def test_ec_s3_2_logs(kind: str) -> None:
    of = shop(EnvironmentType=kind)
    it = bucket(of, "logs")
    check_private(of, it)
    # Decision: encrypted by S3 itself, for load balancers cannot write to a bucket with a customer key.
    (rule,) = it["BucketEncryption.ServerSideEncryptionConfiguration"]
    assert rule == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    assert lifecycle(it)["ExpirationInDays"] == 90


@requirement("EC-S3-2")
@at_home_and_abroad
def test_ec_s3_2_who_may_write(parameters: dict[str, str]) -> None:
    of = shop(**parameters)
    it = bucket(of, "logs")
    writers = {}
    for statement in bucket_policy(of, it):
        if statement["Effect"] == "Allow":
            assert statement["Action"] == ["s3:PutObject"]
            assert statement["Condition"]["StringEquals"]["aws:SourceAccount"] == ACCOUNT
            writers[statement["Principal"]["Service"]] = statement["Condition"]["ArnLike"]["aws:SourceArn"]
    assert writers == {
        "logdelivery.elasticloadbalancing.amazonaws.com": (
            f"arn:${{AWS::Partition}}:elasticloadbalancing:${{AWS::Region}}:{ACCOUNT}:loadbalancer/*"
        ),
        # CloudFront's logs come from us-east-1, wherever the bucket is.
        "delivery.logs.amazonaws.com": f"arn:${{AWS::Partition}}:logs:us-east-1:{ACCOUNT}:delivery-source:*",
    }


# ── Content delivery ──


@requirement("EC-CDN-1")
def test_ec_cdn_1_private_bucket() -> None:
    of = shop()
    it = bucket(of, "static-assets")
    # Decision: origin access control; an access identity cannot read what a customer key encrypts.
    source = origin(distribution(of), distribution(of)["DistributionConfig.DefaultCacheBehavior"])
    assert len(distribution(of)["DistributionConfig.Origins"]) == 1
    assert source["DomainName"] == Reference(it.logical_id, "RegionalDomainName")
    assert source["S3OriginConfig"] == {"OriginAccessIdentity": ""}
    control = of.at(source["OriginAccessControlId"], "Id")["OriginAccessControlConfig"]
    assert control["OriginAccessControlOriginType"] == "s3"
    assert (control["SigningBehavior"], control["SigningProtocol"]) == ("always", "sigv4")
    (leave,) = (s for s in bucket_policy(of, it) if s["Effect"] == "Allow")
    assert leave["Principal"] == {"Service": "cloudfront.amazonaws.com"}
    assert leave["Action"] == ["s3:GetObject"]
    assert leave["Resource"] == [f"{Reference(it.logical_id, 'Arn')}/*"]
    here = Reference(distribution(of).logical_id)
    arn = f"arn:${{AWS::Partition}}:cloudfront::{ACCOUNT}:distribution/{here}"
    assert leave["Condition"] == {"StringEquals": {"aws:SourceArn": arn}}


@requirement("EC-CDN-1")
def test_ec_cdn_1_caching() -> None:
    of = shop()
    config = distribution(of)["DistributionConfig"]
    assert config["DefaultCacheBehavior"]["CachePolicyId"] == CACHING_OPTIMIZED
    # Decision: by the files' endings, as the brief says; the notes go by /static/js/*.
    scripts = {each["PathPattern"]: each for each in config["CacheBehaviors"]}
    assert scripts.keys() == {"*.js", "*.css"}
    for each in scripts.values():
        cache = of.at(each["CachePolicyId"])["CachePolicyConfig"]
        assert (cache["MinTTL"], cache["DefaultTTL"], cache["MaxTTL"]) == (0, 86_400, 365 * 86_400)
        # One copy of a file for everybody, packed as the browser can unpack it.
        assert cache["ParametersInCacheKeyAndForwardedToOrigin"] == {
            "CookiesConfig": {"CookieBehavior": "none"},
            "HeadersConfig": {"HeaderBehavior": "none"},
            "QueryStringsConfig": {"QueryStringBehavior": "none"},
            "EnableAcceptEncodingGzip": True,
            "EnableAcceptEncodingBrotli": True,
        }
    for each in (config["DefaultCacheBehavior"], *scripts.values()):
        assert each["TargetOriginId"] == config["Origins"][0]["Id"]
        assert each["ViewerProtocolPolicy"] == "redirect-to-https"
        assert set(each["AllowedMethods"]) == set(each["CachedMethods"]) == {"GET", "HEAD", "OPTIONS"}
        assert each["Compress"] is True
    assert config["PriceClass"] == "PriceClass_100"
    assert config["Enabled"] is config["IPV6Enabled"] is True
    assert config["DefaultRootObject"] == "index.html"


@requirement("EC-CDN-1")
def test_ec_cdn_1_access_logs() -> None:
    # Decision: standard logging v2, to the logs' bucket.
    of = shop()
    source = of.one("AWS::Logs::DeliverySource")
    here = Reference(distribution(of).logical_id)
    assert source["LogType"] == "ACCESS_LOGS"
    assert source["ResourceArn"] == f"arn:${{AWS::Partition}}:cloudfront::{ACCOUNT}:distribution/{here}"
    destination = of.one("AWS::Logs::DeliveryDestination")
    logs = bucket(of, "logs")
    assert destination["DestinationResourceArn"] == f"{Reference(logs.logical_id, 'Arn')}/cloudfront"
    delivery = of.one("AWS::Logs::Delivery")
    assert delivery["DeliverySourceName"] == Reference(source.logical_id)
    assert delivery["DeliveryDestinationArn"] == Reference(destination.logical_id, "Arn")
    # AWS gives a bucket without a policy one of its own; the stack's could not be made then.
    assert of.one("AWS::S3::BucketPolicy", Bucket=Reference(logs.logical_id)).logical_id in delivery.depends_on


@requirement("EC-CDN-1")
def test_ec_cdn_1_no_delivery_outside_us_east_1() -> None:
    # Decision: AWS delivers CloudFront's logs from us-east-1 alone; the rest is the same everywhere.
    home, abroad = shop(), shop(**{REGION: ABROAD[REGION]})
    assert home.resources.keys() - abroad.resources.keys() == {
        it.logical_id for it in home.resources.values() if it.type.startswith("AWS::Logs::Delivery")
    }
    assert not abroad.resources.keys() - home.resources.keys()
    assert distribution(abroad).properties == distribution(home).properties
    assert "us-east-1" in distribution(home).body["Metadata"]["Description"]


# ── API ──


@requirement("EC-API-1")
def test_ec_api_1_methods_and_keys() -> None:
    of = shop()
    found = {}
    for path in ("/api/{proxy+}", "/process", "/health"):
        for it in of.of("AWS::ApiGateway::Method"):
            if it["ResourceId"] == method(of, path, "GET" if path == "/health" else "OPTIONS")["ResourceId"]:
                assert it["RestApiId"] == Reference(api(of).logical_id)
                assert it["AuthorizationType"] == "NONE"
                found[path, it["HttpMethod"]] = it["ApiKeyRequired"]
    assert found == {
        ("/api/{proxy+}", "ANY"): True,
        ("/api/{proxy+}", "OPTIONS"): False,
        ("/process", "POST"): True,
        ("/process", "OPTIONS"): False,
        ("/health", "GET"): False,
    }
    assert len(of.of("AWS::ApiGateway::Method")) == len(found)


@requirement("EC-API-1")
@pytest.mark.parametrize("parameters", [{}, CERTIFIED], ids=["plain", "certificate"])
def test_ec_api_1_proxy_to_the_balancer(parameters: dict[str, str]) -> None:
    # Decision: privately, by a link into the VPC; the notes go over the internet.
    of = shop(**parameters)
    it = method(of, "/api/{proxy+}", "ANY")
    to = it["Integration"]
    assert (to["Type"], to["IntegrationHttpMethod"], to["ConnectionType"]) == ("HTTP_PROXY", "ANY", "VPC_LINK")
    assert to["IntegrationTarget"] == Reference(balancer(of).logical_id)
    dns = Reference(balancer(of).logical_id, "DNSName")
    host = f"https://{CERTIFIED['DomainName']}" if parameters else f"http://{dns}"
    assert to["Uri"] == f"{host}/api/{{proxy}}"
    assert it["RequestParameters"] == {"method.request.path.proxy": True}
    assert to["RequestParameters"] == {"integration.request.path.proxy": "method.request.path.proxy"}

    link = of.at(to["ConnectionId"])
    assert (link.type, link["Name"]) == ("AWS::ApiGatewayV2::VpcLink", f"ecommerce-vpclink-{S}")
    assert link["SubnetIds"] == refs(subnets(of, "private"))
    (group,) = (of.at(reference, "GroupId") for reference in link["SecurityGroupIds"])
    port = 443 if parameters else 80
    assert egress(of, group) == [tcp(port, balancer_group(of).logical_id)]
    assert ingress(of, group) == []
    assert tcp(port, group.logical_id) in ingress(of, balancer_group(of))


@requirement("EC-API-1")
def test_ec_api_1_process_runs_the_function() -> None:
    of = shop()
    to = method(of, "/process", "POST")["Integration"]
    arn = Reference(function(of).logical_id, "Arn")
    # Lambda is called by POST, whatever the client's method.
    assert (to["Type"], to["IntegrationHttpMethod"]) == ("AWS_PROXY", "POST")
    path = f"path/2015-03-31/functions/{arn}/invocations"
    assert to["Uri"] == f"arn:${{AWS::Partition}}:apigateway:${{AWS::Region}}:lambda:{path}"
    leave = of.one("AWS::Lambda::Permission")
    assert (leave["Action"], leave["Principal"]) == ("lambda:InvokeFunction", "apigateway.amazonaws.com")
    assert leave["FunctionName"] == arn
    here = f"{Reference(api(of).logical_id)}/*/POST/process"
    assert leave["SourceArn"] == f"arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:{ACCOUNT}:{here}"


@requirement("EC-API-1")
def test_ec_api_1_health_is_answered_by_the_api_itself() -> None:
    it = method(shop(), "/health", "GET")
    assert (it["Integration.Type"], it["Integration.PassthroughBehavior"]) == ("MOCK", "WHEN_NO_MATCH")
    assert json.loads(it["Integration.RequestTemplates.application/json"]) == {"statusCode": 200}
    (answer,) = it["Integration.IntegrationResponses"]
    assert answer["StatusCode"] == "200"
    assert json.loads(answer["ResponseTemplates"]["application/json"]) == {"status": "healthy"}
    assert [declared["StatusCode"] for declared in it["MethodResponses"]] == ["200"]


@requirement("EC-API-1")
def test_ec_api_1_browsers_may_call() -> None:
    # Decision: CORS preflight without a key, and API Gateway's own errors readable too.
    of = shop()
    for path in ("/api/{proxy+}", "/process"):
        check_preflight(method(of, path, "OPTIONS"))
    for kind in ("DEFAULT_4XX", "DEFAULT_5XX"):
        answer = of.one("AWS::ApiGateway::GatewayResponse", ResponseType=kind)
        assert answer["RestApiId"] == Reference(api(of).logical_id)
        assert answer["ResponseParameters"]["gatewayresponse.header.Access-Control-Allow-Origin"] == "'*'"


@requirement("EC-API-1")
def test_ec_api_1_deployment_holds_every_method() -> None:
    of = shop()
    deployment = of.at(stage(of)["DeploymentId"])
    assert deployment["StageName"] is None
    kinds = ("AWS::ApiGateway::Method", "AWS::ApiGateway::GatewayResponse")
    assert {it.logical_id for kind in kinds for it in of.of(kind)} <= {*deployment.depends_on}
    # The name changes with the content: without that, a change of the API would never reach the stage.
    assert re.search(r"[0-9a-f]{8}$", deployment.logical_id)


@requirement("EC-API-2")
def test_ec_api_2_stage() -> None:
    of = shop()
    assert api(of)["EndpointConfiguration"] == {"Types": ["REGIONAL"]}
    it = stage(of)
    assert it["TracingEnabled"] is True
    assert it["MethodSettings"] == [
        {
            "ResourcePath": "/*",
            "HttpMethod": "*",
            "LoggingLevel": "INFO",
            # Decision: never full bodies.
            "DataTraceEnabled": False,
            "MetricsEnabled": True,
            "ThrottlingRateLimit": 1000,
            "ThrottlingBurstLimit": 2000,
        }
    ]
    # Decision: access logs in JSON, to a group of their own.
    log = it["AccessLogSetting"]
    assert of.at(log["DestinationArn"], "Arn")["LogGroupName"] == f"/ecommerce/{S}/api-access"
    assert json.loads(log["Format"])["requestId"] == "$context.requestId"


@requirement("EC-API-2")
def test_ec_api_2_usage_plan() -> None:
    # Decision: rate 1000, burst 2000; the brief's "1000 RPS burst" is the rate.
    of = shop()
    plan = of.one("AWS::ApiGateway::UsagePlan", UsagePlanName=f"ecommerce-usage-plan-{S}")
    assert plan["Throttle"] == {"RateLimit": 1000, "BurstLimit": 2000}
    assert plan["Quota"] == {"Limit": 1_000_000, "Period": "MONTH"}
    assert plan["ApiStages"] == [{"ApiId": Reference(api(of).logical_id), "Stage": Reference(stage(of).logical_id)}]
    client = of.one("AWS::ApiGateway::ApiKey", Name=f"ecommerce-key-{S}")
    assert client["Enabled"] is True
    joined = of.one("AWS::ApiGateway::UsagePlanKey", UsagePlanId=Reference(plan.logical_id))
    assert (joined["KeyId"], joined["KeyType"]) == (Reference(client.logical_id), "API_KEY")


@requirement("EC-API-2")
def test_ec_api_2_role_for_logs() -> None:
    # Decision: the account's role for API logs behind a parameter, retained; the stage waits for it.
    of = shop(CreateApiGatewayLogsRole="true")
    account = of.one("AWS::ApiGateway::Account")
    role = of.at(account["CloudWatchRoleArn"], "Arn")
    assert trusted(role) == {"apigateway.amazonaws.com"}
    assert account.deletion == role.deletion == ("Retain", "Retain")
    assert account.logical_id in stage(of).waits_for
    without = shop(CreateApiGatewayLogsRole="false")
    assert of.resources.keys() - without.resources.keys() == {account.logical_id, role.logical_id}


# ── Function ──


@requirement("EC-LAM-1")
def test_ec_lam_1_function() -> None:
    of = shop()
    it = function(of)
    assert (it["MemorySize"], it["Timeout"]) == (512, 30)
    # In support for more than a year from November 2026 on (Lambda developer guide, "Lambda runtimes"): not 18 and 20.
    assert it["Runtime"] in {"nodejs22.x", "nodejs24.x"}
    assert it["Handler"] == "index.handler"
    assert "exports.handler = async (event) =>" in it["Code.ZipFile"]
    assert it["VpcConfig.SubnetIds"] == refs(subnets(of, "private"))
    (group,) = (of.at(each, "GroupId") for each in it["VpcConfig.SecurityGroupIds"])
    assert ingress(of, group) == []
    assert egress(of, group) == [tcp(443, ANYWHERE), tcp(POSTGRES, database_group(of).logical_id)]
    assert it["Environment.Variables"] == {
        "ENVIRONMENT": S,
        "DB_HOST": Reference(database(of).logical_id, "Endpoint.Address"),
        "DB_PORT": Reference(database(of).logical_id, "Endpoint.Port"),
        "DB_NAME": "ecommerce",
        "DB_SECRET_ARN": Reference(secret(of).logical_id),
    }


@requirement("EC-LAM-1")
def test_ec_lam_1_own_log() -> None:
    of = shop()
    group = of.at(function(of)["LoggingConfig.LogGroup"])
    assert group["LogGroupName"] == f"/aws/lambda/ecommerce-process-{S}"
    assert (group["KmsKeyId"], group["RetentionInDays"]) == (key(of), 7)


@requirement("EC-LAM-1")
def test_ec_lam_1_own_role() -> None:
    of = shop()
    role = of.at(function(of)["Role"], "Arn")
    assert trusted(role) == {"lambda.amazonaws.com"}
    assert not role["ManagedPolicyArns"]
    assert [r.logical_id for r in of.resources.values() if role.logical_id in r.waits_for] == [function(of).logical_id]
    log = Reference(of.at(function(of)["LoggingConfig.LogGroup"]).logical_id, "Arn")
    anything = f"arn:${{AWS::Partition}}:ec2:${{AWS::Region}}:{ACCOUNT}:*/*"
    join = (
        "CreateNetworkInterface",
        "DeleteNetworkInterface",
        "AssignPrivateIpAddresses",
        "UnassignPrivateIpAddresses",
    )
    assert granted(of, role) == {
        ("secretsmanager:GetSecretValue", Reference(secret(of).logical_id)),
        ("kms:Decrypt", key(of)),
        ("logs:CreateLogStream", log),
        ("logs:PutLogEvents", log),
        *((f"ec2:{action}", anything) for action in join),
        # These take no resource.
        ("ec2:DescribeNetworkInterfaces", "*"),
        ("ec2:DescribeSubnets", "*"),
    }
    assert reads_the_secret(of, role)
    assert decrypts(of, role, "lambda")
