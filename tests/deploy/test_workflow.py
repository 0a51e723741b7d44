"""Preparing: which value goes to which template, and what is checked before anything is called."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tap.deploy import body, changeset, compared, stacks, workflow
from tap.deploy.changeset import ChangeSet
from tap.deploy.parameters import ParametersError
from tap.deploy.session import Session
from tap.deploy.source import SourceError
from tap.deploy.workflow import Job, Order, prepare

MAIN: dict[str, Any] = {
    "EnvironmentSuffix": {"Type": "String", "MaxLength": 5},
    "Domain": {"Type": "String", "Default": "", "AllowedPattern": "[a-z.]*"},
}
EDGE: dict[str, Any] = MAIN | {
    "EnvironmentSuffix": {"Type": "String", "MaxLength": 4},
    "Limit": {"Type": "Number", "Default": 1, "MinValue": 1},
}


def put(folder: Path, name: str, layout: str, region: str, parameters: dict[str, Any]) -> None:
    about = {"System": "notes", "Layout": layout, "Region": region}
    body = {"Metadata": {"Template": about}, "Parameters": parameters}
    for ending in ("yaml", "json"):
        (folder / f"{name}.{ending}").write_text(json.dumps(body))


@pytest.fixture
def out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A system with an edge; whatever is opened is opened in the template's own region."""
    folder = tmp_path / "notes"
    (folder / "parameters" / "edge").mkdir(parents=True)
    put(folder, "stack", "stack", "eu-west-1", MAIN)
    put(folder, "edge", "edge", "us-east-1", EDGE)
    values = [{"ParameterKey": "EnvironmentSuffix", "ParameterValue": "dev"}]
    (folder / "parameters" / "dev.json").write_text(json.dumps(values))
    values.append({"ParameterKey": "Limit", "ParameterValue": "7"})
    (folder / "parameters" / "edge" / "dev.json").write_text(json.dumps(values))
    monkeypatch.setattr(
        workflow,
        "open_session",
        lambda target, region, note: Session(boto3.session.Session(), target.region or region, "http://x"),
    )
    return tmp_path


def prepared(out: Path, *given: str, edge: bool = True, check: bool = True, **more: Any) -> tuple[Job, list[str]]:
    notes: list[str] = []
    order = Order("notes", "dev", "stack", out, given, edge=edge, **more)
    return prepare(order, notes.append, check=check), notes


def of_edge(job: Job) -> Job:
    assert job.edge is not None
    return job.edge


def test_the_edge_is_in_its_own_region_with_the_system_s_endpoint(out: Path) -> None:
    job, _ = prepared(out, bucket="mine")
    assert (job.session.region, of_edge(job).session.region) == ("eu-west-1", "us-east-1")
    assert of_edge(job).session.endpoint_url == "http://x"
    assert (job.names, of_edge(job).names) == (["notes-dev"], ["notes-dev-edge"])
    # A bucket is in one region.
    assert (job.order.bucket, of_edge(job).order.bucket) == ("mine", None)


def test_each_template_gets_the_values_that_it_declares(out: Path) -> None:
    job, notes = prepared(out, "Domain=n.example.org", "Limit=9")
    assert job.values == {"EnvironmentSuffix": "dev", "Domain": "n.example.org"}
    assert of_edge(job).values == {"EnvironmentSuffix": "dev", "Domain": "n.example.org", "Limit": "9"}
    assert notes == []
    assert of_edge(prepared(out)[0]).values == {"EnvironmentSuffix": "dev", "Limit": "7"}


def test_the_suffix_of_the_edge_is_the_system_s(out: Path) -> None:
    job, _ = prepared(out, "EnvironmentSuffix=two")
    assert of_edge(job).names == ["notes-two-edge"]
    with pytest.raises(ParametersError, match=r"EnvironmentSuffix: 'three' has 5 characters; at most 4"):
        prepared(out, "EnvironmentSuffix=three")
    assert prepared(out, "EnvironmentSuffix=three", edge=False)[0].names == ["notes-three"]


def test_problems_of_both_are_told_at_once_and_each_once(out: Path) -> None:
    with pytest.raises(ParametersError) as raised:
        prepared(out, "Domain=X", "Limit=0", "Limt=1")
    assert [problem.key for problem in raised.value.problems] == ["Domain", "Limt", "Limit"]
    assert "parameters/dev.json, for the edge out/notes/parameters/edge/dev.json," in str(raised.value)
    assert "Did you mean Limit?" in str(raised.value)


def test_without_the_edge_its_own_parameters_have_no_effect_and_that_is_said(out: Path) -> None:
    job, notes = prepared(out, "Limit=0", edge=False)
    assert notes == ["Limit is a parameter of the edge only: without --edge it has no effect."]
    assert job.values == {"EnvironmentSuffix": "dev"}
    assert of_edge(job).names == ["notes-dev-edge"]
    with pytest.raises(
        ParametersError, match=r"Limt: is declared by no template of this system\. Did you mean Limit\?"
    ):
        prepared(out, "Limt=0", edge=False)


def test_verbs_that_send_no_parameters_need_no_file_of_the_edge(out: Path) -> None:
    (out / "notes" / "parameters" / "edge" / "dev.json").unlink()
    assert of_edge(prepared(out, check=False)[0]).names == ["notes-dev-edge"]
    assert of_edge(prepared(out, edge=False)[0]).names == ["notes-dev-edge"]
    with pytest.raises(SourceError, match="the edge of notes has no environment 'dev'"):
        prepared(out)


def test_a_system_without_an_edge(out: Path) -> None:
    (out / "notes" / "edge.yaml").unlink()
    assert prepared(out, edge=False)[0].edge is None
    with pytest.raises(SourceError, match=r"notes has no edge: there is no .*edge\.yaml"):
        prepared(out)


def test_a_suffix_must_be_known(out: Path) -> None:
    (out / "notes" / "parameters" / "dev.json").write_text("[]")
    with pytest.raises(SourceError, match="no value for EnvironmentSuffix"):
        prepared(out, edge=False, check=False)


def test_a_template_that_may_not_be_read_leaves_the_change_set_to_judge_by(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An optional call that is denied does not stop the rest, and that is said once."""
    asked: list[str] = []

    def denied(_: object, name: str) -> dict[str, Any]:
        asked.append(name)
        raise ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "GetTemplate")

    change = {
        "Action": "Modify",
        "LogicalResourceId": "Queue",
        "ResourceType": "AWS::SQS::Queue",
        "Replacement": "True",
        "PolicyAction": "ReplaceAndDelete",
    }
    made = ChangeSet("arn", "id", "notes-dev", bare=(change,), valued=(change,))
    monkeypatch.setattr(stacks, "look", lambda _, name: stacks.Stack(name, "id", "UPDATE_COMPLETE"))
    monkeypatch.setattr(stacks, "deployed_template", denied)
    monkeypatch.setattr(body, "deliver", lambda *_: body.Body())
    monkeypatch.setattr(changeset, "make", lambda *_: made)
    job, notes = prepared(out, edge=False)
    plan = workflow.propose(job, job.source.stacks[0], "plan", notes.append).plan
    assert asked == ["notes-dev"]
    assert plan.notes.count(compared.DENIED) == 1
    assert [(harm.logical_id, harm.stateful) for harm in plan.harms] == [("Queue", True)]
