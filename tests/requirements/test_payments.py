"""Payments' requirements, one by one, in the emitted template: network, domain, database, key.

"Decision" in a comment: where the system departs from the words of its row, and how.
"""

from __future__ import annotations

import ipaddress
import itertools
import re
from typing import Any

import pytest

from tests.requirements.parts import attributes, container, environment, injected, role, security_group
from tests.requirements.payments import (
    ABROAD,
    ABROAD_WITH_CERTIFICATE,
    CDN_CERTIFICATE,
    DOMAIN,
    HOME,
    PLACES,
    SERVICES,
    ZONE,
    S,
    balancer,
    balancer_group,
    certificate,
    database,
    distribution,
    key,
    listener,
    payments,
    secret,
    service,
)
from tests.requirements.relations import ANYWHERE, egress, granted, ingress, refs, routes, subnets, tcp, trusted
from tests.requirements.template import REGION, Reference, Stack

requirement = pytest.mark.requirement
each_service = pytest.mark.parametrize("name", SERVICES)
each_place = pytest.mark.parametrize("place", PLACES.values(), ids=PLACES)

POSTGRES = 5432


# ── Network ──


@requirement("PP-NET-1")
def test_pp_net_1_vpc_and_subnets() -> None:
    of = payments()
    vpc = of.one("AWS::EC2::VPC")
    assert (vpc["EnableDnsSupport"], vpc["EnableDnsHostnames"]) == (True, True)
    everything = of.of("AWS::EC2::Subnet")
    assert {subnet["VpcId"] for subnet in everything} == {Reference(vpc.logical_id)}
    zones = {subnet["AvailabilityZoneId"] for subnet in everything}
    assert len(zones) == 3
    for kind, prefix in (("public", 24), ("private", 24), ("isolated", 26)):
        found = subnets(of, kind)
        assert [ipaddress.IPv4Network(subnet["CidrBlock"]).prefixlen for subnet in found] == [prefix] * 3, kind
        assert {subnet["AvailabilityZoneId"] for subnet in found} == zones, kind
        assert not [subnet for subnet in found if subnet["MapPublicIpOnLaunch"]], kind
    assert len(everything) == 9

    blocks = [ipaddress.IPv4Network(subnet["CidrBlock"]) for subnet in everything]
    assert all(block.subnet_of(ipaddress.IPv4Network(vpc["CidrBlock"])) for block in blocks)
    assert not any(one.overlaps(other) for one, other in itertools.combinations(blocks, 2))


@requirement("PP-NET-1")
def test_pp_net_1_three_zones_in_every_region() -> None:
    found = payments().body["Mappings"]["ZoneIds"]
    assert {"us-east-1", ABROAD[REGION]} <= found.keys()
    assert all(len(set(zones.values())) == 3 for zones in found.values())
    there = {subnet["AvailabilityZoneId"] for subnet in payments(**ABROAD).of("AWS::EC2::Subnet")}
    assert there == set(found[ABROAD[REGION]].values())


@requirement("PP-NET-2")
def test_pp_net_2_nat_gateway_in_every_zone() -> None:
    of = payments()
    used = set()
    for subnet in subnets(of, "private"):
        (way_out,) = routes(of, subnet)
        assert way_out["DestinationCidrBlock"] == ANYWHERE
        gateway = of.at(way_out["NatGatewayId"])
        home = of.at(gateway["SubnetId"])
        assert home in subnets(of, "public")
        assert home["AvailabilityZoneId"] == subnet["AvailabilityZoneId"]
        assert gateway["ConnectivityType"] in {None, "public"}
        address = of.at(gateway["AllocationId"], "AllocationId")
        assert (address.type, address["Domain"]) == ("AWS::EC2::EIP", "vpc")
        # An address of a VPC needs its internet gateway.
        (internet,) = routes(of, home)
        assert internet.logical_id in address.depends_on
        used.add((gateway.logical_id, address.logical_id))
    assert len(used) == len(of.of("AWS::EC2::NatGateway")) == len({address for _, address in used}) == 3


