"""A life of a system under faults: created, updated a few times, deleted; looked at after each step."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from tap.deploy.saved import PURPOSE
from tests.chaos.faults import Dice
from tests.chaos.proxy import Proxy
from tests.integration.test_deploy import break_it
from tests.nursery import Nursery
from tests.workbench import Workbench

TEMPLATES = Path(__file__).parent.parent / "integration" / "templates"
SECRET = "planted-s3cret-value"
RATE = 0.10
CALMER = 0.75
"""Each new attempt meets so much less trouble, as the world does in the end."""
ATTEMPTS = 30
PATIENCE = 120.0
"""Seconds that one command may take before it counts as hung."""
REGIONS = ("us-east-1", "eu-west-1")
"""Where stacks may be: the edge's system is in another region than its edge."""

ALLOWED = frozenset({0, 1, 4, 130, -9})
"""How an attempt may end: well, with an error that is said, rolled back, interrupted, or killed."""

PLANNED = frozenset({0, 1, 2, 130, -9})
"""How a plan may end: nothing to do, an error that is said, changes, interrupted, or killed."""

LAYOUTS = {"notes": "stack", "notes-tiers": "tiers", "notes-nested": "nested", "notes-edge": "stack"}
STACKS = {
    "notes": ("notes-dev",),
    "notes-tiers": ("notes-tiers-dev-storage", "notes-tiers-dev-intake"),
    "notes-nested": ("notes-nested-dev",),
    "notes-edge": ("notes-edge-dev-edge", "notes-edge-dev"),
}


class WrongError(AssertionError):
    """Something did not end as it must."""


@dataclass
class Tally:
    """What happened, over all scenarios."""

    deployments: int = 0
    attempts: int = 0
    kills: int = 0
    faults: dict[str, int] = field(default_factory=dict)


@dataclass
class Scenario:
    """One life. ``seed`` decides which system, which steps and which faults."""

    seed: int
    endpoint: str
    nursery: Nursery
    folder: Path
    tally: Tally

    def run(self) -> None:
        """Live it. Raises WrongError, which says what is not as it must be and how to see it again."""
        choice = random.Random(self.seed)
        self.system = choice.choice(list(STACKS))
        self.account = f"{900_000_000_000 + self.seed % 10**10:012d}"
        self.session = boto3.session.Session(aws_access_key_id=self.account, aws_secret_access_key="local")
        self.clients: dict[tuple[str, str], Any] = {}
        self.bench = Workbench(TEMPLATES, self.folder / str(self.seed), {})
        self.proxy = Proxy(self.endpoint)
        self.step, self.retention = 0, 60
        try:
            values = self._settings(choice)
            self._deploy(values, fresh=True)
            for _ in range(choice.randint(1, 3)):
                if self.system == "notes" and choice.random() < 0.25:
                    self._fail(values)
                values = {**values, **self._settings(choice)} if choice.random() < 0.8 else values
                self._deploy(values)
            self._delete()
        except WrongError as wrong:
            raise WrongError(f"seed {self.seed} ({self.system}), step {self.step}: {wrong}\n{self._told()}") from None
        finally:
            self.proxy.close()

    def _settings(self, choice: random.Random) -> dict[str, str]:
        if self.system == "notes-edge":
            return {"Domain": choice.choice(["a.example.com", "b.example.com"]), "Limit": str(choice.randint(1, 9))}
        # Ever longer: a shorter time would drop messages, and the gate would want that named.
        self.retention += choice.randint(1, 900)
        found = {"RetentionSeconds": str(self.retention)}
        if self.system == "notes":
            found |= {"Size": choice.choice(["small", "large"]), "QueueLabel": choice.choice(["inbox", "outbox"])}
            found["ApiKey"] = SECRET
        return found

    def _fail(self, values: Mapping[str, str]) -> None:
        """Deploy what cannot work: it is said so, and all is as it was before."""
        whole = {path: path.read_text("utf-8") for path in (self.bench.out / "notes").glob("stack.*")}
        self.bench.edit("notes/stack.yaml", break_it)
        words = [word for key, value in values.items() for word in ("--parameter", f"{key}={value}")]
        self._until_done("deploy", ["--yes", *words], [], well=4)
        for path, text in whole.items():
            path.write_text(text, "utf-8")
        (stack,) = [one for one in self._stacks() if one["StackName"] == "notes-dev"]
        if stack["StackStatus"] != "UPDATE_ROLLBACK_COMPLETE":
            raise WrongError(f"after an update that failed notes-dev is {stack['StackStatus']}")
        self._check_reality(values)

    def _execute(self, words: list[str], allowed: list[str]) -> None:
        """Now and then a plan is saved and executed; what does not come to its end, the deployment takes up."""
        choice = random.Random(f"{self.seed}:{self.step}:execute")
        if self.system == "notes-edge" or choice.random() < 0.7:
            return
        saved = self.folder / f"{self.seed}.plan"
        self.proxy.dice = Dice(f"{self.seed}:{self.step}:save", RATE)
        code, out, err = self._attempt("plan", ["--layout", LAYOUTS[self.system], *words, "--save", str(saved)])
        if code not in PLANNED or "Traceback" in err or SECRET in out + err:
            raise WrongError(f"plan --save ended with exit code {code}")
        if saved.exists():
            if SECRET in saved.read_text("utf-8"):
                raise WrongError("a saved plan has a secret in it")
            self._until_done("execute", [str(saved), "--yes", *allowed], [], well=0, given_up=3)
            saved.unlink()

    def _deploy(self, values: Mapping[str, str], *, fresh: bool = False) -> None:
        before = self._operations()
        self._plan(values)
        words = [word for key, value in values.items() for word in ("--parameter", f"{key}={value}")]
        edge = ["--edge"] if self.system == "notes-edge" else []
        replaces = not fresh and self.system == "notes" and self._queue_label() != values["QueueLabel"]
        allowed = ["--allow-replace", "Queue"] if replaces else []
        asked = ["--layout", LAYOUTS[self.system], "--yes", *words, *edge]
        if not fresh:
            self._execute(words, allowed)
        self._until_done("deploy", [*asked, *allowed], allowed)
        if self._waiting():
            # What could not be swept under faults goes with the next deployment.
            self.proxy.dice = Dice("", 0.0)
            if self._attempt("deploy", asked)[0] != 0 or self._waiting():
                raise WrongError(f"there are change sets that nobody will execute: {self._waiting()}")
        self._check_deployed(values, before)

    def _plan(self, values: Mapping[str, str]) -> None:
        """Now and then somebody plans first, once, however that ends; it must leave nothing behind for good."""
        choice = random.Random(f"{self.seed}:{self.step}:plan")
        if choice.random() < 0.6:
            return
        self.proxy.dice = Dice(f"{self.seed}:{self.step}:plan", 3 * RATE)
        words = [word for key, value in values.items() for word in ("--parameter", f"{key}={value}")]
        code, out, err = self._attempt("plan", ["--layout", LAYOUTS[self.system], *words])
        if code not in PLANNED or "Traceback" in err or SECRET in out + err:
            raise WrongError(f"plan ended with exit code {code}")

    def _delete(self) -> None:
        edge = ["--edge"] if self.system == "notes-edge" else []
        words = ["--layout", LAYOUTS[self.system], "--yes", "--allow-delete-data", *edge]
        self._until_done("delete", words, [])
        left = [one["StackName"] for one in self._stacks() if one["StackStatus"] != "DELETE_COMPLETE"]
        if left:
            raise WrongError(f"after the deletion there is still: {left}")
        queues = self._client("sqs").list_queues().get("QueueUrls", [])
        if queues:
            raise WrongError(f"queues are left behind: {queues}")
        if self.bench.outputs.exists() and list(self.bench.outputs.iterdir()):
            raise WrongError(f"files of outputs are left behind: {list(self.bench.outputs.iterdir())}")

    def _until_done(
        self, verb: str, words: list[str], optional: list[str], *, well: int = 0, given_up: int | None = None
    ) -> None:
        """Run a command again until it ends ``well``, or with ``given_up``: that is all that a person would do."""
        self.step += 1
        self.tally.deployments += 1
        rate = RATE
        for attempt in range(ATTEMPTS):
            self.proxy.dice = Dice(f"{self.seed}:{self.step}:{attempt}", rate if attempt < ATTEMPTS - 5 else 0.0)
            code, out, err = self._attempt(verb, words)
            for fault, count in self.proxy.dice.met.items():
                self.tally.faults[fault.value] = self.tally.faults.get(fault.value, 0) + count
            for text in (out, err):
                if "Traceback" in text:
                    raise WrongError(f"{verb} ended in a traceback")
                if SECRET in text:
                    raise WrongError(f"{verb} showed a secret")
            if code in {well, given_up}:
                return
            if code == 3 and optional and "not among the harmful changes" in err:
                # The replacement was done by an attempt whose end nobody saw.
                words = [word for word in words if word not in optional]
                continue
            if code not in ALLOWED:
                raise WrongError(f"{verb} ended with exit code {code}")
            if code > 0 and not err.strip():
                raise WrongError(f"{verb} failed without a word")
            rate *= CALMER
        raise WrongError(f"{verb} did not end well in {ATTEMPTS} attempts")

    def _attempt(self, verb: str, words: list[str]) -> tuple[int, str, str]:
        self.tally.attempts += 1
        out, err = self.folder / f"{self.seed}.out", self.folder / f"{self.seed}.err"
        where = ("--endpoint-url", self.proxy.url)
        argv = self.bench.arguments(verb, self.system, *words, where=where)[2:]
        if verb == "execute":
            argv = [verb, *words, *where, "--outputs-dir", str(self.bench.outputs)]
        self.proxy.log.append(f"--- {verb}")
        self.proxy.victim = child = self.nursery.begin(argv, self._environment(), out, err)
        hung = threading.Event()

        def end() -> None:
            hung.set()
            os.kill(child, signal.SIGKILL)

        timer = threading.Timer(PATIENCE, end)
        timer.start()
        code = self.nursery.end()
        timer.cancel()
        self.proxy.victim = None
        if hung.is_set():
            raise WrongError(f"{verb} did not end in {PATIENCE:.0f} s")
        self.tally.kills += code == -9
        self._last = (out.read_text("utf-8"), err.read_text("utf-8"))
        return code, *self._last

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TAP_"))}
        return kept | {
            "AWS_ACCESS_KEY_ID": self.account,
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "TAP_STATE_DIR": str(self.folder / "state"),
        }

    def _check_deployed(self, values: Mapping[str, str], before: Mapping[str, int]) -> None:
        stacks = {one["StackName"]: one for one in self._stacks() if one["StackStatus"] != "DELETE_COMPLETE"}
        # Nested stacks have names that CloudFormation makes.
        own = {name: one for name, one in stacks.items() if name in STACKS[self.system]}
        others = set(stacks) - set(own)
        if set(own) != set(STACKS[self.system]) or (others and self.system != "notes-nested"):
            raise WrongError(f"the stacks are {sorted(stacks)}")
        now = self._operations()
        for name, one in own.items():
            # Where an update failed and nothing was to be changed since, its rollback is the last thing that happened.
            rested = one["StackStatus"] == "UPDATE_ROLLBACK_COMPLETE" and now[name] == before.get(name)
            if one["StackStatus"] not in {"CREATE_COMPLETE", "UPDATE_COMPLETE"} and not rested:
                raise WrongError(f"{name} is {one['StackStatus']}")
            told = {each["ParameterKey"]: each["ParameterValue"] for each in one.get("Parameters", [])}
            for key, value in values.items():
                if key in told and told[key] not in {value, "****"}:
                    raise WrongError(f"{name} has {key}={told[key]}, not {value}")
        most = 2 if self.system == "notes-edge" else 1  # the edge is told of the distribution
        for name, count in now.items():
            if count - before.get(name, 0) > most:
                raise WrongError(f"{name}: {count - before.get(name, 0)} operations were begun for one deployment")
        self._check_reality(values)
        flat = json.loads((self.bench.outputs / "flat-outputs.json").read_text("utf-8"))
        for one in own.values():
            for each in one.get("Outputs", []):
                if each["OutputKey"] not in flat:
                    raise WrongError(f"the output {each['OutputKey']} was not written")

    def _waiting(self) -> list[str]:
        """The change sets that nobody has executed, but for those of plans that were to be saved."""
        return [
            each["ChangeSetName"]
            for one in self._stacks()
            if one["StackStatus"] != "DELETE_COMPLETE"
            for each in self._client("cloudformation", one["Region"]).list_change_sets(StackName=one["StackId"])[
                "Summaries"
            ]
            if (each.get("ExecutionStatus") == "AVAILABLE" or each["Status"] != "CREATE_COMPLETE")
            and not each["ChangeSetName"].startswith(f"tap-{PURPOSE}-")
        ]

    def _check_reality(self, values: Mapping[str, str]) -> None:
        if self.system == "notes-edge":
            (topic,) = self._client("sns").list_topics()["Topics"]
            shown = self._client("sns").get_topic_attributes(TopicArn=topic["TopicArn"])["Attributes"]["DisplayName"]
            if shown != f"{values['Domain']} {values['Limit']}":
                raise WrongError(f"the topic is called {shown!r}")
            return
        urls = self._client("sqs").list_queues().get("QueueUrls", [])
        if len(urls) != 1:
            raise WrongError(f"there are {len(urls)} queues: {urls}")
        found = self._client("sqs").get_queue_attributes(QueueUrl=urls[0], AttributeNames=["All"])["Attributes"]
        if found["MessageRetentionPeriod"] != values["RetentionSeconds"]:
            raise WrongError(f"the queue keeps notes for {found['MessageRetentionPeriod']} s")

    def _queue_label(self) -> str:
        (stack,) = self._client("cloudformation").describe_stacks(StackName="notes-dev")["Stacks"]
        told = {one["ParameterKey"]: str(one["ParameterValue"]) for one in stack["Parameters"]}
        return told["QueueLabel"]

    def _operations(self) -> dict[str, int]:
        """How many operations were begun on each stack that there is."""
        found = {}
        for stack in self._stacks():
            client = self._client("cloudformation", stack["Region"])
            if stack["StackStatus"] == "DELETE_COMPLETE" or stack["StackName"] not in STACKS[self.system]:
                continue
            events = client.describe_stack_events(StackName=stack["StackId"])["StackEvents"]
            found[stack["StackName"]] = sum(
                one["PhysicalResourceId"] == stack["StackId"]
                and one["ResourceStatus"] in {"CREATE_IN_PROGRESS", "UPDATE_IN_PROGRESS"}
                for one in events
            )
        return found

    def _stacks(self) -> list[Mapping[str, Any]]:
        found: list[Mapping[str, Any]] = []
        for region in REGIONS:
            stacks = self._client("cloudformation", region).describe_stacks()["Stacks"]
            found += [{**one, "Region": region} for one in stacks]
        return found

    def _client(self, service: str, region: str = REGIONS[0]) -> Any:
        if (service, region) not in self.clients:
            self.clients[service, region] = self.session.client(
                service,  # type: ignore[call-overload]
                region_name=region,
                endpoint_url=self.endpoint,
                config=Config(retries={"total_max_attempts": 1}),
            )
        return self.clients[service, region]

    def _told(self) -> str:
        last = getattr(self, "_last", ("", ""))
        return "\n".join([*self.proxy.log[-30:], "last attempt:", last[0][-2000:], last[1][-3000:]])
