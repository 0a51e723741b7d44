"""The database: an Aurora PostgreSQL cluster, its security group, its settings and its log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from awacs.aws import Allow, Statement
from troposphere import AWSObject, GetAtt, Ref, Sub, Tags, ec2, iam, logs, rds

from tap.model import Tier
from templates.tiers.credentials import Credentials, GeneratedCredentials, ManagedCredentials
from templates.tiers.database_size import Provisioned, Serverless, Size, size
from templates.tiers.encryption import Encryption, log_key
from templates.tiers.keeping import Keeping
from templates.tiers.network import Network
from templates.tiers.words import NO_EGRESS, actions, managed_policy, named, trusts

PORT = 5432

ENGINE_VERSIONS = {
    "15": ("15.19", "15.18", "15.17", "15.15", "15.14", "15.13", "15.12", "15.10"),
    "16": ("16.15", "16.14", "16.13", "16.11", "16.10", "16.9", "16.8"),
}
"""Major version → the minor ones that can be created, newest first (source: cfn-lint 1.58's table of Aurora engines,
E3690 and W3690)."""

INSIGHTS_DAYS = 465
"""What Database Insights' advanced mode keeps, and asks for (source: Aurora user guide, "Database Insights")."""


@dataclass(frozen=True)
class Names:
    """User and database: as given, or (``asked``) parameters with these defaults."""

    user: str
    database: str
    asked: bool = False


@dataclass(frozen=True)
class DatabaseChoices:
    """What a database can differ in.

    ``cluster`` and ``security_group`` are names before the suffix. Windows are UTC (``03:00-04:00``,
    ``sun:04:00-sun:05:00``). ``insights`` keeps performance data for 15 months, ``host_metrics`` measures the hosts
    every so many seconds (0: never). ``exempt`` excuses resources (by logical id) from checks, with reasons.
    """

    cluster: str
    security_group: str
    names: Names
    credentials: Credentials
    capacity: Provisioned | Serverless
    keeping: Keeping
    major: str = "15"
    encryption: Encryption | None = None
    backup_days: int = 1
    backup_window: str = ""
    maintenance_window: str = ""
    insights: bool = False
    host_metrics: int = 0
    log_days: int = 7
    endpoint_outputs: tuple[tuple[str, str, str], ...] = ()
    secret_export: str = "db-secret-arn"
    exempt: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Database:
    """Handles of the database.

    ``secret_arn`` is the secret with the credentials; ``secret`` the same as text for ``Sub``. ``waits`` is what must
    be there before a task can log in: the secret in its final form, and an instance that answers.
    """

    tier: Tier
    cluster: rds.DBCluster
    security_group: ec2.SecurityGroup
    secret_arn: Any
    secret: str
    name: Any
    waits: tuple[str, ...]
    encryption: Encryption | None
    busy: Any
    """Nine tenths of the connections that the instances take; None where that is not known."""

    @property
    def host(self) -> GetAtt:
        """The address of the writer."""
        return GetAtt(self.cluster, "Endpoint.Address")

    @property
    def port(self) -> GetAtt:
        """The port, as the cluster has it."""
        return GetAtt(self.cluster, "Endpoint.Port")

    def read_secret(self) -> tuple[Statement, ...]:
        """What a role needs to read the credentials."""
        read = Statement(
            Sid="ReadDatabaseSecret",
            Effect=Allow,
            Action=actions("secretsmanager", "GetSecretValue"),
            Resource=[self.secret_arn],
        )
        return (read, self.encryption.decrypt_by("secretsmanager")) if self.encryption else (read,)

    def environment(self) -> dict[str, Any]:
        """What a container learns of the database. The secret's ARN is there to read it again after a rotation."""
        return {"DB_HOST": self.host, "DB_PORT": self.port, "DB_NAME": self.name, "DB_SECRET_ARN": self.secret_arn}

    def injected(self) -> dict[str, Any]:
        """What ECS takes from the secret when a task starts."""
        return {
            "DB_USER": Sub(f"{self.secret}:username::"),
            "DB_PASSWORD": Sub(f"{self.secret}:password::"),
        }


