"""The linker: a system's tiers become templates that stand alone, in one of three layouts.

Tiers are object files: complete but for references to resources that live in other tiers. Linking keeps every
logical id and turns a reference across tiers into

- ``stack``: itself, for both sides are in one template;
- ``tiers``: an ``Export`` in the producer, ``Fn::ImportValue`` in the consumer;
- ``nested``: an ``Output`` of the child, a ``Parameter`` of its sibling, handed on by the root.

Each template gets the parameters, conditions, mappings and rules that it uses, and no others. Limitation: what crosses
is a string, as exports and nested parameters are; join an attribute that is a list before another tier uses it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from tap import capabilities, limits
from tap.errors import TapError
from tap.model import SUFFIX, Label, System, text
from tap.naming import SUFFIX_PATTERN, SUFFIX_RULE, camel, kebab, longest_suffix
from tap.references import Reference, find, rewrite
from tap.symbols import Compiled, DuplicateNameError, Symbols, build

Layout = Literal["stack", "tiers", "nested"]
LAYOUTS: tuple[Layout, ...] = ("stack", "tiers", "nested")

BUCKET, PREFIX = "TemplatesBucket", "TemplatesPrefix"
"""The root template's parameters that say where the children are."""

_BUCKET_GROUP = "Where the nested templates are"
_LIST_TYPES = ("CommaDelimitedList", "List<")
_SSM_VALUE = "AWS::SSM::Parameter::Value<"


@dataclass(frozen=True)
class Linked:
    """A template that stands alone.

    ``path`` is relative to the system's folder and has no ending (``tiers/01-network``); ``headings`` maps the first
    resource of each tier to the title and the sentence that a comment sets before it.
    """

    path: str
    body: dict[str, Any]
    headings: Mapping[str, tuple[str, str]]


@dataclass(frozen=True)
class _Crossing:
    """A value that one tier has and others use: its output in the producer, and who uses it."""

    output: str
    reference: Reference
    producer: Compiled
    consumers: tuple[str, ...]
    body: dict[str, Any]
    export: str


def link(system: System, layouts: Iterable[Layout] = LAYOUTS) -> list[Linked]:
    """Link ``system`` in each layout; deterministic, and free of input and output.

    Raises the errors of ``tap.symbols.build``, ``tap.naming.longest_suffix`` and ``tap.limits.check_counts``.
    """
    linker = _Linker(build(system))
    templates = [template for layout in layouts for template in linker.in_layout(layout)]
    for template in templates:
        limits.check_counts(f"{system.name}/{template.path}", template.body)
    return templates


