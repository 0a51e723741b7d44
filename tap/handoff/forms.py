"""Parameters, tags and stack policy in the forms that other tools of AWS take. Pure.

Sources: CloudFormation user guide, "CloudFormation artifacts" (CodePipeline's template configuration file) and "How Git
sync works with CloudFormation" (stack deployment file); CloudFormation API reference, ``CreateChangeSet``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any

_PARAMETER = re.compile(r"\{([A-Za-z0-9]+)\}")


def tags(template: Mapping[str, Any], values: Mapping[str, str]) -> dict[str, str]:
    """The stack's tags (``Metadata.Template.Tags``), with what ``{Parameter}`` in them stands for."""
    about = template["Metadata"]["Template"].get("Tags", {})
    return {key: _PARAMETER.sub(lambda match: values.get(match[1], ""), str(text)) for key, text in about.items()}


def template_configuration(values: Mapping[str, str], of_stack: Mapping[str, str], policy: Mapping[str, Any]) -> str:
    """CodePipeline's template configuration file; ``policy`` is empty where the stack has none."""
    content: dict[str, Any] = {"Parameters": dict(values), "Tags": dict(of_stack)}
    if policy:
        content["StackPolicy"] = policy
    return json.dumps(content, indent=2, ensure_ascii=False) + "\n"


def deployment_file(template_path: str, values: Mapping[str, str], of_stack: Mapping[str, str]) -> str:
    """A stack deployment file of CloudFormation's Git sync; the path is that from the top of the repository.

    Texts are quoted as JSON has them, which YAML reads as the same.
    """
    lines = [f"template-file-path: {template_path}", "parameters:"]
    lines += _pairs(values)
    lines += ["tags:", *_pairs(of_stack)]
    return "\n".join(lines) + "\n"


def _pairs(values: Mapping[str, str]) -> Iterable[str]:
    return [f"  {json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
