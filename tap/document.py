"""A system's page for operators, in Markdown, told from its linked template: ``docs/systems/SYSTEM.md``.

Everything on it is read from what is emitted, so it cannot say otherwise than the template does.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tap import limitations, limits
from tap.capabilities import iam_resources
from tap.cases import ALWAYS, Conditions
from tap.costs import idle
from tap.deletion import Fate, deletion
from tap.describe import allowed
from tap.markdown import bullets, code, collapsed, table, text
from tap.model import SUFFIX
from tap.report.picture.model import Scene
from tap.report.picture.picture import in_words
from tap.report.picture.scene import scene

MARK = "<!-- Written by `python generate.py synth` from the template. Do not edit. -->"
"""The first line of every page: what tells ours from those that people write."""

_TRANSFORMS = {
    "AWS::LanguageExtensions": "lets a condition decide what stays when the stack is deleted",
    "AWS::SecretsManager-2024-09-16": "makes the function that rotates the password, in a nested stack",
}
"""What a transform is used for (source: CloudFormation template reference, "Transform reference")."""


@dataclass(frozen=True)
class Told:
    """A linked template, and what is not in it: the names, titles and sentences of its tiers, in reading order, the
    values that environments set, and the bytes of the YAML text."""

    body: Mapping[str, Any]
    tiers: Sequence[tuple[str, str, str]]
    environments: Mapping[str, Mapping[str, str]]
    size: int

    @property
    def name(self) -> str:
        """The system's name."""
        return str(self.body["Metadata"]["Template"]["System"])

    @property
    def region(self) -> str:
        """The region that it is made for."""
        return str(self.body["Metadata"]["Template"]["Region"])

    @property
    def resources(self) -> Mapping[str, Mapping[str, Any]]:
        """The template's resources."""
        found: Mapping[str, Mapping[str, Any]] = self.body["Resources"]
        return found

    @property
    def file(self) -> str:
        """The name of the picture's file, beside the page."""
        return f"{self.name}.svg"

    @property
    def conditions(self) -> Conditions:
        """The template's conditions."""
        return Conditions(self.body.get("Conditions", {}), self.body.get("Parameters", {}))


def page(main: Told, edge: Told | None = None) -> str:
    """A system's page; ``edge`` is what it has in another region."""
    title, _, says = main.body["Description"].partition(". ")
    counted = f"{len(main.resources)} resources in {len(main.tiers)} tiers"
    sections: list[tuple[str, list[str]]] = [
        ("", [text(says), "", f"{code(main.name)} · {main.region} · {counted}"]),
        ("Architecture", _architecture(main, edge)),
        ("Deploying", _deploying(main, edge)),
        ("Capabilities", _capabilities(main)),
        ("Parameters", _parameters(main)),
        ("Outputs", _outputs(main)),
        ("Deleting", _deleting(main)),
        ("Limitations", _limitations(main)),
        ("What costs while idle", _costs(main)),
        ("Tiers", _tiers(main)),
        ("Edge", _edge(edge) if edge else []),
    ]
    lines = [MARK, "", f"# {text(title)}"]
    for heading, content in sections:
        if content:
            lines += ["", *([f"## {heading}", ""] if heading else []), *content]
    return "\n".join(lines) + "\n"


def scene_of(main: Told, edge: Told | None) -> Scene | None:
    """What the system's picture shows; None where there is nothing to draw."""
    return scene(main.body, edge.body if edge else None)


def _architecture(main: Told, edge: Told | None) -> list[str]:
    drawn = scene_of(main, edge)
    if not drawn:
        return []
    alone = f"![The architecture of {text(drawn.title)}: its ways are told below.]({main.file})"
    return [alone, "", *collapsed("The same in words", bullets(text(line) for line in in_words(drawn)))]


