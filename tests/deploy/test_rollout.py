from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from botocore.exceptions import ClientError
from botocore.stub import Stubber

from tap.deploy.events import event_of
from tap.deploy.rollout import PAUSE, Rollout, Rollouts
from tests.deploy.test_events import raw

Stubbed = Callable[[str], tuple[Any, Stubber]]
ARN = "arn:aws:ecs:eu-west-1:111111111111:service/shop/web"
SERVICE = event_of(raw(1, "CREATE_IN_PROGRESS", "WebService", ResourceType="AWS::ECS::Service", PhysicalResourceId=ARN))
OF_SERVICE = {"cluster": "shop", "services": ["web"]}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def deployments(running: int = 1, failed: int = 0) -> dict[str, Any]:
    newest = {
        "status": "PRIMARY",
        "taskDefinition": "td:2",
        "desiredCount": 2,
        "runningCount": running,
        "pendingCount": 1,
        "failedTasks": failed,
    }
    old = {"status": "ACTIVE", "taskDefinition": "td:1", "desiredCount": 9, "runningCount": 9}
    return {"services": [{"serviceArn": ARN, "deployments": [old, newest]}]}


def task(definition: str, minute: int, reason: str, code: int = 0) -> dict[str, Any]:
    return {
        "taskDefinitionArn": definition,
        "stoppedAt": datetime(2026, 11, 25, 8, minute, tzinfo=UTC),
        "stoppedReason": reason,
        "containers": [{"name": "web", "exitCode": code}],
    }


def test_the_newest_deployment_counts(stubbed: Stubbed) -> None:
    client, stubber = stubbed("ecs")
    stubber.add_response("describe_services", deployments(), OF_SERVICE)
    rollouts = Rollouts(lambda: client, Clock())
    rollouts.ask([SERVICE])
    assert rollouts.known == {"WebService": Rollout(2, 1, 1, 0)}
    assert rollouts.known["WebService"].words == "1 of 2 tasks running, 1 starting"


def test_why_its_tasks_stopped_is_asked_when_some_failed(stubbed: Stubbed) -> None:
    client, stubber = stubbed("ecs")
    stubber.add_response("describe_services", deployments(0, 3), OF_SERVICE)
    wanted = {"cluster": "shop", "serviceName": "web", "desiredStatus": "STOPPED", "maxResults": 10}
    stubber.add_response("list_tasks", {"taskArns": ["t1", "t2", "t3"]}, wanted)
    tasks = [task("td:2", 1, "older"), task("td:1", 9, "of the old one"), task("td:2", 2, "newer", 137)]
    stubber.add_response("describe_tasks", {"tasks": tasks}, {"cluster": "shop", "tasks": ["t1", "t2", "t3"]})
    rollouts = Rollouts(lambda: client, Clock())
    rollouts.ask([SERVICE])
    assert rollouts.stopped == {"WebService": ("newer; web: exit code 137", "older")}
    assert "3 failed; last stopped: newer" in rollouts.known["WebService"].words


def test_it_is_asked_now_and_then_only(stubbed: Stubbed) -> None:
    client, stubber = stubbed("ecs")
    clock = Clock()
    rollouts = Rollouts(lambda: client, clock)
    for now in (0.0, 1.0, PAUSE, PAUSE + 1):
        clock.now = now
        if now in {0.0, PAUSE}:
            stubber.add_response("describe_services", deployments(), OF_SERVICE)
        rollouts.ask([SERVICE])


def test_where_it_may_not_be_asked_it_is_silent_and_asks_no_more() -> None:
    asked = []

    class Denied:
        def describe_services(self, **_: Any) -> None:
            asked.append(1)
            raise ClientError({"Error": {"Code": "AccessDeniedException"}}, "DescribeServices")

    clock = Clock()
    rollouts = Rollouts(Denied, clock)
    for now in (0.0, 10 * PAUSE, 20 * PAUSE):
        clock.now = now
        rollouts.ask([SERVICE])
    assert (rollouts.known, rollouts.stopped, len(asked)) == ({}, {}, 1)


def test_what_is_no_service_or_has_no_name_yet_is_not_asked_about() -> None:
    def never() -> Any:
        raise AssertionError

    rollouts = Rollouts(never, Clock())
    rollouts.ask([event_of(raw(1, "CREATE_IN_PROGRESS", PhysicalResourceId=ARN))])
    rollouts.ask([event_of(raw(1, "CREATE_IN_PROGRESS", "WebService", ResourceType="AWS::ECS::Service"))])
    assert rollouts.known == {}


def test_a_service_that_ecs_does_not_know_is_left_out(stubbed: Stubbed) -> None:
    client, stubber = stubbed("ecs")
    stubber.add_response("describe_services", {"services": []}, OF_SERVICE)
    rollouts = Rollouts(lambda: client, Clock())
    rollouts.ask([SERVICE])
    assert rollouts.known == {}
