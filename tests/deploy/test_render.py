from __future__ import annotations

from dataclasses import replace

from tap import styled
from tap.deploy.findings import Finding
from tap.deploy.guard import Setting
from tap.deploy.plan import Change, Plan
from tap.deploy.render import lines, plain, summary
from tap.diff import words
from tap.diff.model import Action, Detail, Edit, SectionEdit

QUEUE = Change(
    Action.REPLACE,
    "Queue",
    "AWS::SQS::Queue",
    says="Takes notes in.",
    tier="intake",
    edits=(Edit("QueueName", "a", "b", "always", "parameter Label"),),
    policy="Delete",
)
PLAN = Plan(
    "notes-dev",
    "UPDATE",
    (
        QUEUE,
        Change(Action.CREATE, "Topic", "AWS::SNS::Topic", tier="intake"),
        Change(Action.DELETE, "Old", "X::Y::Z"),
    ),
    (Detail("Label", "a", "b"),),
    ("CloudFormation: something.",),
    outputs=(SectionEdit("Url", None, "x", section="Outputs", note="added"),),
)


def test_the_plain_text_says_everything() -> None:
    assert plain(PLAN).split("\n") == [
        "notes-dev: an update: + 1 to create, -/+ 1 to replace, - 1 to delete, 1 change of outputs",
        "  CloudFormation: something.",
        "",
        "Parameters",
        "  Label: a → b",
        "",
        "intake",
        "  -/+ replace      Queue  AWS::SQS::Queue  the present one is deleted",
        "        Takes notes in.",
        "        QueueName: a → b  forces replacement ← parameter Label",
        "  +   create       Topic  AWS::SNS::Topic",
        "",
        "  -   delete       Old  X::Y::Z",
        "",
        "Outputs",
        "  Url: none → x  added",
        "",
        "  +   create: a new resource",
        "  -/+ replace: a new one takes its place",
        "  -   delete: taken out of the stack",
    ]


def test_every_action_has_a_symbol_of_its_own_a_meaning_and_a_colour() -> None:
    assert len(set(words.SYMBOLS.values())) == len(words.SYMBOLS) == len(words.LEGEND) == len(Action)
    assert all(action.value in styled.STYLES for action in Action)


def test_the_legend_has_only_the_symbols_that_are_used() -> None:
    text = plain(replace(PLAN, changes=(QUEUE,)))
    assert words.LEGEND[Action.REPLACE] in text
    assert all(words.LEGEND[action] not in text for action in Action if action is not Action.REPLACE)


def test_the_summary_tells_creation_update_and_foresight_apart() -> None:
    assert summary(Plan("n", "CREATE")) == "a new stack: no changes"
    assert summary(Plan("n", "UPDATE", foreseen=True)) == "an update, read off the templates: no changes"
    assert summary(Plan("n", "UPDATE", parameters=(Detail("A", "1", "2"),))) == "an update: no resource changes"
    unseen = Plan("n", "UPDATE", (QUEUE,), empty=True)
    assert summary(unseen) == "an update that CloudFormation sees no change in: -/+ 1 to replace"


def test_an_unknown_action_is_called_by_its_own_name() -> None:
    plan = Plan("n", "UPDATE", (Change(Action.OTHER, "A", "X::Y::Z", raw_action="Teleport"),))
    assert "! Teleport" in " ".join(plain(plan).split())


def test_a_property_without_values_says_what_it_follows() -> None:
    unknown = (Edit("Url", cause="Queue.Arn", known=False), Edit("Name", known=False))
    text = plain(Plan("n", "UPDATE", (Change(Action.UPDATE, "A", "X::Y::Z", edits=unknown),)))
    assert "Url: follows  ← Queue.Arn" in text
    assert "Name: changes" in text


def test_drift_and_where_an_edit_is_known_from_stand_beside_it() -> None:
    edits = (Edit("Size", "9", "1", cause="drift", deployed="1"), Edit("Action", "x", "y", hidden=True))
    plan = Plan("n", "UPDATE", (Change(Action.UPDATE, "A", "X::Y::Z", edits=edits),), drift="DRIFTED")
    text = plain(plan)
    assert "Size: 9 → 1  ← drift (the last deployment made it 1)" in text
    assert "Action: x → y  (not in the change set)" in text
    assert "the stack is DRIFTED" in text


def test_warnings_of_cloudformation_s_validation_come_before_the_plan() -> None:
    found = Finding("WARN", "The bucket is not empty.", "Bucket", "/Resources/Bucket")
    text = plain(replace(PLAN, findings=(found,)))
    first, second, *_ = text.split("\n")
    assert (first, second) == (
        "CloudFormation warns about notes-dev",
        "  Bucket /Resources/Bucket: The bucket is not empty.",
    )


def test_nothing_in_a_plan_steers_the_terminal() -> None:
    nasty = "a\x1b[31mb\u202e"
    edits = (Edit(nasty, nasty, nasty),)
    change = Change(Action.OTHER, nasty, nasty, nasty, edits=edits, policy=nasty, raw_action=nasty)
    found = Finding("WARN", nasty, nasty, nasty)
    plan = Plan("n", "UPDATE", (change,), (Detail(nasty, nasty),), (nasty,), widenings=(nasty,), findings=(found,))
    shown = "".join(part.text for line in lines(plan) for part in line)
    assert not {"\x1b", "\u202e"} & set(shown)


def test_settings_of_a_stack_that_needs_no_change_set_are_something_to_do() -> None:
    protected = Setting("termination protection", "off", "on")
    nothing = Plan("notes-dev", "UPDATE", empty=True)
    assert (nothing.pending, summary(nothing)) == (False, "an update: no changes")
    set_ = replace(nothing, settings=(protected,))
    assert (set_.pending, set_.not_applied) == (True, False)
    assert summary(set_) == "an update: no changes of resources, 1 setting of the stack"
    unseen = replace(set_, outputs=PLAN.outputs)
    assert unseen.not_applied
    assert summary(unseen) == (
        "an update that CloudFormation sees no change in: 1 change of outputs, 1 setting of the stack"
    )
