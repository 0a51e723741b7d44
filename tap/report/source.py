"""A template's text as it is emitted: where each part of it stands, and its lines with a light colouring."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from html import escape

_KEY = re.compile(r"^(\s*(?:- )*)([^\s'\"#&!][^:'\"]*)(:)(?= |$)")
_TAG = re.compile(r"!(\w+)(?: ([A-Za-z0-9]+)(?=[.\s,\]}]|$))?")
_ENTRY = re.compile(r"^  (?:(\w+)|'([^']+)'):(?: |$)")
_BLOCK = re.compile(r":? [|>][-+]?$")


@dataclass(frozen=True)
class Part:
    """A part of a template: its first and last line, counted from 1."""

    first: int
    last: int


@dataclass(frozen=True)
class Source:
    """A template's lines, and where each entry of its sections stands: (section, name) → part."""

    lines: tuple[str, ...]
    parts: Mapping[tuple[str, str], Part]

    def of(self, section: str, name: str) -> str:
        """The text of an entry, moved to the left margin; empty where there is none."""
        part = self.parts.get((section, name))
        if not part:
            return ""
        return "\n".join(line.removeprefix("  ") for line in self.lines[part.first - 1 : part.last])


def source(text: str) -> Source:
    """A template's text, read line by line: sections at the margin, their entries two spaces in."""
    lines = text.rstrip("\n").split("\n")
    parts: dict[tuple[str, str], Part] = {}
    section, entry, first = "", "", 0

    def close(last: int) -> None:
        while entry and last > first and (not lines[last - 1].strip() or lines[last - 1].startswith("  #")):
            last -= 1
        if entry:
            parts[section, entry] = Part(first, last)

    for number, line in enumerate(lines, 1):
        if line and not line[0].isspace() and not line.startswith("#"):
            close(number - 1)
            section, entry = line.partition(":")[0], ""
        elif match := _ENTRY.match(line):
            close(number - 1)
            entry, first = match[1] or match[2], number
    close(len(lines))
    return Source(tuple(lines), parts)


def coloured(lines: tuple[str, ...], link: Callable[[str], str]) -> list[str]:
    """Lines as HTML: keys, functions and comments marked; a reference leads to what it names (``link``: an anchor)."""
    made: list[str] = []
    block = -1
    for line in lines:
        indent = len(line) - len(line.lstrip())
        if block >= 0 and (not line.strip() or indent > block):
            made.append(f'<i class="s">{escape(line, quote=False)}</i>' if line.strip() else "")
            continue
        block = indent if _BLOCK.search(line) else -1
        made.append(_line(line, link))
    return made


def _line(line: str, link: Callable[[str], str]) -> str:
    if line.lstrip().startswith("#"):
        return f'<i class="c">{escape(line, quote=False)}</i>'
    head, rest = "", line
    if match := _KEY.match(line):
        head = f"{match[1]}<b>{escape(match[2], quote=False)}</b>{match[3]}"
        rest = line[match.end() :]
    return head + _referring(rest, link)


def _referring(text: str, link: Callable[[str], str]) -> str:
    """Text with its functions marked."""
    made, place = "", 0
    for match in _TAG.finditer(text):
        made += escape(text[place : match.start()], quote=False) + f"<i>!{match[1]}</i>"
        if match[2]:
            anchor = link(match[2]) if match[1] in ("Ref", "GetAtt") else ""
            named = escape(match[2], quote=False)
            made += f' <a href="{escape(anchor)}">{named}</a>' if anchor else f" {named}"
        place = match.end()
    return made + escape(text[place:], quote=False)
