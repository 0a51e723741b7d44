from __future__ import annotations

import pytest

from tap.check.explain import places
from tap.check.load import parse
from tap.check.model import Model

TEXT = """
Metadata: {Template: {System: shop}}
Parameters: {Env: {Type: String, Default: dev, AllowedPattern: "^[a-z]+$"}}
Mappings: {Sizes: {small.one: {Most: 5}, big.one: {Most: 7}}}
Resources:
  SubnetA: {Type: AWS::EC2::Subnet, Properties: {CidrBlock: 10.0.0.0/24, Public: true}}
  SubnetB: {Type: AWS::EC2::Subnet, Properties: {CidrBlock: 10.0.1.0/24, Public: true, Only: here}}
  Subnet: {Type: AWS::EC2::VPC, DependsOn: [SubnetA], CreationPolicy: {Count: 3}, Metadata: {Tier: network}}
  Task:
    Type: AWS::ECS::TaskDefinition
    Properties:
      Containers:
        - {Name: app, Environment: [{Name: MODE, Value: a}, {Name: SIZE, Value: "b, c"}]}
        - {Name: !Sub "side-${AWS::StackName}", Environment: [{Name: MODE, Value: ""}]}
      Parameters: {rds.force_ssl: 1}
      Script: "one\\n  two"
  Board:
    Type: AWS::CloudWatch::Dashboard
    Properties: {Body: !Sub '{"widgets": [{"title": "CPU of ${SubnetA}"}, {"title": "Memory"}]}'}
Outputs: {Name: {Value: !Ref SubnetA, Export: {Name: !Sub "${Env}-name"}}}
"""


def found(place: str) -> places.Found | None:
    return places.find(Model(parse(TEXT)).worlds[0], place)


@pytest.mark.parametrize(
    ("place", "text"),
    [
        ("SubnetA", "AWS::EC2::Subnet"),
        ("SubnetA.CidrBlock", "10.0.0.0/24"),
        ("Subnet.DependsOn", "[SubnetA]"),
        ("Subnet.CreationPolicy.Count", "3"),
        ("Subnet.Metadata.Tier", "network"),
        ("Outputs.Name.Value", "!Ref SubnetA"),
        ("Outputs.*.Export.Name", "dev-name"),
        ("Metadata.Template.System", "shop"),
        ("Parameters.Env.AllowedPattern", "^[a-z]+$"),
        ("Mappings.Sizes.*.Most", "5, 7"),
        ("Mappings.Sizes.big?one.Most", "7"),
        # Several resources: by a pattern, by their type; the same value is counted.
        ("Subnet?", "2 × AWS::EC2::Subnet"),
        ("Subnet?.CidrBlock", "10.0.0.0/24, 10.0.1.0/24"),
        ("AWS::EC2::Subnet.Public", "2 × true"),
        ("AWS::EC2::*", "AWS::EC2::Subnet, AWS::EC2::Subnet, AWS::EC2::VPC"),
        # Items of lists: by number, by name, all.
        ("Task.Containers.1.Name", "side-${AWS::StackName}"),
        ("Task.Containers.app.Environment.MODE.Value", "a"),
        ("Task.Containers.side-*.Environment.MODE.Value", '""'),
        ("Task.Containers.app.Environment.*.Value", "a | b, c"),
        ("Task.Containers.*.Environment.*.Name", "MODE, SIZE, MODE"),
        ("Task.Parameters.rds?force_ssl", "1"),
        ("Task.Script", "one two"),
        # A text that is JSON.
        ("Board.Body.widgets.*.title", "CPU of ${SubnetA}, Memory"),
    ],
)
def test_what_stands_at_a_place(place: str, text: str) -> None:
    here = found(place)
    assert here and here.text == text


@pytest.mark.parametrize(
    "place",
    [
        "Nobody",
        "nobody.CidrBlock",
        "SubnetA.Nothing",
        "SubnetA.CidrBlock.more",
        "Subnet?.Only",  # one of them has it, the other not
        "Task.Containers.2",
        "Task.Containers.nobody.Name",
        "Task.Script.one",
        "AWS::EC2::Route",
        "Outputs.None.Value",
        "Mappings.Others",
        "Rules.Any",
        "Conditions",
        "",
    ],
)
def test_where_nothing_stands(place: str) -> None:
    assert found(place) is None


def test_the_resources_that_it_belongs_to() -> None:
    assert found("Subnet?.CidrBlock") == places.Found("10.0.0.0/24, 10.0.1.0/24", ("SubnetA", "SubnetB"))
    assert found("Outputs.Name.Value") == places.Found("!Ref SubnetA", ())
