"""The load scenario against servers on this machine."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests import load


@dataclass
class Site:
    """A server on loopback. ``status`` gives the answer to the nth request; ``paths`` is what was asked."""

    port: int = 0
    status: Callable[[int], int] = lambda _: 200
    paths: list[str] = field(default_factory=list)
    keys: set[str] = field(default_factory=set)
    busy: int = 0
    busiest: int = 0


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256


@pytest.fixture
def site(monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    made, lock, numbers = Site(), threading.Lock(), count()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            with lock:
                number = next(numbers)
                made.paths.append(self.path)
                made.keys.add(self.headers.get("x-api-key", ""))
                made.busy += 1
                made.busiest = max(made.busy, made.busiest)
            self.send_response(made.status(number))
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "2")
            # Before the answer: once it has come, the client may send the next.
            with lock:
                made.busy -= 1
            self.end_headers()
            self.wfile.write(b"OK")

        def log_message(self, *_: object) -> None:
            """Keep the test's output clean."""

    with Server(("127.0.0.1", 0), Handler) as server:
        made.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        server.shutdown()
        thread.join()


@pytest.fixture
def outputs(tmp_path: Path, site: Site) -> Path:
    """The outputs as a deployment writes them."""
    file = tmp_path / "flat-outputs.json"
    addresses = {"APIGatewayURL": f"http://127.0.0.1:{site.port}/prod/", "ALBDNSName": f"127.0.0.1:{site.port}"}
    file.write_text(json.dumps(addresses | {"VpcId": "vpc-1", "LogsBucketName": "s3://logs"}), "utf-8")
    return file


def test_a_healthy_system_passes(site: Site, outputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert load.main(["--outputs", str(outputs)]) == 0
    assert site.paths == ["/prod/health"] * 200
    assert 1 <= site.busiest <= 50
    out = capsys.readouterr().out
    assert out.startswith(f"200 requests to http://127.0.0.1:{site.port}/prod/health, 50 at a time")
    assert "errors  0.0%   (at most 5.0%)" in out
    assert out.splitlines()[-1] == "passed"


@pytest.mark.parametrize(("bad", "code"), [(10, 0), (11, 1)])
def test_one_in_twenty_may_fail(
    site: Site, outputs: Path, capsys: pytest.CaptureFixture[str], bad: int, code: int
) -> None:
    site.status = lambda number: 503 if number < bad else 200
    assert load.main(["--outputs", str(outputs)]) == code
    said = capsys.readouterr()
    assert f"  {bad} × status 503" in said.out
    assert said.out.splitlines()[-1] == ("not passed" if code else "passed")
    assert ("5.5% of the requests failed; at most 5.0% may." in said.err) is bool(code)


def test_slow_answers_do_not_pass(site: Site, outputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert load.main(["--outputs", str(outputs), "--requests", "20", "--at-once", "5", "--mean", "0"]) == 1
    said = capsys.readouterr()
    assert "An answer took " in said.err
    assert "at most 0 s are allowed." in said.err
    assert said.out.splitlines()[-1] == "not passed"
    assert len(site.paths) == 20
    assert site.busiest <= 5


def test_the_mean_is_that_of_good_answers() -> None:
    scenario = load.Scenario("http://shop", requests=4, errors=0.5, mean=2)
    answers = (load.Answer(1), load.Answer(3), load.Answer(30, "status 503"), load.Answer(0, "status 503"))
    result = load.Result(answers, 30)
    assert (result.errors, result.mean) == (0.5, 2)
    assert load.failures(scenario, result) == []
    nothing = load.Result((load.Answer(1, "status 500"),), 1)
    assert load.failures(scenario, nothing) == [
        "100.0% of the requests failed; at most 50.0% may.",
        "An answer never came; at most 2 s are allowed.",
    ]
    assert load.report(scenario, nothing).endswith("  1 × status 500")


def test_what_is_not_sent_in_time_is_an_error(site: Site, outputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert load.main(["--outputs", str(outputs), "--requests", "3", "--within", "0"]) == 1
    assert "3 × not sent: 0 s were over" in capsys.readouterr().out
    assert site.paths == []


def test_a_body_that_drips_runs_into_the_time_limit(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter((0.0, 40.0, 40.0))
    monkeypatch.setattr("tests.load.time", SimpleNamespace(monotonic=lambda: next(clock)))
    answer = load.ask(load.Scenario(f"http://127.0.0.1:{site.port}/"), 180)
    assert answer == load.Answer(40, "no answer in time")


def test_nobody_answers(site: Site, outputs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    outputs.write_text(json.dumps({"ALBDNSName": "127.0.0.1:1"}), "utf-8")
    assert load.main(["--outputs", str(outputs), "--output", "ALBDNSName", "--requests", "2"]) == 1
    assert "100.0% of the requests failed" in capsys.readouterr().err


def test_redirects_are_followed(site: Site, outputs: Path) -> None:
    site.status = lambda number: 301 if number == 0 else 200
    assert load.main(["--outputs", str(outputs), "--output", "ALBDNSName", "--path", "", "--requests", "1"]) == 0
    assert site.paths == ["/", "/elsewhere"]


def test_a_key_comes_from_the_environment(
    site: Site, outputs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SHOP_KEY", "k-1")
    arguments = ["--outputs", str(outputs), "--path", "api/items", "--requests", "1", "--key-variable", "SHOP_KEY"]
    assert load.main(arguments) == 0
    assert (site.paths, site.keys) == (["/prod/api/items"], {"k-1"})
    assert "k-1" not in "".join(capsys.readouterr())
    monkeypatch.delenv("SHOP_KEY")
    assert load.main(arguments) == 1
    assert "SHOP_KEY is empty" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("content", "output", "said"),
    [
        (None, "APIGatewayURL", "does not exist. `deploy` and `outputs` write it."),
        ("{", "APIGatewayURL", "is not JSON"),
        ("{}", "APIGatewayURL", "has no output APIGatewayURL. It has: none."),
        ("[]", "APIGatewayURL", "has no output APIGatewayURL. It has: none."),
        ('{"VpcId": "vpc-1", "A": "a"}', "APIGatewayURL", "has no output APIGatewayURL. It has: A, VpcId."),
        ('{"LogsBucketName": "s3://logs"}', "LogsBucketName", "no http or https address"),
        ('{"Empty": ""}', "Empty", "no http or https address"),
    ],
)
def test_no_address_is_said_clearly(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None, output: str, said: str
) -> None:
    file = tmp_path / "flat-outputs.json"
    if content is not None:
        file.write_text(content, "utf-8")
    assert load.main(["--outputs", str(file), "--output", output]) == 1
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert said in error


@pytest.mark.parametrize(
    "arguments",
    [
        ["--requests", "0"],
        ["--requests", "2001"],
        ["--at-once", "201"],
        ["--at-once", "many"],
        ["--within", "601"],
        ["--timeout", "-1"],
        ["--errors", "1.5"],
        ["--mean", "nan"],
    ],
)
def test_it_is_bounded(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        load.main(arguments)
    assert ended.value.code == 2
    assert arguments[0] in capsys.readouterr().err
