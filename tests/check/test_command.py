from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tap import project

FAULTY = """\
Parameters:
  Kind: {Type: String, Default: network, AllowedValues: [network, application]}
Resources:
  Balancer:
    Type: AWS::ElasticLoadBalancingV2::LoadBalancer
    Properties: {Type: !Ref Kind, Scheme: internal, Subnets: [subnet-1, subnet-2]}
  Link:
    Type: AWS::ApiGateway::VpcLink
    Properties: {Name: link, TargetArns: [!Ref Balancer]}
"""


def check(*words: str, cwd: Path) -> tuple[int, str, str]:
    command = [sys.executable, str(project.ROOT / "generate.py"), "check", *words]
    ran = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
    assert "Traceback" not in ran.stderr, ran.stderr
    return ran.returncode, ran.stdout, ran.stderr


@pytest.fixture
def template(tmp_path: Path) -> Path:
    (tmp_path / "t.yaml").write_text(FAULTY, "utf-8")
    return tmp_path


def test_a_sound_template_is_clean_and_a_parameter_makes_the_fault(template: Path) -> None:
    code, out, err = check("t.yaml", cwd=template)
    assert (code, out) == (0, "")
    assert err.startswith("1 template, 0 errors, 0 warnings, 0 notes, ")
    (template / "p.json").write_text('[{"ParameterKey": "Kind", "ParameterValue": "application"}]', "utf-8")
    code, out, _ = check("t.yaml", "--parameters", "p.json", cwd=template)
    assert code == 1
    assert "error   TAP1001  Link  The link's target Balancer is no network load balancer." in out


@pytest.mark.parametrize("form", ["json", "sarif", "junit"])
def test_machines_get_one_document_even_of_nothing(template: Path, form: str) -> None:
    code, out, _ = check("t.yaml", "--format", form, cwd=template)
    assert code == 0
    assert json.loads(out) if form != "junit" else out.startswith("<?xml")


def test_what_cannot_be_read_gives_2_and_a_line(template: Path) -> None:
    (template / "bad.yaml").write_text("a: [", "utf-8")
    (template / "p.json").write_text("[1]", "utf-8")
    (template / "bytes.json").write_bytes(b'{"A": "\xb7"}')
    (template / "deep.json").write_text("[" * 100_000, "utf-8")
    for words, says in (
        (("bad.yaml",), "error: bad.yaml is no YAML: "),
        (("none.yaml",), "error: 'none.yaml' is neither a system nor a file."),
        (("t.yaml", "--parameters", "p.json"), "error: p.json is neither a list of"),
        (("t.yaml", "--parameters", "none.json"), "error: none.json cannot be read: "),
        (("t.yaml", "--parameters", "bytes.json"), "error: bytes.json is no JSON: byte 8 is not UTF-8.\n"),
        (("t.yaml", "--parameters", "deep.json"), "error: deep.json is nested too deeply.\n"),
        (("t.yaml", "--region", "mars"), "error: 'mars' is no region."),
    ):
        code, out, err = check(*words, cwd=template)
        assert (code, out) == (2, ""), words
        assert err.startswith(says), err
        assert err.count("\n") == 1, err


def test_the_rules_are_listed_with_their_sources(template: Path) -> None:
    code, out, _ = check("--rules", cwd=template)
    assert code == 0
    assert "TAP1001  error    A VPC link of version 1 takes a network load balancer only" in out


def test_neither_boto3_nor_cfn_lint_is_imported(template: Path) -> None:
    probe = (
        "import sys; sys.argv = ['tap', 'check', 't.yaml']\n"
        "from tap.cli import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print([one for one in ('boto3', 'botocore', 'cfnlint', 'rich', 'troposphere') if one in sys.modules])"
    )
    ran = subprocess.run(
        [sys.executable, "-c", probe],
        cwd=template,
        capture_output=True,
        text=True,
        check=True,
        env={"PYTHONPATH": str(project.ROOT), "PATH": "/usr/bin:/bin"},
    )
    assert ran.stdout.strip() == "[]"
