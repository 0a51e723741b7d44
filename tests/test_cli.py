from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tap import cli, project, synth
from tap.errors import TapError


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """Run ``main`` with these arguments; gives its exit code."""
    monkeypatch.setattr(sys, "argv", ["generate.py", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return int(stopped.value.code or 0)


def generate(*arguments: str, **options: object) -> subprocess.CompletedProcess[str]:
    """Run ``generate.py`` in a process of its own, from another folder."""
    return subprocess.run(
        [sys.executable, str(project.ROOT / "generate.py"), *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd="/",
    )


def test_help_lists_every_verb_without_importing_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(name: str) -> None:
        raise AssertionError(f"help needs no {name}")

    monkeypatch.setattr("importlib.import_module", refuse)
    assert run(monkeypatch, "--help") == 0
    shown, complaint = capsys.readouterr()
    listed = {
        line.split()[0]: line.split(None, 1)[1] for line in shown.split("\n") if line.startswith("  ") and line.split()
    }
    assert len(cli.VERBS) >= 10
    for verb, says in cli.VERBS.items():
        assert listed[verb] == says
    assert complaint == ""
    assert "Exit codes" in shown


def test_help_by_its_short_name(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "-h") == 0
    assert "synth" in capsys.readouterr().out


@pytest.mark.parametrize("verb", cli.VERBS)
def test_every_verb_is_there_and_explains_itself(verb: str) -> None:
    command = cli.tap.get_command(click.Context(cli.tap), verb)
    assert command is not None
    assert command.name == verb
    shown = CliRunner().invoke(cli.tap, [verb, "--help"])
    assert shown.exit_code == 0
    assert f"{verb} [OPTIONS]" in shown.stdout
    assert command.help


@pytest.mark.parametrize("words", [[], *([verb] for verb in cli.VERBS), *(["local", one] for one in ("start", "stop"))])
def test_help_fits_a_terminal_of_80_columns(words: list[str]) -> None:
    shown = CliRunner().invoke(cli.tap, [*words, "--help"], terminal_width=80).stdout
    assert [line for line in shown.splitlines() if len(line) > 80] == []


def test_without_a_verb_the_help_is_shown_and_the_command_line_is_wrong(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch) == 2
    shown, complaint = capsys.readouterr()
    assert "synth" in shown + complaint


def test_an_unknown_verb(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "sinth") == 2
    shown, complaint = capsys.readouterr()
    assert shown == ""
    assert "No such command 'sinth'" in complaint


def test_an_unknown_option(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "synth", "--chek") == 2
    assert "--chek" in capsys.readouterr().err


def test_an_unknown_system_is_an_error_for_people() -> None:
    done = generate("synth", "customer-portl")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == f"error: there is no system 'customer-portl'. There are: {', '.join(synth.system_names())}.\n"


class _OtherError(TapError):
    """An error with an exit code of its own."""

    exit_code = 7


@pytest.mark.parametrize(("error", "code"), [(TapError("what is wrong"), 1), (_OtherError("what is wrong"), 7)])
def test_an_error_goes_to_standard_error_with_its_code(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: TapError, code: int
) -> None:
    def fail() -> list[str]:
        raise error

    monkeypatch.setattr(synth, "system_names", fail)
    assert run(monkeypatch, "synth") == code
    assert capsys.readouterr() == ("", "error: what is wrong\n")


@pytest.mark.parametrize("stop", [KeyboardInterrupt, click.Abort])
def test_an_interrupt(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], stop: type[BaseException]
) -> None:
    def interrupted() -> list[str]:
        raise stop

    monkeypatch.setattr(synth, "system_names", interrupted)
    assert run(monkeypatch, "synth") == 130
    shown, complaint = capsys.readouterr()
    assert shown == ""
    assert complaint.strip() == "interrupted"


def test_what_a_verb_hands_to_exit_is_the_exit_code(monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command()
    @click.pass_context
    def stops(ctx: click.Context) -> None:
        ctx.exit(3)

    monkeypatch.setattr(type(cli.tap), "get_command", lambda self, ctx, name: stops)
    assert run(monkeypatch, "synth") == 3


@pytest.mark.parametrize("arguments", [["--help"], ["synth", "--check"], ["synth"], ["list"]])
def test_a_reader_that_has_gone_is_no_error_to_shout_about(arguments: list[str], tmp_path: Path) -> None:
    """As with ``| head``: the reading end of the pipe is closed before anything is written."""
    reader, writer = os.pipe()
    os.close(reader)
    out = ["--out", str(tmp_path)] if arguments[0] == "synth" else []
    try:
        done = subprocess.run(
            [sys.executable, str(project.ROOT / "generate.py"), *arguments, *out],
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writer)
    for word in ("Traceback", "Exception ignored", "BrokenPipe", "Errno"):
        assert word not in done.stderr
    assert "error" not in done.stderr.casefold()
    # What was to be told was not, so it is no success: `synth --check | head` must not pass for "nothing stale".
    assert done.returncode == 1


def test_nothing_stays_in_a_buffer_that_could_fail_when_the_process_ends() -> None:
    script = """
import sys
from tap import cli
cli.tap = lambda **_: sys.stdout.write("the last word, without a flush")
cli.main()
"""
    reader, writer = os.pipe()
    os.close(reader)
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    try:
        done = subprocess.run(
            [sys.executable, "-c", script],
            cwd=project.ROOT,
            env=environment,
            stdout=writer,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (1, "")


def test_what_the_system_refuses_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "out" / "customer-portal" / "stack.yaml").mkdir(parents=True)
    for out, path, reason in (
        (tmp_path / "file" / "out", tmp_path / "file" / "out", "Not a directory"),
        (tmp_path / "out", tmp_path / "out" / "customer-portal" / "stack.yaml", "Is a directory"),
        (Path("/proc/x"), Path("/proc/x"), "No such file or directory"),
    ):
        done = generate("synth", "customer-portal", "--out", str(out))
        assert (done.returncode, done.stdout) == (1, "")
        assert done.stderr.split("\n")[-2].startswith(f"error: cannot read or write {path}")
        assert done.stderr.endswith(f": {reason}\n")
        # On a busy machine lines of progress come before it.
        assert [line for line in done.stderr.splitlines() if not line.startswith("building ")] == [
            done.stderr.splitlines()[-1]
        ]


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (PermissionError(13, "Permission denied", "/a/b"), "cannot read or write /a/b: Permission denied"),
        (OSError(28, "No space left on device"), "the operating system refused: No space left on device"),
        (
            FileNotFoundError(2, "No such file or directory", b"/a"),
            "cannot read or write /a: No such file or directory",
        ),
        (TimeoutError(), "the operating system refused: TimeoutError"),
    ],
)
def test_any_error_of_the_operating_system_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: OSError, says: str
) -> None:
    def fail() -> list[str]:
        raise error

    monkeypatch.setattr(synth, "system_names", fail)
    assert run(monkeypatch, "synth") == 1
    assert capsys.readouterr() == ("", f"error: {says}\n")


def test_generate_works_from_any_folder() -> None:
    done = generate("--help")
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: python generate.py")
