"""A load scenario against a deployed system: many requests at once, few errors, quick answers.

::

    python -m tests.load --outputs cfn-outputs/flat-outputs.json --output APIGatewayURL --path /health

asks the address that a real deployment has written into its outputs, and measures. It passes when at most 5 % of 200
requests, 50 at a time, fail, and the mean of the answers is at most 5 seconds. Exit codes: 0 passed, 1 not passed or
not possible, 2 the command line is wrong. Numbers and time are bounded: it is a measurement, and no attack.
"""

from __future__ import annotations

import argparse
import http.client
import json
import math
import os
import statistics
import sys
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from tap.errors import TapError

MOST_REQUESTS, MOST_AT_ONCE, LONGEST = 2000, 200, 600
"""No more requests, no more at a time, and no longer (in seconds) than this, whatever is asked for."""
CHUNK = 65_536


@dataclass(frozen=True)
class Scenario:
    """What is asked and what is expected. ``timeout`` is for one request, ``within`` for all; both, and ``mean``, are
    in seconds. ``errors`` is a share from 0 to 1."""

    url: str
    requests: int = 200
    at_once: int = 50
    timeout: float = 30
    within: float = 180
    errors: float = 0.05
    mean: float = 5
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True)
class Answer:
    """One request: how long it took in seconds, and what went wrong (empty: nothing)."""

    seconds: float
    problem: str = ""


@dataclass(frozen=True)
class Result:
    """All answers, and how long they took together in seconds."""

    answers: tuple[Answer, ...]
    seconds: float

    @property
    def errors(self) -> float:
        """The share of the requests that failed."""
        return sum(1 for each in self.answers if each.problem) / len(self.answers)

    @property
    def times(self) -> list[float]:
        """How long the good answers took, the quickest first."""
        return sorted(each.seconds for each in self.answers if not each.problem)

    @property
    def mean(self) -> float:
        """The mean of the good answers; endless when there is none."""
        return statistics.fmean(self.times) if self.times else math.inf


def ask(scenario: Scenario, deadline: float) -> Answer:
    """One GET, redirects followed, the body read. A status of 400 or more, no answer and a late one are problems.

    ``deadline`` is a reading of ``time.monotonic``.
    """
    start = time.monotonic()
    left = deadline - start
    if left <= 0:
        return Answer(0, f"not sent: {scenario.within:g} s were over")
    end = start + min(scenario.timeout, left)
    request = urllib.request.Request(scenario.url, headers=dict(scenario.headers))
    try:
        with urllib.request.urlopen(request, timeout=end - start) as response:
            # The time limit of a socket is for each read; a server that drips would never reach it.
            while response.read1(CHUNK):
                if time.monotonic() > end:
                    raise TimeoutError
    except urllib.error.HTTPError as error:
        with error:
            return Answer(time.monotonic() - start, f"status {error.code}")
    except urllib.error.URLError as error:
        return Answer(time.monotonic() - start, _words(error.reason))
    except (OSError, http.client.HTTPException) as error:
        return Answer(time.monotonic() - start, _words(error))
    return Answer(time.monotonic() - start)


def _words(problem: object) -> str:
    return "no answer in time" if isinstance(problem, TimeoutError) else str(problem) or type(problem).__name__


def run(scenario: Scenario, one: Callable[[Scenario, float], Answer] = ask) -> Result:
    """Send all requests, so many at once as the scenario says; what is not sent in time counts as an error."""
    start = time.monotonic()
    deadline = start + scenario.within
    with ThreadPoolExecutor(scenario.at_once) as pool:
        answers = tuple(pool.map(lambda _: one(scenario, deadline), range(scenario.requests)))
    return Result(answers, time.monotonic() - start)


def failures(scenario: Scenario, result: Result) -> list[str]:
    """What the result is not good enough in, a sentence each; none when it passes."""
    found = []
    if result.errors > scenario.errors:
        found.append(f"{result.errors:.1%} of the requests failed; at most {scenario.errors:.1%} may.")
    if result.mean > scenario.mean:
        took = f"took {result.mean:.3f} s on average" if result.times else "never came"
        found.append(f"An answer {took}; at most {scenario.mean:g} s are allowed.")
    return found


