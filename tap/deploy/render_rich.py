"""A plan in colours, for a terminal."""

from __future__ import annotations

from rich.text import Text

from tap.deploy.plan import Action, Plan
from tap.deploy.render import lines

STYLES = {
    "": "",
    "strong": "bold",
    "faint": "dim",
    "warn": "yellow",
    Action.ADD.value: "green",
    Action.MODIFY.value: "cyan",
    Action.REPLACE.value: "bold red",
    Action.MAY_REPLACE.value: "bold yellow",
    Action.REMOVE.value: "red",
    Action.IMPORT.value: "blue",
    Action.DYNAMIC.value: "yellow",
    Action.SYNC.value: "magenta",
    Action.OTHER.value: "yellow",
}


def coloured(plan: Plan) -> Text:
    """The same lines as the plain text has, in colours."""
    text = Text()
    for line in lines(plan):
        for part in line:
            text.append(part.text, STYLES[part.style])
        text.append("\n")
    text.rstrip()
    return text
