"""cfn-lint in-process: imported once, in worker processes, its results cached by content.

``targets`` says which files, ``run`` lints them (``cache`` first, then ``engine``), ``exemptions`` keeps the
discipline of what a template may ignore, ``report`` says it to people and machines. Only ``engine`` imports
cfn-lint, and ``run`` imports ``engine`` only when a file is not in the cache: a run with nothing new takes
the time of starting Python.
"""

from __future__ import annotations
