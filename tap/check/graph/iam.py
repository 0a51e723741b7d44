"""Who may do what: policy documents as statements, the policies of a role, and whether they allow an action.

Sources: IAM user guide, "IAM JSON policy element reference", "Policy evaluation logic".
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from tap.check.graph.cached import cached
from tap.check.model import Resource, World
from tap.check.values import Reference, Text, Unknown, each, fields, items, known, shape

ROLE = "AWS::IAM::Role"
_ATTACHED = ("AWS::IAM::Policy", "AWS::IAM::ManagedPolicy", "AWS::IAM::RolePolicy")

RESOURCE_POLICIES: Mapping[str, str] = {
    "AWS::S3::BucketPolicy": "PolicyDocument",
    "AWS::SNS::TopicPolicy": "PolicyDocument",
    "AWS::SQS::QueuePolicy": "PolicyDocument",
    "AWS::KMS::Key": "KeyPolicy",
    "AWS::KMS::ReplicaKey": "KeyPolicy",
    "AWS::SecretsManager::ResourcePolicy": "ResourcePolicy",
    "AWS::ECR::Repository": "RepositoryPolicyText",
    "AWS::Backup::BackupVault": "AccessPolicy",
    "AWS::EC2::VPCEndpoint": "PolicyDocument",
    "AWS::ApiGateway::RestApi": "Policy",
    "AWS::EFS::FileSystem": "FileSystemPolicy",
    "AWS::Events::EventBusPolicy": "Statement",
}
"""The properties that hold a policy about the resource itself, or about the one that it is attached to."""


@dataclass(frozen=True, eq=False)
class Statement:
    """One statement. What it leaves out is an empty tuple; ``place`` leads to it below the resource's properties.

    ``principals`` are pairs of a kind (``Service``, ``AWS``, ``Federated``, ``CanonicalUser``; ``*`` for anybody) and a
    value; ``negated`` tells whether they stand in ``NotPrincipal``.
    """

    effect: str
    place: tuple[str, ...]
    sid: str = ""
    principals: tuple[tuple[str, Any], ...] = ()
    negated: bool = False
    actions: tuple[Any, ...] = ()
    not_actions: tuple[Any, ...] = ()
    resources: tuple[Any, ...] = ()
    not_resources: tuple[Any, ...] = ()
    conditions: Mapping[str, Any] = field(default_factory=dict)
    complete: bool = True
    """Whether nothing of it is hidden behind what cannot be known."""

    @property
    def allows(self) -> bool:
        """Whether it is an ``Allow``."""
        return self.effect == "Allow"

    def services(self) -> Iterator[str]:
        """The service principals that are known to the last character, in lower case."""
        for kind, value in self.principals:
            if kind == "Service" and isinstance(value, str):
                yield value.lower()

    def covers(self, action: str) -> bool | None:
        """Whether an action (``s3:GetObject``) is one of its actions; None when that cannot be told."""
        if self.not_actions:
            hit = _any(_matches(pattern, action) for pattern in self.not_actions)
            return None if hit is None else not hit
        return _any(_matches(pattern, action) for pattern in self.actions)


def statements(document: Any, place: tuple[str, ...] = ()) -> tuple[Statement, ...] | None:
    """The statements of a resolved policy document; None where the document, or its list, is not known."""
    if not isinstance(document, Mapping):
        return None
    said = document.get("Statement")
    if isinstance(said, Unknown | Text | Reference):
        return None
    one_by_one = [said] if isinstance(said, Mapping) else items(said)
    found = []
    for index, body in enumerate(one_by_one):
        if not isinstance(body, Mapping):
            return None
        steps = () if isinstance(said, Mapping) else (str(index),)
        found.append(_statement(body, (*place, "Statement", *steps)))
    return tuple(found)


def _statement(body: Mapping[str, Any], place: tuple[str, ...]) -> Statement:
    negated = "NotPrincipal" in body
    principal = body.get("NotPrincipal" if negated else "Principal")
    principals: list[tuple[str, Any]] = []
    if isinstance(principal, Mapping):
        principals = [(str(kind), one) for kind, values in principal.items() for one in each(values)]
    elif principal is not None:
        principals = [("*" if principal == "*" else "", principal)]
    parts = [body.get(key) for key in ("Effect", "Action", "NotAction", "Resource", "NotResource")]
    return Statement(
        effect=body["Effect"] if isinstance(body.get("Effect"), str) else "",
        place=place,
        sid=body["Sid"] if isinstance(body.get("Sid"), str) else "",
        principals=tuple(principals),
        negated=negated,
        actions=tuple(each(body.get("Action"))),
        not_actions=tuple(each(body.get("NotAction"))),
        resources=tuple(each(body.get("Resource"))),
        not_resources=tuple(each(body.get("NotResource"))),
        conditions=fields(body.get("Condition")),
        complete=not any(isinstance(part, Unknown) for part in parts)
        and not isinstance(principal, Unknown)
        and not isinstance(body.get("Condition"), Unknown),
    )


@dataclass(frozen=True, eq=False)
class Grants:
    """What a role's policies in the template say. ``managed`` are the ARNs of managed policies, as far as known.

    ``complete`` is false where the role may have more: policies that are not known, or are attached from elsewhere.
    """

    statements: tuple[Statement, ...]
    managed: tuple[str, ...]
    complete: bool

    def has_managed(self, *names: str) -> bool:
        """Whether one of AWS's managed policies of these names (the last part of the ARN) is attached."""
        return any(arn.rsplit("/", 1)[-1] in names for arn in self.managed)


