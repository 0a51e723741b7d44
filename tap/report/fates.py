"""What becomes of a system when its stack is deleted, for each of its environments side by side."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tap.deletion import HOLDING_DATA, deletion, policies
from tap.report.picture.values import listed
from tap.report.section import Cell, Section, Table, about, rows

_WORDS = {
    "Delete": Cell("goes"),
    "Retain": Cell("stays", tone="good"),
    "RetainExceptOnCreate": Cell("stays", tone="good"),
    "Snapshot": Cell("a last snapshot stays", tone="good"),
    "": Cell("not there"),
}


def section(body: Mapping[str, Any], environments: Mapping[str, Mapping[str, str]], key: str = "deleting") -> Section:
    """What goes and what stays, what is in the way of a deletion, and what lingers."""
    found = deletion(body)
    resources = body["Resources"]
    told = {environment: policies(body, values) for environment, values in environments.items()}
    kept = [
        name
        for name, each in resources.items()
        if each["Type"] in HOLDING_DATA or any(policy.get(name, "") not in ("", "Delete") for policy in told.values())
    ]
    fates = [
        (
            about(name),
            Cell(str(resources[name]["Metadata"]["Description"])),
            *(_WORDS.get(policy[name], Cell(policy[name])) for policy in told.values()),
        )
        for name in kept
    ]
    obstacles = [(about(each.name), f"{each.why} {each.remedy}", each.when or "always") for each in found.obstacles]
    lingers = [(about(name), f"{how}.") for name, how in found.lingers]
    leans = [(about(name), about(*going)) for name, going in found.leans]
    tables = [
        Table("What holds data, and what stays", ("Resource", "What it is for", *told), rows(fates)),
        Table("In the way of a deletion", ("Resource", "Why, and what to do", "Where"), rows(obstacles)),
        Table("What takes a while", ("Resource", "How long"), rows(lingers)),
        Table("What stays, but is configured with what goes", ("Stays", "Goes"), rows(leans)),
    ]
    said = f" The columns are the environments: {listed(list(told))}." if told else ""
    return Section(
        key,
        "Deleting",
        f"What a table below does not name is deleted with the stack, and nothing is lost with it.{said}",
        tuple(table for table in tables if table.rows),
    )
