from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from tap.deploy.template import parse
from tap.diff import markdown
from tap.diff.side import Side
from tests.diff.building import diff, resource

PORTAL = Path(__file__).parent / "portal"


def portal(name: str) -> Side:
    return Side(parse((PORTAL / name).read_text("utf-8")), pseudo={"AWS::Region": "us-east-1"}, label=name)


def test_a_table_replaced_a_class_changed_and_access_widened_reads_as_it_should() -> None:
    """The golden file; ``UPDATE_GOLDEN=1`` writes it anew."""
    text = markdown.rendered(diff(portal("old.yaml"), portal("new.yaml")))
    golden = PORTAL / "expected.md"
    if os.environ.get("UPDATE_GOLDEN"):
        golden.write_text(text, "utf-8")
    assert text == golden.read_text("utf-8")


def topic(text: str) -> dict[str, Any]:
    return {"T": resource("SNS::Topic", {"DisplayName": text}, Metadata={"Description": text})}


def test_nothing_in_a_template_becomes_markup_or_a_mention() -> None:
    text = markdown.rendered(diff(topic("x"), topic("</details> **bold** @someone | `code` [a](b)\nline")))
    cells = [line for line in text.split("\n") if line.startswith("| `DisplayName`")]
    assert cells == ["| `DisplayName` | `x` | `` </details> **bold** @someone \\| `code` [a](b) line `` |  |"]
    assert "\n</details> **bold**" not in text
    told = [line for line in text.split("\n") if "someone" in line and not line.startswith("| `")]
    assert told == ["</details\\> \\*\\*bold\\*\\* @\u200bsomeone \\| \\`code\\` \\[a\\](b) line".replace("</", "\\</")]


def test_a_comment_stays_within_what_a_pull_request_takes() -> None:
    old, new = ({f"T{n}": resource("SNS::Topic", {"DisplayName": v}) for n in range(490)} for v in ("a" * 90, "b" * 90))
    text = markdown.rendered(diff(old, new))
    assert len(text) < 65_536
    assert "more are left out here" in text
