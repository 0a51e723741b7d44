from __future__ import annotations

from typing import Any

import pytest

from tap.deploy.mask import Mask
from tap.deploy.resolve import SECRET, Unresolved

MASK = Mask(frozenset({"hunter2hunter2", "ab"}))


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("MasterUserPassword", "x"),
        ("Environment.Variables.API_KEY", "x"),
        ("Tags[DbPassword].Value", "x"),
        ("SecretString", 12345),
        ("Description", "{{resolve:secretsmanager:db:SecretString:password}}"),
        ("Name", "ab"),
    ],
)
def test_what_may_be_a_secret_is_not_shown(path: str, value: Any) -> None:
    assert MASK.text(path, value) == SECRET


def test_a_hidden_parameter_s_value_is_masked_inside_other_text() -> None:
    assert MASK.text("Url", "https://u:hunter2hunter2@host/ab") == f"https://u:{SECRET}@host/ab"


@pytest.mark.parametrize("text", [True, False])
def test_secrets_within_structures_are_masked_and_the_rest_is_shown(text: bool) -> None:
    value: Any = [{"Name": "DB_PASSWORD", "Value": "x"}, {"Name": "DB_HOST", "Value": "h"}]
    if text:
        value = '[{"Name": "DB_PASSWORD", "Value": "x"}, {"Name": "DB_HOST", "Value": "h"}]'
    expected = f'[{{"Name": "DB_PASSWORD", "Value": "{SECRET}"}}, {{"Name": "DB_HOST", "Value": "h"}}]'
    assert MASK.text("Environment", value) == expected


def test_switches_and_references_are_no_secrets() -> None:
    assert MASK.text("ManageMasterUserPassword", True) == "true"
    assert MASK.text("SecretArn", Unresolved("!Ref Secret")) == "!Ref Secret"
    assert MASK.text("MasterUserPassword", None) == "none"
    assert MASK.text("QueueName", "inbox") == "inbox"


def test_a_sentence_keeps_all_but_the_values() -> None:
    assert MASK.within("no 'hunter2hunter2' in {{resolve:ssm:x}}, ab") == f"no '{SECRET}' in {{{{resolve:ssm:x}}}}, ab"
