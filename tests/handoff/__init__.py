"""Tests of the bundle for operations."""
