"""``outputs``: what a deployed system tells the world."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from tap.commands import _report, _target
from tap.commands.deploy import deployed_outputs, write_outputs
from tap.deploy import workflow
from tap.deploy.aws_errors import translated
from tap.errors import TapError
from tap.exit_codes import DONE, ERROR, INTERRUPTED, PENDING, section


@click.command(cls=_report.Verb, epilog=section(DONE, ERROR, PENDING, INTERRUPTED))
@_target.system_options
@_target.outputs_option
@_target.target_options
def outputs(outputs_dir: Path, **options: Any) -> None:
    """Print the outputs of a deployed system and of its edge, and write them.

    cfn-outputs/flat-outputs.json holds those of all its stacks as one flat object; cfn-outputs/STACK.json one
    stack's.

    \b
    Examples:
      python generate.py outputs customer-portal --env dev --local
      python generate.py outputs payments --env prod --outputs-dir build/outputs
    """
    asked = _target.order(**options)
    with translated():
        job = workflow.prepare(asked, _target.note, check=False, guarded=False)
        found = deployed_outputs(job)
        if not found:
            raise TapError(f"{', '.join(job.names)}: not deployed ({job.session.where}), so there are no outputs.")
        write_outputs(outputs_dir, found)
