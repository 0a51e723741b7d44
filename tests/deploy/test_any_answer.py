"""Whatever a change set answers, the plan is shown in every format, and never a secret."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given as for_all
from hypothesis import strategies as st

from tap import styled
from tap.deploy import compared, plan_json, render, render_html, render_markdown
from tap.deploy.changeset import ChangeSet
from tap.deploy.findings import Finding
from tap.deploy.listed import from_change_set
from tap.deploy.merge import merged
from tap.deploy.plan import Plan, Side
from tap.deploy.risk import judged

PLANTED = "s3cr3t-hunter2"
"""The value of a NoEcho parameter."""
LOOKED_UP = "{{resolve:ssm-secure:/db/" + PLANTED + "}}"
NAMES = ["Table", "Wall", "Inner", "Topic", "Nowhere"]
URL = "https://s3.example/bucket/inner.yaml"
TEMPLATE: dict[str, Any] = {
    "Parameters": {"Key": {"Type": "String", "NoEcho": True}},
    "Resources": {
        "Table": {"Type": "AWS::DynamoDB::Table", "Properties": {"TableName": {"Fn::Sub": "t-${Key}"}}},
        "Wall": {"Type": "AWS::WAFv2::WebACL", "Properties": {"DefaultAction": {"Allow": {}}}},
        "Inner": {
            "Type": "AWS::CloudFormation::Stack",
            "Properties": {"TemplateURL": URL, "Parameters": {"Key": {"Ref": "Key"}}},
        },
        "Topic": {"Type": "AWS::SNS::Topic", "Metadata": {"Tier": "t"}, "Properties": {"DisplayName": LOOKED_UP}},
    },
}
INNER = {"Parameters": {"Key": {"Type": "String", "NoEcho": True}}, "Resources": {"Topic": {"Type": "AWS::SNS::Topic"}}}
OLD = Side(TEMPLATE, {"Key": "an-old-" + PLANTED}, hidden=frozenset({"Key"}), children={"inner.yaml": INNER})
NEW = Side(
    {**TEMPLATE, "Resources": {**TEMPLATE["Resources"], "Topic": {"Type": "AWS::SNS::Topic"}}},
    {"Key": PLANTED},
    hidden=frozenset({"Key"}),
    children={"inner.yaml": INNER},
)

words = st.sampled_from(["", "Modify", "Add", "Remove", "Import", "Dynamic", "SyncWithActual", "Teleport", "True"])
values = st.sampled_from(
    [
        PLANTED,
        f"before {PLANTED} after",
        LOOKED_UP,
        json.dumps({"Password": "other-hunter2", "Nested": [PLANTED, {"Value": LOOKED_UP}]}),
        "{{changeSet:KNOWN_AFTER_APPLY}}",
        "</script>|`\x1b[31m\n",
        "",
    ]
)
PATHS = ["/Properties/TableName", "/Properties/Tags/0/Value", "/Properties/MasterPassword", "TableName", "/", "x~1y"]


def some(**keys: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """A mapping with any of these keys."""
    return st.fixed_dictionaries({}, optional=keys)


targets = some(
    Attribute=st.sampled_from(["Properties", "Tags", "Metadata", "DeletionPolicy", "Aura"]),
    Name=st.sampled_from(["TableName", "DefaultAction", "Nothing"]),
    Path=st.sampled_from(PATHS),
    RequiresRecreation=st.sampled_from(["Never", "Always", "Conditionally", "Perhaps"]),
    BeforeValue=values,
    AfterValue=values,
    BeforeValueFrom=st.sampled_from(["ACTUAL_STATE", "PREVIOUS_DEPLOYMENT_STATE", "ELSEWHERE"]),
    AttributeChangeType=words,
    Drift=some(PreviousValue=values, ActualValue=values),
)
details = some(
    Target=targets,
    Evaluation=st.sampled_from(["Static", "Dynamic", "Lazy"]),
    ChangeSource=st.sampled_from(["ParameterReference", "ResourceAttribute", "Automatic", "NoModification", "Fate"]),
    CausingEntity=st.sampled_from(["Key", "Topic.Arn"]),
)
resource_changes = some(
    Action=words,
    LogicalResourceId=st.sampled_from(NAMES),
    PhysicalResourceId=st.sampled_from(["arn:aws:x", PLANTED]),
    ResourceType=st.sampled_from(["AWS::DynamoDB::Table", "AWS::CloudFormation::Stack", "Third::Party::Thing"]),
    Replacement=st.sampled_from(["True", "False", "Conditional", "Sometimes"]),
    PolicyAction=st.sampled_from(["Delete", "Retain", "ReplaceAndSnapshot", "ReplaceAndVanish"]),
    Details=st.lists(details, max_size=3),
    ResourceDriftStatus=st.sampled_from(["MODIFIED", "IN_SYNC", "LOST"]),
    ResourceDriftIgnoredAttributes=st.lists(some(Path=st.just("/x"), Reason=words), max_size=2),
)
findings = st.lists(
    st.builds(Finding, st.sampled_from(["WARN", "OTHER"]), values, st.sampled_from(NAMES), st.sampled_from(PATHS)),
    max_size=2,
).map(tuple)


def change_sets(children: st.SearchStrategy[dict[str, ChangeSet]]) -> st.SearchStrategy[ChangeSet]:
    listed = st.lists(resource_changes, max_size=4).map(tuple)
    return st.builds(
        ChangeSet,
        st.just("arn"),
        st.just("id"),
        st.just("notes-dev"),
        reason=values,
        empty=st.booleans(),
        bare=listed,
        valued=listed,
        children=children,
        findings=findings,
        drift=st.sampled_from(["", "DRIFTED", "ODD"]),
    )


answers = change_sets(st.dictionaries(st.sampled_from(NAMES), change_sets(st.just({})), max_size=1))


def planned(answer: ChangeSet) -> Plan:
    found, _ = compared.offline(OLD, NEW)
    return judged(merged(from_change_set(answer, "UPDATE", OLD, NEW), found, NEW), found, OLD, NEW)


@for_all(answers)
def test_any_answer_is_shown_in_every_format_without_a_secret(answer: ChangeSet) -> None:
    plan = planned(answer)
    data = json.dumps(plan_json.document((plan,), 2), ensure_ascii=False)
    shown = {
        "text": render.plain(plan),
        "terminal": "".join(part.text for line in render.lines(plan) for part in line),
        "markdown": render_markdown.rendered((plan, plan)),
        "html": render_html.rendered((plan, plan)),
        "json": data,
    }
    assert {part.style for line in render.lines(plan) for part in line} <= styled.STYLES.keys()
    for form, text in shown.items():
        assert PLANTED not in text, form
        assert "other-hunter2" not in text, form
        assert "{{resolve:" not in text, form
        assert form == "json" or "\x1b" not in text, form


@for_all(answers)
def test_nothing_that_is_listed_is_left_out(answer: ChangeSet) -> None:
    listed = {one.get("LogicalResourceId") for one in (*answer.bare, *answer.valued)} - {None}
    assert listed <= {one.logical_id for one in planned(answer).changes}
