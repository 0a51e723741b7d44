"""``python -m tests.chaos``: at least so many deployments under faults, and what came of them."""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from pathlib import Path

from tests.chaos.scenario import Scenario, Tally, WrongError
from tests.integration.conftest import emulator_in
from tests.nursery import Nursery


def run(seed: int, deployments: int, workers: int, folder: Path, endpoint: str) -> tuple[Tally, list[str]]:
    """Scenarios from ``seed`` on until there are so many deployments; gives the tally, and what went wrong."""
    tally, wrong, lock = Tally(), list[str](), threading.Lock()
    following = iter(range(seed, seed + 10**9))

    def work() -> None:
        nursery = Nursery()
        try:
            while True:
                with lock:
                    if tally.deployments >= deployments:
                        return
                    number = next(following)
                try:
                    Scenario(number, endpoint, nursery, folder, tally).run()
                except WrongError as found:
                    with lock:
                        wrong.append(str(found))
        finally:
            nursery.close()

    threads = [threading.Thread(target=work) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return tally, wrong


def main() -> int:
    """Run, and tell. Exit code 1 when anything ended as it must not."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--deployments", type=int, default=300)
    parser.add_argument("--workers", type=int, default=2)
    asked = parser.parse_args()
    started = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="chaos-") as name:
        folder = Path(name)
        with emulator_in(folder / "emulator") as endpoint:
            tally, wrong = run(asked.seed, asked.deployments, asked.workers, folder, endpoint.url)
    for one in wrong:
        print(f"WRONG {one}\n")
    took = time.perf_counter() - started
    counts = f"{tally.deployments} deployments, {tally.attempts} attempts, {tally.kills} killed"
    print(f"{counts}, {len(wrong)} wrong, {took:.0f} s")
    for fault, count in sorted(tally.faults.items()):
        print(f"  {count:>5}  {fault}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
