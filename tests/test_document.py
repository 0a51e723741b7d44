"""The systems' pages: what they say, that they are valid Markdown, and that those in docs/ are fresh."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from markdown_it import MarkdownIt
from markdown_it.token import Token
from troposphere import Ref, Sub

from tap import document, pages, project, synth
from tap.commands.synth import synth as command
from tap.model import SUFFIX, System
from tests import fifth_system
from tests.building import bucket, output, pair, parameter, shared, system, tier, topic

DOCS = project.ROOT / "docs" / "systems"
SYSTEMS = synth.system_names()


def page(of: System) -> str:
    written, *_ = pages.pages(of, list(synth.emit(of)))
    assert written.path == f"{of.name}.md"
    return written.text


def parsed(markdown: str) -> list[Token]:
    return MarkdownIt("gfm-like", {"linkify": False, "html": True}).parse(markdown)


def sections(markdown: str) -> dict[str, str]:
    """The text under each heading of the second level."""
    _, *parts = re.split(r"^## (.+)$", markdown, flags=re.MULTILINE)
    return dict(zip(parts[::2], parts[1::2], strict=True))


def cells(markdown: str) -> Iterator[list[str]]:
    """The rows of all tables, their cells as a reader sees them."""
    row: list[str] = []
    for token in parsed(markdown):
        if token.type == "tr_open":
            row = []
        elif token.type == "inline" and token.level > 3:
            row.append("".join(child.content for child in token.children or ()))
        elif token.type == "tr_close":
            yield row


@pytest.fixture(scope="module", params=SYSTEMS)
def real(request: pytest.FixtureRequest) -> tuple[System, dict[str, Any], str]:
    """A system of the project, its template and its page."""
    made = synth.load(request.param)
    files = {file.path: file.text for file in synth.emit(made)}
    return made, json.loads(files[f"{made.name}/stack.json"]), page(made)


# ── those of the project ──


def test_the_page_in_docs_is_what_synth_writes(real: tuple[System, dict[str, Any], str]) -> None:
    made, _, text = real
    path = DOCS / f"{made.name}.md"
    assert path.is_file() and path.read_bytes() == text.encode(), f"{path} is stale. Run: python generate.py synth"


def test_there_is_a_page_for_each_system_and_no_other() -> None:
    assert sorted(path.stem for path in DOCS.glob("*.md")) == SYSTEMS
    assert sorted(path.stem for path in DOCS.glob("*.svg")) == SYSTEMS


def test_a_page_is_the_same_each_time(real: tuple[System, dict[str, Any], str]) -> None:
    made, _, text = real
    assert page(synth.load(made.name)) == text


def test_a_page_is_valid_markdown(real: tuple[System, dict[str, Any], str]) -> None:
    """Every table is one, with as many cells in each row as in its head; nothing is emphasised by accident."""
    text = real[2]
    in_fence = re.sub(r"^```.*?^```$", "", text, flags=re.DOTALL | re.MULTILINE)
    tables = sum(1 for token in parsed(text) if token.type == "table_open")
    assert tables == len(re.findall(r"^\|(---\|)+$", in_fence, flags=re.MULTILINE))
    for line in in_fence.splitlines():
        if line.startswith("|"):
            assert line.endswith("|")
    widths = {len(row) for row in cells(text)}
    assert widths <= {3, 4, 5}
    found = [child.type for token in parsed(text) for child in token.children or ()]
    assert set(found) <= {"text", "code_inline", "softbreak", "html_inline", "image"}
    assert found.count("image") == 1


def test_a_page_tells_of_everything_in_the_template(real: tuple[System, dict[str, Any], str]) -> None:
    made, body, text = real
    rows = [row[0] for row in cells(text)]
    for section in ("Parameters", "Outputs", "Resources"):
        missing = [name for name in body[section] if name not in rows]
        assert not missing, f"{section} that the page leaves out: {missing}"
    for each in made.tiers:
        assert f"<summary>{each.title} (" in text
    for name in body["Metadata"]["Template"]["Capabilities"]:
        assert f"- `{name}`: " in sections(text)["Capabilities"]


def test_all_that_has_a_policy_to_stay_is_listed(real: tuple[System, dict[str, Any], str]) -> None:
    _, body, text = real
    staying = {name for name, each in body["Resources"].items() if "Retain" in json.dumps(each.get("DeletionPolicy"))}
    staying |= {n for n, each in body["Resources"].items() if "Snapshot" in json.dumps(each.get("DeletionPolicy"))}
    assert staying == {row[0] for row in cells(sections(text)["Deleting"])} - {"Resource"}


def test_every_exemption_is_listed_with_its_reason(real: tuple[System, dict[str, Any], str]) -> None:
    _, body, text = real
    listed = {
        (name, check, why) for names, check, why in cells(sections(text)["Limitations"]) for name in names.split(", ")
    }
    for name, each in body["Resources"].items():
        metadata = each["Metadata"]
        skips = {skip["id"]: skip["comment"] for skip in metadata.get("checkov", {}).get("skip", [])}
        for check, why in (skips | metadata.get("Exemptions", {})).items():
            assert (name, check, why) in listed


def test_the_picture_in_docs_is_what_synth_writes(real: tuple[System, dict[str, Any], str]) -> None:
    made, _, text = real
    _, drawn = pages.pages(made, list(synth.emit(made)))
    path = DOCS / drawn.path
    assert path.is_file() and path.read_bytes() == drawn.text.encode(), (
        f"{path} is stale. Run: python generate.py synth"
    )
    assert f"]({drawn.path})" in sections(text)["Architecture"]


def test_the_ways_in_words_name_only_what_there_is(real: tuple[System, dict[str, Any], str]) -> None:
    _, body, text = real
    words = sections(text)["Architecture"]
    drawn = set(re.findall(r"^- (\w+) ", words, re.MULTILINE)) | set(re.findall(r"(?:→|may use) (\w+)", words))
    assert drawn - {"Users"} <= set(body["Resources"])
    assert {"LoadBalancer", "DatabaseCluster", "Users"} <= drawn


def test_commands_for_both_tools(real: tuple[System, dict[str, Any], str]) -> None:
    made, body, text = real
    shell = sections(text)["Deploying"]
    assert f"generate.py deploy {made.name} --env dev" in shell
    assert f"--stack-name {made.name}-dev --template-file out/{made.name}/stack.yaml" in shell
    assert f"--capabilities {' '.join(body['Metadata']['Template']['Capabilities'])}" in shell
    assert ("--s3-bucket" in shell) == (len((project.OUT / made.name / "stack.yaml").read_bytes()) > 51_200)


# ── any system ──


def test_a_system_with_little_has_a_short_page() -> None:
    made = pair()
    text = page(made)
    assert text.startswith(f"{document.MARK}\n\n# Shop\n")
    assert set(sections(text)) == {"Parameters", "Deleting", "Limitations", "Tiers"}
    assert len(list(pages.pages(made, list(synth.emit(made))))) == 1
    assert "All else is deleted" in sections(text)["Deleting"]


def test_parameters_with_their_rules() -> None:
    size = parameter("Size", AllowedValues=["s", "l|xl"], Default="s")
    free = parameter("Note", Default="", ConstraintDescription="a|b, or *nothing*")
    must = parameter("Zone", Type="AWS::Route53::HostedZone::Id")
    uses = topic("T", DisplayName=Sub("${Size}${Note}${Zone}"))
    made = system(tier("one", size, free, must, uses), environments={"dev": {"Zone": "Z1"}, "prod": {"Zone": "Z2"}})
    rows = {row[0]: row[2:] for row in cells(sections(page(made))["Parameters"])}
    assert rows["Size"] == ["String", "s", "s, l|xl"]
    assert rows["Note"] == ["String", "(empty)", "a|b, or *nothing*"]
    assert rows["Zone"] == ["AWS::Route53::HostedZone::Id", "(required)", "one that the account has"]
    assert "dev: `Zone=Z1`; prod: `Zone=Z2`." in sections(page(made))["Parameters"]


def test_an_edge_has_its_part_and_its_command() -> None:
    edge = system(tier("edge", bucket("Far"), output("FarName", Ref("Far"), export="far")))
    made = system(tier("near", topic("Near")), edge=edge, environments={"dev": {}})
    found = sections(page(made))
    assert "--env dev --edge" in found["Deploying"]
    assert "--stack-name shop-dev-edge --template-file out/shop/edge.yaml" in found["Deploying"]
    assert ["FarName", "The output FarName.", f"shop-${{{SUFFIX}}}-far"] in list(cells(found["Edge"]))
    assert "A bucket that holds objects is not deleted." in found["Edge"]
    assert "Far" not in found["Tiers"]


def test_regions_that_a_mapping_leaves_out() -> None:
    text = sections(page(fifth_system.system()))["Limitations"]
    assert "Only in us-east-1, us-east-2," in text
    assert "`ZoneIds`, on which `PublicSubnetA` and 3 others rely" in text


# ── writing them ──


def run(out: Path, *arguments: str) -> tuple[int, str]:
    result = CliRunner().invoke(command, ["customer-portal", "--out", str(out), *arguments])
    return result.exit_code, result.output


def test_pages_are_written_beside_the_projects_own_out_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(tmp_path / "a")[0] == 0
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
    assert run(tmp_path / "a", "--docs", str(tmp_path / "d"))[0] == 0
    assert {path.name for path in (tmp_path / "d").iterdir()} == {"customer-portal.md", "customer-portal.svg"}
    monkeypatch.setattr(project, "OUT", tmp_path / "own" / "out")
    assert run(tmp_path / "own" / "out")[0] == 0
    assert (tmp_path / "own" / "docs" / "systems" / "customer-portal.md").is_file()


def test_a_stale_page_fails_the_check(tmp_path: Path) -> None:
    docs = tmp_path / "docs"
    arguments = ("--docs", str(docs))
    assert run(tmp_path / "out", *arguments)[0] == 0
    assert run(tmp_path / "out", "--check", *arguments)[0] == 0
    path = docs / "customer-portal.md"
    path.write_text(path.read_text().replace("# Customer portal", "# Portal"))
    code, said = run(tmp_path / "out", "--check", *arguments)
    assert code == 1
    assert "-# Portal\n+# Customer portal\n" in said
    assert run(tmp_path / "out", *arguments)[0] == 0
    assert run(tmp_path / "out", "--check", *arguments)[0] == 0


def test_pages_of_systems_that_are_gone_go_and_what_people_write_stays(tmp_path: Path) -> None:
    (tmp_path / "old.md").write_text(f"{document.MARK}\n\n# Old\n")
    (tmp_path / "old.svg").write_text(f"{document.MARK}\n<svg/>\n")
    (tmp_path / "README.md").write_text("# Ours\n")
    (tmp_path / "ours.svg").write_text("<svg/>\n")
    changes = pages.stale([], tmp_path, ["new"])
    assert [(each.path, each.state) for each in changes] == [("old.md", "gone"), ("old.svg", "gone")]
    assert pages.stale([], tmp_path, None) == []


def test_without_the_stack_there_is_no_page(tmp_path: Path) -> None:
    assert run(tmp_path / "out", "--layout", "tiers", "--docs", str(tmp_path / "docs"))[0] == 0
    assert not (tmp_path / "docs").exists()


def test_pages_need_neither_boto3_nor_cfn_lint() -> None:
    unwanted = ("boto3", "botocore", "cfnlint", "rich", "jinja2")
    code = f"import sys, tap.pages; print([m for m in {unwanted} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=project.ROOT)
    assert done.stdout.strip() == "[]"


def test_the_shared_tier_has_no_part_of_its_own() -> None:
    made = system(tier("one", topic("A", DisplayName=Ref("Note"))), common=shared(parameter("Note", Default="x")))
    assert page(made).count("<details>") == 1
