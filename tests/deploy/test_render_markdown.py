from __future__ import annotations

import re
from dataclasses import replace

from tap.deploy.findings import Finding
from tap.deploy.gate import Does, Harm
from tap.deploy.plan import Change, Plan
from tap.deploy.render_markdown import rendered
from tap.diff.model import Action, Detail, Edit, Level, SectionEdit

TABLE = Change(
    Action.REPLACE,
    "Table",
    "AWS::DynamoDB::Table",
    says="Keeps notes.",
    edits=(Edit("TableName", "a", "b", "always", "parameter Label"), Edit("Url", known=False, cause="Queue.Arn")),
    policy="Delete",
    hidden=True,
)
HARM = Harm("Table", "AWS::DynamoDB::Table", Does.REPLACE, Level.LOSS, "items", "Delete", sentences=("DATA LOSS: x",))
PLAN = Plan(
    "notes-dev",
    "UPDATE",
    (TABLE,),
    (Detail("Label", "a", "b"),),
    ("Something to know.",),
    widenings=("port 443 opens",),
    harms=(HARM,),
    findings=(Finding("WARN", "It is not empty.", "Bucket"),),
    outputs=(SectionEdit("Url", None, "x", section="Outputs", note="added"),),
)


def test_everything_is_there_the_worst_before_the_rest() -> None:
    text = rendered((PLAN,))
    parts = [
        "### notes-dev\n\nan update: -/+ 1 to replace, 1 change of outputs",
        "> Something to know.",
        "#### Access that widens\n\n- port 443 opens",
        "| `Table` | AWS::DynamoDB::Table | holds data: would be replaced; the old one is deleted | DATA LOSS: x |",
        "- Bucket: It is not empty.",
        "| `-/+` replace | `Table` | AWS::DynamoDB::Table | not in the change set<br>TableName forces replacement ←",
        "`-/+` replace: a new one takes its place",
        "| `Label` | `a` | `b` |  |",
        "| `TableName` | `a` | `b` | forces replacement ← parameter Label |",
        "| `Url` |  | follows | ← Queue.Arn |",
        "| `Url` |  | `x` | added |",
    ]
    places = [text.index(part) for part in parts]
    assert places == sorted(places)


def test_the_stacks_of_a_run_are_one_document() -> None:
    text = rendered((PLAN, replace(PLAN, stack_name="notes-dev-intake")))
    assert text.count("## Plan\n") == 1
    assert text.index("### notes-dev\n") < text.index("### notes-dev-intake\n")


def test_however_much_there_is_a_comment_takes_it_and_every_stack_is_named() -> None:
    many = tuple(replace(TABLE, logical_id=f"Table{n}", says="x" * 300) for n in range(900))
    harms = tuple(replace(HARM, logical_id=f"Table{n}") for n in range(900))
    plans = [replace(PLAN, stack_name=f"s{n}", changes=many, harms=harms, notes=("y" * 400,) * 50) for n in range(9)]
    for few in (plans[:1], plans):
        text = rendered(few)
        assert len(text) < 60_000
        assert "more are left out here" in text
        assert all(f"### {plan.stack_name}\n" in text for plan in few)


def test_nothing_becomes_markup() -> None:
    nasty = "</details> **b** @someone | `c` [a](b)\n# x <script>"
    change = Change(Action.OTHER, nasty, nasty, nasty, nasty, (Edit(nasty, nasty, nasty),), raw_action=nasty)
    text = rendered((Plan(nasty, "UPDATE", (change,), (Detail(nasty),), (nasty,), widenings=(nasty,)),))
    code = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)")
    bare = "\n".join(code.sub("", line) for line in text.split("\n"))
    tags = re.findall(r"(?<!\\)</?(\w+)", bare)
    assert set(tags) <= {"details", "summary", "code", "br"}
    assert len(re.findall("<details>", bare)) == len(re.findall("^</details>$", bare, re.MULTILINE)) == 2
    # What begins with <details> is HTML until the next empty line: there nothing but HTML is markup.
    markdown = "\n".join(line for line in bare.split("\n") if not line.startswith("<details>"))
    assert not re.findall(r"^# |(?<!\\)\*\*b|@s|(?<!\\)\[a", markdown, re.MULTILINE)
    assert "@s" not in re.sub(r"<code>.*?</code>", "", bare)
