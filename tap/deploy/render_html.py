"""Plans as one HTML file that stands alone: no script, nothing loaded, light and dark, fit to be printed. Pure."""

from __future__ import annotations

import html
from collections.abc import Iterable, Iterator, Sequence

from tap.deploy.plan import Change, Plan
from tap.deploy.render import happens, remarks, shown_harms, summary
from tap.diff import words
from tap.diff.model import Action, Detail, Edit, Level, SectionEdit

_STYLE = """
:root { color-scheme: light dark; --back: #fff; --text: #1c1e21; --faint: #5b6168; --line: #d6d9dd; --soft: #f5f6f7;
  --green: #176b2c; --red: #b3261e; --amber: #7a4d00; --blue: #0b57a4; --violet: #6b2fa0; --warn: #fff4dd;
  --bad: #fdecea; }
@media (prefers-color-scheme: dark) { :root { --back: #15171a; --text: #e6e8ea; --faint: #a0a7af; --line: #3a3f45;
  --soft: #1e2125; --green: #7bd88f; --red: #ff8a80; --amber: #ffc96b; --blue: #8ab8f5; --violet: #cfa3f5;
  --warn: #33290f; --bad: #3a1b19; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 1.5rem 1rem 4rem; background: var(--back); color: var(--text);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.25rem; border-top: 2px solid var(--line); padding-top: 1rem; }
h3 { font-size: 1rem; margin: 1.25rem 0 .25rem; } p { margin: .25rem 0 .5rem; } ul { margin: .25rem 0; }
code { font: .92em ui-monospace, monospace; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0; }
th, td { text-align: left; vertical-align: top; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid var(--line); }
th { color: var(--faint); font-weight: 600; }
.faint { color: var(--faint); } .why { color: var(--amber); } .old { color: var(--red); } .new { color: var(--green); }
.box { background: var(--warn); border-left: 4px solid var(--amber); padding: .5rem .9rem; margin: .75rem 0; }
.box.bad { background: var(--bad); border-color: var(--red); }
.change { border: 1px solid var(--line); border-radius: 4px; margin: .4rem 0; padding: .4rem .8rem; }
.change .change { margin-left: .5rem; }
summary { cursor: pointer; }
.symbol { display: inline-block; min-width: 2.6em; font: bold 1em ui-monospace, monospace; }
.create { color: var(--green); } .update { color: var(--blue); } .replace, .delete { color: var(--red); }
.may { color: var(--amber); } .import, .sync { color: var(--violet); }
.risk { color: var(--red); font-weight: 600; }
@media print { body { max-width: none; padding: 0; font-size: 11px; } .change, .box { break-inside: avoid; }
  details::details-content { content-visibility: visible; block-size: auto; } }
"""
_CLASSES = {
    Action.CREATE: "create",
    Action.UPDATE: "update",
    Action.REPLACE: "replace",
    Action.DELETE: "delete",
    Action.IMPORT: "import",
    Action.SYNC: "sync",
}


def rendered(plans: Sequence[Plan]) -> str:
    """The plans of a run as an HTML document."""
    names = ", ".join(plan.stack_name for plan in plans)
    body = "\n".join(line for plan in plans for line in _stack(plan))
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>Plan: {_text(names)}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n<h1>Plan</h1>\n"
        f"{body}\n</body>\n</html>\n"
    )


def _stack(plan: Plan) -> Iterator[str]:
    yield f"<section>\n<h2>{_text(plan.stack_name)}</h2>\n<p>{_text(summary(plan))}</p>"
    yield from _box("", (_text(note) for note in remarks(plan)))
    yield from _box("Access that widens", map(_text, plan.widenings))
    harms = (
        f"{_code(harm.logical_id)} <span class=faint>{_text(harm.type)}</span> <b>{_text(happens(harm))}</b>"
        + "".join(f"<br>{_text(one)}" for one in (*harm.sentences, harm.note) if one)
        for harm in shown_harms(plan)
    )
    yield from _box("Data at risk", harms, bad=plan.dangerous)
    yield from _box("CloudFormation warns", (_text(one.sentence) for one in plan.findings))
    if plan.parameters:
        yield f"<h3>Parameters</h3>{_table(plan.parameters)}"
    tier = None
    for change in plan.changes:
        if change.tier != tier:
            tier = change.tier
            yield f"<h3>{_text(tier or 'resources')}</h3>"
        yield from _change(change)
    if plan.outputs:
        yield f"<h3>Outputs</h3>{_table(plan.outputs)}"
    if plan.counts:
        yield "<h3>Symbols</h3><ul>"
        yield from (
            f"<li>{_symbol(action)} {_text(action.value)}: {_text(words.LEGEND[action])}</li>" for action in plan.counts
        )
        yield "</ul>"
    yield "</section>"


def _box(title: str, items: Iterable[str], *, bad: bool = False) -> Iterator[str]:
    found = list(items)
    if found:
        head = f"<h3>{_text(title)}</h3>" if title else ""
        lines = "".join(f"<li>{item}</li>" for item in found)
        yield f'<div class="box{" bad" if bad else ""}">{head}<ul>{lines}</ul></div>'


def _change(change: Change) -> Iterator[str]:
    """A resource; what is or may be replaced or lost is unfolded."""
    matters = change.hidden or change.action not in {Action.CREATE, Action.UPDATE} or change.level > Level.NONE
    fate = words.fate(change)
    yield (
        f"<details class=change{' open' if matters else ''}><summary>{_symbol(change.action)} "
        f'<b class="{_class(change.action)}">{_text(change.word)}</b> {_code(change.logical_id)} '
        f"<span class=faint>{_text(change.type)}</span> {_text(fate)} "
        f"<span class=why>{_text(change.mark)}</span></summary>"
    )
    if change.says:
        yield f"<p class=faint>{_text(change.says)}</p>"
    for risk in change.risks:
        yield f"<p class=risk>{_text(words.RISK_WORDS.get(risk.level, ''))}: {_text(risk.sentence)}</p>"
    for line in (*change.reasons, *change.notes):
        yield f"<p>{_text(line)}</p>"
    if change.edits:
        yield _table(change.edits)
    for child in change.children:
        yield from _change(child)
    yield "</details>"


def _table(edits: Iterable[Detail]) -> str:
    rows = "".join(_row(edit) for edit in edits)
    return f"<table><tr><th>path</th><th>before</th><th>after</th><th></th></tr>{rows}</table>"


def _row(edit: Detail) -> str:
    before, after = words.values(edit.before, edit.after)
    cells = [
        f"<td class={name}>{_code(shown) if given is not None else ''}</td>"
        for name, shown, given in (("old", before, edit.before), ("new", after, edit.after))
    ]
    why = ""
    if isinstance(edit, SectionEdit):
        why = "; ".join(filter(None, (edit.note, f"← {edit.cause}" if edit.cause else "")))
    elif isinstance(edit, Edit):
        why = words.why(edit)
        cells = cells if edit.known else ["<td></td>", f"<td>{words.changed(edit)}</td>"]
    return f"<tr><td>{_code(edit.path)}</td>{''.join(cells)}<td class=why>{_text(why)}</td></tr>"


def _symbol(action: Action) -> str:
    return f'<span class="symbol {_class(action)}">{_text(words.SYMBOLS[action])}</span>'


def _class(action: Action) -> str:
    return _CLASSES.get(action, "may")


def _text(text: str) -> str:
    return html.escape(words.clean(text))


def _code(text: str) -> str:
    return f"<code>{_text(text)}</code>"