@requirement("PP-NET-2")
def test_pp_net_2_flow_logs() -> None:
    of = payments()
    log = of.one("AWS::EC2::FlowLog")
    assert (log["ResourceType"], log["TrafficType"]) == ("VPC", "ALL")
    assert log["ResourceId"] == Reference(of.one("AWS::EC2::VPC").logical_id)
    assert log["LogDestinationType"] == "cloud-watch-logs"
    group = of.at(log["LogGroupName"])
    assert group.type == "AWS::Logs::LogGroup"
    writer = role(of, log["DeliverLogsPermissionArn"])
    assert trusted(writer) == {"vpc-flow-logs.amazonaws.com"}
    verbs = ("CreateLogStream", "PutLogEvents", "DescribeLogStreams")
    assert granted(of, writer) == {(f"logs:{verb}", Reference(group.logical_id, "Arn")) for verb in verbs}


@requirement("PP-NET-3")
def test_pp_net_3_load_balancer_entered_from_anywhere() -> None:
    of = payments()
    door = balancer_group(of)
    assert balancer(of)["SecurityGroups"] == [Reference(door.logical_id, "GroupId")]
    assert sorted(ingress(of, door), key=lambda rule: rule.first or 0) == [tcp(80, ANYWHERE), tcp(443, ANYWHERE)]
    # And it reaches the tasks, nothing else.
    tasks = [tcp(port, security_group(of, service(of, name)).logical_id) for name, port in SERVICES.items()]
    assert egress(of, door) == tasks


@requirement("PP-NET-3")
@each_service
def test_pp_net_3_tasks_entered_by_their_own_port_only(name: str) -> None:
    of = payments()
    group = security_group(of, service(of, name))
    assert ingress(of, group) == [tcp(SERVICES[name], balancer_group(of).logical_id)]
    (other,) = SERVICES.keys() - {name}
    assert group is not security_group(of, service(of, other))
    assert container(of, service(of, name), name)["PortMappings"] == [
        {"ContainerPort": SERVICES[name], "Protocol": "tcp"}
    ]
    guard = of.at(database(of)["VpcSecurityGroupIds.0"], "GroupId").logical_id
    to_database = [tcp(POSTGRES, guard)] if name == "backend" else []
    assert egress(of, group) == [tcp(443, ANYWHERE), *to_database]


@requirement("PP-NET-3")
def test_pp_net_3_database_entered_by_the_backend_only() -> None:
    of = payments()
    (guard,) = (of.at(reference, "GroupId") for reference in database(of)["VpcSecurityGroupIds"])
    assert database(of)["Port"] == POSTGRES
    assert ingress(of, guard) == [tcp(POSTGRES, security_group(of, service(of, "backend")).logical_id)]
    assert egress(of, guard) == []


# ── Domain and TLS ──


@requirement("PP-DNS-1")
def test_pp_dns_1_zone_is_there_already() -> None:
    of = payments()
    assert of.body["Parameters"]["HostedZoneId"]["Type"] == "AWS::Route53::HostedZone::Id"
    assert "Default" not in of.body["Parameters"]["HostedZoneId"]
    assert not of.of("AWS::Route53::HostedZone")
    assert {record["HostedZoneId"] for record in of.of("AWS::Route53::RecordSet")} == {ZONE}


@requirement("PP-DNS-1")
@each_place
def test_pp_dns_1_certificate(place: dict[str, str]) -> None:
    it = certificate(payments(**place))
    assert it["DomainName"] == DOMAIN
    assert it["SubjectAlternativeNames"] == [f"*.{DOMAIN}"]
    assert it["ValidationMethod"] == "DNS"
    assert it["DomainValidationOptions"] == [
        {"DomainName": name, "HostedZoneId": ZONE} for name in (DOMAIN, f"*.{DOMAIN}")
    ]
    # A certificate's first name has 64 characters at the most (ACM API reference, RequestCertificate).
    assert int(payments().body["Parameters"]["DomainName"]["MaxLength"]) == 64


