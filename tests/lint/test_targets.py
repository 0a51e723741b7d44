from __future__ import annotations

from pathlib import Path

import pytest

from tap.errors import TapError
from tap.lint.targets import choose, systems


@pytest.fixture
def out(tmp_path: Path) -> Path:
    folder = tmp_path / "out"
    for name in (
        "shop/stack.yaml",
        "shop/stack.json",
        "shop/tiers/02-data.yaml",
        "shop/tiers/01-network.yaml",
        "shop/tiers/01-network.json",
        "shop/nested/root.yaml",
        "shop/parameters/dev.json",
        "bank/stack.yaml",
        "split/tiers/01-network.yaml",
    ):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("Resources: {}\n")
    return folder


def chosen(out: Path, *names: str) -> list[str]:
    return [target.path.relative_to(out).as_posix() for target in choose(names, out)]


def test_all_that_was_written_without_names(out: Path) -> None:
    assert systems(out) == ["bank", "shop", "split"]
    assert chosen(out) == [
        "bank/stack.yaml",
        "shop/stack.yaml",
        "shop/tiers/01-network.yaml",
        "shop/tiers/02-data.yaml",
        "shop/nested/root.yaml",
        "split/tiers/01-network.yaml",
    ]


def test_systems_in_the_order_of_their_names_and_each_file_once(out: Path) -> None:
    data = str(out / "shop" / "tiers" / "02-data.yaml")
    assert chosen(out, data, "bank", "bank", "shop") == [
        "shop/tiers/02-data.yaml",
        "bank/stack.yaml",
        "shop/stack.yaml",
        "shop/tiers/01-network.yaml",
        "shop/nested/root.yaml",
    ]


def test_any_file_can_be_named(out: Path, tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.json"
    foreign.write_text("{}")
    (target,) = choose([str(foreign)], out)
    assert (target.path, target.group) == (foreign, str(foreign))


def test_a_file_of_a_system_alone_is_in_no_group(out: Path) -> None:
    (target,) = choose([str(out / "shop" / "stack.yaml")], out)
    assert target.group == ""
    assert {target.group for target in choose(["shop"], out)} == {"shop"}


def test_an_unknown_name_is_refused_with_what_is_allowed(out: Path) -> None:
    with pytest.raises(TapError, match=r"'shopp' is neither a system nor a file.*bank, shop, split.*YAML or JSON"):
        choose(["shop", "shopp"], out)
    with pytest.raises(TapError, match="a folder, not a template"):
        choose([str(out)], out)


def test_nothing_written_yet(tmp_path: Path) -> None:
    with pytest.raises(TapError, match=r"generate\.py synth"):
        choose([], tmp_path / "out")
    with pytest.raises(TapError, match="none was written yet"):
        choose(["shop"], tmp_path / "out")
