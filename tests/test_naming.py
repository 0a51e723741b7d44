from __future__ import annotations

from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tap.model import SUFFIX
from tap.naming import (
    SUFFIX_PATTERN,
    Length,
    NameTooLongError,
    camel,
    kebab,
    longest,
    longest_suffix,
    physical_names,
)
from tap.physical_names import PHYSICAL_NAMES
from tap.references import SUB_VARIABLE
from tests.building import named

PARAMETERS = {
    SUFFIX: {"Type": "String"},
    "Size": {"Type": "String", "AllowedValues": ["small", "enormous"]},
    "Owner": {"Type": "String", "MaxLength": "20"},
    "Free": {"Type": "String"},
    "Number": {"Type": "Number", "AllowedValues": [5, 100]},
}
SUFFIX_REF = {"Ref": SUFFIX}


def resource(kind: str = "AWS::SNS::Topic", **properties: Any) -> dict[str, Any]:
    return {"Type": kind, "Properties": properties}


def sub(text: str) -> dict[str, str]:
    return {"Fn::Sub": text}


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("BackendServiceArn", "backend-service-arn"),
        ("DBClusterId", "db-cluster-id"),
        ("VPC", "vpc"),
        ("VpcA", "vpc-a"),
        ("Ec2Instance2Arn", "ec2-instance2-arn"),
        ("topic", "topic"),
        ("AlbDNSName", "alb-dns-name"),
    ],
)
def test_kebab(name: str, expected: str) -> None:
    assert kebab(name) == expected


@pytest.mark.parametrize(
    ("name", "expected"), [("api-gateway", "ApiGateway"), ("network", "Network"), ("dB-x", "DBX"), ("a-1b", "A1b")]
)
def test_camel(name: str, expected: str) -> None:
    assert camel(name) == expected


@given(st.lists(st.from_regex(r"[a-z][a-z0-9]{1,5}", fullmatch=True), min_size=1, max_size=4).map("-".join))
def test_camel_and_back(name: str) -> None:
    assert kebab(camel(name)) == name


# ── how long a name can be ──


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("fixed-name", (10, 0)),
        (SUFFIX_REF, (0, 1)),
        (sub("shop"), (4, 0)),
        (sub(f"shop-${{{SUFFIX}}}"), (5, 1)),
        (sub(f"${{{SUFFIX}}}-${{{SUFFIX}}}"), (1, 2)),
        (sub("${!Literal}"), (len("${Literal}"), 0)),
        (sub("x-${Size}"), (2 + len("enormous"), 0)),
        (sub("x-${Owner}"), (2 + 20, 0)),
        ({"Ref": "Number"}, (3, 0)),
        (sub("${AWS::AccountId}-x"), (14, 0)),
        (sub("x-${AWS::Region}"), (2 + len("ap-southeast-1"), 0)),
        ({"Ref": "AWS::NoValue"}, (0, 0)),
        ({"Fn::Sub": ["${a}-${Size}", {"a": sub(f"abc-${{{SUFFIX}}}")}]}, (4 + 1 + 8, 1)),
        ({"Fn::If": ["C", "abcdef", SUFFIX_REF]}, (6, 1)),
        ({"Fn::If": ["C", {"Ref": "Owner"}, "ab"]}, (20, 0)),
        ({"Fn::Join": ["--", ["a", SUFFIX_REF, {"Ref": "Size"}]]}, (1 + 2 + 2 + 8, 1)),
        ({"Fn::Join": ["-", ["alone"]]}, (5, 0)),
    ],
)
def test_longest(value: Any, expected: tuple[int, int]) -> None:
    assert longest(value, PARAMETERS, {}) == Length(*expected)


def test_a_resources_name_within_anothers() -> None:
    resources = {"Fn": resource("AWS::Lambda::Function", FunctionName=sub(f"shop-${{{SUFFIX}}}"))}
    assert longest(sub("/aws/lambda/${Fn}"), PARAMETERS, resources) == Length(12 + 5, 1)


