"""What tasks run on: Fargate on demand, spot, or a mix."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

from troposphere import Equals, If, Not, Ref, ecs

from tap.model import Tier

_item = ecs.CapacityProviderStrategyItem
# Only one provider of a strategy may have a base (ECS API, CapacityProviderStrategyItem).


class Capacity(Protocol):
    """A kind of capacity."""

    def strategy(self, tier: Tier) -> Any:
        """Add what it needs to the services' tier, once; gives the strategy of each service."""


@dataclass(frozen=True)
class OnDemand:
    """Fargate on demand only."""

    def strategy(self, tier: Tier) -> Any:
        """Fargate, and nothing else."""
        return [_item(CapacityProvider="FARGATE", Weight=1)]


@dataclass(frozen=True)
class Mixed:
    """So many tasks on demand; beyond them, on demand and spot by weight."""

    base: int
    on_demand: int
    spot: int

    def strategy(self, tier: Tier) -> Any:
        """Fargate with the base, and spot."""
        return [
            _item(CapacityProvider="FARGATE", Base=self.base, Weight=self.on_demand),
            _item(CapacityProvider="FARGATE_SPOT", Weight=self.spot),
        ]


@dataclass(frozen=True)
class Spot:
    """Spot, with an on-demand base that the operator may set."""

    def strategy(self, tier: Tier) -> Any:
        """Add the parameter for the base."""
        base = tier.parameter(
            "OnDemandTasks",
            "How many tasks of each service run on demand; of those beyond them, four in five run on spot capacity, "
            "which AWS can take back at two minutes' notice. With 0 everything runs on spot.",
            group="Services",
            label="On-demand tasks per service",
            Type="Number",
            Default=0,
            MinValue=0,
            MaxValue=10,
            ConstraintDescription="a number from 0 to 10",
        )
        some = tier.condition("HasOnDemandTasks", Not(Equals(Ref(base), "0")))
        return If(
            some,
            [
                # A provider of weight 0 places no tasks (ECS API), so on demand takes one in five beyond its base.
                _item(CapacityProvider="FARGATE", Base=Ref(base), Weight=1),
                _item(CapacityProvider="FARGATE_SPOT", Weight=4),
            ],
            [_item(CapacityProvider="FARGATE_SPOT", Base=1, Weight=1)],
        )
