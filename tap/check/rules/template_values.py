"""TAP1911 to TAP1917: values of a template that are wrong wherever they stand."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from tap.check.arn import parse
from tap.check.graph.cached import cached
from tap.check.model import HARMLESS_TRANSFORMS, Model, Resource, World
from tap.check.rule import Found, Rule, Severity, at
from tap.check.values import Reference, Text, Unknown, fields, items, shape


class KeyTwice(Rule):
    """Keys that stand twice in one mapping."""

    id = "TAP1911"
    title = "A key stands once in a mapping"
    description = "Of two keys of the same name only the last one counts: what stood first is lost."
    severity = Severity.WARNING
    source = "YAML 1.1 and JSON: keys of a mapping are unique"
    advice = "Take one of them out, or give it another name."

    def check(self, world: World) -> Iterator[Found]:
        """Each key that was read twice."""
        for place in world.model.document.repeated:
            owner = place[1] if len(place) > 1 and place[0] == "Resources" else ""
            yield Found(owner, place, f"{place[-1]} stands twice here: only the last one counts.")


_SAME_REGION = (
    *("KmsKeyId", "KMSMasterKeyID", "KmsMasterKeyId", "KMSMasterKeyId", "KmsKeyArn", "KmsKey", "KMSKeyArn"),
    *("CertificateArn", "TopicArn", "TargetGroupArn", "LoadBalancerArn", "ListenerArn", "RegionalCertificateArn"),
)
"""Properties that take a resource of the same region. Sources: the types' references; KMS developer guide,
"Multi-Region keys" (a key is used in its own region)."""


class OtherRegion(Rule):
    """ARNs of another region than the stack's."""

    id = "TAP1912"
    title = "Keys, certificates and topics are in the region of what uses them"
    description = "Services refuse a KMS key, a load balancer's certificate or a topic of another region."
    source = "KMS developer guide, “Using AWS KMS keys with AWS services”; Elastic Load Balancing API reference"
    advice = "Use one of the stack's region: ${AWS::Region} in Fn::Sub, or a parameter."

    def check(self, world: World) -> Iterator[Found]:
        """Each such property, where the region is known."""
        if not world.region:
            return
        for resource in world.resources.values():
            if resource.type.startswith(_ANY_REGION) or _edge(resource.get("EndpointConfiguration")):
                continue
            for path, value in resource.walked:
                if path and path[-1] in _SAME_REGION and not (path[-1] == "CertificateArn" and _at_edge(resource.type)):
                    arn = parse(value)
                    if arn and arn.service in _REGIONAL and arn.region not in (None, "", world.region):
                        yield at(
                            resource, *path, says=f"{shape(value)} is in {arn.region}, the stack in {world.region}."
                        )


_ANY_REGION = ("AWS::CloudFront::", "AWS::SNS::Subscription", "AWS::CloudTrail::", "AWS::DynamoDB::GlobalTable")
_REGIONAL = ("kms", "acm", "sns", "elasticloadbalancing")


def _at_edge(kind: str) -> bool:
    """Whether a type's certificate is at the edge, in us-east-1: of domain names for API Gateway, Cognito, AppSync."""
    return not kind.startswith(("AWS::ElasticLoadBalancing", "AWS::ApiGatewayV2"))


def _edge(configuration: Any) -> bool:
    """Whether an API's domain name is at the edge, where certificates are those of us-east-1."""
    kinds = fields(configuration).get("Types")
    return "EDGE" in items(kinds)


_SECRET = re.compile(
    r"(?:^|[^A-Za-z])(?i:pass(?:word|wd|phrase)|pwd|secret(?:_access)?_?key|api[_-]?key|private[_-]?key|token)$"
    r"|[a-z](?:Password|Passwd|Secret|ApiKey|Token)$"
)
_NOT_SECRET = re.compile(r"(?i)(arn|name|id|path|length|expiry|policy|enabled|version|rotation|ttl|file)$")
_PASSWORDS: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "AWS::RDS::DBCluster": (("MasterUserPassword",),),
    "AWS::RDS::DBInstance": (("MasterUserPassword",),),
    "AWS::Redshift::Cluster": (("MasterUserPassword",),),
    "AWS::DocDB::DBCluster": (("MasterUserPassword",),),
    "AWS::ElastiCache::ReplicationGroup": (("AuthToken",),),
    "AWS::SecretsManager::Secret": (("SecretString",),),
    "AWS::IAM::User": (("LoginProfile", "Password"),),
}