def records(of: Stack) -> dict[tuple[str, str], dict[str, Any]]:
    """Name and type → what a record stands for."""
    found = {(record["Name"], record["Type"]): record["AliasTarget"] for record in of.of("AWS::Route53::RecordSet")}
    assert len(found) == len(of.of("AWS::Route53::RecordSet"))
    return found


@requirement("PP-DNS-1")
@each_place
def test_pp_dns_1_apex_leads_to_the_load_balancer(place: dict[str, str]) -> None:
    of = payments(**place)
    door = balancer(of)
    target = {
        "HostedZoneId": Reference(door.logical_id, "CanonicalHostedZoneID"),
        "DNSName": Reference(door.logical_id, "DNSName"),
        "EvaluateTargetHealth": False,
    }
    # Decision: AAAA where the target has an IPv6 address. The network's blocks are IPv4, so the load balancer has none,
    # and a record for it would answer nothing. Should it become dual-stack, the record belongs to it.
    kinds = ["A", "AAAA"] if door["IpAddressType"] == "dualstack" else ["A"]
    assert {kind: it for (name, kind), it in records(of).items() if name == DOMAIN} == dict.fromkeys(kinds, target)
    assert (door["IpAddressType"] == "dualstack") is bool(of.of("AWS::EC2::VPCCidrBlock"))


@requirement("PP-DNS-1")
@each_place
def test_pp_dns_1_cdn_leads_to_cloudfront(place: dict[str, str]) -> None:
    of = payments(**place)
    named = place is not ABROAD
    assert distribution(of)["DistributionConfig.IPV6Enabled"] is True
    target = {
        # Every distribution's zone (Route 53 API reference, AliasTarget).
        "HostedZoneId": "Z2FDTNDATAQYW2",
        "DNSName": Reference(distribution(of).logical_id, "DomainName"),
        "EvaluateTargetHealth": False,
    }
    found = {key: it for key, it in records(of).items() if key[0] != DOMAIN}
    # Without a certificate CloudFront refuses the name, so nothing may lead there by it.
    assert found == ({(f"cdn.{DOMAIN}", kind): target for kind in ("A", "AAAA")} if named else {})


@requirement("PP-TLS-1")
@each_place
def test_pp_tls_1_listeners(place: dict[str, str]) -> None:
    of = payments(**place)
    assert sorted(it["Port"] for it in of.of("AWS::ElasticLoadBalancingV2::Listener")) == [80, 443]
    door = listener(of, 443)
    assert door["Protocol"] == "HTTPS"
    assert door["Certificates"] == [{"CertificateArn": Reference(certificate(of).logical_id)}]
    assert re.fullmatch(r"ELBSecurityPolicy-TLS13-1-[23](-[A-Z]\w+)*-20\d\d-\d\d", door["SslPolicy"])
    (answer,) = door["DefaultActions"]
    assert answer["Type"] == "fixed-response"
    assert answer["FixedResponseConfig"]["StatusCode"] == "404"

    assert listener(of, 80)["Protocol"] == "HTTP"
    assert listener(of, 80)["DefaultActions"] == [
        {"Type": "redirect", "RedirectConfig": {"StatusCode": "HTTP_301", "Protocol": "HTTPS", "Port": "443"}}
    ]
    ways_in = {rule["ListenerArn"] for rule in of.of("AWS::ElasticLoadBalancingV2::ListenerRule")}
    assert ways_in == {Reference(door.logical_id)}, "a rule on port 80 would serve without TLS"


@requirement("PP-TLS-1")
@pytest.mark.parametrize("place", [HOME, ABROAD_WITH_CERTIFICATE], ids=["home", "abroad-certificate"])
def test_pp_tls_1_cloudfronts_certificate_is_of_us_east_1(place: dict[str, str]) -> None:
    of = payments(**place)
    config = distribution(of)["DistributionConfig"]
    assert config["Aliases"] == [f"cdn.{DOMAIN}"]
    # The stack's own is one of us-east-1 only where the stack is.
    own = Reference(certificate(of).logical_id)
    assert config["ViewerCertificate"] == {
        "AcmCertificateArn": own if place is HOME else CDN_CERTIFICATE,
        "SslSupportMethod": "sni-only",
        "MinimumProtocolVersion": "TLSv1.2_2021",
    }


