"""The database: an Aurora PostgreSQL cluster, its credentials, its security group and its log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from troposphere import GetAtt, Sub, Tags, ec2, logs, rds, secretsmanager

from tap.model import Tier
from templates.tiers.network import Network
from templates.tiers.words import DESTROYED, NO_EGRESS, as_json, named, ref

PORT = 5432

ENGINE_VERSIONS = {
    "15": ("15.19", "15.18", "15.17", "15.15", "15.14", "15.13", "15.12", "15.10"),
}
"""Major version → the minor ones that can be created, newest first (source: cfn-lint 1.58's table of Aurora engines,
E3690 and W3690)."""


@dataclass(frozen=True)
class Provisioned:
    """Instances of a fixed size: one writer and so many readers."""

    instance_class: str
    readers: int


@dataclass(frozen=True)
class DatabaseChoices:
    """What a database can differ in. ``cluster``, ``secret`` and ``security_group`` are names before the suffix.

    ``backup_days`` is how long automated backups are kept, ``log_days`` how long the log is.
    ``exempt`` excuses resources (by logical id) from checks, with reasons.
    """

    cluster: str
    database: str
    secret: str
    security_group: str
    capacity: Provisioned
    major: str = "15"
    user: str = "dbadmin"
    backup_days: int = 1
    log_days: int = 7
    exempt: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(frozen=True)
class Database:
    """Handles of the database. ``secret`` waits until the secret holds the cluster's address too."""

    tier: Tier
    cluster: rds.DBCluster
    security_group: ec2.SecurityGroup
    secret: secretsmanager.Secret
    attachment: secretsmanager.SecretTargetAttachment
    name: str

    @property
    def host(self) -> GetAtt:
        """The address of the writer."""
        return GetAtt(self.cluster, "Endpoint.Address")

    @property
    def port(self) -> GetAtt:
        """The port, as the cluster has it."""
        return GetAtt(self.cluster, "Endpoint.Port")


def database(choices: DatabaseChoices, network: Network) -> Database:
    """Build the database tier in the isolated subnets."""
    tier = Tier(
        "database",
        "Database",
        "An Aurora PostgreSQL cluster over three zones, which only the backend reaches, and the secret with its "
        "credentials.",
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
            DBSubnetGroupDescription="The isolated subnets, one in each zone",
            SubnetIds=[subnet.ref() for subnet in network.isolated],
        ),
        "Where the database instances live.",
    )
    secret = _secret(tier, choices)
    cluster = _cluster(tier, choices, group, subnets, secret)
    attachment = tier.add(
        secretsmanager.SecretTargetAttachment(
            "DatabaseSecretAttachment",
            SecretId=secret.ref(),
            TargetId=cluster.ref(),
            TargetType="AWS::RDS::DBCluster",
        ),
        "Writes the cluster's address, port and database name into the secret.",
    )
    _instances(tier, choices, cluster)
    tier.output(
        "DatabaseSecretArn",
        "The secret with the database's credentials and address.",
        secret.ref(),
        export="db-secret-arn",
    )
    return Database(tier, cluster, group, secret, attachment, choices.database)


def _secret(tier: Tier, choices: DatabaseChoices) -> secretsmanager.Secret:
    return tier.add(
        secretsmanager.Secret(
            "DatabaseSecret",
            **DESTROYED,
            Name=named(choices.secret),
            Description="Credentials of the Aurora PostgreSQL cluster",
            GenerateSecretString=secretsmanager.GenerateSecretString(
                SecretStringTemplate=as_json({"username": choices.user}).replace("\n", "").replace("  ", ""),
                GenerateStringKey="password",
                PasswordLength=32,
                ExcludeCharacters='"@/\\',
            ),
        ),
        "User name and generated password of the database; nobody ever types them.",
        exempt=choices.exempt.get("DatabaseSecret"),
    )


