"""Whether a namespace and a metric are ones that AWS services publish. Pure; the tables are in ``metric_tables``."""

from __future__ import annotations

from difflib import get_close_matches

from tap.check.metric_tables import NAMESPACES

_WRONG_NAMESPACES = {
    "AWS/ALB": "AWS/ApplicationELB",
    "AWS/NLB": "AWS/NetworkELB",
    "AWS/ELBV2": "AWS/ApplicationELB",
    "AWS/Fargate": "AWS/ECS",
    "AWS/ContainerInsights": "ECS/ContainerInsights",
    "AWS/ECS/ContainerInsights": "ECS/ContainerInsights",
    "AWS/Aurora": "AWS/RDS",
    "AWS/EventBridge": "AWS/Events",
    "AWS/StepFunctions": "AWS/States",
    "AWS/ACM": "AWS/CertificateManager",
    "AWS/WAF2": "AWS/WAFV2",
    "AWS/CloudWatchLogs": "AWS/Logs",
    "AWS/NAT": "AWS/NATGateway",
}
_BY_LOWER = {name.lower(): name for name in NAMESPACES}


def wrong_namespace(name: str) -> str:
    """The namespace that must be meant by a name that is none; empty where it may be one."""
    if name in NAMESPACES:
        return ""
    return _WRONG_NAMESPACES.get(name) or _BY_LOWER.get(name.lower(), "")


def unknown_metric(namespace: str, metric: str) -> str | None:
    """None where the namespace may have this metric; else the name that is nearest to it (or empty)."""
    known = NAMESPACES.get(namespace)
    if known is None or metric in known.metrics:
        return None
    lower = {one.lower(): one for one in known.metrics}
    near = lower.get(metric.lower()) or next(iter(get_close_matches(metric, known.metrics, 1, 0.8)), "")
    if not near and not known.whole:
        others = [one for one in NAMESPACES.values() if metric in one.metrics]
        return "" if others and metric not in ("Count", "Latency", "Errors", "Duration", "Requests") else None
    return near
