"""``RUNBOOK.md`` and a runbook for each environment, told from the templates with the environment's parameters.

The commands are those of the AWS CLI, for version 1 and 2 alike. Sources: AWS CLI command reference; CloudFormation
user guide, "Troubleshooting CloudFormation", "Update behaviors of stack resources"; the services' guides that
:mod:`tap.handoff.operation` names.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from tap.deploy.parameters import effective
from tap.deploy.source import SUFFIX, StackSource
from tap.handoff import forms, operation, prerequisites, trouble
from tap.handoff.settled import settled
from tap.handoff.version import Version
from tap.markdown import bullets, code, table, text

if TYPE_CHECKING:
    from tap.handoff.contents import Contents


def pages(contents: Contents, version: Version) -> dict[str, str]:
    """The pages: ``RUNBOOK.md``, and ``runbook/ENV.md`` for each environment."""
    found = {"RUNBOOK.md": _joined(_index(contents, version))}
    for name, values in contents.values.items():
        found[f"runbook/{name}.md"] = _joined(_environment(contents, version, name, values))
    return found


def _joined(lines: Iterator[str]) -> str:
    """The text of a page: never two empty lines in a row."""
    return re.sub(r"\n{3,}", "\n\n", "\n".join(lines)).rstrip() + "\n"


def _index(contents: Contents, version: Version) -> Iterator[str]:
    whole = contents.whole
    title, _, says = str(whole.template["Description"]).partition(". ")
    edge = contents.edge
    yield from (f"# {text(title)} {text(version.text)}", "", text(says), "")
    yield "All commands here are those of a POSIX shell and of the AWS CLI, version 1 or 2. Nothing else is needed, but docker to push images."
    yield from ("", "## Which page", "")
    yield from table(
        ("You want to", "Read"),
        [
            *(
                (
                    f"operate {text(name)}: deploy, release, roll back, scale, restore, mend",
                    f"[runbook/{name}.md](runbook/{name}.md)",
                )
                for name in contents.values
            ),
            ("know what this version changes", "[CHANGES.md](CHANGES.md)"),
            ("see the system: picture, parameters, alarms", "`report.html`, in a browser"),
        ],
    )
    yield from ("", "## What is in the bundle", "")
    layouts = contents.layouts
    yield from table(
        ("File", "What"),
        [
            ("`deploy.sh`, `delete.sh`", "deploy and delete; `--help` explains. `lib/` belongs to them"),
            ("`templates/stack.yaml`", f"the whole system as one stack ({len(whole.template['Resources'])} resources)"),
            ("`templates/tiers/`", f"the same as {len(layouts['tiers'].stacks)} stacks, in the order of their numbers"),
            ("`templates/nested/`", "the same as a root stack with one nested stack a tier"),
            *([("`templates/edge.yaml`", f"what the system has in {edge.region}; a stack of its own")] if edge else []),
            ("`templates/**/*.json`", "the same templates, compact"),
            ("`parameters/ENV.json`", "an environment's parameters: the file that `deploy.sh` reads for every layout"),
            ("`parameters/tiers/`", "the same values cut for each tier, for `aws cloudformation` by hand"),
            ("`codepipeline/`", "the same as template configuration files of CodePipeline"),
            (
                "`git-sync/`",
                "the same as stack deployment files of CloudFormation's Git sync; their paths count from this folder",
            ),
            *(
                [("`stack-policy.json`", "forbids updates that replace or delete what holds data")]
                if contents.policy
                else []
            ),
            *(
                [("`deployment/ENV.json`", "accounts and regions allowed, termination protection, stack policy")]
                if contents.settings
                else []
            ),
            (
                "`manifest.json`, `checksums.sha256`",
                "versions, and what the scripts know; `sha256sum -c checksums.sha256` checks the bundle",
            ),
        ],
    )
    yield from ("", "## Layouts", "")
    yield (
        "All three make the same resources under the same logical ids. Choose one when you deploy first, and keep to it: "
        "another one over it would make everything anew, so `deploy.sh` refuses."
    )
    yield ""
    yield from bullets(
        [
            "`stack`: one stack, one change set. The simplest.",
            "`tiers`: a stack a tier. Smaller change sets, and people may be allowed some tiers only. What one tier "
            "exports cannot change while another imports it.",
            "`nested`: one stack that holds the others. One change set for all, permissions for the whole.",
        ]
    )
    yield from ("", "## How deploy.sh goes about it", "")
    for number, step in enumerate(
        (
            "It checks the command line and the parameter file, then your credentials. Until here nothing is sent.",
            "It uploads templates over 51,200 bytes to a bucket: `--bucket NAME`, or `tap-templates-ACCOUNT-REGION`, "
            "which it makes if it is missing (private, encrypted, TLS only).",
            "It makes a change set and shows it, with what is replaced or removed first.",
            "It asks. Enter alone never goes on. What holds data is replaced or removed only if you type the stack's "
            "name, or say `--allow-replacement`. Where the deletion policy of what holds data changes, it says so; how, is "
            "in `CHANGES.md`.",
            "It executes, prints each event, and at the end the outputs. If it fails, it shows what failed first.",
        ),
        1,
    ):
        yield f"{number}. {step}"
    yield ""
    yield "It may be stopped and run again at any point. `Key=Value` on the command line is for that run only: what is to last belongs in the parameter file."
    yield from ("", "Exit codes:", "")
    yield from table(
        ("Code", "Meaning"),
        [
            ("0", "done, or nothing to do"),
            ("1", "CloudFormation could not do it; what failed first is shown"),
            ("2", "the command line, or a file, is wrong"),
            ("3", "not confirmed, or not allowed by `deployment/ENV.json`; nothing was changed"),
            ("4", "no AWS CLI, no credentials, or not allowed"),
            ("5", "AWS cannot be reached"),
            ("6", "the stack's state needs a person first; it is said what to do"),
            ("130", "interrupted; what CloudFormation has begun goes on"),
        ],
    )
    yield from ("", "## An environment of your own", "")
    example = next(iter(contents.values))
    edge_too = " (with an edge, `parameters/edge/NAME.json` too)" if edge else ""
    yield (
        f"Copy `parameters/{example}.json` to `parameters/NAME.json`{edge_too}, set `{SUFFIX}` (it is part of the stacks' and of "
        f"most resources' names), then `./deploy.sh NAME`. The pages in `runbook/` then hold with other names."
    )


def _environment(contents: Contents, version: Version, name: str, values: Mapping[str, str]) -> Iterator[str]:
    whole = contents.whole
    stack = whole.stack_name(values[SUFFIX])
    here = settled(whole.template, values, whole.region, stack)
    title = str(whole.template["Description"]).partition(". ")[0]
    yield from (f"# {text(title)}, {text(name)}: runbook", "")
    yield f"Stack {code(stack)} in {whole.region}, version {text(version.text)}. [What is in the bundle](../RUNBOOK.md)"
    yield ""
    yield (
        "Names here are those of the layout `stack`. In `tiers` a resource is in the stack of its tier, "
        f"{code(stack + '-TIER')}; in `nested` in a nested stack of {code(stack)}."
    )
    yield ""
    yield "Some names are given by AWS when a resource is made. Define this once in your shell; commands below use it:"
    yield from shell(
        "ACCOUNT=$(aws sts get-caller-identity --query Account --output text)",
        "id_of() { aws cloudformation describe-stack-resource --region "
        f'{whole.region} --stack-name {stack} --logical-resource-id "$1" '
        "--query StackResourceDetail.PhysicalResourceId --output text; }",
    )
    for heading, lines in (
        ("1. Before the first deployment", prerequisites.lines(contents, name, here)),
        ("2. First deployment", _first(contents, name, stack)),
        ("3. What is where", operation.places(here, whole.region)),
        ("4. Releasing an image", operation.release(here, name, whole.region)),
        ("5. Rolling back", operation.rollback(here, name, stack, whole.region)),
        ("6. Changing passwords", operation.rotation(here, whole.region)),
        ("7. Scaling", operation.scaling(here, name, whole.region)),
        ("8. Alarms: what each means and what to do", operation.alarms(here, whole.region)),
        ("9. Backup and restore", operation.restore(here, whole.region)),
        ("10. Deleting", trouble.deleting(contents, here, name, stack)),
        ("11. When something is wrong", trouble.lines(contents, here, name, stack)),
    ):
        told = list(lines)
        if told:
            yield from ("", f"## {heading}", "", *told)


def shell(*commands: str) -> list[str]:
    """Commands as a block."""
    return ["", "```sh", *commands, "```", ""]


def _first(contents: Contents, name: str, stack: str) -> Iterator[str]:
    whole = contents.whole
    yield "Look first; this changes nothing:"
    yield from shell(f"./deploy.sh {name} --plan")
    yield "Then deploy, in the layout that you have chosen:"
    yield from shell(
        f"./deploy.sh {name}                    # one stack",
        f"./deploy.sh {name} --layout tiers     # a stack a tier",
        f"./deploy.sh {name} --layout nested    # a root with nested stacks",
    )
    if contents.edge:
        yield (
            f"With the certificate, firewall and log of CloudFront in {contents.edge.region}, which go first (their "
            f"parameters are in `parameters/edge/{name}.json`):"
        )
        yield from shell(f"./deploy.sh {name} --edge")
        yield (
            "It deploys the edge, then the system with the edge's outputs as parameters, then the edge again with the "
            "distribution's id. Say `--edge` from then on: only so are changes of the edge deployed too."
        )
        yield ""
    yield "It takes twenty minutes or more: a database and a CloudFront distribution are slow to come up."
    yield ""
    yield from _edge_by_hand(contents, name)
    yield "By hand, step by step:"
    bucket = "BUCKET"
    yield from shell(
        f"aws s3 cp templates/stack.yaml s3://{bucket}/{whole.system}/stack.yaml",
        *_by_hand(
            whole,
            stack,
            f"--template-url https://s3.{whole.region}.amazonaws.com/{bucket}/{whole.system}/stack.yaml",
            f"parameters/{name}.json",
            _tags(whole, contents.values[name]),
        ),
    )
    yield from _guards(contents, name, stack)
    yield "A tier by hand, in the order of the numbers (each waits for the one before):"
    first = contents.layouts["tiers"].stacks[0]
    tier = f"{stack}-{first.tier}"
    yield from shell(
        *_by_hand(
            first,
            tier,
            f"--template-body file://templates/tiers/{first.path.stem}.yaml",
            f"parameters/tiers/{name}/{first.path.stem}.json",
            _tags(first, contents.values[name]),
        )
    )
    yield (
        f"Nested by hand: upload `templates/nested/` to a bucket, and give the root its parameters, {code('TemplatesBucket')} "
        f"and {code('TemplatesPrefix')} (the path in the bucket, ending in a slash) besides those of `parameters/{name}.json`."
    )
    confirm = [key for key in ("AlarmEmail",) if contents.values[name].get(key)]
    if confirm:
        yield ""
        yield f"AWS then writes to {code(contents.values[name]['AlarmEmail'])}: the subscription counts once it is confirmed there."


def _guards(contents: Contents, name: str, stack: str) -> Iterator[str]:
    """What ``deploy.sh`` does besides, by hand."""
    settings, at = contents.settings.get(name, {}), f"--region {contents.whole.region} --stack-name {stack}"
    commands = []
    if contents.policy and settings.get("StackPolicy"):
        commands.append(f"aws cloudformation set-stack-policy {at} --stack-policy-body file://stack-policy.json")
    if settings.get("EnableTerminationProtection"):
        commands.append(f"aws cloudformation update-termination-protection {at} --enable-termination-protection")
    if commands:
        yield "What guards the stack is not in its template; `deploy.sh` sets it, by hand you do:"
        yield from shell(*commands)


def _edge_by_hand(contents: Contents, name: str) -> Iterator[str]:
    """The edge's turns, without ``deploy.sh``."""
    if not contents.edge:
        return
    edge = contents.edge.stacks[0]
    stack = edge.stack_name(contents.values[name][SUFFIX])
    at = f"--region {edge.region} --stack-name {stack}"
    yield (
        f"By hand, the edge goes before the system, in {edge.region}. Its outputs are parameters of the system: put them into "
        f"`parameters/{name}.json`. When the system is there, put the distribution's id into `parameters/edge/{name}.json` "
        "and update the edge (`--change-set-type UPDATE`, another name of the change set):"
    )
    parameters = f"parameters/edge/{name}.json"
    yield from shell(
        *_by_hand(
            edge, stack, "--template-body file://templates/edge.yaml", parameters, _tags(edge, contents.values[name])
        ),
        f"aws cloudformation describe-stacks {at} --query 'Stacks[0].Outputs' --output table",
    )


def _tags(stack: StackSource, values: Mapping[str, str]) -> str:
    """The stack's tags as the CLI takes them; empty where it has none."""
    found = forms.tags(stack.template, effective(stack.parameters, values))
    return " ".join(f"{shlex.quote(f'Key={key},Value={value}')}" for key, value in found.items())


def _by_hand(stack: StackSource, name: str, where: str, parameters: str, tags: str) -> Iterator[str]:
    at = f"--region {stack.region} --stack-name {name} --change-set-name first"
    capabilities = stack.about.get("Capabilities", [])
    more = f" --capabilities {' '.join(capabilities)}" if capabilities else ""
    yield f"aws cloudformation create-change-set {at} --change-set-type CREATE \\"
    yield f"  {where} \\"
    yield f"  --parameters file://{parameters}{more}" + (" \\" if tags else "")
    if tags:
        yield f"  --tags {tags}"
    yield f"aws cloudformation wait change-set-create-complete {at}"
    yield f"aws cloudformation describe-change-set {at}"
    yield f"aws cloudformation execute-change-set {at}"
    yield f"aws cloudformation wait stack-create-complete --region {stack.region} --stack-name {name}"
