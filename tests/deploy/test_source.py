from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tap.deploy.source import SourceError, environments, read_edge, read_parameters, read_system


def put(folder: Path, name: str, layout: str, **template: Any) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    about = {"System": "notes", "Layout": layout, "Region": "eu-west-1"}
    whole = {"Metadata": {"Template": about}, **template}
    path.with_suffix(".json").write_text(json.dumps(whole))
    path.write_text(f"# {name}\n")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "notes"
    put(folder, "stack.yaml", "stack")
    for tier in ("02-intake", "01-storage", "10-last"):
        put(folder, f"tiers/{tier}.yaml", "tiers")
    for name in ("root", "storage", "intake"):
        put(folder, f"nested/{name}.yaml", "nested")
    (folder / "parameters").mkdir()
    (folder / "parameters" / "dev.json").write_text('[{"ParameterKey": "A", "ParameterValue": "1"}]')
    return tmp_path


def test_the_layout_stack_is_one_stack_named_after_system_and_suffix(out: Path) -> None:
    system = read_system("notes", "stack", out)
    assert [source.stack_name("dev") for source in system.stacks] == ["notes-dev"]
    assert system.stacks[0].body == "# stack.yaml\n"
    assert system.region == "eu-west-1"


def test_tiers_come_in_the_order_of_their_numbers_and_are_named_without_them(out: Path) -> None:
    system = read_system("notes", "tiers", out)
    names = [source.stack_name("dev") for source in system.stacks]
    assert names == ["notes-dev-storage", "notes-dev-intake", "notes-dev-last"]


def test_the_layout_nested_is_the_root_with_its_children(out: Path) -> None:
    (source,) = read_system("notes", "nested", out).stacks
    assert source.path.name == "root.yaml"
    assert [child.name for child in source.children] == ["intake.yaml", "storage.yaml"]


def test_an_unknown_system_is_told_those_there_are(out: Path) -> None:
    with pytest.raises(SourceError, match=r"no system 'note'.*There is: notes\. .*make synth"):
        read_system("note", "stack", out)


def test_a_layout_that_was_not_written_is_told_those_that_were(out: Path) -> None:
    (out / "notes" / "stack.yaml").unlink()
    with pytest.raises(SourceError, match=r"no layout 'stack'. There is: nested, tiers.*make synth"):
        read_system("notes", "stack", out)


def test_an_unknown_environment_is_told_those_there_are(out: Path) -> None:
    with pytest.raises(SourceError, match=r"no environment 'prod'.*There is: dev\."):
        read_parameters("notes", "prod", out)
    assert environments("notes", out) == ["dev"]


def test_parameters_are_read_as_a_mapping(out: Path) -> None:
    assert read_parameters("notes", "dev", out) == {"A": "1"}


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{", "is not JSON"),
        ('{"A": "1"}', "is no list"),
        ('[{"ParameterKey": "A", "ParameterValue": 1}]', "the value of A is no text"),
    ],
)
def test_a_malformed_parameter_file_is_named_with_what_is_wrong(out: Path, text: str, says: str) -> None:
    (out / "notes" / "parameters" / "dev.json").write_text(text)
    with pytest.raises(SourceError, match=says):
        read_parameters("notes", "dev", out)


def test_a_template_that_is_another_system_is_refused(out: Path) -> None:
    (out / "notes" / "stack.json").write_text('{"Metadata": {"Template": {"System": "other", "Layout": "stack"}}}')
    with pytest.raises(SourceError, match=r"does not say in Metadata\.Template that it is 'notes'"):
        read_system("notes", "stack", out)


def test_a_yaml_without_its_json_is_named(out: Path) -> None:
    (out / "notes" / "stack.json").unlink()
    with pytest.raises(SourceError, match=r"stack\.json is missing.*make synth"):
        read_system("notes", "stack", out)


def test_an_edge_is_a_stack_of_its_own_with_a_parameter_file_of_its_own(out: Path) -> None:
    assert read_edge("notes", out) is None
    put(out / "notes", "edge.yaml", "edge", Parameters={"Limit": {"Type": "Number"}})
    system = read_edge("notes", out)
    assert system is not None
    assert [source.stack_name("dev") for source in system.stacks] == ["notes-dev-edge"]
    assert system.declared == {"Limit": {"Type": "Number"}}
    with pytest.raises(SourceError, match=r"the edge of notes has no environment 'dev'.*make synth"):
        read_parameters("notes", "dev", out, edge=True)
    (out / "notes" / "parameters" / "edge").mkdir()
    (out / "notes" / "parameters" / "edge" / "dev.json").write_text('[{"ParameterKey": "B", "ParameterValue": "2"}]')
    assert read_parameters("notes", "dev", out, edge=True) == {"B": "2"}
    assert environments("notes", out) == ["dev"]


def test_an_edge_that_says_it_is_something_else_is_refused(out: Path) -> None:
    put(out / "notes", "edge.yaml", "stack")
    with pytest.raises(SourceError, match="does not say"):
        read_edge("notes", out)


def test_a_yaml_that_is_no_text_is_named(out: Path) -> None:
    for path in out.rglob("*.yaml"):
        path.write_bytes(b"\xff\xfe")
    for layout in ("stack", "nested"):
        with pytest.raises(SourceError, match=r"\.yaml is no text in UTF-8 \(byte 0\)"):
            read_system("notes", layout, out)