class SecretInPlain(Rule):
    """Secrets that everybody can read who may see the template."""

    id = "TAP1913"
    title = "A secret does not stand in the template"
    severity = Severity.WARNING
    description = (
        "A password as text, or as the default of a parameter, is in the repository, in the console and in every "
        "describe-stacks; a parameter without NoEcho shows what is given."
    )
    source = "CloudFormation user guide, “Security best practices”; “Parameters”, NoEcho"
    advice = (
        "Let a service make it (ManageMasterUserPassword, GenerateSecretString), or use {{resolve:secretsmanager:…}}."
    )

    def check(self, world: World) -> Iterator[Found]:
        """Passwords of resources, variables of containers and functions, parameters."""
        parameters = world.model.parameters
        for kind, paths in _PASSWORDS.items():
            for resource in world.of_type(kind):
                for path in paths:
                    value: Any = resource.written
                    for step in path:
                        value = fields(value).get(step)
                    name = fields(value).get("Ref")
                    found = resource.get(*path)
                    if isinstance(name, str) and name in parameters:
                        one = parameters[name]
                        if not one.secret and not one.from_ssm:
                            yield at(resource, *path, says=f"The parameter {name} shows its value: it has no NoEcho.")
                        elif one.default and one.given is None:
                            yield at(resource, *path, says=f"The parameter {name} has its secret as its default.")
                    elif isinstance(found, str) and found and kind != "AWS::SecretsManager::Secret":
                        yield at(resource, *path, says=f"{path[-1]} stands here as text.")
                    elif isinstance(found, str) and _SECRET_JSON.search(found):
                        yield at(resource, *path, says="The secret stands here as text.")
        yield from _variables(world)
        for name, one in parameters.items():
            flag = one.allowed or str(one.default).lower() in ("true", "false", "yes", "no")
            if one.type != "String" or one.given is not None or flag:
                continue
            if _is_secret(name) and one.secret and one.default and not one.default.startswith(("arn:", "/")):
                yield Found(
                    "", ("Parameters", name, "Default"), f"The default of {name} is a secret that all can read."
                )
            elif _PASSWORD.search(name) and not one.secret and not _used_as_password(name, world):
                yield Found("", ("Parameters", name), f"{name} shows its value: it has no NoEcho.")


def _used_as_password(name: str, world: World) -> bool:
    """Whether a resource's password is this parameter: then it is told of there."""
    found = (
        one.written.get(path[0]) for kind, paths in _PASSWORDS.items() for path in paths for one in world.of_type(kind)
    )
    return {"Ref": name} in found


_PASSWORD = re.compile(r"(?i)pass(word|wd|phrase)$")
_SECRET_JSON = re.compile(r'(?i)"(password|secret|token|api_?key)"\s*:\s*"[^"{$]+"')


def _is_secret(name: str) -> bool:
    return bool(_SECRET.search(name)) and not _NOT_SECRET.search(name)


def _variables(world: World) -> Iterator[Found]:
    for resource in world.of_type("AWS::ECS::TaskDefinition"):
        for index, container in enumerate(items(resource.get("ContainerDefinitions"))):
            for place, pair in enumerate(items(fields(container).get("Environment"))):
                name, value = fields(pair).get("Name"), fields(pair).get("Value")
                if isinstance(name, str) and _is_secret(name) and isinstance(value, str) and _plain(value):
                    steps = ("ContainerDefinitions", index, "Environment", place)
                    yield at(resource, *steps, says=f"{name} is a secret, and stands in the environment as text.")
    for resource in world.of_type("AWS::Lambda::Function"):
        for name, value in fields(resource.get("Environment", "Variables")).items():
            if _is_secret(str(name)) and isinstance(value, str) and _plain(value):
                yield at(
                    resource, "Environment", "Variables", name, says=f"{name} is a secret, and stands here as text."
                )


