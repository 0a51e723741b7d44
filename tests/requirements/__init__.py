"""What the systems must be, shown in the emitted templates: never in the Python that made them."""

from __future__ import annotations
