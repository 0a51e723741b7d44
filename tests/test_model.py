from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from troposphere import Equals, Ref, sns

from tap.errors import TapError
from tap.model import SUFFIX, Tier, text


def made() -> Tier:
    return Tier("events", "Events", "What happens.")


@pytest.mark.parametrize(
    ("value", "written"),
    [
        ("${Topic}", {"Ref": "Topic"}),
        ("${Topic.TopicName}", {"Fn::GetAtt": ["Topic", "TopicName"]}),
        ("${Cluster.Endpoint.Port}", {"Fn::GetAtt": ["Cluster", "Endpoint.Port"]}),
        ("${AWS::Region}", {"Ref": "AWS::Region"}),
        ("a-${Topic}", {"Fn::Sub": "a-${Topic}"}),
        ("${A}${B}", {"Fn::Sub": "${A}${B}"}),
    ],
)
def test_text_with_references(value: str, written: Any) -> None:
    assert text(value).to_dict() == written


def test_text_without_references() -> None:
    assert (text("plain $5"), text("")) == ("plain $5", "")


def test_a_resource_says_what_it_is_for_and_whose_it_is() -> None:
    tier = made()
    assert tier.add(sns.Topic("Topic"), "Tells of it.") is tier.template.resources["Topic"]
    assert tier.template.to_dict()["Resources"]["Topic"]["Metadata"] == {
        "Description": "Tells of it.",
        "Tier": "events",
    }


def test_each_checker_finds_its_exemptions_and_a_person_the_reasons() -> None:
    tier = made()
    exempt = {"CKV_AWS_26": "No key.", "W3005": "On purpose.", "E1029": "It is text.", "TAP1801": "It goes."}
    metadata = tier.add(sns.Topic("Topic"), "Tells.", exempt=exempt).to_dict()["Metadata"]
    assert metadata["checkov"] == {"skip": [{"id": "CKV_AWS_26", "comment": "No key."}]}
    assert metadata["cfn-lint"] == {"config": {"ignore_checks": ["E1029", "W3005"]}}
    told = {"W3005": "On purpose.", "E1029": "It is text.", "TAP1801": "It goes."}
    assert metadata["Exemptions"] == told


def test_an_exemption_of_a_check_before_deployment_is_none_of_cfn_lint_s() -> None:
    metadata = made().add(sns.Topic("Topic"), "Tells.", exempt={"TAP1801": "Why."}).to_dict()["Metadata"]
    assert metadata["Exemptions"] == {"TAP1801": "Why."}
    assert "cfn-lint" not in metadata


def test_what_a_tier_adds_has_a_handle_to_refer_to_it() -> None:
    tier = made()
    size = tier.parameter("Size", "How big.", group="Sizes", label="Size", AllowedValues=["s", "l"])
    big = tier.condition("IsBig", Equals(Ref(size), "l"))
    names = tier.mapping("Names", {"a": {"b": "c"}})
    tier.output("Out", "What comes out.", Ref(size), export="out", condition=big)
    tier.output("Plain", "Not exported.", "x")
    tier.add(sns.Topic("Topic"), "A template needs a resource.")
    body = tier.template.to_dict()
    assert (size.title, big, names) == ("Size", "IsBig", "Names")
    assert body["Parameters"]["Size"] == {"Description": "How big.", "Type": "String", "AllowedValues": ["s", "l"]}
    assert body["Conditions"] == {"IsBig": {"Fn::Equals": [{"Ref": "Size"}, "l"]}}
    assert body["Mappings"] == {"Names": {"a": {"b": "c"}}}
    assert body["Outputs"]["Out"] == {"Description": "What comes out.", "Value": {"Ref": "Size"}, "Condition": "IsBig"}
    assert tier.exports == {"Out": "out"}
    assert (tier.labels["Size"].group, tier.labels["Size"].text) == ("Sizes", "Size")
    assert SUFFIX == "EnvironmentSuffix"


@pytest.mark.parametrize(
    "add",
    [
        lambda to: to.add(sns.Topic("Same"), "Tells."),
        lambda to: to.parameter("Same", "How big.", group="Sizes", label="Size"),
        lambda to: to.condition("Same", Equals("a", "b")),
        lambda to: to.mapping("Same", {"a": {"b": "c"}}),
        lambda to: to.output("Same", "What comes out.", "x"),
    ],
)
def test_a_name_is_given_once_in_a_section(add: Callable[[Tier], object]) -> None:
    tier = made()
    add(tier)
    with pytest.raises(TapError, match=r"tier events: Same \(\w+\) is defined twice"):
        add(tier)
