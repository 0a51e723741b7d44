from __future__ import annotations

from tap.deploy.template import parse

SHORT = """
AWSTemplateFormatVersion: '2010-09-09'
Conditions:
  Large: !Equals [!Ref Size, large]
  Both: !And
    - !Condition Large
    - !Not [!Equals [a, b]]
Resources:
  Queue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !If [Large, !Sub 'q-${Size}', !Ref AWS::NoValue]
      KmsMasterKeyId: !GetAtt Key.Arn
      Since: 2026-11-21
      Table: !ImportValue
        Fn::Sub: ${Size}-table
"""


def test_short_form_intrinsics_come_out_long() -> None:
    template = parse(SHORT)
    assert template["Conditions"]["Large"] == {"Fn::Equals": [{"Ref": "Size"}, "large"]}
    assert template["Conditions"]["Both"]["Fn::And"][0] == {"Condition": "Large"}
    properties = template["Resources"]["Queue"]["Properties"]
    assert properties["QueueName"] == {"Fn::If": ["Large", {"Fn::Sub": "q-${Size}"}, {"Ref": "AWS::NoValue"}]}
    assert properties["KmsMasterKeyId"] == {"Fn::GetAtt": ["Key", "Arn"]}
    assert properties["Table"] == {"Fn::ImportValue": {"Fn::Sub": "${Size}-table"}}


def test_dates_stay_text() -> None:
    assert parse(SHORT)["Resources"]["Queue"]["Properties"]["Since"] == "2026-11-21"


def test_json_text_and_mappings_are_taken_as_they_are() -> None:
    assert parse('{"Resources": {}}') == {"Resources": {}}
    assert parse({"Resources": {}}) == {"Resources": {}}


def test_a_text_that_is_no_template_is_an_empty_one() -> None:
    assert parse("- just\n- a list\n") == {}
