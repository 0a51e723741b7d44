"""TAP127x: AWS Backup."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tap.check.graph.iam import ROLE, grants
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at
from tap.check.values import Reference, Text, Unknown, as_bool, as_number, each, fields, items

PLAN, VAULT, SELECTION = "AWS::Backup::BackupPlan", "AWS::Backup::BackupVault", "AWS::Backup::BackupSelection"
_START, _COMPLETION = 480, 10_080
_COLD = 90
_CONTINUOUS = 35


def _rules(plan: Resource) -> Iterator[tuple[tuple[str, ...], Mapping[str, Any]]]:
    for index, rule in enumerate(items(plan.get("BackupPlan", "BackupPlanRule"))):
        yield ("BackupPlan", "BackupPlanRule", str(index)), fields(rule)


class BackupSchedule(ResourceRule):
    """A schedule that AWS Backup does not take."""

    id = "TAP1270"
    title = "AWS Backup takes only cron expressions of six fields"
    description = "Rates are refused, and so are cron expressions of five fields, as cron itself has them."
    source = "AWS Backup API, BackupRule: ScheduleExpression; developer guide, “Backup plan options and configuration”"
    advice = "Every six hours is cron(0 0/6 * * ? *)."
    types = (PLAN,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The schedule of each rule of a plan."""
        for place, rule in _rules(resource):
            text = rule.get("ScheduleExpression")
            wrong = _fault(text) if isinstance(text, str) else ""
            if wrong:
                yield at(resource, *place, "ScheduleExpression", says=f"“{text}” {wrong}")


def _fault(text: str) -> str:
    if text.strip().startswith("rate("):
        return "is a rate."
    match = re.fullmatch(r"cron\((.*)\)", text.strip())
    if not match:
        return "is no cron(…)."
    parts = match[1].split()
    if len(parts) != 6:
        return f"has {len(parts)} fields, not six."
    if (parts[2] == "?") == (parts[4] == "?"):
        return "says ? for neither or both of the days."
    for part, low, high in zip(parts[:2], (0, 0), (59, 23), strict=True):
        if any(not low <= int(one) <= high for one in re.findall(r"(?<![/\d])\d+", part)):
            return f"has {part} where {low} to {high} can be."
    return ""