def _deploying(main: Told, edge: Told | None) -> list[str]:
    environment = next(iter(main.environments), "")
    if not environment:
        return []
    lines = ["```sh", f"python generate.py deploy {main.name} --env {environment}{' --edge' if edge else ''}"]
    if edge:
        lines.append(_command(edge, "edge", environment, "-edge"))
    lines += [_command(main, "stack", environment, ""), "```", ""]
    lines.append(
        "The first line is tap's, the other is that of the AWS CLI, version 2; with `--no-execute-changeset` it shows "
        "what it would do."
        if not edge
        else "The first line is tap's, the others are the AWS CLI's: the edge first, its outputs are parameters of the "
        "main stack; with `--no-execute-changeset` they show what they would do."
    )
    if main.size > limits.INLINE_BYTES:
        lines.append(
            f"The template has more than the {limits.INLINE_BYTES:,} bytes that CloudFormation takes inline: it goes "
            "through BUCKET, any bucket of yours in the region."
        )
    return lines


def _command(told: Told, file: str, environment: str, tail: str) -> str:
    suffix = told.environments[environment].get(SUFFIX, environment)
    folder = f"out/{told.name}"
    parameters = f"{folder}/parameters/{'edge/' if tail else ''}{environment}.json"
    needed = told.body["Metadata"]["Template"]["Capabilities"]
    return " ".join(
        [
            f"aws cloudformation deploy --region {told.region} --stack-name {told.name}-{suffix}{tail}",
            f"--template-file {folder}/{file}.yaml",
            *(["--s3-bucket BUCKET"] if told.size > limits.INLINE_BYTES else []),
            f"--parameter-overrides file://{parameters}",
            *([f"--capabilities {' '.join(needed)}"] if needed else []),
        ]
    )


def _capabilities(main: Told) -> list[str]:
    """The capabilities and why, from the same facts from which the template's metadata name them."""
    roles = iam_resources(main.body)
    named = [name for name, own in roles.items() if own]
    transform = main.body.get("Transform", [])
    transforms = [transform] if isinstance(transform, str) else transform
    why = {
        "CAPABILITY_NAMED_IAM": f"it makes {len(roles)} IAM resources, with names of their own: {_codes(named)}",
        "CAPABILITY_IAM": f"it makes {len(roles)} IAM resources: {_codes(roles)}",
        "CAPABILITY_AUTO_EXPAND": "; ".join(f"{code(n)} {_TRANSFORMS.get(n, 'is a macro')}" for n in transforms),
    }
    return bullets(f"{code(name)}: {why[name]}." for name in main.body["Metadata"]["Template"]["Capabilities"])


def _parameters(told: Told) -> list[str]:
    head = ("Parameter", "What", "Type", "Default", "Allowed")
    lines = table(head, (_parameter(*each) for each in told.body.get("Parameters", {}).items()))
    differ = [
        f"{environment}: {', '.join(code(f'{name}={value}') for name, value in values.items())}"
        for environment, values in told.environments.items()
        if values
    ]
    return [*lines, "", "Other than the default: " + "; ".join(differ) + "."] if differ else lines


def _parameter(name: str, body: Mapping[str, Any]) -> tuple[str, ...]:
    default = body.get("Default")
    shown = "(required)" if default is None else code(str(default)) or "(empty)"
    kind = str(body["Type"]).replace("AWS::SSM::Parameter::Value<", "name in Parameter Store of <")
    return code(name), text(body["Description"]), text(kind), shown, text(_allowed(body))


def _allowed(body: Mapping[str, Any]) -> str:
    if values := body.get("AllowedValues"):
        return ", ".join(f"`{each}`" for each in values)
    return allowed(body) or ("one that the account has" if body["Type"].startswith("AWS::") else "")


def _outputs(told: Told) -> list[str]:
    def row(name: str, body: Mapping[str, Any]) -> tuple[str, ...]:
        export = body.get("Export", {}).get("Name", {}).get("Fn::Sub", "")
        return code(name), text(body["Description"]), code(export)

    return table(("Output", "What", "Export"), (row(*each) for each in told.body.get("Outputs", {}).items()))


