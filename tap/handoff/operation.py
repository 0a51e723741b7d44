"""The everyday work on a system, told from its template: where things are, releases, passwords, scaling, alarms, restore.

Pure. Sources: ECS developer guide, "Updating an Amazon ECS service", "Amazon ECS blue/green deployments"; ECR user guide,
"Pushing a Docker image"; Secrets Manager user guide, "Rotate an AWS Secrets Manager secret immediately"; Aurora user
guide, "Password management with Amazon Aurora and AWS Secrets Manager", "Restoring a DB cluster to a specified time";
DynamoDB developer guide, "Restoring a table to a point in time"; Application Auto Scaling user guide, "Register a
scalable target"; CloudWatch user guide, "Using Amazon CloudWatch alarms".
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from tap.handoff.settled import Settled
from tap.markdown import code, table, text
from tap.references import find

_PLACES = {
    "AWS::CloudWatch::Dashboard": ("Dashboards", "DashboardName"),
    "AWS::SNS::Topic": ("Where alarms are told", "TopicName"),
    "AWS::ECS::Cluster": ("Clusters", "ClusterName"),
    "AWS::ECS::Service": ("Services", "ServiceName"),
    "AWS::RDS::DBCluster": ("Databases", "DBClusterIdentifier"),
    "AWS::DynamoDB::Table": ("Tables", "TableName"),
    "AWS::SecretsManager::Secret": ("Secrets", "Name"),
    "AWS::S3::Bucket": ("Buckets", "BucketName"),
    "AWS::ECR::Repository": ("Image repositories", "RepositoryName"),
    "AWS::ApiGateway::RestApi": ("APIs", "Name"),
    "AWS::Backup::BackupVault": ("Vaults", "BackupVaultName"),
    "AWS::Logs::LogGroup": ("Log groups", "LogGroupName"),
}
"""Types that people look for → how they are headed, and the property with the physical name."""


def places(here: Settled, region: str) -> Iterator[str]:
    """What is where, by physical name, and how to read logs and outputs."""
    rows = []
    for kind, (what, key) in _PLACES.items():
        for name, one in here.of_type(kind).items():
            found = here.property(name, key)
            shown = code(found) if found else code(f'"$(id_of {name})"')
            rows.append((what, shown, text(str(one["Metadata"]["Description"]))))
    yield from table(("What", "Name", "What for"), rows)
    yield ""
    if any("$ACCOUNT" in row[1] for row in rows):
        yield "`$ACCOUNT` is the account's number."
        yield ""
    groups = [here.property(name, "LogGroupName") for name in here.of_type("AWS::Logs::LogGroup")]
    chosen = next((group for group in groups if "backend" in group or "app" in group), next(iter(groups), ""))
    commands = [
        f"aws cloudformation describe-stacks --region {region} --stack-name {_stack(here)} --query 'Stacks[0].Outputs' --output table"
    ]
    if chosen:
        commands.append(
            f"aws logs filter-log-events --region {region} --log-group-name {chosen} --filter-pattern ERROR --max-items 50 --query 'events[].message' --output text"
        )
    yield "The outputs, and the last errors in a log group:"
    yield from block(*commands)


def _stack(here: Settled) -> str:
    return here.scope.pseudo["AWS::StackName"]


def block(*commands: str) -> list[str]:
    """Commands as a block."""
    return ["", "```sh", *commands, "```", ""]


def _services(here: Settled) -> Iterator[tuple[str, str, str]]:
    """The services: logical id, cluster and service as the CLI takes them."""
    clusters = {
        name: here.property(name, "ClusterName") or f'"$(id_of {name})"' for name in here.of_type("AWS::ECS::Cluster")
    }
    for name, one in here.of_type("AWS::ECS::Service").items():
        used = next(use.reference.name for use in find(one["Properties"]["Cluster"]))
        yield name, clusters[used], here.property(name, "ServiceName") or f'"$(id_of {name})"'


def release(here: Settled, environment: str, region: str) -> Iterator[str]:
    """How a new image goes live."""
    parameters = here.body.get("Parameters", {})
    images = [key for key in parameters if key.endswith(("Image", "ImageTag")) and not key.startswith("Nat")]
    repositories = {name: here.property(name, "RepositoryName") for name in here.of_type("AWS::ECR::Repository")}
    if not images:
        return
    yield from table(
        ("Parameter", "What", f"In {text(environment)}"),
        (
            (code(key), text(parameters[key]["Description"]), code(here.scope.values.get(key, "")) or "(empty)")
            for key in images
        ),
    )
    yield ""
    if repositories:
        yield "The repositories are empty until you push to them, so the first deployment runs a placeholder, and the first release is a second deployment. Push the image, built for linux/amd64, with a tag that was never used:"
        registry = f"$ACCOUNT.dkr.ecr.{region}.amazonaws.com"
        yield from block(
            f"aws ecr get-login-password --region {region} | docker login --username AWS --password-stdin {registry}",
            *(
                line
                for name in repositories.values()
                for line in (f"docker tag IMAGE {registry}/{name}:TAG", f"docker push {registry}/{name}:TAG")
            ),
        )
    key = next((key for key in images if "Backend" in key or "App" in key), images[0])
    value = "TAG" if key.endswith("Tag") else "REGISTRY/NAME:TAG"
    yield f"Put the new value into `parameters/{environment}.json`, so that the next deployment does not go back to the old one, and deploy:"
    yield from block(f"./deploy.sh {environment}")
    yield f"(`./deploy.sh {environment} {key}={value}` tries one for a run.) The services roll over while the old tasks still answer:"
    commands = []
    for _, cluster, service in _services(here):
        commands.append(
            f"aws ecs describe-services --region {region} --cluster {cluster} --services {service} "
            "--query 'services[0].[deployments[].[status, rolloutState, runningCount, desiredCount], events[:5].message]'"
        )
    yield from block(*commands)
    if any(
        "BLUE_GREEN" in str(one["Properties"].get("DeploymentConfiguration"))
        for one in here.of_type("AWS::ECS::Service").values()
    ):
        yield "It is a blue/green deployment: the new tasks are tried beside the old ones, then the traffic changes over, and an alarm takes it back by itself. Do not deploy anything else to the services while one runs."
    if here.of_type("AWS::CodePipeline::Pipeline"):
        yield ""
        yield "The pipeline changes the image by itself; each later deployment of the stack needs the tag that runs, or it goes back to the one of its parameter."


def rollback(here: Settled, environment: str, stack: str, region: str) -> Iterator[str]:
    """How to go back."""
    yield "An image: put the former value back into the parameter file and deploy; that is quick and touches nothing else."
    yield from block(f"./deploy.sh {environment}")
    yield "While a deployment runs:"
    yield from block(f"aws cloudformation cancel-update-stack --region {region} --stack-name {stack}")
    yield "A version: deploy the bundle of the version before, from its folder. Read its change set as you would a new one: what this version added is removed."
    yield from block(f"cd ../PREVIOUS-BUNDLE && ./deploy.sh {environment}")
    if here.of_type("AWS::RDS::DBCluster"):
        yield "The database does not go back with it: an engine version stays, and so does what the application has written. See restore, below."


def rotation(here: Settled, region: str) -> Iterator[str]:
    """How passwords are changed, for each way in which the template keeps them."""
    rotated = {
        use.reference.name
        for one in here.of_type("AWS::SecretsManager::RotationSchedule").values()
        for use in find(one["Properties"]["SecretId"])
    }
    forced = [_anew(cluster, service, region) for name, cluster, service in _services(here) if _logs_in(here, name)]
    again = (
        "Tasks get the password when they start, and may read the secret again. What does not must be started anew after "
        "every change, also after those by schedule; until then its new connections are refused:"
    )
    for name, one in here.of_type("AWS::RDS::DBCluster").items():
        cluster = here.property(name, "DBClusterIdentifier")
        if one["Properties"].get("ManageMasterUserPassword"):
            yield f"RDS keeps the password of {code(cluster)} and changes it every seven days. To change it now:"
            yield from block(
                f"aws rds modify-db-cluster --region {region} --db-cluster-identifier {cluster} --rotate-master-user-password --apply-immediately"
            )
            yield again
            yield from block(*forced)
            continue
        for secret in here.of_type("AWS::SecretsManager::Secret"):
            physical = here.property(secret, "Name")
            if secret in rotated:
                yield f"A function changes the password in {code(physical)} by its schedule. To change it now:"
                yield from block(f"aws secretsmanager rotate-secret --region {region} --secret-id {physical}")
            else:
                yield f"Nothing changes the password in {code(physical)} by itself. To change it (from the last command until new tasks run, new connections are refused):"
                yield from block(
                    f"PASSWORD=$(aws secretsmanager get-random-password --region {region} --password-length 32 --exclude-punctuation --query RandomPassword --output text)",
                    f"SECRET=$(aws secretsmanager get-secret-value --region {region} --secret-id {physical} --query SecretString --output text |",
                    '  sed "s/\\"password\\" *: *\\"[^\\"]*\\"/\\"password\\":\\"$PASSWORD\\"/")',
                    f'aws secretsmanager put-secret-value --region {region} --secret-id {physical} --secret-string "$SECRET"',
                    f'aws rds modify-db-cluster --region {region} --db-cluster-identifier {cluster} --master-user-password "$PASSWORD" --apply-immediately',
                )
            yield again
            yield from block(*forced)


def _anew(cluster: str, service: str, region: str) -> str:
    return f"aws ecs update-service --region {region} --cluster {cluster} --service {service} --force-new-deployment"


def _logs_in(here: Settled, service: str) -> bool:
    """Whether a container of the service's tasks is given a secret: of this template, or of a cluster of RDS."""
    stores = here.of_type("AWS::SecretsManager::Secret", "AWS::RDS::DBCluster")
    for used in find(here.resources[service]["Properties"]["TaskDefinition"]):
        for container in here.resources[used.reference.name]["Properties"].get("ContainerDefinitions", []):
            if any(use.reference.name in stores for use in find(container.get("Secrets"))):
                return True
    return False