class BackupWindows(ResourceRule):
    """Windows in which no copy can be made."""

    id = "TAP1271"
    title = "The windows of the backup are not possible"
    description = (
        "A copy begins within at least 60 minutes, and is complete later than that: at least 60 minutes after."
    )
    source = "AWS Backup API, BackupRuleInput: StartWindowMinutes, CompletionWindowMinutes"
    types = (PLAN,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The windows of each rule of a plan."""
        for place, rule in _rules(resource):
            start, end = as_number(rule.get("StartWindowMinutes")), as_number(rule.get("CompletionWindowMinutes"))
            if start is not None and start < 60:
                yield at(resource, *place, "StartWindowMinutes", says=f"{start:g} minutes to begin: at least 60.")
            elif end is not None and end < (start if start is not None else _START) + 60:
                begin = f"{start:g}" if start is not None else f"{_START} (the default)"
                says = f"Complete within {end:g} minutes, where {begin} are for the beginning."
                yield at(resource, *place, "CompletionWindowMinutes", says=says)
            elif start is not None and end is None and start + 60 > _COMPLETION:
                yield at(resource, *place, "StartWindowMinutes", says=f"{start:g} minutes to begin are too many.")


class BackupLifecycle(ResourceRule):
    """Copies that are moved and deleted in an order that is refused."""

    id = "TAP1272"
    title = "The lifecycle of the copies is not possible"
    description = (
        "What goes to cold storage stays there for 90 days at least. Continuous copies are kept 1 to 35 days, and "
        "never go to cold storage."
    )
    source = "AWS Backup API, Lifecycle; BackupRule: EnableContinuousBackup"
    types = (PLAN,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The lifecycle of each rule of a plan, and of its copies elsewhere."""
        for place, rule in _rules(resource):
            found = [(place, fields(rule.get("Lifecycle")))]
            found += [
                ((*place, "CopyActions", str(index)), fields(fields(one).get("Lifecycle")))
                for index, one in enumerate(items(rule.get("CopyActions")))
            ]
            for where, lifecycle in found:
                cold = as_number(lifecycle.get("MoveToColdStorageAfterDays"))
                end = as_number(lifecycle.get("DeleteAfterDays"))
                if cold is not None and end is not None and 0 <= end < cold + _COLD:
                    says = f"Cold after {cold:g} days and deleted after {end:g}: less than 90 days later."
                    yield at(resource, *where, "Lifecycle", "DeleteAfterDays", says=says)
            if as_bool(rule.get("EnableContinuousBackup")):
                lifecycle = fields(rule.get("Lifecycle"))
                end = as_number(lifecycle.get("DeleteAfterDays"))
                if "MoveToColdStorageAfterDays" in lifecycle:
                    yield at(resource, *place, "Lifecycle", says="Continuous copies never go to cold storage.")
                elif end is not None and not 1 <= end <= _CONTINUOUS:
                    yield at(
                        resource, *place, "Lifecycle", says=f"Continuous copies are kept 1 to 35 days, not {end:g}."
                    )
                elif (
                    end is None
                    and not isinstance(rule.get("Lifecycle"), Unknown)
                    and lifecycle.get("DeleteAfterDays") is None
                ):
                    yield at(resource, *place, says="Continuous copies need DeleteAfterDays, 1 to 35.")


class BackupSelection(ResourceRule):
    """A selection of nothing."""

    id = "TAP1273"
    title = "The selection selects nothing"
    description = "A selection names resources by ARN, or tags, or conditions on tags; with none of them it is refused."
    source = "AWS Backup API, BackupSelection"
    types = (SELECTION,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """What a selection names."""
        own = resource.get("BackupSelection")
        if not isinstance(own, Mapping):
            return
        if not any(own.get(key) for key in ("Resources", "ListOfTags", "Conditions")):
            yield at(resource, "BackupSelection", says="It names neither resources nor tags.")
        if own.get("IamRoleArn") is None:
            yield at(resource, "BackupSelection", says="It has no IamRoleArn.")
        for index, one in enumerate(items(own.get("Resources"))):
            name = isinstance(one, str) and one != "*" and not one.startswith(("arn:", "*"))
            meant = world.resources.get(one.logical_id) if isinstance(one, Reference) and not one.attribute else None
            if name or (meant and meant.type in _NO_ARN):
                says = f"{one} is no ARN."
                yield at(resource, "BackupSelection", "Resources", index, says=says, advice="Give the ARN.")
        for index, one in enumerate(items(own.get("ListOfTags"))):
            kind = fields(one).get("ConditionType")
            if isinstance(kind, str) and kind != "STRINGEQUALS":
                where = ("BackupSelection", "ListOfTags", index, "ConditionType")
                yield at(resource, *where, says=f"There is no condition {kind}: STRINGEQUALS.")


_NO_ARN = frozenset(
    {"AWS::RDS::DBCluster", "AWS::RDS::DBInstance", "AWS::DynamoDB::Table", "AWS::EFS::FileSystem", "AWS::S3::Bucket"}
)
"""Types of which ``!Ref`` gives a name or an id."""


class BackupRole(ResourceRule):
    """A role with which nothing can be copied."""

    id = "TAP1276"
    title = "The role of the selection may do nothing"
    description = "AWS Backup copies with this role alone: without permissions every job fails."
    severity = Severity.WARNING
    source = "AWS Backup developer guide, “IAM service roles”"
    advice = "Attach arn:aws:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup."
    types = ("AWS::Backup::BackupSelection",)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """A role of the template that has no policy at all."""
        role = world.target(resource.get("BackupSelection", "IamRoleArn"), ROLE)
        told = grants(world, role) if role else None
        if role and told and told.complete and not told.managed and not told.statements:
            yield at(resource, "BackupSelection", "IamRoleArn", says=f"{role.logical_id} has no policy.")


class BackupVaultRule(ResourceRule):
    """A vault that is not there, or locked so that nothing fits."""

    id = "TAP1274"
    title = "The vault cannot be used so"
    description = (
        "A rule stores its copies in a vault that is named by its name, not its ARN. The vault's lock has a least "
        "time of at least 1 day, a longest of at most 36,500, and copies are kept in between."
    )
    source = "AWS Backup API, BackupRule: TargetBackupVaultName; PutBackupVaultLockConfiguration"
    types = (PLAN, VAULT)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The vaults of a plan's rules; the lock of a vault."""
        if resource.type == VAULT:
            yield from self._lock(resource)
            return
        for place, rule in _rules(resource):
            name = rule.get("TargetBackupVault")
            arn = isinstance(name, Reference) and name.attribute == "BackupVaultArn"
            if arn or (isinstance(name, str | Text) and str(name).startswith("arn:")):
                yield at(resource, *place, "TargetBackupVault", says=f"{name} is an ARN: the vault's name is needed.")
            vault = world.target(name, VAULT)
            days = as_number(fields(rule.get("Lifecycle")).get("DeleteAfterDays"))
            if vault is None or days is None:
                continue
            lock = fields(vault.get("LockConfiguration"))
            low, high = as_number(lock.get("MinRetentionDays")), as_number(lock.get("MaxRetentionDays"))
            if (low is not None and days < low) or (high is not None and days > high):
                says = f"Copies are kept {days:g} days, but {vault.logical_id} takes {_span(low, high)}."
                yield at(resource, *place, "Lifecycle", "DeleteAfterDays", says=says)

    def _lock(self, vault: Resource) -> Iterator[Found]:
        lock = fields(vault.get("LockConfiguration"))
        low, high = as_number(lock.get("MinRetentionDays")), as_number(lock.get("MaxRetentionDays"))
        grace = as_number(lock.get("ChangeableForDays"))
        if low is not None and low < 1:
            yield at(vault, "LockConfiguration", "MinRetentionDays", says=f"{low:g} days: at least 1.")
        if high is not None and high > 36_500:
            yield at(vault, "LockConfiguration", "MaxRetentionDays", says=f"{high:g} days: at most 36500.")
        if low is not None and high is not None and low > high:
            yield at(vault, "LockConfiguration", "MinRetentionDays", says=f"{low:g} days at least, {high:g} at most.")
        if grace is not None and grace < 3:
            yield at(vault, "LockConfiguration", "ChangeableForDays", says=f"{grace:g} days: at least 3.")
        name = vault.get("BackupVaultName")
        if isinstance(name, str) and not re.fullmatch(r"[a-zA-Z0-9_-]{2,50}", name):
            says = f"“{name}” is no vault's name: 2 to 50 letters, digits, hyphens and underscores."
            yield at(vault, "BackupVaultName", says=says)


def _span(low: float | None, high: float | None) -> str:
    return " and ".join(
        text
        for text in (f"at least {low:g}" if low is not None else "", f"at most {high:g}" if high is not None else "")
        if text
    )


class BackupRuleNames(ResourceRule):
    """Two rules of one name."""

    id = "TAP1275"
    title = "Two rules of the plan have the same name"
    description = "A plan's rules have names of their own, of 1 to 50 letters, digits, dots, hyphens and underscores."
    source = "AWS Backup API, BackupRuleInput: RuleName"
    types = (PLAN,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The names of a plan's rules."""
        seen: set[str] = set()
        for place, rule in _rules(resource):
            for name in each(rule.get("RuleName")):
                if not isinstance(name, str):
                    continue
                if name in seen:
                    yield at(resource, *place, "RuleName", says=f"A second rule is named {name}.")
                elif not re.fullmatch(r"[a-zA-Z0-9_.-]{1,50}", name):
                    yield at(resource, *place, "RuleName", says=f"“{name}” is no rule's name.")
                seen.add(name)
