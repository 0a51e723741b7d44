"""A system's architecture as a picture: read from its template, laid out, and drawn as SVG. Pure, and plain Python.

``scene`` reads the template, ``layout`` gives everything its place, ``svg`` writes it down.
"""

from __future__ import annotations
