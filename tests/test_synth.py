from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from troposphere import Ref

import templates
from tap import synth
from tap.errors import TapError
from tap.linker import LAYOUTS
from tap.model import SUFFIX, System
from tap.synth import Difference, Emitted, UnknownSystemError, differences, emit, write
from tests.building import parameter, shared, system, tier, topic
from tests.synthesis import shop, state

# ── which systems there are ──


def test_systems_are_the_modules_of_templates(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "small_shop.py").write_text("from tests.building import pair as system\n")
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "__init__.py").write_text("")
    monkeypatch.setattr(templates, "__path__", [str(tmp_path)])
    assert synth.system_names() == ["small-shop"]
    try:
        assert [each.name for each in synth.load("small-shop").tiers] == ["events", "work"]
        with pytest.raises(UnknownSystemError) as raised:
            synth.load("customer-portal")
        assert str(raised.value) == "there is no system 'customer-portal'. There are: small-shop."
        with pytest.raises(UnknownSystemError):
            synth.load("parts")
    finally:
        sys.modules.pop("templates.small_shop", None)


def test_every_system_is_called_as_its_module() -> None:
    """The folder in out/, the stacks and the command line all use the one name."""
    assert synth.system_names()
    for name in synth.system_names():
        assert synth.load(name).name == name


# ── the files of a system ──


def test_the_files_of_a_system() -> None:
    assert [file.path for file in emit(shop())] == [
        *(f"shop/stack.{form}" for form in ("yaml", "json")),
        *(f"shop/tiers/{name}.{form}" for name in ("01-events", "02-work") for form in ("yaml", "json")),
        *(f"shop/nested/{name}.{form}" for name in ("root", "events", "work") for form in ("yaml", "json")),
        "shop/stack-policy.json",
        *(f"shop/deployment/{name}.json" for name in ("dev", "prod")),
        *(
            f"shop/parameters/{name}.json"
            for env in ("dev", "prod")
            for name in (env, f"tiers/{env}/01-events", f"tiers/{env}/02-work")
        ),
    ]


@pytest.mark.parametrize("layout", LAYOUTS)
def test_the_parameter_files_do_not_depend_on_the_layout(layout: Any) -> None:
    whole = {file.path: file.text for file in emit(shop())}
    for file in emit(shop(), [layout]):
        assert whole[file.path] == file.text
    assert "shop/parameters/dev.json" in {file.path for file in emit(shop(), [layout])}


def environments(**values: Mapping[str, str]) -> System:
    """Tier a uses Size and Owner, tier b Owner; Owner has no default."""
    return system(
        tier("a", topic("A", DisplayName=Ref("Size")), topic("A2", DisplayName=Ref("Owner"))),
        tier("b", topic("B", DisplayName=Ref("Owner"))),
        common=shared(parameter("Owner"), parameter("Size", Type="Number", Default=5)),
        environments=values,
        tags={},
    )


def parameters(of: System) -> dict[str, dict[str, str]]:
    """The parameter files of a system by path: key and value."""
    files = {file.path.removeprefix("shop/parameters/"): file.text for file in emit(of) if "/parameters/" in file.path}
    rows = {path: json.loads(text) for path, text in files.items()}
    for each in rows.values():
        assert all(list(row) == ["ParameterKey", "ParameterValue"] for row in each)
    return {path: {row["ParameterKey"]: row["ParameterValue"] for row in each} for path, each in rows.items()}


def suffixed(**values: Mapping[str, str]) -> System:
    made = environments(**values)
    made.tiers[1].add(topic_with_suffix(), "Uses the suffix.")
    return made


def topic_with_suffix() -> Any:
    from troposphere import sns

    return sns.Topic("Named", DisplayName=Ref(SUFFIX))


