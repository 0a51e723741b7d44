"""TAP1126: how many tasks there are, and how many there may be while they are replaced."""

from __future__ import annotations

import math
from collections.abc import Iterator

from tap.check.graph.ecs import SERVICE, controller_of, strategy_of
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, at
from tap.check.values import Reference, Text, as_int, fields, shape


class NoProgress(ResourceRule):
    """A deployment that can neither stop nor start a task."""

    id = "TAP1126"
    title = "These percentages leave a deployment no room"
    description = (
        "A rolling deployment keeps MinimumHealthyPercent of the desired tasks (rounded up) and runs at most "
        "MaximumPercent (rounded down). Where both come to the same number it can never replace a task."
    )
    source = "ECS API, DeploymentConfiguration.minimumHealthyPercent, maximumPercent"
    advice = "Raise MaximumPercent (200) or lower MinimumHealthyPercent."
    types = (SERVICE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Rolling deployments of replicas."""
        own = fields(resource.get("DeploymentConfiguration"))
        low_said, high_said = own.get("MinimumHealthyPercent"), own.get("MaximumPercent")
        low = 100 if low_said is None else as_int(low_said)
        high = 200 if high_said is None else as_int(high_said)
        daemon = resource.get("SchedulingStrategy") not in (None, "REPLICA")
        if (
            low is None
            or high is None
            or daemon
            or controller_of(resource) != "ECS"
            or strategy_of(resource) != "ROLLING"
        ):
            return
        if high <= 100 and resource.get("AvailabilityZoneRebalancing") == "ENABLED":
            says = f"At most {high} % leave the rebalancing of zones no room: it starts tasks before it stops others."
            yield at(resource, "AvailabilityZoneRebalancing", says=says, advice="Raise MaximumPercent, or disable it.")
        wanted_said = resource.get("DesiredCount")
        wanted = 1 if wanted_said is None and not _scaled(resource, world) else as_int(wanted_said)
        stuck = high <= low and high <= 100
        if wanted and not stuck:
            stuck = math.ceil(wanted * low / 100) >= math.floor(wanted * high / 100)
        if stuck or high < low:
            tasks = f" of {wanted} task{'s' if wanted != 1 else ''}" if wanted else ""
            says = f"At least {low} % and at most {high} %{tasks} leave a deployment no room."
            yield at(resource, "DeploymentConfiguration", says=says)


def _scaled(service: Resource, world: World) -> list[Resource]:
    """The scalable targets of a service."""
    found = []
    for one in world.of_type("AWS::ApplicationAutoScaling::ScalableTarget"):
        value = one.get("ResourceId")
        if one.get("ServiceNamespace") not in (None, "ecs"):
            continue
        named = isinstance(value, Text | Reference) and world.target(value, SERVICE) is service
        mine = world.name(service)
        if named or (mine is not None and isinstance(value, str | Text) and shape(value).endswith(f"/{shape(mine)}")):
            found.append(one)
    return found
