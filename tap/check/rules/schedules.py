"""TAP1710: schedules, each in the form of its own service."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tap.check.model import Resource, World
from tap.check.rule import Found, Rule, at
from tap.check.values import fields, items

_MONTHS = {
    **{"JAN": 1, "FEB": 2, "MAR": 3, "APR": 4, "MAY": 5, "JUN": 6},
    **{"JUL": 7, "AUG": 8, "SEP": 9, "OCT": 10, "NOV": 11, "DEC": 12},
}
_DAYS = {"SUN": 1, "MON": 2, "TUE": 3, "WED": 4, "THU": 5, "FRI": 6, "SAT": 7}
_RATE = re.compile(r"rate\((\d+) (minute|minutes|hour|hours|day|days)\)")
_AT = re.compile(r"at\(\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?\)")
_FIELDS: tuple[tuple[str, int, int, Mapping[str, int]], ...] = (
    ("minutes", 0, 59, {}),
    ("hours", 0, 23, {}),
    ("day of the month", 1, 31, {}),
    ("month", 1, 12, _MONTHS),
    ("day of the week", 1, 7, _DAYS),
    ("year", 1970, 2199, {}),
)


def schedules(world: World) -> Iterator[tuple[Resource, tuple[str | int, ...], Any, tuple[str, ...]]]:
    """Every schedule: resource, path, value, and the forms that its service takes."""
    for one in world.of_type("AWS::Events::Rule"):
        yield one, ("ScheduleExpression",), one.get("ScheduleExpression"), ("rate", "cron")
    for one in world.of_type("AWS::Scheduler::Schedule"):
        yield one, ("ScheduleExpression",), one.get("ScheduleExpression"), ("rate", "cron", "at")
    for one in world.of_type("AWS::ApplicationAutoScaling::ScalableTarget"):
        for index, action in enumerate(items(one.get("ScheduledActions"))):
            yield one, ("ScheduledActions", index, "Schedule"), fields(action).get("Schedule"), ("rate", "cron", "at")
    for one in world.of_type("AWS::AutoScaling::ScheduledAction"):
        yield one, ("Recurrence",), one.get("Recurrence"), ("unix",)
    for one in world.of_type("AWS::Synthetics::Canary"):
        yield one, ("Schedule", "Expression"), one.get("Schedule", "Expression"), ("canary",)


class ScheduleForm(Rule):
    """Schedules that their service cannot read."""

    id = "TAP1710"
    title = "A schedule is written as its service reads it"
    description = (
        "EventBridge takes rate(1 hour), rate(5 minutes) and cron of six fields with one ?; Auto Scaling groups take "
        "five fields without cron()."
    )
    source = "EventBridge Scheduler user guide, “Schedule types”; EC2 Auto Scaling API reference"
    advice = "Write cron(minutes hours day-of-month month day-of-week year), with ? for one of the two days."

    def check(self, world: World) -> Iterator[Found]:
        """Each schedule that is known."""
        for resource, path, value, forms in schedules(world):
            if isinstance(value, str) and value:
                says = fault(value, forms)
                if says:
                    yield at(resource, *path, says=f"{value}: {says}")


def fault(text: str, forms: tuple[str, ...]) -> str:
    """What is wrong with a schedule of one of these forms; empty where nothing is."""
    if forms == ("unix",):
        return _unix_fault(text)
    kind = text.split("(", maxsplit=1)[0]
    if forms == ("canary",):
        return _canary_fault(text, kind)
    if kind not in forms or not text.endswith(")"):
        wanted = " or ".join(f"{one}(…)" for one in forms)
        return f"the service takes {wanted}."
    if kind == "at":
        return "" if _AT.fullmatch(text) else "it is at(YYYY-MM-DDThh:mm:ss)."
    # The Scheduler takes rate(5 minute) too; rules of EventBridge do not.
    return _rate_fault(text, strict="at" not in forms) if kind == "rate" else _cron_fault(text[5:-1])


def _rate_fault(text: str, strict: bool) -> str:
    match = _RATE.fullmatch(text)
    if match is None:
        return "it is rate(NUMBER UNIT), with minute(s), hour(s) or day(s)."
    number, unit = int(match[1]), match[2]
    if number == 0:
        return "the number is 1 at least."
    if strict and (number == 1) == unit.endswith("s"):
        return f"it is {unit.rstrip('s') if number == 1 else unit + 's'} with {number}."
    return ""


def _cron_fault(inner: str) -> str:
    parts = inner.split()
    if len(parts) != 6:
        return f"cron has six fields, this has {len(parts)}."
    day, week = parts[2], parts[4]
    if (day == "?") == (week == "?"):
        return "exactly one of day of the month and day of the week is ?."
    for part, (name, low, high, words) in zip(parts, _FIELDS, strict=True):
        says = _field_fault(part, name, low, high, words)
        if says:
            return says
    return ""


def _field_fault(part: str, name: str, low: int, high: int, words: Mapping[str, int]) -> str:
    if part == "?":
        return "" if name.startswith("day") else f"? cannot stand for {name}."
    for one in part.split(","):
        base, _, step = one.partition("/")
        if step and not step.isdigit():
            return f"{one!r} is none of {name}."
        if base == "*" or (name == "day of the month" and re.fullmatch(r"L(-\d+)?|\d{1,2}W|LW", base)):
            continue
        if name == "day of the week" and re.fullmatch(r"L|\w{1,3}L|\w{1,3}#[1-5]", base):
            continue
        for end in base.split("-"):
            number = words.get(end.upper()) or (int(end) if end.isdigit() else None)
            if number is None or not low <= number <= high:
                return f"{end!r} is none of {name}."
    return ""


def _unix_fault(text: str) -> str:
    parts = text.split()
    if text.startswith(("cron(", "rate(")):
        return "an Auto Scaling group takes the five fields of cron alone, without cron()."
    return "" if len(parts) == 5 and "?" not in parts else f"it has five fields and no ?, this has {len(parts)}."


def _canary_fault(text: str, kind: str) -> str:
    if kind == "rate":
        match = re.fullmatch(r"rate\((\d+) (minutes?|hour)\)", text)
        return "" if match and int(match[1]) <= 60 else "a canary's rate is up to 60 minutes, or 1 hour."
    return _cron_fault(text[5:-1]) if kind == "cron" and text.endswith(")") else "the service takes rate(…) or cron(…)."
