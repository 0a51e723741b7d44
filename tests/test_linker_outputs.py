from __future__ import annotations

import pytest
from troposphere import GetAtt, Join, Ref, Sub, sqs

from tap.linker import LAYOUTS, Layout, link
from tap.model import SUFFIX, System, Tier
from tap.symbols import DuplicateNameError
from tests.building import (
    Fill,
    condition,
    imported,
    linked,
    output,
    parameter,
    properties,
    queue,
    shared,
    stack,
    system,
    tier,
    topic,
)


def refused(of: System, *layouts: Layout) -> str:
    """The message with which the linker refuses a name that it would have to make."""
    with pytest.raises(DuplicateNameError) as raised:
        link(of, layouts or LAYOUTS)
    return str(raised.value)


# ── outputs and exports ──


def exporting(*outputs: Fill, use: Fill | None = None) -> System:
    return system(
        tier("events", topic(), *outputs),
        tier("work", use or queue(QueueName=Ref("Topic"))),
    )


def test_a_systems_own_output_is_exported_by_its_tail() -> None:
    of = exporting(output("Events", Ref("Topic"), export="events"), output("Plain", GetAtt("Topic", "TopicName")))
    export = {"Name": {"Fn::Sub": f"shop-${{{SUFFIX}}}-events"}}
    for body in (stack(of), linked(of, "tiers")["tiers/01-events"]):
        assert body["Outputs"]["Events"]["Export"] == export
        assert "Export" not in body["Outputs"]["Plain"]
    nested = linked(of, "nested")
    assert nested["nested/root"]["Outputs"]["Events"] == {
        "Description": "The output Events.",
        "Value": {"Fn::GetAtt": ["EventsStack", "Outputs.Events"]},
        "Export": export,
    }
    assert nested["nested/root"]["Outputs"]["Plain"]["Value"] == {"Fn::GetAtt": ["EventsStack", "Outputs.Plain"]}
    assert "Export" not in nested["nested/events"]["Outputs"]["Events"]


def test_an_own_output_that_exports_the_value_is_used_again() -> None:
    of = exporting(output("Events", Ref("Topic"), export="happenings"))
    events, work = linked(of, "tiers").values()
    assert list(events["Outputs"]) == ["Events"]
    assert properties(work, "Queue")["QueueName"] == imported("happenings")
    root, events, work = linked(of, "nested").values()
    assert list(events["Outputs"]) == ["Events"]
    assert properties(root, "WorkStack")["Parameters"]["Topic"] == {"Fn::GetAtt": ["EventsStack", "Outputs.Events"]}
    assert properties(work, "Queue")["QueueName"] == {"Ref": "Topic"}


@pytest.mark.parametrize(
    "own",
    [
        output("Events", Ref("Topic")),
        output("Events", Sub("${Topic}"), export="events"),
        output("Events", GetAtt("Topic", "TopicName"), export="events"),
    ],
)
def test_an_output_that_does_not_export_the_very_value_is_not(own: Fill) -> None:
    events, work = linked(exporting(own), "tiers").values()
    assert list(events["Outputs"]) == ["Events", "Topic"]
    assert properties(work, "Queue")["QueueName"] == imported("topic")


def test_an_output_under_another_condition_is_not_either() -> None:
    """In dev it would not be there, while the consumer always needs it."""
    of = system(
        tier(
            "events", topic(), condition("IsProd"), output("Events", Ref("Topic"), export="events", condition="IsProd")
        ),
        tier("work", queue(QueueName=Ref("Topic"))),
    )
    events, work = linked(of, "tiers").values()
    assert properties(work, "Queue")["QueueName"] == imported("topic")
    assert "Condition" not in events["Outputs"]["Topic"]
    root = linked(of, "nested")["nested/root"]
    assert properties(root, "WorkStack")["Parameters"]["Topic"] == {"Fn::GetAtt": ["EventsStack", "Outputs.Topic"]}


def test_outputs_refer_across_tiers_too() -> None:
    of = exporting(use=output("Where", Join(":", [Ref("Topic"), Ref("Queue")])))
    of.tiers[1].add(sqs.Queue("Queue"), "A queue.")
    work = linked(of, "tiers")["tiers/02-work"]
    assert work["Outputs"]["Where"]["Value"] == {"Fn::Join": [":", [imported("topic"), {"Ref": "Queue"}]]}
    nested = linked(of, "nested")
    assert nested["nested/work"]["Outputs"]["Where"]["Value"] == {
        "Fn::Join": [":", [{"Ref": "Topic"}, {"Ref": "Queue"}]]
    }
    assert nested["nested/root"]["Outputs"]["Where"]["Value"] == {"Fn::GetAtt": ["WorkStack", "Outputs.Where"]}


