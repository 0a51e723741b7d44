"""A capacity model of payments: how many users at once its own scaling policies and sizes hold.

Figures of the system (tasks, sizes, targets, connections, gateways) are read from the emitted template by ``read``.
What users and programs do cannot be read from a template: that is ``Load``, each assumption with its source. The model
answers "does it hold so many users, if they behave so?"; a load test answers whether they do, and the service times
in ``Load`` are the budget that the images must keep for the answer to stand.

The arithmetic is that of a closed system: a user who thinks ``think`` seconds between two steps makes at most
``1 / think`` steps a second (the time of the answer comes on top and makes it fewer: leaving it out errs on the safe
side). By Little's law, ``rate x time`` of what takes that time is under way at once. A service is full when so many
tasks as auto scaling may run are each at the scaling target, not at 100 %: what lies above is for the uneven minute.

``python -m tests.requirements.capacity`` prints every limit, for how many users it would do.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from ipaddress import IPv4Network

from tests.requirements.parts import container, scaled, task, tracked
from tests.requirements.relations import subnets
from tests.requirements.template import Resource, Stack

WANTED = 50_000
"""Users at once (requirement PP-CAP-1)."""

DATABASE_VCPUS = {"large": 2, "xlarge": 4, "2xlarge": 8, "4xlarge": 16}
"""vCPUs of the db.r6g classes (source: Aurora user guide, "Hardware specifications for DB instance classes")."""
NAT_CONNECTIONS = 55_000
"""Connections at once to one destination through a NAT gateway with one address (source: VPC user guide, "NAT gateway
basics")."""
BALANCER_TARGETS = 1_000
"""Targets of a load balancer (source: Elastic Load Balancing user guide, "Quotas for your Application Load
Balancers")."""
RESERVED_ADDRESSES = 5
"""Addresses of a subnet that AWS keeps (source: VPC user guide, "Subnet CIDR blocks")."""
LCU = {"new connections a second": 25, "connections": 3_000, "bytes an hour": 10**9}
"""What one load balancer capacity unit is (source: Elastic Load Balancing pricing)."""
CPU, MEMORY = "ECSServiceAverageCPUUtilization", "ECSServiceAverageMemoryUtilization"


@dataclass(frozen=True)
class Work:
    """What a step of a user costs a service: ``requests`` a step; ``cpu`` seconds of a vCPU and ``answer`` seconds a
    request; ``idle`` MiB of an idle task, and ``each`` MiB for a request under way."""

    requests: float
    cpu: float
    answer: float
    idle: float
    each: float


@dataclass(frozen=True)
class Load:
    """What is assumed of users and programs."""

    think: float = 30
    """Seconds from one step to the next (look, fill in, send). A clerk who does nothing else makes a payment in 15: 3
    for typing and 12 for thinking (TPC-C 5.11, clause 5.2.5.7). A customer who reads a page and copies the number of a
    card is taken to be half as fast. Sensitive: at a clerk's speed half as many users fit."""

    work: Mapping[str, Work] = field(
        default_factory=lambda: {
            # The document and one file of the same origin; all others are at cdn., which CloudFront serves. nginx sends
            # a small file in well under 0.1 ms; 1 ms is a budget that leaves room for compression and headers.
            "frontend": Work(requests=2, cpu=0.001, answer=0.05, idle=32, each=0.25),
            # Read the state, send the step. A budget: JSON in and out in Node 20 was measured at 0.06 ms; the rest is
            # for validation, the database driver, signatures and tracing. 150 MiB is what a Node service of some size
            # holds when idle, 1 MiB a request generous for JSON.
            "backend": Work(requests=2, cpu=0.003, answer=0.2, idle=150, each=1),
        }
    )

    pool: int = 10
    """Connections that a task of the backend holds at the most (node-postgres, ``Pool``: ``max`` is 10 by default)."""
    held: float = 0.02
    """Seconds that a request holds one: three statements and their way to and from another zone, about 5 ms each, and a
    commit. Assumed."""
    pool_busy: float = 0.7
    """How busy a pool may be before requests queue for it notably. Assumed, as for the CPU."""
    beyond_pool: int = 20
    """Connections that are nobody's task: RDS's own, three kept for superusers (PostgreSQL,
    ``superuser_reserved_connections``), an administrator's. Assumed."""
    connections_busy: float = 0.9
    """Of the connections that the database takes, above which the alarm rings (requirement PP-MON-1)."""
    database_cpu: float = 0.0004
    """Seconds of a vCPU that a request costs the writer: two reads by key at 0.1 ms, and, every other request, a write
    of 0.4 ms. Assumed; the reader takes nothing off it."""
    database_busy: float = 0.8
    """How busy the writer may be: nothing scales it. Assumed."""

    outward: float = 1
    """Calls a step to others (the acquirer) through the NAT gateways."""
    outward_open: float = 60.5
    """Seconds that each keeps a port: half a second for the answer, and, for connections are assumed not to be used
    again, a minute until the port is free (Linux, ``TCP_TIMEWAIT_LEN``)."""

    session: float = 600
    """Seconds that a user stays. Assumed."""
    bytes_out: float = 20_000
    """Bytes a step through the load balancer, both services together. Assumed; the large files are at cdn."""


@dataclass(frozen=True)
class Service:
    """A service as the template has it. CPU in vCPUs, memory in MiB, targets as fractions; ``beside_…`` is what other
    containers of a task reserve; ``deploying`` is how many times as many tasks a deployment may run. ``base`` tasks are
    on demand, and ``on_demand`` of those beyond them (a fraction)."""

    name: str
    cpu: float
    memory: float
    beside_cpu: float
    beside_memory: float
    least: int
    most: int
    cpu_target: float
    memory_target: float
    deploying: float
    base: int
    on_demand: float

    def steps_by_cpu(self, work: Work) -> float:
        """Steps a second that a task takes at the scaling target for CPU. The containers beside use what they
        reserve, and count in ECS's measure."""
        return max(0.0, self.cpu * self.cpu_target - self.beside_cpu) / (work.requests * work.cpu)

    def steps_by_memory(self, work: Work) -> float:
        """Steps a second that a task takes at the scaling target for memory."""
        free = max(0.0, self.memory * self.memory_target - self.beside_memory - work.idle)
        return free / work.each / work.answer / work.requests

    def on_demand_tasks(self, tasks: int) -> int:
        """Of so many tasks those that are on demand, rounded up."""
        return min(tasks, self.base + math.ceil(max(0, tasks - self.base) * self.on_demand))


@dataclass(frozen=True)
class Platform:
    """The system as the template has it; ``addresses`` are those that tasks may get."""

    services: Mapping[str, Service]
    connections: int
    database_vcpus: int
    nat_gateways: int
    addresses: int


@dataclass(frozen=True)
class Limit:
    """Something that is full with so many users."""

    what: str
    users: int


def read(of: Stack) -> Platform:
    """The system in a template. Raises AssertionError where it has another shape than the model knows."""
    settings = of.one("AWS::RDS::DBClusterParameterGroup")["Parameters"]
    (size,) = {instance["DBInstanceClass"] for instance in of.of("AWS::RDS::DBInstance")}
    private = [IPv4Network(subnet["CidrBlock"]) for subnet in subnets(of, "private")]
    services = (_service(of, each) for each in of.of("AWS::ECS::Service"))
    return Platform(
        {service.name: service for service in services},
        int(settings["max_connections"]),
        DATABASE_VCPUS[size.removeprefix("db.r6g.")],
        len(of.of("AWS::EC2::NatGateway")),
        sum(block.num_addresses - RESERVED_ADDRESSES for block in private),
    )


def _service(of: Stack, service: Resource) -> Service:
    name = service["LoadBalancers.0.ContainerName"]
    assert container(of, service, name)["Essential"] is True
    definition = task(of, service)
    beside = [each for each in definition["ContainerDefinitions"] if each["Name"] != name]
    target, policies = scaled(of, service), tracked(of, service)
    weights = {each["CapacityProvider"]: each for each in service["CapacityProviderStrategy"]}
    return Service(
        name,
        cpu=int(definition["Cpu"]) / 1024,
        memory=int(definition["Memory"]),
        beside_cpu=sum(each["Cpu"] for each in beside) / 1024,
        beside_memory=sum(each["Memory"] for each in beside),
        least=int(target["MinCapacity"]),
        most=int(target["MaxCapacity"]),
        cpu_target=policies[CPU]["TargetValue"] / 100,
        memory_target=policies[MEMORY]["TargetValue"] / 100,
        deploying=service["DeploymentConfiguration.MaximumPercent"] / 100,
        base=weights["FARGATE"].get("Base", 0),
        on_demand=weights["FARGATE"]["Weight"] / sum(each["Weight"] for each in weights.values()),
    )


def users_a_task(service: Service, load: Load) -> float:
    """How many users one task serves at the scaling targets, whichever is reached first."""
    work = load.work[service.name]
    return min(service.steps_by_cpu(work), service.steps_by_memory(work)) * load.think


def tasks_needed(platform: Platform, load: Load, users: int) -> dict[str, int]:
    """How many tasks of each service auto scaling runs for so many users; its maximum is not looked at. Raises
    ZeroDivisionError for a task that is too small to serve anybody."""
    return {
        name: max(service.least, math.ceil(users / users_a_task(service, load)))
        for name, service in platform.services.items()
    }


def limits(platform: Platform, load: Load) -> tuple[Limit, ...]:
    """Every limit that the model knows, the first to be reached first."""
    found = {}
    for name, service in platform.services.items():
        work = load.work[name]
        found[f"CPU of the {name} at the scaling target"] = service.most * service.steps_by_cpu(work) * load.think
        found[f"memory of the {name} at the scaling target"] = service.most * service.steps_by_memory(work) * load.think

    backend = platform.services["backend"]
    asked = load.work["backend"].requests
    found["connections that the tasks' pools hold"] = (
        backend.most * load.pool / load.held * load.pool_busy / asked * load.think
    )
    # Old and new tasks hold their pools at once while a version is rolled out.
    connections = platform.connections * load.connections_busy - load.beyond_pool
    room = max(0, math.floor(connections / (load.pool * backend.deploying)))
    found["connections of the database while deploying"] = room * users_a_task(backend, load)
    writer = platform.database_vcpus * load.database_busy / load.database_cpu
    found["CPU of the database's writer"] = writer / asked * load.think
    open_at_once = platform.nat_gateways * NAT_CONNECTIONS
    found["ports of the NAT gateways to one destination"] = (
        open_at_once / (load.outward * load.outward_open) * load.think
    )
    each_serves = {service: users_a_task(service, load) for service in platform.services.values()}
    if all(each_serves.values()):
        tasks_a_user = sum(service.deploying / users for service, users in each_serves.items())
        found["targets of the load balancer while deploying"] = BALANCER_TARGETS / tasks_a_user
        found["addresses of the private subnets while deploying"] = platform.addresses / tasks_a_user
    return tuple(sorted((Limit(what, math.floor(users)) for what, users in found.items()), key=lambda it: it.users))


def holds(platform: Platform, load: Load, users: int) -> bool:
    """Whether so many users fit."""
    return limits(platform, load)[0].users >= users


def without_spot(platform: Platform, load: Load) -> int:
    """How many users the tasks on demand alone serve at the scaling targets: when AWS takes all spot capacity back."""
    return math.floor(
        min(each.on_demand_tasks(each.most) * users_a_task(each, load) for each in platform.services.values())
    )


def minutes_to_grow(platform: Platform, load: Load, users: int) -> int:
    """Minutes from the least tasks to those for so many users who all come at once.

    A full service measures 100 % at the most, so one round multiplies its tasks by 100 % over the target at the most. A
    round is three minutes until the alarm rings (source: Application Auto Scaling user guide, "Target tracking scaling
    policies": alarms) and two, assumed, until new tasks are healthy; the cooldown is shorter than that. Before an hour
    that is known to be busy, raise ``MinCapacity``.
    """
    needed = tasks_needed(platform, load, users)
    rounds = (
        math.log(needed[name] / service.least) / math.log(1 / service.cpu_target)
        for name, service in platform.services.items()
    )
    return math.ceil(max(rounds)) * (3 + 2)


def vcpus(platform: Platform) -> tuple[float, float]:
    """vCPUs on demand and spot when all tasks run and a deployment doubles them: what the account's two quotas for
    Fargate must allow (both are 6 in a new account; source: AWS Fargate service quotas)."""
    on_demand = spot = 0.0
    for service in platform.services.values():
        tasks = math.floor(service.most * service.deploying)
        firm = service.on_demand_tasks(tasks)
        on_demand += firm * service.cpu
        spot += (tasks - firm) * service.cpu
    return on_demand, spot


def capacity_units(load: Load, users: int) -> int:
    """Load balancer capacity units for so many users; the load balancer grows by itself, and a reservation of so many
    spares it that when all come at once. A user keeps one connection, for the idle timeout of 60 s outlasts a think."""
    return math.ceil(
        max(
            users / load.session / LCU["new connections a second"],
            users / LCU["connections"],
            users * load.bytes_out * 3600 / load.think / LCU["bytes an hour"],
        )
    )


def main() -> None:
    """Print the model for the template in ``out/payments``."""
    from tests.requirements.payments import payments

    platform, load = read(payments()), Load()
    print(f"{WANTED:,} users fit: {'yes' if holds(platform, load, WANTED) else 'NO'}\n")
    for limit in limits(platform, load):
        print(f"{limit.users:>12,}  {limit.what}")
    needed = ", ".join(f"{count} of the {name}" for name, count in tasks_needed(platform, load, WANTED).items())
    on_demand, spot = vcpus(platform)
    print(f"\nTasks for {WANTED:,} users: {needed}")
    print(f"Minutes from the fewest tasks to those: {minutes_to_grow(platform, load, WANTED)}")
    print(f"Users without any spot capacity: {without_spot(platform, load):,}")
    print(f"Fargate vCPUs that the account must be allowed: {on_demand:g} on demand, {spot:g} spot")
    print(f"Load balancer capacity units for {WANTED:,} users: {capacity_units(load, WANTED)}")


if __name__ == "__main__":
    main()
