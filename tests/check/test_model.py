from __future__ import annotations

from typing import Any

from tap.check.load import Document, parse
from tap.check.model import Model, World
from tap.check.values import Unknown


def model(text: str, region: str = "", **given: str) -> Model:
    return Model(parse(text), region, given)


def world(text: str, region: str = "", **given: str) -> World:
    return model(text, region, **given).worlds[0]


BUCKETS = """
Parameters:
  Name: {Type: String, Default: mine}
Conditions:
  Never: !Equals [a, b]
Resources:
  Bucket: {Type: AWS::S3::Bucket, Properties: {BucketName: !Sub "${Name}-bucket", Rules: [{Days: 5}]}}
  Gone: {Type: AWS::S3::Bucket, Condition: Never}
  Policy:
    Type: AWS::S3::BucketPolicy
    DependsOn: Bucket
    Properties:
      Bucket: !Ref Bucket
      PolicyDocument: {Statement: [{Resource: !Sub "${Bucket.Arn}/*"}]}
Outputs:
  Told: {Value: !GetAtt Bucket.Arn}
  NotTold: {Condition: Never, Value: !Ref Policy}
"""


def test_a_world_has_what_is_made_in_it() -> None:
    found = world(BUCKETS)
    assert list(found.resources) == ["Bucket", "Policy"]
    assert [one.logical_id for one in found.of_type("AWS::S3::Bucket")] == ["Bucket"]
    assert found.resources["Policy"].depends_on == ("Bucket",)
    assert list(found.outputs) == ["Told"]
    assert found.told_outside == {"Bucket"}


def test_properties_are_reached_by_steps() -> None:
    bucket = world(BUCKETS).resources["Bucket"]
    assert bucket.get("BucketName") == "mine-bucket"
    assert bucket.get("Rules", 0, "Days") == 5
    assert bucket.get("Rules", 1, "Days") is None
    assert bucket.get("Nothing", "Below") is None
    unknown = world("Resources: {A: {Type: T, Properties: {P: !ImportValue x}}}").resources["A"]
    assert isinstance(unknown.get("P", "Q", 0), Unknown)


def test_uses_are_found_with_their_paths() -> None:
    found = world(BUCKETS)
    assert [(use.resource.logical_id, use.path, use.reference.attribute) for use in found.uses("Bucket")] == [
        ("Policy", ("Bucket",), ""),
        ("Policy", ("PolicyDocument", "Statement", "0", "Resource"), "Arn"),
    ]


def test_a_resource_is_meant_by_reference_by_arn_and_by_name() -> None:
    found = world(
        """
Parameters: {Suffix: {Type: String}}
Resources:
  Cluster: {Type: AWS::ECS::Cluster, Properties: {ClusterName: !Sub "main-${Suffix}"}}
  Named: {Type: AWS::ECS::Cluster, Properties: {ClusterName: other}}
"""
    )
    for meant in (
        {"Ref": "Cluster"},
        {"Fn::GetAtt": ["Cluster", "Arn"]},
        {"Fn::Sub": "main-${Suffix}"},
        {"Fn::Sub": "arn:aws:ecs:${AWS::Region}:${AWS::AccountId}:cluster/main-${Suffix}"},
        {"Fn::Select": [1, {"Fn::Split": ["/", {"Ref": "Cluster"}]}]},
    ):
        target = found.target(found.resolve(meant), "AWS::ECS::Cluster")
        assert target is not None, meant
        assert target.logical_id == "Cluster"
    named = found.target("other", "AWS::ECS::Cluster")
    assert named
    assert named.logical_id == "Named"
    assert found.target("main", "AWS::ECS::Cluster") is None
    assert found.target(found.resolve({"Ref": "Cluster"}), "AWS::ECS::Service") is None


def test_a_macro_leaves_the_template_open() -> None:
    assert not model("Resources: {}").open
    assert not model("Transform: AWS::LanguageExtensions\nResources: {}").open
    assert model("Transform: [AWS::LanguageExtensions, Mine]\nResources: {}").open
    assert model("Resources: {A: {Type: T, Properties: {Fn::Transform: {Name: AWS::Include}}}}").open
    assert model("Resources: {Fn::ForEach::X: [A, !Ref Nobody, {}]}").open
    assert model("Resources: {A: {Type: Mine::Own::Thing::MODULE}}").open
    assert model("Resources: {A: {Type: !Other::Module policy.yaml}}").open


