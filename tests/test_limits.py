from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
from troposphere import Ref

from tap import limits
from tap.limits import LimitExceededError, check_counts, check_size
from tap.linker import link
from tap.model import Tier
from tap.synth import emit
from tests.building import output, parameter, shared, system, tier, topic

# The figures of the user guide, written out: the module's own could be wrong.
QUOTAS = {"Resources": 500, "Parameters": 200, "Outputs": 200, "Mappings": 200}


@pytest.mark.parametrize(("section", "most"), QUOTAS.items())
def test_a_section_may_be_full_but_not_more(section: str, most: int) -> None:
    check_counts("shop/stack", {section: dict.fromkeys(map(str, range(most)))})
    with pytest.raises(LimitExceededError, match=f"shop/stack: {most + 1} {section.lower()}.* takes {most} ") as raised:
        check_counts("shop/stack", {section: dict.fromkeys(map(str, range(most + 1)))})
    assert "nested" in str(raised.value)


def test_a_description_is_counted_in_bytes() -> None:
    check_counts("shop/stack", {"Description": "x" * 1024})
    check_counts("shop/stack", {"Description": "é" * 512})
    with pytest.raises(LimitExceededError, match="Description has 1025 bytes"):
        check_counts("shop/stack", {"Description": "x" * 1025})
    with pytest.raises(LimitExceededError, match="Description has 1026 bytes"):
        check_counts("shop/stack", {"Description": "é" * 513})


def test_a_template_is_counted_in_bytes() -> None:
    assert check_size("shop/stack.yaml", "x" * 1_000_000) == 1_000_000
    assert check_size("shop/stack.yaml", "é" * 500_000) == 1_000_000
    with pytest.raises(LimitExceededError, match=r"shop/stack\.yaml: 1,000,001 bytes.*1,000,000"):
        check_size("shop/stack.yaml", "x" * 1_000_001)
    with pytest.raises(LimitExceededError, match="1,000,002 bytes"):
        check_size("shop/stack.yaml", "é" * 500_001)


def halves(left: int, right: int) -> list[Tier]:
    """Two tiers with so many topics (one tier is a template of troposphere's, which counts for itself)."""
    sizes = {"left": left, "right": right}
    return [tier(name, *(topic(f"{name}{number}") for number in range(size))) for name, size in sizes.items()]


def test_linking_keeps_to_the_quotas() -> None:
    """By way of a whole system: as many resources as a template takes, and one more."""
    assert {file.path for file in emit(system(*halves(250, 250)), ["stack"])} >= {"shop/stack.yaml", "shop/stack.json"}
    with pytest.raises(LimitExceededError, match="shop/stack: 501 resources"):
        list(emit(system(*halves(250, 251)), ["stack"]))


def test_tiers_divide_what_one_template_cannot_hold() -> None:
    of = system(*halves(300, 300))
    assert [len(template.body["Resources"]) for template in link(of, ["tiers"])] == [300, 300]
    with pytest.raises(LimitExceededError, match="600 resources"):
        link(of, ["stack"])


def test_parameters_and_outputs_of_a_system_are_counted() -> None:
    left, right = ([f"{side}{number}" for number in range(100)] for side in "AB")
    using = [
        tier(f"t{side}", topic(f"T{side}"), *(output(f"O{name}", Ref(name)) for name in names))
        for side, names in (("a", left), ("b", right))
    ]
    parameters = [parameter(name, Default="x") for name in left]
    own = tier("c", topic("Tc"), *(parameter(name, Default="x") for name in right))
    with pytest.raises(LimitExceededError, match="201 parameters"):
        link(system(*using, own, common=shared(*parameters)), ["stack"])
    counts = {"one": 100, "two": 101}
    many = [
        tier(name, topic(name), *(output(f"{name}{number}", Ref(name)) for number in range(count)))
        for name, count in counts.items()
    ]
    with pytest.raises(LimitExceededError, match="201 outputs"):
        link(system(*many), ["stack"])


def test_a_too_long_description_is_refused() -> None:
    made = dataclasses.replace(system(tier("one", topic())), says="x" * 1024)
    with pytest.raises(LimitExceededError, match="Description"):
        link(made, ["stack"])


def test_a_large_template_says_so_in_its_first_line() -> None:
    """At exactly the limit of TemplateBody there is no note; a byte more, and there is one."""
    assert limits.INLINE_BYTES == 51_200

    def text(padding: int) -> str:
        padded = "x" * padding
        made = system(tier("one", topic(DisplayName=padded)))
        return next(file.text for file in emit(made, ["stack"]) if file.path.endswith(".yaml"))

    bare = len(text(10).encode()) - 10
    assert len(text(51_200 - bare).encode()) == 51_200
    assert text(51_200 - bare).startswith("AWSTemplateFormatVersion")
    first, rest = text(51_201 - bare).split("\n", 1)
    assert first.startswith("# Over 51,200 bytes")
    assert "S3" in first
    assert rest == text(51_200 - bare).replace("xxxxxxxxxx", "xxxxxxxxxxx", 1)


@pytest.mark.parametrize(
    ("section", "add"),
    [
        ("resources", lambda to, number: topic(f"T{number}")(to)),
        ("parameters", lambda to, number: parameter(f"P{number}")(to)),
        ("outputs", lambda to, number: output(f"O{number}", "x")(to)),
        ("mappings", lambda to, number: to.mapping(f"M{number}", {"a": {"b": "c"}})),
    ],
)
def test_a_tier_is_full_where_a_template_is(section: str, add: Callable[[Tier, int], object]) -> None:
    """troposphere counts too, with an error that names no tier."""
    made = tier("big")
    most = QUOTAS[section.capitalize()]
    for number in range(most):
        add(made, number)
    with pytest.raises(LimitExceededError, match=f"tier big: more than {most} {section}.*Split the tier"):
        add(made, most)


def test_the_json_of_a_template_is_counted_too() -> None:
    """It is longer than the YAML, and operators may deploy either."""
    topics = [topic(f"T{number}", DisplayName="x" * 1700) for number in range(490)]
    with pytest.raises(LimitExceededError, match=r"shop/stack\.json: 1,\d{3},\d{3} bytes") as raised:
        list(emit(system(tier("one", *topics)), ["stack"]))
    assert "1,000,000" in str(raised.value)
