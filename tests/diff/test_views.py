from __future__ import annotations

from typing import Any

from tap.diff.views import pair
from tests.diff.building import changes, diff, resource, side

EQUALS = {"Fn::Equals": [{"Ref": "Size"}, "large"]}
IMPORTED = {"Fn::Equals": [{"Fn::ImportValue": "x"}, "y"]}


def sized(value: str | None, conditions: dict[str, Any] | None = None, **resources: Any) -> Any:
    values = {} if value is None else {"Size": value}
    return side(resources, values, Parameters={"Size": {"Type": "String"}}, Conditions=conditions or {"Large": EQUALS})


def test_a_value_known_of_one_side_only_is_no_change_and_is_noted() -> None:
    topic = resource("SNS::Topic", {"TopicName": {"Ref": "Size"}})
    found = diff(sized(None, T=topic), sized("large", T=topic))
    assert found.empty
    assert "Size is known of one side only" in found.notes[0]


def test_defaults_count_where_no_value_is_given() -> None:
    def with_default(value: str) -> Any:
        topic = resource("SNS::Topic", {"DisplayName": {"Ref": "Name"}})
        return side({"T": topic}, Parameters={"Name": {"Type": "String", "Default": value}})

    (edit,) = changes(with_default("a"), with_default("b"))["T"].edits
    assert (edit.before, edit.after, edit.cause) == ("a", "b", "parameter Name")


def test_a_condition_that_flips_creates_and_deletes() -> None:
    topic = resource("SNS::Topic", Condition="Large")
    made = changes(sized("small", T=topic), sized("large", T=topic))["T"]
    assert (made.action.value, made.reasons) == ("create", ("it is made only if Large ← parameter Size",))
    gone = changes(sized("large", T=topic), sized("small", T=topic))["T"]
    assert gone.action.value == "delete"


def test_a_condition_that_deletes_what_holds_data_loses_it() -> None:
    table = resource("DynamoDB::Table", Condition="Large")
    assert changes(sized("large", T=table), sized("small", T=table))["T"].level.word == "data-loss"


def test_a_condition_that_cannot_be_judged_may_create_or_delete() -> None:
    table = resource("DynamoDB::Table", Condition="Open")
    unknown, known = {"Open": IMPORTED}, {"Open": {"Fn::Equals": ["a", "b"]}}
    assert diff(sized("x", unknown, T=table), sized("x", unknown, T=table)).empty
    edited = {"Open": {"Fn::Equals": [{"Fn::ImportValue": "x"}, "z"]}}
    may = changes(sized("x", unknown, T=table), sized("x", edited, T=table))["T"]
    assert (may.action.value, may.level.word) == ("may delete", "data-loss-possible")
    assert changes(sized("x", known, T=table), sized("x", unknown, T=table))["T"].action.value == "may create"


def test_a_branch_of_a_condition_that_was_rewritten_is_a_change() -> None:
    topic = resource("SNS::Topic", {"DisplayName": {"Fn::If": ["Open", "a", "b"]}})
    edited = {"Open": {"Fn::Equals": [{"Fn::ImportValue": "x"}, "z"]}}
    (edit,) = changes(sized("x", {"Open": IMPORTED}, T=topic), sized("x", edited, T=topic))["T"].edits
    assert (edit.path, edit.cause) == ("DisplayName", "condition Open")


def test_a_changed_mapping_is_the_cause() -> None:
    def mapped(value: str) -> Any:
        topic = resource("SNS::Topic", {"DisplayName": {"Fn::FindInMap": ["M", "a", "b"]}})
        return side({"T": topic}, Mappings={"M": {"a": {"b": value}}})

    (edit,) = changes(mapped("x"), mapped("y"))["T"].edits
    assert (edit.before, edit.after, edit.cause) == ("x", "y", "mapping M")


def secret(value: str | None, **parameter: Any) -> Any:
    function = resource("Lambda::Function", {"Environment": {"Variables": {"URL": {"Fn::Sub": "db://u:${Word}@h"}}}})
    values = {} if value is None else {"Word": value}
    return side({"F": function}, values, Parameters={"Word": {"Type": "String", **parameter}})


def test_a_secret_that_changes_is_seen_and_never_shown() -> None:
    old, new = secret("hunter2hunter2", NoEcho=True), secret("pa", NoEcho="true")
    found = diff(old, new)
    (edit,) = found.changes[0].edits
    assert (edit.before, edit.after, edit.cause) == ("db://u:****@h", "db://u:****@h", "parameter Word")
    assert "hunter2" not in repr(found)
    assert "pa@" not in repr(found)
    assert diff(old, old).empty


