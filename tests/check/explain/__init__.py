"""Tests of ``check --explain``."""

from __future__ import annotations
