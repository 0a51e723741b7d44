"""What holds for every template of every system, in every layout: what its resources allow, say and keep."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.requirements.house import FILES, full, own_resources, takes_tags, template
from tests.requirements.relations import subnets
from tests.requirements.template import (
    SYSTEMS,
    Reference,
    given,
    load,
    references,
    stack,
    walk,
)

each_file = pytest.mark.parametrize("file", FILES)
each_system = pytest.mark.parametrize("system", SYSTEMS)
WHOLE_ACCOUNT = {
    "ecr:GetAuthorizationToken": "signs in to the registry; the action takes no resource",
    "ec2:DescribeNetworkInterfaces": "EC2's Describe actions take no resource",
    "ec2:DescribeSecurityGroupRules": "EC2's Describe actions take no resource",
    "ec2:DescribeSubnets": "EC2's Describe actions take no resource",
    "ecs:DescribeTaskDefinition": "the action takes no resource",
    "ecs:ListTasks": "lists by cluster, to one of which a condition holds it",
    "ecs:RegisterTaskDefinition": "makes what has no ARN yet; the action takes no resource",
    "xray:PutTraceSegments": "X-Ray's write actions take no resource",
    "xray:PutTelemetryRecords": "X-Ray's write actions take no resource",
    "xray:GetSamplingRules": "reading the sampling rules takes no resource",
    "xray:GetSamplingTargets": "reading the sampling rules takes no resource",
    "xray:GetSamplingStatisticSummaries": "reading the sampling rules takes no resource",
}
"""The actions that may be allowed on ``*``, and why (service authorization reference)."""


# ── Resources ──


@each_system
def test_every_branch_stands_by_itself(system: str) -> None:
    """Whatever the parameters, nothing refers to a resource that its condition has left out."""
    for of in full(system):
        for resource in of.resources.values():
            there = {reference.logical_id for reference in references(resource.properties)}
            assert there <= of.resources.keys(), resource.logical_id
        for name, output in of.outputs.items():
            assert {reference.logical_id for reference in references(output.value)} <= of.resources.keys(), name


# ── Access ──


def statements(resource: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    for value in walk(resource.get("Properties", {})):
        if isinstance(value, Mapping) and "Effect" in value and {"Principal", "Action", "NotAction"} & value.keys():
            yield value


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


OWNER = {"AWS": {"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:root"}}
"""The account itself. A key's policy leaves it everything, else nobody could ever change it (KMS developer guide)."""


@each_file
def test_no_policy_allows_more_than_it_names(file: str) -> None:
    for name, resource in own_resources(file):
        of_key = resource["Type"] == "AWS::KMS::Key"
        for statement in statements(resource):
            assert not {"NotAction", "NotResource", "NotPrincipal"} & statement.keys(), name
            if statement["Effect"] != "Allow" or (of_key and statement["Principal"] == OWNER):
                continue
            assert not [action for action in listed(statement["Action"]) if "*" in action], name
            assert statement.get("Principal") not in ("*", {"AWS": "*"}), name
            # In a key's own policy, everything is that key.
            if "*" in listed(statement.get("Resource", [])) and not of_key:
                assert set(listed(statement["Action"])) <= WHOLE_ACCOUNT.keys(), name


@each_file
def test_policies_are_of_the_language_that_is_meant(file: str) -> None:
    """Without a version a policy is of the older one, in which variables are text (IAM user guide, "Version")."""
    for name, resource in own_resources(file):
        for value in walk(resource.get("Properties", {})):
            # A firewall's rule has a statement too, but no list of them.
            if isinstance(value, Mapping) and isinstance(value.get("Statement"), list):
                assert value.get("Version") == "2012-10-17", name


def test_every_reviewed_action_on_everything_is_used() -> None:
    used = {
        action
        for system in SYSTEMS
        for _, resource in own_resources(f"{system}/stack.json")
        if resource["Type"] != "AWS::KMS::Key"
        for statement in statements(resource)
        if statement["Effect"] == "Allow" and "*" in listed(statement.get("Resource", []))
        for action in listed(statement["Action"])
    }
    assert used == WHOLE_ACCOUNT.keys()


