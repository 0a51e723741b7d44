"""TAP128x: tables of DynamoDB."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at
from tap.check.values import Unknown, as_bool, as_number, fields, items

TABLE = "AWS::DynamoDB::Table"


class TimeToLive(ResourceRule):
    """Items that never expire."""

    id = "TAP1280"
    title = "The time to live is a key that holds no number"
    description = (
        "Items expire by a number (seconds since 1970). An attribute that is a key and is text never lets them."
    )
    severity = Severity.WARNING
    source = "DynamoDB developer guide, “Using time to live (TTL) in DynamoDB”"
    advice = "Use an attribute of its own, of type N."
    types = (TABLE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The attribute of the time to live."""
        name = resource.get("TimeToLiveSpecification", "AttributeName")
        for one in items(resource.get("AttributeDefinitions")):
            kind = fields(one).get("AttributeType")
            if isinstance(name, str) and fields(one).get("AttributeName") == name and kind in ("S", "B"):
                where = ("TimeToLiveSpecification", "AttributeName")
                yield at(resource, *where, says=f"{name} is a key of type {kind}.")


class TableSettings(ResourceRule):
    """Settings of a table that do not go together."""

    id = "TAP1281"
    title = "The table cannot be made so"
    description = (
        "Every key is defined, and nothing else; copies reach back 1 to 35 days; limits on demand are for tables on "
        "demand, and provisioned throughput for the others."
    )
    source = "DynamoDB API, CreateTable, PointInTimeRecoverySpecification, OnDemandThroughput"
    types = (TABLE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Keys, throughput and copies of a table."""
        days = as_number(resource.get("PointInTimeRecoverySpecification", "RecoveryPeriodInDays"))
        if days is not None and not 1 <= days <= 35:
            where = ("PointInTimeRecoverySpecification", "RecoveryPeriodInDays")
            yield at(resource, *where, says=f"{days:g} days: 1 to 35.")
        elif (
            days is not None
            and as_bool(resource.get("PointInTimeRecoverySpecification", "PointInTimeRecoveryEnabled")) is False
        ):
            yield at(resource, "PointInTimeRecoverySpecification", says="Days are stated, but it is not enabled.")
        mode = resource.get("BillingMode")
        if mode == "PAY_PER_REQUEST" and resource.get("ProvisionedThroughput") is not None:
            yield at(
                resource, "ProvisionedThroughput", says="The table is on demand: it has no provisioned throughput."
            )
        if mode in (None, "PROVISIONED") and resource.get("OnDemandThroughput") is not None:
            yield at(resource, "OnDemandThroughput", says="The table is not on demand.")
        defined = [fields(one).get("AttributeName") for one in items(resource.get("AttributeDefinitions"))]
        used: list[Any] = []
        kinds = ("GlobalSecondaryIndexes", "LocalSecondaryIndexes")
        if any(isinstance(resource.get(kind), Unknown) for kind in kinds):
            return
        lists = [items(resource.get("KeySchema"))]
        for kind in kinds:
            lists += [items(fields(one).get("KeySchema")) for one in items(resource.get(kind))]
        for key in lists:
            used.extend(fields(one).get("AttributeName") for one in key)
        if all(isinstance(one, str) for one in (*defined, *used)) and used:
            for name in sorted(map(str, set(used) - set(defined))):
                yield at(resource, "AttributeDefinitions", says=f"The key {name} is not defined.")
            for name in sorted(map(str, set(defined) - set(used))):
                yield at(resource, "AttributeDefinitions", says=f"{name} is defined, but is no key.")


class ScaledOnDemand(ResourceRule):
    """Scaling of a table that scales by itself."""

    id = "TAP1282"
    title = "A table on demand cannot be scaled"
    description = "Application Auto Scaling changes provisioned throughput; a table on demand has none, and is refused."
    source = "DynamoDB developer guide, “Managing throughput capacity automatically with auto scaling”"
    advice = "Leave the target out, or set BillingMode: PROVISIONED."
    types = ("AWS::ApplicationAutoScaling::ScalableTarget",)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """A target that is a table of the template."""
        if resource.get("ServiceNamespace") != "dynamodb":
            return
        table = world.target(resource.get("ResourceId"), TABLE)
        if table and table.get("BillingMode") == "PAY_PER_REQUEST":
            yield at(resource, "ResourceId", says=f"{table.logical_id} is on demand.")


class IndexSettings(ResourceRule):
    """Indexes that DynamoDB refuses."""

    id = "TAP1293"
    title = "An index has the throughput that its table's mode needs, and names the attributes that it copies"
    description = (
        "Indexes of a provisioned table have a provisioned throughput, those of a table on demand have none. INCLUDE "
        "needs NonKeyAttributes, no other projection takes them; names of indexes are used once."
    )
    source = "DynamoDB API, CreateTable: GlobalSecondaryIndex, Projection"
    types = (TABLE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The indexes of a table, global and local."""
        mode = resource.get("BillingMode")
        provisioned = mode in (None, "PROVISIONED") and resource.get("ProvisionedThroughput") is not None
        seen: set[str] = set()
        for kind in ("GlobalSecondaryIndexes", "LocalSecondaryIndexes"):
            for index, body in enumerate(items(resource.get(kind))):
                one = fields(body)
                through, projection = one.get("ProvisionedThroughput"), fields(one.get("Projection"))
                if kind == "GlobalSecondaryIndexes" and mode == "PAY_PER_REQUEST" and through is not None:
                    says = "The table is on demand: its indexes have no provisioned throughput."
                    yield at(resource, kind, index, "ProvisionedThroughput", says=says)
                elif kind == "GlobalSecondaryIndexes" and provisioned and through is None:
                    says = "The table is provisioned, and the index has no ProvisionedThroughput."
                    yield at(resource, kind, index, says=says)
                copies, named = projection.get("ProjectionType"), projection.get("NonKeyAttributes")
                if copies == "INCLUDE" and not named:
                    says = "ProjectionType is INCLUDE, and there are no NonKeyAttributes."
                    yield at(resource, kind, index, "Projection", says=says)
                elif copies in ("ALL", "KEYS_ONLY") and named:
                    says = f"ProjectionType is {copies}: it takes no NonKeyAttributes."
                    yield at(resource, kind, index, "Projection", "NonKeyAttributes", says=says)
                name = one.get("IndexName")
                if isinstance(name, str) and name in seen:
                    yield at(resource, kind, index, "IndexName", says=f"There is another index {name}.")
                elif isinstance(name, str):
                    seen.add(name)
