"""The runbooks of all systems: every name is resolved, and every command is one that the AWS CLI has."""

from __future__ import annotations

import re
import shlex
from functools import cache
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

from tap import project
from tap.handoff import runbook
from tap.handoff.contents import read
from tap.handoff.version import Version
from tests.handoff.building import emitted, shop

SYSTEMS = sorted(path.parent.name for path in project.OUT.glob("*/stack.json"))
GLOBAL = {"region", "query", "output", "max-items", "profile", "endpoint-url"}
OWN = {("ecr", "get-login-password"), ("s3", "cp"), ("s3", "rm")}
"""What the AWS CLI has besides the services' operations."""


@cache
def pages(system: str) -> dict[str, str]:
    return runbook.pages(read(system, project.OUT, ()), Version("1.2.0"))


def commands(text: str) -> list[list[str]]:
    """The calls of the AWS CLI in a page's blocks, as words."""
    found = []
    for block in re.findall(r"```sh\n(.*?)```", text, re.DOTALL):
        for line in block.replace("\\\n", " ").splitlines():
            for call in re.findall(r"(?:^|[(|{]\s*)(aws .*?)(?=;|$)", line.split("   #")[0]):
                lexer = shlex.shlex(call.rstrip("|) "), posix=True, punctuation_chars="|")
                lexer.whitespace_split = True
                words = list(lexer)
                found.append(words[: words.index("|")] if "|" in words else words)
    return found


@cache
def options(service: str, operation: str) -> frozenset[str]:
    """The options of an operation. Raises KeyError where there is no such operation."""
    session = botocore.session.get_session()
    model = session.get_service_model(service)
    if operation.startswith("wait "):
        waiters = session.get_waiter_model(service)
        names = {xform_name(name, "-"): name for name in waiters.waiter_names}
        operation = xform_name(waiters.get_waiter(names[operation.removeprefix("wait ")]).operation, "-")
    names = {xform_name(name, "-"): name for name in model.operation_names}
    shape = model.operation_model(names[operation]).input_shape
    members = [xform_name(name, "-") for name in shape.members] if shape else []
    return frozenset([*members, *(f"no-{name}" for name in members)])


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_command_is_one_that_the_aws_cli_has(system: str) -> None:
    checked = 0
    for text in pages(system).values():
        for _, service, operation, *rest in commands(text):
            if (service, operation) in OWN:
                continue
            waited = operation == "wait"
            known = options(service.removesuffix("api"), f"wait {rest[0]}" if waited else operation)
            given = {word.removeprefix("--") for word in rest if word.startswith("--")}
            assert given <= known | GLOBAL, f"{service} {operation}: {sorted(given - known - GLOBAL)}"
            checked += 1
    assert checked > 60


@pytest.mark.parametrize("system", SYSTEMS)
def test_every_name_is_resolved(system: str) -> None:
    for path, text in pages(system).items():
        for wrong in ("${", "!Ref", "!GetAtt", "Fn::", "None", "AWS::AccountId", "$(id_of )", '""'):
            assert wrong not in text, f"{path}: {wrong}"
        for command in commands(text):
            assert not [word for word in command if word.startswith("--") and word.endswith("=")]
            named = [place for place, word in enumerate(command) if word in {"--db-cluster-identifier", "--secret-id"}]
            assert all(not command[place + 1].startswith("--") for place in named)


@pytest.mark.parametrize("system", SYSTEMS)
def test_the_index_leads_to_every_page(system: str) -> None:
    found = pages(system)
    targets = set(re.findall(r"\]\(([^)]+)\)", found["RUNBOOK.md"]))
    assert targets - {"CHANGES.md"} == set(found) - {"RUNBOOK.md"}