@pytest.mark.parametrize(
    ("value", "why"),
    [
        ({"Ref": "Free"}, "the parameter Free in it has neither MaxLength nor AllowedValues"),
        (sub("x-${Free}"), "the parameter Free"),
        ({"Fn::GetAtt": ["Topic", "TopicName"]}, "its length cannot be known"),
        ({"Fn::ImportValue": "x"}, "its length cannot be known"),
        ({"Fn::Join": ["-", {"Ref": "Many"}]}, "its length cannot be known"),
        ({"Fn::If": ["C", "short", {"Ref": "Free"}]}, "the parameter Free"),
        ({"Ref": "AWS::StackId"}, "the length of AWS::StackId in it cannot be known"),
        ({"Ref": "Nameless"}, "the length of Nameless in it cannot be known"),
        ({"Ref": "Topic"}, "the length of Topic in it cannot be known"),
        ({"Ref": "Cluster.Arn"}, "cannot be known"),
    ],
)
def test_what_nobody_can_know(value: Any, why: str) -> None:
    """A topic's Ref is its ARN, which is longer than its name; a bucket without a name is named by CloudFormation."""
    resources = {"Topic": resource(TopicName="x"), "Nameless": resource("AWS::S3::Bucket")}
    with pytest.raises(NameTooLongError, match=why):
        longest(value, PARAMETERS, resources)


# ── the names a template gives ──


def test_physical_names_are_found_at_their_properties() -> None:
    resources = {
        "Topic": resource(TopicName="t"),
        "Nameless": resource(),
        "Bare": {"Type": "AWS::SNS::Topic"},
        "Other": resource("AWS::Else::Thing", Name="n"),
        "Policy": resource("AWS::CloudFront::CachePolicy", CachePolicyConfig={"Name": "p"}),
        "Odd": resource("AWS::CloudFront::CachePolicy", CachePolicyConfig="text"),
    }
    assert {(name.logical_id, name.property, name.value, name.most) for name in physical_names(resources)} == {
        ("Topic", "TopicName", "t", 256),
        ("Policy", "CachePolicyConfig.Name", "p", 128),
    }


# ── the longest suffix ──


def test_the_tightest_name_sets_the_limit() -> None:
    resources = {
        "Topic": resource(TopicName=sub(f"shop-${{{SUFFIX}}}")),
        "Balancer": resource("AWS::ElasticLoadBalancingV2::LoadBalancer", Name=sub(f"customer-alb-${{{SUFFIX}}}")),
        "Role": resource("AWS::IAM::Role", RoleName=sub(f"shop-role-${{{SUFFIX}}}")),
    }
    assert longest_suffix("shop", ("web",), PARAMETERS, resources) == (19, "the name of Balancer (32 characters)")


def test_a_suffix_that_stands_twice_has_half_the_room() -> None:
    resources = {"Role": resource("AWS::IAM::Role", RoleName=sub(f"a${{{SUFFIX}}}-${{{SUFFIX}}}"))}
    assert longest_suffix("shop", ("web",), PARAMETERS, resources)[0] == 31


def test_a_name_without_suffix_sets_no_limit() -> None:
    resources = {"Role": resource("AWS::IAM::Role", RoleName="x" * 64)}
    assert longest_suffix("shop", ("web",), PARAMETERS, resources)[0] == 128 - len("shop--web")


@pytest.mark.parametrize(
    ("system", "tiers", "room"),
    [("shop", ("web", "database"), 128 - len("shop--database")), ("s" * 30, ("a",), 128 - 33)],
)
def test_stack_names_count(system: str, tiers: tuple[str, ...], room: int) -> None:
    assert longest_suffix(system, tiers, PARAMETERS, {}) == (room, "the stack's name (128 characters)")


def test_a_name_that_is_too_long_without_a_suffix() -> None:
    resources = {"Role": resource("AWS::IAM::Role", RoleName="x" * 65)}
    with pytest.raises(NameTooLongError) as raised:
        longest_suffix("shop", ("web",), PARAMETERS, resources)
    message = str(raised.value)
    assert "Role (AWS::IAM::Role), RoleName: up to 65 characters, its service takes 64" in message
    assert "before the suffix" not in message


def test_a_name_that_leaves_no_room_for_a_suffix() -> None:
    one_left = {"Role": resource("AWS::IAM::Role", RoleName=sub("x" * 63 + f"${{{SUFFIX}}}"))}
    assert longest_suffix("shop", ("web",), PARAMETERS, one_left)[0] == 1
    none_left = {"Role": resource("AWS::IAM::Role", RoleName=sub("x" * 64 + f"${{{SUFFIX}}}"))}
    with pytest.raises(NameTooLongError, match="up to 64 characters before the suffix, its service takes 64"):
        longest_suffix("shop", ("web",), PARAMETERS, none_left)


