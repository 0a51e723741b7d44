"""One tier a module: frozen choices in, a tier and its handles out."""

from __future__ import annotations
