"""From a template to what its picture shows: which box stands for which resources, in which row of which zone."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from tap.report.picture.belonging import belonging
from tap.report.picture.facts import Facts
from tap.report.picture.kinds import GROUPED, LOOKS, SHELF
from tap.report.picture.model import FAR, Band, Node, Row, Scene, Vpc
from tap.report.picture.values import count, listed, named, of_type, properties, sentence
from tap.report.picture.ways import ways

_INSIDE = (
    "ElasticLoadBalancingV2::LoadBalancer",
    "ECS::Service",
    "Lambda::Function",
    "SecretsManager::RotationSchedule",
    "RDS::DBCluster",
)
"""What lies across the zones of a VPC, from the outside in."""
_ANYWHERE = "0.0.0.0/0"


def scene(body: Mapping[str, Any], edge: Mapping[str, Any] | None = None) -> Scene | None:
    """What the picture of a template shows; None where no way leads anywhere. ``edge``: the template elsewhere."""
    return _Reader(body).scene(edge)


class _Reader:
    def __init__(self, body: Mapping[str, Any]) -> None:
        self.body = body
        self.resources: Mapping[str, Mapping[str, Any]] = body["Resources"]
        self.facts = Facts(body)
        self.ways = ways(self.resources)
        self.reached = {name for way in self.ways for name in (way.start, way.end)}

    def scene(self, edge: Mapping[str, Any] | None) -> Scene | None:
        if not self.ways:
            return None
        told = self.body["Metadata"]["Template"]
        found = Scene(
            system=told["System"],
            title=self.body["Description"].partition(". ")[0],
            says=self.body["Description"].partition(". ")[2],
            region=told["Region"],
            ways=tuple(self.ways),
            world=self._world(edge),
            doors=tuple(self._guarded(name) for name in of_type(self.resources, "ApiGateway::RestApi")),
            vpc=self._vpc(),
            **self._beside(),
        )
        return self._with_parts(found)

    # ── boxes ──

    def _node(self, name: str, **more: Any) -> Node:
        look = LOOKS[self.resources[name]["Type"].removeprefix("AWS::")]
        made = Node(
            name,
            name,
            *look,
            facts=self.facts.of(name),
            says=sentence(self.resources, name),
            parts=(name,),
            optional="Condition" in self.resources[name],
        )
        return replace(made, **more)

    def _together(self, key: str, names: Iterable[str], name: str, **more: Any) -> Node:
        """One box for several resources of a type."""
        parts = tuple(names)
        look = LOOKS[self.resources[parts[0]]["Type"].removeprefix("AWS::")]
        optional = all("Condition" in self.resources[each] for each in parts)
        return Node(key, name, *look, parts=parts, optional=optional, **more)

    def _guarded(self, name: str, facts: tuple[str, ...] | None = None) -> Node:
        """A box with the firewall that is put in front of it, or named by it."""
        node = self._node(name)
        for guard in of_type(self.resources, "WAFv2::WebACL"):
            joined = self.facts.users(guard, "WAFv2::WebACLAssociation")
            if any(name in self.facts.used[each] for each in joined):
                return replace(node, guard=self._node(guard))
            if guard in self.facts.used[name]:
                return replace(node, guard=self._node(guard))
        return node

    # ── the world ──

    def _world(self, edge: Mapping[str, Any] | None) -> tuple[Node, ...]:
        found = []
        records = list(of_type(self.resources, "Route53::RecordSet"))
        if records:
            texts = [self.facts.said(properties(self.resources, each).get("Name")) for each in records]
            found.append(self._together("records", records, "DNS", facts=tuple(dict.fromkeys(texts))))
        distributions = list(of_type(self.resources, "CloudFront::Distribution"))
        if len(distributions) > 1:
            text = f"{len(distributions)} distributions"
            found.append(self._together("distributions", distributions, text, facts=(", ".join(distributions),)))
        else:
            found += [self._guarded(name) for name in distributions]
        if edge and distributions and not found[-1].guard:
            found[-1] = replace(found[-1], guard=_far(edge))
        return tuple(found)

    # ── the VPC ──

    def _vpc(self) -> Vpc | None:
        vpcs = list(of_type(self.resources, "EC2::VPC"))
        subnets = of_type(self.resources, "EC2::Subnet")
        if not vpcs or not subnets:
            return None
        kinds = {name: self._kind(name) for name in subnets}
        zones = list(dict.fromkeys(_zone(each) for each in subnets.values()))
        found: dict[tuple[str, int], list[str | None]] = {}
        for name, each in subnets.items():
            place, column = 0, zones.index(_zone(each))
            while (row := found.setdefault((kinds[name], place), [None] * len(zones)))[column]:
                place += 1
            row[column] = name
        order = ("public", "private", "isolated")
        rows = [self._row(kind, found[kind, place]) for kind, place in sorted(found, key=lambda k: order.index(k[0]))]
        cidr = self.facts.said(properties(self.resources, vpcs[0]).get("CidrBlock", ""))
        used = {band.group for row in rows for band in row.bands}
        clusters = [name for name in of_type(self.resources, "ECS::Cluster") if name in used]
        return Vpc(
            node=self._node(vpcs[0], facts=(cidr,)),
            gates=tuple(
                self._node(name) for name in of_type(self.resources, "ApiGatewayV2::VpcLink", "EC2::InternetGateway")
            ),
            zones=tuple(_letter(zone, number) for number, zone in enumerate(zones)),
            rows=tuple(rows),
            groups=tuple(self._node(name) for name in clusters),
            ends=tuple(self._node(name) for name in of_type(self.resources, "EC2::VPCEndpoint")),
        )

    def _kind(self, subnet: str) -> str:
        """Public: its routes lead to an internet gateway; private: elsewhere out; isolated: they lead nowhere out."""
        tables = [
            table
            for each in self.facts.users(subnet, "EC2::SubnetRouteTableAssociation")
            for table in named(properties(self.resources, each).get("RouteTableId"), self.resources)
        ]
        routes = [
            properties(self.resources, route) for table in tables for route in self.facts.users(table, "EC2::Route")
        ]
        out = [route for route in routes if route.get("DestinationCidrBlock") == _ANYWHERE]
        if any("GatewayId" in route for route in out):
            return "public"
        return "private" if out else "isolated"

    def _row(self, kind: str, subnets: list[str | None]) -> Row:
        across = [name for name in of_type(self.resources, *_INSIDE) if self._lies_in(name) & {*subnets}]
        across.sort(key=lambda name: _INSIDE.index(self.resources[name]["Type"].removeprefix("AWS::")))
        return Row(
            kind,
            tuple(self._subnet(name, kind) if name else None for name in subnets),
            tuple(tuple(self._node(each, facts=()) for each in self._nats(name)) for name in subnets),
            tuple(self._band(name, len(subnets)) for name in across),
        )

    def _subnet(self, name: str, kind: str) -> Node:
        cidr = self.facts.said(properties(self.resources, name).get("CidrBlock", ""))
        return self._node(name, kind=f"{kind} subnet", facts=(f"{kind} · {cidr}",))

    def _nats(self, subnet: str | None) -> list[str]:
        if not subnet:
            return []
        there = self.facts.users(subnet, "EC2::NatGateway", "EC2::Instance", "EC2::NetworkInterface")
        found = []
        for name in there:
            interface = self.resources[name]["Type"].endswith("NetworkInterface")
            found += self.facts.users(name, "EC2::Instance") if interface else [name]
        return list(dict.fromkeys(found))

    def _lies_in(self, name: str) -> set[str | None]:
        """The subnets that a resource names, itself or by its subnet group; of several rows, the last one's."""
        used = self.facts.used[name]
        groups = [each for each in used if self.resources[each]["Type"].endswith("SubnetGroup")]
        for group in groups:
            used = [*used, *self.facts.used[group]]
        return {each for each in used if self.resources[each]["Type"] == "AWS::EC2::Subnet"}

    def _band(self, name: str, zones: int) -> Band:
        kind = self.resources[name]["Type"].removeprefix("AWS::")
        node = self._guarded(name)
        if node.guard:
            node = replace(node, facts=(*node.facts, f"behind {node.guard.name}"))
        chips: list[list[str]] = [[] for _ in range(zones)]
        group = ""
        if kind == "ECS::Service":
            chips = [["tasks"] for _ in range(zones)]
            group = next(
                (
                    each
                    for each in named(properties(self.resources, name).get("Cluster"), self.resources)
                    if self.resources[each]["Type"] == "AWS::ECS::Cluster"
                ),
                "",
            )
        if kind == "RDS::DBCluster":
            instances = self.facts.users(name, "RDS::DBInstance")
            for place, instance in enumerate(instances):
                chips[place % zones].append(instance)
            sizes = [self.facts.said(properties(self.resources, each).get("DBInstanceClass")) for each in instances]
            sizes = [size for size in sizes if size and size != "db.serverless"]
            node = replace(node, facts=(*node.facts, *dict.fromkeys(sizes)), parts=(*node.parts, *instances))
        return Band(node, tuple(tuple(each) for each in chips), group)

    # ── beside the VPC ──

    def _beside(self) -> dict[str, Any]:
        shelf: list[Node] = []
        for kind in SHELF:
            names = [name for name in of_type(self.resources, kind) if self._on_shelf(name, kind)]
            if kind in GROUPED and len(names) > 1:
                text = f"{len(names)} {GROUPED[kind]}"
                shelf.append(self._together(GROUPED[kind], names, text, facts=(", ".join(names),)))
            else:
                shelf += [self._node(name) for name in names]
        origins = [way.end for way in self.ways if self._is(way.start, "CloudFront::Distribution")]
        shelf.sort(key=lambda node: node.key not in origins)
        desk, arrows = self._desk()
        return {"shelf": tuple(shelf), "desk": tuple(desk), "arrows": tuple(arrows)}

    def _is(self, name: str, kind: str) -> bool:
        return name in self.resources and self.resources[name]["Type"] == f"AWS::{kind}"

    def _on_shelf(self, name: str, kind: str) -> bool:
        if kind != "Lambda::Function":
            return True
        return name in self.reached and not self._lies_in(name)

    def _desk(self) -> tuple[list[Node], list[tuple[str, str]]]:
        """What watches, keeps and delivers: alarms and whom they tell, dashboard, logs, copies, pipeline."""
        found: list[Node] = []
        arrows: list[tuple[str, str]] = []
        alarms = list(of_type(self.resources, "CloudWatch::Alarm"))
        topics = list(of_type(self.resources, "SNS::Topic"))
        if alarms:
            scaling = [each for each in alarms if _scales(properties(self.resources, each), self.resources)]
            facts = (f"{len(scaling)} of them scale a service",) if scaling else ()
            found.append(self._together("alarms", alarms, count(len(alarms), "alarm"), facts=facts))
        for topic in topics:
            found.append(self._node(topic))
            if alarms:
                arrows.append(("alarms", topic))
        found += [self._node(name) for name in of_type(self.resources, "CloudWatch::Dashboard")]
        logs = list(of_type(self.resources, "Logs::LogGroup"))
        if logs:
            kept = sorted({properties(self.resources, each).get("RetentionInDays") or 0 for each in logs})
            spoken = listed([str(each) for each in kept if isinstance(each, int) and each])
            facts = (f"kept {spoken} days",) if spoken else ()
            found.append(self._together("logs", logs, count(len(logs), "log group"), facts=facts))
        found += [self._node(name) for name in of_type(self.resources, "Backup::BackupPlan")]
        found += [self._node(name) for name in of_type(self.resources, "CodePipeline::Pipeline")]
        return found, arrows

    # ── what belongs to which box ──

    def _with_parts(self, found: Scene) -> Scene:
        boxes = [node for node in found.boxes() if node.key != FAR]
        lists = {node.key: node.parts for node in boxes if node.key in _LISTS}
        # Keys and secrets are used all over: what uses one belongs to another box, if to any.
        seeds = sorted((node for node in boxes if node.key not in _LISTS), key=lambda node: node.tone != "keep")
        owned = belonging(self.resources, {node.key: node.parts for node in seeds}, lists)

        def full(node: Node) -> Node:
            if node.key == FAR:
                return node
            guard = full(node.guard) if node.guard else None
            return replace(node, parts=owned[node.key], guard=guard)

        def all_full(nodes: Iterable[Node]) -> tuple[Node, ...]:
            return tuple(full(each) for each in nodes)

        vpc = found.vpc
        if vpc:
            rows = tuple(
                replace(
                    row,
                    subnets=tuple(full(each) if each else None for each in row.subnets),
                    chips=tuple(all_full(each) for each in row.chips),
                    bands=tuple(replace(band, node=full(band.node)) for band in row.bands),
                )
                for row in vpc.rows
            )
            vpc = replace(
                vpc,
                node=full(vpc.node),
                gates=all_full(vpc.gates),
                ends=all_full(vpc.ends),
                groups=all_full(vpc.groups),
                rows=rows,
            )
        return replace(
            found,
            world=all_full(found.world),
            doors=all_full(found.doors),
            vpc=vpc,
            shelf=all_full(found.shelf),
            desk=all_full(found.desk),
        )


