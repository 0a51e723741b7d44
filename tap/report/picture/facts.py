"""What a box says beside its name, by the type of its resource: a few short lines, read from the properties.

Property names: CloudFormation template reference, the resource types named below.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from tap.report.picture.values import NO_VALUE, Resources, count, days, listed, named, number, of_type, properties, said

_CAPACITY = {"FARGATE": "on demand", "FARGATE_SPOT": "spot"}


class Facts:
    """A template's resources, asked one by one."""

    def __init__(self, body: Mapping[str, Any]) -> None:
        self.resources: Resources = body["Resources"]
        self.parameters: Mapping[str, Any] = body.get("Parameters", {})
        self.used = {name: named(each.get("Properties"), self.resources) for name, each in self.resources.items()}
        """Resource → the resources that its properties refer to."""

    def of(self, name: str) -> tuple[str, ...]:
        """The facts of a resource; none where its type has none worth a line."""
        kind = self.resources[name]["Type"].removeprefix("AWS::")
        method = _METHODS.get(kind)
        return tuple(each for each in method(self, name) if each) if method else ()

    def _get(self, name: str) -> Mapping[str, Any]:
        return properties(self.resources, name)

    def said(self, value: Any) -> str:
        """A value as it is by default; empty where there is none."""
        if value is None:
            return ""
        return said(value, self.parameters)

    def users(self, name: str, *kinds: str) -> list[str]:
        """The resources of some types that refer to a resource."""
        return [user for user in of_type(self.resources, *kinds) if name in self.used[user]]

    def balancer(self, name: str) -> Iterator[str]:
        """What a load balancer listens on."""
        heard = []
        for listener in self.users(name, "ElasticLoadBalancingV2::Listener"):
            port = f"{self.said(self._get(listener)['Protocol'])} {self.said(self._get(listener)['Port'])}"
            heard.append(port + (" with a certificate" if "Condition" in self.resources[listener] else ""))
        yield f"Listens on {listed(heard)}" if heard else ""

    def service(self, name: str) -> Iterator[str]:
        """How many tasks, how large, on what, for which paths."""
        for target in self.users(name, "ApplicationAutoScaling::ScalableTarget"):
            least, most = (self.said(self._get(target)[key]) for key in ("MinCapacity", "MaxCapacity"))
            yield f"{least} to {most} tasks"
        for task in named(self._get(name).get("TaskDefinition"), self.resources):
            cpu, memory = (number(self._get(task).get(key), self.parameters) for key in ("Cpu", "Memory"))
            if cpu and memory:
                yield f"{cpu / 1024:g} vCPU, {memory / 1024:g} GB each"
            beside = [each["Name"] for each in self._get(task).get("ContainerDefinitions", [])[1:] if "Name" in each]
            yield f"with {listed(beside)}" if beside else ""
        strategy = [each for each in self._get(name).get("CapacityProviderStrategy", []) if isinstance(each, dict)]
        providers = [
            _CAPACITY.get(each.get("CapacityProvider", ""), "")
            for each in strategy
            if "Fn::If" not in each and each.get("CapacityProvider")
        ]
        if any(providers):
            yield " and ".join(dict.fromkeys(each for each in providers if each))
        if self._get(name).get("DeploymentConfiguration", {}).get("Strategy") == "BLUE_GREEN":
            yield "blue/green"
        groups = named(self._get(name).get("LoadBalancers"), self.resources)
        groups = [each for each in groups if self.resources[each]["Type"].endswith("::TargetGroup")]
        paths = [
            path
            for group in groups[:1]
            for rule in self.users(group, "ElasticLoadBalancingV2::ListenerRule")
            for condition in self._get(rule).get("Conditions", [])
            for path in condition.get("PathPatternConfig", {}).get("Values", [])
        ]
        yield f"takes {listed(list(dict.fromkeys(paths)))}" if paths else ""

    def cluster(self, name: str) -> Iterator[str]:
        """Engine, capacity, encryption, backups."""
        body = self._get(name)
        yield self._engine(body)
        scaling = body.get("ServerlessV2ScalingConfiguration")
        if isinstance(scaling, dict) and "MinCapacity" in scaling:
            yield f"{self.said(scaling['MinCapacity'])} to {self.said(scaling['MaxCapacity'])} capacity units"
        if body.get("StorageEncrypted") is True:
            keys = named(body.get("KmsKeyId"), self.resources)
            yield f"encrypted with {keys[0]}" if keys else "encrypted"
        if isinstance(kept := body.get("BackupRetentionPeriod"), int):
            yield f"backups of {days(kept)}"

    def _engine(self, body: Mapping[str, Any]) -> str:
        engine = {"aurora-postgresql": "Aurora PostgreSQL", "aurora-mysql": "Aurora MySQL"}.get(
            str(body.get("Engine")), str(body.get("Engine", ""))
        )
        return f"{engine} {self.said(body['EngineVersion'])}" if "EngineVersion" in body else engine

    def distribution(self, name: str) -> Iterator[str]:
        """Which paths lead to which origin."""
        config = self._get(name)["DistributionConfig"]
        default = config["DefaultCacheBehavior"]["TargetOriginId"]
        ends = {each["Id"]: next(iter(self._ends(each)), each["Id"]) for each in config["Origins"]}
        paths: dict[str, list[str]] = {default: ["all else" if config.get("CacheBehaviors") else "everything"]}
        for each in config.get("CacheBehaviors", []):
            paths.setdefault(each["TargetOriginId"], []).insert(-1, each["PathPattern"])
        for origin, matched in paths.items():
            yield f"{listed(matched)} → {ends.get(origin, origin)}"

    def _ends(self, origin: Mapping[str, Any]) -> list[str]:
        return named(origin.get("DomainName"), self.resources)

    def api(self, name: str) -> Iterator[str]:
        """Stage, limits, whether a key is needed."""
        for stage in self.users(name, "ApiGateway::Stage")[:1]:
            yield f"stage {self.said(self._get(stage).get('StageName', ''))}"
        for plan in self.users(name, "ApiGateway::UsagePlan")[:1]:
            throttle = self._get(plan).get("Throttle", {})
            if "RateLimit" in throttle:
                rate, burst = (number(throttle.get(key), self.parameters) or 0 for key in ("RateLimit", "BurstLimit"))
                yield f"{rate:,.0f} requests/s, bursts of {burst:,.0f}"
        methods = self.users(name, "ApiGateway::Method")
        keyed = [each for each in methods if self._get(each).get("ApiKeyRequired") is True]
        yield "with an API key" if keyed else ""

    def firewall(self, name: str) -> Iterator[str]:
        """The limit for an address; how many other rules."""
        rules = self._get(name).get("Rules", [])
        for rule in rules:
            if rate := rule.get("Statement", {}).get("RateBasedStatement"):
                seconds = rate.get("EvaluationWindowSec", 300)
                yield f"{int(rate['Limit']):,} requests in {seconds} s for an address"
        others = sum("RateBasedStatement" not in rule.get("Statement", {}) for rule in rules)
        yield count(others, "set of rules", "sets of rules") if others else ""

    def table(self, name: str) -> Iterator[str]:
        """Keys, how it is paid for, backups."""
        body = self._get(name)
        yield " + ".join(each["AttributeName"] for each in body.get("KeySchema", []))
        points = body.get("PointInTimeRecoverySpecification", {}).get("PointInTimeRecoveryEnabled")
        lives = "TimeToLiveSpecification" in body
        yield ", ".join(
            each for each, there in (("restored to any second", points is True), ("entries expire", lives)) if there
        )

    def bucket(self, name: str) -> Iterator[str]:
        """Versions, and who encrypts it."""
        body = self._get(name)
        versions = body.get("VersioningConfiguration", {}).get("Status") == "Enabled"
        keys = named(body.get("BucketEncryption"), self.resources)
        block = body.get("PublicAccessBlockConfiguration", {})
        private = len(block) == 4 and all(each is True for each in block.values())
        yield ", ".join(
            each
            for each, there in (
                ("private", private),
                ("versions kept", versions),
                (f"encrypted with {keys[0]}" if keys else "", bool(keys)),
            )
            if there
        )

    def key(self, name: str) -> Iterator[str]:
        """Whether it is renewed, and how many resources name it."""
        users = [each for each in self.resources if name in self.used[each]]
        yield f"used by {count(len(users), 'resource')}" + (
            ", renewed yearly" if self._get(name).get("EnableKeyRotation") is True else ""
        )

    def secret(self, name: str) -> Iterator[str]:
        """What is in it, and when it is changed."""
        for rotation in self.users(name, "SecretsManager::RotationSchedule"):
            every = self._get(rotation).get("RotationRules", {}).get("AutomaticallyAfterDays")
            yield f"changed every {every} days" if isinstance(every, int) else "rotated"

    def repository(self, name: str) -> Iterator[str]:
        """Whether images are looked through."""
        scanned = self._get(name).get("ImageScanningConfiguration", {}).get("ScanOnPush") is True
        yield "images are scanned" if scanned else ""

    def function(self, name: str) -> Iterator[str]:
        """What runs it, how large, how long."""
        body = self._get(name)
        memory, seconds = number(body.get("MemorySize"), self.parameters), body.get("Timeout")
        yield self.said(body.get("Runtime", ""))
        yield f"{memory:g} MB" if memory else ""
        yield f"at most {seconds} s" if isinstance(seconds, int) else ""

    def rotation(self, name: str) -> Iterator[str]:
        """How often it runs."""
        every = self._get(name).get("RotationRules", {}).get("AutomaticallyAfterDays")
        secret = next(iter(named(self._get(name).get("SecretId"), self.resources)), "")
        yield f"changes {secret}" + (f" every {every} days" if isinstance(every, int) else "")

    def certificate(self, name: str) -> Iterator[str]:
        """Its name."""
        yield self.said(self._get(name).get("DomainName", ""))

    def topic(self, name: str) -> Iterator[str]:
        """Whom it tells."""
        for each in self.users(name, "SNS::Subscription"):
            body = self._get(each)
            if body.get("Protocol") == "email":
                yield f"mail to {self.said(body.get('Endpoint', NO_VALUE))}, if given"

    def plan(self, name: str) -> Iterator[str]:
        """When copies are made and how long they are kept."""
        for rule in self._get(name).get("BackupPlan", {}).get("BackupPlanRule", []):
            yield _often(self.said(rule.get("ScheduleExpression", "")))
            kept = rule.get("Lifecycle", {}).get("DeleteAfterDays")
            yield f"kept {days(kept)}" if isinstance(kept, int) else ""

    def pipeline(self, name: str) -> Iterator[str]:
        """Its stages."""
        yield " → ".join(str(each["Name"]).lower() for each in self._get(name).get("Stages", []))


