"""How large a database's instances are: of a fixed size, or growing and shrinking by themselves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from troposphere import Equals, FindInMap, If, Ref, rds
from troposphere.validators import double

from tap.model import Tier


@dataclass(frozen=True)
class Provisioned:
    """Instances of a fixed size: one writer and so many readers.

    With ``connections`` (instance class → the connections it is set to take) the class is a parameter.
    """

    instance_class: str
    readers: int
    connections: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Serverless:
    """Instances that grow and shrink between these capacity units; with ``least`` 0 they pause after so many idle
    seconds (300 to 86,400). All three are parameters with these defaults."""

    least: str
    most: str
    pause_after: int
    readers: int


@dataclass(frozen=True)
class Size:
    """What follows from a capacity: the instance class, properties of the cluster, settings of its parameter group, and
    how many connections are too many (None where that is not known)."""

    instance_class: Any
    cluster: Mapping[str, Any]
    settings: Mapping[str, Any]
    busy: Any


class _Scaling(rds.ServerlessV2ScalingConfiguration):
    # troposphere 4.11 refuses 0, which pauses (RDS API, ServerlessV2ScalingConfiguration).
    props: Mapping[str, Any] = rds.ServerlessV2ScalingConfiguration.props | {
        "MinCapacity": (double, False),
        "MaxCapacity": (double, False),
    }


def _range(tier: Tier, capacity: Serverless) -> _Scaling:
    units = ["0.5", "1", "2", "4", "8", "16", "32", "64", "128", "256"]
    least = tier.parameter(
        "DatabaseMinCapacity",
        "The capacity units (about 2 GiB of memory each) that an idle instance keeps. Only with 0 does the database "
        "pause when nobody is connected; the first connection then waits some 15 seconds.",
        group="Database",
        label="Least capacity",
        Default=capacity.least,
        AllowedValues=["0", *units],
        ConstraintDescription="a number of capacity units",
    )
    most = tier.parameter(
        "DatabaseMaxCapacity",
        "The capacity units to which an instance may grow; not less than the least capacity.",
        group="Database",
        label="Most capacity",
        Default=capacity.most,
        AllowedValues=units[1:],
        ConstraintDescription="a number of capacity units",
    )
    pause = tier.parameter(
        "DatabasePauseSeconds",
        "After how many seconds without a connection the database pauses; ignored unless the least capacity is 0.",
        group="Database",
        label="Pause after",
        Type="Number",
        Default=capacity.pause_after,
        MinValue=300,
        MaxValue=86_400,
        ConstraintDescription="a number of seconds from 300 to 86400",
    )
    pauses = tier.condition("DatabasePauses", Equals(Ref(least), "0"))
    return _Scaling(
        MinCapacity=Ref(least),
        MaxCapacity=Ref(most),
        SecondsUntilAutoPause=If(pauses, Ref(pause), Ref("AWS::NoValue")),
    )


def size(tier: Tier, capacity: Provisioned | Serverless) -> Size:
    """Add the parameters that a capacity is chosen by; gives what follows from it."""
    if isinstance(capacity, Serverless):
        return Size("db.serverless", {"ServerlessV2ScalingConfiguration": _range(tier, capacity)}, {}, None)
    if not capacity.connections:
        return Size(capacity.instance_class, {}, {}, None)
    chosen = tier.parameter(
        "DatabaseInstanceClass",
        "The size of the database's instances. Changing it restarts them one after the other.",
        group="Database",
        label="Size of the instances",
        Default=capacity.instance_class,
        AllowedValues=list(capacity.connections),
        ConstraintDescription="one of the sizes whose number of connections is known",
    )
    table = tier.mapping(
        "DatabaseConnections",
        {name: {"Most": str(most), "Busy": str(most * 9 // 10)} for name, most in capacity.connections.items()},
    )
    most, busy = (FindInMap(table, Ref(chosen), key) for key in ("Most", "Busy"))
    return Size(Ref(chosen), {}, {"max_connections": most}, busy)
