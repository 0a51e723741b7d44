from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tap import project
from tap.deploy.source import SourceError
from tap.deploy.template import parse
from tap.handoff.contents import read
from tests.handoff.building import bundled, emitted, shop

SYSTEMS = sorted(path.parent.name for path in project.OUT.glob("*/stack.json"))


@pytest.fixture
def out(tmp_path: Path) -> Path:
    return emitted(shop(), tmp_path / "out")


def test_what_is_in_it(out: Path) -> None:
    assert set(bundled(out)) >= {
        *("deploy.sh", "delete.sh", "lib/common.sh", "lib/json.awk", "manifest.json", "checksums.sha256"),
        *("RUNBOOK.md", "CHANGES.md", "templates/stack.yaml", "templates/tiers/01-events.yaml"),
        *("templates/nested/root.yaml", "templates/nested/work.yaml", "parameters/dev.json", "parameters/prod.json"),
        *("parameters/tiers/dev/02-work.json", "codepipeline/dev.json", "git-sync/tiers/prod/02-work.yaml"),
    }


def test_each_template_says_the_same_in_both_forms_and_json_is_compact(out: Path) -> None:
    files = bundled(out)
    templates = [path for path in files if path.startswith("templates/") and path.endswith(".yaml")]
    assert len(templates) == 6
    for path in templates:
        compact = files[path.removesuffix(".yaml") + ".json"].text
        assert parse(files[path].text) == json.loads(compact)
        assert compact.count("\n") == 1
        assert '": ' not in compact.replace('\\": ', "")


def test_the_scripts_alone_are_executable(out: Path) -> None:
    files = bundled(out)
    assert {path for path, file in files.items() if file.executable} == {"deploy.sh", "delete.sh"}


def test_the_three_forms_of_parameters_have_the_same_values(out: Path) -> None:
    files = bundled(out)
    rows = json.loads(files["parameters/prod.json"].text)
    values = {row["ParameterKey"]: row["ParameterValue"] for row in rows}
    assert values == {"EnvironmentSuffix": "prod", "Label": 'the "best" \\ one', "Timeout": "30"}
    pipeline = json.loads(files["codepipeline/prod.json"].text)
    assert pipeline == {"Parameters": values, "Tags": {"Environment": "prod"}}
    synced = yaml.safe_load(files["git-sync/prod.yaml"].text)
    assert synced == {
        "template-file-path": "templates/stack.yaml",
        "parameters": values,
        "tags": {"Environment": "prod"},
    }


def test_a_tier_gets_what_it_declares_and_no_more(out: Path) -> None:
    files = bundled(out)
    declared = json.loads(files["templates/tiers/01-events.json"].text)["Parameters"]
    assert [row["ParameterKey"] for row in json.loads(files["parameters/tiers/dev/01-events.json"].text)] == list(
        declared
    )
    assert set(json.loads(files["codepipeline/tiers/dev/01-events.json"].text)["Parameters"]) == set(declared)


def test_the_stack_policy_goes_where_the_environment_has_one(out: Path) -> None:
    policy = {"Statement": [{"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"}]}
    (out / "shop" / "stack-policy.json").write_text(json.dumps(policy), "utf-8")
    (out / "shop" / "deployment").mkdir(exist_ok=True)
    for name, says in (("dev", None), ("prod", "stack-policy.json")):
        (out / "shop" / "deployment" / f"{name}.json").write_text(json.dumps({"StackPolicy": says}), "utf-8")
    files = bundled(out)
    assert json.loads(files["stack-policy.json"].text) == policy
    assert json.loads(files["codepipeline/prod.json"].text)["StackPolicy"] == policy
    assert "StackPolicy" not in json.loads(files["codepipeline/dev.json"].text)
    assert json.loads(files["deployment/prod.json"].text) == {"StackPolicy": "stack-policy.json"}


def test_what_emits_no_guards_has_a_bundle_without(out: Path) -> None:
    for path in (out / "shop").glob("deployment/*"):
        path.unlink()
    (out / "shop" / "stack-policy.json").unlink(missing_ok=True)
    assert not [path for path in bundled(out) if path.startswith(("deployment/", "stack-policy"))]


def test_chosen_environments_only(out: Path) -> None:
    files = bundled(out, environments=("prod",))
    assert [path for path in files if path.startswith("parameters/")] == [
        "parameters/prod.json",
        "parameters/tiers/prod/01-events.json",
        "parameters/tiers/prod/02-work.json",
    ]
    assert json.loads(files["manifest.json"].text)["Environments"] == ["prod"]
    with pytest.raises(SourceError, match=r"no environment nowhere\. There is: dev, prod"):
        read("shop", out, ["nowhere"])


def test_more_pages_go_with_it_and_are_counted_in(out: Path) -> None:
    files = bundled(out, pages={"report.html": "<p>all of it</p>\n"})
    assert files["report.html"].text == "<p>all of it</p>\n"
    assert "  report.html\n" in files["checksums.sha256"].text


def test_the_manifest_tells_the_scripts_of_every_stack(out: Path) -> None:
    about = json.loads(bundled(out)["manifest.json"].text)
    assert (about["System"], about["Version"], about["Region"]) == ("shop", "1.2.0", "us-east-1")
    work = about["Layouts"]["tiers"][1]
    assert (work["Stack"], work["Template"]) == ("work", "templates/tiers/02-work.yaml")
    assert (work["Parameters"], work["Required"]) == (["EnvironmentSuffix", "Label", "Timeout"], ["Label"])
    root = about["Layouts"]["nested"][0]
    assert root["Children"] == ["templates/nested/events.yaml", "templates/nested/work.yaml"]
    assert root["Required"] == ["Label"]
    assert "AWS::S3::Bucket" in about["HoldsData"]
    assert about["Deleting"]["dev"]["Goes"] == ["Bucket: The bucket Bucket."]


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_system_has_a_bundle(system: str) -> None:
    contents = read(system, project.OUT, ())
    files = bundled(project.OUT, system)
    assert sorted(json.loads(files["manifest.json"].text)["Environments"]) == ["dev", "prod", "staging"]
    assert ("templates/edge.yaml" in files) == (contents.edge is not None)
    named = json.loads(files["manifest.json"].text)
    for stacks in named["Layouts"].values():
        for stack in stacks:
            assert {stack["Template"], *stack["Children"]} <= set(files)
