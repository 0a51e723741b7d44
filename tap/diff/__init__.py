"""What a new template and new parameters would do to what an old one made: without an account, without a change set.

The parts know each other in one direction only::

    sources → side → views → edits, renames → drafts, follow → compare → text, markdown, machine
                     schemas                  stateful (data), widening (access), sections (the rest)

``sources`` reads files, git and deployed stacks, ``schemas`` the resource schemas that cfn-lint brings along; all the
others are pure. boto3 is imported only for a deployed stack, and cfn-lint never: its schemas are files.
"""

from __future__ import annotations