def scaling(here: Settled, environment: str, region: str) -> Iterator[str]:
    """How many there are, how to have more, and how to start them anew."""
    rows, commands = [], []
    services = {name: (cluster, service) for name, cluster, service in _services(here)}
    for name, one in here.of_type("AWS::ApplicationAutoScaling::ScalableTarget").items():
        used = next(
            (use.reference.name for use in find(one["Properties"]["ResourceId"]) if use.reference.name in services), ""
        )
        if not used:
            continue
        least, most = here.property(name, "MinCapacity"), here.property(name, "MaxCapacity")
        cluster, service = services[used]
        rows.append((code(service), least, most))
        commands.append(
            f"aws application-autoscaling register-scalable-target --region {region} --service-namespace ecs "
            f"--scalable-dimension ecs:service:DesiredCount --resource-id service/{cluster}/{service} --min-capacity {least} --max-capacity {most}"
        )
    if rows:
        yield "The services scale by themselves between these:"
        yield ""
        yield from table(("Service", "At least", "At most"), rows)
        yield ""
        yield "To widen that for a while (put your figures in; a later deployment that changes the target sets it back):"
        yield from block(*commands)
    if services:
        yield "To start a service's tasks anew, with the same image:"
        yield from block(*(_anew(cluster, service, region) for cluster, service in services.values()))
    sizes = [
        key
        for key in here.body.get("Parameters", {})
        if "Capacity" in key or "InstanceClass" in key or key == "OnDemandTasks"
    ]
    if sizes:
        parameters = here.body["Parameters"]
        yield f"What lasts goes through parameters (`parameters/{environment}.json`, then `./deploy.sh {environment}`):"
        yield ""
        yield from table(
            ("Parameter", "What", "Now"),
            ((code(key), text(parameters[key]["Description"]), code(here.scope.values.get(key, ""))) for key in sizes),
        )


