"""Sessions: a DynamoDB table, its indexes and its expiry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from awacs.aws import Allow, Statement
from troposphere import GetAtt, Sub, dynamodb

from tap.model import Tier
from templates.tiers.keeping import Keeping
from templates.tiers.words import actions, att, named


@dataclass(frozen=True)
class Index:
    """A global secondary index: partition and sort key, each a name and a type (``S`` or ``N``)."""

    name: str
    partition: tuple[str, str]
    sort: tuple[str, str]


@dataclass(frozen=True)
class SessionsChoices:
    """What a sessions table can differ in. ``table`` is its name before the suffix; ``expiry`` the TTL attribute."""

    table: str
    partition: tuple[str, str]
    sort: tuple[str, str]
    indexes: tuple[Index, ...]
    expiry: str
    export: str
    keeping: Keeping
    exempt: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Sessions:
    """Handles of the sessions table."""

    tier: Tier
    table: dynamodb.Table

    def read_write(self) -> Statement:
        """What a task may do that keeps sessions: items and queries, no administration of the table."""
        verbs = ("GetItem", "BatchGetItem", "Query", "PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem")
        return Statement(
            Sid="KeepSessions",
            Effect=Allow,
            Action=actions("dynamodb", *verbs, "ConditionCheckItem", "DescribeTable"),
            Resource=[GetAtt(self.table, "Arn"), Sub(f"{att(self.table, 'Arn')}/index/*")],
        )


def sessions(choices: SessionsChoices) -> Sessions:
    """Build the sessions tier."""
    tier = Tier(
        "sessions", "Sessions", "A DynamoDB table with the sessions of signed-in users, which expire by themselves."
    )
    keys = [
        choices.partition,
        choices.sort,
        *(key for index in choices.indexes for key in (index.partition, index.sort)),
    ]
    table = tier.add(
        dynamodb.Table(
            "SessionsTable",
            **choices.keeping.policies,
            TableName=named(choices.table),
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[
                dynamodb.AttributeDefinition(AttributeName=name, AttributeType=kind)
                for name, kind in dict.fromkeys(keys)
            ],
            KeySchema=_keys(choices.partition, choices.sort),
            GlobalSecondaryIndexes=[
                dynamodb.GlobalSecondaryIndex(
                    IndexName=index.name,
                    KeySchema=_keys(index.partition, index.sort),
                    Projection=dynamodb.Projection(ProjectionType="ALL"),
                )
                for index in choices.indexes
            ],
            TimeToLiveSpecification=dynamodb.TimeToLiveSpecification(AttributeName=choices.expiry, Enabled=True),
            PointInTimeRecoverySpecification=dynamodb.PointInTimeRecoverySpecification(PointInTimeRecoveryEnabled=True),
            SSESpecification=dynamodb.SSESpecification(SSEEnabled=True),
        ),
        "The sessions. DynamoDB removes one some time after its expiry; the table can be restored to any second of the "
        f"last 35 days. {choices.keeping.says}",
        exempt=dict(choices.exempt),
    )
    tier.output("SessionsTableName", "The DynamoDB table with the sessions.", table.ref(), export=choices.export)
    return Sessions(tier, table)


def _keys(partition: tuple[str, str], sort: tuple[str, str]) -> list[dynamodb.KeySchema]:
    return [
        dynamodb.KeySchema(AttributeName=partition[0], KeyType="HASH"),
        dynamodb.KeySchema(AttributeName=sort[0], KeyType="RANGE"),
    ]