_LISTS = ("alarms", "logs")


def _far(edge: Mapping[str, Any]) -> Node:
    """What the system has in another region, before CloudFront."""
    region = edge["Metadata"]["Template"]["Region"]
    words = {
        "AWS::WAFv2::WebACL": "firewall",
        "AWS::CertificateManager::Certificate": "certificate",
        "AWS::Logs::Delivery": "access log",
    }
    inside = [word for kind, word in words.items() if any(r["Type"] == kind for r in edge["Resources"].values())]
    return Node(
        FAR,
        f"Edge stack in {region}",
        listed(inside),
        "shield",
        "edge",
        says=edge["Description"].partition(". ")[2],
        parts=tuple(edge["Resources"]),
        optional=True,
    )


def _zone(subnet: Mapping[str, Any]) -> str:
    found = subnet["Properties"].get("AvailabilityZoneId", subnet["Properties"].get("AvailabilityZone"))
    return json.dumps(found, sort_keys=True)


def _letter(zone: str, number: int) -> str:
    """What a zone is called: the last word of a mapping's key, or its place."""
    found = json.loads(zone)
    if isinstance(found, dict) and isinstance(last := next(iter(found.values())), list) and isinstance(last[-1], str):
        return f"Zone {last[-1]}"
    return f"Zone {chr(ord('A') + number)}"


def _scales(alarm: Mapping[str, Any], resources: Mapping[str, Any]) -> bool:
    return any(
        resources[each]["Type"].endswith("::ScalingPolicy") for each in named(alarm.get("AlarmActions"), resources)
    )