def _cluster(
    tier: Tier,
    choices: DatabaseChoices,
    group: ec2.SecurityGroup,
    subnets: rds.DBSubnetGroup,
    secret: secretsmanager.Secret,
) -> rds.DBCluster:
    versions = ENGINE_VERSIONS[choices.major]
    version = tier.parameter(
        "DatabaseEngineVersion",
        f"The minor version of PostgreSQL {choices.major}. A newer one is an upgrade in place, with a short outage; "
        "there is no way back to an older one.",
        group="Database",
        label="Engine version",
        Default=versions[0],
        AllowedValues=list(versions),
        ConstraintDescription=f"a version of Aurora PostgreSQL {choices.major} that can be created",
    )
    settings = tier.add(
        rds.DBClusterParameterGroup(
            "DatabaseParameterGroup",
            Description="Connections must use TLS",
            Family=f"aurora-postgresql{choices.major}",
            Parameters={"rds.force_ssl": "1"},
        ),
        "Settings of the cluster: a connection without TLS is refused.",
    )
    log = tier.add(
        logs.LogGroup(
            "DatabaseLogGroup",
            **DESTROYED,
            LogGroupName=Sub(f"/aws/rds/cluster/{choices.cluster}-${{EnvironmentSuffix}}/postgresql"),
            RetentionInDays=choices.log_days,
        ),
        f"The database's log, kept {choices.log_days} days; made first, for the cluster would make it without a limit.",
        exempt={"CKV_AWS_158": "The service's own encryption is enough here; statements are not logged."},
    )
    return tier.add(
        rds.DBCluster(
            "DatabaseCluster",
            DependsOn=log.title,
            **DESTROYED,
            DBClusterIdentifier=named(choices.cluster),
            Engine="aurora-postgresql",
            EngineVersion=version.ref(),
            # Without this, a version that leaves standard support goes on at Extended Support's price.
            EngineLifecycleSupport="open-source-rds-extended-support-disabled",
            DatabaseName=choices.database,
            Port=PORT,
            MasterUsername=Sub("{{resolve:secretsmanager:" + ref(secret) + ":SecretString:username}}"),
            MasterUserPassword=Sub("{{resolve:secretsmanager:" + ref(secret) + ":SecretString:password}}"),
            DBSubnetGroupName=subnets.ref(),
            VpcSecurityGroupIds=[GetAtt(group, "GroupId")],
            DBClusterParameterGroupName=settings.ref(),
            StorageEncrypted=True,
            BackupRetentionPeriod=choices.backup_days,
            CopyTagsToSnapshot=True,
            EnableIAMDatabaseAuthentication=True,
            DeletionProtection=False,
            EnableCloudwatchLogsExports=["postgresql"],
        ),
        "The Aurora PostgreSQL cluster: storage over three zones, encrypted, backed up daily. "
        "It is deleted with the stack, without a final snapshot.",
        exempt=choices.exempt.get("DatabaseCluster"),
    )


def _instances(tier: Tier, choices: DatabaseChoices, cluster: rds.DBCluster) -> None:
    def instance(name: str, promotion: int, says: str, **more: object) -> rds.DBInstance:
        return tier.add(
            rds.DBInstance(
                name,
                **more,
                **DESTROYED,
                Engine="aurora-postgresql",
                DBClusterIdentifier=cluster.ref(),
                DBInstanceClass=choices.capacity.instance_class,
                PubliclyAccessible=False,
                PromotionTier=promotion,
                AutoMinorVersionUpgrade=False,
                CACertificateIdentifier="rds-ca-rsa2048-g1",
            ),
            says,
            exempt=choices.exempt.get("DatabaseInstance"),
        )

    writer = instance("DatabaseWriter", 0, "The instance that takes writes.")
    for number in range(1, choices.capacity.readers + 1):
        # After the writer: the first instance of a cluster becomes the one that writes.
        instance(
            f"DatabaseReader{number}",
            number,
            "An instance for reading, in another zone; takes over when the writer fails.",
            DependsOn=writer.title,
        )