_ADVICE: Mapping[str, str] = {
    "AWS/ECS CPUUtilization": "Look at the load (dashboard, requests). If it is more than usual, raise the most that may run (7.); if not, look at the last release.",
    "AWS/RDS CPUUtilization": "Find the queries that it is busy with (RDS console, Database Insights). If they are as they should be, a larger size (7.).",
    "AWS/ECS MemoryUtilization": "A leak grows with the tasks' age: start them anew (7.), and look at the last release. Else more tasks.",
    "DatabaseConnections": "Count tasks and their pools: more tasks mean more connections. Restart the ones that leak; a larger instance takes more.",
    "Latency": "Compare with the database's CPU and the tasks'. If those are idle, look at what the application calls.",
    "TargetResponseTime": "Compare with the database's CPU and the tasks'. If those are idle, look at what the application calls.",
    "UnHealthyHostCount": "Read the service's events and the task's log (3.): it does not start, or does not answer its health check. After a release: roll back (5.).",
    "HTTPCode_Target_5XX_Count": "The application answers with errors: read its log (3.). After a release: roll back (5.).",
    "HTTPCode_ELB_5XX_Count": "No task could answer: look at the service's events and its healthy tasks.",
    "5XXError": "The API or what is behind it fails: read the access log (3.), then the application's.",
    "4XXError": "Callers send what is refused: look in the access log whose it is, and whether keys or throttling are the reason.",
    "Errors": "Read the function's log (3.).",
    "Throttles": "The function has reached the concurrency that it may have, or the account's: see its reserved concurrency and the quota.",
    "StatusCheckFailed_System": "AWS moves the instance to healthy hardware by itself; its zone has no way out meanwhile. If it stays: `aws ec2 describe-instance-status`.",
}
"""What to do first, by the metric that an alarm watches, or its namespace and the metric."""


