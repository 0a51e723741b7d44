"""Payments' requirements, one by one, in the emitted template: storage, delivery, monitoring, tags, outputs.

"Decision" in a comment: where the system departs from the words of its row, and how.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.requirements.house import takes_tags
from tests.requirements.parts import CACHING_OPTIMIZED, behaviours, origin, shown
from tests.requirements.payments import (
    ABROAD,
    ABROAD_WITH_CERTIFICATE,
    DOMAIN,
    PLACES,
    SERVICES,
    S,
    assets,
    balancer,
    database,
    distribution,
    key,
    logs_bucket,
    payments,
    service,
    target_group,
    topic,
)
from tests.requirements.template import Reference, Resource, Stack, load

requirement = pytest.mark.requirement
each_place = pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)


# ── Storage and delivery ──


def lifecycle(bucket: Resource) -> list[dict[str, Any]]:
    """What is done by itself in a bucket. Raises AssertionError for a rule that is off, or for a part only."""
    rules = bucket["LifecycleConfiguration.Rules"]
    assert {rule["Status"] for rule in rules} == {"Enabled"}
    assert not [rule for rule in rules if {"Prefix", "Filter", "TagFilters"} & rule.keys()]
    return [{key: value for key, value in rule.items() if key not in {"Id", "Status"}} for rule in rules]


def statements(of: Stack, bucket: Resource) -> dict[str, dict[str, Any]]:
    """Sid → statement of a bucket's policy."""
    policy = of.one("AWS::S3::BucketPolicy", Bucket=Reference(bucket.logical_id))
    return {statement["Sid"]: statement for statement in policy["PolicyDocument.Statement"]}


@requirement("PP-S3-1")
def test_pp_s3_1_assets_bucket() -> None:
    it = assets(payments())
    assert it["PublicAccessBlockConfiguration"] == dict.fromkeys(
        ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
    )
    (encryption,) = it["BucketEncryption.ServerSideEncryptionConfiguration"]
    assert encryption == {"ServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"}}
    assert it["VersioningConfiguration"] == {"Status": "Enabled"}
    assert lifecycle(it) == [
        {"NoncurrentVersionExpiration": {"NoncurrentDays": 30}},
        {"AbortIncompleteMultipartUpload": {"DaysAfterInitiation": 7}},
    ]
    assert it.deletion == ("Retain", "Retain")


