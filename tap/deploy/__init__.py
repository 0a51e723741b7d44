"""Change sets: read what was emitted, ask CloudFormation what it would change, show it, execute it, follow it.

The parts know each other in one direction only::

    source → parameters → changeset → plan → render          (what would change)
                          execute → watch → outputs          (what happens)
                                    events → timeline, diagnose (what happened)

``graph`` says which stack needs which, and ``schedule`` takes each in its turn: its steps yield each operation that
they begin (``watch``), and are sent how that ended; ``screen`` shows all that is under way.

``workflow`` strings them together for the verbs. The pure ones (``parameters``, ``resolve``, ``difference``,
``states``, ``plan``, ``render``, ``graph``, ``timeline``, ``eta``, ``diagnose``, ``advice``) call
nothing; the others take a client.
"""

from __future__ import annotations
