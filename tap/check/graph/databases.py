"""Databases: which cluster an instance is a member of, which engine and version it runs.

Sources: CloudFormation template reference, ``AWS::RDS::DBCluster``, ``AWS::RDS::DBInstance``.
"""

from __future__ import annotations

import re

from tap.check.model import Resource, World
from tap.check.values import as_number, shape

CLUSTER, INSTANCE = "AWS::RDS::DBCluster", "AWS::RDS::DBInstance"


def cluster_of(world: World, instance: Resource) -> Resource | None:
    """The cluster of the template that an instance is a member of."""
    return world.target(instance.get("DBClusterIdentifier"), CLUSTER)


def members(world: World, cluster: Resource) -> list[Resource]:
    """The instances of a cluster that the template makes."""
    return [one for one in world.of_type(INSTANCE) if cluster_of(world, one) is cluster]


def engine(resource: Resource) -> str:
    """The engine of a cluster or instance, in lower case; empty where it is not known."""
    found = resource.get("Engine")
    return found.lower() if isinstance(found, str) else ""


def version(resource: Resource) -> str:
    """The engine's version as text; empty where it is not known. A number in YAML (``15``) counts as its text."""
    found = resource.get("EngineVersion")
    return shape(found) if isinstance(found, str) or as_number(found) is not None else ""


def major(text: str, engine_name: str) -> str:
    """The major version as parameter families write it: ``16`` of ``16.4``, ``8.0`` of ``8.0.mysql_aurora.3.08.0``."""
    if "postgres" in engine_name:
        match = re.match(r"(\d+)", text)
        return match[1] if match and int(match[1]) >= 10 else text
    match = re.match(r"(\d+\.\d+)", text)
    return match[1] if match else text


def serverless(cluster: Resource) -> bool:
    """Whether a cluster has a configuration of Aurora Serverless v2."""
    return "ServerlessV2ScalingConfiguration" in cluster.properties