@requirement("PP-S3-1")
def test_pp_s3_1_read_by_this_distribution_only() -> None:
    of = payments()
    arn = Reference(assets(of).logical_id, "Arn")
    leave, refusal = statements(of, assets(of)).values()
    assert (leave["Effect"], leave["Principal"]) == ("Allow", {"Service": "cloudfront.amazonaws.com"})
    assert (leave["Action"], leave["Resource"]) == (["s3:GetObject"], [f"{arn}/*"])
    identity = Reference(distribution(of).logical_id)
    here = f"arn:${{AWS::Partition}}:cloudfront::${{AWS::AccountId}}:distribution/{identity}"
    assert leave["Condition"] == {"StringEquals": {"aws:SourceArn": here}}
    assert (refusal["Effect"], refusal["Principal"], refusal["Action"]) == ("Deny", "*", ["s3:*"])
    assert refusal["Resource"] == [arn, f"{arn}/*"]
    assert refusal["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


@requirement("PP-CDN-1")
def test_pp_cdn_1_distribution() -> None:
    it = distribution(payments())
    config = it["DistributionConfig"]
    assert config["Enabled"] is True
    assert config["HttpVersion"] == "http2and3"
    assert config["PriceClass"] == "PriceClass_All"
    (behaviour,) = behaviours(it).values()
    # By HTTPS only: whoever comes without is sent there and gets nothing else (the source's own way).
    assert behaviour["ViewerProtocolPolicy"] == "redirect-to-https"
    assert set(behaviour["AllowedMethods"]) == {"GET", "HEAD", "OPTIONS"}
    assert set(behaviour["CachedMethods"]) <= {"GET", "HEAD", "OPTIONS"}
    assert behaviour["CachePolicyId"] == CACHING_OPTIMIZED
    assert behaviour["Compress"] is True


@requirement("PP-CDN-1")
def test_pp_cdn_1_origin_is_the_assets_bucket() -> None:
    # Decision: origin access control; an access identity is the older means of the same end.
    of = payments()
    (behaviour,) = behaviours(distribution(of)).values()
    assert len(distribution(of)["DistributionConfig.Origins"]) == 1
    source = origin(distribution(of), behaviour)
    assert source["DomainName"] == Reference(assets(of).logical_id, "RegionalDomainName")
    assert source["S3OriginConfig"] == {"OriginAccessIdentity": ""}
    control = of.at(source["OriginAccessControlId"], "Id")["OriginAccessControlConfig"]
    assert control["OriginAccessControlOriginType"] == "s3"
    assert (control["SigningBehavior"], control["SigningProtocol"]) == ("always", "sigv4")


@requirement("PP-CDN-1")
def test_pp_cdn_1_access_logs_for_90_days() -> None:
    # Decision: standard logging v2, to a bucket without ACLs.
    of = payments()
    delivery = of.one("AWS::Logs::Delivery")
    source, destination = of.at(delivery["DeliverySourceName"]), of.at(delivery["DeliveryDestinationArn"], "Arn")
    assert source["LogType"] == "ACCESS_LOGS"
    assert source["ResourceArn"].endswith(f":distribution/{Reference(distribution(of).logical_id)}")
    where = Reference(logs_bucket(of).logical_id, "Arn")
    assert destination["DestinationResourceArn"] == f"{where}/cloudfront"

    writer = statements(of, logs_bucket(of))["LetLogsBeDelivered"]
    assert (writer["Effect"], writer["Principal"]) == ("Allow", {"Service": "delivery.logs.amazonaws.com"})
    assert (writer["Action"], writer["Resource"]) == (["s3:PutObject"], [f"{where}/*"])
    assert writer["Condition"]["StringEquals"]["aws:SourceAccount"] == "${AWS::AccountId}"
    # A delivery gives a bucket without a policy one of its own; then the stack's could not be made.
    policy = of.one("AWS::S3::BucketPolicy", Bucket=Reference(logs_bucket(of).logical_id))
    assert policy.logical_id in delivery.depends_on

    assert {"ExpirationInDays": 90} in lifecycle(logs_bucket(of))
    assert logs_bucket(of)["PublicAccessBlockConfiguration.BlockPublicPolicy"] is True
    assert logs_bucket(of)["OwnershipControls.Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]


@requirement("PP-CDN-1")
@pytest.mark.parametrize("place", [ABROAD, ABROAD_WITH_CERTIFICATE], ids=["abroad", "abroad-certificate"])
def test_pp_cdn_1_no_log_delivery_outside_us_east_1(place: dict[str, str]) -> None:
    # Decision: CloudFront's logs are delivered from us-east-1 only; elsewhere the three resources would fail the stack.
    of = payments(**place)
    assert not [it.logical_id for it in of.resources.values() if it.type.startswith("AWS::Logs::Delivery")]
    assert distribution(of)["DistributionConfig.Logging"] is None


@requirement("PP-CDN-1")
def test_pp_cdn_1_no_edge_template() -> None:
    """The system's own region is us-east-1: what must be there is in the stack itself."""
    assert load("payments/stack.json")["Metadata"]["Template"]["Region"] == "us-east-1"


# ── Alerts and monitoring ──


@requirement("PP-SNS-1")
def test_pp_sns_1_mail_when_an_address_is_given() -> None:
    # Decision: the subscription is there once there is an address.
    assert not payments().of("AWS::SNS::Subscription")
    of = payments(AlarmEmail="ops@example.org")
    assert of.one("AWS::SNS::Subscription").properties == {
        "TopicArn": topic(of),
        "Protocol": "email",
        "Endpoint": "ops@example.org",
    }


@requirement("PP-SNS-1")
def test_pp_sns_1_cloudwatch_can_publish() -> None:
    """The topic lets alarms publish, and its key lets them encrypt: without either an alarm is lost in silence."""
    of = payments()
    assert of.at(topic(of))["KmsMasterKeyId"] == key(of)
    policy = of.one("AWS::SNS::TopicPolicy")
    assert policy["Topics"] == [topic(of)]
    (leave,) = policy["PolicyDocument.Statement"]
    assert (leave["Effect"], leave["Principal"]) == ("Allow", {"Service": "cloudwatch.amazonaws.com"})
    assert (leave["Action"], leave["Resource"]) == (["sns:Publish"], [topic(of)])
    (through,) = (
        statement
        for statement in of.at(key(of), "Arn")["KeyPolicy.Statement"]
        if statement["Principal"] == leave["Principal"]
    )
    assert {"kms:Decrypt", "kms:GenerateDataKey"} <= {*through["Action"]}
    # The same alarms both times: those of this account.
    assert through["Condition"] == leave["Condition"]
    assert leave["Condition"] == {
        "StringEquals": {"aws:SourceAccount": "${AWS::AccountId}"},
        "ArnLike": {"aws:SourceArn": "arn:${AWS::Partition}:cloudwatch:${AWS::Region}:${AWS::AccountId}:alarm:*"},
    }


def dimensions(of: Stack, what: str) -> dict[str, str]:
    """What tells apart the metrics of a service, a service's targets, the load balancer and the database."""
    door = {"LoadBalancer": str(Reference(balancer(of).logical_id, "LoadBalancerFullName"))}
    if what in SERVICES:
        it = service(of, what)
        return {"ClusterName": str(it["Cluster"]), "ServiceName": str(Reference(it.logical_id, "Name"))}
    if what == "database":
        return {"DBClusterIdentifier": str(Reference(database(of).logical_id))}
    if what == "balancer":
        return door
    group = target_group(of, what.removesuffix("-targets"))
    return door | {"TargetGroup": str(Reference(group.logical_id, "TargetGroupFullName"))}


ABOVE, FROM = "GreaterThanThreshold", "GreaterThanOrEqualToThreshold"
ALARMS = {
    "backend-high-cpu": ("AWS/ECS", "CPUUtilization", "backend", "Average", 300, ABOVE, 80),
    "frontend-high-cpu": ("AWS/ECS", "CPUUtilization", "frontend", "Average", 300, ABOVE, 80),
    # The fullest instance: on average a full writer beside an idle reader is half full, and no alarm would ring.
    "db-connections": ("AWS/RDS", "DatabaseConnections", "database", "Maximum", 300, ABOVE, "2880"),
    # A count of targets is one figure seen from several places: a sum would count each target more than once.
    "backend-unhealthy": ("AWS/ApplicationELB", "UnHealthyHostCount", "backend-targets", "Maximum", 60, FROM, 1),
    "frontend-unhealthy": ("AWS/ApplicationELB", "UnHealthyHostCount", "frontend-targets", "Maximum", 60, FROM, 1),
    "target-5xx": ("AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "balancer", "Sum", 300, ABOVE, 10),
}
"""Alarm → namespace, metric, of what, statistic, period in seconds, comparison, threshold."""


@requirement("PP-MON-1")
@pytest.mark.parametrize("name", ALARMS)
@each_place
def test_pp_mon_1_alarms(name: str, place: dict[str, str]) -> None:
    of = payments(**place)
    space, metric, what, statistic, period, comparison, threshold = ALARMS[name]
    alarm = of.one("AWS::CloudWatch::Alarm", AlarmName=f"tap-{name}-{S}")
    assert (alarm["Namespace"], alarm["MetricName"]) == (space, metric)
    assert {entry["Name"]: str(entry["Value"]) for entry in alarm["Dimensions"]} == dimensions(of, what)
    assert (alarm["Statistic"], alarm["Period"], alarm["EvaluationPeriods"]) == (statistic, period, 2)
    assert alarm["DatapointsToAlarm"] in {None, 2}
    assert (alarm["ComparisonOperator"], alarm["Threshold"]) == (comparison, threshold)
    assert alarm["ActionsEnabled"] in {None, True}
    assert alarm["AlarmActions"] == alarm["OKActions"] == [topic(of)]


@requirement("PP-MON-1")
def test_pp_mon_1_no_other_alarm() -> None:
    of = payments()
    assert {alarm["AlarmName"] for alarm in of.of("AWS::CloudWatch::Alarm")} == {f"tap-{name}-{S}" for name in ALARMS}


DEFAULT_CONNECTIONS = {"db.r6g.large": 1600, "db.r6g.xlarge": 3200, "db.r6g.2xlarge": 5000, "db.r6g.4xlarge": 5000}
"""What each class allows by default (Aurora user guide, "Maximum connections to an Aurora PostgreSQL DB instance")."""


@requirement("PP-MON-1")
@pytest.mark.parametrize("size", DEFAULT_CONNECTIONS)
def test_pp_mon_1_connections_by_instance_class(size: str) -> None:
    # Decision: nine tenths of what the class allows, not the number 90; the cluster is set to the same figure.
    of = payments(DatabaseInstanceClass=size)
    assert {it["DBInstanceClass"] for it in of.of("AWS::RDS::DBInstance")} == {size}
    settings = of.at(database(of)["DBClusterParameterGroupName"])["Parameters"]
    assert int(settings["max_connections"]) == DEFAULT_CONNECTIONS[size]
    alarm = of.one("AWS::CloudWatch::Alarm", MetricName="DatabaseConnections")
    assert int(alarm["Threshold"]) * 10 == int(settings["max_connections"]) * 9


@requirement("PP-MON-1")
def test_pp_mon_1_no_class_of_unknown_connections() -> None:
    assert {*payments().body["Parameters"]["DatabaseInstanceClass"]["AllowedValues"]} == DEFAULT_CONNECTIONS.keys()


@requirement("PP-MON-2")
def test_pp_mon_2_dashboard() -> None:
    of = payments()
    board = of.one("AWS::CloudWatch::Dashboard")
    assert board["DashboardName"] == f"tap-platform-dashboard-{S}"
    wanted = [
        *(("AWS/ECS", name, what) for name in ("CPUUtilization", "MemoryUtilization") for what in SERVICES),
        ("AWS/ApplicationELB", "RequestCount", "balancer"),
        ("AWS/ApplicationELB", "TargetResponseTime", "balancer"),
        ("AWS/RDS", "DatabaseConnections", "database"),
        ("AWS/RDS", "CPUUtilization", "database"),
    ]
    found = [*shown(board)]
    assert [(it.namespace, it.name, it.dimensions) for it in found] == [
        (space, name, dimensions(of, what)) for space, name, what in wanted
    ]
    # Requests are counted; an average of ones would always show 1.
    assert {it.name: it.statistic for it in found} == {
        "CPUUtilization": "Average",
        "MemoryUtilization": "Average",
        "RequestCount": "Sum",
        "TargetResponseTime": "Average",
        "DatabaseConnections": "Maximum",
    }


# ── The whole ──


@requirement("PP-TAG-1")
@each_place
def test_pp_tag_1_on_everything_that_takes_tags(place: dict[str, str]) -> None:
    of = payments(**place)
    wanted = {"Environment": S, "Project": "TAP", "CostCenter": "FINTECH-001"}
    untagged = {}
    for it in of.resources.values():
        if takes_tags(it.type, of.region) and not it.tags.items() >= wanted.items():
            untagged[it.logical_id] = it.tags
    assert untagged == {}


@requirement("PP-TAG-1")
def test_pp_tag_1_on_what_others_make() -> None:
    """Tasks get the service's tags, snapshots the cluster's, and the deployment gives the stack the same."""
    of = payments()
    assert {it["PropagateTags"] for it in of.of("AWS::ECS::Service")} == {"SERVICE"}
    assert database(of)["CopyTagsToSnapshot"] is True
    for_stack = load("payments/stack.json")["Metadata"]["Template"]["Tags"]
    assert {"Environment", "Project", "CostCenter"} <= for_stack.keys()


@requirement("PP-OUT-1")
@each_place
def test_pp_out_1_outputs(place: dict[str, str]) -> None:
    of = payments(**place)
    there = "${AWS::Region}"
    cluster = database(of).logical_id
    cdn = Reference(distribution(of).logical_id, "DomainName") if place is ABROAD else f"cdn.{DOMAIN}"
    wanted: dict[str, tuple[Any, str]] = {
        "AlbDnsName": (Reference(balancer(of).logical_id, "DNSName"), "alb-dns"),
        "AppUrl": (f"https://{DOMAIN}", "app-url"),
        "CdnUrl": (f"https://{cdn}", "cdn-url"),
        "DbEndpoint": (Reference(cluster, "Endpoint.Address"), "db-endpoint"),
        "DbReaderEndpoint": (Reference(cluster, "ReadEndpoint.Address"), "db-reader-endpoint"),
        "DashboardUrl": (
            f"https://{there}.console.aws.amazon.com/cloudwatch/home?region={there}"
            f"#dashboards:name=tap-platform-dashboard-{S}",
            "dashboard-url",
        ),
    }
    for name, (value, tail) in wanted.items():
        assert of.outputs[name].value == value, name
        # Decision: the system's name leads, so that two systems with one suffix can share an account.
        assert of.outputs[name].export == f"payments-{S}-{tail}"
