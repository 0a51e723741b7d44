from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import boto3

from tap.local import runtime


def test_functions_find_the_sdk_and_cfnresponse(tmp_path: Path) -> None:
    runtime.provide(tmp_path / "lambda")
    runtime.provide(tmp_path / "lambda")  # again over the first
    program = "import boto3, cfnresponse; print(boto3.__version__, cfnresponse.SUCCESS)"
    found = subprocess.run(
        [sys.executable, "-S", "-c", program],  # without site-packages
        env={"PYTHONPATH": str(tmp_path / "lambda")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert found.stdout.split() == [boto3.__version__, "SUCCESS"]
