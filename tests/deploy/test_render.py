from __future__ import annotations

from hypothesis import given as for_all
from hypothesis import strategies as st

from tap.deploy.detail import Detail
from tap.deploy.plan import Action, Change, Plan
from tap.deploy.render import SYMBOLS, WIDEST, plain, shortened, summary
from tap.deploy.render_rich import STYLES, coloured

QUEUE = Change(
    Action.REPLACE,
    "Queue",
    "AWS::SQS::Queue",
    says="Takes notes in.",
    tier="intake",
    details=(Detail("QueueName", "a", "b", "always", "parameter Label"),),
    fate="the old one is deleted",
)
PLAN = Plan(
    "notes-dev",
    "UPDATE",
    (QUEUE, Change(Action.ADD, "Topic", "AWS::SNS::Topic", tier="intake"), Change(Action.REMOVE, "Old", "X::Y::Z")),
    (Detail("Label", "a", "b"),),
    ("CloudFormation: something.",),
)


def test_the_plain_text_says_everything() -> None:
    assert plain(PLAN) == "\n".join(
        [
            "notes-dev: an update: + 1 to add, -/+ 1 to replace, - 1 to remove",
            "  CloudFormation: something.",
            "",
            "Parameters",
            "  Label: a → b",
            "",
            "intake",
            "  -/+ replace     Queue  AWS::SQS::Queue  the old one is deleted",
            "                  Takes notes in.",
            "                  QueueName: a → b  forces replacement ← parameter Label",
            "  +   add         Topic  AWS::SNS::Topic",
            "",
            "  -   remove      Old  X::Y::Z",
        ]
    )


def test_the_coloured_text_says_the_same() -> None:
    lines = [line.rstrip() for line in coloured(PLAN).plain.splitlines()]
    assert lines == plain(PLAN).splitlines()


def test_every_action_has_a_symbol_of_its_own_and_a_colour() -> None:
    assert len(set(SYMBOLS.values())) == len(SYMBOLS) == len(Action)
    assert all(action.value in STYLES for action in Action)


def test_the_summary_tells_creation_update_and_foresight_apart() -> None:
    assert summary(Plan("n", "CREATE")) == "a new stack: no changes"
    assert summary(Plan("n", "UPDATE", foreseen=True)) == "an update, read off the templates: no changes"
    assert summary(Plan("n", "UPDATE", parameters=(Detail("A", "1", "2"),))) == "an update: no resource changes"


def test_an_unknown_action_is_called_by_its_own_name() -> None:
    plan = Plan("n", "UPDATE", (Change(Action.OTHER, "A", "X::Y::Z", raw_action="Teleport"),))
    assert "! Teleport" in " ".join(plain(plan).split())


def test_a_property_without_values_says_what_it_follows() -> None:
    change = Change(Action.MODIFY, "A", "X::Y::Z", details=(Detail("Url", cause="Queue.Arn"), Detail("Name")))
    text = plain(Plan("n", "UPDATE", (change,)))
    assert "Url: follows  ← Queue.Arn" in text
    assert "Name: changes" in text


def test_long_values_are_cut_to_where_they_differ() -> None:
    same = "x" * 500
    before, after = shortened(f"{same}-one", f"{same}-two")
    assert before.endswith("-one")
    assert after.endswith("-two")
    assert before.startswith("…")


@for_all(st.text(max_size=400), st.text(max_size=400))
def test_shortened_values_are_one_line_of_bounded_width_and_differ_where_the_values_do(one: str, other: str) -> None:
    before, after = shortened(one, other)
    assert all(len(text) <= WIDEST + 2 and "\n" not in text for text in (before, after))
    if one.split() != other.split() and max(len(one), len(other)) <= WIDEST:
        assert before != after
