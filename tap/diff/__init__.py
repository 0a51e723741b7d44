"""What a new template and new parameters would do to what an old one made: without an account, without a change set.

The parts know each other in one direction only::

    sources → side → views → edits → compare → report → text, markdown, machine
                     schemas   replacement      stateful (data), widening (access), sections (the rest)

``sources`` reads files, git and deployed stacks; all the others are pure, but for ``schemas``, which reads the
resource schemas that cfn-lint brings along. Nothing here imports boto3 or cfn-lint unless a deployed stack is asked for.
"""

from __future__ import annotations
