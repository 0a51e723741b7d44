"""What ``templates/`` builds and the rest of tap takes: tiers and systems.

A leaf: it imports troposphere, and of tap's only other leaves, so that templates may import it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from troposphere import AWSHelperFn, AWSObject, GetAtt, Output, Parameter, Ref, Sub, Template

from tap import limits
from tap.errors import TapError
from tap.references import SUB_VARIABLE

R = TypeVar("R", bound=AWSObject)

SUFFIX = "EnvironmentSuffix"
"""The parameter that tells one environment's resources from another's. First in every template."""


def text(value: str) -> Any:
    """A value from text for ``Sub``: the text itself, ``Ref`` or ``GetAtt`` where it is one reference, else ``Sub``."""
    if not (match := SUB_VARIABLE.fullmatch(value)):
        return Sub(value) if "${" in value else value
    name, _, attribute = match[1].partition(".")
    return GetAtt(name, attribute) if attribute else Ref(name)


@dataclass(frozen=True)
class Label:
    """Where a parameter stands in the console's form: its group's heading, and its own label."""

    group: str
    text: str


class Tier:
    """One tier under construction: a troposphere template, and what troposphere has no place for.

    ``name`` is kebab-case (file and stack names carry it), ``title`` a heading and ``says`` one sentence for a person.
    Every method that adds something returns its handle, for other resources and tiers to refer to. Each raises
    TapError for a name that the section has already, and LimitExceededError where CloudFormation's quota is reached.
    """

    def __init__(self, name: str, title: str, says: str) -> None:
        self.name = name
        self.title = title
        self.says = says
        self.template = Template()
        self.labels: dict[str, Label] = {}
        self.exports: dict[str, str] = {}

    def add(self, resource: R, says: str, *, exempt: Mapping[str, str] | None = None) -> R:
        """Add a resource and the sentence that says what it is for.

        ``exempt`` maps a check (of cfn-lint, of checkov: ``CKV…``, or of tap's own: ``TAP…``) to the reason why this
        resource is excused from it; both are written beside the resource, as the checker reads them.
        """
        self._check_new("Resources", self.template.resources, resource.title)
        resource.Metadata = {"Description": says, "Tier": self.name, **_exemptions(exempt or {})}
        self.template.add_resource(resource)
        return resource

    def parameter(self, name: str, says: str, *, group: str, label: str, **properties: Any) -> Parameter:
        """Add a parameter: its sentence, its place in the console's form, and CloudFormation's own properties."""
        self._check_new("Parameters", self.template.parameters, name)
        properties.setdefault("Type", "String")
        self.labels[name] = Label(group, label)
        return self.template.add_parameter(Parameter(name, Description=says, **properties))

    def condition(self, name: str, test: AWSHelperFn) -> str:
        """Add a condition; gives its name."""
        self._check_new("Conditions", self.template.conditions, name)
        return str(self.template.add_condition(name, test))

    def mapping(self, name: str, table: Mapping[str, Mapping[str, Any]]) -> str:
        """Add a mapping; gives its name."""
        self._check_new("Mappings", self.template.mappings, name)
        self.template.add_mapping(name, dict(table))
        return name

    def output(self, name: str, says: str, value: object, *, export: str = "", condition: str = "") -> None:
        """Add an output. ``export`` is the tail of its export name (the linker puts system and suffix before it)."""
        self._check_new("Outputs", self.template.outputs, name)
        output = Output(name, Description=says, Value=value)
        if condition:
            output.Condition = condition
        self.template.add_output(output)
        if export:
            self.exports[name] = export

    def _check_new(self, section: str, present: Mapping[str, object], name: str | None) -> None:
        if name in present:
            raise TapError(f"tier {self.name}: {name} ({section}) is defined twice. Rename one.")
        if section in limits.COUNTS:
            limits.check_room(self.name, section, len(present))


def _exemptions(reasons: Mapping[str, str]) -> dict[str, Any]:
    checkov = {check: reason for check, reason in reasons.items() if check.startswith("CKV")}
    own = {check: reason for check, reason in reasons.items() if check not in checkov}
    lint = sorted(check for check in own if not check.startswith("TAP"))
    metadata: dict[str, Any] = {}
    if checkov:
        metadata["checkov"] = {"skip": [{"id": check, "comment": reason} for check, reason in checkov.items()]}
    if lint:
        metadata["cfn-lint"] = {"config": {"ignore_checks": lint}}
    if own:
        metadata["Exemptions"] = own
    return metadata


@dataclass(frozen=True)
class Guard:
    """What a deployment to an environment must keep to.

    ``accounts`` and ``regions`` are those that it may go to; empty means any. ``protected`` turns on the stack's
    termination protection, ``stack_policy`` sets the policy that forbids updates to replace or delete what holds data.
    ``express`` allows CloudFormation's express mode, which does not wait for resources to be ready.
    """

    accounts: tuple[str, ...] = ()
    regions: tuple[str, ...] = ()
    protected: bool = False
    stack_policy: bool = False
    express: bool = False


@dataclass(frozen=True)
class System:
    """A whole system: its tiers in reading and deployment order, and how its environments differ.

    ``shared`` holds parameters, conditions and mappings that several tiers use; it has no resources.
    ``environments`` maps an environment to the parameter values that differ from the defaults there.
    ``guards`` maps an environment to what a deployment to it must keep to; an edge keeps to its system's.
    ``edge`` is what the system needs in another region, as a system of its own with the same name.
    ``tags`` go on every resource that takes tags; ``${Parameter}`` in a value is that parameter's value.
    """

    name: str
    title: str
    says: str
    region: str
    shared: Tier
    tiers: tuple[Tier, ...]
    environments: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    edge: System | None = None
    guards: Mapping[str, Guard] = field(default_factory=dict)
