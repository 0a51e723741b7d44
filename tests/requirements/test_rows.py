"""The rows in ``templates/requirements/``: one for each requirement, and each is shown by the emitted template."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from tap import project
from tap.check.explain import requirements
from tap.check.explain.run import explain, of_files
from tap.check.load import Document, read
from tap.check.model import Model
from tap.check.run import own_region, read_parameters
from tap.report.section import Section
from tests.requirements.catalogue import CATALOGUE

OUT = project.OUT


def rows(system: str) -> tuple[requirements.Row, ...]:
    return requirements.read(project.ROOT / requirements.FOLDER / f"{system}.toml")


def stack(system: str) -> Path:
    return OUT / system / "stack.json"


@cache
def template(path: Path) -> Document | None:
    return read(path) if path.exists() else None


def model(path: Path, parameters: Path | None = None) -> Model | None:
    given = read_parameters(parameters) if parameters else {}
    document = template(path)
    return Model(document, own_region(document), given) if document else None


def not_met(section: Section) -> list[str]:
    rows = (row for table in section.tables for row in table.rows)
    return [" ".join(cell.text for cell in row) for row in rows if row[2].text != "met"]


@pytest.mark.parametrize("system", CATALOGUE)
def test_every_requirement_has_a_row_in_its_order_and_no_row_an_unknown_one(system: str) -> None:
    assert [row.id for row in rows(system)] == list(CATALOGUE[system])


def test_every_file_is_a_systems() -> None:
    files = (project.ROOT / requirements.FOLDER).iterdir()
    assert {path.name for path in files} == {f"{system}.toml" for system in CATALOGUE}


@pytest.mark.parametrize(
    ("system", "environment"),
    [
        (system, environment)
        for system in CATALOGUE
        for environment in ("", *sorted(path.stem for path in (OUT / system / "parameters").glob("*.json")))
    ],
)
def test_every_row_is_met_by_the_template_whatever_the_environment(system: str, environment: str) -> None:
    main = model(stack(system), OUT / system / "parameters" / f"{environment}.json" if environment else None)
    assert main
    section = explain("requirements", main, model(OUT / system / "edge.json"))
    assert not_met(section) == [] and requirements.unmet(section) == 0


@pytest.mark.parametrize("system", CATALOGUE)
def test_every_row_has_places_and_each_once(system: str) -> None:
    for row in rows(system):
        assert row.shows, row.id
        assert len(row.shows) == len(set(row.shows)), row.id


@pytest.mark.parametrize("system", CATALOGUE)
def test_a_row_says_it_in_a_few_sentences_of_its_own(system: str) -> None:
    for row in rows(system):
        assert row.says.endswith(".") and 30 < len(row.says) < 350, row.id
        assert "see decisions" not in row.says or "; see decisions: " in row.says, row.id
    assert len({row.says for row in rows(system)}) == len(rows(system))


@pytest.mark.parametrize("system", CATALOGUE)
def test_most_places_say_what_must_stand_there(system: str) -> None:
    """A place whose value is left open shows a reader what is there, but proves only that it is there."""
    places = [place for row in rows(system) for place in row.shows]
    assert sum(" = " in place for place in places) > 0.9 * len(places)


def changed(tmp_path: Path, system: str, path: list[str], value: object) -> Path:
    """The system's template with something else at a place below ``Resources``; None takes away what is there."""
    body = json.loads(stack(system).read_text("utf-8"))
    *steps, last = path
    found = body["Resources"]
    for step in steps:
        found = found[step]
    if value is None:
        del found[last]
    else:
        found[last] = value
    file = tmp_path / "stack.json"
    file.write_text(json.dumps(body), "utf-8")
    return file


def told(*words: str, cwd: Path) -> tuple[int, str]:
    command = [sys.executable, str(project.ROOT / "generate.py"), "check", "--explain", "requirements", *words]
    ran = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert "Traceback" not in ran.stderr, ran.stderr
    return ran.returncode, " ".join(ran.stdout.split())


def test_the_command_tells_that_all_is_met(tmp_path: Path) -> None:
    code, text = told("payments", cwd=tmp_path)
    assert code == 0
    assert all(f"{row.id} " in text for row in rows("payments"))
    assert "DatabaseCluster.DeletionProtection = true" in text and "NOT MET" not in text


def test_the_command_tells_what_is_not_there(tmp_path: Path) -> None:
    changed(tmp_path, "payments", ["DatabaseCluster", "Properties", "MonitoringInterval"], None)
    code, text = told("stack.json", cwd=tmp_path)
    assert code == 1
    assert "NOT MET" in text and "DatabaseCluster.MonitoringInterval: there is no such thing" in text


@pytest.mark.parametrize(
    ("path", "value", "says"),
    [
        (
            ["DatabaseCluster", "Properties", "DeletionProtection"],
            False,
            "DatabaseCluster.DeletionProtection = false, but must be true",
        ),
        (
            ["DatabaseCluster", "DeletionPolicy"],
            "Delete",
            "DatabaseCluster.DeletionPolicy = Delete, but must be Retain",
        ),
        (["IsolatedSubnetC"], None, "IsolatedSubnet?.CidrBlock = 10.0.6.0/26, 10.0.6.64/26, but must be 10.0.6.0/26,"),
    ],
)
def test_what_is_taken_out_or_turned_round_is_not_met(
    tmp_path: Path, path: list[str], value: object, says: str
) -> None:
    found = of_files("requirements", [changed(tmp_path, "payments", path, value)], region=None, given={})
    assert says in " ".join(not_met(found[0][1]))


def test_an_edge_that_is_not_there_shows_nothing(tmp_path: Path) -> None:
    (tmp_path / "stack.json").write_bytes(stack("media-streaming").read_bytes())

    def missing() -> str:
        ((_, section),) = of_files("requirements", [tmp_path / "stack.json"], region=None, given={})
        return " ".join(not_met(section))

    assert "edge:Firewall.Scope: there is no such thing" in missing()
    (tmp_path / "edge.json").write_bytes((OUT / "media-streaming" / "edge.json").read_bytes())
    assert missing() == ""
