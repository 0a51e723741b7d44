"""How the tests of the writer read back what it writes."""

from __future__ import annotations

import json
from typing import Any

from tap.writer import to_json, to_yaml
from tests.cloudformation_yaml import load_yaml


def template(value: Any, **others: Any) -> dict[str, Any]:
    """A template with ``value`` as a property, and a resource after it."""
    first = {"Type": "AWS::SQS::Queue", "Properties": {"Value": value, **others}}
    return {"Resources": {"First": first, "Second": {"Type": "AWS::SNS::Topic"}}}


def written(value: Any) -> str:
    """The lines that a property's value takes, without the property's own indent."""
    lines = to_yaml(template(value)).split("\n")
    own = lines[lines.index("    Properties:") + 1 : lines.index("  Second:") - 1]
    return "\n".join(line.removeprefix("      ") for line in own)


def same(value: Any) -> None:
    """Both forms give the value back."""
    body = template(value)
    assert json.loads(to_json(body)) == body
    assert load_yaml(to_yaml(body)) == body