def test_an_environments_values_and_the_defaults_of_the_others() -> None:
    found = parameters(
        suffixed(dev={"Owner": "me"}, prod={"Owner": "you", "Size": "7"}, eu={"Owner": "we", SUFFIX: "e1"})
    )
    assert found == {
        "dev.json": {SUFFIX: "dev", "Owner": "me", "Size": "5"},
        "tiers/dev/01-a.json": {"Owner": "me", "Size": "5"},
        "tiers/dev/02-b.json": {SUFFIX: "dev", "Owner": "me"},
        "prod.json": {SUFFIX: "prod", "Owner": "you", "Size": "7"},
        "tiers/prod/01-a.json": {"Owner": "you", "Size": "7"},
        "tiers/prod/02-b.json": {SUFFIX: "prod", "Owner": "you"},
        "eu.json": {SUFFIX: "e1", "Owner": "we", "Size": "5"},
        "tiers/eu/01-a.json": {"Owner": "we", "Size": "5"},
        "tiers/eu/02-b.json": {SUFFIX: "e1", "Owner": "we"},
    }
    assert [list(each) for path, each in found.items() if "tiers" not in path] == [[SUFFIX, "Owner", "Size"]] * 3


def test_a_parameter_file_has_a_row_a_line() -> None:
    text = next(
        file.text for file in emit(suffixed(dev={"Owner": 'say "é"'})) if file.path.endswith("parameters/dev.json")
    )
    assert text.split("\n")[0] == "["
    assert '  {"ParameterKey": "Owner", "ParameterValue": "say \\"é\\""},' in text.split("\n")
    assert text.endswith("}\n]\n")


def test_a_value_for_a_parameter_that_is_not_there() -> None:
    with pytest.raises(TapError) as raised:
        list(emit(suffixed(dev={"Owner": "me", "Sise": "7"})))
    assert str(raised.value).startswith("system shop, environment dev: no parameter Sise. There are: EnvironmentSuffix")


def test_no_value_for_a_parameter_without_default() -> None:
    with pytest.raises(TapError) as raised:
        list(emit(suffixed(dev={})))
    assert "system shop, environment dev: no value for Owner, which has no default" in str(raised.value)


def test_json_and_yaml_come_from_one_body() -> None:
    from tests.cloudformation_yaml import load_yaml

    texts = {file.path: file.text for file in emit(shop())}
    pairs = [(text, texts[path.replace(".yaml", ".json")]) for path, text in texts.items() if path.endswith(".yaml")]
    assert len(pairs) == 6
    for as_yaml, as_json in pairs:
        assert load_yaml(as_yaml) == json.loads(as_json)


# ── what is different, and writing it ──


def test_differences(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    for name, text in (("stack.yaml", "old"), ("stack.json", "same"), ("notes.txt", "mine")):
        (tmp_path / "shop" / name).write_text(text)
    emitted = [
        Emitted("shop/stack.yaml", "new"),
        Emitted("shop/stack.json", "same"),
        Emitted("shop/tiers/01-a.yaml", "a"),
    ]
    assert differences(emitted, tmp_path, ["shop"], LAYOUTS) == [
        Difference("shop/stack.yaml", "changed", "old", "new"),
        Difference("shop/tiers/01-a.yaml", "new", "", "a"),
    ]


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "stack.yaml").write_text("old")

    def refuse(self: Path, target: Path) -> Path:
        assert self.read_text() == "new", "the replacement was not complete"
        assert target.read_text() == "old"
        raise OSError("no room")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="no room"):
        write([Difference("stack.yaml", "changed", "old", "new")], tmp_path)
    assert {name: each[1] for name, each in state(tmp_path).items()} == {"stack.yaml": b"old"}


def test_files_are_readable_by_all_and_end_lines_as_unix_does(tmp_path: Path) -> None:
    write([Difference("a/b/stack.yaml", "new", "", "é\nb\n")], tmp_path)
    path = tmp_path / "a" / "b" / "stack.yaml"
    assert path.read_bytes() == "é\nb\n".encode()
    assert path.stat().st_mode & 0o777 == 0o644
