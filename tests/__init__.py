"""The tests: they mirror the tree of ``tap/`` and ``templates/``."""
