"""How wide text is, before anybody has drawn it: the widths of Helvetica, whose kin the picture asks for.

Source: the font's metrics (Adobe Font Metrics, "Helvetica" and "Helvetica-Bold"), in thousandths of the size. Arial and
Liberation Sans have the same.
"""

from __future__ import annotations

FAMILY = "Helvetica, Arial, 'Liberation Sans', sans-serif"

_WIDTHS: dict[str, int] = {}
for _letters, _width in (
    ("'", 191),
    ("ijl", 222),
    ("|", 260),
    (" !,./:;I[]\\ft·", 278),
    ("()-r`{}", 333),
    ('"', 355),
    ("*°", 395),
    ("^", 469),
    ("Jcksvxyz", 500),
    ("#$0123456789?L_abdeghnopqu–", 556),
    ("+<=>~×", 584),
    ("FTZ", 611),
    ("&ABEKPSVXY", 667),
    ("CDHNRUw", 722),
    ("GOQ", 778),
    ("Mm", 833),
    ("%", 889),
    ("W", 944),
    ("@—…→", 1015),
):
    _WIDTHS.update(dict.fromkeys(_letters, _width))

_BOLD = 1.09
"""Bold is about so much wider; a little more than the metrics say."""
_OTHER = 700
_SLACK = 1.03


def width(text: str, size: float, *, bold: bool = False) -> float:
    """The width of a line of text in a size, with a little slack for other fonts."""
    return sum(_WIDTHS.get(each, _OTHER) for each in text) * size / 1000 * (_BOLD if bold else 1.0) * _SLACK


def fit(text: str, size: float, room: float, *, bold: bool = False) -> str:
    """The text, or as much of it as there is room for, with an ellipsis."""
    if width(text, size, bold=bold) <= room:
        return text
    while text and width(f"{text}…", size, bold=bold) > room:
        text = text[:-1]
    return f"{text.rstrip(' ,·')}…" if text else ""


def wrap(text: str, size: float, room: float) -> list[str]:
    """The text in lines that there is room for; a word that is too long is cut."""
    lines: list[str] = []
    for word in text.split():
        if lines and width(f"{lines[-1]} {word}", size) <= room:
            lines[-1] += f" {word}"
        else:
            lines.append(fit(word, size, room))
    return lines
