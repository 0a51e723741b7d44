"""How the environments of a system are guarded: a choice of the whole system."""

from __future__ import annotations

from tap.model import Guard

GUARDS = {"dev": Guard(express=True), "staging": Guard(), "prod": Guard(protected=True, stack_policy=True)}
"""Production is protected against deletion, and updates to it cannot replace or delete what holds data.

``accounts`` is empty, which lets a deployment go to any: put the numbers of your accounts there.
"""
