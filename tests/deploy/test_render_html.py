from __future__ import annotations

from html.parser import HTMLParser

from tap.deploy.findings import Finding
from tap.deploy.plan import Change, Plan
from tap.deploy.render_html import rendered
from tap.diff.model import Action, Detail, Edit
from tests.deploy.test_render_markdown import PLAN

VOID = {"meta", "br"}


class Reader(HTMLParser):
    """The text and the tags of a document; fails where they do not nest."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def read(text: str) -> Reader:
    reader = Reader()
    reader.feed(text)
    reader.close()
    assert reader.open == []
    return reader


def test_everything_is_there() -> None:
    found = " ".join(" ".join(read(rendered((PLAN,))).words).split())
    for said in (
        "notes-dev an update: -/+ 1 to replace",
        "Something to know.",
        "port 443 opens",
        "holds data: would be replaced; the old one is deleted",
        "Bucket: It is not empty.",
        "not in the change set",
        "TableName a b forces replacement ← parameter Label",
        "Url follows ← Queue.Arn",
        "Keeps notes.",
    ):
        assert said in found


def test_it_stands_alone() -> None:
    tags = read(rendered((PLAN,))).tags
    assert not {tag for tag, _ in tags} & {"script", "link", "img", "iframe", "object"}
    assert not [
        name for _, attributes in tags for name in attributes if name.startswith("on") or name in {"src", "href"}
    ]


def test_what_matters_is_unfolded() -> None:
    quiet = Change(Action.UPDATE, "Topic", "AWS::SNS::Topic")
    folds = [
        attributes
        for tag, attributes in read(rendered((Plan("n", "UPDATE", (quiet, *PLAN.changes)),))).tags
        if tag == "details"
    ]
    assert ["open" in attributes for attributes in folds] == [False, True]


def test_nothing_becomes_markup() -> None:
    nasty = "</code></details><script>alert(1)</script>\" onload='x' &amp; \x1b[31m"
    change = Change(Action.OTHER, nasty, nasty, nasty, nasty, (Edit(nasty, nasty, nasty),), raw_action=nasty)
    findings = (Finding("WARN", nasty, nasty, nasty),)
    plan = Plan(nasty, "UPDATE", (change,), (Detail(nasty),), (nasty,), widenings=(nasty,), findings=findings)
    reader = read(rendered((plan,)))
    assert "script" not in {tag for tag, _ in reader.tags}
    assert "\x1b" not in "".join(reader.words)
    assert "".join(reader.words).count("<script>alert(1)</script>") >= 10
