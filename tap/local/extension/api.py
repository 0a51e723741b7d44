"""Calls to MiniStack's services from inside its process.

A call over HTTP to itself would wait for the very event loop that it blocks. So a call is put together from
botocore's model of the operation, as a client would, and handed to the service's own handler. The model also
refuses an unknown or missing parameter, as AWS does.
"""

from __future__ import annotations

import asyncio
import contextvars
import importlib
from collections.abc import Coroutine, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Any
from urllib.parse import parse_qs, urlsplit

import botocore.session
from botocore.awsrequest import HeadersDict, create_request_object, prepare_request_dict
from botocore.model import OperationModel, ServiceModel, Shape
from botocore.parsers import create_parser
from botocore.serialize import create_serializer
from botocore.validate import ParamValidator

_SECONDS = 30.0
"""How long a service may take. All are done in milliseconds; this keeps a mistake from hanging the emulator."""
_THREADS = ThreadPoolExecutor(thread_name_prefix="tap-call")

_MODULES = {
    "backup": "backup",
    "cloudfront": "cloudfront",
    "cloudwatch": "cloudwatch",
    "ec2": "ec2",
    "ecs": "ecs",
    "iam": "iam",
    "logs": "cloudwatch_logs",
    "secretsmanager": "secretsmanager",
    "wafv2": "waf",
}
"""botocore's name of a service, and the module of MiniStack that answers for it."""


class ApiError(ValueError):
    """A service refused a call. The stack's event shows the message; ``code`` is the service's error code."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{message} ({code})" if code else message)
        self.code = code


def call(service: str, operation: str, **parameters: Any) -> dict[str, Any]:
    """Call an operation, in the account and region of the request that MiniStack is serving.

    Numbers and booleans may come as strings, as templates have them. Gives the parsed answer; raises
    :class:`ApiError` when the service refuses, or the parameters are none of the operation's.
    """
    model = _service(service).operation_model(operation)
    arguments = _coerced(parameters, model.input_shape) if model.input_shape else {}
    if model.input_shape:
        report = ParamValidator().validate(arguments, model.input_shape)
        if report.has_errors():
            raise ApiError("ValidationError", f"{operation}: {report.generate_report()}")
    return _sent(service, model, arguments)


def module(service: str) -> Any:
    """MiniStack's module for a service (botocore's name), for what no operation of it can do."""
    return importlib.import_module(f"ministack.services.{_MODULES[service]}")


@cache
def _service(name: str) -> ServiceModel:
    return botocore.session.get_session().get_service_model(name)


def _sent(service: str, model: OperationModel, arguments: dict[str, Any]) -> dict[str, Any]:
    protocol = model.service_model.resolved_protocol
    described = create_serializer(protocol).serialize_to_request(arguments, model)
    prepare_request_dict(described, endpoint_url="http://127.0.0.1")
    request = create_request_object(described).prepare()
    body = request.body or b""
    url = urlsplit(request.url)
    headers = {name.lower(): _text(value) for name, value in request.headers.items()}
    status, answered, payload = _answer(
        module(service).handle_request(
            request.method,
            url.path,
            headers,
            body.encode() if isinstance(body, str) else body,
            parse_qs(url.query, keep_blank_values=True),
        )
    )
    response = {
        "status_code": status,
        "headers": HeadersDict(answered),
        "body": payload.encode() if isinstance(payload, str) else payload,
    }
    # An operation without an output has no shape; the parser takes that, its stub does not say so.
    shape: Any = model.output_shape
    parsed: dict[str, Any] = create_parser(protocol).parse(response, shape)
    if status >= 300:
        error = parsed.get("Error", {})
        raise ApiError(str(error.get("Code", "")), str(error.get("Message") or f"{model.name} failed"))
    return parsed


def _answer(handler: Coroutine[Any, Any, tuple[int, Mapping[str, str], bytes | str]]) -> Any:
    """Run a service's handler to its end, in a thread with an event loop of its own.

    The calling thread may be running MiniStack's loop, which cannot run a second coroutine to its end meanwhile.
    """
    context = contextvars.copy_context()  # the account and the region
    return _THREADS.submit(context.run, asyncio.run, handler).result(timeout=_SECONDS)[:3]


def _text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)


def _coerced(value: Any, shape: Shape) -> Any:
    """``value`` in the types of ``shape``. What cannot be is left as it is, for the validator to name."""
    kind = shape.type_name
    if kind == "structure" and isinstance(value, Mapping):
        members: Mapping[str, Shape] = shape.members  # type: ignore[attr-defined]
        return {k: _coerced(v, members[k]) if k in members else v for k, v in value.items()}
    if kind == "list" and isinstance(value, list):
        return [_coerced(item, shape.member) for item in value]  # type: ignore[attr-defined]
    if kind == "map" and isinstance(value, Mapping):
        return {str(k): _coerced(v, shape.value) for k, v in value.items()}  # type: ignore[attr-defined]
    if kind == "boolean" and isinstance(value, str):
        return {"true": True, "false": False}.get(value.lower(), value)
    if kind == "string" and isinstance(value, bool):
        return str(value).lower()
    if kind == "string" and isinstance(value, int | float):
        return str(value)
    if isinstance(value, str) and kind in {"integer", "long", "float", "double"}:
        try:
            return int(value) if kind in {"integer", "long"} else float(value)
        except ValueError:
            return value
    return value