def _deleting(told: Told) -> list[str]:
    """What goes, what stays, what is in the way and what lingers."""
    found = deletion(told.body)
    parts: list[tuple[str, list[str]]] = [
        (
            "Stays, and has to be deleted by hand when it is not wanted any more:",
            table(("Resource", "Type", "Where", "What"), (_fate(each) for each in found.stays)),
        ),
        ("Goes, with the data in it:", bullets(_by_case(found.goes))),
        (
            "In the way of a deletion:",
            bullets(
                f"{code(each.name)}{_where(each.when)}: {text(each.why)} {text(each.remedy)}"
                for each in found.obstacles
            ),
        ),
        ("Takes a while:", bullets(f"{code(name)} {text(how)}." for name, how in found.lingers)),
        (
            "Stays, but is configured with what goes, so it needs that anew before it is used again:",
            bullets(f"{code(name)} with {_codes(going)}" for name, going in found.leans),
        ),
    ]
    lines: list[str] = []
    for heading, content in parts:
        if content:
            lines += [heading, "", *content, ""]
    others = "All else is deleted with the stack."
    return [*lines, f"{others} A stack whose exports others import cannot be deleted before those."]


def _fate(fate: Fate) -> tuple[str, ...]:
    kept = "a last snapshot of it: " if fate.policy == "Snapshot" else ""
    return code(fate.name), _short(fate.type), text(fate.when) or "always", text(kept + fate.says)


def _by_case(fates: Iterable[Fate]) -> Iterator[str]:
    cases: dict[str, list[str]] = {}
    for fate in fates:
        cases.setdefault(fate.when, []).append(fate.name)
    for when, names in cases.items():
        yield f"{text(when) or 'always'}: {_codes(names)}"


def _where(when: str) -> str:
    return "" if when == ALWAYS else f", where {text(when)}"


def _limitations(told: Told) -> list[str]:
    suffix = told.body["Parameters"][SUFFIX]
    lines = bullets(
        [f"{code(SUFFIX)}: {text(suffix.get('ConstraintDescription', ''))}", *_regions(told), *_local(told)]
    )
    exempt = limitations.exemptions(told.resources)
    if exempt:
        lines += ["", "Checks (of checkov and cfn-lint) that resources are excused from, with the reasons:", ""]
        lines += table(
            ("Resources", "Check", "Why"),
            ((_codes(names), check, text(reason)) for (check, reason), names in exempt.items()),
        )
    return lines


def _regions(told: Told) -> Iterator[str]:
    for mapping, names in limitations.asked_for_region(told.resources).items():
        others = f" and {len(names) - 1} others" if len(names) > 1 else ""
        regions = ", ".join(told.body["Mappings"][mapping])
        yield f"Only in {regions}: {code(mapping)}, on which {code(names[0])}{others} rely, names no other region."


def _local(told: Told) -> Iterator[str]:
    """Resources that there are in some regions only."""
    cases: dict[str, list[str]] = {}
    for name, body in told.resources.items():
        if "the region is" in (when := limitations.only(body, told.conditions)):
            cases.setdefault(when, []).append(name)
    for when, names in cases.items():
        yield f"Only where {text(when)}: {_codes(names)}."


def _costs(told: Told) -> list[str]:
    def many(count: int, optional: int) -> str:
        some = "optional" if count == optional else f"{optional} optional"
        return f"{count} ({some})" if optional else str(count)

    rows = ((_short(each.type), many(each.count, each.optional), text(each.what)) for each in idle(told.body))
    return table(("Type", "How many", "What is paid for"), rows)


def _tiers(told: Told) -> list[str]:
    lines: list[str] = []
    for name, title, says in told.tiers:
        inside = {key: body for key, body in told.resources.items() if body["Metadata"]["Tier"] == name}
        rows = (
            (
                code(key),
                _short(body["Type"]),
                text(body["Metadata"]["Description"]),
                text(limitations.only(body, told.conditions)),
            )
            for key, body in inside.items()
        )
        content = [text(says), "", *table(("Resource", "Type", "What", "Only where"), rows)]
        lines += ["", *collapsed(f"{title} ({len(inside)} resources)", content)]
    return lines[1:]


def _edge(told: Told) -> list[str]:
    """What a system has in another region: the parts of a page, without their headings."""
    title, _, says = told.body["Description"].partition(". ")
    parts = [
        [f"{text(title)} ({told.region}). {text(says)}"],
        _parameters(told),
        _outputs(told),
        _deleting(told),
        _limitations(told),
        _costs(told),
        _tiers(told),
    ]
    return [line for part in parts if part for line in ("", *part)][1:]


def _short(kind: str) -> str:
    return kind.removeprefix("AWS::")


def _codes(names: Iterable[str]) -> str:
    return ", ".join(code(name) for name in names)
