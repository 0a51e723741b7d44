"""``check``: what fails only at deploy, found in any template."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import click

from tap import project


@click.command()
@click.argument("names", nargs=-1, metavar="[SYSTEM…|FILE…]")
@click.option("--region", metavar="R", help="Read for this region.  [the template's own, if it names one]")
@click.option(
    "--parameters",
    "parameter_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Parameter values, in the AWS CLI's form; what it does not name has its default, or any allowed value.",
)
@click.option(
    "--format", "form", type=click.Choice(["text", "json", "sarif", "junit"]), default="text", show_default=True
)
@click.option(
    "--explain",
    type=click.Choice(["paths", "grants", "encryption", "requirements"]),
    help="Instead: who can reach what, who may do what, how data are encrypted, what shows each requirement.",
)
@click.option("--rules", "list_rules", is_flag=True, help="List the rules, with what each rests on.")
@click.option("--out", type=click.Path(path_type=Path), metavar="DIR", help="What synth wrote; out/ by default.")
def check(
    *,
    names: tuple[str, ...],
    region: str | None,
    parameter_file: Path | None,
    form: str,
    explain: str | None,
    list_rules: bool,
    out: Path | None,
) -> None:
    """Find what CloudFormation or AWS would refuse, and what deploys and then misbehaves, in any template.

    Without names: all that was written to out/. A template may be YAML or JSON, ours or not. Nothing is called. Every
    way in which the template's conditions can come out is looked at; a finding says which brings it about. What is not
    known (a parameter without a value, an import) is never held against a template.

    A resource is excused from a rule beside it, with a reason:

    \b
      Metadata:
        Exemptions: {TAP1234: "Why this resource is right as it is."}

    With --explain (as text or JSON) a template is told rather than judged, in the case of the given parameters, else
    of the defaults; of a system its whole stack is taken, and its edge.

    \b
    Exit codes:
      0  clean, or notes only
      1  findings of severity error or warning; a requirement that is not met
      2  a template (or the command line) cannot be read

    \b
    Examples:
      python generate.py check
      python generate.py check template.yaml --parameters parameters.json
      python generate.py check template.yaml --region eu-west-1
      python generate.py check --format sarif > findings.sarif
    """
    from tap.check import report
    from tap.check.rule import rules
    from tap.check.run import files_of, run_all

    if list_rules:
        for rule in rules():
            click.echo(f"{rule.id}  {rule.severity.value:<7}  {rule.title}\n         {rule.source}")
        return
    if explain:
        _explain(explain, names, out or project.OUT, region, parameter_file, form)
        return
    started = time.perf_counter()
    files = files_of(names, out or project.OUT)
    findings = run_all(files, region=region, parameter_file=parameter_file)
    shown = [str(file) for file in files]
    if form == "json":
        click.echo(report.as_json(findings, shown))
    elif form == "sarif":
        click.echo(report.sarif(findings, rules()))
    elif form == "junit":
        click.echo(report.junit(findings, shown))
    elif findings:
        click.echo(report.text(findings))
    click.echo(report.summary(findings, shown, time.perf_counter() - started), err=True)
    sys.exit(any(one.counts for one in findings))


def _explain(
    kind: str, names: tuple[str, ...], out: Path, region: str | None, parameter_file: Path | None, form: str
) -> None:
    import json
    import shutil

    from tap.check import report
    from tap.check.explain import render, requirements
    from tap.check.explain.run import of_files
    from tap.check.run import files_of, read_parameters

    if form not in {"text", "json"}:
        raise click.UsageError(f"--explain tells as text or json, not as {form}.")
    # A system in all its layouts would be told several times over; its requirements are about the whole.
    wanted = {"stack"} if kind == "requirements" else {"stack", "edge"}
    files = [file for file in files_of(names, out) if str(file) in names or file.stem in wanted]
    given = read_parameters(parameter_file) if parameter_file else {}
    told = of_files(kind, files, region=region, given=given)
    if form == "json":
        click.echo(
            json.dumps(render.data([(report.shown(file), one) for file, one in told]), indent=2, ensure_ascii=False)
        )
    else:
        width = min(shutil.get_terminal_size((120, 24)).columns, 200)
        for file, one in told:
            click.echo(click.style(report.shown(file), bold=True))
            click.echo("\n".join(render.text(one, width)) + "\n")
    if kind == "requirements":
        sys.exit(any(requirements.unmet(one) for _, one in told))
