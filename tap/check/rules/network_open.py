"""TAP1516, 1521: ports that are open to the internet."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tap.check.graph.groups import GROUP, Pass, admitted, open_to_all, peer_words
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, Severity, at

_GROUPS = "VPC user guide, “Security group rules”"
_SHELLS = {22: "SSH", 3389: "RDP"}
_DATABASES = {
    3306: "MySQL",
    5432: "PostgreSQL",
    1433: "SQL Server",
    6379: "Redis",
    27017: "MongoDB",
}


class OpenDatabase(ResourceRule):
    """A database's port that is open to the internet."""

    id = "TAP1516"
    title = "A database port is open to the internet"
    description = "The port of a database is open for 0.0.0.0/0."
    severity = Severity.WARNING
    source = _GROUPS + "; AWS Security Hub, EC2.19"
    advice = "Admit the security group of what asks the database."
    types = (GROUP,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """What groups admit from anywhere, but for every port."""
        for one in admitted(world, resource).passes:
            name = "" if _every_port(one) else _first(one, _DATABASES)
            if name and open_to_all(one):
                yield at(one.owner, *one.steps, says=f"{name} is open for {peer_words(one)}.")


class OpenShell(ResourceRule):
    """A way in for administrators that is open to the internet, or every way in."""

    id = "TAP1521"
    title = "An administration port is open to the internet"
    description = "SSH or RDP, or every port, is open for 0.0.0.0/0. It works; so it does for all others."
    severity = Severity.NOTE
    source = _GROUPS + "; AWS Security Hub, EC2.13, EC2.14"
    advice = "Admit a known network, or use Session Manager for a shell."
    types = (GROUP,)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """What groups admit from anywhere."""
        for one in admitted(world, resource).passes:
            name = "Every port" if _every_port(one) else _first(one, _SHELLS)
            if name and open_to_all(one):
                yield at(one.owner, *one.steps, says=f"{name} is open for {peer_words(one)}.")


def _every_port(one: Pass) -> bool:
    return str(one.protocol).lower() in ("-1", "all") or (one.tcp is True and one.ports == (0, 65535))


def _first(one: Pass, ports: Mapping[int, str]) -> str:
    """The first of these ports that a rule opens, by its name."""
    if not one.tcp or one.ports is None:
        return ""
    return next((name for port, name in ports.items() if one.ports[0] <= port <= one.ports[1]), "")