class _Linker:
    def __init__(self, symbols: Symbols) -> None:
        self.symbols = symbols
        self.system = symbols.system
        self.tiers = [tier for tier in symbols.tiers if tier.section("Resources")]
        self.resources = symbols.in_section("Resources")
        self.conditions = symbols.in_section("Conditions")
        self.mappings = symbols.in_section("Mappings")
        self.rules = symbols.in_section("Rules")
        self.labels: dict[str, Label] = {k: v for tier in symbols.tiers for k, v in tier.labels.items()}
        self.parameters = self._with_suffix(symbols.in_section("Parameters"))
        self.crossings = self._crossings()

    def in_layout(self, layout: Layout) -> list[Linked]:
        """The system's templates in one layout."""
        return {"stack": self._stack, "tiers": self._tiers, "nested": self._nested}[layout]()

    # ── the three layouts ──

    def _stack(self) -> list[Linked]:
        """One self-contained template."""
        outputs = {name: body for tier in self.tiers for name, body in self._own_outputs(tier, export=True).items()}
        body = self._template("stack", self.system.says, self.resources, outputs, self.tiers)
        return [Linked("stack", body, self._headings(self.tiers))]

    def _tiers(self) -> list[Linked]:
        """A template per tier, in deployment order, joined by exports."""
        linked = []
        for number, tier in enumerate(self.tiers, 1):
            resources = self._imported(tier, tier.section("Resources"), self._import)
            outputs = self._imported(tier, self._own_outputs(tier, export=True), self._import)
            for crossing in self.crossings.values():
                if crossing.producer is tier and crossing.output not in outputs:
                    name = {"Fn::Sub": f"{self.system.name}-${{{SUFFIX}}}-{crossing.export}"}
                    outputs[crossing.output] = crossing.body | {"Export": {"Name": name}}
            body = self._template("tiers", tier.says, resources, outputs, [tier], tier)
            linked.append(Linked(f"tiers/{number:02}-{tier.name}", body, self._headings([tier])))
        return linked

    def _nested(self) -> list[Linked]:
        """A root template and a child per tier; the root hands values on."""
        children = [self._child(tier) for tier in self.tiers]
        return [self._root(children), *children]

    # ── nested ──

    def _child(self, tier: Compiled) -> Linked:
        resources = self._imported(tier, tier.section("Resources"), self._handed)
        outputs = self._imported(tier, self._own_outputs(tier, export=False), self._handed)
        for crossing in self.crossings.values():
            if crossing.producer is tier:
                outputs.setdefault(crossing.output, crossing.body)
        body = self._template("nested", tier.says, resources, outputs, [tier], tier)
        parameters = {name: _for_child(parameter) for name, parameter in body.get("Parameters", {}).items()}
        groups = body["Metadata"]["AWS::CloudFormation::Interface"]
        for name, crossing in self._taken(tier).items():
            says = f"{crossing.body['Description']} Handed on by the root template."
            parameters[name] = {"Type": "String", "Description": says}
            _label(
                groups,
                name,
                Label("From other tiers", f"{crossing.reference.name} {crossing.reference.attribute}".strip()),
            )
        if parameters:
            body["Parameters"] = parameters
        return Linked(f"nested/{tier.name}", body, self._headings([tier]))

    def _root(self, children: list[Linked]) -> Linked:
        resources: dict[str, Any] = {}
        outputs: dict[str, Any] = {}
        for tier, child in zip(self.tiers, children, strict=True):
            stack = self._stack_id(tier)
            handed: dict[str, Any] = {}
            taken = self._taken(tier)
            for name in child.body.get("Parameters", {}):
                handed[name] = self._from_sibling(taken[name]) if name in taken else self._passed(name)
            # What hands a value on is waited for anyway; cfn-lint objects to saying it twice (W3005).
            named = {self._stack_id(crossing.producer) for crossing in taken.values()}
            waits = sorted(self._waits(tier) - named)
            resources[stack] = {
                "Type": "AWS::CloudFormation::Stack",
                "Metadata": {"Description": tier.says, "Tier": tier.name},
                **({"DependsOn": waits} if waits else {}),
                "DeletionPolicy": "Delete",
                "UpdateReplacePolicy": "Delete",
                "Properties": {
                    "TemplateURL": {
                        "Fn::Sub": "https://s3.${AWS::Region}.${AWS::URLSuffix}/"
                        f"${{{BUCKET}}}/${{{PREFIX}}}{tier.name}.yaml"
                    },
                    **({"Parameters": handed} if handed else {}),
                    "Tags": [
                        {"Key": key, "Value": value if isinstance(value, str) else value.to_dict()}
                        for key, value in ((key, text(value)) for key, value in self.system.tags.items())
                    ],
                },
            }
            for name, output in self._own_outputs(tier, export=True).items():
                outputs[name] = output | {"Value": {"Fn::GetAtt": [stack, f"Outputs.{name}"]}}
        body = self._template(
            "nested", self.system.says, resources, outputs, self.tiers, root=[c.body for c in children]
        )
        return Linked("nested/root", body, {})

    def _passed(self, name: str) -> Any:
        kind = self.parameters[name]["Type"]
        kind = kind.removeprefix(_SSM_VALUE)
        return {"Fn::Join": [",", {"Ref": name}]} if kind.startswith(_LIST_TYPES) else {"Ref": name}

    def _from_sibling(self, crossing: _Crossing) -> Any:
        value = {"Fn::GetAtt": [self._stack_id(crossing.producer), f"Outputs.{crossing.output}"]}
        condition = crossing.body.get("Condition")
        return {"Fn::If": [condition, value, ""]} if condition else value

    def _stack_id(self, tier: Compiled) -> str:
        name = camel(tier.name) + "Stack"
        if name in self.symbols.table:
            raise DuplicateNameError(
                f"{name}, the nested stack of tier {tier.name}, is also defined in tier "
                f"{self.symbols.table[name].tier}. Rename that."
            )
        return name

    def _waits(self, tier: Compiled) -> set[str]:
        """The stacks of the tiers that this one waits for by DependsOn."""
        uses = (use.reference for use in self.symbols.crossing(tier) if use.reference.kind == "DependsOn")
        homes = {self.symbols.resource_tier(reference.name) for reference in uses}
        return {self._stack_id(other) for other in self.tiers if other.name in homes}

    def _taken(self, tier: Compiled) -> dict[str, _Crossing]:
        """What a child takes from its siblings, by the name of the parameter that brings it."""
        taken: dict[str, _Crossing] = {}
        for use in self.symbols.crossing(tier):
            if use.reference.kind != "DependsOn":
                crossing = self.crossings[self._key(use.reference)]
                first = taken.setdefault(self._parameter(crossing, tier), crossing)
                if first is not crossing:
                    raise DuplicateNameError(
                        f"{_said(first.reference)} and {_said(crossing.reference)} both come to tier {tier.name} as "
                        f"the parameter {self._parameter(crossing, tier)}. Rename one of the resources."
                    )
        return taken

    def _parameter(self, crossing: _Crossing, tier: Compiled) -> str:
        name = crossing.reference.name + crossing.reference.attribute.replace(".", "")
        other = self.symbols.table.get(name)
        if crossing.reference.attribute and other and (other.tier == tier.name or other.section != "Resources"):
            raise DuplicateNameError(
                f"the attribute {crossing.reference.attribute} of {crossing.reference.name} comes to tier {tier.name} "
                f"as the parameter {name}, but {name} is defined in tier {other.tier} ({other.section}). Rename that."
            )
        return name

    # ── references across tiers ──

    @staticmethod
    def _key(reference: Reference) -> tuple[str, str]:
        return reference.name, reference.attribute

    def _crossings(self) -> dict[tuple[str, str], _Crossing]:
        consumers: dict[tuple[str, str], list[str]] = {}
        for tier in self.tiers:
            for use in self.symbols.crossing(tier):
                titles = consumers.setdefault(self._key(use.reference), [])
                if use.reference.kind != "DependsOn" and tier.title not in titles:
                    titles.append(tier.title)
        homes = {tier.name: tier for tier in self.tiers}
        found: dict[tuple[str, str], _Crossing] = {}
        for (name, attribute), titles in consumers.items():
            if titles:
                home = homes[self.symbols.table[name].tier]
                found[name, attribute] = self._crossing(
                    Reference("GetAtt" if attribute else "Ref", name, attribute), home, titles
                )
        self._check_made(found.values())
        return found

    def _check_made(self, crossings: Iterable[_Crossing]) -> None:
        """Raise DuplicateNameError where two outputs of a tier, or two exports, would have one name."""
        outputs: dict[tuple[str, str], Reference] = {}
        exports: dict[str, tuple[str, str]] = {}
        for tier in self.tiers:
            for name, tail in tier.exports.items():
                self._check_export(exports, tail, (tier.name, name))
        for crossing in crossings:
            made = (crossing.producer.name, crossing.output)
            first = outputs.setdefault(made, crossing.reference)
            if first != crossing.reference:
                raise DuplicateNameError(
                    f"tier {made[0]} hands both {_said(first)} and {_said(crossing.reference)} to other tiers as the "
                    f"output {made[1]}. Rename one of the resources, or export one of the values by an output."
                )
            self._check_export(exports, crossing.export, made)

    @staticmethod
    def _check_export(exports: dict[str, tuple[str, str]], tail: str, output: tuple[str, str]) -> None:
        first = exports.setdefault(tail, output)
        if first != output:
            raise DuplicateNameError(
                f"the export {tail} is made twice: by the output {first[1]} of tier {first[0]} and by the output "
                f"{output[1]} of tier {output[0]}. Rename one."
            )

    def _crossing(self, reference: Reference, home: Compiled, consumers: list[str]) -> _Crossing:
        value = (
            {"Fn::GetAtt": [reference.name, reference.attribute]} if reference.attribute else {"Ref": reference.name}
        )
        resource = self.resources[reference.name]
        for name, output in home.section("Outputs").items():
            # An output under another condition than its resource's would be missing where the resource is not.
            alike = output.get("Condition") == resource.get("Condition")
            if output["Value"] == value and name in home.exports and alike:
                return _Crossing(name, reference, home, tuple(consumers), dict(output), home.exports[name])
        name = reference.name + reference.attribute.replace(".", "")
        if name in home.section("Outputs"):
            raise DuplicateNameError(
                f"tier {home.name} hands {reference.name} {reference.attribute} to other tiers as the output {name}, "
                "but has an output of that name with another value or condition. Rename the output, or export it."
            )
        says = f"{reference.attribute or 'Reference'} of {reference.name}, for {_listed(consumers)}."
        body: dict[str, Any] = {"Description": says}
        if "Condition" in resource:
            body["Condition"] = resource["Condition"]
        return _Crossing(name, reference, home, tuple(consumers), body | {"Value": value}, kebab(name))

    def _imported(self, tier: Compiled, bodies: Mapping[str, Any], how: Any) -> dict[str, Any]:
        """``bodies`` with each reference to another tier's resource replaced, and DependsOn kept within the tier."""

        def replace(reference: Reference) -> dict[str, Any] | None:
            home = self.symbols.resource_tier(reference.name)
            if home in (None, tier.name):
                return None
            replacement: dict[str, Any] = how(self.crossings[self._key(reference)], tier)
            return replacement

        imported = {}
        for name, body in bodies.items():
            body = rewrite(body, replace)
            if "DependsOn" in body:
                waits = [body["DependsOn"]] if isinstance(body["DependsOn"], str) else body["DependsOn"]
                waits = [other for other in waits if self.symbols.resource_tier(other) == tier.name]
                body = {**body, "DependsOn": waits} if waits else {k: v for k, v in body.items() if k != "DependsOn"}
            imported[name] = body
        return imported

    def _import(self, crossing: _Crossing, _: Compiled) -> dict[str, Any]:
        return {"Fn::ImportValue": {"Fn::Sub": f"{self.system.name}-${{{SUFFIX}}}-{crossing.export}"}}

    def _handed(self, crossing: _Crossing, tier: Compiled) -> dict[str, Any]:
        return {"Ref": self._parameter(crossing, tier)}

    # ── one template ──

    def _with_suffix(self, parameters: dict[str, Any]) -> dict[str, Any]:
        if SUFFIX not in parameters:
            raise TapError(
                f"system {self.system.name}: the shared tier has no parameter {SUFFIX}; every system needs it."
            )
        names = tuple(tier.name for tier in self.tiers)
        room, reason = longest_suffix(self.system.name, names, parameters, self.resources)
        needed = {values.get(SUFFIX, name) for name, values in self.system.environments.items()}
        for suffix in sorted(needed):
            if len(suffix) > room:
                raise TapError(
                    f"system {self.system.name}: the suffix {suffix!r} of an environment has {len(suffix)} characters, "
                    f"but {reason} leaves room for {room}. Shorten that name or the suffix."
                )
        suffix = parameters.pop(SUFFIX) | {
            "AllowedPattern": SUFFIX_PATTERN,
            "MinLength": 1,
            "MaxLength": room,
            "ConstraintDescription": f"1 to {room} characters: {SUFFIX_RULE}. The limit is set by {reason}.",
        }
        return {SUFFIX: suffix, **parameters}

    def _own_outputs(self, tier: Compiled, *, export: bool) -> dict[str, Any]:
        outputs = {}
        for name, output in tier.section("Outputs").items():
            tail = tier.exports.get(name)
            if export and tail:
                output = output | {"Export": {"Name": {"Fn::Sub": f"{self.system.name}-${{{SUFFIX}}}-{tail}"}}}
            outputs[name] = output
        return outputs

    def _headings(self, tiers: Iterable[Compiled]) -> dict[str, tuple[str, str]]:
        return {next(iter(tier.section("Resources"))): (tier.title, tier.says) for tier in tiers}

    def _template(
        self,
        layout: Layout,
        says: str,
        resources: Mapping[str, Any],
        outputs: Mapping[str, Any],
        tiers: Iterable[Compiled],
        tier: Compiled | None = None,
        root: list[dict[str, Any]] | None = None,
    ) -> dict[str, Any]:
        used = self._used(resources, outputs, root)
        conditions = {name: body for name, body in self.conditions.items() if name in used}
        rules = {name: body for name, body in self.rules.items() if name in used}
        parameters = {name: body for name, body in self.parameters.items() if name in used}
        extra: dict[str, Any] = {}
        if root is not None:
            extra = _bucket_parameters(self.system.name)
            if both := sorted(set(extra) & set(self.parameters)):
                raise DuplicateNameError(
                    f"{both[0]}, a parameter of the nested layout's root, is also defined in tier "
                    f"{self.symbols.table[both[0]].tier}. Rename that."
                )
        interface: dict[str, Any] = {"ParameterGroups": [], "ParameterLabels": {}}
        for name in parameters:
            _label(interface, name, self.labels[name])
        for name, (label, _) in extra.items():
            _label(interface, name, label)
        body = {
            "AWSTemplateFormatVersion": "2010-09-09",
            "Description": f"{self.system.title}{f', {tier.title.lower()} tier' if tier else ''}. {says}",
            "Metadata": {},
            "Parameters": parameters | {name: parameter for name, (_, parameter) in extra.items()},
            "Rules": rules,
            "Mappings": {name: body for name, body in self.mappings.items() if name in used},
            "Conditions": conditions,
            "Resources": dict(resources),
            "Outputs": dict(outputs),
        }
        wanted = [name for each in tiers for name in each.transform] if root is None else []
        # In CloudFormation's order: this one comes before those that make resources.
        transform = sorted(dict.fromkeys(wanted), key=lambda name: name != "AWS::LanguageExtensions")
        if transform:
            body["Transform"] = transform[0] if len(transform) == 1 else transform
        body["Metadata"] = {
            "Template": {
                "System": self.system.name,
                "Layout": layout,
                **({"Tier": tier.name} if tier else {}),
                "Region": self.system.region,
                "Capabilities": capabilities.needed([body, *(root or [])]),
                # Not in Sub's form: in metadata nothing is substituted, and cfn-lint says so (E1029).
                "Tags": {key: value.replace("${", "{") for key, value in self.system.tags.items()},
            },
            "AWS::CloudFormation::Interface": interface,
        }
        return {key: value for key, value in body.items() if value}

    def _used(
        self, resources: Mapping[str, Any], outputs: Mapping[str, Any], root: list[dict[str, Any]] | None
    ) -> set[str]:
        """Every parameter, condition, mapping and rule that a template needs, also by way of others."""
        used: set[str] = set()
        todo = [_names(resources, outputs)]
        if root is not None:
            todo += [set(child.get("Parameters", {})) & set(self.parameters) for child in root]
        while todo:
            new = todo.pop() - used
            used |= new
            for name in new:
                if name in self.conditions:
                    todo.append({use.reference.name for use in find(self.conditions[name], conditions=True)})
            for name, rule in self.rules.items():
                if name not in used:
                    # A rule belongs wherever a parameter that it makes assertions on does.
                    names = {use.reference.name for use in find(rule, conditions=True)}
                    asserted = {use.reference.name for use in find(rule.get("Assertions"), conditions=True)}
                    if asserted & used:
                        todo.append({name} | names)
        return used


