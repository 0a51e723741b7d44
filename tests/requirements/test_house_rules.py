"""What holds for every template of every system, in every layout: the house's rules for what is emitted."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

import pytest
import yaml
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from tests.cloudformation_yaml import load_yaml
from tests.requirements.relations import subnets
from tests.requirements.template import (
    OUT,
    SYSTEMS,
    Reference,
    Stack,
    given,
    load,
    references,
    stack,
    variants,
    walk,
)

FILES = sorted(
    str(path.relative_to(OUT)) for path in OUT.glob("*/**/*.json") if "parameters" not in path.relative_to(OUT).parts
)
each_file = pytest.mark.parametrize("file", FILES)
each_system = pytest.mark.parametrize("system", SYSTEMS)
WHOLE = [file for file in FILES if file.endswith(("/stack.json", "/edge.json"))]
"""The templates that are a system, or its edge, in one."""

SECTIONS = ["Description", "Metadata", "Parameters", "Rules", "Mappings", "Conditions", "Resources", "Outputs"]
RESOURCE_KEYS = [
    "Type",
    "Condition",
    "DependsOn",
    "CreationPolicy",
    "UpdatePolicy",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "Properties",
]
CONSTRAINTS = {"AllowedValues", "AllowedPattern", "MinLength", "MaxLength", "MinValue", "MaxValue"}

LIMITS = {
    ("AWS::ApiGateway::ApiKey", "Name"): 1024,
    ("AWS::ApiGateway::RestApi", "Name"): 1024,
    ("AWS::ApiGateway::UsagePlan", "UsagePlanName"): 1024,
    ("AWS::ApiGatewayV2::VpcLink", "Name"): 128,
    ("AWS::ApplicationAutoScaling::ScalingPolicy", "PolicyName"): 256,
    ("AWS::Backup::BackupPlan", "BackupPlan.BackupPlanName"): 50,
    ("AWS::Backup::BackupVault", "BackupVaultName"): 50,
    ("AWS::CloudFront::CachePolicy", "CachePolicyConfig.Name"): 128,
    ("AWS::CloudFront::Function", "Name"): 64,
    ("AWS::CloudFront::OriginAccessControl", "OriginAccessControlConfig.Name"): 64,
    ("AWS::CloudWatch::Alarm", "AlarmName"): 255,
    ("AWS::CloudWatch::Dashboard", "DashboardName"): 255,
    ("AWS::CodeBuild::Project", "Name"): 150,
    ("AWS::CodePipeline::Pipeline", "Name"): 100,
    ("AWS::DynamoDB::Table", "TableName"): 255,
    ("AWS::EC2::LaunchTemplate", "LaunchTemplateName"): 128,
    ("AWS::EC2::SecurityGroup", "GroupName"): 255,
    ("AWS::ECR::Repository", "RepositoryName"): 256,
    ("AWS::ECS::Cluster", "ClusterName"): 255,
    ("AWS::ECS::Service", "ServiceName"): 255,
    ("AWS::ECS::TaskDefinition", "Family"): 255,
    ("AWS::ElasticLoadBalancingV2::LoadBalancer", "Name"): 32,
    ("AWS::ElasticLoadBalancingV2::TargetGroup", "Name"): 32,
    ("AWS::IAM::InstanceProfile", "InstanceProfileName"): 128,
    ("AWS::IAM::ManagedPolicy", "ManagedPolicyName"): 128,
    ("AWS::IAM::Role", "RoleName"): 64,
    ("AWS::KMS::Alias", "AliasName"): 256,
    ("AWS::Lambda::Function", "FunctionName"): 64,
    ("AWS::Logs::DeliveryDestination", "Name"): 60,
    ("AWS::Logs::DeliverySource", "Name"): 60,
    ("AWS::Logs::LogGroup", "LogGroupName"): 512,
    ("AWS::RDS::DBCluster", "DBClusterIdentifier"): 63,
    ("AWS::RDS::DBClusterParameterGroup", "DBClusterParameterGroupName"): 255,
    ("AWS::RDS::DBInstance", "DBInstanceIdentifier"): 63,
    ("AWS::RDS::DBSubnetGroup", "DBSubnetGroupName"): 255,
    ("AWS::S3::Bucket", "BucketName"): 63,
    ("AWS::SNS::Topic", "TopicName"): 256,
    ("AWS::SSM::Parameter", "Name"): 1011,
    ("AWS::SecretsManager::RotationSchedule", "HostedRotationLambda.RotationLambdaName"): 64,
    ("AWS::SecretsManager::Secret", "Name"): 512,
    ("AWS::WAFv2::WebACL", "Name"): 128,
}
"""The most characters of a name, from the services' API references."""