@requirement("PP-TLS-1")
def test_pp_tls_1_given_certificate_is_ignored_in_us_east_1() -> None:
    given = distribution(payments(CloudFrontCertificateArn=CDN_CERTIFICATE))
    assert given.properties == distribution(payments()).properties


@requirement("PP-TLS-1")
def test_pp_tls_1_cloudfront_elsewhere_without_certificate() -> None:
    # Decision: the template works without it. With CloudFront's own name and certificate it sets the protocol itself.
    config = distribution(payments(**ABROAD))["DistributionConfig"]
    assert config["ViewerCertificate"] == {"CloudFrontDefaultCertificate": True}
    assert "Aliases" not in config


@requirement("PP-TLS-1")
@pytest.mark.parametrize("region", ["eu-west-1", "ap-southeast-1", "us-east-2"])
def test_pp_tls_1_certificate_of_another_region_is_refused(region: str) -> None:
    pattern = payments().body["Parameters"]["CloudFrontCertificateArn"]["AllowedPattern"]
    assert re.fullmatch(pattern, CDN_CERTIFICATE)
    assert re.fullmatch(pattern, "")
    assert not re.fullmatch(pattern, CDN_CERTIFICATE.replace("us-east-1", region))


# ── Database ──


@requirement("PP-DB-1")
def test_pp_db_1_cluster() -> None:
    of = payments()
    it = database(of)
    assert it["Engine"] == "aurora-postgresql"
    # Decision: the newest minor version of 15.
    assert it["EngineVersion"] == "15.19"
    versions = of.body["Parameters"]["DatabaseEngineVersion"]["AllowedValues"]
    assert {version.split(".")[0] for version in versions} == {"15"}
    settings = of.at(it["DBClusterParameterGroupName"])
    assert settings["Family"] == "aurora-postgresql15"
    # Decision: TLS forced.
    assert settings["Parameters"]["rds.force_ssl"] == "1"
    assert of.at(it["DBSubnetGroupName"])["SubnetIds"] == refs(subnets(of, "isolated"))
    assert (it["StorageEncrypted"], it["KmsKeyId"]) == (True, key(of))
    assert it["BackupRetentionPeriod"] == 30
    assert it["PreferredBackupWindow"] == "03:00-04:00"
    assert it["PreferredMaintenanceWindow"] == "sun:04:00-sun:05:00"


@requirement("PP-DB-1")
def test_pp_db_1_writer_and_reader() -> None:
    of = payments()
    writer, reader = sorted(of.of("AWS::RDS::DBInstance"), key=lambda it: int(it["PromotionTier"]))
    for it in (writer, reader):
        assert it["DBClusterIdentifier"] == Reference(database(of).logical_id)
        assert it["Engine"] == "aurora-postgresql"
        assert it["DBInstanceClass"] == "db.r6g.xlarge"
        assert it["PubliclyAccessible"] is False
    # The first instance of a cluster is its writer; the other waits for it.
    assert writer.logical_id in reader.depends_on
    assert reader.logical_id not in writer.depends_on


@requirement("PP-DB-1")
def test_pp_db_1_watched() -> None:
    of = payments()
    it = database(of)
    # Decision: Database Insights' advanced mode keeps 465 days; a month would be a paid tier.
    assert it["DatabaseInsightsMode"] == "advanced"
    assert (it["PerformanceInsightsEnabled"], it["PerformanceInsightsRetentionPeriod"]) == (True, 465)
    assert it["PerformanceInsightsKmsKeyId"] == key(of)
    assert it["MonitoringInterval"] == 60
    reporter = role(of, it["MonitoringRoleArn"])
    assert trusted(reporter) == {"monitoring.rds.amazonaws.com"}
    assert reporter["ManagedPolicyArns"] == [
        "arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole"
    ]
    assert it["EnableCloudwatchLogsExports"] == ["postgresql"]
    # Made before the cluster, which would make it without a limit, or a key.
    group = of.one("AWS::Logs::LogGroup", LogGroupName=f"/aws/rds/cluster/tap-database-{S}/postgresql")
    assert (group["RetentionInDays"], group["KmsKeyId"]) == (30, key(of))
    assert group.logical_id in it.depends_on


