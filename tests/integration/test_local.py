from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tap import local, project
from tap.local import Endpoint, process
from tap.local.files import Files

pytestmark = pytest.mark.integration

Clients = Callable[..., Any]
EVERY_TYPE = Path(__file__).parent.parent / "local" / "every_type.yaml"


# --- the public command ---


def run(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    """``python generate.py local …`` as a person runs it."""
    return subprocess.run(
        [sys.executable, "generate.py", "local", *arguments],
        cwd=project.ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def own(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An environment with a state folder of its own, in which no emulator survives the test."""
    yield {
        **{name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TAP_"))},
        "TAP_STATE_DIR": str(tmp_path),
        "TAP_LOCAL_ACCOUNT": "123456789012",
    }
    process.stop(Files(tmp_path / "local"), forget=True)


def test_start_prints_what_a_shell_needs(own: dict[str, str]) -> None:
    shown = subprocess.run(
        [
            "sh",
            "-c",
            f'eval "$({sys.executable} generate.py local start)" && '
            f'{sys.executable} -c "import boto3; print(boto3.client(\\"sts\\").get_caller_identity()[\\"Account\\"])"',
        ],
        cwd=project.ROOT,
        env=own,
        capture_output=True,
        text=True,
        check=True,
    )
    assert shown.stdout.strip() == "123456789012"


def test_start_twice_is_one_emulator(own: dict[str, str]) -> None:
    first, second = run(own, "start"), run(own, "start")
    assert first.returncode == second.returncode == 0
    assert first.stdout == second.stdout
    assert first.stdout.startswith("export AWS_ENDPOINT_URL=http://127.0.0.1:")


def test_status_tells_by_its_exit_code_too(own: dict[str, str]) -> None:
    before = run(own, "status")
    assert (before.returncode, before.stdout.split(" (")[0]) == (1, "not running")
    run(own, "start")
    during = run(own, "status")
    assert during.returncode == 0
    assert "running   http://127.0.0.1:" in during.stdout
    assert "account   123456789012, region us-east-1" in during.stdout
    run(own, "stop")
    after = run(own, "status")
    assert after.returncode == 1
    assert "state kept" in after.stdout


def test_stop_is_idempotent(own: dict[str, str]) -> None:
    run(own, "start")
    assert [run(own, "stop").returncode for _ in range(3)] == [0, 0, 0]


def test_a_stack_outlives_a_stop_and_a_forget_ends_it(own: dict[str, str]) -> None:
    body = '{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'
    where = Files(Path(own["TAP_STATE_DIR"]) / "local")

    def client() -> Any:
        return _client(f"http://127.0.0.1:{process.ensure(where).port}", "123456789012", "cloudformation")

    run(own, "start")
    client().create_stack(StackName="kept", TemplateBody=body)
    settle(client(), "kept", "CREATE_COMPLETE")
    run(own, "stop")
    run(own, "start")
    assert "stack     kept  CREATE_COMPLETE" in run(own, "status").stdout
    run(own, "stop", "--forget")
    run(own, "start")
    assert "kept" not in run(own, "status").stdout.replace("state kept", "")


def test_an_operation_under_way_has_failed_after_a_stop(own: dict[str, str]) -> None:
    where = Files(Path(own["TAP_STATE_DIR"]) / "local")
    resources = {
        "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
        "Wait": {
            "Type": "AWS::CloudFormation::WaitCondition",
            "Properties": {"Handle": {"Ref": "Handle"}, "Timeout": "300"},
        },
    }
    url = f"http://127.0.0.1:{process.ensure(where).port}"
    _client(url, "123456789012", "cloudformation").create_stack(
        StackName="waiting", TemplateBody=json.dumps({"Resources": resources})
    )
    run(own, "stop")
    run(own, "start")
    assert "stack     waiting  CREATE_FAILED" in run(own, "status").stdout


def test_help_says_what_a_green_run_does_not_prove(own: dict[str, str]) -> None:
    assert "does not show that" in run(own, "--help").stdout


# --- the resource types ---


def _client(url: str, account: str, service: str) -> Any:
    import boto3

    return boto3.client(
        service,  # type: ignore[call-overload]
        region_name="us-east-1",
        endpoint_url=url,
        aws_access_key_id=account,
        aws_secret_access_key=local.SECRET,
    )


def change(cloudformation: Any, stack: str, body: str, kind: str, **parameters: str) -> list[dict[str, Any]]:
    """Bring a stack to a template by change set; gives the changes. Fails with the reasons of what failed."""
    key = {"StackName": stack, "ChangeSetName": "-".join(("c", *parameters.values()))}
    cloudformation.create_change_set(
        **key,
        ChangeSetType=kind,
        TemplateBody=body,
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[{"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()],
    )
    until(lambda: cloudformation.describe_change_set(**key)["Status"], "CREATE_COMPLETE")
    pages = cloudformation.get_paginator("describe_change_set").paginate(**key)
    changes = [one["ResourceChange"] for page in pages for one in page["Changes"]]
    cloudformation.execute_change_set(**key)
    settle(cloudformation, stack, f"{kind}_COMPLETE")
    return changes


def settle(cloudformation: Any, stack: str, wanted: str) -> None:
    """Wait for the end of an operation; fail with the events' reasons when it is not the wanted one."""

    def status() -> str:
        return str(cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"])

    try:
        until(status, wanted)
    except AssertionError as error:
        events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
        told = [f"{one['LogicalResourceId']}: {one.get('ResourceStatusReason')}" for one in events]
        raise AssertionError("\n".join([str(error), *told])) from None


def until(status: Callable[[], str], wanted: str) -> None:
    """Ask for a status until it is no longer in progress; each question takes the emulator some milliseconds."""
    deadline = time.monotonic() + 60
    while (found := status()) != wanted:
        in_progress = found.endswith(("_IN_PROGRESS", "_PENDING"))
        assert in_progress, f"{found} instead of {wanted}"
        assert time.monotonic() < deadline, f"still {found}"


def ids(cloudformation: Any, stack: str) -> dict[str, str]:
    """Physical ids by logical id."""
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=stack)
    return {
        one["LogicalResourceId"]: one["PhysicalResourceId"] for page in pages for one in page["StackResourceSummaries"]
    }


def tag(tags: list[dict[str, str]], key: str = "Round") -> str | None:
    """A tag's value."""
    return next((one["Value"] for one in tags if one["Key"] == key), None)


def ec2_round(clients: Clients, at: dict[str, str], number: str) -> None:
    """EC2 itself has what the template of this round says."""
    ec2 = clients("ec2")
    address = next(one for one in ec2.describe_addresses()["Addresses"] if one["PublicIp"] == at["Address"])
    assert tag(address["Tags"]) == number
    gateway = ec2.describe_nat_gateways(NatGatewayIds=[at["Nat"]])["NatGateways"][0]
    assert (gateway["SubnetId"], tag(gateway["Tags"])) == (at["Subnet"], number)
    interface = ec2.describe_network_interfaces(NetworkInterfaceIds=[at["Interface"]])["NetworkInterfaces"][0]
    assert interface["Description"] == f"round {number}"
    assert interface["SourceDestCheck"] is False
    assert interface["Attachment"]["InstanceId"] == at["Instance"]
    extra = ec2.describe_network_interfaces(NetworkInterfaceIds=[at["ExtraInterface"]])["NetworkInterfaces"][0]
    assert extra["Attachment"]["AttachmentId"] == at["Attachment"]
    instance = ec2.describe_instances(InstanceIds=[at["Instance"]])["Reservations"][0]["Instances"][0]
    assert (instance["InstanceType"], instance["SubnetId"]) == ("t3.micro", at["Subnet"])
    assert tag(instance["Tags"]) == number
    for rule, outward, other in (("Ingress", False, "OtherGroup"), ("Egress", True, "Group")):
        found = ec2.describe_security_group_rules(SecurityGroupRuleIds=[at[rule]])["SecurityGroupRules"][0]
        assert (found["IsEgress"], found["FromPort"], found["ToPort"]) == (outward, 80, 80)
        assert found["ReferencedGroupInfo"]["GroupId"] == at[other]
        assert found["Description"] == f"round {number}"
    acls = {one["NetworkAclId"]: one for one in ec2.describe_network_acls()["NetworkAcls"]}
    acl = acls[at["Acl"]]
    assert tag(acl["Tags"]) == number
    assert [one["RuleAction"] for one in acl["Entries"]] == ["deny" if number == "2" else "allow"]
    assert [one["SubnetId"] for one in acl["Associations"]] == [at["Subnet"]]
    log = ec2.describe_flow_logs(FlowLogIds=[at["FlowLog"]])["FlowLogs"][0]
    assert log["ResourceId"] == at["Vpc"]
    route = ec2.describe_route_tables(RouteTableIds=[at["Routes"]])["RouteTables"][0]["Routes"]
    assert at["Interface"] in [one.get("NetworkInterfaceId") for one in route]


def services_round(clients: Clients, at: dict[str, str], number: str) -> None:
    """The other services have what the template of this round says."""
    second = number == "2"
    cluster = clients("ecs").describe_clusters(clusters=[at["Cluster"]])["clusters"][0]
    assert cluster["capacityProviders"] == (["FARGATE"] if second else ["FARGATE", "FARGATE_SPOT"])
    backup = clients("backup")
    selections = backup.list_backup_selections(BackupPlanId=at["Plan"])["BackupSelectionsList"]
    assert [one["SelectionName"] for one in selections] == [f"round-{number}"]
    secrets = clients("secretsmanager")
    rotated = secrets.describe_secret(SecretId=at["Rotation"])
    assert rotated["RotationEnabled"] is True
    assert rotated["RotationRules"]["AutomaticallyAfterDays"] == (60 if second else 30)
    policy = secrets.get_resource_policy(SecretId=at["Secret"])["ResourcePolicy"]
    assert json.loads(policy)["Statement"][0]["Sid"] == f"Round{number}"
    waf = clients("wafv2")
    assert waf.get_web_acl_for_resource(ResourceArn=at["Balancer"])["WebACL"]["Name"] in at["WebAcl"]
    name, identifier, scope = at["Addresses"].split("|")
    addresses = waf.get_ip_set(Name=name, Id=identifier, Scope=scope)["IPSet"]["Addresses"]
    assert addresses == ["10.2.0.0/16" if second else "10.1.0.0/16"]
    iam = clients("iam")
    inline = iam.get_role_policy(RoleName=at["Role"], PolicyName="every-type-policy")["PolicyDocument"]
    assert inline["Statement"][0]["Action"] == ("s3:PutObject" if second else "s3:GetObject")
    assert iam.get_role(RoleName=at["ServiceRole"])["Role"]["Path"].startswith("/aws-service-role/")
    alarms = clients("cloudwatch").describe_alarms(AlarmTypes=["CompositeAlarm", "MetricAlarm"])
    assert [one["AlarmDescription"] for one in alarms["CompositeAlarms"]] == [f"round {number}"]
    assert [one["AlarmName"] for one in alarms["MetricAlarms"]] == [at["MathAlarm"]]
    logs = clients("logs")
    assert logs.get_delivery_source(name="source")["deliverySource"]["tags"]["Round"] == number
    assert logs.get_delivery_destination(name="destination")["deliveryDestination"]["tags"]["Round"] == number
    delivery = logs.get_delivery(id=at["Delivery"])["delivery"]
    assert delivery["recordFields"] == (["date", "time"] if second else ["date"])
    origin = clients("cloudfront").get_vpc_origin(Id=at["Origin"])["VpcOrigin"]
    assert origin["VpcOriginEndpointConfig"]["HTTPPort"] == (8080 if second else 80)


def test_every_type_is_made_updated_and_deleted(clients: Clients, account: str) -> None:
    cloudformation, body, stack = clients("cloudformation"), EVERY_TYPE.read_text(), "every-type"
    change(cloudformation, stack, body, "CREATE", Round="1")
    made = ids(cloudformation, stack)
    ec2_round(clients, made, "1")
    services_round(clients, made, "1")
    outputs = {
        one["OutputKey"]: one["OutputValue"]
        for one in cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["Outputs"]
    }
    assert outputs["Account"] == account
    assert outputs["Image"].startswith("ami-")
    assert outputs["SecretRef"].startswith(f"arn:aws:secretsmanager:us-east-1:{account}:secret:")
    assert outputs["InterfaceIp"].startswith("10.0.")
    assert outputs["SubnetCidr"] == "10.0.1.0/24" or outputs["SubnetCidr"].startswith("10.0.0.")
    assert outputs["OriginArn"].startswith("arn:aws:cloudfront::")

    changes = change(cloudformation, stack, body, "UPDATE", Round="2")
    replaced = {one["LogicalResourceId"] for one in changes if one.get("Replacement") == "True"}
    assert replaced == {"Selection"}
    now = ids(cloudformation, stack)
    ec2_round(clients, now, "2")
    services_round(clients, now, "2")
    kept = {name for name, identifier in made.items() if now[name] == identifier}
    assert set(made) - kept == {"Selection"}

    identifier = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName=stack)
    settle(cloudformation, identifier, "DELETE_COMPLETE")
    nothing_is_left(clients, now)


def nothing_is_left(clients: Clients, was: dict[str, str]) -> None:
    """No service has anything of a deleted stack."""
    ec2 = clients("ec2")
    assert ec2.describe_addresses()["Addresses"] == []
    assert ec2.describe_nat_gateways()["NatGateways"] == []
    assert ec2.describe_network_interfaces()["NetworkInterfaces"] == []
    assert ec2.describe_flow_logs()["FlowLogs"] == []
    assert was["Acl"] not in [one["NetworkAclId"] for one in ec2.describe_network_acls()["NetworkAcls"]]
    states = [
        one["State"]["Name"]
        for reservation in ec2.describe_instances()["Reservations"]
        for one in reservation["Instances"]
    ]
    assert set(states) <= {"terminated"}
    secrets = clients("secretsmanager").list_secrets()["SecretList"]
    assert secrets == []
    assert clients("wafv2").list_ip_sets(Scope="REGIONAL")["IPSets"] == []
    alarms = clients("cloudwatch").describe_alarms(AlarmTypes=["CompositeAlarm", "MetricAlarm"])
    assert (alarms["CompositeAlarms"], alarms["MetricAlarms"]) == ([], [])
    logs = clients("logs")
    assert logs.describe_deliveries()["deliveries"] == []
    assert logs.describe_delivery_sources()["deliverySources"] == []
    assert logs.describe_delivery_destinations()["deliveryDestinations"] == []
    assert clients("cloudfront").list_vpc_origins()["VpcOriginList"].get("Items", []) == []
    roles = [one["RoleName"] for one in clients("iam").list_roles()["Roles"]]
    assert was["ServiceRole"] not in roles


def test_the_template_names_every_type_that_is_only_recorded() -> None:
    body = EVERY_TYPE.read_text()
    assert [name for name in local.record_only_types() if f"Type: {name}\n" not in body] == []


def test_a_condition_that_flips_is_in_the_change_set(clients: Clients) -> None:
    cloudformation, stack = clients("cloudformation"), "switched"
    body = json.dumps(
        {
            "Parameters": {"Optional": {"Type": "String", "Default": "no"}},
            "Conditions": {"With": {"Fn::Equals": [{"Ref": "Optional"}, "yes"]}},
            "Resources": {
                "Always": {"Type": "AWS::SNS::Topic"},
                "Switched": {"Type": "AWS::SNS::Topic", "Condition": "With"},
            },
        }
    )
    shown = [
        [(one["Action"], one["LogicalResourceId"]) for one in change(cloudformation, stack, body, kind, Optional=value)]
        for kind, value in (("CREATE", "no"), ("UPDATE", "yes"))
    ]
    assert shown == [[("Add", "Always")], [("Add", "Switched")]]
    back = change(cloudformation, stack, body.replace('"no"', '"none"'), "UPDATE", Optional="none")
    assert [(one["Action"], one["LogicalResourceId"]) for one in back] == [("Remove", "Switched")]


def test_a_type_that_cannot_be_updated_in_place_is_refused_by_name(clients: Clients) -> None:
    cloudformation, stack = clients("cloudformation"), "refused"
    body = {
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::ServiceLinkedRole",
                "Properties": {"AWSServiceName": "ecs.amazonaws.com", "Description": "one"},
            }
        }
    }
    cloudformation.create_stack(StackName=stack, TemplateBody=json.dumps(body), Capabilities=["CAPABILITY_IAM"])
    settle(cloudformation, stack, "CREATE_COMPLETE")
    body["Resources"]["Role"]["Properties"]["Description"] = "two"  # type: ignore[index]
    cloudformation.update_stack(StackName=stack, TemplateBody=json.dumps(body), Capabilities=["CAPABILITY_IAM"])
    settle(cloudformation, stack, "UPDATE_ROLLBACK_COMPLETE")
    reasons = [
        one.get("ResourceStatusReason", "")
        for one in cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    ]
    assert any("the local emulator cannot change Description in place" in reason for reason in reasons)


