from __future__ import annotations

from typing import Any

from tap.deploy.resolve import Unresolved
from tap.diff import policies
from tests.diff.building import resource


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def allow(actions: Any = "s3:GetObject", resources: Any = "arn:a", **more: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": actions, "Resource": resources, **more}


def role(*statements: dict[str, Any], **more: Any) -> dict[str, Any]:
    trust = document({"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"})
    inline = [{"PolicyName": "p", "PolicyDocument": document(*statements)}] if statements else []
    return resource("IAM::Role", {"AssumeRolePolicyDocument": trust, "Policies": inline, **more})


def attached(*statements: dict[str, Any], kind: str = "IAM::Policy", **more: Any) -> dict[str, Any]:
    properties = {"PolicyDocument": document(*statements), "Roles": [Unresolved("!Ref R")], **more}
    return resource(kind, properties)


def sentences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    return [one.sentence for one in policies.widenings(old, new)]


def test_an_action_and_a_resource_more_are_told_with_who_gains_them() -> None:
    before = {"R": role(allow())}
    assert sentences(before, {"R": role(allow(["s3:GetObject", "s3:PutObject"]))}) == [
        "role R may s3:PutObject on arn:a"
    ]
    assert sentences(before, {"R": role(allow(resources="*"))}) == ["role R may s3:GetObject on any resource (*)"]
    assert sentences({"R": role(allow("*", "*"))}, before) == []


def test_a_condition_removed_is_a_gain_and_one_added_is_none() -> None:
    bound = role(allow(Condition={"Bool": {"aws:SecureTransport": "true"}}))
    assert sentences({"R": bound}, {"R": role(allow())}) == ["role R may s3:GetObject on arn:a"]
    assert sentences({"R": role(allow())}, {"R": bound}) == []


def test_a_statement_that_moves_to_another_policy_of_the_same_role_gives_nothing() -> None:
    inline, bare = role(allow()), role()
    managed = attached(allow(), kind="IAM::ManagedPolicy")
    assert sentences({"R": inline}, {"R": bare, "P": attached(allow())}) == []
    assert sentences({"R": inline}, {"R": bare, "P": managed}) == []
    linked = role(ManagedPolicyArns=[Unresolved("!Ref P")])
    assert sentences({"R": inline}, {"R": linked, "P": attached(allow(), kind="IAM::ManagedPolicy", Roles=[])}) == [
        "whoever has the managed policy P may s3:GetObject on arn:a"
    ]


def test_a_managed_policy_more_and_a_boundary_less_are_gains() -> None:
    assert sentences({"R": role()}, {"R": role(ManagedPolicyArns=["arn:aws:iam::aws:policy/AdministratorAccess"])}) == [
        "role R gets all that the managed policy arn:aws:iam::aws:policy/AdministratorAccess allows"
    ]
    assert sentences({"R": role(PermissionsBoundary="arn:b")}, {"R": role()}) == [
        "role R is no longer bounded by arn:b; it has none"
    ]


def test_another_principal_may_assume_the_role() -> None:
    other = document({"Effect": "Allow", "Principal": {"AWS": "arn:x"}, "Action": "sts:AssumeRole"})
    assert sentences({"R": role()}, {"R": role(AssumeRolePolicyDocument=other)}) == ["arn:x may assume role R"]


def test_what_is_denied_no_longer_is_a_gain() -> None:
    deny = {"Effect": "Deny", "Action": "s3:DeleteObject", "Resource": "*"}
    assert sentences({"R": role(allow(), deny)}, {"R": role(allow())}) == [
        "role R is no longer denied s3:DeleteObject on any resource (*)"
    ]
    assert sentences({"R": role(allow())}, {"R": role(allow(), deny)}) == []


def test_policies_of_resources_are_told_by_the_resource_that_they_are_on() -> None:
    def bucket_policy(principal: Any) -> dict[str, Any]:
        given = allow(Principal=principal)
        return resource("S3::BucketPolicy", {"Bucket": Unresolved("!Ref B"), "PolicyDocument": document(given)})

    before = {"P": bucket_policy({"Service": "a.amazonaws.com"})}
    assert sentences(before, {"P": bucket_policy("*")}) == ["anyone (*) may s3:GetObject on B (arn:a)"]
    assert sentences(before, {"Q": bucket_policy({"Service": "a.amazonaws.com"})}) == []


def test_key_policies_and_permissions_of_functions_are_policies_too() -> None:
    def key(principal: str) -> dict[str, Any]:
        return resource("KMS::Key", {"KeyPolicy": document(allow("kms:*", "*", Principal={"AWS": principal}))})

    assert sentences({"K": key("arn:x")}, {"K": key("arn:y")}) == ["arn:y may kms:* on K"]
    permission = {
        "FunctionName": Unresolved("!Ref F"),
        "Action": "lambda:InvokeFunction",
        "Principal": "s3.amazonaws.com",
    }
    assert sentences({}, {"P": resource("Lambda::Permission", permission)}) == [
        "s3.amazonaws.com may lambda:InvokeFunction on F"
    ]


def test_an_endpoint_without_its_policy_lets_everybody_in() -> None:
    bound = resource("EC2::VPCEndpoint", {"PolicyDocument": document(allow(Principal="*"))})
    assert sentences({"E": bound}, {"E": resource("EC2::VPCEndpoint")}) == ["anyone (*) may do anything (*) on E"]


def test_what_cannot_be_judged_is_said_to_be_so() -> None:
    (found,) = policies.widenings({"R": role()}, {"R": role(Policies=[Unresolved("!If [X, a, b]")])})
    assert (found.certain, "cannot be judged" in found.sentence) == (False, True)


def test_what_a_new_role_may_is_marked_as_new() -> None:
    assert all(one.fresh for one in policies.widenings({}, {"R": role(allow())}))
