from __future__ import annotations

from collections.abc import Callable

import pytest
from troposphere import (
    AWSHelperFn,
    Condition,
    Equals,
    FindInMap,
    GetAtt,
    If,
    Output,
    Parameter,
    Ref,
    Sub,
    Tags,
    s3,
    sns,
    sqs,
)

from tap.errors import TapError
from tap.model import SUFFIX, System, Tier
from tap.symbols import (
    DuplicateNameError,
    TierCycleError,
    UnresolvedNameError,
    UntoldError,
    UnusedNameError,
    build,
)
from tests.building import bucket, output, pair, parameter, queue, shared, system, tier, topic


def refused(of: System, error: type[TapError]) -> str:
    """The message with which a system is refused."""
    with pytest.raises(error) as raised:
        build(of)
    assert raised.type is error
    return str(raised.value)


def condition(name: str, test: AWSHelperFn | None = None) -> Callable[[Tier], object]:
    return lambda to: to.condition(name, test or Equals(Ref(SUFFIX), "prod"))


def says_all(message: str, *parts: str) -> None:
    missing = [part for part in parts if part not in message]
    assert not missing, f"{missing} not in: {message}"


# ── names that nobody defines ──


@pytest.mark.parametrize(
    ("use", "kind", "sections"),
    [
        (queue(QueueName=Ref("Topik")), "Ref", "Parameters or Resources"),
        (queue(QueueName=Sub("${Topik}-x")), "Ref", "Parameters or Resources"),
        (queue(QueueName=GetAtt("Topik", "TopicName")), "GetAtt", "Resources"),
        (queue(QueueName=Sub("${Topik.TopicName}")), "GetAtt", "Resources"),
        (queue(DependsOn="Topik"), "DependsOn", "Resources"),
        (queue(Condition="Topik"), "Condition", "Conditions"),
        (queue(QueueName=If("Topik", "a", "b")), "Condition", "Conditions"),
        (queue(QueueName=FindInMap("Topik", "a", "b")), "Mapping", "Mappings"),
        (condition("IsProd", Condition("Topik")), "Condition", "Conditions"),
        (output("Out", Ref("Topik")), "Ref", "Parameters or Resources"),
    ],
)
def test_an_unresolved_name(use: Callable[[Tier], object], kind: str, sections: str) -> None:
    message = refused(system(tier("events", topic()), tier("work", bucket(), use)), UnresolvedNameError)
    says_all(message, "tier work", f"{kind} of Topik", f"must be in {sections}", "no tier defines it")
    assert ("is Topic meant?" in message) is ("Resources" in sections)


def test_an_unresolved_name_that_is_like_no_other_gets_no_suggestion() -> None:
    message = refused(system(tier("work", queue(QueueName=Ref("Xyzzy")))), UnresolvedNameError)
    assert "meant?" not in message
    says_all(message, "tier work, Queue.Properties.QueueName")


def test_a_name_of_another_section_is_told_from_a_missing_one() -> None:
    of = system(tier("work", queue(QueueName=GetAtt("Size", "Arn"))), common=shared(parameter("Size")))
    says_all(refused(of, UnresolvedNameError), "Size is in Parameters of tier shared", "must be in Resources")


def test_depends_on_a_parameter_is_refused() -> None:
    of = system(tier("work", queue(DependsOn=["Bucket", SUFFIX]), bucket()))
    says_all(refused(of, UnresolvedNameError), "DependsOn of EnvironmentSuffix", "Parameters of tier shared")


# ── names defined twice ──


def test_a_resource_defined_in_two_tiers() -> None:
    message = refused(system(tier("one", topic("Same")), tier("two", queue("Same"))), DuplicateNameError)
    says_all(message, "Same is defined twice", "tier one (Resources)", "tier two (Resources)")


def test_a_parameter_and_a_resource_of_one_name() -> None:
    of = system(tier("one", topic("Same")), common=shared(parameter("Same")))
    says_all(refused(of, DuplicateNameError), "tier shared (Parameters)", "tier one (Resources)")


def test_a_condition_and_a_resource_of_one_name_in_the_same_tier() -> None:
    message = refused(system(tier("one", topic("Same"), condition("Same"))), DuplicateNameError)
    says_all(message, "tier one (Conditions)", "tier one (Resources)")


def test_an_output_defined_in_two_tiers() -> None:
    of = system(tier("one", topic("A"), output("Same", Ref("A"))), tier("two", queue("B"), output("Same", Ref("B"))))
    says_all(refused(of, DuplicateNameError), "output Same is defined twice", "tier one", "tier two")


def test_an_output_may_have_a_resources_name() -> None:
    of = system(tier("one", topic("Same"), output("Same", Ref("Same"))))
    assert build(of).resource_tier("Same") == "one"


def test_two_tiers_of_one_name() -> None:
    message = refused(system(tier("one", topic("A")), tier("one", topic("B"))), DuplicateNameError)
    says_all(message, "system shop", "two tiers have the name one")


# ── names that nobody uses ──


@pytest.mark.parametrize(
    ("define", "section"),
    [
        (parameter("Idle"), "Parameters"),
        (condition("Idle"), "Conditions"),
        (lambda to: to.mapping("Idle", {"a": {"b": "c"}}), "Mappings"),
    ],
)
def test_a_name_that_nobody_uses(define: Callable[[Tier], object], section: str) -> None:
    says_all(
        refused(system(tier("one", topic(), define)), UnusedNameError), "tier one", f"Idle ({section})", "Remove it"
    )


