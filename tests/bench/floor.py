"""The least that synthesis can cost, as a process: the floor that ``synth`` is measured against.

It imports the troposphere and awacs modules that ``templates/`` uses, builds the systems, calls ``to_dict`` on each
tier's template, and lets libyaml (``yaml.CSafeDumper``, keys unsorted) dump the very dictionaries that ``synth`` wrote
in all layouts. It links nothing, checks nothing, writes no file and no JSON, and its YAML has no short forms, no
comments and no blocks.

The dictionaries come marshalled, for reading them is no part of the floor: the seconds it took are reported, and
taken off by the caller, as are those of ``build`` for the stricter floor.

    python tests/bench/floor.py modules SYSTEM…                print the troposphere and awacs modules that are imported
    python tests/bench/floor.py run MODULE,… SYSTEM… <FILE     run, then print the seconds of each step as JSON
"""

from __future__ import annotations

import importlib
import marshal
import sys
from time import perf_counter


def modules(systems: list[str]) -> list[str]:
    """The modules of troposphere and awacs that building the systems imports."""
    for system in systems:
        importlib.import_module(_module(system)).system()
    return [name for name in sys.modules if name.split(".")[0] in {"troposphere", "awacs"}]


def run(imports: list[str], systems: list[str]) -> dict[str, float]:
    """Run the floor on the dictionaries that standard input brings; the seconds of its steps."""
    times = [perf_counter()]
    for name in imports:
        importlib.import_module(name)
    import yaml

    times.append(perf_counter())
    built = [importlib.import_module(_module(system)).system() for system in systems]
    times.append(perf_counter())
    for system in built:
        for tier in (system.shared, *system.tiers):
            tier.template.to_dict()
    times.append(perf_counter())
    bodies = marshal.load(sys.stdin.buffer)
    times.append(perf_counter())
    for body in bodies:
        yaml.dump(body, Dumper=yaml.CSafeDumper, sort_keys=False, allow_unicode=True)
    times.append(perf_counter())
    steps = ("import", "build", "to_dict", "load", "dump")
    return {step: after - before for step, before, after in zip(steps, times[:-1], times[1:], strict=True)}


def _module(system: str) -> str:
    return f"templates.{system.replace('-', '_')}"


if __name__ == "__main__":
    # Started as a file, as generate.py is (-m costs a little more), so the checkout is not on the path yet.
    sys.path[0] = "."
    if sys.argv[1] == "modules":
        print("\n".join(modules(sys.argv[2:])))
    else:
        seconds = run(sys.argv[2].split(","), sys.argv[3:])
        print("{" + ", ".join(f'"{step}": {value}' for step, value in seconds.items()) + "}")