def _names(resources: Mapping[str, Any], outputs: Mapping[str, Any]) -> set[str]:
    bodies = [*resources.values(), *outputs.values()]
    names = {use.reference.name for body in bodies for use in find(body)}
    return names | {body["Condition"] for body in bodies if "Condition" in body}


def _label(interface: dict[str, Any], name: str, label: Label) -> None:
    groups: list[dict[str, Any]] = interface["ParameterGroups"]
    for group in groups:
        if group["Label"]["default"] == label.group:
            group["Parameters"].append(name)
            break
    else:
        groups.append({"Label": {"default": label.group}, "Parameters": [name]})
    interface["ParameterLabels"][name] = {"default": label.text}


def _for_child(parameter: Mapping[str, Any]) -> dict[str, Any]:
    """A parameter as a nested child declares it: the root always hands it on, with an SSM parameter's value resolved."""
    child = {key: value for key, value in parameter.items() if key != "Default"}
    if parameter["Type"].startswith(_SSM_VALUE):
        child = {
            "Type": parameter["Type"].removeprefix(_SSM_VALUE).removesuffix(">"),
            "Description": child["Description"],
        }
    return child


def _bucket_parameters(system: str) -> dict[str, tuple[Label, dict[str, Any]]]:
    bucket = {
        "Type": "String",
        "Description": "The S3 bucket that holds the nested templates, in the stack's own region.",
        "AllowedPattern": "^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        "ConstraintDescription": "the name of an S3 bucket: 3 to 63 lower-case letters, digits, dots and hyphens",
    }
    prefix = {
        "Type": "String",
        "Description": f"What comes before the file names in the bucket; empty, or ending in a slash ({system}/v1/).",
        "Default": "",
        "AllowedPattern": "^$|^[A-Za-z0-9!_.*'()/-]*/$",
        "MaxLength": 512,
        "ConstraintDescription": "empty, or up to 512 characters that end in a slash",
    }
    return {
        BUCKET: (Label(_BUCKET_GROUP, "Bucket"), bucket),
        PREFIX: (Label(_BUCKET_GROUP, "Prefix"), prefix),
    }


def _said(reference: Reference) -> str:
    return f"{reference.name}.{reference.attribute}" if reference.attribute else reference.name


def _listed(words: list[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"
