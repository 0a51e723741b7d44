"""Deployments under faults: a proxy that throttles, breaks and repeats calls, and kills the process that makes them.

``python -m tests.chaos`` (``make chaos``) runs the whole; ``tests/integration/test_chaos.py`` a part of it. Everything
follows from a seed, as far as a run with real processes can.
"""

from __future__ import annotations
