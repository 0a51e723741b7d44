"""Who is allowed what by the policies of a template, and who is allowed more than before. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tap.deploy.resolve import Unresolved
from tap.diff.model import Widening
from tap.diff.statements import ANYONE, Document, Statement, read, text_of, uncovered

Resources = Mapping[str, Mapping[str, Any]]

_IDENTITIES = {"AWS::IAM::Role": "role", "AWS::IAM::User": "user", "AWS::IAM::Group": "group"}
_ATTACHED = frozenset(
    {
        "AWS::IAM::Policy",
        "AWS::IAM::ManagedPolicy",
        "AWS::IAM::RolePolicy",
        "AWS::IAM::UserPolicy",
        "AWS::IAM::GroupPolicy",
    }
)
_BEARERS = {
    "Roles": "role",
    "Users": "user",
    "Groups": "group",
    "RoleName": "role",
    "UserName": "user",
    "GroupName": "group",
}
_TARGETS = ("Bucket", "Queues", "Topics", "SecretId", "FileSystemId", "StreamArn", "ResourceArn", "TableBucketARN")
"""Where a policy that is a resource of its own says what it is on."""
_OPEN_WITHOUT = {
    "AWS::EC2::VPCEndpoint": "PolicyDocument",
    "AWS::ApiGateway::RestApi": "Policy",
    "AWS::EFS::FileSystem": "FileSystemPolicy",
}
"""Types that let everybody in when they have no policy."""
_EVERYTHING = Statement(True, frozenset({ANYONE}), frozenset({"*"}), frozenset({"*"}), "")
_SHOWN = 6


@dataclass
class _Holder:
    """One who is granted things, or a thing on which they are granted, on one side."""

    kind: str
    logical_id: str
    name: str
    statements: list[Statement] = field(default_factory=list)
    opaque: set[str] = field(default_factory=set)
    policies: set[str] = field(default_factory=set)
    boundary: str = ""

    def take(self, document: Document) -> None:
        self.statements += document.statements
        self.opaque |= document.opaque


def widenings(old: Resources, new: Resources) -> Iterator[Widening]:
    """Whatever ``new`` allows and ``old`` does not; both are resolved resources by logical id.

    Statements are compared by holder, not by document: one that moves from a role's inline policy to an attached one
    gives nobody anything.
    """
    before, after = _holders(old), _holders(new)
    for key, holder in after.items():
        earlier = before.get(key)
        fresh = holder.logical_id not in old and earlier is None
        yield from _gained(holder, earlier or _Holder(*key, holder.name), fresh)
        if earlier is not None:
            yield from _undenied(holder, earlier)


def _gained(holder: _Holder, earlier: _Holder, fresh: bool) -> Iterator[Widening]:
    known = set(earlier.statements)
    for statement in dict.fromkeys(one for one in holder.statements if one.allows and one not in known):
        for part in uncovered(statement, earlier.statements):
            who = _who(holder, part)
            yield Widening(holder.kind, holder.logical_id, who, f"{who} {_may(holder, part)}", fresh=fresh)
    for policy in sorted(holder.policies - earlier.policies):
        sentence = f"{holder.name} gets all that the managed policy {policy} allows"
        yield Widening(holder.kind, holder.logical_id, holder.name, sentence, fresh=fresh)
    for text in sorted(holder.opaque - earlier.opaque):
        sentence = f"{holder.name}: a policy changes in a way that cannot be judged here: {_short(text)}"
        yield Widening(holder.kind, holder.logical_id, holder.name, sentence, certain=False, fresh=fresh)
    if earlier.boundary and earlier.boundary != holder.boundary:
        now = f"has the boundary {holder.boundary}" if holder.boundary else "has none"
        sentence = f"{holder.name} is no longer bounded by {earlier.boundary}; it {now}"
        yield Widening(holder.kind, holder.logical_id, holder.name, sentence, certain=not holder.boundary)


def _undenied(holder: _Holder, earlier: _Holder) -> Iterator[Widening]:
    """What was denied and is not any more."""
    known = set(holder.statements)
    for statement in dict.fromkeys(one for one in earlier.statements if not one.allows and one not in known):
        for part in uncovered(statement, holder.statements):
            who = _who(holder, part)
            sentence = f"{who} {_are(part, holder)} no longer denied {_what(holder, part)}"
            yield Widening(holder.kind, holder.logical_id, who, sentence)


def _holders(resources: Resources) -> dict[tuple[str, str], _Holder]:
    found: dict[tuple[str, str], _Holder] = {}

    def holder(kind: str, logical_id: str, name: str) -> _Holder:
        return found.setdefault((kind, logical_id), _Holder(kind, logical_id, name))

    for logical_id, body in resources.items():
        # What a macro makes of the properties as a whole is not known, and no mapping.
        said = body.get("Properties")
        type_name, properties = body["Type"], said if isinstance(said, Mapping) else {}
        if type_name in _IDENTITIES:
            word = _IDENTITIES[type_name]
            own = holder("identity", logical_id, f"{word} {logical_id}")
            _take_identity(own, properties, resources)
            if "AssumeRolePolicyDocument" in properties:
                trust = holder("trust", logical_id, f"role {logical_id}")
                trust.take(read(properties["AssumeRolePolicyDocument"]))
        elif type_name in _ATTACHED:
            for bearer, name in _bearers(logical_id, type_name, properties):
                holder("identity", bearer, name).take(read(properties.get("PolicyDocument")))
        elif type_name == "AWS::Lambda::Permission":
            target = _named(text_of(properties.get("FunctionName")))
            holder("resource", target, target).statements.append(_permission(properties))
        else:
            _take_resource(logical_id, type_name, properties, holder)
    return found


def _take_identity(own: _Holder, properties: Mapping[str, Any], resources: Resources) -> None:
    for inline in _listed(properties.get("Policies")):
        own.take(read(inline.get("PolicyDocument") if isinstance(inline, Mapping) else inline))
    for managed in _listed(properties.get("ManagedPolicyArns")):
        name = _named(text_of(managed))
        if resources.get(name, {}).get("Type") == "AWS::IAM::ManagedPolicy":
            own.take(read((resources[name].get("Properties") or {}).get("PolicyDocument")))
        elif isinstance(managed, Unresolved) and not text_of(managed).startswith(("arn:", "$")):
            own.opaque.add(text_of(managed))
        else:
            own.policies.add(text_of(managed))
    for group in _listed(properties.get("Groups")):
        own.policies.add(f"of the group {_named(text_of(group))}")
    if properties.get("PermissionsBoundary") is not None:
        own.boundary = text_of(properties["PermissionsBoundary"])


def _bearers(logical_id: str, type_name: str, properties: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Whom a policy of its own is attached to."""
    some = False
    for key, word in _BEARERS.items():
        for one in _listed(properties.get(key)):
            some = True
            name = _named(text_of(one))
            yield name, f"{word} {name}"
    if not some and type_name == "AWS::IAM::ManagedPolicy":
        yield logical_id, f"whoever has the managed policy {logical_id}"