def database(choices: DatabaseChoices, network: Network) -> Database:
    """Build the database tier, in the isolated subnets where there are some."""
    tier = Tier(
        "database",
        "Database",
        "An Aurora PostgreSQL cluster, which only those services reach that it lets in, and the secret for it.",
    )
    group = tier.add(
        ec2.SecurityGroup(
            "DatabaseSecurityGroup",
            GroupName=named(choices.security_group),
            GroupDescription="Aurora PostgreSQL: entered by those services only that are let in one by one",
            VpcId=network.vpc.ref(),
            SecurityGroupEgress=NO_EGRESS,
            Tags=Tags(Name=named(choices.security_group)),
        ),
        "Guards the database: each service that may enter has a rule of its own; nothing goes out.",
    )
    subnets = tier.add(
        rds.DBSubnetGroup(
            "DatabaseSubnetGroup",
            **choices.keeping.needed,
            DBSubnetGroupDescription="Where the database lives, one subnet in each zone",
            SubnetIds=[subnet.ref() for subnet in network.data],
        ),
        "Where the database instances live.",
    )
    user, name = _names(tier, choices.names)
    login = choices.credentials.make(tier, user, choices.encryption, choices.keeping)
    fits = size(tier, choices.capacity)
    cluster = _cluster(tier, choices, group, subnets, name, login.properties, fits)
    joined = login.attach(tier, cluster)
    writer = _instances(tier, choices, cluster, fits)
    arn, text = login.secret(cluster)
    tier.output("DatabaseSecretArn", "The secret with the database's credentials.", arn, export=choices.secret_export)
    for output, attribute, export in choices.endpoint_outputs:
        says = {"Endpoint.Address": "The address that writes.", "ReadEndpoint.Address": "The address for reading."}
        tier.output(output, says.get(attribute, "The port of the database."), GetAtt(cluster, attribute), export=export)
    return Database(tier, cluster, group, arn, text, name, (*joined, writer.title), choices.encryption, fits.busy)


def _names(tier: Tier, names: Names) -> tuple[str, Any]:
    """The user as text for ``Sub``, and the database's name."""
    if not names.asked:
        return names.user, names.database
    rule = {"MinLength": 1, "MaxLength": 63, "AllowedPattern": "^[a-zA-Z][a-zA-Z0-9_]*$"}
    why = "a letter, then letters, digits and underscores, 63 at the most"
    user = tier.parameter(
        "DatabaseUser",
        "The name of the database's administrator. Changing it replaces the cluster.",
        group="Database",
        label="User",
        Default=names.user,
        ConstraintDescription=f"{why}; not admin, which Aurora keeps for itself",
        **rule | {"AllowedPattern": "^(?!admin$)[a-zA-Z][a-zA-Z0-9_]*$"},
    )
    database = tier.parameter(
        "DatabaseName",
        "The name of the database that is made in the cluster. Changing it replaces the cluster.",
        group="Database",
        label="Database",
        Default=names.database,
        ConstraintDescription=why,
        **rule,
    )
    return f"${{{user.title}}}", Ref(database)


def _log_group(tier: Tier, choices: DatabaseChoices) -> logs.LogGroup:
    return tier.add(
        logs.LogGroup(
            "DatabaseLogGroup",
            **choices.keeping.policies,
            LogGroupName=Sub(f"/aws/rds/cluster/{choices.cluster}-${{EnvironmentSuffix}}/postgresql"),
            RetentionInDays=choices.log_days,
            **log_key(choices.encryption),
        ),
        f"The database's log, kept {choices.log_days} days; made first, for the cluster would make it without a limit.",
        exempt={}
        if choices.encryption
        else {"CKV_AWS_158": "The service's own encryption is enough here; statements are not logged."},
    )


def _version(tier: Tier, major: str) -> Ref:
    versions = ENGINE_VERSIONS[major]
    return Ref(
        tier.parameter(
            "DatabaseEngineVersion",
            f"The minor version of PostgreSQL {major}. A newer one is an upgrade in place, with a short outage; "
            "there is no way back to an older one.",
            group="Database",
            label="Engine version",
            Default=versions[0],
            AllowedValues=list(versions),
            ConstraintDescription=f"a version of Aurora PostgreSQL {major} that can be created",
        )
    )


