"""``check --explain``: what a template comes to, for those who must vouch for it.

``paths``: who can reach what on which port, from the internet to the data. ``grants``: which role may do what on what.
``encryption``: every store and every hop. ``requirements``: each row of a system's requirements with what shows it. All
read the same model as the rules, in one world: that of the given parameters, else of the defaults.
"""

from __future__ import annotations
