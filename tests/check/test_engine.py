from __future__ import annotations

from collections.abc import Iterator

import pytest

from tap.check import engine
from tap.check.load import parse
from tap.check.model import Model, Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at

TEMPLATE = """
Parameters:
  Env: {Type: String, Default: dev, AllowedValues: [dev, prod]}
Conditions:
  Prod: !Equals [!Ref Env, prod]
Resources:
  Good: {Type: X, Properties: {Size: 1}}
  Bad:
    Type: X
    Properties:
      Size: !If [Prod, 9, 1]
"""


class TooBig(ResourceRule):
    id = ""  # found by nobody but these tests
    title = "Too big"
    severity = Severity.ERROR
    source = "A document"
    advice = "Make it smaller."
    types = ("X",)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        size = resource.get("Size")
        if isinstance(size, int) and size > 5:
            yield at(resource, "Size", says=f"{size} is too big.")


class Named(TooBig):
    pass


Named.id = "TAP1999"


def run(text: str) -> tuple[engine.Finding, ...]:
    return engine.run(Model(parse(text, "t.yaml")), [Named()])


def test_a_finding_says_where_and_in_which_case() -> None:
    (found,) = run(TEMPLATE)
    assert (found.rule, found.logical_id, found.path) == ("TAP1999", "Bad", "Resources.Bad.Properties.Size")
    assert (found.file, found.line, found.column) == ("t.yaml", 11, 7)
    assert (found.message, found.advice, found.when) == ("9 is too big.", "Make it smaller.", "Prod is true")
    assert found.counts


def test_what_is_always_so_has_no_case() -> None:
    (found,) = run(TEMPLATE.replace("!If [Prod, 9, 1]", "7"))
    assert found.when == ""


def test_a_reasoned_exemption_excuses() -> None:
    exempt = TEMPLATE.replace(
        "    Type: X\n", "    Type: X\n    Metadata: {Exemptions: {TAP1999: It may be this big.}}\n"
    )
    assert run(exempt) == ()


@pytest.mark.parametrize("reason", ["''", "because", "[a, b, c]"])
def test_an_exemption_without_a_reason_does_not(reason: str) -> None:
    text = TEMPLATE.replace("    Type: X\n", f"    Type: X\n    Metadata: {{Exemptions: {{TAP1999: {reason}}}}}\n")
    assert [one.rule for one in run(text)] == ["TAP1902", "TAP1999"]


def test_an_exemption_that_excuses_from_nothing_is_told_when_all_rules_run() -> None:
    text = "Resources: {A: {Type: X, Metadata: {Exemptions: {TAP1001: There is no such thing here.}}}}"
    (found,) = engine.run(Model(parse(text)))
    assert (found.rule, found.severity, found.logical_id) == ("TAP1901", Severity.NOTE, "A")
    assert engine.run(Model(parse(text)), []) == ()


def test_a_rule_that_fails_does_not_silence_the_others() -> None:
    class Broken(TooBig):
        def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
            raise KeyError(resource.logical_id)

    Broken.id = "TAP1998"
    found = engine.run(Model(parse(TEMPLATE)), [Broken(), Named()])
    assert [one.rule for one in found] == ["TAP1900", "TAP1999"]
    assert "TAP1998" in found[0].message
    assert not found[0].counts
