"""TAP1551: the attributes of load balancers, target groups and listeners, which are keys and values as text."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from tap.check.graph.balancing import BALANCER, LISTENER, TARGET_GROUP, balancer_of, kind_of
from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, at
from tap.check.values import fields, items

_SWITCH, _ANY = "true|false", ".*"
Range = tuple[int, int]

_BALANCER: Mapping[str, tuple[str, str | Range]] = {
    "deletion_protection.enabled": ("ang", _SWITCH),
    "load_balancing.cross_zone.enabled": ("ang", _SWITCH),
    "access_logs.s3.enabled": ("an", _SWITCH),
    "access_logs.s3.bucket": ("an", _ANY),
    "access_logs.s3.prefix": ("an", _ANY),
    "ipv6.deny_all_igw_traffic": ("an", _SWITCH),
    "zonal_shift.config.enabled": ("an", _SWITCH),
    "idle_timeout.timeout_seconds": ("a", (1, 4000)),
    "client_keep_alive.seconds": ("a", (60, 604_800)),
    "connection_logs.s3.enabled": ("a", _SWITCH),
    "connection_logs.s3.bucket": ("a", _ANY),
    "connection_logs.s3.prefix": ("a", _ANY),
    "health_check_logs.s3.enabled": ("a", _SWITCH),
    "health_check_logs.s3.bucket": ("a", _ANY),
    "health_check_logs.s3.prefix": ("a", _ANY),
    "routing.http.desync_mitigation_mode": ("a", "monitor|defensive|strictest"),
    "routing.http.drop_invalid_header_fields.enabled": ("a", _SWITCH),
    "routing.http.preserve_host_header.enabled": ("a", _SWITCH),
    "routing.http.x_amzn_tls_version_and_cipher_suite.enabled": ("a", _SWITCH),
    "routing.http.xff_client_port.enabled": ("a", _SWITCH),
    "routing.http.xff_header_processing.mode": ("a", "append|preserve|remove"),
    "routing.http2.enabled": ("a", _SWITCH),
    "waf.fail_open.enabled": ("a", _SWITCH),
    "dns_record.client_routing_policy": (
        "n",
        "availability_zone_affinity|partial_availability_zone_affinity|any_availability_zone",
    ),
    "secondary_ips.auto_assigned.per_subnet": ("n", (0, 7)),
}
"""Attributes of load balancers: for which types (application, network, gateway), and what values they have."""

_GROUP: Mapping[str, str | Range] = {
    "deregistration_delay.timeout_seconds": (0, 3600),
    "deregistration_delay.connection_termination.enabled": _SWITCH,
    "stickiness.enabled": _SWITCH,
    "stickiness.type": "lb_cookie|app_cookie|source_ip|source_ip_dest_ip|source_ip_dest_ip_proto",
    "stickiness.app_cookie.cookie_name": "(?!AWSALB).*",
    "stickiness.app_cookie.duration_seconds": (1, 604_800),
    "stickiness.lb_cookie.duration_seconds": (1, 604_800),
    "load_balancing.cross_zone.enabled": "true|false|use_load_balancer_configuration",
    "load_balancing.algorithm.type": "round_robin|least_outstanding_requests|weighted_random",
    "load_balancing.algorithm.anomaly_mitigation": "on|off",
    "slow_start.duration_seconds": "0|3[0-9]|[4-9][0-9]|[1-8][0-9][0-9]|900",
    "target_group_health.dns_failover.minimum_healthy_targets.count": r"off|[1-9]\d*",
    "target_group_health.dns_failover.minimum_healthy_targets.percentage": r"off|[1-9]\d?|100",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.count": r"[1-9]\d*",
    "target_group_health.unhealthy_state_routing.minimum_healthy_targets.percentage": r"off|[1-9]\d?|100",
    "lambda.multi_value_headers.enabled": _SWITCH,
    "preserve_client_ip.enabled": _SWITCH,
    "proxy_protocol_v2.enabled": _SWITCH,
    "target_health_state.unhealthy.connection_termination.enabled": _SWITCH,
    "target_health_state.unhealthy.draining_interval_seconds": (0, 360_000),
    "target_failover.on_deregistration": "rebalance|no_rebalance",
    "target_failover.on_unhealthy": "rebalance|no_rebalance",
    "send_tcp_reset.on_unhealthy.enabled": _SWITCH,
    "send_tcp_reset.on_deregistration.enabled": _SWITCH,
}
_LISTENER = re.compile(
    r"tcp\.idle_timeout\.seconds|send_tcp_reset\.on_idle_timeout\.enabled|routing\.http\.request\.x_amzn_[a-z_]+\.header_name|"
    r"routing\.http\.response\.[a-z_]+\.(header_value|enabled)"
)


class Attributes(ResourceRule):
    """An attribute that there is not, or not with this value."""

    id = "TAP1551"
    title = "There is no such attribute, or not with this value"
    description = (
        "Attributes are pairs of text that nothing checks before the API does: a misspelt key, a value out of "
        "range, or an attribute of another type of load balancer is refused."
    )
    source = "Elastic Load Balancing API (v2), LoadBalancerAttribute, TargetGroupAttribute, ListenerAttribute"
    advice = "Use a key and a value of the API reference."
    types = (BALANCER, TARGET_GROUP, LISTENER)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each attribute."""
        name = {BALANCER: "LoadBalancer", TARGET_GROUP: "TargetGroup", LISTENER: "Listener"}[resource.type]
        key_name = f"{name}Attributes"
        found: dict[str, object] = {}
        listed = items(resource.get(key_name))
        for index, one in enumerate(listed):
            key, value = fields(one).get("Key"), fields(one).get("Value")
            if not isinstance(key, str):
                continue
            found[key] = value
            wrong = self._wrong(resource, key, world)
            if wrong:
                yield at(resource, key_name, index, "Key", says=wrong)
                continue
            allowed = _BALANCER[key][1] if resource.type == BALANCER else _GROUP.get(key, _ANY)
            text = str(value).lower() if isinstance(value, bool) else str(value)
            if isinstance(value, str | int) and not _fits(text, allowed):
                said = f"{allowed[0]} to {allowed[1]}" if isinstance(allowed, tuple) else allowed.replace("|", ", ")
                yield at(resource, key_name, index, "Value", says=f"{key} is {text}; allowed: {said}.")
        if resource.type == TARGET_GROUP and str(found.get("stickiness.enabled")).lower() == "true":
            kind_, network = found.get("stickiness.type"), resource.get("Protocol") in ("TCP", "TLS", "UDP", "TCP_UDP")
            if kind_ == "app_cookie" and not found.get("stickiness.app_cookie.cookie_name"):
                yield at(
                    resource, key_name, says="stickiness.type is app_cookie without stickiness.app_cookie.cookie_name."
                )
            if (
                isinstance(kind_, str)
                and network != kind_.startswith("source_ip")
                and resource.get("Protocol") != "GENEVE"
            ):
                says = f"stickiness.type is {kind_} for a target group of {resource.get('Protocol')}."
                yield at(resource, key_name, says=says)

    @staticmethod
    def _wrong(resource: Resource, key: str, world: World) -> str:
        if resource.type == BALANCER:
            if key not in _BALANCER:
                return f"There is no attribute {key} of load balancers."
            kind = kind_of(resource)
            if kind and kind[0] not in _BALANCER[key][0]:
                return f"{key} is no attribute of a load balancer of type {kind}."
        elif resource.type == TARGET_GROUP:
            return "" if key in _GROUP else f"There is no attribute {key} of target groups."
        else:
            balancer = balancer_of(world, resource)
            if not _LISTENER.fullmatch(key):
                return f"There is no attribute {key} of listeners."
            if balancer and kind_of(balancer) == "application" and not key.startswith("routing."):
                return f"{key} is no attribute of an application load balancer's listener."
        return ""


def _fits(text: str, allowed: str | Range) -> bool:
    if isinstance(allowed, tuple):
        return text.isdigit() and allowed[0] <= int(text) <= allowed[1]
    return bool(re.fullmatch(allowed, text))
