"""How many of the viewers' requests reach the load balancer behind a CloudFront distribution: a small model.

It reads the distribution's own cache behaviours (path patterns, cache policies, origins, origin shield) from the
template, and takes a mix of traffic. Its assumptions:

* Requests for an object come independently of one another (Poisson), λ a second. A cache that keeps the object for T
  seconds after it fetched it asks again at the first request after that: once in T + 1/λ seconds. So the share that it
  passes on is 1 / (1 + λT).
* T follows CloudFront (developer guide, "Manage how long content stays in the cache"): what the origin says
  (``max-age``), kept between the policy's minimum and maximum; the policy's default where the origin says nothing.
* A cache drops what is seldom asked for: T is never more than ``KEPT``.
* All objects of a kind are asked for equally often. In truth a few are asked for most, which caches serve better:
  λ / (1 + λT) is concave, so equal shares give the most misses.
* With an origin shield all requests pass one cache before the origin. Without it, each of ``REGIONAL_CACHES`` asks the
  origin for itself, and sees its part of the requests only.
* What browsers have in their own caches never becomes a request, and helps no further here.

Not modelled: errors, compression, the bytes of video streams, which the design has no path for.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.requirements.parts import CACHING_DISABLED, CACHING_OPTIMIZED, behaviours, origin
from tests.requirements.template import Reference, Resource, Stack

KEPT = 86_400
"""Seconds that a cache keeps an object at most, whatever its time to live: CloudFront promises none."""
REGIONAL_CACHES = 13
"""Regional edge caches, each of which asks the origin where no shield stands before it (source: CloudFront developer
guide, "How CloudFront works with regional edge caches")."""


@dataclass(frozen=True)
class Policy:
    """A cache policy: seconds at least, by default and at most, and whether the query string tells objects apart."""

    least: int
    default: int
    most: int
    queries: bool = False

    def seconds(self, max_age: int | None) -> int:
        """How long an object stays whose origin says ``max_age`` (None: nothing; 0: not at all)."""
        if max_age is None:
            return self.default
        return max(self.least, min(self.most, max_age))


MANAGED: Mapping[str, Policy] = {
    CACHING_OPTIMIZED: Policy(1, 86_400, 31_536_000),
    CACHING_DISABLED: Policy(0, 0, 0),
}
"""CloudFront's own policies (developer guide, "Use managed cache policies")."""


@dataclass(frozen=True)
class Behaviour:
    """How a path pattern is served: its policy, the methods whose answers are cached, whether an origin shield stands
    before the origin, and whether that origin is the load balancer."""

    pattern: str
    policy: Policy
    cached: frozenset[str]
    shielded: bool
    behind: bool

    def takes(self, path: str) -> bool:
        """Whether the pattern matches (``*`` any characters, ``?`` one; case matters)."""
        expression = "".join({"*": ".*", "?": "."}.get(letter, re.escape(letter)) for letter in self.pattern)
        return re.fullmatch(expression, path) is not None


@dataclass(frozen=True)
class Kind:
    """A kind of request: a path that stands for all of its kind, its share of all requests (0 to 1), how many objects
    there are, how many query strings each is asked with, and what the origin says about keeping it (see Policy)."""

    path: str
    share: float
    objects: int
    queries: int = 1
    method: str = "GET"
    max_age: int | None = None


def read(of: Stack, distribution: Resource) -> tuple[Behaviour, ...]:
    """The behaviours of a distribution in the order in which CloudFront tries them, the default last."""
    return tuple(
        Behaviour(
            pattern,
            _policy(of, it["CachePolicyId"]),
            frozenset(it["CachedMethods"]),
            origin(distribution, it).get("OriginShield", {}).get("Enabled", False),
            "CustomOriginConfig" in origin(distribution, it),
        )
        for pattern, it in behaviours(distribution).items()
    )


def _policy(of: Stack, identity: str | Reference) -> Policy:
    if isinstance(identity, str):
        return MANAGED[identity]
    config = of.at(identity)["CachePolicyConfig"]
    key = config["ParametersInCacheKeyAndForwardedToOrigin"]
    assert (key["CookiesConfig"], key["HeadersConfig"]) == ({"CookieBehavior": "none"}, {"HeaderBehavior": "none"})
    queries = key["QueryStringsConfig"]["QueryStringBehavior"] != "none"
    return Policy(config["MinTTL"], config["DefaultTTL"], config["MaxTTL"], queries)


def origin_share(served: Iterable[Behaviour], mix: Iterable[Kind], rate: float) -> float:
    """The share (0 to 1) of all requests that reaches the load balancer, at ``rate`` requests a second in all.

    Raises ValueError when the shares of the mix are not 1 in sum.
    """
    kinds, tried = tuple(mix), tuple(served)
    if abs(sum(kind.share for kind in kinds) - 1) > 1e-9:
        raise ValueError("the shares of the mix must be 1 in sum")
    return sum(kind.share * _missed(_serving(tried, kind), kind, rate) for kind in kinds)


def _serving(tried: tuple[Behaviour, ...], kind: Kind) -> Behaviour:
    return next(behaviour for behaviour in tried if behaviour.takes(kind.path))


def _missed(behaviour: Behaviour, kind: Kind, rate: float) -> float:
    if not behaviour.behind:
        return 0
    if kind.method not in behaviour.cached:
        return 1
    objects = kind.objects * (kind.queries if behaviour.policy.queries else 1)
    caches = 1 if behaviour.shielded else REGIONAL_CACHES
    seconds = min(behaviour.policy.seconds(kind.max_age), KEPT)
    return 1 / (1 + rate * kind.share / objects / caches * seconds)
