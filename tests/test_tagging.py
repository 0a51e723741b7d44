from __future__ import annotations

from typing import Any

import pytest
from troposphere import AWSObject, Tags, apigatewayv2, autoscaling, backup, iam, s3, sns, ssm

from tap import tagging

TAGS = {"Environment": "${EnvironmentSuffix}", "System": "shop"}
SUFFIX = {"Ref": "EnvironmentSuffix"}


def tagged(resource: AWSObject, tags: dict[str, str] | None = None) -> Any:
    tagging.apply(resource, TAGS if tags is None else tags)
    return resource.to_dict(validation=False).get("Properties", {})


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("shop", "shop"),
        ("", ""),
        ("${Owner}", {"Ref": "Owner"}),
        ("${Owner}-team", {"Fn::Sub": "${Owner}-team"}),
        ("${A}${B}", {"Fn::Sub": "${A}${B}"}),
    ],
)
def test_a_value(text: str, written: Any) -> None:
    assert tagged(sns.Topic("T"), {"Key": text})["Tags"] == [{"Key": "Key", "Value": written}]
    assert tagged(ssm.Parameter("P"), {"Key": text})["Tags"] == {"Key": written}


def test_a_list_of_keys_and_values() -> None:
    assert tagged(sns.Topic("T"))["Tags"] == [
        {"Key": "Environment", "Value": SUFFIX},
        {"Key": "System", "Value": "shop"},
    ]


@pytest.mark.parametrize("kind", [ssm.Parameter, apigatewayv2.Api])
def test_a_map(kind: type[AWSObject]) -> None:
    assert tagged(kind("P"))["Tags"] == {"Environment": SUFFIX, "System": "shop"}


def test_a_property_of_another_name() -> None:
    properties = tagged(backup.BackupVault("V", BackupVaultName="v"))
    assert properties["BackupVaultTags"] == {"Environment": SUFFIX, "System": "shop"}
    assert "Tags" not in properties


def test_a_tag_that_is_there_keeps_its_value_and_its_place() -> None:
    tags = tagged(s3.Bucket("B", Tags=Tags(System="own", Extra="e")))["Tags"]
    assert tags == [
        {"Key": "Extra", "Value": "e"},
        {"Key": "System", "Value": "own"},
        {"Key": "Environment", "Value": SUFFIX},
    ]


def test_a_map_entry_that_is_there_keeps_its_value() -> None:
    assert tagged(ssm.Parameter("P", Tags={"System": "own"}))["Tags"] == {"System": "own", "Environment": SUFFIX}


@pytest.mark.parametrize("make", [lambda: sns.Topic("T", Tags=Tags(Own="o")), lambda: ssm.Parameter("P")])
def test_twice_is_as_once(make: Any) -> None:
    once, twice = make(), make()
    tagging.apply(twice, TAGS)
    assert tagged(once) == tagged(twice)


def test_a_type_without_tags_is_left_alone() -> None:
    assert "Tags" not in tagged(sns.TopicPolicy("P", PolicyDocument={}, Topics=[]))
    assert "Tags" not in tagged(iam.PolicyType("P", PolicyName="p", PolicyDocument={}))


def test_tags_stand_last() -> None:
    resource = s3.Bucket("B", Tags=Tags(Own="o"), BucketName="shop")
    assert list(tagged(resource)) == ["BucketName", "Tags"]


@pytest.mark.parametrize(
    ("own", "first"),
    [
        (None, []),
        (Tags(Own="o"), [{"Key": "Own", "Value": "o", "PropagateAtLaunch": True}]),
        (autoscaling.Tags(Own=("o", False)), [{"Key": "Own", "Value": "o", "PropagateAtLaunch": False}]),
        (autoscaling.Tags(Own="o"), [{"Key": "Own", "Value": "o", "PropagateAtLaunch": True}]),
        (
            [{"Key": "Own", "Value": "o", "PropagateAtLaunch": False}],
            [{"Key": "Own", "Value": "o", "PropagateAtLaunch": False}],
        ),
    ],
)
def test_the_instances_of_a_group_get_its_tags(own: Any, first: list[Any]) -> None:
    """An AutoScalingGroup's tags must say so; a group that says otherwise of a tag is left its say."""
    group = autoscaling.AutoScalingGroup("G", MinSize="1", MaxSize="1", **({"Tags": own} if own else {}))
    tagging.apply(group, TAGS)
    tags = group.to_dict(validation=False)["Properties"]["Tags"]
    assert tags == [
        *first,
        {"Key": "Environment", "Value": SUFFIX, "PropagateAtLaunch": True},
        {"Key": "System", "Value": "shop", "PropagateAtLaunch": True},
    ]
