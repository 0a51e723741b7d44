"""Known messages of buckets, databases, keys, secrets and logs (see :mod:`tap.deploy.advice_table`)."""

from __future__ import annotations

from tap.deploy.advice import Known

DATA = (
    Known(
        "bucket-not-empty",
        r"bucket you tried to delete is not empty|bucketnotempty|the bucket '\S+' is not empty",
        "CloudFormation deletes no bucket that holds objects or old versions of them.",
        "If the data may go: empty it with all versions (in the S3 console, Empty), then delete again. Else keep "
        "the bucket: "
        "--retain-resources, or DeletionPolicy Retain.",
        "CloudFormation user guide, Delete stack fails",
    ),
    Known(
        "bucket-name-taken",
        r"requested bucket name is not available|bucketalreadyexists|bucketalreadyownedbyyou",
        "Bucket names are shared by all of AWS, and somebody has this one; perhaps a bucket that an earlier "
        "stack kept.",
        "If it is yours and left over, delete it; else use another EnvironmentSuffix.",
        "S3 user guide, General purpose bucket naming rules",
        type="AWS::S3::",
    ),
    Known(
        "bucket-notification",
        r"unable to validate the following destination configurations",
        "S3 may not send to a destination of the bucket's notifications, or it is not there yet.",
        "The destination's policy must let s3.amazonaws.com in, and be there before the bucket (DependsOn).",
        "S3 user guide, Amazon S3 Event Notifications",
    ),
    Known(
        "log-group-exists",
        r"loggroupname\"?:\"(?P<group>[^\"}]+).* already exists|already exists",
        "The log group is there already: kept by a deletion policy, or a service made it again while an earlier "
        "stack was "
        "being deleted ({group}).",
        "If its lines may go: aws logs delete-log-group --log-group-name NAME, then deploy again; else import it.",
        "reports in aws-solutions/amazon-marketing-cloud-uploader-from-aws and serverless/serverless",
        type="AWS::Logs::LogGroup",
    ),
    Known(
        "log-resource-policies",
        r"limit ?exceeded",
        "CloudWatch Logs has as many resource policies in this region as it may (10).",
        "Delete one that nothing needs: aws logs describe-resource-policies",
        "CloudWatch Logs user guide, CloudWatch Logs quotas",
        type="AWS::Logs::ResourcePolicy",
    ),
    Known(
        "engine-version",
        r"cannot find version (?P<version>[\w.-]+) for (?P<engine>[\w-]+)",
        "{engine} {version} can no longer be created, or not in this region.",
        "aws rds describe-db-engine-versions --engine {engine} lists those there are; give one of them as the "
        "parameter.",
        "Aurora user guide, Release calendars; reports in aws-cloudformation/rain",
    ),
    Known(
        "engine-upgrade",
        r"cannot upgrade (?P<engine>[\w-]+) from (?P<old>[\w.]+) to (?P<new>[\w.]+)",
        "{engine} cannot go from {old} to {new} in one step, or it has been upgraded by itself beyond that.",
        "Give the version that runs now, or one of its upgrade targets: aws rds describe-db-engine-versions "
        "--engine {engine} "
        "--engine-version {old}",
        "Aurora user guide, Upgrading Aurora PostgreSQL DB clusters",
    ),
    Known(
        "engine-differs",
        r"engine version that you requested for your db instance .* does not match the engine version of your db cluste"
        r"r",
        "The instance asks for another engine version than its cluster has.",
        "Leave the version to the cluster.",
        "RDS API reference, CreateDBInstance; reports in aws-cloudformation/rain",
    ),
    Known(
        "instance-class",
        r"rds does not support creating a db instance with the following combination",
        "This instance class is not there for the engine, version or region.",
        "aws rds describe-orderable-db-instance-options --engine ENGINE --engine-version VERSION lists what is.",
        "Aurora user guide, Supported DB engines for DB instance classes",
    ),
    Known(
        "instance-capacity",
        r"insufficientdbinstancecapacity|insufficient ?(?:instance ?)?capacity",
        "AWS has none of these instances left in the zone at the moment.",
        "Deploy again later, or use another instance class or more zones.",
        "RDS user guide, Amazon RDS insufficient DB instance capacity; EC2 user guide, Troubleshoot instance "
        "launch issues",
    ),
    Known(
        "subnet-group-zones",
        r"subnet group doesn.t meet availability zone coverage",
        "The database wants subnets in at least two zones.",
        "Give the subnet group subnets of different zones.",
        "Aurora user guide, Working with a DB cluster in a VPC",
    ),
    Known(
        "database-protected",
        r"cannot delete protected (?:cluster|db instance|dbinstance)",
        "The database is protected against deletion.",
        "If it is really to go: deploy with DeletionProtection off first, then delete.",
        "Aurora user guide, Deletion protection for Aurora clusters",
    ),
    Known(
        "snapshot-exists",
        r"cannot create the (?:cluster|db) ?snapshot because (?:a|one) .*already exists|snapshotalreadyexists",
        "The final snapshot's name is taken.",
        "Delete or copy the old snapshot, then delete again.",
        "RDS API reference, DBClusterSnapshotAlreadyExistsFault",
    ),
    Known(
        "reserved-user",
        r"masterusername (?P<user>\S+) cannot be used as it is a reserved word",
        "The engine keeps {user} for itself.",
        "Choose another name for the first user.",
        "RDS API reference, CreateDBCluster: MasterUsername",
    ),
    Known(
        "parameter-group",
        r"parameter group (?P<group>\S+) with dbparametergroupfamily (?P<family>\S+) cannot be used",
        "{group} is for {family}, and the engine is of another version.",
        "The parameter group's family must change together with the engine's major version.",
        "Aurora user guide, Parameter groups for Amazon Aurora",
    ),
    Known(
        "secret-scheduled",
        r"can.t create this secret because a secret with this name is already scheduled for deletion",
        "A secret of this name was deleted and waits for the end of its recovery window.",
        "aws secretsmanager restore-secret brings it back; aws secretsmanager delete-secret "
        "--force-delete-without-recovery "
        "ends it at once. Then deploy again.",
        "Secrets Manager user guide, Delete an AWS Secrets Manager secret",
    ),
    Known(
        "rotation-unfinished",
        r"a previous rotation isn.t complete",
        "An earlier rotation failed half way: the secret has a version that is pending.",
        "Mend the rotation function (its log says why it failed), then take AWSPENDING from that version (aws "
        "secretsmanager "
        "update-secret-version-stage) and deploy again.",
        "Secrets Manager user guide, Troubleshoot AWS Secrets Manager rotation",
    ),
    Known(
        "rotation-permission",
        r"secrets manager cannot invoke the specified lambda function",
        "The rotation function does not let Secrets Manager call it.",
        "Its permission for secretsmanager.amazonaws.com must be there before the schedule (DependsOn).",
        "Secrets Manager user guide, Troubleshoot AWS Secrets Manager rotation",
    ),
    Known(
        "key-lockout",
        r"new key policy will not allow you to update the key policy in the future",
        "The key's policy would lock out everybody, whoever deploys among them.",
        "Allow kms:* to the account itself (arn:aws:iam::ACCOUNT:root) in the key's policy.",
        "KMS developer guide, Default key policy; Changing a key policy",
    ),
    Known(
        "key-pending",
        r"(?P<key>arn:aws[\w-]*:kms:\S+) is pending deletion|kms(?:invalid)?state|kmskeydisabled|key \S+ is disabled",
        "A key is disabled or waits for its deletion: {key}.",
        "aws kms cancel-key-deletion and enable-key bring it back; without it what it encrypted is lost.",
        "KMS developer guide, Key states of AWS KMS keys",
    ),
    Known(
        "key-denied",
        r"kms key .*(?:does not exist|not allowed to be used|is not accessible|unable to access)|accessdenied.*kms:"
        r"|kmsaccessdenied",
        "The service may not use the key: its policy does not let the service in, or it is in another region.",
        "Let the service's principal use the key in the key's policy, with a condition for what it encrypts.",
        "KMS developer guide, Troubleshooting key access; CloudWatch Logs user guide, Encrypt log data",
    ),
    Known(
        "index-at-a-time",
        r"cannot perform more than one gsi creation or deletion in a single update",
        "DynamoDB makes or removes one global index at a time.",
        "Deploy the indexes one after the other.",
        "CloudFormation template reference, AWS::DynamoDB::Table: GlobalSecondaryIndexes",
    ),
    Known(
        "vault-not-empty",
        r"vault cannot be deleted because it contains recovery points",
        "There are backups in the vault.",
        "Delete them if they may go (a lock may forbid it), or keep the vault: --retain-resources.",
        "Backup developer guide, Delete a backup vault",
    ),
)
