"""The emulator's process: ``python -m tap.local.extension FOLDER``, run by ``tap.local.process``."""

from __future__ import annotations

import argparse
import asyncio
import importlib
import os
import signal
import socket
import sys
import threading
import traceback
from datetime import UTC, datetime
from pathlib import Path
from typing import NoReturn

from tap.local.files import Files, Record, take
from tap.local.process import sources


def main() -> None:
    """Take the folder's lock, write a record, teach MiniStack what it lacks, and serve until SIGTERM."""
    parser = argparse.ArgumentParser(prog="tap.local.extension", description=main.__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--lifeline", type=int, help="end when this descriptor reaches its end")
    arguments = parser.parse_args()
    where = Files(arguments.folder)
    if take(where.alive_lock) is None:
        sys.exit(f"another emulator lives on {where.root}")
    # The port is bound before it is named, so nobody can come between. MiniStack's modules read it when
    # imported.
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    os.environ["GATEWAY_PORT"] = str(port)
    os.environ["PYTHONPATH"] = str(where.lambda_runtime)  # for the Lambda functions, which inherit it
    where.write_record(Record(os.getpid(), port, datetime.now(UTC).isoformat(timespec="seconds"), sources()))
    if arguments.lifeline is not None:
        os.set_inheritable(arguments.lifeline, False)
        threading.Thread(target=_end_with, args=(arguments.lifeline,), daemon=True).start()
    try:
        _serve(listener)
    finally:
        where.record.unlink(missing_ok=True)
        _leave()


def _serve(listener: socket.socket) -> None:
    # The server comes with MiniStack; by name, because tap's own environment has not got it.
    hypercorn = importlib.import_module("hypercorn")
    from ministack.app import app

    from tap.local.extension.install import install

    install()
    config = hypercorn.Config()
    config.bind = [f"fd://{listener.detach()}"]
    config.keep_alive_timeout = 75
    config.loglevel = "WARNING"
    loop = asyncio.new_event_loop()  # asyncio.run would wait for its threads before it returns
    asyncio.set_event_loop(loop)
    loop.run_until_complete(importlib.import_module("hypercorn.asyncio").serve(app, config))


def _leave() -> NoReturn:
    """End now. What was to be kept is written; threads that wait, for a custom resource say, would hold us up.

    Lambda functions still running end with us: they are in our session.
    """
    failed = sys.exc_info()[0] is not None
    if failed:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    if os.getpgrp() == os.getpid():
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        os.killpg(os.getpgrp(), signal.SIGTERM)
    os._exit(1 if failed else 0)


def _end_with(descriptor: int) -> None:
    """Wait for the end of the pipe, then end as if asked to."""
    while os.read(descriptor, 1):
        pass
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
