"""One small file a verb: parse, then call the core."""

from __future__ import annotations
