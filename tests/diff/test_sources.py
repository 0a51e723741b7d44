from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.stub import Stubber

from tap.deploy.session import Session
from tap.diff import sources
from tap.diff.compare import compare
from tap.diff.schemas import bundled
from tap.diff.side import Side
from tap.errors import TapError
from tests.deploy.conftest import client_of

TEMPLATE = """\
Metadata: {Template: {System: notes, Region: eu-west-1}}
Parameters:
  Size: {Type: String, Default: small}
Resources:
  Topic:
    Type: AWS::SNS::Topic
    Properties:
      DisplayName: !Sub ${Size}-NAME
"""


def no_session() -> Session:
    raise AssertionError("a file needs no session")


def git(folder: Path, *arguments: str) -> None:
    identity = ["-c", "user.name=Somebody", "-c", "user.email=somebody@example.com", "-c", "commit.gpgsign=false"]
    subprocess.run(["git", "-C", str(folder), *identity, *arguments], check=True, capture_output=True)


@pytest.fixture
def repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A repository whose first revision has ``out/notes`` with DisplayName ``…-old``, and whose files say ``…-new``."""
    top = tmp_path / "repository"
    folder = top / "out" / "notes"
    (folder / "parameters").mkdir(parents=True)

    def write(name: str, size: str) -> None:
        text = TEMPLATE.replace("NAME", name)
        (folder / "stack.yaml").write_text(text)
        (folder / "stack.json").write_text(json.dumps(_as_json(text)))
        values = [{"ParameterKey": "Size", "ParameterValue": size}]
        (folder / "parameters" / "dev.json").write_text(json.dumps(values))

    write("old", "big")
    git(tmp_path, "init", "--quiet", "--initial-branch=main", str(top))
    git(top, "add", ".")
    git(top, "commit", "--quiet", "--message=first")
    write("new", "huge")
    monkeypatch.chdir(top)
    return top


def _as_json(text: str) -> Any:
    from tap.deploy.template import parse

    return parse(text)


def read(old: str, new: str, out: Path, **options: Any) -> tuple[Side, Side]:
    first, last = sources.sources(old, new, no_session, out)
    given: dict[str, Any] = {"old_values": None, "new_values": None, "environment": "", "region": ""} | options
    return sources.sides(first, last, **given, note=lambda line: None)


def names(old: Side, new: Side) -> tuple[str | None, str | None]:
    """The name of the topic, before and after."""
    (edit,) = compare(old, new, bundled()).changes[0].edits
    return edit.before, edit.after


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("main:out/notes/stack.yaml", "out/notes/stack.yaml"),
        ("HEAD:./out/notes/stack.json", "out/notes/stack.yaml"),
        ("main", "notes"),
    ],
)
def test_a_revision_is_compared_with_the_files(repository: Path, old: str, new: str) -> None:
    assert names(*read(old, new, repository / "out")) == ("small-old", "small-new")


def test_an_environment_s_values_come_from_the_same_revision_as_the_template(repository: Path) -> None:
    found = read("main", "notes", repository / "out", environment="dev")
    assert names(*found) == ("big-old", "huge-new")


def test_values_given_on_the_command_line_come_first(repository: Path) -> None:
    found = read("main", "notes", repository / "out", old_values={"Size": "a"}, environment="dev")
    assert names(*found) == ("a-old", "huge-new")
    assert names(*read("main", "notes", repository / "out", old_values={"Size": "a"})) == ("a-old", "a-new")
    assert names(*read("main", "notes", repository / "out", new_values={"Size": "a"})) == ("small-old", "a-new")


def test_both_are_read_for_the_region_that_they_are_written_for(repository: Path) -> None:
    assert {side.pseudo["AWS::Region"] for side in read("main", "notes", repository / "out")} == {"eu-west-1"}
    found = read("main", "notes", repository / "out", region="us-east-1")
    assert {side.pseudo["AWS::Region"] for side in found} == {"us-east-1"}


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("nothing.yaml", "notes", "'nothing.yaml' is no git revision"),
        ("nothing.yaml", "out/notes/stack.yaml", "there is no file 'nothing.yaml'"),
        ("elsewhere:stack.yaml", "out/notes/stack.yaml", "git knows no 'elsewhere'"),
        ("main:stack.yaml", "out/notes/stack.yaml", "stack.yaml is not in the revision main"),
        ("out/notes", "out/notes/stack.yaml", "is a folder"),
        ("--output=x:y", "out/notes/stack.yaml", "git knows no"),
        ("out/notes/parameters/dev.json", "out/notes/stack.yaml", "is no CloudFormation template"),
    ],
)
def test_what_cannot_be_read_is_told(repository: Path, old: str, new: str, said: str) -> None:
    with pytest.raises(TapError) as raised:
        read(old, new, repository / "out")
    assert said in str(raised.value)


def test_a_template_that_is_not_yaml_is_told(repository: Path) -> None:
    (repository / "broken.yaml").write_text("Resources: [")
    with pytest.raises(TapError, match="neither YAML nor JSON"):
        read("main:out/notes/stack.yaml", "broken.yaml", repository / "out")


def test_an_environment_that_neither_side_has_is_told(repository: Path) -> None:
    with pytest.raises(TapError, match=r"no parameters/nowhere\.json beside either"):
        read("main", "notes", repository / "out", environment="nowhere")


def test_templates_of_nested_stacks_are_read_from_beside_the_template(tmp_path: Path) -> None:
    url = "https://s3.${AWS::Region}.${AWS::URLSuffix}/${Bucket}/${Prefix}inner.yaml"
    stack = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": {"Fn::Sub": url}}}
    for folder, name in (("a", "old"), ("b", "new")):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "root.json").write_text(json.dumps({"Resources": {"Inner": stack}}))
        (tmp_path / folder / "inner.yaml").write_text(TEMPLATE.replace("NAME", name))
    found = compare(*read(f"{tmp_path}/a/root.json", f"{tmp_path}/b/root.json", tmp_path), bundled())
    (change,) = found.changes
    assert (change.logical_id, change.children[0].edits[0].after) == ("Inner", "small-new")


def test_what_there_is_none_of_is_dev_null(repository: Path) -> None:
    made = compare(*read(os.devnull, "out/notes/stack.yaml", repository / "out"), bundled())
    assert [(one.logical_id, one.action.value) for one in made.changes] == [("Topic", "create")]
    gone = compare(*read("out/notes/stack.yaml", os.devnull, repository / "out"), bundled())
    assert [(one.logical_id, one.action.value) for one in gone.changes] == [("Topic", "delete")]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ('[{"ParameterKey": "A", "ParameterValue": "b"}]', {"A": "b"}),
        ('[{"ParameterKey": "A", "UsePreviousValue": true}]', {}),
        ('{"A": "b", "C": 3, "D": true}', {"A": "b", "C": "3", "D": "true"}),
        ('{"Parameters": {"A": "b"}}', {"A": "b"}),
    ],
)
def test_parameter_files_as_the_tools_have_them(text: str, values: dict[str, str]) -> None:
    assert sources.parameters_in(text, "p.json") == values


@pytest.mark.parametrize("text", ["[1]", '{"A": []}', '"x"', "{"])
def test_a_malformed_parameter_file_is_told(text: str) -> None:
    with pytest.raises(TapError, match=r"p\.json"):
        sources.parameters_in(text, "p.json")


@pytest.fixture
def deployed() -> Callable[[], Session]:
    """A session in which the stack ``notes-dev`` was made from TEMPLATE, with ``Size`` ``big``."""
    client = client_of("cloudformation")
    stubber = Stubber(client)
    stubber.activate()
    arn = "arn:aws:cloudformation:eu-west-1:123456789012:stack/notes-dev/1"
    stack = {
        "StackName": "notes-dev",
        "StackId": arn,
        "StackStatus": "CREATE_COMPLETE",
        "CreationTime": "2026-01-01T00:00:00Z",
        "Parameters": [{"ParameterKey": "Size", "ParameterValue": "big"}],
    }
    stubber.add_response("describe_stacks", {"Stacks": [stack]}, {"StackName": "notes-dev"})
    stubber.add_response("get_template", {"TemplateBody": TEMPLATE.replace("NAME", "old")})

    def opened() -> Session:
        session = Session(boto=None, region="eu-west-1")  # type: ignore[arg-type]
        session.__dict__["cloudformation"] = client  # what cached_property would have kept
        return session

    return opened


def test_a_deployed_stack_is_a_side_with_its_parameters(repository: Path, deployed: Callable[[], Session]) -> None:
    first, last = sources.sources("stack:notes-dev", "out/notes/stack.yaml", deployed, repository / "out")
    old, new = sources.sides(
        first, last, old_values=None, new_values=None, environment="", region="", note=lambda line: None
    )
    assert names(old, new) == ("big-old", "big-new")
    assert new.pseudo["AWS::AccountId"] == "123456789012"
    assert old.label == "stack notes-dev (eu-west-1)"
