"""The AWS CLI without its start-up: a process that has it imported and forks a child for each call.

The CLI takes 0.4 s to import and as long again for its first call, and a script calls it dozens of times. What runs in
the child is the CLI's own ``main`` with the caller's words, environment, folder and streams.

The CLI's own environment runs this file, so it imports nothing of tap's:
``warm_cli.py serve SOCKET`` until standard input ends, ``warm_cli.py call SOCKET WORD…`` in the place of ``aws``.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import sys


def serve(path: str) -> None:
    """Take calls on a Unix socket until standard input ends."""
    before = dict(os.environ)
    _warm()
    own = {name: value for name, value in os.environ.items() if before.get(name) != value}  # where the CLI's data are
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the children
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()
        print("ready", flush=True)
        while True:
            ready, _, _ = select.select([listener, sys.stdin], [], [])
            if sys.stdin in ready:
                return
            connection, _ = listener.accept()
            with connection:
                if os.fork() == 0:
                    _live(connection, own)


def _warm() -> None:
    """Import what a call imports: by a call that reaches nobody."""
    driver = _main(
        ["cloudformation", "describe-stacks", "--endpoint-url", "http://127.0.0.1:9", "--region", "us-east-1"]
    )
    assert driver


def _main(words: list[str]) -> int:
    import awscli.clidriver  # type: ignore[import-not-found]

    sys.argv = ["aws", *words]
    return int(awscli.clidriver.main())


def _live(connection: socket.socket, own: dict[str, str]) -> None:
    """Be the call; its exit code is the answer."""
    code = 1
    try:
        size = int.from_bytes(connection.recv(4, socket.MSG_WAITALL), "big")
        _, handles, _, _ = socket.recv_fds(connection, 1, 3)
        said = json.loads(connection.recv(size, socket.MSG_WAITALL))
        for number, handle in enumerate(handles):
            os.dup2(handle, number)
            os.close(handle)
        sys.stdin = os.fdopen(0, "r", closefd=False)
        sys.stdout, sys.stderr = (os.fdopen(one, "w", closefd=False, errors="surrogateescape") for one in (1, 2))
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.chdir(said["folder"])
        os.environ.clear()
        os.environ.update(said["environment"] | own)
        code = _main(said["words"])
    except SystemExit as done:
        code = done.code if isinstance(done.code, int) else int(done.code is not None)
    except BaseException:
        import traceback

        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        connection.sendall(bytes([code]))
        os._exit(0)


def call(path: str, words: list[str]) -> int:
    """Make a call; gives its exit code."""
    said = json.dumps({"words": words, "environment": dict(os.environ), "folder": os.getcwd()}).encode()  # noqa: PTH109
    with socket.socket(socket.AF_UNIX) as connection:
        connection.connect(path)
        connection.sendall(len(said).to_bytes(4, "big"))
        socket.send_fds(connection, [b"\0"], [0, 1, 2])
        connection.sendall(said)
        answer = connection.recv(1)
    return answer[0] if answer else 1


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    else:
        sys.exit(call(sys.argv[2], sys.argv[3:]))
