from __future__ import annotations

import pytest

from tap import limits
from tap.limits import LimitExceededError, check_counts, check_size
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
    with pytest.raises(LimitExceededError, match="shop/stack.yaml: 1,000,001 bytes.*1,000,000"):
        check_size("shop/stack.yaml", "x" * 1_000_001)
    with pytest.raises(LimitExceededError, match="1,000,002 bytes"):
        check_size("shop/stack.yaml", "é" * 500_001)


def test_linking_keeps_to_the_quotas() -> None:
    """By way of a whole system: as many resources as a template takes, and one more."""
    full = tier("many", *(topic(f"T{number}") for number in range(500)))
    assert len(list(emit(system(full), ["stack"]))) == 2
    with pytest.raises(LimitExceededError, match="shop/stack: 501 resources"):
        list(emit(system(tier("many", *(topic(f"T{number}") for number in range(501)))), ["stack"]))


def test_tiers_divide_what_one_template_cannot_hold() -> None:
    halves = [tier(name, *(topic(f"{name.title()}{number}") for number in range(300))) for name in ("left", "right")]
    with pytest.raises(LimitExceededError, match="600 resources"):
        list(emit(system(*halves), ["stack"]))


def test_parameters_and_outputs_of_a_system_are_counted() -> None:
    names = [f"P{number}" for number in range(200)]
    common = shared(*(parameter(name, Default="x") for name in names))
    using = tier("one", topic(), *(output(f"O{name}", {"Ref": name}) for name in names))
    with pytest.raises(LimitExceededError, match="201 parameters"):
        list(emit(system(using, common=common), ["stack"]))
    using = tier("one", topic(), *(output(f"O{number}", {"Ref": "Topic"}) for number in range(201)))
    with pytest.raises(LimitExceededError, match="201 outputs"):
        list(emit(system(using), ["stack"]))


def test_a_too_long_description_is_refused() -> None:
    made = system(tier("one", topic()))
    object.__setattr__(made, "says", "x" * 1024)
    with pytest.raises(LimitExceededError, match="Description"):
        list(emit(made, ["stack"]))


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
