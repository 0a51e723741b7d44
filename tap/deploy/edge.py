"""The edge: the stack that a system has in another region, and what it and the system's own stacks tell each other.

CloudFront takes its certificate and its firewall from us-east-1 only, wherever the rest of the system is. So the edge
is deployed first, its outputs become parameters of the main stacks, and then it is told of their distribution.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from botocore.exceptions import ClientError

from tap.deploy import parameters, stacks
from tap.deploy.aws_errors import DENIED, AwsError, code, explain
from tap.deploy.plan import Side
from tap.deploy.resolve import SECRET, resolve
from tap.deploy.session import Note
from tap.deploy.stacks import Stack
from tap.deploy.workflow import Job

DISTRIBUTION = "DistributionId"
"""The parameter by which an edge is told of the distribution, whose logs it delivers."""

DISTRIBUTION_OUTPUT = "CloudFrontDistributionId"
"""The output of the main stack that tells of the distribution."""


def name(job: Job) -> str:
    """The name of the edge's stack; ``job`` is that of a system with an edge."""
    return _edge(job).names[0]


def look(job: Job) -> Stack:
    """The edge's stack, as it is deployed."""
    edge = _edge(job)
    return stacks.look(edge.session.cloudformation, edge.names[0])


def seen(job: Job, note: Note) -> Stack | None:
    """The edge's stack for a verb that only tells of it: None where there is none, or where one may not look."""
    if job.edge is None:
        return None
    try:
        return look(job)
    except ClientError as error:
        if code(error) not in DENIED:
            raise
        note(f"{name(job)}: whether it is there is unknown; {explain(error)}")
        return None


def to_hand_on(job: Job) -> list[str]:
    """The outputs of the edge that are parameters of the main stacks, but for those that the command line names."""
    if job.edge is None:
        return []
    outputs = job.edge.source.stacks[0].template.get("Outputs", {})
    return [key for key in outputs if key in job.source.declared and key not in job.given]


def handing_on(job: Job, note: Note) -> Job:
    """The job of the main stacks with what a deployed edge hands on to them; what that is, is said.

    An output that is empty counts as none: the parameter file's value stays. Raises AwsError when one may not look
    for the edge: an update without its outputs would take firewall and certificate away.
    """
    keys = to_hand_on(job)
    if not keys:
        return job
    try:
        stack = look(job)
    except ClientError as error:
        if code(error) not in DENIED:
            raise
        spare = " ".join(f"--parameter {key}=…" for key in keys)
        raise AwsError(
            f"{explain(error)} Whether {name(job)} is there must be known: without its outputs an update would take "
            f"away what CloudFront has from it. {spare} says what to use instead."
        ) from error
    found = {key: stack.outputs[key] for key in keys if stack.outputs.get(key)}
    if not found:
        return job
    note(f"{stack.name} ({_edge(job).session.region}) hands on to the main stack:")
    secrets = parameters.secrets(job.source.declared)
    for key, value in found.items():
        note(f"  {key}={SECRET if key in secrets else value}")
    return replace(job, values={**job.values, **found})


def to_come(job: Job, deployed: Stack) -> Sequence[str]:
    """The outputs that the edge will hand on once it is deployed, and does not yet have."""
    edge = _edge(job)
    source = edge.source.stacks[0]
    pseudo = {"AWS::Region": edge.session.region, "AWS::Partition": edge.session.partition}
    side = Side(source.template, parameters.effective(source.parameters, edge.values), pseudo)
    outputs = source.template.get("Outputs", {})
    return [
        key
        for key in to_hand_on(job)
        if not deployed.outputs.get(key) and resolve(outputs[key]["Value"], side.scope) != ""
    ]


def awaits_distribution(job: Job) -> bool:
    """Whether the edge is told of the main stacks' distribution, and nobody has named one on the command line."""
    edge = _edge(job)
    makes = any(DISTRIBUTION_OUTPUT in source.template.get("Outputs", {}) for source in job.source.stacks)
    return makes and DISTRIBUTION in edge.source.declared and DISTRIBUTION not in job.given


def told(job: Job) -> Job:
    """The edge's own job, with the distribution that the main stacks have; without one, as in its parameter file."""
    edge = _edge(job)
    if not awaits_distribution(job):
        return edge
    for source in job.source.stacks:
        if DISTRIBUTION_OUTPUT in source.template.get("Outputs", {}):
            found = stacks.look(job.session.cloudformation, job.name(source)).outputs.get(DISTRIBUTION_OUTPUT)
            if found:
                return replace(edge, values={**edge.values, DISTRIBUTION: found})
    return edge


def _edge(job: Job) -> Job:
    if job.edge is None:
        raise ValueError(f"{job.source.name} has no edge")
    return job.edge