def _plain(value: str) -> bool:
    return (
        bool(value)
        and not value.startswith(("arn:", "/", "http", "{{resolve:"))
        and value.lower() not in ("true", "false", "none")
    )


_TRANSFORMS = {
    "AWS::Serverless": "AWS::Serverless-2016-10-31",
}
_EXTENSIONS = ("Fn::ForEach", "Fn::Length", "Fn::ToJsonString")


class TransformMissing(Rule):
    """What needs a transform that the template does not name."""

    id = "TAP1914"
    title = "What a transform makes needs the transform"
    description = (
        "Fn::ForEach, Fn::Length and Fn::ToJsonString need AWS::LanguageExtensions, and so do functions in deletion "
        "policies; serverless types need AWS::Serverless-2016-10-31."
    )
    source = "CloudFormation template reference, “AWS::LanguageExtensions transform”, “AWS::Serverless transform”"
    advice = "Name the transform in the template's Transform section."

    def check(self, world: World) -> Iterator[Found]:
        """Functions and types that only a transform knows."""
        said = world.model.document.template.get("Transform")
        transforms = [str(one) for one in (said if isinstance(said, list) else [said] if said else [])]
        extended = "AWS::LanguageExtensions" in transforms
        if not extended and not (set(transforms) - HARMLESS_TRANSFORMS - {"AWS::Serverless-2016-10-31"}):
            for owner, place, name in _extensions(world.model):
                yield Found(owner, place, f"{name} needs the transform AWS::LanguageExtensions.")
            for key, body in world.model.resources.items():
                for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
                    if isinstance(body.get(policy), Mapping):
                        says = f"A function in {policy} needs the transform AWS::LanguageExtensions."
                        yield Found(key, ("Resources", key, policy), says)
        for key, body in world.model.resources.items():
            kind = str(body.get("Type"))
            for start, wanted in _TRANSFORMS.items():
                if kind.startswith(f"{start}::") and wanted not in transforms:
                    yield Found(key, ("Resources", key, "Type"), f"{kind} needs the transform {wanted}.")


@lru_cache(maxsize=1)
def _extensions(model: Model) -> list[tuple[str, tuple[str, ...], str]]:
    """Every function that needs the transform: owner, place, function."""
    found = []
    for place, node in model.walked:
        for key in fields(node):
            name = "Fn::ForEach" if str(key).startswith("Fn::ForEach::") else str(key)
            if name in _EXTENSIONS:
                owner = place[1] if len(place) > 1 and place[0] == "Resources" else ""
                found.append((owner, (*place, str(key)), name))
    return found


_POLICIES = ("Delete", "Retain", "Snapshot", "RetainExceptOnCreate")


class PolicyWord(Rule):
    """Deletion policies that there are not."""

    id = "TAP1915"
    title = "A deletion policy is Delete, Retain, RetainExceptOnCreate or Snapshot"
    description = "CloudFormation refuses other words, and RetainExceptOnCreate for UpdateReplacePolicy."
    source = "CloudFormation template reference, DeletionPolicy and UpdateReplacePolicy attributes"
    advice = "Use one of the words; their case counts."

    def check(self, world: World) -> Iterator[Found]:
        """Both policies of each resource."""
        for key, resource in world.resources.items():
            for name in ("DeletionPolicy", "UpdateReplacePolicy"):
                value = world.resolve(resource.body.get(name))
                allowed = _POLICIES if name == "DeletionPolicy" else _POLICIES[:3]
                if isinstance(value, str) and value not in allowed:
                    says = f"{name} {value!r} is none of {', '.join(allowed)}."
                    yield Found(key, ("Resources", key, name), says)


