"""What the README, the pages in docs/ and the verbs' own help tell a reader to type is taken by the command line."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from tap import cli, project

_COMMAND = re.compile(rf"python generate\.py ((?:{'|'.join(cli.VERBS)})(?![\w-])[^`\n#|>]*)")


def verb(name: str) -> click.Command:
    found = cli.tap.get_command(click.Context(cli.tap), name)
    assert found is not None
    return found


def documented() -> Iterator[tuple[str, str]]:
    """Each page (or verb) and a command that stands there."""
    pages = {page.name: page.read_text("utf-8") for page in sorted((project.ROOT / "docs").rglob("*.md"))}
    pages["README.md"] = (project.ROOT / "README.md").read_text("utf-8")
    pages |= {f"{name} --help": verb(name).help or "" for name in cli.VERBS} | {"--help": cli.EPILOG}
    for page, text in pages.items():
        for found in dict.fromkeys(_COMMAND.findall(text.replace("\\\n", " "))):
            yield page, re.split(r"  +(?=[a-z])", found.strip().replace("[", "").replace("]", ""))[0]


COMMANDS = list(documented())


def test_documented_commands_are_found() -> None:
    assert {"README.md", "deploying.md", "check.md", "check --help", "--help"} <= {page for page, _ in COMMANDS}


@pytest.mark.parametrize(("page", "command"), COMMANDS)
def test_every_documented_option_is_there(page: str, command: str) -> None:
    name, *words = shlex.split(command)
    found = verb(name)
    with click.Context(found, info_name=name) as ctx:
        values, _, _ = found.make_parser(ctx).parse_args(words)
    for parameter in found.params:
        said = values.get(parameter.name)
        if isinstance(parameter.type, click.Choice) and isinstance(said, str) and not said.isupper():
            parameter.type.convert(said, parameter, ctx)


def test_an_option_that_is_gone_would_be_noticed() -> None:
    with pytest.raises(click.NoSuchOption):
        test_every_documented_option_is_there("a page", "plan payments --env dev --gone")
    with pytest.raises(click.BadParameter):
        test_every_documented_option_is_there("a page", "check --format yaml")