@requirement("PP-DB-1")
def test_pp_db_1_protected_and_retained() -> None:
    of = payments()
    it = database(of)
    assert it["DeletionProtection"] is True
    # What a cluster that stays uses could not be deleted.
    kept = (it, of.at(it["DBSubnetGroupName"]), of.at(it["DBClusterParameterGroupName"]))
    assert [each.deletion for each in kept] == [("Retain", "Retain")] * 3


@requirement("PP-DB-2")
def test_pp_db_2_copies_every_six_hours() -> None:
    of = payments()
    plan = of.one("AWS::Backup::BackupPlan")
    (rule,) = plan["BackupPlan.BackupPlanRule"]
    # Decision: six fields of cron, for Backup takes no rates.
    assert rule["ScheduleExpression"] == "cron(0 0/6 * * ? *)"
    assert (rule["StartWindowMinutes"], rule["CompletionWindowMinutes"]) == (60, 120)
    assert rule["Lifecycle"] == {"DeleteAfterDays": 7}
    vault = of.at(rule["TargetBackupVault"])
    assert vault["EncryptionKeyArn"] == key(of)
    assert vault.deletion == ("Retain", "Retain")

    selection = of.one("AWS::Backup::BackupSelection", BackupPlanId=Reference(plan.logical_id))["BackupSelection"]
    assert selection["Resources"] == [Reference(database(of).logical_id, "DBClusterArn")]
    assert not {"ListOfTags", "Conditions"} & selection.keys()
    copier = role(of, selection["IamRoleArn"])
    assert trusted(copier) == {"backup.amazonaws.com"}
    policy = "service-role/AWSBackupServiceRolePolicyForBackup"
    assert f"arn:${{AWS::Partition}}:iam::aws:policy/{policy}" in copier["ManagedPolicyArns"]


@requirement("PP-DB-3")
def test_pp_db_3_secret_made_and_rotated_by_rds() -> None:
    # Decision: RDS makes the secret, with a password that it takes itself, joined to the cluster, and rotates it; no
    # function, no transform.
    of = payments()
    it = database(of)
    assert it["MasterUsername"] == "dbadmin"
    assert it["ManageMasterUserPassword"] is True
    assert it["MasterUserSecret"] == {"KmsKeyId": key(of)}
    assert it["MasterUserPassword"] is None
    assert not [r.logical_id for r in of.resources.values() if r.type.startswith("AWS::SecretsManager::")]
    assert "Transform" not in of.body


@requirement("PP-DB-3")
def test_pp_db_3_backend_gets_the_credentials() -> None:
    of = payments()
    backend = container(of, service(of, "backend"), "backend")
    cluster = database(of).logical_id
    assert environment(backend).items() >= {
        ("DB_HOST", Reference(cluster, "Endpoint.Address")),
        ("DB_PORT", Reference(cluster, "Endpoint.Port")),
        ("DB_NAME", database(of)["DatabaseName"]),
        # The application reads it again when a password is refused: after a rotation.
        ("DB_SECRET_ARN", secret(of)),
    }
    assert injected(backend) == {"DB_USER": f"{secret(of)}:username::", "DB_PASSWORD": f"{secret(of)}:password::"}
    frontend = container(of, service(of, "frontend"), "frontend")
    assert not [name for name in environment(frontend) | injected(frontend) if name.startswith("DB_")]


@requirement("PP-DB-3")
def test_pp_db_3_backend_starts_when_the_database_answers() -> None:
    """A cluster without an instance answers nobody; tasks that cannot log in would be rolled back."""
    of = payments()
    writer = min(of.of("AWS::RDS::DBInstance"), key=lambda it: int(it["PromotionTier"]))
    assert writer.logical_id in service(of, "backend").depends_on


