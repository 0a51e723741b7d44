"""Synthesis: from the systems in ``templates/`` to files; pure until ``write``."""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tap import limits, writer
from tap.errors import TapError
from tap.linker import LAYOUTS, Layout, link
from tap.model import SUFFIX, System


class UnknownSystemError(TapError):
    """A system that ``templates/`` does not have."""


@dataclass(frozen=True)
class Emitted:
    """A file to be: its path relative to the folder of systems, and its text."""

    path: str
    text: str


def system_names() -> list[str]:
    """The systems: the modules of ``templates/``, in kebab-case, sorted."""
    import templates

    return sorted(m.name.replace("_", "-") for m in pkgutil.iter_modules(templates.__path__) if not m.ispkg)


def load(name: str) -> System:
    """Build a system by name. Raises UnknownSystemError for a name that ``templates/`` does not have."""
    if name not in system_names():
        raise UnknownSystemError(f"there is no system {name!r}. There are: {', '.join(system_names())}.")
    module = importlib.import_module(f"templates.{name.replace('-', '_')}")
    system: System = module.system()
    return system


def emit(system: System, layouts: Iterable[Layout] = LAYOUTS) -> Iterator[Emitted]:
    """The files of a system: templates in YAML and JSON, and a parameter file for each environment.

    Raises what the linker raises, and LimitExceededError for a template that CloudFormation would not take.
    """
    layouts = tuple(layouts)
    linked = link(system, layouts)
    for template in linked:
        text = _noted(writer.to_yaml(template.body, template.headings))
        limits.check_size(f"{system.name}/{template.path}.yaml", text)
        yield Emitted(f"{system.name}/{template.path}.yaml", text)
        yield Emitted(f"{system.name}/{template.path}.json", writer.to_json(template.body))
    whole = linked[0] if layouts[0] == "stack" else link(system, ("stack",))[0]
    for environment in system.environments:
        values = _values(system, environment, whole.body["Parameters"])
        yield Emitted(f"{system.name}/parameters/{environment}.json", _parameters(values))
        for template in linked:
            if template.path.startswith("tiers/"):
                # The API refuses a parameter that the template does not declare, so each tier has a file of its own.
                own = {name: value for name, value in values.items() if name in template.body.get("Parameters", {})}
                tier = template.path.removeprefix("tiers/")
                yield Emitted(f"{system.name}/parameters/tiers/{environment}/{tier}.json", _parameters(own))


def _noted(text: str) -> str:
    """A template with a first line for the operator when it is too large to be passed inline."""
    if len(text.encode()) <= limits.INLINE_BYTES:
        return text
    return (
        f"# Over {limits.INLINE_BYTES:,} bytes: CloudFormation takes this from an S3 bucket (TemplateURL) only.\n{text}"
    )


def _values(system: System, environment: str, parameters: Mapping[str, Mapping[str, object]]) -> dict[str, str]:
    """The value of every parameter in an environment: its own, or the default."""
    values = {SUFFIX: environment} | dict(system.environments[environment])
    unknown = sorted(set(values) - set(parameters))
    if unknown:
        raise TapError(
            f"system {system.name}, environment {environment}: no parameter {', '.join(unknown)}. "
            f"There are: {', '.join(parameters)}."
        )
    missing = [name for name, body in parameters.items() if name not in values and "Default" not in body]
    if missing:
        raise TapError(
            f"system {system.name}, environment {environment}: no value for {', '.join(missing)}, "
            "which has no default. Give it one in `environments`."
        )
    return {name: str(values.get(name, body.get("Default"))) for name, body in parameters.items()}


def _parameters(values: Mapping[str, str]) -> str:
    """A parameter file, as ``aws cloudformation create-change-set --parameters file://…`` takes it."""
    rows = [{"ParameterKey": name, "ParameterValue": value} for name, value in values.items()]
    return "[\n" + ",\n".join(f"  {json.dumps(row, ensure_ascii=False)}" for row in rows) + "\n]\n"


@dataclass(frozen=True)
class Difference:
    """A file that is not as it should be: ``new``, ``changed`` or ``gone`` (in the folder, but no longer emitted)."""

    path: str
    state: str
    before: str
    after: str


def differences(
    emitted: Iterable[Emitted], out: Path, systems: Iterable[str], layouts: Iterable[Layout]
) -> list[Difference]:
    """What writing ``emitted`` to ``out`` would change; only files of those systems and layouts can be ``gone``."""
    found = []
    expected = set()
    for file in emitted:
        expected.add(file.path)
        before = _read(out / file.path)
        if before != file.text:
            found.append(Difference(file.path, "new" if before is None else "changed", before or "", file.text))
    owned = [pattern for layout in layouts for pattern in _OWNED[layout]] + ["parameters/*.json"]
    for system in systems:
        for pattern in owned:
            for path in sorted((out / system).glob(pattern)):
                relative = path.relative_to(out).as_posix()
                if relative not in expected:
                    found.append(Difference(relative, "gone", path.read_text("utf-8"), ""))
    return found


_OWNED: Mapping[Layout, tuple[str, ...]] = {
    "stack": ("stack.yaml", "stack.json"),
    "tiers": ("tiers/*.yaml", "tiers/*.json", "parameters/tiers/*/*.json"),
    "nested": ("nested/*.yaml", "nested/*.json"),
}


def _read(path: Path) -> str | None:
    try:
        return path.read_text("utf-8")
    except (FileNotFoundError, UnicodeDecodeError):
        return None


def write(changes: Iterable[Difference], out: Path) -> None:
    """Make ``out`` as it should be. Each file is replaced whole, so that nobody meets half of one."""
    for change in changes:
        path = out / change.path
        if change.state == "gone":
            path.unlink()
            continue
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
                file.write(change.after)
            Path(temporary).chmod(0o644)
            Path(temporary).replace(path)
        except BaseException:
            Path(temporary).unlink(missing_ok=True)
            raise
