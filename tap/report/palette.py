"""The colours of pictures and pages, for light and dark, in one place: a test holds them against WCAG's contrasts."""

from __future__ import annotations

from collections.abc import Mapping

LIGHT: Mapping[str, str] = {
    "page": "#ffffff",
    "panel": "#f5f7fa",
    "card": "#ffffff",
    "line": "#c3ccd8",
    "ink": "#16202e",
    "muted": "#4c5a6d",
    "link": "#0b57b7",
    "way": "#1f5fbf",
    "grant": "#6b4aa8",
    "edge": "#6d3bb8",
    "network": "#0f6b5c",
    "compute": "#b3470d",
    "data": "#1c5fae",
    "keep": "#8a1d4e",
    "watch": "#55606f",
    "public": "#eaf6ef",
    "private": "#e9f1fb",
    "isolated": "#f2edfa",
    "warn": "#8a4b00",
    "mark": "#fff3c4",
}
"""Light: surfaces, lines, inks; then what a colour stands for (an arrow, a kind of resource, a kind of subnet)."""

DARK: Mapping[str, str] = {
    "page": "#10161f",
    "panel": "#18202c",
    "card": "#1f2937",
    "line": "#435168",
    "ink": "#eef2f7",
    "muted": "#b3bfce",
    "link": "#8ab8ff",
    "way": "#7fb0ff",
    "grant": "#c3a6ff",
    "edge": "#c7a4ff",
    "network": "#6fd6c0",
    "compute": "#ffb07a",
    "data": "#8dbbff",
    "keep": "#ff9fc4",
    "watch": "#c0cad6",
    "public": "#173324",
    "private": "#17304a",
    "isolated": "#2c2450",
    "warn": "#ffc46b",
    "mark": "#4a3d0c",
}

SURFACES = ("page", "panel", "card", "public", "private", "isolated", "mark")
"""What text lies on."""

INKS = ("ink", "muted", "link", "edge", "network", "compute", "data", "keep", "watch", "way", "grant", "warn")
"""What text and icons are drawn with; each is read on each surface."""


def variables(colours: Mapping[str, str]) -> str:
    """The colours as CSS custom properties."""
    return "".join(f"--{name}:{value};" for name, value in colours.items())


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours ``#rrggbb``, 1 to 21 (source: WCAG 2.2, "contrast ratio")."""
    first, second = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (first + 0.05) / (second + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance (source: WCAG 2.2, "relative luminance")."""
    channels = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    red, green, blue = (each / 12.92 if each <= 0.04045 else ((each + 0.055) / 1.055) ** 2.4 for each in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
