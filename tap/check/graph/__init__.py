"""What resources of a template are to each other, as several rules need it: pure functions on a world."""

from __future__ import annotations
