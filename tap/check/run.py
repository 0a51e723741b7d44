"""From the command line's words to findings: which files, read for which region, with which parameters."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from tap.check import region as regions
from tap.check.engine import Finding, run
from tap.check.load import Document, UnreadableError, read
from tap.check.model import Model
from tap.errors import TapError
from tap.lint.targets import choose

_ALONE = 4
"""So few templates are checked in this process: starting others would take longer."""


def files_of(names: Sequence[str], out: Path) -> list[Path]:
    """The templates that the names (systems or files; none: all systems) stand for. Raises UnreadableError."""
    try:
        return [target.path for target in choose(names, out)]
    except TapError as error:
        raise UnreadableError(str(error)) from None


def run_all(files: Sequence[Path], *, region: str | None = None, parameter_file: Path | None = None) -> list[Finding]:
    """The findings of all files, in their order. Raises UnreadableError before anything is told."""
    given = read_parameters(parameter_file) if parameter_file else {}
    if region is not None and not re.fullmatch(r"[a-z]{2,}(-[a-z]+)+-\d", region):
        raise UnreadableError(f"{region!r} is no region. A region reads like eu-west-1.")
    if len(files) <= _ALONE or (os.cpu_count() or 1) == 1:
        return [finding for file in files for finding in check_file(file, region, given)]
    from concurrent.futures import ProcessPoolExecutor

    with ProcessPoolExecutor(min(len(files), os.cpu_count() or 1)) as pool:
        work = [pool.submit(check_file, file, region, given) for file in files]
        return [finding for one in work for finding in one.result()]


def check_file(file: Path, region: str | None, given: Mapping[str, str]) -> tuple[Finding, ...]:
    """The findings of one file. Raises UnreadableError."""
    document = read(file)
    try:
        return run(Model(document, region or own_region(document), given))
    except RecursionError:
        raise UnreadableError(f"{file}: its conditions or loops lead on too far to be followed.") from None


def own_region(document: Document) -> str:
    """The region that a template says it is written for (:func:`tap.check.region.said`); empty where it says none."""
    return regions.said(document.template)


def read_parameters(path: Path) -> dict[str, str]:
    """The values in a file of the AWS CLI's form, or a mapping of names to values. Raises UnreadableError."""
    try:
        found = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise UnreadableError(f"{path} cannot be read: {error.strerror}.") from None
    except UnicodeDecodeError as error:
        raise UnreadableError(f"{path} is no JSON: byte {error.start + 1} is not UTF-8.") from None
    except ValueError as error:
        raise UnreadableError(f"{path} is no JSON: {error}.") from None
    except RecursionError:
        raise UnreadableError(f"{path} is nested too deeply.") from None
    if isinstance(found, dict) and isinstance(found.get("Parameters"), dict):
        found = found["Parameters"]
    if isinstance(found, dict):
        return {str(key): _text(value) for key, value in found.items()}
    try:
        return {one["ParameterKey"]: _text(one["ParameterValue"]) for one in found}
    except (KeyError, TypeError):
        raise UnreadableError(
            f'{path} is neither a list of {{"ParameterKey": …, "ParameterValue": …}} nor a mapping of names to values.'
        ) from None


def _text(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
