"""What holds for every template of every system, in every layout: its parameters, and the names made of them."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests.requirements.house import FILES, LIMITS, WHOLE, full, refused, template
from tests.requirements.template import (
    OUT,
    SYSTEMS,
    given,
    load,
    variants,
)

each_file = pytest.mark.parametrize("file", FILES)
each_system = pytest.mark.parametrize("system", SYSTEMS)
CONSTRAINTS = {"AllowedValues", "AllowedPattern", "MinLength", "MaxLength", "MinValue", "MaxValue"}
LONGEST = {
    "AWS::AccountId": "1" * 12,
    "AWS::Partition": "aws-us-gov",
    "AWS::Region": "ap-southeast-1",
    "AWS::StackName": "s" * 128,
    "AWS::URLSuffix": "amazonaws.com.cn",
}


@each_file
def test_parameters_are_constrained_and_say_how(file: str) -> None:
    for name, entry in template(file)["Parameters"].items():
        # Handed on by the root, which has checked it; or checked by CloudFormation, which looks it up.
        if "Handed on by the root template." in entry["Description"] or entry["Type"].startswith("AWS::"):
            continue
        assert CONSTRAINTS & entry.keys(), name
        assert entry.get("ConstraintDescription"), name


@each_file
def test_the_suffix_comes_first(file: str) -> None:
    if "/nested/" in file and '"EnvironmentSuffix"' not in json.dumps(template(file)):
        # A nested stack takes what it uses. Its parent has the suffix, and nothing in this one bears a name.
        assert not file.endswith("/root.json")
        return
    first, entry = next(iter(template(file)["Parameters"].items()))
    assert first == "EnvironmentSuffix"
    assert entry["Type"] == "String"
    for good in ("a", "dev", "qa-1", "a-b-c"):
        assert re.fullmatch(entry["AllowedPattern"], good)
    for bad in ("", "-a", "a-", "a--b", "Dev", "a_b", "a.b", "a b"):
        assert not re.fullmatch(entry["AllowedPattern"], bad)


@each_file
def test_every_parameter_is_in_a_group_and_has_a_label(file: str) -> None:
    body = template(file)
    interface = body["Metadata"]["AWS::CloudFormation::Interface"]
    grouped = [name for group in interface["ParameterGroups"] for name in group["Parameters"]]
    assert grouped == [*body["Parameters"]]
    assert [*interface["ParameterLabels"]] == [*body["Parameters"]]
    assert all(label["default"] for label in interface["ParameterLabels"].values())
    assert all(group["Label"]["default"] for group in interface["ParameterGroups"])


def longest(text: str) -> str:
    """A name with the longest value of each pseudo parameter, and of each id that AWS gives out."""
    for name, value in LONGEST.items():
        text = text.replace(f"${{{name}}}", value)
    return re.sub(r"\$\{[^}]*\}", "x" * 36, text)


def too_long(file: str, suffix: int) -> list[str]:
    """The resources whose names are over their service's limit with a suffix of that length, in any branch."""
    body = load(file)
    every = [given(body, {"EnvironmentSuffix": "s" * suffix, **parameters}) for parameters in variants(body)]
    return [
        resource.logical_id
        for of in every
        for resource in of.resources.values()
        for (kind, path), limit in LIMITS.items()
        if resource.type == kind and isinstance(resource[path], str) and len(longest(resource[path])) > limit
    ]


@pytest.mark.parametrize("file", WHOLE)
def test_the_longest_suffix_fits_into_every_name(file: str) -> None:
    most = int(load(file)["Parameters"]["EnvironmentSuffix"]["MaxLength"])
    assert most >= 8
    assert not too_long(file, most)
    assert too_long(file, most + 1), "the limit is lower than the names demand"


NAME = re.compile(r"(Name|Identifier|Family)$")


@each_system
def test_every_name_with_the_suffix_has_a_known_limit(system: str) -> None:
    for of in full(system):
        for resource in of.resources.values():
            for key, value in resource.properties.items():
                if NAME.search(key) and isinstance(value, str) and "qa1" in value:
                    assert (resource.type, key) in LIMITS, f"{resource.logical_id}: {key}"


@each_system
def test_a_stacks_name_fits(system: str) -> None:
    most = int(load(f"{system}/stack.json")["Parameters"]["EnvironmentSuffix"]["MaxLength"])
    tiers = {file["Metadata"]["Template"].get("Tier", "") for file in map(load, FILES) if _of(file, system)}
    assert max(len(f"{system}-{'s' * most}-{tier}") for tier in tiers) <= 128


def _of(body: Mapping[str, Any], system: str) -> bool:
    return bool(body["Metadata"]["Template"]["System"] == system)


def values(path: str) -> dict[str, str]:
    """A file of parameters as name and value. Raises AssertionError for a name that stands twice."""
    entries = json.loads((OUT / path).read_text(encoding="utf-8"))
    found = {entry["ParameterKey"]: entry["ParameterValue"] for entry in entries}
    assert len(found) == len(entries), path
    return found


PARAMETERS = [
    (f"{system}/{template}", f"{system}/parameters/{place}{environment}{name}.json", environment)
    for system in SYSTEMS
    for environment in sorted(path.stem for path in (OUT / system / "parameters").glob("*.json"))
    for template, place, name in [
        ("stack.json", "", ""),
        *(
            (f"tiers/{path.name}", "tiers/", f"/{path.stem}")
            for path in sorted((OUT / system / "tiers").glob("*.json"))
        ),
        *([("edge.json", "edge/", "")] if (OUT / system / "edge.json").exists() else []),
    ]
]
"""Template, its file of parameters, and the environment that the file is for."""


@pytest.mark.parametrize(("file", "given_in", "environment"), PARAMETERS, ids=[path for _, path, _ in PARAMETERS])
def test_parameter_files_fit_their_template(file: str, given_in: str, environment: str) -> None:
    declared = load(file)["Parameters"]
    own = values(given_in)
    assert [*own] == [*declared]
    assert own["EnvironmentSuffix"] == environment
    for name, value in own.items():
        assert not refused(declared[name], value), f"{name} = {value!r}"
    assert not given(load(file), own).broken_rules()
    system = file.split("/", maxsplit=1)[0]
    whole = values(f"{system}/parameters/{environment}.json")
    if file in WHOLE:
        # The edge has parameters of its own; those that both have must not differ.
        own = {name: value for name, value in own.items() if name in whole}
    assert own.items() <= whole.items()


def test_no_parameter_file_without_a_template() -> None:
    found = {str(path.relative_to(OUT)) for path in OUT.glob("*/parameters/**/*.json")}
    assert found == {path for _, path, _ in PARAMETERS}


@each_system
def test_defaults_are_allowed(system: str) -> None:
    for name, entry in load(f"{system}/stack.json")["Parameters"].items():
        assert "Default" not in entry or not refused(entry, str(entry["Default"])), name
