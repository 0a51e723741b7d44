"""What holds of any two templates, whatever is in them."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tap import project
from tap.deploy.difference import leaves
from tap.diff import machine, markdown, render
from tap.diff.compare import compare
from tap.diff.model import Action, Kind
from tap.diff.schemas import bundled
from tap.diff.side import NOTHING, Side
from tests.diff.building import diff, side

_TYPES = [
    "AWS::SQS::Queue",
    "AWS::DynamoDB::Table",
    "AWS::SNS::Topic",
    "Custom::Thing",
    "Third::Party::Thing",
    "AWS::S3::Bucket",
]
_IDS = ["A", "B", "C"]
_scalars = st.sampled_from(["x", "y", 1, 2, True])
_references = st.sampled_from(
    [{"Ref": "A"}, {"Fn::GetAtt": ["B", "Arn"]}, {"Ref": "P"}, {"Fn::If": ["C", "x", {"Ref": "C"}]}]
)
_values = st.recursive(
    _scalars | _references,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["One", "Two", "Name"]), inner, max_size=2)
    ),
    max_leaves=6,
)
_resources = st.fixed_dictionaries(
    {"Type": st.sampled_from(_TYPES)},
    optional={
        "Properties": st.dictionaries(
            st.sampled_from(["QueueName", "TableName", "KeySchema", "Tags", "Other"]), _values, max_size=3
        ),
        "Condition": st.just("C"),
        "DeletionPolicy": st.sampled_from(["Delete", "Retain", "Snapshot"]),
        "UpdateReplacePolicy": st.sampled_from(["Delete", "Retain"]),
        "Metadata": st.fixed_dictionaries({"Tier": st.sampled_from(["one", "two"])}),
    },
)


@st.composite
def _sides(draw: st.DrawFn) -> Side:
    resources = draw(st.dictionaries(st.sampled_from(_IDS), _resources, max_size=3))
    values = draw(st.sampled_from([{}, {"P": "x"}, {"P": "y"}]))
    parameters = {"P": {"Type": "String"}}
    return side(resources, values, Parameters=parameters, Conditions={"C": {"Fn::Equals": [{"Ref": "P"}, "x"]}})


_OPPOSITE = {Action.CREATE: Action.DELETE, Action.MAY_CREATE: Action.MAY_DELETE}


@given(_sides())
def test_a_template_does_not_differ_from_itself(one: Side) -> None:
    found = diff(one, one)
    assert found.empty
    assert (found.widenings, found.counts) == ((), {})


@given(_sides())
def test_what_comes_from_nothing_goes_to_nothing(one: Side) -> None:
    made, gone = diff(NOTHING, one), diff(one, NOTHING)
    assert {change.logical_id: _OPPOSITE[change.action] for change in made.changes} == {
        change.logical_id: change.action for change in gone.changes
    }
    assert not made.dangerous


@given(_sides(), _sides())
def test_every_changed_path_is_reported_and_every_renderer_takes_it(old: Side, new: Side) -> None:
    found = diff(old, new)
    reported = {change.logical_id: change for change in found.changes}
    renamed = {change.renamed_from for change in found.changes}
    dormant = {edit.path.split(".")[0].split("[")[0] for edit in found.sections if edit.section == "Resources"}
    for key in old.resources.keys() | new.resources.keys():
        before, after = old.resources.get(key), new.resources.get(key)
        if before == after or key in dormant | renamed:
            continue
        if before is None or after is None:
            made = (before or after or {}).get("Condition") is None
            assert not made or key in reported
            continue
        edits = {edit.path for edit in reported[key].edits} if key in reported else set()
        for leaf in leaves(_plain(before, after), _plain(after, before)):
            assert leaf.path in edits or reported[key].action in _OPPOSITE or reported[key].renamed_from
    for text in (render.plain(found), markdown.rendered(found), machine.rendered(found, 0)):
        assert all(key in text for key in reported)


def _plain(body: Any, other: Any) -> dict[str, Any]:
    """The properties that hold no expression on either side: those are the same however they are resolved."""
    properties = body.get("Properties", {})

    def has_expression(value: Any) -> bool:
        return any(mark in json.dumps(value) for mark in ("Ref", "Fn::"))

    open_ended = {
        key for one in (body, other) for key, value in one.get("Properties", {}).items() if has_expression(value)
    }
    return {key: value for key, value in properties.items() if key not in open_ended}


@given(_sides(), _sides())
def test_everything_that_is_replaced_or_deleted_has_a_policy_and_nothing_else_has(old: Side, new: Side) -> None:
    for change in diff(old, new).changes:
        goes = change.action in {Action.REPLACE, Action.MAY_REPLACE, Action.DELETE, Action.MAY_DELETE}
        assert bool(change.policy) == goes
        assert not (change.holds and goes and not change.risks)
        assert not (change.only and any(edit.kind is Kind.PROPERTY for edit in change.edits))


def test_the_written_templates_do_not_differ_from_themselves() -> None:
    for path in sorted(project.OUT.glob("*/*.json")):
        one = Side(json.loads(path.read_text("utf-8")), label=path.name)
        assert compare(one, one, bundled()).empty
        assert not compare(NOTHING, one, bundled()).dangerous
