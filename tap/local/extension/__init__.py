"""What runs inside the emulator's environment: resource types that MiniStack lacks, and repairs.

These modules import MiniStack and botocore, which only ``.venv-emulator`` holds, and the standard library;
from tap they take the plain modules ``tap.local.files`` and ``tap.local.records``.
"""

from __future__ import annotations
