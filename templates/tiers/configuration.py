"""Configuration that is no secret: parameters in Parameter Store, which the tasks read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from awacs.aws import Allow, Statement
from troposphere import Sub, ssm

from tap.model import SUFFIX, Tier
from templates.tiers.words import actions, arn, ref


@dataclass(frozen=True)
class Setting:
    """One value: its name in the store, the variable under which tasks see it, what it is, and the default that the
    operator may change."""

    name: str
    variable: str
    says: str
    default: str
    allowed: str = "^.{1,256}$"


@dataclass(frozen=True)
class Configuration:
    """Handles of the configuration."""

    tier: Tier
    settings: Mapping[str, ssm.Parameter]
    path: str

    def injected(self) -> dict[str, Any]:
        """What ECS takes from the store when a task starts, by variable."""
        return {variable: arn("ssm", f"parameter{ref(each)}") for variable, each in self.settings.items()}

    def read(self) -> Statement:
        """What a role needs to read the settings, one by one or all at once: then the path itself is asked for."""
        return Statement(
            Sid="ReadSettings",
            Effect=Allow,
            Action=actions("ssm", "GetParameter", "GetParameters", "GetParametersByPath"),
            Resource=[arn("ssm", f"parameter{self.path}"), arn("ssm", f"parameter{self.path}/*")],
        )

    def inject(self) -> Statement:
        """What ECS needs to hand the settings to a task that starts (source: ECS developer guide, "Amazon ECS task
        execution IAM role")."""
        return Statement(
            Sid="ReadSettings",
            Effect=Allow,
            Action=actions("ssm", "GetParameters"),
            Resource=[arn("ssm", f"parameter{ref(each)}") for each in self.settings.values()],
        )


def configuration(path: str, settings: tuple[Setting, ...]) -> Configuration:
    """Build the configuration tier; ``path`` begins the names in the store, before the suffix."""
    tier = Tier("configuration", "Configuration", "Settings that are no secrets, which the tasks read when they start.")
    whole = f"{path}/${{{SUFFIX}}}"
    made = {}
    for each in settings:
        value = tier.parameter(
            f"{each.name.title().replace('-', '')}Setting",
            each.says,
            group="Configuration",
            label=each.name.replace("-", " ").capitalize(),
            Default=each.default,
            AllowedPattern=each.allowed,
            MaxLength=256,
            ConstraintDescription=f"text that matches {each.allowed}",
        )
        made[each.variable] = tier.add(
            ssm.Parameter(
                f"{each.name.title().replace('-', '')}Parameter",
                Name=Sub(f"{whole}/{each.name}"),
                Type="String",
                Description=each.says,
                Value=value.ref(),
            ),
            f"{each.says} Tasks see a change when they are started anew.",
        )
    return Configuration(tier, made, whole)
