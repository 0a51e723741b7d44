"""Where the project's files are."""

from __future__ import annotations

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
"""The checkout: the folder that holds ``generate.py``."""

OUT = ROOT / "out"
"""The emitted templates, committed; what the operations team takes."""


def state_dir() -> Path:
    """The folder for caches and the local emulator's state: ``$TAP_STATE_DIR``, or ``.tap`` in the checkout."""
    return Path(os.environ.get("TAP_STATE_DIR") or ROOT / ".tap")