# ── Key ──

NOT_CUSTOMERS = {"DefaultGroupCloserLogGroup": "what a function of the deployment reports"}
"""Log groups without customer data, which need neither the customer key nor to outlive the stack."""


@requirement("PP-KMS-1")
def test_pp_kms_1_key() -> None:
    of = payments()
    it = of.one("AWS::KMS::Key")
    assert it["EnableKeyRotation"] is True
    assert it["Enabled"] in {None, True}
    assert it.deletion == ("Retain", "Retain")
    alias = of.one("AWS::KMS::Alias")
    assert (alias["AliasName"], alias["TargetKeyId"]) == (f"alias/payments-key-{S}", Reference(it.logical_id))


@requirement("PP-KMS-1")
def test_pp_kms_1_what_it_encrypts() -> None:
    of = payments()
    it = database(of)
    # By ARN: log groups refuse the id.
    assert it["KmsKeyId"] == it["PerformanceInsightsKmsKeyId"] == it["MasterUserSecret.KmsKeyId"] == key(of)
    assert of.one("AWS::SNS::Topic")["KmsMasterKeyId"] == key(of)
    groups = [group for group in of.of("AWS::Logs::LogGroup") if group.logical_id not in NOT_CUSTOMERS]
    assert len(groups) == 5
    for group in groups:
        assert group["KmsKeyId"] == key(of), group.logical_id


@requirement("PP-KMS-1")
def test_pp_kms_1_lets_the_services_in() -> None:
    """RDS and its Insights, Secrets Manager and Backup come through the principal that calls them, whom the account's
    own statement admits (KMS developer guide, "Grants"); logs and alarms come by themselves."""
    of = payments()
    arn = "arn:${AWS::Partition}"
    account, here = "${AWS::AccountId}", "${AWS::Region}:${AWS::AccountId}"
    found = {}
    for statement in of.one("AWS::KMS::Key")["KeyPolicy.Statement"]:
        assert (statement["Effect"], statement["Resource"]) == ("Allow", ["*"])
        ((kind, who),) = statement["Principal"].items()
        found[kind, who] = ({*statement["Action"]}, statement.get("Condition"))
    assert found == {
        ("AWS", f"{arn}:iam::{account}:root"): ({"kms:*"}, None),
        ("Service", "logs.${AWS::Region}.amazonaws.com"): (
            {
                "kms:Encrypt",
                "kms:Decrypt",
                "kms:ReEncryptFrom",
                "kms:ReEncryptTo",
                "kms:GenerateDataKey",
                "kms:GenerateDataKeyWithoutPlaintext",
                "kms:DescribeKey",
            },
            {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": f"{arn}:logs:{here}:log-group:*"}},
        ),
        ("Service", "cloudwatch.amazonaws.com"): (
            {"kms:Decrypt", "kms:GenerateDataKey", "kms:GenerateDataKeyWithoutPlaintext"},
            {
                "StringEquals": {"aws:SourceAccount": account},
                "ArnLike": {"aws:SourceArn": f"{arn}:cloudwatch:{here}:alarm:*"},
            },
        ),
    }


DATA = {"AWS::Backup::BackupVault", "AWS::KMS::Key", "AWS::Logs::LogGroup", "AWS::RDS::DBCluster", "AWS::S3::Bucket"}
"""What holds data in this system. An Aurora instance holds none: the cluster does."""


@requirement("PP-KMS-1")
@each_place
def test_pp_kms_1_what_it_encrypts_stays_with_it(place: dict[str, str]) -> None:
    """Nothing that holds data goes with the stack, nor when it is replaced; and no data without its key."""
    of = payments(**place)
    kept = [it for it in of.resources.values() if it.type in DATA and it.logical_id not in NOT_CUSTOMERS]
    assert {it.type for it in kept} == DATA
    assert [it.logical_id for it in kept if it.deletion != ("Retain", "Retain")] == []
    assert not of.of("Custom::EmptiedBucket")
    assert attributes(balancer(of), "LoadBalancerAttributes")["deletion_protection.enabled"] == "true"