@pytest.mark.parametrize("region", ["us-east-1", "ap-southeast-1"])
def test_nested_stacks_come_from_the_emulators_own_bucket(clients: Clients, account: str, region: str) -> None:
    s3, cloudformation = clients("s3", region=region), clients("cloudformation", region=region)
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    s3.create_bucket(Bucket=f"templates-{account}", **where)
    child = {
        "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}},
        "Outputs": {"Arn": {"Value": {"Ref": "Topic"}}},
    }
    s3.put_object(Bucket=f"templates-{account}", Key="a/child.yaml", Body=json.dumps(child).encode())
    url = "https://s3.${AWS::Region}.${AWS::URLSuffix}/templates-${AWS::AccountId}/a/child.yaml"
    root = {
        "Resources": {"Child": {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": {"Fn::Sub": url}}}},
        "Outputs": {"Arn": {"Value": {"Fn::GetAtt": ["Child", "Outputs.Arn"]}}},
    }
    cloudformation.create_stack(StackName="root", TemplateBody=json.dumps(root))
    settle(cloudformation, "root", "CREATE_COMPLETE")
    outputs = cloudformation.describe_stacks(StackName="root")["Stacks"][0]["Outputs"]
    assert outputs[0]["OutputValue"].startswith(f"arn:aws:sns:{region}:{account}:root-Child-")


FUNCTION = """\
import boto3, cfnresponse

def handler(event, context):
    try:
        buckets = boto3.client("s3").list_buckets()["Buckets"]
        cfnresponse.send(event, context, cfnresponse.SUCCESS, {"Buckets": len(buckets)}, "made")
    except Exception as error:
        cfnresponse.send(event, context, cfnresponse.FAILED, {}, "made", reason=str(error))
"""


def test_a_custom_resource_has_the_sdk_and_its_roles_rights(clients: Clients) -> None:
    cloudformation = clients("cloudformation")
    clients("s3").create_bucket(Bucket="one-of-the-buckets")

    def body(action: str) -> str:
        trust = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
        allowed = {"Effect": "Allow", "Action": action, "Resource": "*"}
        return json.dumps(
            {
                "Resources": {
                    "Role": {
                        "Type": "AWS::IAM::Role",
                        "Properties": {
                            "AssumeRolePolicyDocument": {"Version": "2012-10-17", "Statement": [trust]},
                            "Policies": [
                                {
                                    "PolicyName": "p",
                                    "PolicyDocument": {"Version": "2012-10-17", "Statement": [allowed]},
                                }
                            ],
                        },
                    },
                    "Function": {
                        "Type": "AWS::Lambda::Function",
                        "Properties": {
                            "Runtime": "python3.12",
                            "Handler": "index.handler",
                            "Role": {"Fn::GetAtt": ["Role", "Arn"]},
                            "Code": {"ZipFile": FUNCTION},
                        },
                    },
                    "Made": {
                        "Type": "Custom::Made",
                        "Properties": {
                            "ServiceToken": {"Fn::GetAtt": ["Function", "Arn"]},
                            "ServiceTimeout": 20,
                        },
                    },
                },
                "Outputs": {"Buckets": {"Value": {"Fn::GetAtt": ["Made", "Buckets"]}}},
            }
        )

    for stack, action, status in (
        ("may", "s3:ListAllMyBuckets", "CREATE_COMPLETE"),
        ("may-not", "s3:GetObject", "ROLLBACK_COMPLETE"),
    ):
        cloudformation.create_stack(StackName=stack, TemplateBody=body(action), Capabilities=["CAPABILITY_IAM"])
        settle(cloudformation, stack, status)
    assert cloudformation.describe_stacks(StackName="may")["Stacks"][0]["Outputs"][0]["OutputValue"] == "1"
    reasons = [
        one.get("ResourceStatusReason", "")
        for one in cloudformation.describe_stack_events(StackName="may-not")["StackEvents"]
    ]
    assert any("AccessDenied" in reason for reason in reasons)


def test_accounts_do_not_see_each_other(emulator: Endpoint, clients: Clients) -> None:
    clients("cloudformation").create_stack(
        StackName="mine", TemplateBody='{"Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}'
    )
    other = _client(emulator.url, "999999999999", "cloudformation")
    assert "mine" not in [one["StackName"] for one in other.list_stacks()["StackSummaries"]]
