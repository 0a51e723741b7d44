"""TAP124x: backup and maintenance windows."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tap.check.graph.databases import CLUSTER, INSTANCE, cluster_of
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, at

_DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY = 24 * 60
_WEEK = 7 * _DAY
_SHORTEST = 30

_BACKUP = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-([01]\d|2[0-3]):([0-5]\d)")
_MAINTENANCE = re.compile(
    rf"({'|'.join(_DAYS)}):([01]\d|2[0-3]):([0-5]\d)-({'|'.join(_DAYS)}):([01]\d|2[0-3]):([0-5]\d)", re.IGNORECASE
)


def backup_window(text: str) -> tuple[int, int] | None:
    """Begin and length in minutes of ``hh:mm-hh:mm``; None for what is no such window."""
    match = _BACKUP.fullmatch(text)
    if not match:
        return None
    begin, end = int(match[1]) * 60 + int(match[2]), int(match[3]) * 60 + int(match[4])
    return begin, (end - begin) % _DAY


def maintenance_window(text: str) -> tuple[int, int] | None:
    """Begin (from Monday) and length in minutes of ``ddd:hh:mm-ddd:hh:mm``; None for what is no such window."""
    match = _MAINTENANCE.fullmatch(text)
    if not match:
        return None
    first, last = (_DAYS.index(match[place].lower()) * _DAY for place in (1, 4))
    begin, end = first + int(match[2]) * 60 + int(match[3]), last + int(match[5]) * 60 + int(match[6])
    return begin, (end - begin) % _WEEK


def overlap(backup: tuple[int, int], maintenance: tuple[int, int]) -> bool:
    """Whether a daily and a weekly window share a minute."""
    begin, length = maintenance
    for day in range(-1, 8):
        start = day * _DAY + backup[0]
        for shift in (0, _WEEK):
            if start < begin + shift + length and begin + shift < start + backup[1]:
                return True
    return False


class Windows(ResourceRule):
    """Windows that RDS refuses."""

    id = "TAP1240"
    title = "Backup and maintenance windows are malformed, too short or overlap"
    description = (
        "The backup window is hh:mm-hh:mm, the maintenance window ddd:hh:mm-ddd:hh:mm, both in UTC and at least 30 "
        "minutes long. They must not overlap."
    )
    source = "RDS API, CreateDBCluster: PreferredBackupWindow, PreferredMaintenanceWindow"
    types = (CLUSTER, INSTANCE)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The windows of a cluster or an instance; a member keeps clear of its cluster's backup too."""
        owner = cluster_of(world, resource) if resource.type == INSTANCE else None
        backup = resource.get("PreferredBackupWindow") or (owner.get("PreferredBackupWindow") if owner else None)
        maintenance = resource.get("PreferredMaintenanceWindow")
        daily = backup_window(backup) if isinstance(backup, str) else None
        weekly = maintenance_window(maintenance) if isinstance(maintenance, str) else None
        if isinstance(resource.get("PreferredBackupWindow"), str):
            if daily is None:
                says = f"“{backup}” is no backup window: hh:mm-hh:mm in UTC."
                yield at(resource, "PreferredBackupWindow", says=says)
            elif daily[1] < _SHORTEST:
                yield at(resource, "PreferredBackupWindow", says=f"“{backup}” is shorter than 30 minutes.")
        if isinstance(maintenance, str):
            if weekly is None:
                says = f"“{maintenance}” is no maintenance window: ddd:hh:mm-ddd:hh:mm in UTC."
                yield at(resource, "PreferredMaintenanceWindow", says=says)
            elif not _SHORTEST <= weekly[1] <= _DAY:
                says = f"“{maintenance}” is not 30 minutes to 24 hours long."
                yield at(resource, "PreferredMaintenanceWindow", says=says)
        if daily and weekly and overlap(daily, weekly):
            says = f"The maintenance window {maintenance} overlaps the backup window {backup}."
            yield at(resource, "PreferredMaintenanceWindow", says=says)
