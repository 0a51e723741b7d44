"""Change sets: read what was emitted, ask CloudFormation what it would change, show it, execute it, follow it.

The parts know each other in one direction only::

    source → parameters → changeset → plan → render          (what would change)
                          execute → watch → outputs          (what happens)

``workflow`` strings them together for the verbs. The pure ones (``parameters``, ``resolve``, ``difference``,
``states``, ``plan``, ``render``) call nothing; the others take a client.
"""

from __future__ import annotations