@each_file
def test_security_groups_say_where_they_lead(file: str) -> None:
    for name, resource in own_resources(file):
        if resource["Type"] == "AWS::EC2::SecurityGroup":
            # Without it EC2 adds a rule that lets everything out.
            assert resource["Properties"].get("SecurityGroupEgress"), name
            rules = [
                *resource["Properties"].get("SecurityGroupIngress", []),
                *resource["Properties"]["SecurityGroupEgress"],
            ]
            assert all("Description" in rule for rule in rules if "Fn::If" not in rule), name
        if resource["Type"] in {"AWS::EC2::SecurityGroupIngress", "AWS::EC2::SecurityGroupEgress"}:
            assert resource["Properties"]["Description"], name


@each_system
def test_nobody_enters_by_an_administrators_port(system: str) -> None:
    for of in full(system):
        for resource in of.resources.values():
            for rule in walk(resource.properties):
                if isinstance(rule, Mapping) and rule.get("CidrIp") == "0.0.0.0/0" and "IpProtocol" in rule:
                    entered = rule in (resource["SecurityGroupIngress"] or []) or resource.type.endswith("Ingress")
                    assert not entered or rule.get("FromPort") == rule.get("ToPort") in {80, 443}, resource.logical_id


# ── Operation ──


@each_file
def test_logs_are_kept_for_a_stated_time(file: str) -> None:
    for name, resource in own_resources(file):
        if resource["Type"] == "AWS::Logs::LogGroup":
            assert resource["Properties"].get("RetentionInDays"), name


@each_system
def test_what_takes_tags_has_the_systems(system: str) -> None:
    for of in full(system):
        wanted = {
            key: value.replace("{EnvironmentSuffix}", "qa1")
            for key, value in of.body["Metadata"]["Template"]["Tags"].items()
        }
        assert wanted["System"] == system
        assert wanted["Environment"] == "qa1"
        tagged = 0
        for resource in of.resources.values():
            if takes_tags(resource.type, of.region):
                assert resource.tags.items() >= wanted.items(), resource.logical_id
                tagged += 1
        assert tagged


@each_system
def test_nested_stacks_have_the_systems_tags_too(system: str) -> None:
    of = given(load(f"{system}/nested/root.json"), {"EnvironmentSuffix": "qa1"})
    for resource in of.resources.values():
        assert (resource.tags["System"], resource.tags["Environment"]) == (system, "qa1")


@each_system
def test_alarms_tell_people(system: str) -> None:
    for of in full(system):
        topics = {Reference(topic.logical_id) for topic in of.of("AWS::SNS::Topic")}
        for alarm in of.of("AWS::CloudWatch::Alarm"):
            actions = alarm["AlarmActions"]
            assert actions, alarm.logical_id
            scaling = [
                action
                for action in actions
                if isinstance(action, Reference)
                and of.resources[action.logical_id].type == "AWS::ApplicationAutoScaling::ScalingPolicy"
            ]
            assert scaling or topics & {action for action in actions if isinstance(action, Reference)}, alarm.logical_id
            assert alarm["AlarmDescription"], alarm.logical_id


HOLDS_DATA = {
    "AWS::DynamoDB::GlobalTable",
    "AWS::DynamoDB::Table",
    "AWS::ECR::Repository",
    "AWS::KMS::Key",
    "AWS::Logs::LogGroup",
    "AWS::RDS::DBCluster",
    "AWS::RDS::DBInstance",
    "AWS::S3::Bucket",
    "AWS::SecretsManager::Secret",
}


@each_file
def test_what_holds_data_says_what_becomes_of_it(file: str) -> None:
    for name, resource in own_resources(file):
        if resource["Type"] in HOLDS_DATA:
            assert {"DeletionPolicy", "UpdateReplacePolicy"} <= resource.keys(), name