LONGEST = {
    "AWS::AccountId": "1" * 12,
    "AWS::Partition": "aws-us-gov",
    "AWS::Region": "ap-southeast-1",
    "AWS::StackName": "s" * 128,
    "AWS::URLSuffix": "amazonaws.com.cn",
}

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


def template(file: str) -> Mapping[str, Any]:
    return load(file)


def own_resources(file: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from template(file)["Resources"].items()


def full(system: str) -> Iterator[Stack]:
    """The system's one stack, and its edge, with parameters for every branch of their conditions."""
    for file in WHOLE:
        if file.startswith(f"{system}/"):
            for parameters in variants(load(file)):
                yield given(load(file), {"EnvironmentSuffix": "qa1", **parameters})


# ── The text ──


@each_file
def test_yaml_and_json_say_the_same(file: str) -> None:
    text = (OUT / file).with_suffix(".yaml").read_text(encoding="utf-8")
    # As text, for 1 and true, and another order, are not the same to a reader.
    assert json.dumps(load_yaml(text)) == json.dumps(template(file))


def test_no_file_without_its_twin() -> None:
    assert sorted(str(path.relative_to(OUT).with_suffix(".json")) for path in OUT.rglob("*.yaml")) == FILES


@pytest.mark.parametrize(
    "text", ["A: 1\nA: 2\n", "A: {B: 1, B: 2}\n", "A: &x 1\nB: *x\n", "A: 2010-09-09\n", "- A\n", "1: A\n"]
)
def test_the_yaml_reader_refuses_what_people_trip_over(text: str) -> None:
    with pytest.raises(yaml.YAMLError):
        load_yaml(text)


@each_file
def test_sections_stand_in_reading_order(file: str) -> None:
    first, *rest = template(file)
    assert first == "AWSTemplateFormatVersion"
    assert rest == [section for section in ["Transform", *SECTIONS] if section in rest]
    assert {"Description", "Metadata", "Parameters", "Resources"} <= {*rest}


@each_file
def test_resource_keys_stand_in_reading_order(file: str) -> None:
    for name, resource in own_resources(file):
        keys = [key for key in resource if key != "Metadata"]
        assert keys == [key for key in RESOURCE_KEYS if key in resource], name


@each_system
def test_resources_are_grouped_by_tier(system: str) -> None:
    tiers = [tier for tier, _ in groupby(r["Metadata"]["Tier"] for _, r in own_resources(f"{system}/stack.json"))]
    assert len(tiers) == len(set(tiers))


@each_file
def test_logical_ids_are_nouns_in_camel_case(file: str) -> None:
    body = template(file)
    for section in ("Parameters", "Rules", "Mappings", "Conditions", "Resources", "Outputs"):
        for name in body.get(section, {}):
            assert re.fullmatch(r"[A-Z][A-Za-z0-9]*", name), name


@each_file
def test_everything_is_described(file: str) -> None:
    body = template(file)
    sentences = {"the template": body["Description"]}
    for section in ("Parameters", "Outputs"):
        sentences |= {name: entry.get("Description", "") for name, entry in body.get(section, {}).items()}
    sentences |= {name: entry["Metadata"].get("Description", "") for name, entry in body["Resources"].items()}
    for name, sentence in sentences.items():
        assert re.match(r"[A-Z/0-9'\"]", sentence), f"{name}: {sentence!r}"
        assert sentence.endswith("."), f"{name}: {sentence!r}"
        assert "  " not in sentence, name
    assert len(body["Description"].encode()) <= 1024


@each_file
def test_a_template_is_within_the_limits(file: str) -> None:
    body = template(file)
    assert (OUT / file).with_suffix(".yaml").stat().st_size <= 1_000_000
    for section, most in (("Parameters", 200), ("Mappings", 200), ("Resources", 500), ("Outputs", 200)):
        assert len(body.get(section, {})) <= most
    for entry in body["Parameters"].values():
        assert len(entry["Description"]) <= 4000


# ── Parameters ──


@each_file
def test_parameters_are_constrained_and_say_how(file: str) -> None:
    for name, entry in template(file)["Parameters"].items():
        # Handed on by the root, which has checked it; or checked by CloudFormation, which looks it up.
        if "Handed on by the root template." in entry["Description"] or entry["Type"].startswith("AWS::"):
            continue
        assert CONSTRAINTS & entry.keys(), name
        assert entry.get("ConstraintDescription"), name


@each_file
def test_the_suffix_comes_first(file: str) -> None:
    if "/nested/" in file and '"EnvironmentSuffix"' not in json.dumps(template(file)):
        # A nested stack takes what it uses. Its parent has the suffix, and nothing in this one bears a name.
        assert not file.endswith("/root.json")
        return
    first, entry = next(iter(template(file)["Parameters"].items()))
    assert first == "EnvironmentSuffix"
    assert entry["Type"] == "String"
    for good in ("a", "dev", "qa-1", "a-b-c"):
        assert re.fullmatch(entry["AllowedPattern"], good)
    for bad in ("", "-a", "a-", "a--b", "Dev", "a_b", "a.b", "a b"):
        assert not re.fullmatch(entry["AllowedPattern"], bad)


@each_file
def test_every_parameter_is_in_a_group_and_has_a_label(file: str) -> None:
    body = template(file)
    interface = body["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    assert grouped == [*body["Parameters"]]
    assert [*interface["ParameterLabels"]] == [*body["Parameters"]]
    assert all(label["default"] for label in interface["ParameterLabels"].values())
    assert all(group["Label"]["default"] for group in interface["ParameterGroups"])


def longest(text: str) -> str:
    """A name with the longest value of each pseudo parameter, and of each id that AWS gives out."""
    for name, value in LONGEST.items():
        text = text.replace(f"${{{name}}}", value)
    return re.sub(r"\$\{[^}]*\}", "x" * 36, text)


def too_long(file: str, suffix: int) -> list[str]:
    """The resources whose names are over their service's limit with a suffix of that length, in any branch."""
    body = load(file)
    every = [given(body, {"EnvironmentSuffix": "s" * suffix, **parameters}) for parameters in variants(body)]
    return [
        resource.logical_id
        for of in every
        for resource in of.resources.values()
        for (kind, path), limit in LIMITS.items()
        if resource.type == kind and isinstance(resource[path], str) and len(longest(resource[path])) > limit
    ]


@pytest.mark.parametrize("file", WHOLE)
def test_the_longest_suffix_fits_into_every_name(file: str) -> None:
    most = int(load(file)["Parameters"]["EnvironmentSuffix"]["MaxLength"])
    assert most >= 8
    assert not too_long(file, most)
    assert too_long(file, most + 1), "the limit is lower than the names demand"


NAME = re.compile(r"(Name|Identifier|Family)$")


@each_system
def test_every_name_with_the_suffix_has_a_known_limit(system: str) -> None:
    for of in full(system):
        for resource in of.resources.values():
            for key, value in resource.properties.items():
                if NAME.search(key) and isinstance(value, str) and "qa1" in value:
                    assert (resource.type, key) in LIMITS, f"{resource.logical_id}: {key}"


@each_system
def test_a_stacks_name_fits(system: str) -> None:
    most = int(load(f"{system}/stack.json")["Parameters"]["EnvironmentSuffix"]["MaxLength"])
    tiers = {file["Metadata"]["Template"].get("Tier", "") for file in map(load, FILES) if _of(file, system)}
    assert max(len(f"{system}-{'s' * most}-{tier}") for tier in tiers) <= 128


def _of(body: Mapping[str, Any], system: str) -> bool:
    return bool(body["Metadata"]["Template"]["System"] == system)


def values(path: str) -> dict[str, str]:
    """A file of parameters as name and value. Raises AssertionError for a name that stands twice."""
    entries = json.loads((OUT / path).read_text(encoding="utf-8"))
    found = {entry["ParameterKey"]: entry["ParameterValue"] for entry in entries}
    assert len(found) == len(entries), path
    return found


PARAMETERS = [
    (f"{system}/{template}", f"{system}/parameters/{place}{environment}{name}.json", environment)
    for system in SYSTEMS
    for environment in sorted(path.stem for path in (OUT / system / "parameters").glob("*.json"))
    for template, place, name in [
        ("stack.json", "", ""),
        *(
            (f"tiers/{path.name}", "tiers/", f"/{path.stem}")
            for path in sorted((OUT / system / "tiers").glob("*.json"))
        ),
        *([("edge.json", "edge/", "")] if (OUT / system / "edge.json").exists() else []),
    ]
]
"""Template, its file of parameters, and the environment that the file is for."""


@pytest.mark.parametrize(("file", "given_in", "environment"), PARAMETERS, ids=[path for _, path, _ in PARAMETERS])
def test_parameter_files_fit_their_template(file: str, given_in: str, environment: str) -> None:
    declared = load(file)["Parameters"]
    own = values(given_in)
    assert [*own] == [*declared]
    assert own["EnvironmentSuffix"] == environment
    for name, value in own.items():
        assert not refused(declared[name], value), f"{name} = {value!r}"
    assert not given(load(file), own).broken_rules()
    system = file.split("/", maxsplit=1)[0]
    whole = values(f"{system}/parameters/{environment}.json")
    if file in WHOLE:
        # The edge has parameters of its own; those that both have must not differ.
        own = {name: value for name, value in own.items() if name in whole}
    assert own.items() <= whole.items()


def test_no_parameter_file_without_a_template() -> None:
    found = {str(path.relative_to(OUT)) for path in OUT.glob("*/parameters/**/*.json")}
    assert found == {path for _, path, _ in PARAMETERS}


def refused(parameter: Mapping[str, Any], value: str) -> bool:
    """Whether CloudFormation would refuse a value for a parameter."""
    if "AllowedValues" in parameter and value not in map(str, parameter["AllowedValues"]):
        return True
    if parameter["Type"] == "Number":
        low, high = parameter.get("MinValue", float("-inf")), parameter.get("MaxValue", float("inf"))
        return not low <= float(value) <= high
    if not int(parameter.get("MinLength", 0)) <= len(value) <= int(parameter.get("MaxLength", 4096)):
        return True
    return not re.fullmatch(parameter.get("AllowedPattern", ".*"), value)


@each_system
def test_defaults_are_allowed(system: str) -> None:
    for name, entry in load(f"{system}/stack.json")["Parameters"].items():
        assert "Default" not in entry or not refused(entry, str(entry["Default"])), name


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


@each_file
def test_logs_are_kept_for_a_stated_time(file: str) -> None:
    for name, resource in own_resources(file):
        if resource["Type"] == "AWS::Logs::LogGroup":
            assert resource["Properties"].get("RetentionInDays"), name


def takes_tags(kind: str, region: str) -> bool:
    """Whether the type takes tags, by the schema that AWS publishes (cfn-lint bundles it)."""
    if kind.startswith("Custom::"):
        return False
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(region, kind).schema
    return bool(schema.get("tagging", {}).get("taggable", schema.get("taggable", "Tags" in schema["properties"])))


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
