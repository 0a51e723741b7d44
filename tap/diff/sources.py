"""Where the two sides come from: files, git revisions, deployed stacks; and their parameters' values.

What an argument may be, in this order: ``stack:NAME``; ``/dev/null`` for nothing; a file; ``REV:PATH``, a file at a git
revision; and as a pair ``REV SYSTEM``, the system's written template at a revision and as it is now.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import yaml

from tap import project
from tap.check.load import ShapeError, measure
from tap.deploy.template import parse
from tap.diff.follow import NESTED
from tap.diff.side import Side, check
from tap.errors import TapError

if TYPE_CHECKING:
    from tap.deploy.session import Session

STACK = "stack:"
Read = Callable[[PurePosixPath], str | None]
Note = Callable[[str], None]


def _nothing(_path: PurePosixPath) -> str | None:
    return None


class SourceError(TapError):
    """A side, or its parameters, cannot be read."""


@dataclass(frozen=True)
class Source:
    """A template that was read, and how to read what lies beside it. ``read`` gives None for what is not there."""

    label: str
    template: Mapping[str, Any]
    path: PurePosixPath | None = None
    read: Read = field(default=_nothing, repr=False)
    values: Mapping[str, str] | None = None
    pseudo: Mapping[str, str] = field(default_factory=dict)

    @property
    def region(self) -> str:
        """The region that the template says it is written for; empty where it says none."""
        metadata = self.template.get("Metadata")
        about = metadata.get("Template") if isinstance(metadata, Mapping) else None
        return str(about.get("Region", "")) if isinstance(about, Mapping) else ""


def sources(old: str, new: str, open_session: Callable[[], Session], out: Path) -> tuple[Source, Source]:
    """The two sides that the arguments name. Raises SourceError, which says what an argument may be."""
    if _is_system(new, out) and not _is_named(old):
        path = (out / new / "stack.json").resolve()
        top = _top(path.parent)
        inside = PurePosixPath(path.relative_to(top).as_posix()) if path.is_relative_to(top) else None
        if inside is None or not _is_revision(old, top):
            raise SourceError(f"{old!r} is no git revision at which the system {new!r} could be compared. {_GRAMMAR}")
        return _at_revision(old, inside, top), _file(path)
    return _source(old, open_session), _source(new, open_session)


def sides(
    old: Source,
    new: Source,
    *,
    old_values: Mapping[str, str] | None,
    new_values: Mapping[str, str] | None,
    environment: str,
    region: str,
    note: Note,
) -> tuple[Side, Side]:
    """The two sides with their parameters' values.

    Of one side: those of ``--parameters`` or ``--new-parameters``, else those of the environment's file beside the
    template, else those that the stack has. With none at all the new side has the values of the old one, as an update
    has that says nothing else.
    """
    first, last = old_values or old.values, new_values or new.values
    if environment:
        found = [_environment(source, environment) for source in (old, new)]
        if found == [None, None]:
            raise SourceError(
                f"there is no parameters/{environment}.json beside either template. "
                "Name the files with --parameters and --new-parameters."
            )
        for source, values in zip((old, new), found, strict=True):
            if values is None and source.values is None:
                note(f"{source.label} has no parameters/{environment}.json beside it.")
        first = first if first is not None else found[0]
        last = last if last is not None else found[1]
    if last is None:
        last = first
    if not old.template:
        first = last
    where = {**old.pseudo, **new.pseudo}
    here = region or where.get("AWS::Region", "") or _shared_region(old, new)
    if here:
        where["AWS::Region"] = here
    return _side(old, first, where), _side(new, last, where)


def _shared_region(old: Source, new: Source) -> str:
    """The region that both are written for; one that is written for none says nothing against it."""
    named = {source.region for source in (old, new) if source.template}
    return named.pop() if len(named) == 1 else ""


def parameters_in(text: str, where: str) -> dict[str, str]:
    """The values in a parameter file: a list as the AWS CLI takes it, or a mapping. Raises SourceError."""
    try:
        found = json.loads(text)
    except ValueError as error:
        raise SourceError(f"{where} is not JSON: {error}.") from None
    if isinstance(found, Mapping):
        inner = found.get("Parameters", found)
        pairs = list(inner.items()) if isinstance(inner, Mapping) else []
    elif isinstance(found, list) and all(isinstance(one, Mapping) and "ParameterKey" in one for one in found):
        pairs = [(one["ParameterKey"], one["ParameterValue"]) for one in found if "ParameterValue" in one]
    else:
        pairs = [("", None)]
    for key, value in pairs:
        if not isinstance(key, str) or not isinstance(value, str | int | float):
            raise SourceError(
                f"{where}{f': the value of {key} is no text' if key else ' is no parameter file'}. It reads "
                '[{"ParameterKey": "Name", "ParameterValue": "text"}, …] or {"Name": "text", …}.'
            )
    return {key: str(value).lower() if isinstance(value, bool) else str(value) for key, value in pairs}


_GRAMMAR = (
    "A side is a file (YAML or JSON; /dev/null for none), REV:PATH (a file at a git revision) or stack:NAME "
    "(a deployed stack); REV SYSTEM compares out/SYSTEM/stack at a revision with what is there now."
)


def _source(argument: str, open_session: Callable[[], Session]) -> Source:
    if argument.startswith(STACK):
        return _stack(argument.removeprefix(STACK), open_session())
    if argument == os.devnull:
        return Source("nothing", {})
    if Path(argument).is_file():
        return _file(Path(argument))
    revision, colon, path = argument.partition(":")
    if Path(argument).is_dir():
        raise SourceError(f"{argument} is a folder. Name a template in it.")
    if not colon or not revision or not path:
        raise SourceError(f"there is no file {argument!r}. {_GRAMMAR}")
    top = _top(Path.cwd())
    if path.startswith(("./", "../")):
        path = _relative(path, top)
    if not _is_revision(revision, top):
        raise SourceError(
            f"{argument!r} is neither a file nor at a git revision: git knows no {revision!r}. {_GRAMMAR}"
        )
    return _at_revision(revision, PurePosixPath(path), top)


def _relative(path: str, top: Path) -> str:
    """A path below the current folder as git wants it: below the top of the repository."""
    whole = Path(path).resolve()
    return whole.relative_to(top).as_posix() if whole.is_relative_to(top) else path


def _is_named(argument: str) -> bool:
    """Whether an argument names a template by itself."""
    return argument.startswith(STACK) or ":" in argument or Path(argument).is_file()


def _is_system(argument: str, out: Path) -> bool:
    plain = "/" not in argument and ":" not in argument and argument not in {"", ".", ".."}
    return plain and not Path(argument).is_file() and (out / argument / "stack.json").is_file()


def _file(path: Path) -> Source:
    def read(other: PurePosixPath) -> str | None:
        try:
            return Path(other).read_text("utf-8")
        except OSError:
            return None

    try:
        text = path.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise SourceError(f"{path} is not text in UTF-8.") from None
    label = str(path.relative_to(project.ROOT)) if path.is_relative_to(project.ROOT) else str(path)
    return Source(label, _parsed(text, label), PurePosixPath(path.as_posix()), read)


def _at_revision(revision: str, path: PurePosixPath, top: Path) -> Source:
    def read(other: PurePosixPath) -> str | None:
        done = _git(top, "show", f"{revision}:{other}")
        return done.stdout if done.returncode == 0 else None

    label = f"{path} at {revision}"
    text = read(path)
    if text is None:
        raise SourceError(f"{path} is not in the revision {revision} of {top.name}.")
    return Source(label, _parsed(text, label), path, read)


def _stack(name: str, session: Session) -> Source:
    from tap.deploy import stacks
    from tap.deploy.aws_errors import translated

    with translated():
        found = stacks.look(session.cloudformation, name)
        if not found.exists:
            raise SourceError(f"there is no stack {name!r} in {session.where}.")
        template = stacks.deployed_template(session.cloudformation, name)
    label = f"stack {name} ({session.where})"
    parts = found.id.split(":")
    pseudo = {"AWS::Region": session.region, "AWS::StackName": found.name, "AWS::StackId": found.id}
    if len(parts) > 4:
        pseudo |= {"AWS::Partition": parts[1], "AWS::AccountId": parts[4]}
    return Source(label, check(template, label), values=found.parameters, pseudo=pseudo)


def _side(source: Source, values: Mapping[str, str] | None, pseudo: Mapping[str, str]) -> Side:
    return Side(source.template, values or {}, pseudo, _children(source), source.label)


def _children(source: Source) -> Mapping[str, Mapping[str, Any]]:
    """The templates of nested stacks that lie beside the template, by file name, those of theirs too."""
    found: dict[str, Mapping[str, Any]] = {}
    waiting = [source.template]
    while waiting and source.path is not None:
        for body in waiting.pop().get("Resources", {}).values():
            if not isinstance(body, Mapping) or body.get("Type") != NESTED:
                continue
            name = _file_name((body.get("Properties") or {}).get("TemplateURL"))
            if name in found or not name:
                continue
            path = source.path.parent / name
            text = source.read(path)
            if text is not None:
                found[name] = _parsed(text, f"{name} beside {source.label}")
                waiting.append(found[name])
    return found


def _file_name(url: Any) -> str:
    """The last part of a nested stack's URL, where that is written out."""
    text = url.get("Fn::Sub", "") if isinstance(url, Mapping) else url
    text = text[0] if isinstance(text, list) and text else text
    last = str(text or "").rsplit("/", 1)[-1].rsplit("}", 1)[-1]
    return last if "." in last and "$" not in last else ""


