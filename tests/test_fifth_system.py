"""A further system costs one page: nothing in the tiers knows which systems there are."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tap import project, synth
from tap.linker import LAYOUTS, Layout
from tap.lint import run
from tap.lint.targets import choose
from tests import fifth_system
from tests.building import linked, stack

REGIONS = ("us-east-1", "ap-southeast-2")
TIERS = ["network", "alerts", "balancer", "services", "gateway", "monitoring"]


def test_it_links_three_ways_with_the_same_resources() -> None:
    made = fifth_system.system()
    whole = stack(made)["Resources"]
    paths: dict[Layout, list[str]] = {
        "tiers": [f"tiers/{number:02}-{name}" for number, name in enumerate(TIERS, 1)],
        "nested": [f"nested/{name}" for name in TIERS],
    }
    for layout, expected in paths.items():
        bodies = linked(made, layout)
        children = {path: body for path, body in bodies.items() if path != "nested/root"}
        assert sorted(children) == sorted(expected)
        types = {name: each["Type"] for body in children.values() for name, each in body["Resources"].items()}
        assert types == {name: each["Type"] for name, each in whole.items()}


@pytest.mark.parametrize("region", REGIONS)
def test_cfn_lint_finds_nothing_in_any_layout(region: str, tmp_path: Path) -> None:
    made = fifth_system.system(region)
    files = list(synth.emit(made, LAYOUTS))
    synth.write(synth.differences(files, tmp_path, [], LAYOUTS), tmp_path)
    results = run.lint(choose((made.name,), tmp_path), use_cache=False)
    assert len(results) == len(LAYOUTS[:1]) + len(TIERS) + len([*TIERS, "root"])
    assert {region, "us-east-1"} == {each for one in results for each in one.verdict.regions}
    found = [f"{one.path.name}: {each}" for one in results for each in one.verdict.findings]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("region", REGIONS)
def test_the_network_knows_the_zones_of_both_regions(region: str) -> None:
    assert {"A", "B"} <= set(stack(fifth_system.system(region))["Mappings"]["ZoneIds"][region])


def test_it_has_what_it_chose_and_nothing_of_what_it_did_not() -> None:
    body = stack(fifth_system.system())
    types = [each["Type"] for each in body["Resources"].values()]
    services = {name.rpartition("::")[0] for name in types}
    absent = {"RDS", "SecretsManager", "DynamoDB", "CloudFront", "S3", "KMS", "WAFv2", "Backup", "Route53", "ECR"}
    assert not services & {f"AWS::{name}" for name in absent}
    assert not [name for name in (*body["Resources"], *body["Parameters"], *body["Outputs"]) if "Database" in name]
    assert types.count("AWS::ECS::Service") == 2
    assert types.count("AWS::EC2::NatGateway") == 2
    assert types.count("AWS::ApiGateway::RestApi") == 1
    assert "CertificateArn" in body["Parameters"]
    for name in ("PagesService", "UnitsService"):
        properties = body["Resources"][name]["Properties"]
        assert [each["CapacityProvider"] for each in properties["CapacityProviderStrategy"]] == ["FARGATE"]
        assert properties["DeploymentConfiguration"]["DeploymentCircuitBreaker"] == {"Enable": True, "Rollback": True}


# ── nobody asks which system it is ──


def folded(name: str) -> str:
    """A name in the form in which all spellings of it are the same."""
    return name.lower().replace("-", "").replace("_", "").replace(" ", "")


def named_in_decisions(tree: ast.AST, names: set[str]) -> Iterator[tuple[int, str]]:
    """Where code decides by one of these names: in comparisons, ``match``, keys of tables, and calls that test a text.

    A name may be spelled in any case, with hyphens, underscores or without, and be a part of a longer text.
    """
    for node in ast.walk(tree):
        asked: list[ast.AST | None] = []
        if isinstance(node, ast.Compare):
            asked = [node.left, *node.comparators]
        elif isinstance(node, ast.MatchValue):
            asked = [node.value]
        elif isinstance(node, ast.Dict):
            asked = list(node.keys)
        elif isinstance(node, ast.Subscript):
            asked = [node.slice]
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            asked = list(node.args) if node.func.attr in ("startswith", "endswith", "get") else []
        for each in asked:
            for part in ast.walk(each) if each else ():
                if isinstance(part, ast.Constant) and isinstance(part.value, str):
                    yield from ((part.lineno, part.value) for name in names if name in folded(part.value))


def system_names() -> set[str]:
    return {folded(name) for name in synth.system_names()}


@pytest.mark.parametrize(
    "code",
    [
        "if system == 'customer-portal': pass",
        "x = 1 if choices.name in ('payments', 'ecommerce') else 2",
        "match name:\n    case 'media-streaming': pass",
        "size = {'payments': 3, 'ecommerce': 1}[name]",
        "big = name.startswith('customer_portal')",
        "if title != 'Customer portal': pass",
    ],
)
def test_the_search_finds_a_decision_by_name(code: str) -> None:
    assert list(named_in_decisions(ast.parse(code), system_names()))


def test_nothing_in_templates_decides_by_a_systems_name() -> None:
    templates = project.ROOT / "templates"
    found = [
        f"{path.relative_to(project.ROOT)}:{line}: {text!r}"
        for path in sorted(templates.rglob("*.py"))
        for line, text in named_in_decisions(ast.parse(path.read_text("utf-8")), system_names())
    ]
    assert not found, "a tier is told what differs by its choices, not by the system's name:\n" + "\n".join(found)


def test_no_tier_mentions_a_system() -> None:
    """Not in code and not in a text that it writes; docstrings may give examples of names."""
    found = []
    for path in sorted((project.ROOT / "templates" / "tiers").glob("*.py")):
        tree = ast.parse(path.read_text("utf-8"))
        documented = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in documented:
                found += [f"{path.name}:{node.lineno}" for name in system_names() if name in folded(node.value)]
    assert not found, f"tiers that know a system: {', '.join(found)}"


def test_tiers_import_no_system() -> None:
    pages = {path.stem for path in (project.ROOT / "templates").glob("*.py")} - {"__init__"}
    for path in sorted((project.ROOT / "templates" / "tiers").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom):
                assert (node.module or "").removeprefix("templates.") not in pages, path.name