def test_loops_are_unrolled() -> None:
    found = world(
        """
Transform: AWS::LanguageExtensions
Parameters: {Names: {Type: CommaDelimitedList, Default: "a,b"}}
Resources:
  Fn::ForEach::Queues:
    - One
    - !Ref Names
    - Queue${One}: {Type: AWS::SQS::Queue, Properties: {QueueName: !Sub "q-${One}", Label: !Ref One}}
"""
    )
    assert {key: dict(one.properties) for key, one in found.resources.items()} == {
        "Queuea": {"QueueName": "q-a", "Label": "a"},
        "Queueb": {"QueueName": "q-b", "Label": "b"},
    }


def test_how_long_a_name_can_get() -> None:
    found = model(
        """
Parameters:
  Env: {Type: String, MaxLength: 10, Default: dev}
  Kind: {Type: String, AllowedValues: [a, long]}
  Code: {Type: String, AllowedPattern: "^[a-z]{2,6}$"}
  Free: {Type: String}
Resources: {}
"""
    )

    def longest(node: Any) -> int | None:
        return found.longest(node)

    assert longest("abc") == 3
    assert longest({"Fn::Sub": "x-${Env}"}) == 12
    assert longest({"Fn::Join": ["-", ["a", {"Ref": "Kind"}]]}) == 6
    assert longest({"Ref": "Code"}) == 6
    assert longest({"Fn::If": ["X", "aaaa", {"Ref": "Env"}]}) == 10
    assert longest({"Fn::Sub": "${AWS::AccountId}-${AWS::Region}"}) == 27
    assert longest({"Ref": "Free"}) is None
    assert longest({"Fn::Sub": "${Other.Arn}"}) is None


def test_pseudo_parameters_follow_the_region() -> None:
    china = Model(Document("t", {"Resources": {}}), "cn-north-1").worlds[0]
    assert china.resolve({"Fn::Sub": "arn:${AWS::Partition}:x.${AWS::URLSuffix}"}) == "arn:aws-cn:x.amazonaws.com.cn"


VARIED = """
Parameters:
  Stage: {Type: String, AllowedValues: [dev, prod]}
Conditions:
  IsProd: !Equals [!Ref Stage, prod]
Mappings:
  Days: {dev: {Kept: 1}, prod: {Kept: 30}}
Resources:
  Same: {Type: AWS::SNS::Topic}
  ByCondition: {Type: AWS::SNS::Topic, Properties: {DisplayName: !If [IsProd, a, b]}}
  ByName: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Sub "of-${Stage}"}}
  ByReference: {Type: AWS::SNS::Topic, Properties: {DisplayName: !Ref Stage}}
  ByMapping: {Type: AWS::Logs::LogGroup, Properties: {RetentionInDays: !FindInMap [Days, !Ref Stage, Kept]}}
"""


def test_worlds_share_what_is_the_same_in_them_and_nothing_else() -> None:
    first, second = model(VARIED).worlds
    assert first.resources["Same"] is second.resources["Same"]
    for key in ("ByCondition", "ByName", "ByReference"):
        assert {world.resources[key].get("DisplayName") for world in (first, second)} in (
            {"a", "b"},
            {"of-dev", "of-prod"},
            {"dev", "prod"},
        )
    assert {world.resources["ByMapping"].get("RetentionInDays") for world in (first, second)} == {1, 30}


def test_loops_that_would_make_more_than_any_stack_takes_are_left_as_they_are() -> None:
    body: dict[str, Any] = {"R${V0}${V1}${V2}${V3}${V4}": {"Type": "T"}}
    for number in range(5):
        body = {f"Fn::ForEach::L{number}": [f"V{number}", [f"x{item}" for item in range(10)], body]}
    model = Model(Document("t", {"Resources": body}))
    assert not model.resources
    assert model.open