def _take_resource(logical_id: str, type_name: str, properties: Mapping[str, Any], holder: Any) -> None:
    documents = [one for name, value in properties.items() for one in _documents(name, value)]
    default = _OPEN_WITHOUT.get(type_name)
    if default and not documents:
        holder("open", logical_id, logical_id).statements.append(_EVERYTHING)
    on = next((properties[name] for name in _TARGETS if name in properties), None) if documents else None
    for target in [_named(text_of(one)) for one in _listed(on)] or [logical_id]:
        for document in documents:
            holder("open" if default else "resource", target, target).take(read(document))


def _documents(name: str, value: Any) -> Iterator[Any]:
    """The policy documents in a property: mappings with statements, or their JSON text under a telling name."""
    if isinstance(value, Mapping):
        if "Statement" in value:
            yield value
            return
        for key, inner in value.items():
            yield from _documents(str(key), inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _documents(name, inner)
    elif _may_be_document(name, value):
        yield value


def _may_be_document(name: str, value: Any) -> bool:
    if isinstance(value, Unresolved):
        return name in {"PolicyDocument", "KeyPolicy", "ResourcePolicy", "AccessPolicy"}
    return isinstance(value, str) and "Polic" in name and '"Statement"' in value


def _permission(properties: Mapping[str, Any]) -> Statement:
    """``AWS::Lambda::Permission`` as the statement that it adds to the function's policy."""
    conditions = {
        key: {"aws:" + name: properties[name]}
        for key, name in (("ArnLike", "SourceArn"), ("StringEquals", "SourceAccount"), ("StringLike", "PrincipalOrgID"))
        if name in properties
    }
    document = {
        "Statement": {
            "Effect": "Allow",
            "Principal": properties.get("Principal"),
            "Action": properties.get("Action"),
            "Resource": "*",
            "Condition": conditions,
        }
    }
    return read(document).statements[0]


def _who(holder: _Holder, statement: Statement) -> str:
    if holder.kind == "identity":
        return holder.name
    names = ["anyone (*)" if name == ANYONE else _named(name) for name in sorted(statement.principals)]
    text = _list(names) or "whoever it says"
    return f"everyone but {text}" if "principals" in statement.inverted else text


def _may(holder: _Holder, statement: Statement) -> str:
    return f"may {_what(holder, statement)}"


def _are(statement: Statement, holder: _Holder) -> str:
    return "are" if holder.kind != "identity" and len(statement.principals) > 1 else "is"


def _what(holder: _Holder, statement: Statement) -> str:
    """What a statement is about: actions, resources, conditions."""
    if holder.kind == "trust" and all(action.lower() == "sts:assumerole" for action in statement.actions):
        return f"assume {holder.name}{_if(statement)}"
    actions = _list(sorted(statement.actions)) or "nothing"
    if statement.actions == {"*"}:
        actions = "do anything (*)"
    if "actions" in statement.inverted:
        actions = f"do anything but {actions}"
    resources = "" if not statement.resources else _list([_named(one) for one in sorted(statement.resources)])
    if "resources" in statement.inverted:
        resources = f"everything but {resources}"
    elif statement.resources == {"*"}:
        resources = "any resource (*)"
    if holder.kind != "identity":
        inner = "" if not resources or statement.resources == {"*"} else f" ({resources})"
        return f"{actions} on {holder.name}{inner}{_if(statement)}"
    return f"{actions} on {resources or 'nothing'}{_if(statement)}"


def _if(statement: Statement) -> str:
    parts = [f"{key} {operator} {_list(sorted(values))}" for (operator, key), values in statement.conditions.items()]
    return f", if {' and '.join(parts)}" if parts else ""


def _list(names: Iterable[str]) -> str:
    found = list(names)
    more = len(found) - _SHOWN
    return ", ".join(found[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _short(text: str) -> str:
    return text if len(text) <= 100 else text[:99] + "…"


def _named(text: str) -> str:
    """``${Role}`` and ``${Role.Arn}`` as ``Role``; ``${Cluster.Endpoint}`` as ``Cluster.Endpoint``; else as it is."""
    if text.startswith("${") and text.endswith("}") and text.count("${") == 1 and "::" not in text:
        return text[2:-1].removesuffix(".Arn")
    return text


def _listed(value: Any) -> list[Any]:
    return [] if value is None else value if isinstance(value, list) else [value]
