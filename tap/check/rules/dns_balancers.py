"""TAP1490: the zones of load balancers, written out."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tap.check.graph.balancing import BALANCER, kind_of
from tap.check.model import World
from tap.check.rule import Found, Rule, at
from tap.check.rules.dns import records
from tap.check.values import Reference, Text, fields, shape

_ZONES: Mapping[str, tuple[str, str]] = {
    "af-south-1": ("Z268VQBMOI5EKX", "Z203XCE67M25HM"),
    "ap-east-1": ("Z3DQVH9N71FHZ0", "Z12Y7K3UBGUAD1"),
    "ap-northeast-1": ("Z14GRHDCWA56QT", "Z31USIVHYNEOWT"),
    "ap-northeast-2": ("ZWKZPGTI48KDX", "ZIBE1TIR4HY56"),
    "ap-northeast-3": ("Z5LXEXXYW11ES", "Z1GWIQ4HH19I5X"),
    "ap-south-1": ("ZP97RAFLXTNZK", "ZVDDRBQ08TROA"),
    "ap-south-2": ("Z0173938T07WNTVAEPZN", "Z0711778386UTO08407HT"),
    "ap-southeast-1": ("Z1LMS91P8CMLE5", "ZKVM4W9LS7TM"),
    "ap-southeast-2": ("Z1GM3OXH4ZPM65", "ZCT6FZBF4DROD"),
    "ap-southeast-3": ("Z08888821HLRG5A9ZRTER", "Z01971771FYVNCOVWJU1G"),
    "ca-central-1": ("ZQSVJUPU6J1EY", "Z2EPGBW3API2WT"),
    "eu-central-1": ("Z215JYRZR1TBD5", "Z3F0SRJ5LGBH90"),
    "eu-central-2": ("Z06391101F2ZOEP8P5EB3", "Z02239872DOALSIDCX66S"),
    "eu-north-1": ("Z23TAZ6LKFMNIO", "Z1UDT6IFJ4EJM"),
    "eu-south-1": ("Z3ULH7SSC9OV64", "Z23146JA1KNAFP"),
    "eu-south-2": ("Z0956581394HF5D5LXGAP", "Z1011216NVTVYADP1SSV"),
    "eu-west-1": ("Z32O12XQLNTSW2", "Z2IFOLAFXWLO4F"),
    "eu-west-2": ("ZHURV8PSTC4K8", "ZD4D7Y8KGAS4G"),
    "eu-west-3": ("Z3Q77PNBQS71R4", "Z1CMS0P5QUZ6D5"),
    "me-central-1": ("Z08230872XQRWHG2XF6I", "Z00282643NTTLPANJJG2P"),
    "me-south-1": ("ZS929ML54UICD", "Z3QSRYVP46NYYV"),
    "sa-east-1": ("Z2P70J7HTTTPLU", "ZTK26PT1VY4CU"),
    "us-east-1": ("Z35SXDOTRQ7X7K", "Z26RNL4JYFTOTI"),
    "us-east-2": ("Z3AADJGX6KTTL2", "ZLMOA37VPKANP"),
    "us-west-1": ("Z368ELLRRE2KJ0", "Z24FKFUX50B4VW"),
    "us-west-2": ("Z1H1FL5HABSF5", "Z18D5FSROUN65G"),
}
"""The zones of application (and classic) and of network load balancers, by region. Source: AWS General Reference,
"Elastic Load Balancing endpoints and quotas"."""
_KINDS = ("application", "network")
_MEANING = {zone: (region, kind) for region, zones in _ZONES.items() for zone, kind in zip(zones, _KINDS, strict=True)}


class BalancerZone(Rule):
    """An alias with the zone of another region's, or another kind of, load balancer."""

    id = "TAP1490"
    title = "The zone of a load balancer's alias is that of its region and kind"
    description = (
        "Load balancers have a zone for each region, one for application and classic ones and one for network ones. "
        "With another, Route 53 finds no such name in the zone."
    )
    source = "AWS General Reference, “Elastic Load Balancing endpoints and quotas”"
    advice = "Use !GetAtt LoadBalancer.CanonicalHostedZoneID."

    def check(self, world: World) -> Iterator[Found]:
        """Each alias with a zone that is written out, to a load balancer."""
        for resource, path, body, _ in records(world):
            alias = fields(body.get("AliasTarget"))
            name, zone = alias.get("DNSName"), alias.get("HostedZoneId")
            meaning = _MEANING.get(zone) if isinstance(zone, str) else None
            if meaning is None:
                continue
            balancer = world.target(name, BALANCER) if isinstance(name, Reference | Text) else None
            match = re.search(r"\.([a-z]{2}(?:-[a-z]+)+-\d)\.elb\.amazonaws\.com", shape(name))
            region = match[1] if match else world.region if balancer else ""
            place = ("AliasTarget", "HostedZoneId")
            if region and meaning[0] != region:
                says = f"{zone} is the zone of {meaning[0]}; the load balancer is in {region}."
                yield at(resource, *path, *place, says=says)
            elif balancer and kind_of(balancer) in _KINDS and kind_of(balancer) != meaning[1]:
                says = f"{zone} is for {meaning[1]} load balancers; {balancer.logical_id} is a {kind_of(balancer)} one."
                yield at(resource, *path, *place, says=says)
