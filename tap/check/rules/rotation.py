"""TAP1266…: rotation of secrets."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from tap.check.graph.databases import engine, members
from tap.check.graph.order import before
from tap.check.graph.secrets import attachments, database_of, keys_of, managed_secret, secret_of
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, at
from tap.check.values import Reference, Text, Unknown, as_bool, as_number, fields

SCHEDULE, FUNCTION = "AWS::SecretsManager::RotationSchedule", "AWS::Lambda::Function"
_HOSTED = ("MySQL", "PostgreSQL", "Oracle", "MariaDB", "SQLServer", "Redshift", "MongoDB", "Db2")
_TYPES = frozenset(f"{engine_name}{users}User" for engine_name in _HOSTED for users in ("Single", "Multi"))
_OF_ENGINE = {
    "postgres": "PostgreSQL",
    "mysql": "MySQL",
    "mariadb": "MariaDB",
    "oracle": "Oracle",
    "sqlserver": "SQLServer",
}


class HostedWithoutTransform(ResourceRule):
    """AWS's rotation function without the transform that makes it."""

    id = "TAP1266"
    title = "Hosted rotation needs a transform"
    description = (
        "The function of HostedRotationLambda is made by the transform AWS::SecretsManager-2024-09-16 (or -2020-07-23)."
    )
    source = "CloudFormation template reference, AWS::SecretsManager transform; RotationSchedule HostedRotationLambda"
    advice = "Add Transform: AWS::SecretsManager-2024-09-16, and deploy with CAPABILITY_AUTO_EXPAND."
    types = (SCHEDULE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """A hosted function in a template without the transform."""
        said = world.model.template.get("Transform")
        transforms = said if isinstance(said, list) else [said] if said else []
        if "HostedRotationLambda" in resource.properties and not any(
            str(one).startswith("AWS::SecretsManager-") for one in transforms
        ):
            yield at(resource, "HostedRotationLambda", says="The template has no transform AWS::SecretsManager-….")


class RotationFunction(ResourceRule):
    """Who rotates: a function, a hosted one, or the service that owns the secret."""

    id = "TAP1267"
    title = "Nobody, or the wrong one, rotates the secret"
    description = (
        "A secret is rotated by one function, of its own or hosted; a secret that RDS made is rotated by RDS and takes "
        "no function. A hosted function is for an engine, and for one user or two."
    )
    source = "Secrets Manager API, RotateSecret: RotationLambdaARN; RotationSchedule HostedRotationLambda RotationType"
    types = (SCHEDULE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The function of a schedule."""
        own, hosted = resource.get("RotationLambdaARN"), resource.get("HostedRotationLambda")
        managed = managed_secret(resource.get("SecretId"))
        if own is not None and hosted is not None:
            says = "There is a RotationLambdaARN, and a HostedRotationLambda too."
            yield at(resource, "HostedRotationLambda", says=says, advice="Leave one of them out.")
        elif managed and (own is not None or hosted is not None):
            key = "RotationLambdaARN" if own is not None else "HostedRotationLambda"
            says = f"The secret of {managed} is RDS's own: RDS rotates it, and no function may."
            yield at(resource, key, says=says, advice="Leave the function out.")
        elif own is None and hosted is None and secret_of(world, resource.get("SecretId")):
            says = "The schedule names no function: nobody would rotate the secret."
            yield at(resource, says=says, advice="Add RotationLambdaARN or HostedRotationLambda.")
        kind = fields(hosted).get("RotationType")
        if isinstance(kind, str):
            yield from self._hosted(resource, kind, world)

    def _hosted(self, resource: Resource, kind: str, world: World) -> Iterator[Found]:
        place = ("HostedRotationLambda", "RotationType")
        if kind not in _TYPES:
            yield at(
                resource, *place, says=f"There is no rotation of type {kind}.", advice="Such as PostgreSQLSingleUser."
            )
            return
        hosted = fields(resource.get("HostedRotationLambda"))
        if kind.endswith("MultiUser") and not {"MasterSecretArn", "SuperuserSecretArn"} & set(hosted):
            says = f"{kind} needs the secret of a second user: SuperuserSecretArn."
            yield at(resource, *place, says=says)
        secret = secret_of(world, resource.get("SecretId"))
        database = database_of(world, secret) if secret else None
        name = engine(database) if database else ""
        wanted = next((one for part, one in _OF_ENGINE.items() if part in name), "")
        if wanted and not kind.startswith(wanted):
            assert database
            says = f"The rotation is of type {kind}, but the engine of {database.logical_id} is {name}."
            yield at(resource, *place, says=says)


class RotationRules(ResourceRule):
    """When a secret is rotated."""

    id = "TAP1268"
    title = "The rotation's schedule is malformed"
    description = (
        "Either days (1 to 1,000) or an expression: rate(n hours) of at least 4 hours, rate(n days), or cron(0 h d m w "
        "*) on a full hour. A window is whole hours, 1h to 24h."
    )
    source = "Secrets Manager user guide, “Rotation schedules”; API, RotationRulesType"
    types = (SCHEDULE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Days, expression and window."""
        rules = fields(resource.get("RotationRules"))
        days, expression = rules.get("AutomaticallyAfterDays"), rules.get("ScheduleExpression")
        if days is not None and expression is not None:
            says = "There is AutomaticallyAfterDays, and a ScheduleExpression too."
            yield at(resource, "RotationRules", "ScheduleExpression", says=says)
        number = as_number(days)
        if number is not None and not 1 <= number <= 1000:
            yield at(resource, "RotationRules", "AutomaticallyAfterDays", says=f"{number:g} days: 1 to 1000.")
        if isinstance(expression, str):
            wrong = _schedule_fault(expression)
            if wrong:
                yield at(resource, "RotationRules", "ScheduleExpression", says=f"“{expression}” {wrong}")
        window = rules.get("Duration")
        if isinstance(window, str) and not re.fullmatch(r"([1-9]|1\d|2[0-4])h", window):
            yield at(resource, "RotationRules", "Duration", says=f"“{window}” is no window: 1h to 24h.")


def _schedule_fault(text: str) -> str:
    """What is wrong with a schedule expression of Secrets Manager; empty for nothing."""
    rate = re.fullmatch(r"rate\((\d+) (minutes?|hours?|days?)\)", text)
    if rate:
        number, unit = int(rate[1]), rate[2].rstrip("s")
        if (number == 1) == rate[2].endswith("s"):
            return "has number and unit that do not agree."
        if unit == "minute" or (unit == "hour" and number < 4):
            return "comes more often than every 4 hours."
        return "is more than 999 days." if unit == "day" and number > 999 else ""
    cron = re.fullmatch(r"cron\((.*)\)", text)
    if not cron:
        return "is neither rate(n hours), rate(n days) nor cron(…)."
    parts = cron[1].split()
    if len(parts) != 6:
        return f"has {len(parts)} fields, not six."
    if parts[0] != "0":
        return "is not on a full hour: the first field is 0."
    if parts[5] != "*":
        return "names years: the last field is *."
    return "says ? for neither or both of the days." if (parts[2] == "?") == (parts[4] == "?") else ""


class RotationTarget(ResourceRule):
    """A rotation that does not know its database yet."""

    id = "TAP1269"
    title = "The secret is rotated before it knows its database"
    description = (
        "The first rotation comes at once, and reads engine and host from the secret. An attachment "
        "(SecretTargetAttachment) writes them there, and the schedule has to wait for it."
    )
    source = (
        "CloudFormation template reference, AWS::SecretsManager::RotationSchedule, Examples; SecretTargetAttachment"
    )
    advice = "Attach the secret to its database, and give the schedule SecretId: !Ref of the attachment."
    types = (SCHEDULE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The secret of a schedule that is rotated by a function."""
        secret = secret_of(world, resource.get("SecretId"))
        if secret is None or world.open:
            return
        hosted = "HostedRotationLambda" in resource.properties
        attached = attachments(world, secret)
        if attached:
            if not any(one.logical_id in before(world, resource) for one in attached):
                says = (
                    f"The schedule does not wait for {attached[0].logical_id}, which writes the host into the secret."
                )
                yield at(resource, "SecretId", says=says)
            return
        keys = keys_of(world, secret)
        if hosted and keys is not None and "host" not in keys and secret.logical_id not in world.told_outside:
            says = f"Nothing attaches {secret.logical_id} to a database: the function finds no host in it."
            yield at(resource, "SecretId", says=says)


class RotationPermission(ResourceRule):
    """A function that Secrets Manager may not call."""

    id = "TAP1250"
    title = "Secrets Manager may not call the rotation function"
    description = (
        "RotateSecret is refused where the function's policy does not let secretsmanager.amazonaws.com call it."
    )
    source = "Secrets Manager user guide, “Permissions for rotation”; Lambda, AddPermission"
    advice = (
        "Add an AWS::Lambda::Permission with Principal: secretsmanager.amazonaws.com, and let the schedule wait for it."
    )
    types = (SCHEDULE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The function of the template that a schedule names."""
        function = world.target(resource.get("RotationLambdaARN"), FUNCTION)
        if function is None or world.open or function.logical_id in world.told_outside:
            return
        let = [one for one in world.of_type("AWS::Lambda::Permission") if _lets(world, one, function)]
        if not let:
            says = f"No permission lets Secrets Manager call {function.logical_id}."
            yield at(resource, "RotationLambdaARN", says=says)
        elif not any(one.logical_id in before(world, resource) for one in let):
            says = f"The schedule does not wait for {let[0].logical_id}, which lets Secrets Manager call the function."
            yield at(resource, "RotationLambdaARN", says=says, advice=f"Add DependsOn: {let[0].logical_id}.")


def _lets(world: World, permission: Resource, function: Resource) -> bool:
    principal: Any = permission.get("Principal")
    named = permission.get("FunctionName")
    for_it = world.target(named, FUNCTION) is function or isinstance(named, Unknown | Text)
    told = isinstance(principal, Unknown | Text | Reference) or principal in (
        "secretsmanager.amazonaws.com",
        "secretsmanager.amazonaws.com.cn",
        "*",
    )
    return for_it and told


class RotationReach(ResourceRule):
    """A hosted function outside the network of its database."""

    id = "TAP1251"
    title = "The rotation function is not in the database's network"
    description = (
        "Without VpcSubnetIds and VpcSecurityGroupIds the hosted function runs outside the VPC, and cannot reach a "
        "database that has no public address: the rotation fails, and with it the deployment."
    )
    source = "Secrets Manager user guide, “Network access for AWS Lambda rotation function”"
    advice = "Give HostedRotationLambda VpcSubnetIds and VpcSecurityGroupIds."
    types = (SCHEDULE,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """A hosted function whose database is in the template, in subnets of a VPC."""
        hosted = resource.get("HostedRotationLambda")
        if not isinstance(hosted, dict):
            return
        if ("VpcSubnetIds" in hosted) != ("VpcSecurityGroupIds" in hosted):
            key = "VpcSecurityGroupIds" if "VpcSubnetIds" in hosted else "VpcSubnetIds"
            yield at(resource, "HostedRotationLambda", says=f"{key} is missing: subnets and groups go together.")
            return
        secret = secret_of(world, resource.get("SecretId"))
        database = database_of(world, secret) if secret else None
        if database is None or "VpcSubnetIds" in hosted:
            return
        reachable = [database, *members(world, database)]
        # An unknown answer may be yes.
        stated = [one.get("PubliclyAccessible") for one in reachable if "PubliclyAccessible" in one.properties]
        public = any(as_bool(value) is not False for value in stated)
        if "DBSubnetGroupName" in database.properties and not public:
            says = f"The function is in no VPC, but {database.logical_id} is."
            yield at(resource, "HostedRotationLambda", says=says)
