from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from troposphere import Ref

from tap import project, synth
from tap.commands.synth import synth as command
from tap.errors import TapError
from tap.model import System
from tap.synth import emit
from tests.building import pair, system, tier, topic
from tests.synthesis import shop, state

Systems = Callable[..., None]


@pytest.fixture
def only(monkeypatch: pytest.MonkeyPatch) -> Systems:
    """Lets ``templates/`` have these systems, and no others, for a test."""

    def replace(**builders: Callable[[], System]) -> None:
        def load(name: str) -> System:
            return builders[name]()

        monkeypatch.setattr(synth, "system_names", lambda: sorted(builders))
        monkeypatch.setattr(synth, "load", load)

    return replace


def mall(display: str = "x") -> System:
    """A system of one tier."""
    return system(tier("events", topic("Hall", DisplayName=display)), name="mall")


def run(out: Path, *arguments: str) -> Result:
    return CliRunner().invoke(command, [*arguments, "--out", str(out)])


def names(folder: Path) -> set[str]:
    return set(state(folder))


# ── the verb ──


def test_writing_and_then_checking(tmp_path: Path, only: Systems) -> None:
    only(shop=shop, mall=mall)
    first = run(tmp_path)
    expected = {file.path for each in (shop(), mall()) for file in emit(each)}
    assert (first.exit_code, names(tmp_path)) == (0, expected)
    assert set(first.stdout.split("\n")[:-1]) == {f"+ {path}" for path in expected}
    assert first.stderr.endswith(f"{len(expected)} files, {len(expected)} changed\n")
    checked = run(tmp_path, "--check")
    assert (checked.exit_code, checked.stdout) == (0, "")
    assert checked.stderr == f"{len(expected)} files, all as synth writes them\n"


def test_what_would_not_change_is_not_touched(tmp_path: Path, only: Systems) -> None:
    only(mall=mall)
    run(tmp_path)
    before = state(tmp_path)
    again = run(tmp_path)
    assert state(tmp_path) == before
    assert (again.exit_code, again.stdout) == (0, "")
    assert "none changed" in again.stderr
    stale = tmp_path / "mall" / "stack.yaml"
    stale.write_text("edited")
    assert run(tmp_path).stdout == "~ mall/stack.yaml\n"
    after = state(tmp_path)
    assert {name: each[1] for name, each in after.items()} == {name: each[1] for name, each in before.items()}
    del after["mall/stack.yaml"], before["mall/stack.yaml"]
    assert after == before


def test_check_shows_what_is_stale_and_writes_nothing(tmp_path: Path, only: Systems) -> None:
    only(mall=mall)
    run(tmp_path)
    (tmp_path / "mall" / "stack.json").unlink()
    (tmp_path / "mall" / "tiers" / "07-gone.yaml").write_text("once\n")
    only(mall=lambda: mall("y"))
    before = state(tmp_path)
    checked = run(tmp_path, "--check", "--layout", "stack", "--layout", "tiers")
    assert state(tmp_path) == before
    assert checked.exit_code == 1
    lines = checked.stdout.split("\n")
    for line in (
        "--- mall/stack.yaml (as it is)",
        "+++ mall/stack.yaml (as synth writes it)",
        "-      DisplayName: x",
        "+      DisplayName: 'y'",
        "+++ mall/stack.json (as synth writes it)",
        "--- mall/tiers/07-gone.yaml (as it is)",
        "-once",
    ):
        assert line in lines
    assert "5 of 5 files are stale. Run: python generate.py synth" in checked.stderr


def test_only_the_layout_asked_for(tmp_path: Path, only: Systems) -> None:
    only(shop=shop)
    run(tmp_path, "--layout", "tiers")
    assert {name.split("/")[1] for name in names(tmp_path)} == {
        "tiers",
        "parameters",
        "deployment",
        "stack-policy.json",
    }
    run(tmp_path, "--layout", "stack", "--layout", "nested")
    assert names(tmp_path) == {file.path for file in emit(shop())}


def test_only_the_system_asked_for(tmp_path: Path, only: Systems) -> None:
    only(shop=shop, mall=mall)
    run(tmp_path, "mall", "mall")
    assert {name.split("/")[0] for name in names(tmp_path)} == {"mall"}


def test_an_unknown_layout_is_a_wrong_command_line(tmp_path: Path, only: Systems) -> None:
    only(mall=mall)
    result = run(tmp_path, "--layout", "flat")
    assert result.exit_code == 2
    assert "'stack', 'tiers', 'nested'" in result.stderr
    assert names(tmp_path) == set()