def test_an_output_says_whom_it_is_for() -> None:
    of = system(
        tier("events", topic()),
        *(tier(name, queue(f"Q{name}", QueueName=GetAtt("Topic", "TopicName"))) for name in ("one", "two", "three")),
    )
    outputs = linked(of, "tiers")["tiers/01-events"]["Outputs"]
    assert outputs["TopicTopicName"]["Description"] == "TopicName of Topic, for One, Two and Three."
    parameter = linked(of, "nested")["nested/two"]["Parameters"]["TopicTopicName"]
    assert parameter["Description"].startswith("TopicName of Topic, for One, Two and Three. Handed on by the root")


# ── names that the linker makes ──


def test_a_nested_stacks_name_that_is_taken() -> None:
    message = refused(system(tier("events", topic("EventsStack"))))
    assert "EventsStack, the nested stack of tier events, is also defined in tier events" in message


def test_a_root_parameters_name_that_is_taken() -> None:
    of = system(tier("a", topic("A", DisplayName=Ref("TemplatesPrefix"))), common=shared(parameter("TemplatesPrefix")))
    assert "TemplatesPrefix" in refused(of, "nested")
    assert "also defined in tier shared" in refused(of, "nested")
    assert len(link(of, ["tiers"])) == 1


@pytest.mark.parametrize("common", [shared(parameter("TopicTopicName", Default="x")), None])
def test_a_childs_parameter_whose_name_is_taken(common: Tier | None) -> None:
    """By a parameter anywhere, or by a resource of the child's own."""
    other = topic("TopicTopicName") if common is None else topic("Other", DisplayName=Ref("TopicTopicName"))
    message = refused(
        system(tier("a", topic()), tier("b", other, queue(QueueName=GetAtt("Topic", "TopicName"))), common=common)
    )
    for part in ("TopicName of Topic", "tier b", "the parameter TopicTopicName", "Rename that"):
        assert part in message


@pytest.mark.parametrize("layout", ["tiers", "nested"])
def test_two_values_that_would_be_handed_on_under_one_name(layout: Layout) -> None:
    """A topic's name, and a topic whose own name reads the same: one would silently stand for the other."""
    of = system(
        tier("a", topic(), topic("TopicTopicName")),
        tier("b", queue(QueueName=Sub("${Topic.TopicName}-${TopicTopicName}"))),
    )
    message = refused(of, layout)
    for part in ("tier a", "Topic.TopicName", "TopicTopicName", "Rename one"):
        assert part in message


def test_two_values_of_different_tiers_under_one_name() -> None:
    of = system(
        tier("a", topic()),
        tier("b", topic("TopicTopicName")),
        tier("c", queue(QueueName=Sub("${Topic.TopicName}-${TopicTopicName}"))),
    )
    message = refused(of)
    assert "Topic" in message
    assert "TopicTopicName" in message


def test_two_values_under_one_name_when_outputs_of_other_names_export_them() -> None:
    """Then neither the outputs nor the exports collide, but the parameters of the child that takes both would."""
    of = system(
        tier("a", topic(), output("Name", GetAtt("Topic", "TopicName"), export="name")),
        tier("b", topic("TopicTopicName"), output("Other", Ref("TopicTopicName"), export="other")),
        tier("c", queue(QueueName=Sub("${Topic.TopicName}-${TopicTopicName}"))),
    )
    message = refused(of, "nested")
    for part in ("Topic.TopicName and TopicTopicName both come to tier c", "the parameter TopicTopicName"):
        assert part in message
    queue_name = properties(linked(of, "tiers")["tiers/03-c"], "Queue")["QueueName"]["Fn::Sub"]
    assert sorted(queue_name[1].values(), key=str) == [imported("name"), imported("other")]


def test_an_outputs_name_that_is_taken_by_another_value() -> None:
    message = refused(exporting(output("Topic", GetAtt("Topic", "TopicName"), export="name")))
    for part in ("tier events", "the output Topic", "another value", "Rename the output, or export it"):
        assert part in message


def test_an_export_that_is_made_twice() -> None:
    by_hand = system(
        tier("a", topic("A"), output("OutA", Ref("A"), export="same")),
        tier("b", topic("B"), output("OutB", Ref("B"), export="same")),
    )
    message = refused(by_hand)
    for part in ("the export same", "the output OutA of tier a", "the output OutB of tier b"):
        assert part in message


def test_an_export_that_the_linker_would_make_a_second_time() -> None:
    """``DBArn`` and ``DbArn`` are two logical ids but one kebab-case name."""
    of = system(
        tier("a", topic("DBArn"), topic("DbArn")),
        tier("b", queue(QueueName=Sub("${DBArn}${DbArn}"))),
    )
    assert "the export db-arn is made twice" in refused(of)