def test_a_parameter_that_only_another_tier_uses_is_used() -> None:
    of = system(tier("one", topic(), parameter("Size")), tier("two", queue(QueueName=Ref("Size"))))
    assert build(of).table["Size"].tier == "one"


def test_a_parameter_that_only_a_condition_uses_is_used() -> None:
    by_size = condition("IsBig", Equals(Ref("Size"), "big"))
    of = system(tier("one", topic(), queue(Condition="IsBig")), common=shared(parameter("Size"), by_size))
    assert build(of).table["IsBig"].section == "Conditions"


def test_a_parameter_that_only_a_tag_uses_is_used() -> None:
    of = system(tier("one", topic()), common=shared(parameter("Owner")), tags={"For": f"${{Owner}}-${{{SUFFIX}}}"})
    assert "Owner" in build(of).table


# ── order ──


def test_two_tiers_that_need_each_other() -> None:
    of = system(
        tier("web", queue("WebQueue", QueueName=GetAtt("DataTopic", "TopicName"))),
        tier("data", topic("DataTopic", TopicName=Ref("WebQueue"))),
    )
    says_all(
        refused(of, TierCycleError),
        "the tiers web and data need each other",
        "tier web, WebQueue.Properties.QueueName uses DataTopic of data",
        "tier data, DataTopic.Properties.TopicName uses WebQueue of web",
    )


def test_three_tiers_in_a_ring() -> None:
    of = system(
        tier("one", topic("A", TopicName=Ref("C"))),
        tier("two", topic("B", TopicName=Ref("A"))),
        tier("three", topic("C", DependsOn="B")),
    )
    says_all(
        refused(of, TierCycleError),
        "the tiers one and three need each other",
        "tier one, A.Properties.TopicName uses C of three",
        "tier three, C.DependsOn uses B of two",
        "tier two, B.Properties.TopicName uses A of one",
    )


def test_tiers_in_the_wrong_order() -> None:
    of = system(tier("work", queue(QueueName=Ref("Topic"))), tier("events", topic()))
    message = refused(of, TierCycleError)
    says_all(
        message, "tier work comes before events", "Queue.Properties.QueueName uses Topic", "Put events before work"
    )
    assert "need each other" not in message


def test_depends_on_alone_makes_an_order_too() -> None:
    of = system(tier("work", queue(DependsOn=["Topic"])), tier("events", topic()))
    says_all(refused(of, TierCycleError), "tier work, Queue.DependsOn uses Topic of events")


# ── what troposphere refuses ──


def test_what_troposphere_refuses_is_an_error_for_people() -> None:
    message = refused(system(tier("events", lambda to: to.add(sns.SubscriptionResource("S"), "Incomplete."))), TapError)
    says_all(message, "tier events", "troposphere refuses it", "Protocol", "AWS::SNS::Subscription")


# ── what a table can be asked ──


def test_the_uses_of_others_resources() -> None:
    symbols = build(pair())
    events, work = symbols.tiers[1:]
    crossing = [(use.reference.kind, use.reference.attribute) for use in symbols.crossing(work)]
    assert crossing == [("GetAtt", "TopicName"), ("GetAtt", "TopicName"), ("Ref", "")]
    assert list(symbols.crossing(events)) == []
    assert set(symbols.needs(work)) == {"events"}
    assert symbols.resource_tier("Topic") == "events"
    assert symbols.resource_tier(SUFFIX) is None
    assert symbols.resource_tier("Nobody") is None
    assert list(symbols.in_section("Resources")) == ["Topic", "Queue", "Subscription"]
    assert symbols.shared.name == "shared"


def test_compiling_twice_gives_the_same() -> None:
    of = system(
        tier("one", bucket(Tags=Tags(Own="tag")), lambda to: to.add(sqs.Queue("Q"), "A queue.")),
        tags={"Environment": f"${{{SUFFIX}}}", "System": "shop"},
    )
    first, second = build(of), build(of)
    assert first.tiers[1].sections == second.tiers[1].sections
    assert len(first.in_section("Resources")["Bucket"]["Properties"]["Tags"]) == 3


def test_a_title_twice_in_a_tier_is_refused_where_it_is_added() -> None:
    made = tier("one", bucket("Same"))
    with pytest.raises(TapError, match=r"tier one: Same \(Resources\) is defined twice"):
        made.add(s3.Bucket("Same"), "Again.")


@pytest.mark.parametrize("shared_too", [True, False])
def test_outputs_of_a_tier_without_resources_are_refused(shared_too: bool) -> None:
    """Two of the layouts have no template for them."""
    lost = output("Lost", "x")
    of = (
        system(tier("one", topic()), common=shared(lost))
        if shared_too
        else system(tier("one", topic()), tier("words", lost))
    )
    with pytest.raises(TapError, match=r"tier (shared|words): it has outputs \(Lost\) but no resources"):
        build(of)


@pytest.mark.parametrize(
    ("past", "method"),
    [
        (lambda to: to.template.add_parameter(Parameter("Size", Type="String")), "parameter"),
        (lambda to: to.template.add_resource(sqs.Queue("Size")), "add"),
        (lambda to: to.template.add_output(Output("Size", Value="x")), "output"),
    ],
)
def test_what_goes_past_the_tier_has_no_words(past: Callable[[Tier], object], method: str) -> None:
    with pytest.raises(UntoldError, match=rf"tier one: Size has no words .* Add it by Tier\.{method}\("):
        build(system(tier("one", topic(), past)))
