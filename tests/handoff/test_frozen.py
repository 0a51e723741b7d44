from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tap import project
from tap.handoff.frozen import RENAMES, Rename, RenamesError, broken, renames
from tap.handoff.version import at, last_release
from tests.handoff.building import committed


def template(**types: str) -> dict[str, Any]:
    return {"Resources": {name: {"Type": kind} for name, kind in types.items()}}


OLD = template(Queue="AWS::SQS::Queue", Topic="AWS::SNS::Topic")


def unexcused(folder: Path) -> list[str]:
    """What a checkout breaks of the last release that it knows of; nothing where it knows of none."""
    tag = last_release(folder)
    if not tag:
        return []
    entries = renames((folder / RENAMES).read_text("utf-8"))
    found: list[str] = []
    for path in sorted((folder / "out").glob("*/stack.json")) + sorted((folder / "out").glob("*/edge.json")):
        before = at(folder, tag, path.relative_to(folder).as_posix())
        if before is not None:
            found += broken(path.parent.name, json.loads(before), json.loads(path.read_text("utf-8")), entries)
    return found


def test_the_logical_ids_of_the_last_release_are_kept() -> None:
    assert unexcused(project.ROOT) == []


def test_the_renames_file_can_be_read() -> None:
    renames((project.ROOT / RENAMES).read_text("utf-8"))


def test_what_is_new_or_changed_within_breaks_nothing() -> None:
    new = template(Queue="AWS::SQS::Queue", Topic="AWS::SNS::Topic", Table="AWS::DynamoDB::Table")
    new["Resources"]["Queue"]["Properties"] = {"QueueName": "x"}
    assert list(broken("shop", OLD, new, ())) == []


def test_what_is_gone_or_of_another_type_is_named() -> None:
    found = list(broken("shop", OLD, template(Queue="AWS::SQS::QueuePolicy"), ()))
    assert found[0].startswith("shop: Queue is a AWS::SQS::QueuePolicy now, and was a AWS::SQS::Queue, ")
    assert found[1].startswith("shop: Topic is gone, ")


def test_an_entry_excuses_its_own_system_alone() -> None:
    new = template(Queue="AWS::SQS::Queue", News="AWS::SNS::Topic")
    assert list(broken("shop", OLD, new, [Rename("shop", "Topic", "News", "It tells more.")])) == []
    assert len(list(broken("shop", OLD, new, [Rename("mall", "Topic", "News", "It tells more.")]))) == 1
    (wrong,) = broken("shop", OLD, new, [Rename("shop", "Topic", "Noise", "It tells more.")])
    assert wrong.endswith("says that Topic became Noise, which is not there.")


def test_the_one_logical_id_with_a_hash_may_change() -> None:
    assert list(broken("shop", template(ApiDeployment1="AWS::ApiGateway::Deployment"), template(), ())) == []


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("[[change]]\nsystem = 'x'\nfrom = 'A'", "entry 1: why is missing"),
        ("[[change]]\nsystem = 'x'\nfrom = 'A'\nwhy = ' '", "entry 1: why is missing"),
        ("[[change]]\nsystem = 'x'\nfrom = 'A'\nwhy = 'y'\nform = 'B'", "entry 1: form means nothing here"),
        ("[[change", "is not TOML"),
    ],
)
def test_an_entry_without_a_reason_is_refused(text: str, why: str) -> None:
    with pytest.raises(RenamesError, match=why):
        renames(text)


def test_from_a_tag_to_a_checkout(tmp_path: Path) -> None:
    (tmp_path / "templates").mkdir()
    (tmp_path / "out" / "shop").mkdir(parents=True)
    emitted, file = tmp_path / "out" / "shop" / "stack.json", tmp_path / RENAMES
    file.write_text("", "utf-8")
    emitted.write_text(json.dumps(OLD), "utf-8")
    committed(tmp_path)
    emitted.write_text(json.dumps(template(Topic="AWS::SNS::Topic")), "utf-8")
    assert unexcused(tmp_path) == []  # nothing is released, so nothing is frozen

    emitted.write_text(json.dumps(OLD), "utf-8")
    committed(tmp_path, "v1.0.0")
    emitted.write_text(json.dumps(template(Topic="AWS::SNS::Topic")), "utf-8")
    assert [line[:20] for line in unexcused(tmp_path)] == ["shop: Queue is gone,"]
    file.write_text('[[change]]\nsystem = "shop"\nfrom = "Queue"\nwhy = "Nobody listened."\n', "utf-8")
    assert unexcused(tmp_path) == []
