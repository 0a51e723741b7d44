"""``lint``: cfn-lint over what was written, or over any template."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from tap import project
from tap.lint import report, run
from tap.lint.targets import choose


@click.command()
@click.argument("names", nargs=-1, metavar="[SYSTEM…|FILE…]")
@click.option("--region", "regions", multiple=True, metavar="R", help="Lint for this region; repeatable.")
@click.option("--no-cache", is_flag=True, help="Lint every file anew and keep no results.")
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text", show_default=True)
@click.option("--json", "as_json", is_flag=True, help="The same as --format json.")
@click.option("--exemptions", is_flag=True, help="List what is exempt from which rule, and why.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    metavar="DIR",
    help="What synth wrote; out/ by default.",
)
def lint(
    *,
    names: tuple[str, ...],
    regions: tuple[str, ...],
    no_cache: bool,
    form: str,
    as_json: bool,
    exemptions: bool,
    out: Path | None,
) -> None:
    """Run cfn-lint over all written templates, those of the systems named, or any template (YAML or JSON).

    A template is linted for its own default region and us-east-1. Any error or warning makes the exit code 1.
    No configuration file is read; a rule is ignored only beside the resource that needs it, with a reason:

    \b
      Metadata:
        cfn-lint: {config: {ignore_checks: [W3045]}}
        Exemptions: {W3045: "Why this resource is right as it is."}

    Besides cfn-lint's rules (E, W) there are findings on the exemptions themselves:

    \b
      TAP0001  a rule is ignored without a reason
      TAP0002  a reason without the ignore that it explains
      TAP0003  an exemption that exempts nothing (in no layout of its system)
      TAP0004  the template configures cfn-lint as a whole; that is not obeyed
      TAP0005  a malformed exemption
      TAP0006  Metadata.Template.Region is no region

    Results are kept by content, so that only what changed is linted again.
    """
    form = "json" if as_json else form
    started = time.perf_counter()
    linted = run.lint(
        choose(names, out or project.OUT),
        regions=tuple(dict.fromkeys(regions)),
        use_cache=not no_cache,
        note=lambda text: click.echo(text, err=True),
    )
    if exemptions:
        text = report.exemptions_json(linted) if form == "json" else report.exemptions_text(linted)
    else:
        text = report.as_json(linted) if form == "json" else report.text(linted)
    if text:
        click.echo(text)
    click.echo(report.summary(linted, time.perf_counter() - started), err=True)
    sys.exit(any(one.verdict.findings for one in linted))
