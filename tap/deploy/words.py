"""Words for times."""

from __future__ import annotations


def duration(seconds: float) -> str:
    """Seconds in words: ``42 s``, ``3 min 10 s``, ``1 h 5 min``."""
    whole = int(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
