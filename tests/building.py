"""Small systems for tests, and questions about linked templates that a reader would ask."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from troposphere import Equals, GetAtt, Ref, Sub, s3, sns, sqs

from tap.linker import Layout, Linked, link
from tap.model import SUFFIX, System, Tier
from tap.references import Replace, find


def tier(name: str, *fill: Callable[[Tier], object]) -> Tier:
    """A tier of this name, filled by the functions given."""
    made = Tier(name, name.replace("-", " ").title(), f"What the {name} tier is for.")
    for each in fill:
        each(made)
    return made


def shared(*fill: Callable[[Tier], object]) -> Tier:
    """The tier without resources: the suffix, and what the functions add."""
    made = Tier("shared", "Shared", "What several tiers use.")
    made.parameter(SUFFIX, "Tells environments apart.", group="Environment", label="Suffix", Default="dev")
    for each in fill:
        each(made)
    return made


def system(*tiers: Tier, common: Tier | None = None, **properties: Any) -> System:
    """A system called ``shop`` of these tiers; its tags use the suffix unless ``tags`` says otherwise."""
    properties = {"name": "shop", "tags": {"Environment": f"${{{SUFFIX}}}"}} | properties
    return System(
        title="Shop",
        says="A small system.",
        region="us-east-1",
        shared=common or shared(),
        tiers=tiers,
        **properties,
    )


def topic(name: str = "Topic", **properties: Any) -> Callable[[Tier], object]:
    """Adds an SNS topic."""
    return lambda to: to.add(sns.Topic(name, **properties), f"The topic {name}.")


def queue(name: str = "Queue", **properties: Any) -> Callable[[Tier], object]:
    """Adds an SQS queue."""
    return lambda to: to.add(sqs.Queue(name, **properties), f"The queue {name}.")


def bucket(name: str = "Bucket", **properties: Any) -> Callable[[Tier], object]:
    """Adds an S3 bucket."""
    return lambda to: to.add(s3.Bucket(name, **properties), f"The bucket {name}.")


def parameter(name: str, **properties: Any) -> Callable[[Tier], object]:
    """Adds a parameter."""
    return lambda to: to.parameter(name, f"The parameter {name}.", group="Test", label=name, **properties)


def output(name: str, value: object, **properties: Any) -> Callable[[Tier], object]:
    """Adds an output."""
    return lambda to: to.output(name, f"The output {name}.", value, **properties)


def named(text: str) -> Sub:
    """A physical name with the suffix."""
    return Sub(f"{text}-${{{SUFFIX}}}")


def pair() -> System:
    """Two tiers: a topic, and a queue and a subscription that refer to it by Ref, GetAtt and Sub."""
    return system(
        tier("events", topic(TopicName=named("shop-events"))),
        tier(
            "work",
            queue(QueueName=Sub("${Topic.TopicName}-work"), RedriveAllowPolicy={"note": GetAtt("Topic", "TopicName")}),
            lambda to: to.add(
                sns.SubscriptionResource(
                    "Subscription", Protocol="sqs", TopicArn=Ref("Topic"), Endpoint=GetAtt("Queue", "Arn")
                ),
                "The queue listens to the topic.",
            ),
        ),
    )


def linked(of: System, layout: Layout) -> dict[str, dict[str, Any]]:
    """The bodies of a system's templates in a layout, by path."""
    return {template.path: template.body for template in templates(of, layout)}


def templates(of: System, layout: Layout) -> list[Linked]:
    """The templates of a system in one layout."""
    return link(of, (layout,))


def stack(of: System) -> dict[str, Any]:
    """The body of a system's one template."""
    return linked(of, "stack")["stack"]


def properties(body: Mapping[str, Any], resource: str) -> Any:
    """The properties of a resource."""
    return body["Resources"][resource]["Properties"]


def exports(bodies: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The text of each export's name, and the value it exports. Fails when two have one name."""
    found: dict[str, Any] = {}
    for body in bodies:
        for each in body.get("Outputs", {}).values():
            if "Export" in each:
                name = each["Export"]["Name"]["Fn::Sub"]
                assert name not in found, f"two exports called {name}"
                found[name] = each["Value"]
    return found


def meaning(node: Any, replace: Replace) -> Any:
    """A tree with each ``Fn::Sub`` spelled out into its pieces, and each reference replaced by ``replace``."""
    if isinstance(node, list):
        return [meaning(item, replace) for item in node]
    if not isinstance(node, dict):
        return node
    if len(node) != 1:
        return {key: meaning(value, replace) for key, value in node.items()}
    ((key, argument),) = node.items()
    if key == "Fn::Sub":
        text, values = argument if isinstance(argument, list) else (argument, {})
        pieces = re.split(r"(\$\{[^!{}]+\})", text)
        return {"pieces": [_piece(piece, values, replace) for piece in pieces if piece]}
    if key == "Fn::GetAtt" or (key == "Ref" and not argument.startswith("AWS::")):
        return replace(next(find(node)).reference) or node
    return {key: meaning(argument, replace)}


def _piece(piece: str, values: dict[str, Any], replace: Replace) -> Any:
    if not piece.startswith("${") or piece.startswith("${!"):
        return piece
    name, _, attribute = piece[2:-1].partition(".")
    if piece[2:-1] in values:
        return meaning(values[piece[2:-1]], replace)
    if name.startswith("AWS::"):
        return {"Ref": name}
    return meaning({"Fn::GetAtt": [name, attribute]} if attribute else {"Ref": name}, replace)


Fill = Callable[[Tier], object]


def imported(tail: str) -> dict[str, Any]:
    """How a tier refers to the export with this tail."""
    return {"Fn::ImportValue": {"Fn::Sub": f"shop-${{{SUFFIX}}}-{tail}"}}


def condition(name: str, of: str = SUFFIX) -> Fill:
    """Adds a condition that compares a parameter with ``prod``."""
    return lambda to: to.condition(name, Equals(Ref(of), "prod"))