def test_a_name_that_cannot_be_bounded_is_named_with_its_resource() -> None:
    resources = {"Role": resource("AWS::IAM::Role", RoleName=sub("${Free}"))}
    with pytest.raises(NameTooLongError) as raised:
        longest_suffix("shop", ("web",), PARAMETERS, resources)
    for part in ("Role (AWS::IAM::Role), RoleName", "parameter Free", "64 characters"):
        assert part in str(raised.value)


# ── the suffix is as long as it can be, and no longer ──

ROLES = "AWS::IAM::Role", "RoleName"
KINDS = st.sampled_from(sorted(pair for pair, most in PHYSICAL_NAMES.items() if most <= 128 and "." not in pair[1]))
PIECES = st.one_of(
    st.from_regex(r"[a-z]{1,6}", fullmatch=True),
    st.sampled_from(["${Size}", "${Owner}", "${AWS::AccountId}", "${AWS::Region}", f"${{{SUFFIX}}}"]),
)
VALUES = st.lists(PIECES, min_size=1, max_size=4).map(lambda pieces: f"{'-'.join(pieces)}-${{{SUFFIX}}}")
WIDEST = {"Size": "enormous", "Owner": "o" * 20, "AWS::AccountId": "123456789012", "AWS::Region": "ap-southeast-1"}


def rendered(value: Any, suffix: str) -> str:
    """What CloudFormation makes of a name, with each parameter's longest value."""
    if isinstance(value, str):
        return value
    if "Ref" in value:
        return (WIDEST | {SUFFIX: suffix})[value["Ref"]]
    if "Fn::Join" in value:
        between, parts = value["Fn::Join"]
        return str(between).join(rendered(part, suffix) for part in parts)
    return SUB_VARIABLE.sub(lambda match: (WIDEST | {SUFFIX: suffix})[match[1]], value["Fn::Sub"])


def joined(text: str) -> dict[str, Any]:
    """The same name as a ``Fn::Join`` of its pieces."""
    parts: list[Any] = [piece if not piece.startswith("${") else {"Ref": piece[2:-1]} for piece in text.split("-")]
    return {"Fn::Join": ["-", parts]}


@given(
    st.lists(st.tuples(KINDS, VALUES, st.booleans()), min_size=1, max_size=5),
    st.lists(st.from_regex(r"[a-z]{3,60}", fullmatch=True), min_size=1, max_size=3, unique=True),
)
def test_a_suffix_of_the_derived_length_fits_and_one_more_does_not(
    names: list[tuple[tuple[str, str], str, bool]], tiers: list[str]
) -> None:
    resources = {
        f"R{number}": resource(kind, **{key: joined(text) if as_join else sub(text)})
        for number, ((kind, key), text, as_join) in enumerate(names)
    }
    try:
        room, _ = longest_suffix("shop", tuple(tiers), PARAMETERS, resources)
    except NameTooLongError:
        assume(False)

    def fits(suffix: str) -> bool:
        stacks = [f"shop-{suffix}", *(f"shop-{suffix}-{tier}" for tier in tiers)]
        values = [(len(rendered(name.value, suffix)), name.most) for name in physical_names(resources)]
        return all(length <= most for length, most in [*values, *((len(stack), 128) for stack in stacks)])

    assert fits("x" * room)
    assert not fits("x" * (room + 1))


@given(VALUES)
def test_a_name_is_refused_only_when_the_shortest_suffix_breaks_it(text: str) -> None:
    resources = {"R": resource(ROLES[0], **{ROLES[1]: sub(text)})}
    too_long = len(rendered(sub(text), "x")) > 64
    if too_long:
        with pytest.raises(NameTooLongError):
            longest_suffix("shop", ("web",), PARAMETERS, resources)
    else:
        assert longest_suffix("shop", ("web",), PARAMETERS, resources)[0] >= 1


@pytest.mark.parametrize(
    ("suffix", "allowed"),
    [
        ("dev", True),
        ("pr-12", True),
        ("1", True),
        ("-a", False),
        ("a-", False),
        ("a--b", False),
        ("Dev", False),
        ("", False),
    ],
)
def test_the_suffixs_pattern(suffix: str, allowed: bool) -> None:
    import re

    assert bool(re.fullmatch(SUFFIX_PATTERN, suffix)) is allowed


def test_building_helpers_agree_with_the_templates() -> None:
    assert longest(named("shop").to_dict(), PARAMETERS, {}) == Length(5, 1)