def report(scenario: Scenario, result: Result) -> str:
    """The result for a person."""
    lines = [
        f"{len(result.answers)} requests to {scenario.url}, {scenario.at_once} at a time, in {result.seconds:.1f} s",
        f"errors  {result.errors:.1%}   (at most {scenario.errors:.1%})",
    ]
    if times := result.times:
        slow = times[math.ceil(0.95 * len(times)) - 1]
        lines.append(
            f"answers {result.mean:.3f} s on average   (at most {scenario.mean:g} s), "
            f"{statistics.median(times):.3f} s in the middle, 95 % within {slow:.3f} s, {times[-1]:.3f} s at the most"
        )
    problems = Counter(each.problem for each in result.answers if each.problem)
    lines += [f"  {count} × {problem}" for problem, count in problems.most_common(5)]
    return "\n".join(lines)


def address(outputs: Path, output: str, path: str) -> str:
    """The URL to ask: an output of the deployment, and a path below it.

    An output without a scheme is a host name, and is asked by http. Raises TapError when there are no outputs, not this
    one, or it is no address.
    """
    try:
        found = json.loads(outputs.read_text("utf-8"))
    except FileNotFoundError:
        raise TapError(f"{outputs} does not exist. `deploy` and `outputs` write it.") from None
    except ValueError as error:
        raise TapError(f"{outputs} is not JSON: {error}") from None
    if not isinstance(found, dict) or output not in found:
        known = ", ".join(sorted(found)) if isinstance(found, dict) and found else "none"
        raise TapError(f"{outputs} has no output {output}. It has: {known}.")
    base = str(found[output])
    base = base if "://" in base else f"http://{base}"
    parts = urlsplit(base)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise TapError(f"The output {output} is {found[output]!r}, which is no http or https address.")
    return f"{base.rstrip('/')}/{path.lstrip('/')}"


def main(arguments: Sequence[str] | None = None) -> int:
    """The command; gives the exit code."""
    given = _parser().parse_args(arguments)
    try:
        scenario = Scenario(
            address(given.outputs, given.output, given.path),
            given.requests,
            given.at_once,
            given.timeout,
            given.within,
            given.errors,
            given.mean,
            _key(given.key_variable),
        )
    except TapError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    print(f"asking {scenario.url} …", file=sys.stderr)
    result = run(scenario)
    print(report(scenario, result))
    wrong = failures(scenario, result)
    for sentence in wrong:
        print(f"error: {sentence}", file=sys.stderr)
    print("not passed" if wrong else "passed")
    return 1 if wrong else 0


def _key(variable: str) -> tuple[tuple[str, str], ...]:
    if not variable:
        return ()
    if not os.environ.get(variable):
        raise TapError(f"The environment variable {variable} is empty; it must hold the API key.")
    return (("x-api-key", os.environ[variable]),)


def _parser() -> argparse.ArgumentParser:
    said, _, _ = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser("python -m tests.load", description=said)
    parser.add_argument("--outputs", type=Path, default=Path("cfn-outputs/flat-outputs.json"), help="the outputs' file")
    parser.add_argument("--output", default="APIGatewayURL", help="the output that holds the address (%(default)s)")
    parser.add_argument("--path", default="/health", help="the path below it (%(default)s)")
    parser.add_argument("--requests", type=_from_one_to(MOST_REQUESTS), default=200, help="how many (%(default)s)")
    parser.add_argument("--at-once", type=_from_one_to(MOST_AT_ONCE), default=50, help="at a time (%(default)s)")
    parser.add_argument("--timeout", type=_seconds, default=30, help="seconds for one request (%(default)s)")
    parser.add_argument("--within", type=_seconds, default=180, help="seconds for all of them (%(default)s)")
    parser.add_argument("--errors", type=_share, default=0.05, help="share that may fail, 0 to 1 (%(default)s)")
    parser.add_argument("--mean", type=_seconds, default=5, help="seconds for an answer on average (%(default)s)")
    parser.add_argument("--key-variable", default="", help="the environment variable that holds an API key, if any")
    return parser


def _from_one_to(most: int) -> Callable[[str], int]:
    def number(text: str) -> int:
        if not text.isdecimal() or not 1 <= int(text) <= most:
            raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to {most}")
        return int(text)

    return number


def _between(text: str, most: float, what: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not 0 <= number <= most:
        raise argparse.ArgumentTypeError(f"{text!r} is not {what} from 0 to {most:g}")
    return number


def _seconds(text: str) -> float:
    return _between(text, LONGEST, "a number of seconds")


def _share(text: str) -> float:
    return _between(text, 1, "a share")


if __name__ == "__main__":
    sys.exit(main())