MANAGED: Mapping[str, tuple[str, ...]] = {
    "AWSLambdaBasicExecutionRole": ("logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"),
    "AWSXRayDaemonWriteAccess": ("xray:*",),
    "AmazonSSMManagedInstanceCore": ("ssm:*", "ssmmessages:*", "ec2messages:*"),
}
"""What some of AWS's managed policies allow at most, on any resource (AWS managed policy reference guide)."""


@cached
def _attached(world: World) -> Mapping[str, list[Resource]]:
    """The policies that are attached to a role from their own side, by the role's logical id."""
    found: dict[str, list[Resource]] = {}
    for policy in world.of_type(*_ATTACHED):
        for role in [*each(policy.get("Roles")), *each(policy.get("RoleName"))]:
            target = world.target(role, ROLE)
            if target:
                found.setdefault(target.logical_id, []).append(policy)
    return found


@cached
def grants(world: World, role: Resource) -> Grants:
    """What a role (``AWS::IAM::Role``) may do by the policies in the template."""
    found: list[Statement] = []
    complete = not world.open
    inline = role.get("Policies")
    if isinstance(inline, Unknown | Text | Reference):
        complete = False
    documents = [(one, ("Policies", str(at))) for at, one in enumerate(items(inline))]
    for body, place in documents:
        told = statements(fields(body).get("PolicyDocument"), (*place, "PolicyDocument"))
        complete = complete and told is not None
        found += told or ()
    managed: list[str] = []
    arns = role.get("ManagedPolicyArns")
    if isinstance(arns, Unknown | Text | Reference):
        complete = False
    for arn in items(arns):
        own = world.target(arn, "AWS::IAM::ManagedPolicy")
        if own:
            told = statements(own.get("PolicyDocument"), ("PolicyDocument",))
            complete = complete and told is not None
            found += told or ()
        elif isinstance(arn, str):
            managed.append(arn)
        elif isinstance(arn, Text) and not arn.references and "policy/" in arn.suffix:
            managed.append(shape(arn))
        else:
            complete = False
    for policy in _attached(world).get(role.logical_id, ()):
        told = statements(policy.get("PolicyDocument"), ("PolicyDocument",))
        complete = complete and told is not None
        found += told or ()
    complete = complete and all(one.complete for one in found)
    # A policy that names its roles by what is not known may be this role's.
    for policy in world.of_type(*_ATTACHED):
        names = [*each(policy.get("Roles")), *each(policy.get("RoleName"))]
        if any(isinstance(one, Unknown | Text) and world.target(one, ROLE) is None for one in names):
            complete = False
    return Grants(tuple(found), tuple(managed), complete and role.logical_id not in world.told_outside)


def may(world: World, role: Resource, action: str, resource: Resource | None = None) -> bool | None:
    """Whether a role may do ``action``, on ``resource`` of the template (None: on anything at all).

    True and False only where established; None where managed policies or what is not known may allow it. Conditions
    count as met, denials are not looked at.
    """
    told = grants(world, role)
    unsure = not told.complete
    for arn in told.managed:
        patterns = MANAGED.get(arn.rsplit("/", 1)[-1])
        unsure = unsure or patterns is None or any(_matches(one, action) for one in patterns)
    for one in told.statements:
        if not one.allows:
            continue
        covered = one.covers(action)
        if covered is False:
            continue
        on = True if resource is None else concerns(world, one, resource)
        if covered and on:
            return True
        if on is not False:
            unsure = True
    return None if unsure else False