def _environment(source: Source, environment: str) -> dict[str, str] | None:
    """The values in ``parameters/ENV.json``, looked for where ``synth`` writes it, seen from the template."""
    if source.path is None:
        return None
    folder, name = source.path.parent, f"{environment}.json"
    stem = source.path.stem
    places = (
        folder / "parameters" / stem / name,
        folder / "parameters" / name,
        folder.parent / "parameters" / name,
    )
    for place in places:
        text = source.read(place)
        if text is not None:
            return parameters_in(text, str(place))
    return None


def _parsed(text: str, where: str) -> Mapping[str, Any]:
    try:
        measure(text)
        found = parse(text)
    except (ShapeError, RecursionError) as error:
        raise SourceError(f"{where} cannot be compared: {error}") from None
    except (ValueError, yaml.YAMLError) as error:
        raise SourceError(f"{where} is neither YAML nor JSON: {' '.join(str(error).split())}") from None
    return check(found, where)


def _top(folder: Path) -> Path:
    """The top of the git repository that holds ``folder``; of the checkout's where none does."""
    for place in (folder, project.ROOT):
        done = _git(place, "rev-parse", "--show-toplevel")
        if done.returncode == 0:
            return Path(done.stdout.strip())
    raise SourceError("there is no git repository here, so that a revision means nothing. Name files instead.")


def _is_revision(name: str, top: Path) -> bool:
    if not name or name.startswith("-"):
        return False
    return _git(top, "rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").returncode == 0


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, encoding="utf-8", errors="replace", check=False
        )
    except FileNotFoundError:
        raise SourceError("git is not installed, so that a revision cannot be read. Name files instead.") from None