def alarms(here: Settled, region: str) -> Iterator[str]:
    """Every alarm: its name, what it means, what to do first."""
    found = here.of_type("AWS::CloudWatch::Alarm")
    if not found:
        return
    rows = []
    for name, one in found.items():
        physical = here.property(name, "AlarmName")
        rows.append(
            (code(physical) if physical else code(name), text(str(one["Metadata"]["Description"])), _advice(here, one))
        )
    yield from table(("Alarm", "Means", "Do first"), rows)
    yield ""
    yield "What rings now, and why:"
    yield from block(
        f"aws cloudwatch describe-alarms --region {region} --state-value ALARM --query 'MetricAlarms[].[AlarmName, StateReason]' --output table"
    )


def _advice(here: Settled, alarm: Mapping[str, Any]) -> str:
    """By what happens when it rings: some are not for people."""
    properties = alarm["Properties"]
    actions = str(properties.get("AlarmActions", ""))
    if "ScalingPolicy" in actions or any(
        use.reference.name in here.of_type("AWS::ApplicationAutoScaling::ScalingPolicy")
        for use in find(properties.get("AlarmActions"))
    ):
        return "Nothing: it makes the service scale."
    watched = [properties, *(each.get("MetricStat", {}).get("Metric", {}) for each in properties.get("Metrics", []))]
    for metric in watched:
        name = str(metric.get("MetricName", ""))
        if advice := _ADVICE.get(f"{metric.get('Namespace')} {name}") or _ADVICE.get(name):
            return text(advice)
    return "Look at the dashboard and the logs (3.)."


