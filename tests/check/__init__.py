"""Tests of ``check``."""

from __future__ import annotations
