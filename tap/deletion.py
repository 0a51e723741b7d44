"""What deleting a stack does, told from its template: what stays and when, what is in the way, what lingers.

The one module that knows what a deletion meets in each service. Sources: CloudFormation user guide, "DeletionPolicy
attribute" (its defaults), "Delete a stack", "Troubleshooting CloudFormation: Delete stack fails"; Elastic Load
Balancing user guide, "Deletion protection"; Aurora user guide, "Deletion protection"; S3 user guide, "Deleting a
bucket"; ECR user guide, "Deleting a private repository"; Backup developer guide, "Vault deletion"; KMS developer guide,
"Deleting AWS KMS keys"; Lambda developer guide, "Giving Lambda functions access to resources in an Amazon VPC".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tap.cases import ALWAYS, Conditions, Values, names
from tap.references import find

HOLDING_DATA = frozenset(
    {
        "AWS::Backup::BackupVault",
        "AWS::DynamoDB::Table",
        "AWS::ECR::Repository",
        "AWS::KMS::Key",
        "AWS::Logs::LogGroup",
        "AWS::RDS::DBCluster",
        "AWS::S3::Bucket",
        "AWS::SecretsManager::Secret",
    }
)
"""Types whose deletion loses what nobody can make again: data, history, or the key to either."""

_ABSENT = "absent"


@dataclass(frozen=True)
class Fate:
    """What becomes of a resource in a case: its policy (``Delete``, ``Retain``, ``Snapshot`` …), and the case in
    words (``ALWAYS``: in every case in which there is the resource)."""

    name: str
    type: str
    says: str
    policy: str
    when: str


@dataclass(frozen=True)
class Obstacle:
    """What is in the way of a deletion: a resource, why, what to do before, and the case in words."""

    name: str
    why: str
    remedy: str
    when: str


@dataclass(frozen=True)
class Deletion:
    """What deleting a stack does."""

    stays: tuple[Fate, ...]
    goes: tuple[Fate, ...]
    """Those that hold data; all else goes without loss."""
    obstacles: tuple[Obstacle, ...]
    lingers: tuple[tuple[str, str], ...]
    """What is deleted, but is there for a while yet: its name, and how long, in a sentence."""
    leans: tuple[tuple[str, tuple[str, ...]], ...]
    """What stays, and what of the stack that goes it is configured with."""


def deletion(body: Mapping[str, Any]) -> Deletion:
    """What deleting the stack of this template does."""
    reader = _Reader(body)
    fates = [fate for name in body["Resources"] for fate in reader.fates(name)]
    stays = tuple(fate for fate in fates if fate.policy != "Delete")
    return Deletion(
        stays,
        tuple(fate for fate in fates if fate.policy == "Delete" and fate.type in HOLDING_DATA),
        tuple(reader.obstacles()),
        tuple(reader.lingers()),
        tuple(reader.leans(stays)),
    )


def policies(body: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, str]:
    """What becomes of each resource where parameters (and ``AWS::Region``) have these values, or else their defaults.

    Its policy (``Delete``, ``Retain`` …), or the empty text where there is no such resource then.
    """
    reader = _Reader(body)
    found = {}
    for name, each in reader.resources.items():
        only, policy = each.get("Condition"), reader.policy(name)
        case = reader.conditions.case([*([only] if only else []), *names(policy)], values)
        there = not only or reader.conditions.holds(only, case)
        found[name] = str(reader.conditions.pick(policy, case)) if there else ""
    return found


class _Reader:
    """A template, read for its end."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self.resources: Mapping[str, Mapping[str, Any]] = body["Resources"]
        self.conditions = Conditions(body.get("Conditions", {}), body.get("Parameters", {}))
        self.emptied = {
            use.reference.name: each
            for each in self.resources.values()
            if each["Type"].startswith("Custom::")
            for use in find(each["Properties"].get("BucketName"))
        }

    def policy(self, name: str) -> Any:
        """The deletion policy of a resource, or what CloudFormation takes where there is none."""
        each = self.resources[name]
        alone = each["Type"] == "AWS::RDS::DBInstance" and "DBClusterIdentifier" not in each["Properties"]
        default = "Snapshot" if alone or each["Type"] == "AWS::RDS::DBCluster" else "Delete"
        return each.get("DeletionPolicy", default)

    def cases(self, name: str, value: Callable[[Values], str], *expressions: Any) -> Iterator[tuple[str, str]]:
        """The values of a function in the cases in which there is the resource, but those that are empty."""
        only = self.resources[name].get("Condition")
        told = [*([only] if only else []), *(each for expression in expressions for each in names(expression))]

        def known(case: Values) -> str:
            return _ABSENT if only and not self.conditions.holds(only, case) else value(case)

        for when, found in self.conditions.cases(dict.fromkeys(told), known):
            if found not in (_ABSENT, ""):
                yield when, found

    def fates(self, name: str) -> Iterator[Fate]:
        """What becomes of a resource, case by case."""
        each, policy = self.resources[name], self.policy(name)
        for when, found in self.cases(name, lambda case: str(self.conditions.pick(policy, case)), policy):
            yield Fate(name, each["Type"], each["Metadata"]["Description"], found, when)

    def obstacles(self) -> Iterator[Obstacle]:
        """What CloudFormation, or the service, refuses to delete."""
        for name, each in self.resources.items():
            kind, properties = each["Type"], each.get("Properties", {})
            protected, how = _protection(kind, properties)
            if how:
                yield from self._obstacle(name, protected, True, "It is protected from deletion.", f"Set {how} first.")
            if kind == "AWS::S3::Bucket":
                yield from self._unless_emptied(name)
            if kind == "AWS::ECR::Repository":
                yield from self._obstacle(
                    name,
                    properties.get("EmptyOnDelete", False),
                    False,
                    "A repository that holds images is not deleted.",
                    "Delete its images first.",
                )
            if kind == "AWS::Backup::BackupVault":
                why = "A vault that holds recovery points is not deleted."
                yield from self._obstacle(name, True, True, why, "Delete its recovery points first.")

    def _obstacle(self, name: str, state: Any, bad: bool, why: str, remedy: str) -> Iterator[Obstacle]:
        """An obstacle where a state is the bad one and the resource would be deleted."""
        policy = self.policy(name)

        def met(case: Values) -> str:
            deleted = self.conditions.pick(policy, case) in ("Delete", "Snapshot")
            return "met" if deleted and _truth(self.conditions.pick(state, case)) == bad else ""

        for when, _ in self.cases(name, met, policy, state):
            yield Obstacle(name, why, remedy, when)

    def _unless_emptied(self, name: str) -> Iterator[Obstacle]:
        """A custom resource with the bucket's name empties it, unless its property ``Empties`` says otherwise."""
        emptier = self.emptied.get(name)
        state = emptier["Properties"].get("Empties", True) if emptier else False
        if emptier and "Condition" in emptier:
            state = {"Fn::If": [emptier["Condition"], state, False]}
        why = "A bucket that holds objects is not deleted."
        yield from self._obstacle(name, state, False, why, "Delete its objects and their versions first.")

    def lingers(self) -> Iterator[tuple[str, str]]:
        """What is there for a while after its deletion, or keeps it waiting."""
        for name, each in self.resources.items():
            properties = each.get("Properties", {})
            policy = self.policy(name)
            if each["Type"] == "AWS::KMS::Key":
                days = properties.get("PendingWindowInDays", 30)

                def kept(case: Values, days: Any = days, policy: Any = policy) -> str:
                    if self.conditions.pick(policy, case) != "Delete":
                        return ""
                    return f"can be had back for {self.conditions.pick(days, case)} days, then is gone for good"

                for when, found in self.cases(name, kept, policy, days):
                    yield name, found + (f", where {when}" if when else "")
            if each["Type"] == "AWS::Lambda::Function" and "VpcConfig" in properties:
                yield name, "holds network interfaces in the subnets; CloudFormation waits until Lambda gives them back"

    def leans(self, stays: tuple[Fate, ...]) -> Iterator[tuple[str, tuple[str, ...]]]:
        """What stays in every case and refers to resources that go in every case."""
        staying = {fate.name for fate in stays}
        for fate in stays:
            if fate.policy == "Retain" and fate.when == ALWAYS:
                used = dict.fromkeys(use.reference.name for use in find(self.resources[fate.name]["Properties"]))
                if going := tuple(each for each in used if each in self.resources and each not in staying):
                    yield fate.name, going


def _protection(kind: str, properties: Mapping[str, Any]) -> tuple[Any, str]:
    """Whether a resource is protected from deletion, and how the protection is taken off; empty where it has none."""
    if kind == "AWS::RDS::DBCluster":
        return properties.get("DeletionProtection", False), "`DeletionProtection` to false"
    if kind == "AWS::DynamoDB::Table":
        return properties.get("DeletionProtectionEnabled", False), "`DeletionProtectionEnabled` to false"
    if kind == "AWS::ElasticLoadBalancingV2::LoadBalancer":
        for attribute in properties.get("LoadBalancerAttributes", []):
            if attribute["Key"] == "deletion_protection.enabled":
                return attribute["Value"], "`deletion_protection.enabled` to false"
    return False, ""


def _truth(value: Any) -> bool:
    return str(value).lower() == "true"
