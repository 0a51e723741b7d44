"""A proxy between a command and the emulator, on which calls meet their faults."""

from __future__ import annotations

import http.client
import os
import re
import signal
import socket
import struct
import threading
import urllib.parse
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from tests.chaos.faults import Dice, Fault, Only

_DELAY = 0.05
_ANSWERS = {
    Fault.THROTTLE: (400, "Throttling", "Rate exceeded"),
    Fault.SERVER: (500, "InternalFailure", "The request failed because of a fault of the server."),
    Fault.DENY: (403, "AccessDenied", "You are not authorized to do this."),
    Fault.EXPIRED: (403, "ExpiredToken", "The security token included in the request is expired"),
    Fault.UNKNOWN_KEY: (403, "InvalidClientTokenId", "The security token included in the request is invalid."),
    Fault.SKEWED: (403, "RequestTimeTooSkewed", "The difference between the request time and now is too large."),
    Fault.UNAVAILABLE: (503, "ServiceUnavailable", "Try again later."),
}


class Proxy:
    """Listens on a port of its own. ``victim`` is the process that is killed when its time has come."""

    def __init__(self, upstream: str) -> None:
        self._upstream = urllib.parse.urlsplit(upstream).netloc
        self.dice: Dice | Only = Dice("", 0.0)
        self.victim: int | None = None
        self.log: list[str] = []
        proxy = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: Any) -> None:
                return None

            def handle(self) -> None:
                with suppress(ConnectionError, TimeoutError):
                    super().handle()

            def _any(self) -> None:
                proxy._serve(self)

            do_GET = do_POST = do_PUT = do_HEAD = do_DELETE = _any  # noqa: N815

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, *_: Any) -> None:
                return None

        self._server = Server(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, call: BaseHTTPRequestHandler) -> None:
        length = int(call.headers.get("Content-Length") or 0)
        body = call.rfile.read(length) if length else b""
        action = _action(call, body)
        fault = self.dice.throw(action)
        if fault:
            self.log.append(f"{action}: {fault.value}")
        if fault is Fault.DELAY:
            threading.Event().wait(_DELAY)
        elif fault in _ANSWERS:
            self._refuse(call, action, *_ANSWERS[fault])
            return
        elif fault is Fault.DROP:
            _reset(call)
            return
        elif fault is Fault.KILL_BEFORE:
            self._end(signal.SIGKILL)
            _reset(call)
            return
        elif fault is Fault.INTERRUPT:
            self._end(signal.SIGINT)
        answer = self._forward(call, body)
        if fault is Fault.REPEAT:
            answer = self._forward(call, body)
        elif fault is Fault.LOSE:
            _reset(call)
            return
        elif fault is Fault.KILL_AFTER:
            self._end(signal.SIGKILL)
            _reset(call)
            return
        status, headers, content = answer
        call.send_response_only(status)
        for name, value in headers:
            if name.lower() not in {"transfer-encoding", "connection", "content-length"}:
                call.send_header(name, value)
        length_told = {name.lower(): value for name, value in headers}.get("content-length", "0")
        call.send_header("Content-Length", length_told if call.command == "HEAD" else str(len(content)))
        call.end_headers()
        call.wfile.write(content)

    def _forward(self, call: BaseHTTPRequestHandler, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        connection = http.client.HTTPConnection(self._upstream, timeout=60)
        try:
            headers = {name: value for name, value in call.headers.items() if name.lower() != "connection"}
            connection.request(call.command, call.path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _refuse(self, call: BaseHTTPRequestHandler, action: str, status: int, code: str, message: str) -> None:
        if "json" in (call.headers.get("Content-Type") or ""):
            content = f'{{"__type": "{code}", "message": "{message}"}}'.encode()
        else:
            error = f"<Error><Type>Sender</Type><Code>{code}</Code><Message>{message}</Message></Error>"
            wrapped = (
                error if action.startswith("S3 ") else f"<ErrorResponse>{error}<RequestId>0</RequestId></ErrorResponse>"
            )
            content = f'<?xml version="1.0"?>{wrapped}'.encode()
        call.send_response_only(status)
        call.send_header("Content-Length", "0" if call.command == "HEAD" else str(len(content)))
        call.end_headers()
        if call.command != "HEAD":
            call.wfile.write(content)

    def _end(self, with_signal: signal.Signals) -> None:
        if self.victim is not None:
            with suppress(ProcessLookupError):
                os.kill(self.victim, with_signal)


def _action(call: BaseHTTPRequestHandler, body: bytes) -> str:
    """The API action of a call: of the query protocol, of JSON ones, or the method of a call by path."""
    match = re.search(rb"(?:^|&)Action=(\w+)", body)
    if match:
        return match[1].decode()
    target = call.headers.get("X-Amz-Target")
    if target:
        return target.rsplit(".", 1)[-1]
    word = {"GET": "Get", "HEAD": "Head"}.get(call.command, call.command.title())
    return f"{word} {call.path.split('?')[0].split('/')[1] or 'root'}"


def _reset(call: BaseHTTPRequestHandler) -> None:
    """Break the connection without an answer."""
    with suppress(OSError):
        call.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    call.close_connection = True
    with suppress(OSError):
        call.connection.close()