def test_what_cloudformation_answers_for_a_secret_is_not_its_value() -> None:
    assert pair(secret("****", NoEcho=True), secret("new", NoEcho=True)).one_sided == ("Word",)


def test_a_parameter_with_a_telling_name_is_a_secret_without_being_declared_one() -> None:
    topic = resource("SNS::Topic", {"DisplayName": {"Ref": "DbPassword"}})
    old, new = (side({"T": topic}, {"DbPassword": one}, Parameters={"DbPassword": {"Type": "String"}}) for one in "ab")
    found = diff(old, new)
    assert [(one.before, one.after) for one in found.sections] == [("****", "****")]
    assert [(one.before, one.after) for one in found.changes[0].edits] == [("****", "****")]


def test_literal_secrets_and_dynamic_references_are_not_shown() -> None:
    reference = "{{resolve:secretsmanager:db:SecretString:password}}"
    old = {
        "P": resource("SSM::Parameter", {"Name": "/db/password", "Value": "one", "Type": "String"}),
        "D": resource("RDS::DBInstance", {"MasterUsername": "admin"}),
    }
    new = {
        "P": resource("SSM::Parameter", {"Name": "/db/password", "Value": "two", "Type": "String"}),
        "D": resource("RDS::DBInstance", {"MasterUsername": reference}),
    }
    found = changes(old, new)
    assert [(one.before, one.after) for one in found["P"].edits] == [("****", "****")]
    assert found["D"].edits[0].after == "****"


def test_the_name_of_an_ssm_parameter_is_not_its_value() -> None:
    parameters = {"Image": {"Type": "AWS::SSM::Parameter::Value<String>", "Default": "/image"}}
    conditions = {"Ours": {"Fn::Equals": [{"Ref": "Image"}, "/image"]}}
    topic = resource("SNS::Topic", {"DisplayName": {"Ref": "Image"}}, Condition="Ours")
    one = side({"T": topic}, Parameters=parameters, Conditions=conditions)
    other = side({"T": topic}, {"Image": "/other"}, Parameters=parameters, Conditions=conditions)
    assert pair(one, one).new.truth == {"Ours": None}
    (edit,) = [edit for edit in changes(one, other)["T"].edits if edit.path == "DisplayName"]
    assert (edit.after, edit.cause) == ("(what the SSM parameter /other holds)", "parameter Image")
    assert "reads the SSM parameter anew" in diff(one, other).notes[0]
    assert diff(one, one).notes == ()


def test_conditions_that_name_each_other_twice_over_are_judged_once_each() -> None:
    def doubling(first: Any) -> Any:
        def both(name: str) -> dict[str, Any]:
            return {"Fn::And": [{"Condition": name}, {"Condition": name}]}

        rest = {f"C{at}": both(f"C{at - 1}") for at in range(1, 200)}
        topic = resource("SNS::Topic", {"DisplayName": {"Fn::If": ["C199", "a", "b"]}})
        return sized("large", {"C0": first, **rest}, T=topic)

    (edit,) = changes(doubling(EQUALS), doubling({"Fn::Not": [EQUALS]}))["T"].edits
    assert (edit.before, edit.after, edit.cause) == ("a", "b", "condition C0")
    edited = {"Fn::Equals": [{"Fn::ImportValue": "x"}, "z"]}
    (edit,) = changes(doubling(IMPORTED), doubling(edited))["T"].edits
    assert edit.cause == "condition C0"
    assert diff(doubling(IMPORTED), doubling(IMPORTED)).empty


def test_a_condition_said_otherwise_that_says_the_same_is_no_other() -> None:
    topic = resource("SNS::Topic", {"DisplayName": {"Fn::If": ["Open", "a", "b"]}})
    named = {"Part": IMPORTED, "Open": {"Fn::Not": [{"Condition": "Part"}]}}
    whole = {"Part": IMPORTED, "Open": {"Fn::Not": [IMPORTED]}}
    assert not pair(sized("x", named, T=topic), sized("x", whole, T=topic)).changed_conditions
    swapped = {"Part": IMPORTED, "Open": {"Fn::Or": [IMPORTED, IMPORTED]}}
    assert pair(sized("x", named, T=topic), sized("x", swapped, T=topic)).changed_conditions == {"Open"}