def restore(here: Settled, region: str) -> Iterator[str]:
    """How data are had back. What is restored is a new resource beside the old one."""
    for name, one in here.of_type("AWS::RDS::DBCluster").items():
        cluster = here.property(name, "DBClusterIdentifier")
        properties = one["Properties"]
        groups = [use.reference.name for use in find(properties.get("VpcSecurityGroupIds"))]
        subnets = next((use.reference.name for use in find(properties.get("DBSubnetGroupName"))), "")
        instance = next(iter(here.of_type("AWS::RDS::DBInstance")), "")
        size = here.property(instance, "DBInstanceClass") if instance else ""
        days = here.property(name, "BackupRetentionPeriod")
        serverless = ""
        if scales := properties.get("ServerlessV2ScalingConfiguration"):
            serverless = f" --serverless-v2-scaling-configuration MinCapacity={here.text(scales.get('MinCapacity'))},MaxCapacity={here.text(scales.get('MaxCapacity'))}"
        yield f"The database {code(cluster)} can be had as of any second of the last {'day' if days == '1' else f'{days} days'}, as a new cluster beside it (the time is UTC):"
        yield from block(
            f"aws rds restore-db-cluster-to-point-in-time --region {region} --source-db-cluster-identifier {cluster} \\",
            f"  --db-cluster-identifier {cluster}-restored --restore-to-time 2026-01-31T12:00:00Z \\",
            _network(subnets, groups) + serverless,
            f"aws rds create-db-instance --region {region} --db-cluster-identifier {cluster}-restored --db-instance-identifier {cluster}-restored-1 \\",
            f"  --engine aurora-postgresql --db-instance-class {size}",
            f"aws rds wait db-instance-available --region {region} --db-instance-identifier {cluster}-restored-1",
        )
        yield "Copy back what was lost (`pg_dump`, `psql`), then delete the copy. Restoring into the stack's own cluster is not possible; making the copy the system's database is a change of the template."
        yield ""
    for name in here.of_type("AWS::DynamoDB::Table"):
        tabled = here.property(name, "TableName")
        yield f"The table {code(tabled)} can be had as of any second of the last 35 days, as a new table:"
        yield from block(
            f"aws dynamodb restore-table-to-point-in-time --region {region} --source-table-name {tabled} --target-table-name {tabled}-restored --use-latest-restorable-time"
        )
    for name in here.of_type("AWS::Backup::BackupVault"):
        vault = here.property(name, "BackupVaultName")
        yield f"Copies are in the vault {code(vault)}:"
        yield from block(
            f"aws backup list-recovery-points-by-backup-vault --region {region} --backup-vault-name {vault} --query 'RecoveryPoints[].[CreationDate, RecoveryPointArn, Status]' --output table",
        )
        yield "To restore one beside what is there, take its ARN, and write what the first command gives to `metadata.json`, with another `DBClusterIdentifier` where there is one. The role must have AWS's policy `AWSBackupServiceRolePolicyForRestores`:"
        yield from block(
            f"aws backup get-recovery-point-restore-metadata --region {region} --backup-vault-name {vault} --recovery-point-arn POINT-ARN --query RestoreMetadata",
            f"aws backup start-restore-job --region {region} --recovery-point-arn POINT-ARN --iam-role-arn ROLE-ARN --metadata file://metadata.json",
        )
    for name, one in here.of_type("AWS::S3::Bucket").items():
        if "VersioningConfiguration" in one["Properties"]:
            bucket = here.property(name, "BucketName")
            yield f"A file of {code(bucket)} that was overwritten or deleted is there as an older version:"
            yield from block(
                f"aws s3api list-object-versions --region {region} --bucket {_shell(bucket)} --prefix FILE",
                f'aws s3api copy-object --region {region} --bucket {_shell(bucket)} --key FILE --copy-source "{bucket}/FILE?versionId=ID"',
            )


def _shell(name: str) -> str:
    return f'"{name}"' if "$" in name else name


def _network(subnets: str, groups: list[str]) -> str:
    listed = " ".join(f'"$(id_of {each})"' for each in groups)
    return f'  --db-subnet-group-name "$(id_of {subnets})" --vpc-security-group-ids {listed}'