def concerns(world: World, statement: Statement, resource: Resource) -> bool | None:
    """Whether a statement's resources may be ``resource`` or something in it; None when that cannot be told."""
    if statement.not_resources:
        return None
    return _any(_is(world, pattern, resource) for pattern in statement.resources)


def _is(world: World, pattern: Any, resource: Resource) -> bool | None:
    if pattern == "*":
        return True
    if isinstance(pattern, Reference):
        return pattern.logical_id == resource.logical_id
    if isinstance(pattern, Text) and pattern.references:
        return any(one.logical_id == resource.logical_id for one in pattern.references) or None
    if isinstance(pattern, str | Text):
        name = world.name(resource)
        text = shape(pattern)
        if resource.type in ("AWS::RDS::DBCluster", "AWS::RDS::DBInstance") and ":secret:" in text:
            # RDS calls its secrets rds!cluster-… and rds!db-….
            fixed = re.split(r"[*?$]", text.split(":secret:", 1)[1])[0]
            return None if fixed.startswith("rds!") or "rds!".startswith(fixed) else False
        if isinstance(name, str):
            last = re.split(r"[:/]", text)[-1]
            return fnmatchcase(name, last) or name in text or ("*" in text and None)
        return None
    return None


def _matches(pattern: Any, action: str) -> bool | None:
    if not isinstance(pattern, str):
        return None
    if pattern == "*":
        return True
    return fnmatchcase(action.lower(), pattern.lower())


def _any(answers: Iterable[bool | None]) -> bool | None:
    """True if one is, else None if one is not known, else False."""
    unsure = False
    for answer in answers:
        if answer:
            return True
        unsure = unsure or answer is None
    return None if unsure else False


def trusted(role: Resource) -> tuple[frozenset[str], bool]:
    """The service principals that may assume a role, in lower case; and whether those are all who may."""
    told = statements(role.get("AssumeRolePolicyDocument"))
    if told is None:
        return frozenset(), False
    services: set[str] = set()
    whole = True
    for one in told:
        if not one.allows:
            continue
        services.update(one.services())
        unknown_services = any(kind == "Service" and not isinstance(value, str) for kind, value in one.principals)
        whole = whole and one.complete and not unknown_services and not one.negated
        whole = whole and not any(kind == "*" or (kind == "AWS" and value == "*") for kind, value in one.principals)
    return frozenset(services), whole


@dataclass(frozen=True, eq=False)
class Policy:
    """A policy document in the template. ``kind`` is ``identity``, ``trust`` or ``resource``."""

    resource: Resource
    place: tuple[str, ...]
    kind: str
    document: Any

    @property
    def statements(self) -> tuple[Statement, ...]:
        """Its statements, as far as they are known."""
        return statements(self.document, self.place) or ()


@cached
def policies(world: World) -> tuple[Policy, ...]:
    """Every policy document of the template: of roles, users and groups, trust policies, and of resources."""
    found: list[Policy] = []
    for owner in world.of_type(ROLE, "AWS::IAM::User", "AWS::IAM::Group"):
        if owner.type == ROLE and "AssumeRolePolicyDocument" in owner.properties:
            place: tuple[str, ...] = ("AssumeRolePolicyDocument",)
            found.append(Policy(owner, place, "trust", owner.get(*place)))
        for index, one in enumerate(items(owner.get("Policies"))):
            place = ("Policies", str(index), "PolicyDocument")
            found.append(Policy(owner, place, "identity", fields(one).get("PolicyDocument")))
    for owner in world.of_type(*_ATTACHED, "AWS::IAM::UserPolicy", "AWS::IAM::GroupPolicy"):
        found.append(Policy(owner, ("PolicyDocument",), "identity", owner.get("PolicyDocument")))
    for kind, key in RESOURCE_POLICIES.items():
        for owner in world.of_type(kind):
            if key in owner.properties:
                document = owner.get(key)
                if key == "Statement":
                    found.append(Policy(owner, (), "resource", {"Statement": document}))
                else:
                    found.append(Policy(owner, (key,), "resource", document))
    return tuple(one for one in found if known(one.document) or isinstance(one.document, Mapping))
