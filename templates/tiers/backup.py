"""Backup: copies of the database beside its own, by AWS Backup."""

from __future__ import annotations

from dataclasses import dataclass

from troposphere import GetAtt, Sub, backup, iam

from tap.model import SUFFIX, Tier
from templates.tiers.database import Database
from templates.tiers.encryption import Encryption
from templates.tiers.keeping import Keeping
from templates.tiers.words import managed_policy, trusts


@dataclass(frozen=True)
class BackupChoices:
    """What backup can differ in. ``name`` is before the suffix. ``schedule`` is a cron expression of six fields (Backup
    takes no rates); a copy starts within ``start_within`` and ends within ``end_within`` minutes; kept ``days``."""

    name: str
    schedule: str
    start_within: int
    end_within: int
    days: int
    keeping: Keeping
    encryption: Encryption


def backups(choices: BackupChoices, db: Database) -> Tier:
    """Build the backup tier."""
    tier = Tier("backup", "Backup", "Copies of the database, apart from its own backups.")
    vault = tier.add(
        backup.BackupVault(
            "BackupVault",
            **choices.keeping.policies,
            BackupVaultName=Sub(f"{choices.name}-${{{SUFFIX}}}"),
            EncryptionKeyArn=choices.encryption.arn,
        ),
        f"Where the copies are, encrypted with the customer key. {choices.keeping.says}",
    )
    role = tier.add(
        iam.Role(
            "BackupRole",
            AssumeRolePolicyDocument=trusts("backup.amazonaws.com"),
            ManagedPolicyArns=[
                managed_policy("service-role/AWSBackupServiceRolePolicyForBackup"),
                managed_policy("service-role/AWSBackupServiceRolePolicyForRestores"),
            ],
        ),
        "Lets AWS Backup copy the database, and restore it.",
    )
    plan = tier.add(
        backup.BackupPlan(
            "BackupPlan",
            BackupPlan=backup.BackupPlanResourceType(
                BackupPlanName=Sub(f"{choices.name}-${{{SUFFIX}}}"),
                BackupPlanRule=[
                    backup.BackupRuleResourceType(
                        RuleName="EverySixHours",
                        TargetBackupVault=vault.ref(),
                        ScheduleExpression=choices.schedule,
                        ScheduleExpressionTimezone="Etc/UTC",
                        StartWindowMinutes=choices.start_within,
                        CompletionWindowMinutes=choices.end_within,
                        Lifecycle=backup.LifecycleResourceType(DeleteAfterDays=choices.days),
                    )
                ],
            ),
        ),
        f"Copies the database every six hours, and keeps each copy {choices.days} days.",
    )
    tier.add(
        backup.BackupSelection(
            "BackupSelection",
            BackupPlanId=plan.ref(),
            BackupSelection=backup.BackupSelectionResourceType(
                SelectionName="database",
                IamRoleArn=GetAtt(role, "Arn"),
                Resources=[GetAtt(db.cluster, "DBClusterArn")],
            ),
        ),
        "What is copied: the database cluster.",
    )
    return tier
