"""What holds for every template of every system, in every layout: its text, its order, its size."""

from __future__ import annotations

import json
import re
from itertools import groupby

import pytest
import yaml

from tests.cloudformation_yaml import load_yaml
from tests.requirements.house import FILES, own_resources, template
from tests.requirements.template import (
    OUT,
    SYSTEMS,
)

each_file = pytest.mark.parametrize("file", FILES)
each_system = pytest.mark.parametrize("system", SYSTEMS)
SECTIONS = ["Description", "Metadata", "Parameters", "Rules", "Mappings", "Conditions", "Resources", "Outputs"]
RESOURCE_KEYS = [
    "Type",
    "Condition",
    "DependsOn",
    "CreationPolicy",
    "UpdatePolicy",
    "DeletionPolicy",
    "UpdateReplacePolicy",
    "Properties",
]


@each_file
def test_yaml_and_json_say_the_same(file: str) -> None:
    text = (OUT / file).with_suffix(".yaml").read_text(encoding="utf-8")
    # As text, for 1 and true, and another order, are not the same to a reader.
    assert json.dumps(load_yaml(text)) == json.dumps(template(file))


def test_no_file_without_its_twin() -> None:
    texts = [path.relative_to(OUT) for system in SYSTEMS for path in (OUT / system).rglob("*.yaml")]
    assert sorted(str(path.with_suffix(".json")) for path in texts) == FILES


@pytest.mark.parametrize(
    "text", ["A: 1\nA: 2\n", "A: {B: 1, B: 2}\n", "A: &x 1\nB: *x\n", "A: 2010-09-09\n", "- A\n", "1: A\n"]
)
def test_the_yaml_reader_refuses_what_people_trip_over(text: str) -> None:
    with pytest.raises(yaml.YAMLError):
        load_yaml(text)


@each_file
def test_sections_stand_in_reading_order(file: str) -> None:
    first, *rest = template(file)
    assert first == "AWSTemplateFormatVersion"
    assert rest == [section for section in ["Transform", *SECTIONS] if section in rest]
    assert {"Description", "Metadata", "Parameters", "Resources"} <= {*rest}


@each_file
def test_resource_keys_stand_in_reading_order(file: str) -> None:
    for name, resource in own_resources(file):
        keys = [key for key in resource if key != "Metadata"]
        assert keys == [key for key in RESOURCE_KEYS if key in resource], name


@each_system
def test_resources_are_grouped_by_tier(system: str) -> None:
    tiers = [tier for tier, _ in groupby(r["Metadata"]["Tier"] for _, r in own_resources(f"{system}/stack.json"))]
    assert len(tiers) == len(set(tiers))


@each_file
def test_logical_ids_are_nouns_in_camel_case(file: str) -> None:
    body = template(file)
    for section in ("Parameters", "Rules", "Mappings", "Conditions", "Resources", "Outputs"):
        for name in body.get(section, {}):
            assert re.fullmatch(r"[A-Z][A-Za-z0-9]*", name), name


@each_file
def test_everything_is_described(file: str) -> None:
    body = template(file)
    sentences = {"the template": body["Description"]}
    for section in ("Parameters", "Outputs"):
        sentences |= {name: entry.get("Description", "") for name, entry in body.get(section, {}).items()}
    sentences |= {name: entry["Metadata"].get("Description", "") for name, entry in body["Resources"].items()}
    for name, sentence in sentences.items():
        assert re.match(r"[A-Z/0-9'\"]", sentence), f"{name}: {sentence!r}"
        assert sentence.endswith("."), f"{name}: {sentence!r}"
        assert "  " not in sentence, name
    assert len(body["Description"].encode()) <= 1024


@each_file
def test_a_template_is_within_the_limits(file: str) -> None:
    body = template(file)
    assert (OUT / file).with_suffix(".yaml").stat().st_size <= 1_000_000
    for section, most in (("Parameters", 200), ("Mappings", 200), ("Resources", 500), ("Outputs", 200)):
        assert len(body.get(section, {})) <= most
    for entry in body["Parameters"].values():
        assert len(entry["Description"]) <= 4000
