"""The door: ``python generate.py VERB …``; everything else is in ``tap/``."""

from __future__ import annotations

from tap.cli import main

if __name__ == "__main__":
    main()