def test_what_is_no_longer_emitted_goes_and_what_is_not_ours_stays(tmp_path: Path, only: Systems) -> None:
    only(shop=shop)
    run(tmp_path)
    ours = names(tmp_path)
    gone = {"shop/tiers/03-old.yaml", "shop/tiers/03-old.json", "shop/nested/old.yaml", "shop/parameters/old.json"}
    gone.add("shop/parameters/tiers/dev/03-old.json")
    foreign = {"shop/notes.yaml", "shop/tiers/README.md", "shop/nested/x/old.yaml", "mall/stack.yaml", "stack.yaml"}
    for name in gone | foreign:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("old")
    assert run(tmp_path, "--layout", "stack").stdout == "- shop/parameters/old.json\n"
    assert names(tmp_path) == ours | foreign | gone - {"shop/parameters/old.json"}
    assert run(tmp_path, "--layout", "nested").stdout == "- shop/nested/old.yaml\n"
    run(tmp_path)
    assert names(tmp_path) == ours | foreign


def test_a_system_that_is_no_more_goes_and_nothing_else_does(tmp_path: Path, only: Systems) -> None:
    only(shop=shop, mall=mall)
    run(tmp_path)
    whole = {name for name in names(tmp_path) if name.startswith("shop/")}
    foreign = {"shop/tiers/README.md", "other/stack.yaml", "other/stack.json", "listed/stack.json", "notes.txt"}
    for name in foreign:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("[]" if name.startswith("listed") else "not ours")
    only(mall=mall)
    assert run(tmp_path, "mall").stdout == ""  # of others nothing was said
    before = state(tmp_path)
    checked = run(tmp_path, "--check")
    assert checked.exit_code == 1
    assert "--- shop/stack.yaml (as it is)" in checked.stdout
    assert state(tmp_path) == before
    assert set(run(tmp_path).stdout.splitlines()) == {f"- {name}" for name in whole}
    assert names(tmp_path) == foreign | {file.path for file in emit(mall())}
    assert not (tmp_path / "shop" / "nested").exists()
    assert (tmp_path / "shop" / "tiers" / "README.md").exists()


def test_a_folder_that_is_emptied_goes(tmp_path: Path, only: Systems) -> None:
    only(shop=shop, mall=mall)
    run(tmp_path)
    only(shop=lambda: system(*pair().tiers), mall=mall)
    run(tmp_path)
    assert not (tmp_path / "shop" / "parameters").exists()
    (tmp_path / "empty").mkdir()
    only(mall=mall)
    run(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "mall"]


def test_line_ends_count(tmp_path: Path, only: Systems) -> None:
    only(mall=mall)
    run(tmp_path)
    path = tmp_path / "mall" / "stack.yaml"
    good = path.read_bytes()
    path.write_bytes(good.replace(b"\n", b"\r\n"))
    checked = run(tmp_path, "--check")
    assert checked.exit_code == 1
    assert "mall/stack.yaml (as it is)" in checked.stdout
    assert run(tmp_path).stdout == "~ mall/stack.yaml\n"
    assert path.read_bytes() == good


def test_what_is_no_utf_8_is_changed_or_gone_like_anything(tmp_path: Path, only: Systems) -> None:
    only(mall=mall)
    run(tmp_path)
    stale, stray = tmp_path / "mall" / "stack.yaml", tmp_path / "mall" / "tiers" / "09-old.yaml"
    good = stale.read_bytes()
    stale.write_bytes(b"\xff\xfe")
    stray.write_bytes(b"\xff\xfe")
    checked = run(tmp_path, "--check")
    assert checked.exit_code == 1
    assert "-\ufffd\ufffd" in checked.stdout
    assert run(tmp_path).stdout.splitlines() == ["~ mall/stack.yaml", "- mall/tiers/09-old.yaml"]
    assert stale.read_bytes() == good
    assert not stray.exists()


@pytest.mark.parametrize(
    "bad",
    [
        lambda: system(tier("a", topic("A", DisplayName=Ref("Nobody"))), name="bad"),
        lambda: system(tier("a", topic("A")), name="bad", environments={"dev": {"Nothing": "x"}}),
        lambda: system(tier("a", topic("A")), name="bad", environments={"much-too-long-" * 20: {}}),
    ],
)
def test_an_error_in_one_system_leaves_everything_as_it_was(
    tmp_path: Path, only: Systems, bad: Callable[[], System]
) -> None:
    only(aaa=shop, mall=mall)
    run(tmp_path)
    (tmp_path / "mall" / "stack.yaml").write_text("stale")
    before = state(tmp_path)
    only(aaa=lambda: mall("changed"), bad=bad, mall=mall)
    result = run(tmp_path)
    assert isinstance(result.exception, TapError)
    assert state(tmp_path) == before


# ── start-up ──


def test_synth_imports_nothing_that_it_does_not_need(tmp_path: Path) -> None:
    script = """
import sys
from tap.cli import main
sys.argv = ["generate.py", "synth", "--out", sys.argv[1]]
try:
    main()
except SystemExit as stop:
    loaded = {name.partition(".")[0] for name in sys.modules}
    print(stop.code, sorted(loaded & {"boto3", "botocore", "cfnlint", "rich", "troposphere"}))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, str(tmp_path)], cwd=project.ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == "0 ['troposphere']"
    assert names(tmp_path) == {file.path for name in synth.system_names() for file in emit(synth.load(name))}
