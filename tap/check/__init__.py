"""``check``: what fails only at deploy, found in a template before anybody deploys it.

::

    load → parameters, conditions → model (worlds) → rules → engine → report

A template is loaded once. Its conditions are turned into a few *worlds*: each is one satisfiable way that they can come
out, and in each the template is plain, with no ``Fn::If`` left and every name resolved that can be. Rules look at
worlds. What a world does not know is :class:`~tap.check.values.Unknown`, and a rule speaks only of what is established.
"""

from __future__ import annotations
