"""What must not be shown, and what stands in its place. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from tap.deploy.resolve import SECRET, Unresolved, shown

_TELLING = re.compile(
    r"passw(or)?d|passphrase|secret|token|credential|api_?key|private_?key|access_?key|connection_?string",
    re.IGNORECASE,
)
"""Names of properties, tags and environment variables whose value may be a secret."""

_DYNAMIC_REFERENCE = "{{resolve:"
_SHORTEST = 4
"""A secret of fewer characters is only masked where it is the whole text: it would be found in anything."""


@dataclass(frozen=True)
class Mask:
    """Masks by name, by dynamic reference, and by the values of ``NoEcho`` parameters."""

    secrets: frozenset[str] = frozenset()

    def text(self, path: str, value: Any) -> str:
        """``value``, found at ``path`` (which carries the names on its way), in one line fit to be shown."""
        if isinstance(value, str) and value[:1] in {"{", "["} and _DYNAMIC_REFERENCE not in value:
            with suppress(ValueError):
                value = json.loads(value)
        return shown(self._masked(path, value))

    def within(self, text: str) -> str:
        """A sentence of CloudFormation's with the values of ``NoEcho`` parameters masked: services repeat values."""
        for secret in sorted(self.secrets, key=len, reverse=True):
            if len(secret) >= _SHORTEST:
                text = text.replace(secret, SECRET)
        return text

    def _masked(self, path: str, value: Any) -> Any:
        if isinstance(value, Mapping):
            label = str(value.get("Key") or value.get("Name") or "")
            return {key: self._masked(f"{path}[{label}].{key}", item) for key, item in value.items()}
        if isinstance(value, list):
            return [self._masked(path, item) for item in value]
        if value is None or isinstance(value, bool):
            return value
        last = path.rsplit(".", 1)[-1]
        names_itself = last in {"Name", "Key"} and path.endswith(f"[{value}].{last}")
        if not names_itself and _TELLING.search(path) and not isinstance(value, Unresolved):
            return SECRET
        text = str(value)
        if _DYNAMIC_REFERENCE in text:
            return SECRET
        for secret in self.secrets:
            if secret and text == secret:
                return SECRET
            if len(secret) >= _SHORTEST and secret in text:
                text = text.replace(secret, SECRET)
        if isinstance(value, Unresolved):
            return Unresolved(text)
        return text if text != str(value) else value
