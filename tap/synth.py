"""Synthesis: from the systems in ``templates/`` to files; pure until ``write``."""

from __future__ import annotations

import importlib
import json
import pkgutil
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from tap import guarding, limits, whole, writer
from tap.edge import EDGE, checked_edge
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
    """The files of a system: templates in YAML and JSON, a stack policy, and for each environment its parameters and
    what guards its deployment.

    Those of its edge come with the layout ``stack``.
    Raises what the linker raises, and LimitExceededError for a template that CloudFormation would not take.
    """
    layouts = tuple(layouts)
    linked = {template.path: template for template in link(system, layouts)}
    for path, template in linked.items():
        yield from _written(f"{system.name}/{path}.yaml", _noted(writer.to_yaml(template.body, template.headings)))
        yield from _written(f"{system.name}/{path}.json", writer.to_json(template.body))
    base = linked if "stack" in linked else {template.path: template for template in link(system, ("stack",))}
    whole = base["stack"]
    edge = checked_edge(system)
    policy = guarding.stack_policy(base[path].body for path in ("stack", EDGE) if path in base)
    yield Emitted(f"{system.name}/{guarding.POLICY}", guarding.to_json(policy))
    for environment, guard in guarding.guards(system).items():
        path = f"{system.name}/{guarding.FOLDER}/{environment}.json"
        yield Emitted(path, guarding.to_json(guarding.settings(guard)))
    for environment in system.environments:
        folder = f"{system.name}/parameters"
        values = _values(system, environment, whole.body["Parameters"])
        yield Emitted(f"{folder}/{environment}.json", _parameters(values))
        for path, template in linked.items():
            if path.startswith("tiers/"):
                # The API refuses a parameter that the template does not declare, so each tier has a file of its own.
                own = {name: value for name, value in values.items() if name in template.body.get("Parameters", {})}
                tier = path.removeprefix("tiers/")
                yield Emitted(f"{folder}/tiers/{environment}/{tier}.json", _parameters(own))
        if edge and EDGE in linked:
            values = _values(edge, environment, linked[EDGE].body["Parameters"])
            yield Emitted(f"{folder}/edge/{environment}.json", _parameters(values))


def _written(path: str, text: str) -> Iterator[Emitted]:
    limits.check_size(path, text)
    yield Emitted(path, text)


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
    """A file that is not as it should be: ``new``, ``changed`` or ``gone`` (in the folder, but no longer emitted).

    ``before`` is for reading: what is no UTF-8 in the file is replaced in it.
    """

    path: str
    state: str
    before: str
    after: str


_OWNED: Mapping[Layout, tuple[str, ...]] = {
    "stack": ("stack.yaml", "stack.json", "edge.yaml", "edge.json", "parameters/edge/*.json"),
    "tiers": ("tiers/*.yaml", "tiers/*.json", "parameters/tiers/*/*.json"),
    "nested": ("nested/*.yaml", "nested/*.json"),
}
"""The files in a system's folder that are synthesis's own, by layout."""

_OWNED_BY_ALL = ("parameters/*.json", f"{guarding.FOLDER}/*.json", guarding.POLICY)


def differences(
    emitted: Iterable[Emitted], out: Path, systems: Iterable[str], layouts: Iterable[Layout]
) -> list[Difference]:
    """What writing ``emitted`` to ``out`` would change, to the last byte.

    Only files of those systems and layouts can be ``gone``. Raises OSError for a file that cannot be read.
    """
    found = []
    expected = set()
    for file in emitted:
        expected.add(file.path)
        before = _read(out / file.path)
        if before != file.text.encode():
            found.append(Difference(file.path, "new" if before is None else "changed", _shown(before), file.text))
    for system in systems:
        for path in _owned(out / system, layouts):
            relative = path.relative_to(out).as_posix()
            if relative not in expected:
                found.append(Difference(relative, "gone", _shown(_read(path)), ""))
    return found


def left_over(out: Path, names: Collection[str]) -> list[str]:
    """The systems that were emitted to ``out`` and are not among ``names``, sorted.

    A folder counts as one only when a template in it says so (``Metadata.Template.System``): whatever else somebody
    keeps in ``out`` is not ours to remove.
    """
    folders = sorted(path for path in out.glob("*") if path.is_dir() and path.name not in names)
    return [folder.name for folder in folders if any(_says(path, folder.name) for path in _owned(folder, LAYOUTS))]


def _owned(folder: Path, layouts: Iterable[Layout]) -> Iterator[Path]:
    for pattern in [*(pattern for layout in layouts for pattern in _OWNED[layout]), *_OWNED_BY_ALL]:
        yield from sorted(path for path in folder.glob(pattern) if path.is_file())


def _says(path: Path, system: str) -> bool:
    """Whether a file is a template in JSON, and of this system by its own words."""
    if path.suffix != ".json":
        return False
    try:
        said = json.loads(path.read_bytes())["Metadata"]["Template"]["System"]
    except (ValueError, KeyError, TypeError):
        return False
    return bool(said == system)


def _read(path: Path) -> bytes | None:
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None


def _shown(content: bytes | None) -> str:
    return (content or b"").decode("utf-8", "replace")


def write(changes: Iterable[Difference], out: Path) -> None:
    """Make ``out`` as it should be; a folder that is emptied by that goes.

    Each file is replaced whole, so that nobody meets half of one. Raises OSError for a file that cannot be written.
    """
    for change in changes:
        path = out / change.path
        if change.state == "gone":
            path.unlink()
            _remove_empty(path.parent, out)
            continue
        whole.write(path, change.after)


def _remove_empty(folder: Path, stop: Path) -> None:
    while folder != stop and not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent
