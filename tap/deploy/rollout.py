"""How the tasks of an ECS service that is being made or changed get on: asked of ECS itself, now and then.

CloudFormation's events say nothing between the begin and the end of a service, which is where deployments wait longest
and fail most.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tap.deploy.events import Event

SERVICE = "AWS::ECS::Service"
PAUSE = 10.0
"""Seconds between two questions about the same service."""

_MOST_REASONS = 3


@dataclass(frozen=True)
class Rollout:
    """The tasks of a service's newest deployment, and why some stopped, the newest reason first."""

    desired: int
    running: int
    pending: int
    failed: int
    stopped: tuple[str, ...] = ()

    @property
    def words(self) -> str:
        """The same in a line."""
        parts = [f"{self.running} of {self.desired} tasks running"]
        parts += [f"{self.pending} starting"] if self.pending else []
        parts += [f"{self.failed} failed"] if self.failed else []
        return ", ".join(parts) + (f"; last stopped: {self.stopped[0]}" if self.stopped else "")


class Rollouts:
    """Asks ECS about services in progress. Where it may not be asked, or does not answer, it is silent from then on."""

    def __init__(self, client: Callable[[], Any], clock: Callable[[], float] = time.monotonic) -> None:
        self._make, self._clock = client, clock
        self._client: Any = None
        self._asked: dict[str, float] = {}
        self._silent = False
        self.known: dict[str, Rollout] = {}
        """What is known, by the service's logical id; it stays when the service is done or gone."""

    def ask(self, running: Iterable[Event]) -> None:
        """Learn how the services among the events of what is in progress get on."""
        for event in running:
            cluster, name = _place(event.physical_id)
            if self._silent or event.type != SERVICE or not cluster:
                continue
            now = self._clock()
            if now - self._asked.get(event.logical_id, -PAUSE) < PAUSE:
                continue
            self._asked[event.logical_id] = now
            try:
                self._client = self._client or self._make()
                found = _look(self._client, cluster, name)
            except (ClientError, BotoCoreError):
                self._silent = True
            else:
                if found:
                    self.known[event.logical_id] = found

    @property
    def stopped(self) -> Mapping[str, Sequence[str]]:
        """Why tasks stopped, by the service's logical id."""
        return {key: one.stopped for key, one in self.known.items() if one.stopped}


def _place(physical_id: str) -> tuple[str, str]:
    """Cluster and name in a service's ARN (``arn:aws:ecs:REGION:ACCOUNT:service/CLUSTER/NAME``), else nothing."""
    parts = physical_id.rsplit(":", maxsplit=1)[-1].split("/")
    return (parts[1], parts[2]) if physical_id.startswith("arn:") and len(parts) == 3 else ("", "")


def _look(client: Any, cluster: str, name: str) -> Rollout | None:
    """A service's rollout (ECS API reference, ``Deployment``); None where ECS does not know the service."""
    services = client.describe_services(cluster=cluster, services=[name])["services"]
    deployments = services[0].get("deployments", []) if services else []
    newest = next((one for one in deployments if one.get("status") == "PRIMARY"), None)
    if newest is None:
        return None
    failed = newest.get("failedTasks", 0)
    stopped = _stopped(client, cluster, name, newest) if failed or newest.get("runningCount", 0) == 0 else ()
    desired, running, pending = (newest.get(key, 0) for key in ("desiredCount", "runningCount", "pendingCount"))
    return Rollout(desired, running, pending, failed, stopped)


def _stopped(client: Any, cluster: str, name: str, newest: Mapping[str, Any]) -> tuple[str, ...]:
    """Why tasks of the newest deployment stopped."""
    arns = client.list_tasks(cluster=cluster, serviceName=name, desiredStatus="STOPPED", maxResults=10)["taskArns"]
    if not arns:
        return ()
    tasks = client.describe_tasks(cluster=cluster, tasks=arns)["tasks"]
    own = [one for one in tasks if one.get("taskDefinitionArn") == newest.get("taskDefinition")]
    own.sort(key=lambda one: str(one.get("stoppedAt", "")), reverse=True)
    return tuple(dict.fromkeys(filter(None, map(_reason, own))))[:_MOST_REASONS]


def _reason(task: Mapping[str, Any]) -> str:
    said = [str(task.get("stoppedReason") or "")]
    for container in task.get("containers", []):
        words = str(container.get("reason") or "")
        code = container.get("exitCode")
        words = words or (f"exit code {code}" if code else "")
        said += [f"{container.get('name', 'container')}: {words}"] if words else []
    return "; ".join(dict.fromkeys(one for one in said if one))