def _often(schedule: str) -> str:
    """A schedule in words, where it is one of every so many hours; else as it stands.

    Source: EventBridge user guide, "Cron expressions reference".
    """
    found = re.fullmatch(r"cron\(\d+ \d+/(\d+) \* \* \? \*\)", schedule)
    return f"every {found[1]} hours" if found else schedule


_METHODS: dict[str, Callable[[Facts, str], Iterator[str]]] = {
    "ApiGateway::RestApi": Facts.api,
    "Backup::BackupPlan": Facts.plan,
    "CertificateManager::Certificate": Facts.certificate,
    "CloudFront::Distribution": Facts.distribution,
    "CodePipeline::Pipeline": Facts.pipeline,
    "DynamoDB::Table": Facts.table,
    "ECR::Repository": Facts.repository,
    "ECS::Service": Facts.service,
    "ElasticLoadBalancingV2::LoadBalancer": Facts.balancer,
    "KMS::Key": Facts.key,
    "Lambda::Function": Facts.function,
    "RDS::DBCluster": Facts.cluster,
    "S3::Bucket": Facts.bucket,
    "SNS::Topic": Facts.topic,
    "SecretsManager::RotationSchedule": Facts.rotation,
    "SecretsManager::Secret": Facts.secret,
    "WAFv2::WebACL": Facts.firewall,
}