def test_an_environment_is_told_by_its_own_parameters() -> None:
    shop_dev, shop_prod = pages("ecommerce")["runbook/dev.md"], pages("ecommerce")["runbook/prod.md"]
    assert "ecommerce-db-dev" in shop_dev
    assert "ecommerce-db-prod" not in shop_dev
    assert (
        "modify-db-cluster --region us-east-1 --db-cluster-identifier ecommerce-db-prod --no-deletion-protection"
        in shop_prod
    )
    assert "--no-deletion-protection" not in shop_dev


def test_examples_that_must_be_replaced_are_named_first() -> None:
    assert "examples that must be replaced: `DomainName`, `HostedZoneId`" in pages("payments")["runbook/prod.md"]
    assert "examples that must be replaced" not in pages("customer-portal")["runbook/prod.md"]


def test_alarms_that_scale_ask_nobody_for_anything() -> None:
    page = pages("media-streaming")["runbook/prod.md"]
    (row,) = [line for line in page.splitlines() if line.startswith("| `frontend-cpu-high")]
    assert row.endswith("| Nothing: it makes the service scale. |")


def test_a_system_with_nothing_to_operate_has_a_runbook_all_the_same(tmp_path: Path) -> None:
    found = runbook.pages(read("shop", emitted(shop(), tmp_path), ()), Version("1.2.0"))
    assert set(found) == {"RUNBOOK.md", "runbook/dev.md", "runbook/prod.md"}
    assert "./deploy.sh dev" in found["runbook/dev.md"]
    assert "## 6. Changing passwords" not in found["runbook/dev.md"]


def test_only_tasks_that_log_in_are_started_anew_after_a_change_of_password() -> None:
    page = pages("payments")["runbook/prod.md"]
    passwords = page.partition("## 6. Changing passwords")[2].partition("\n## 7.")[0]
    assert "--service tap-backend-prod --force-new-deployment" in passwords
    assert "tap-frontend-prod" not in passwords
    scaling = page.partition("\n## 7.")[2].partition("\n## 8.")[0]
    assert "--service tap-frontend-prod --force-new-deployment" in scaling


def test_what_stays_is_told_apart_from_its_snapshot_and_the_key_goes_last() -> None:
    shop_prod, shop_dev = pages("ecommerce")["runbook/prod.md"], pages("ecommerce")["runbook/dev.md"]
    assert "- A last snapshot of `DatabaseCluster`" in shop_prod
    assert "**Delete `Key` last" in shop_prod
    assert "A last snapshot of" not in shop_dev
    assert "**Delete `Key` last" not in shop_dev
    assert "- `DatabaseCluster` (AWS::RDS::DBCluster)" in pages("payments")["runbook/prod.md"]


def test_a_certificate_that_waits_for_its_proof_is_a_trouble_where_there_is_one() -> None:
    assert "### Certificate stays in CREATE_IN_PROGRESS" in pages("payments")["runbook/prod.md"]
    assert "stays in CREATE_IN_PROGRESS" not in pages("customer-portal")["runbook/prod.md"]


def test_a_stack_made_by_hand_has_the_tags_and_guards_that_the_script_gives_it() -> None:
    page = pages("payments")["runbook/prod.md"]
    assert "--tags Key=Environment,Value=prod" in page
    assert "set-stack-policy --region us-east-1 --stack-name payments-prod --stack-policy-body" in page
    assert "set-stack-policy" not in pages("payments")["runbook/dev.md"]


def test_the_edge_goes_before_the_system_by_hand_too() -> None:
    page = pages("media-streaming")["runbook/prod.md"]
    assert page.index("--stack-name media-streaming-prod-edge --change-set-name first") < page.index(
        "--stack-name media-streaming-prod --change-set-name first"
    )


def test_what_is_billed_by_the_hour_is_counted() -> None:
    assert "Billed from the first hour, used or not: 3 NAT gateways," in pages("payments")["runbook/prod.md"]
    assert (
        "NAT gateway" not in pages("customer-portal")["runbook/prod.md"].partition("Billed from")[2].partition("\n")[0]
    )
