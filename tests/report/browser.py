"""A headless Chromium, driven by its DevTools protocol over a pipe: no port, no driver, no further package.

Protocol: Chrome DevTools Protocol, domains Emulation, Input, Log, Page and Runtime; messages are JSON that end in a
zero byte, on file descriptors 3 and 4 (``--remote-debugging-pipe``).
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless=new",
    "--no-sandbox",  # the tests may run as root, and open files of this project only
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
_PATIENCE = 60.0
_WIRED = """
import fcntl, os, sys
high = [fcntl.fcntl(int(each), fcntl.F_DUPFD, 10) for each in sys.argv[1:3]]
os.dup2(high[0], 3), os.dup2(high[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
"""Puts two pipes where Chromium looks for them, then becomes Chromium."""


def installed() -> str:
    """The path of a Chromium; empty where there is none."""
    return next((path for name in NAMES if (path := shutil.which(name))), "")


class Tab:
    """A page in the browser."""

    def __init__(self, send: int, receive: int) -> None:
        self._send, self._receive = send, receive
        self._buffer = b""
        self._number = 0
        self._session = ""
        self.complaints: list[str] = []
        """What the console said that is no mere information, and what scripts threw."""
        self.requests: list[str] = []
        """What was fetched, but for the page itself and data in it."""

    def open(self, session: str) -> Self:
        """Listen to everything that is said."""
        self._session = session
        for domain in ("Page", "Runtime", "Log", "Network"):
            self.call(f"{domain}.enable")
        return self

    def call(self, method: str, **parameters: Any) -> Any:
        """Call a method of the protocol; gives its result. Raises RuntimeError where it fails."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._send, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']['message']}")
                return answer["result"]
            self._heard(answer)

    def wait(self, event: str) -> None:
        """Wait for an event."""
        while (heard := self._read()).get("method") != event:
            self._heard(heard)

    def load(self, path: Path, *, width: int = 1440, dark: bool = False, script: bool = True) -> None:
        """Open a file in a window of a width, in a colour scheme, with or without scripts."""
        self.complaints.clear()
        self.requests.clear()
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", media="screen", features=scheme)
        self.call("Emulation.setScriptExecutionDisabled", value=not script)
        self.call("Page.navigate", url=path.as_uri())
        self.wait("Page.loadEventFired")

    def run(self, expression: str) -> Any:
        """The value of an expression in the page. Raises RuntimeError where it throws."""
        told = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in told:
            raise RuntimeError(told["exceptionDetails"].get("exception", {}).get("description", expression))
        return told["result"].get("value")

    def press(self, key: str) -> None:
        """Press a key and let it go."""
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key)

    def picture(self, path: Path, *, whole: bool = True) -> None:
        """Write what is seen (the whole page, however long) as PNG."""
        told = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(told["data"]))

    def printed(self) -> bytes:
        """The page as PDF."""
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"])

    def _read(self) -> dict[str, Any]:
        deadline = time.monotonic() + _PATIENCE
        while b"\0" not in self._buffer:
            ready, _, _ = select.select([self._receive], [], [], max(deadline - time.monotonic(), 0))
            piece = os.read(self._receive, 1 << 20) if ready else b""
            if not piece:
                raise RuntimeError("the browser says no more")
            self._buffer += piece
        message, _, self._buffer = self._buffer.partition(b"\0")
        found: dict[str, Any] = json.loads(message)
        return found

    def _heard(self, event: dict[str, Any]) -> None:
        told = event.get("params", {})
        match event.get("method"):
            case "Log.entryAdded" if told["entry"]["level"] in ("warning", "error"):
                self.complaints.append(told["entry"]["text"])
            case "Runtime.consoleAPICalled" if told["type"] in ("warning", "error", "assert"):
                self.complaints.append(json.dumps(told["args"]))
            case "Runtime.exceptionThrown":
                self.complaints.append(told["exceptionDetails"]["text"])
            case "Network.requestWillBeSent" if not told["request"]["url"].startswith(("file:", "data:")):
                self.requests.append(told["request"]["url"])


@contextmanager
def browser(chromium: str, folder: Path) -> Iterator[Tab]:
    """A browser with an empty profile in a folder; gives its one tab, and ends the browser after it."""
    commands, send = os.pipe()
    receive, answers = os.pipe()
    wired = [sys.executable, "-c", _WIRED, str(commands), str(answers)]
    process = subprocess.Popen(
        [*wired, chromium, *_FLAGS, f"--user-data-dir={folder}", "about:blank"],
        pass_fds=(commands, answers),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    os.close(commands)
    os.close(answers)
    try:
        tab = Tab(send, receive)
        targets = tab.call("Target.getTargets")["targetInfos"]
        page = next(each["targetId"] for each in targets if each["type"] == "page")
        yield tab.open(tab.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"])
    finally:
        os.close(send)
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        os.close(receive)