IAM = re.compile(r"AWS::IAM::(AccessKey|Group|InstanceProfile|ManagedPolicy|Policy|Role|User|UserToGroupAddition)")
"""The types for which CloudFormation wants an IAM capability (user guide, "Acknowledging IAM resources")."""


@each_file
def test_capabilities_are_those_that_cloudformation_wants(file: str) -> None:
    bodies = [template(file)]
    if file.endswith("nested/root.json"):
        bodies += [load(other) for other in FILES if other.startswith(file.removesuffix("root.json"))]
    wanted = set()
    for body in bodies:
        if "Transform" in body:
            wanted.add("CAPABILITY_AUTO_EXPAND")
        for resource in body["Resources"].values():
            if IAM.fullmatch(resource["Type"]):
                named = {"RoleName", "UserName", "GroupName", "ManagedPolicyName", "InstanceProfileName"}
                custom = named & resource.get("Properties", {}).keys()
                wanted.add("CAPABILITY_NAMED_IAM" if custom else "CAPABILITY_IAM")
    if "CAPABILITY_NAMED_IAM" in wanted:
        wanted.discard("CAPABILITY_IAM")
    assert bodies[0]["Metadata"]["Template"]["Capabilities"] == sorted(wanted)


@each_system
def test_inline_functions_are_code_that_their_handler_finds(system: str) -> None:
    of = stack(system)
    for function in of.of("AWS::Lambda::Function"):
        code = function["Code.ZipFile"]
        module, entry = function["Handler"].split(".")
        assert module == "index", "the file that CloudFormation makes of inline code"
        if function["Runtime"].startswith("nodejs"):
            assert re.search(rf"^exports\.{entry} = async \(", code, re.M), function.logical_id
            assert all(code.count(first) == code.count(last) for first, last in ("()", "{}", "[]"))
        else:
            assert entry in compile(code, function.logical_id, "exec").co_names, function.logical_id
        assert len(code.encode()) <= 4 * 1024 * 1024
        # Those that are in support for more than another year.
        assert re.fullmatch(r"python3\.1[3-9]|nodejs2[2-9]\.x", function["Runtime"]), function.logical_id
        role = of.at(function["Role"], "Arn")
        assert role["AssumeRolePolicyDocument.Statement.0.Principal"] == {"Service": "lambda.amazonaws.com"}


@each_system
def test_every_vpc_has_a_closed_default_group(system: str) -> None:
    of = stack(system)
    for vpc in of.of("AWS::EC2::VPC"):
        group = Reference(vpc.logical_id, "DefaultSecurityGroup")
        closed = of.one("Custom::ClosedSecurityGroup", GroupId=group)
        function = of.at(closed["ServiceToken"], "Arn")
        rights = statements({"Properties": of.at(function["Role"], "Arn").properties})
        arn = f"arn:${{AWS::Partition}}:ec2:${{AWS::Region}}:${{AWS::AccountId}}:security-group/{group}"
        (revoke,) = (s for s in rights if s.get("Resource") == [arn])
        assert revoke["Action"] == ["ec2:RevokeSecurityGroupIngress", "ec2:RevokeSecurityGroupEgress"]
        assert not [r for r in of.resources.values() if group in references(r["SecurityGroupIds"] or [])]


@each_system
def test_private_subnets_reach_s3_and_dynamodb_for_free(system: str) -> None:
    of = stack(system)
    endpoints = [it for it in of.of("AWS::EC2::VPCEndpoint") if it["VpcEndpointType"] == "Gateway"]
    names = {it["ServiceName"].rpartition(".")[2] for it in endpoints}
    assert names == {"s3", "dynamodb"}
    for endpoint in endpoints:
        tables = {of.at(table).logical_id for table in endpoint["RouteTableIds"]}
        for subnet in subnets(of, "private"):
            association = of.one("AWS::EC2::SubnetRouteTableAssociation", SubnetId=Reference(subnet.logical_id))
            assert of.at(association["RouteTableId"]).logical_id in tables