class Exports(Rule):
    """Exports that collide, and imports of the stack's own."""

    id = "TAP1916"
    title = "An export has a name of its own, and is not imported where it is made"
    description = "Export names are unique in an account and region; a stack cannot import what it exports itself."
    source = "CloudFormation user guide, “Exporting stack output values”"
    advice = "Put ${AWS::StackName} into the name; refer to the stack's own resources with !Ref and !GetAtt."

    def check(self, world: World) -> Iterator[Found]:
        """Each export of this world; each import."""
        seen: dict[str, str] = {}
        for key, body in world.outputs.items():
            name = fields(body.get("Export")).get("Name")
            if name is None or isinstance(name, Mapping | list):
                continue
            text = shape(name)
            if text in seen:
                yield Found("", ("Outputs", key, "Export", "Name"), f"{seen[text]} is exported as {text} too.")
            if isinstance(name, str | Text) and re.search(r"[^A-Za-z0-9:\-]", re.sub(r"\$\{[^}]*\}", "", text)):
                says = f"{text}: an export's name is made of letters, digits, colons and hyphens."
                yield Found("", ("Outputs", key, "Export", "Name"), says)
            seen.setdefault(text, key)
        for resource in world.resources.values():
            for place, argument in _imports(resource):
                found = world.resolve(argument)
                if isinstance(found, str | Text | Unknown | Reference) and shape(found) in seen:
                    says = f"{shape(found)} is an export of this template: a stack cannot import its own."
                    yield Found(resource.logical_id, ("Resources", resource.logical_id, "Properties", *place), says)


@cached
def _imports(resource: Resource) -> list[tuple[tuple[str, ...], Any]]:
    """What a resource imports, with the places."""
    return [
        (place, node["Fn::ImportValue"])
        for place, node in resource.written_walked
        if isinstance(node, dict) and len(node) == 1 and "Fn::ImportValue" in node
    ]


@cached
def _dynamic_texts(resource: Resource) -> list[tuple[tuple[str, ...], str]]:
    """The texts of a resource with dynamic references, with their places."""
    return [(place, one) for place, one in resource.written_walked if isinstance(one, str) and "resolve:" in one]


_DYNAMIC = re.compile(r"\{\{\s*resolve:([^}]*)\}\}")
_SECURE_ONLY = (
    *("AWS::RDS::", "AWS::DirectoryService::", "AWS::ElastiCache::", "AWS::IAM::User", "AWS::OpsWorks::"),
    *("AWS::Redshift::", "AWS::KinesisFirehose::"),
)


class DynamicReference(Rule):
    """Dynamic references that CloudFormation cannot read."""

    id = "TAP1917"
    title = "A dynamic reference is of the form {{resolve:service:…}}"
    description = (
        "ssm takes a parameter and a version, secretsmanager a secret, SecretString, a key, a stage and a version; "
        "ssm-secure works in a few properties only."
    )
    source = "CloudFormation user guide, “Get values stored in other services using dynamic references”"
    advice = "Write {{resolve:secretsmanager:NAME:SecretString:KEY}} or {{resolve:ssm:NAME}}."

    def check(self, world: World) -> Iterator[Found]:
        """Each text of each resource."""
        for resource in world.resources.values():
            for place, value in _dynamic_texts(resource):
                for match in _DYNAMIC.finditer(value):
                    says = _dynamic_fault(match[1], resource.type)
                    if says:
                        yield Found(resource.logical_id, ("Resources", resource.logical_id, "Properties", *place), says)


def _dynamic_fault(inner: str, kind: str) -> str:
    service, _, rest = inner.partition(":")
    text = re.sub(r"\$\{[^}]*\}?", "x", rest)
    if service not in ("ssm", "ssm-secure", "secretsmanager"):
        return f"{service!r} is none of ssm, ssm-secure, secretsmanager."
    if service == "ssm-secure" and not kind.startswith(_SECURE_ONLY):
        return f"ssm-secure does not work in properties of {kind}."
    if service in ("ssm", "ssm-secure"):
        version = text.rpartition(":")[2] if ":" in text and not text.startswith("arn:") else ""
        return f"{version!r} is no version of a parameter." if version and not re.fullmatch(r"\d+|x", version) else ""
    if text.startswith("arn:"):
        parts = text.split(":")[7:]
    else:
        parts = text.split(":")[1:]
    if parts and parts[0] not in ("SecretString", "", "x"):
        return f"After the secret comes SecretString, not {parts[0]!r}."
    if len(parts) >= 4 and parts[2] and parts[3]:
        return "A stage and a version exclude each other."
    return ""
