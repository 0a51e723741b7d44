from __future__ import annotations

from typing import Any

from tests.diff.building import changes, diff, resource, side


def chain(name: str) -> dict[str, Any]:
    return {
        "Vpc": resource("EC2::VPC", {"CidrBlock": name}),
        "Subnet": resource("EC2::Subnet", {"VpcId": {"Ref": "Vpc"}}),
        "Instance": resource("EC2::Instance", {"SubnetId": {"Fn::Sub": "${Subnet.SubnetId}"}}),
        "Alarm": resource("CloudWatch::Alarm", {"Dimensions": [{"Name": "Id", "Value": {"Ref": "Instance"}}]}),
        "Other": resource("SNS::Topic"),
    }


def test_a_replacement_is_followed_through_references() -> None:
    found = changes(chain("10.0.0.0/16"), chain("10.1.0.0/16"))
    assert {key: one.action.value for key, one in found.items()} == {
        "Vpc": "replace",
        "Subnet": "replace",
        "Instance": "replace",
        "Alarm": "update",
    }
    (edit,) = found["Alarm"].edits
    assert (edit.path, edit.after, edit.cause) == ("Dimensions[Id].Value", "(known after apply)", "Instance")
    # An instance keeps its data on volumes (tap.diff.stateful).
    assert found["Instance"].level.word == "none"


def test_what_follows_from_a_maybe_is_a_maybe() -> None:
    def template(engine: str) -> dict[str, Any]:
        return {
            "Cluster": resource("RDS::DBCluster", {"Engine": engine}),
            "Writer": resource("RDS::DBInstance", {"DBClusterIdentifier": {"Ref": "Cluster"}}),
            "Topic": resource("SNS::Topic", {"DisplayName": {"Fn::GetAtt": ["Cluster", "Endpoint.Port"]}}),
        }

    found = changes(template("a"), template("b"))
    assert [found[key].action.value for key in ("Writer", "Topic")] == ["may replace", "may change"]


def test_an_update_in_place_moves_only_what_moves() -> None:
    def template(value: str) -> dict[str, Any]:
        return {
            "P": resource("SSM::Parameter", {"Type": "String", "Value": value}),
            "L": resource("EC2::LaunchTemplate", {"LaunchTemplateData": {"ImageId": value}}),
            "OfValue": resource("SNS::Topic", {"DisplayName": {"Fn::GetAtt": ["P", "Value"]}}),
            "OfType": resource("SNS::Topic", {"DisplayName": {"Fn::GetAtt": ["P", "Type"]}}),
            "OfName": resource("SNS::Topic", {"DisplayName": {"Ref": "P"}}),
            "OfVersion": resource("SNS::Topic", {"DisplayName": {"Fn::GetAtt": "L.LatestVersionNumber"}}),
        }

    found = changes(template("a"), template("b"))
    assert {key: one.action.value for key, one in found.items()} == {
        "P": "update",
        "L": "update",
        "OfValue": "may change",
        "OfVersion": "may change",
    }


def test_a_branch_that_is_not_taken_follows_nothing() -> None:
    def template(cidr: str) -> Any:
        value = {"Fn::If": ["Never", {"Ref": "Vpc"}, "none"]}
        resources = {
            "Vpc": resource("EC2::VPC", {"CidrBlock": cidr}),
            "T": resource("SNS::Topic", {"DisplayName": value}),
        }
        return side(resources, Conditions={"Never": {"Fn::Equals": ["a", "b"]}})

    assert set(changes(template("10.0.0.0/16"), template("10.1.0.0/16"))) == {"Vpc"}


def test_outputs_follow_too_and_exports_are_minded() -> None:
    def template(cidr: str) -> Any:
        output = {"Value": {"Ref": "Vpc"}, "Export": {"Name": "vpc"}}
        return side({"Vpc": resource("EC2::VPC", {"CidrBlock": cidr})}, Outputs={"VpcId": output})

    (edit,) = diff(template("10.0.0.0/16"), template("10.1.0.0/16")).sections
    assert (edit.section, edit.path, edit.after, edit.cause) == ("Outputs", "VpcId.Value", "(known after apply)", "Vpc")
    assert "another stack imports vpc" in edit.note


def nested(child: dict[str, Any], outputs: dict[str, Any] | None = None) -> Any:
    from tap.diff.side import Side

    resources = {
        "Inner": resource("CloudFormation::Stack", {"TemplateURL": {"Fn::Sub": "https://b/${P}inner.yaml"}}),
        "User": resource("SNS::Topic", {"DisplayName": {"Fn::GetAtt": ["Inner", "Outputs.Name"]}}),
    }
    inner = {"Resources": child, "Outputs": outputs or {}}
    return Side({"Resources": resources}, {"P": "x/"}, children={"inner.yaml": inner}, label="root")


def test_what_happens_inside_a_nested_stack_is_seen_where_its_template_is_at_hand() -> None:
    table = {"Table": resource("DynamoDB::Table", {"TableName": "a"})}
    found = diff(nested(table), nested({}))
    (stack,) = found.changes
    assert (stack.logical_id, stack.action.value, stack.children[0].action.value) == ("Inner", "update", "delete")
    assert found.dangerous


def test_of_a_nested_stack_only_outputs_that_change_are_followed() -> None:
    """FIELD: nested change sets announce more replacements than come."""
    topic = {"T": resource("SNS::Topic", {"DisplayName": "a"})}
    other = {"T": resource("SNS::Topic", {"DisplayName": "b"})}
    assert [one.logical_id for one in diff(nested(topic), nested(other)).changes] == ["Inner"]
    found = diff(nested(topic, {"Name": {"Value": "a"}}), nested(topic, {"Name": {"Value": "b"}}))
    assert {one.logical_id: one.action.value for one in found.changes} == {"User": "may change"}