def _cluster(
    tier: Tier,
    choices: DatabaseChoices,
    group: ec2.SecurityGroup,
    subnets: rds.DBSubnetGroup,
    name: Any,
    login: Mapping[str, Any],
    fits: Size,
) -> rds.DBCluster:
    settings = tier.add(
        rds.DBClusterParameterGroup(
            "DatabaseParameterGroup",
            **choices.keeping.needed,
            Description="Connections must use TLS",
            Family=f"aurora-postgresql{choices.major}",
            Parameters={"rds.force_ssl": "1", **fits.settings},
        ),
        "Settings of the cluster: a connection without TLS is refused.",
    )
    log = _log_group(tier, choices)
    more: dict[str, Any] = {}
    if choices.encryption:
        more["KmsKeyId"] = choices.encryption.arn
    if choices.backup_window:
        more["PreferredBackupWindow"] = choices.backup_window
    if choices.maintenance_window:
        more["PreferredMaintenanceWindow"] = choices.maintenance_window
    more |= fits.cluster
    if choices.insights:
        more |= {
            "DatabaseInsightsMode": "advanced",
            "PerformanceInsightsEnabled": True,
            "PerformanceInsightsRetentionPeriod": INSIGHTS_DAYS,
            **({"PerformanceInsightsKmsKeyId": choices.encryption.arn} if choices.encryption else {}),
        }
    if choices.host_metrics:
        more |= {"MonitoringInterval": choices.host_metrics, "MonitoringRoleArn": GetAtt(_host_role(tier), "Arn")}
    return tier.add(
        rds.DBCluster(
            "DatabaseCluster",
            DependsOn=log.title,
            **choices.keeping.snapshots,
            DBClusterIdentifier=named(choices.cluster),
            Engine="aurora-postgresql",
            EngineVersion=_version(tier, choices.major),
            # Without this, a version that leaves standard support goes on at Extended Support's price.
            EngineLifecycleSupport="open-source-rds-extended-support-disabled",
            DatabaseName=name,
            Port=PORT,
            **login,
            DBSubnetGroupName=subnets.ref(),
            VpcSecurityGroupIds=[GetAtt(group, "GroupId")],
            DBClusterParameterGroupName=settings.ref(),
            StorageEncrypted=True,
            BackupRetentionPeriod=choices.backup_days,
            CopyTagsToSnapshot=True,
            EnableIAMDatabaseAuthentication=True,
            DeletionProtection=choices.keeping.protected,
            EnableCloudwatchLogsExports=["postgresql"],
            **more,
        ),
        "The Aurora PostgreSQL cluster: its storage lies encrypted in three zones, backed up for "
        f"{choices.backup_days} day{'' if choices.backup_days == 1 else 's'}. {choices.keeping.leaves}",
        exempt=choices.exempt.get("DatabaseCluster"),
    )


def _host_role(tier: Tier) -> iam.Role:
    return tier.add(
        iam.Role(
            "DatabaseMonitoringRole",
            AssumeRolePolicyDocument=trusts("monitoring.rds.amazonaws.com"),
            ManagedPolicyArns=[managed_policy("service-role/AmazonRDSEnhancedMonitoringRole")],
        ),
        "Lets RDS report what its hosts measure.",
    )


def _instances(tier: Tier, choices: DatabaseChoices, cluster: rds.DBCluster, fits: Size) -> rds.DBInstance:
    """Add the instances; gives the one that writes."""
    capacity = choices.capacity

    def instance(name: str, promotion: int, says: str, **more: object) -> AWSObject:
        return tier.add(
            rds.DBInstance(
                name,
                **more,
                # An instance holds no data: the cluster does, and has its own policy.
                DeletionPolicy="Delete",
                UpdateReplacePolicy="Delete",
                Engine="aurora-postgresql",
                DBClusterIdentifier=cluster.ref(),
                DBInstanceClass=fits.instance_class,
                PubliclyAccessible=False,
                PromotionTier=promotion,
                AutoMinorVersionUpgrade=False,
                CACertificateIdentifier="rds-ca-rsa2048-g1",
            ),
            says,
            exempt=choices.exempt.get("DatabaseInstance"),
        )

    writer = instance("DatabaseWriter", 0, "The instance that takes writes.")
    for number in range(1, capacity.readers + 1):
        # After the writer: the first instance of a cluster becomes the one that writes.
        instance(
            f"DatabaseReader{number}",
            # Serverless: only the tiers 0 and 1 grow with the writer (Aurora user guide, "Promotion tier").
            1 if isinstance(capacity, Serverless) else number,
            "An instance for reading, in another zone; takes over when the writer fails.",
            DependsOn=writer.title,
        )
    return writer


__all__ = [
    "PORT",
    "Database",
    "DatabaseChoices",
    "GeneratedCredentials",
    "ManagedCredentials",
    "Names",
    "Provisioned",
    "Serverless",
    "database",
]
