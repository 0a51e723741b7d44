"""The requirements: every row's id with its gist, by system. An id stays with its requirement for good."""

from __future__ import annotations

from collections.abc import Mapping

CATALOGUE: Mapping[str, Mapping[str, str]] = {
    "customer-portal": {
        "CP-NET-1": "nine subnets in three zones",
        "CP-NET-2": "NAT instance in every zone",
        "CP-NET-3": "isolated subnets reach no internet",
        "CP-ECS-1": "cluster with Container Insights",
        "CP-ECS-2": "the frontend's task",
        "CP-ECS-3": "the backend's task",
        "CP-ECS-4": "logs, kept for seven days",
        "CP-ECS-5": "services on spot, rolled back",
        "CP-ECS-6": "one to ten tasks, by CPU",
        "CP-ECS-7": "roles with least privilege",
        "CP-ALB-1": "load balancer facing the internet",
        "CP-ALB-2": "listener and rules by path",
        "CP-ALB-3": "target groups and health checks",
        "CP-ALB-4": "tasks entered from balancer only",
        "CP-DB-1": "Aurora PostgreSQL 15, three instances",
        "CP-DB-2": "encrypted, one day, deletable",
        "CP-DB-3": "generated secret, attached to cluster",
        "CP-DB-4": "database entered from backend only",
        "CP-SES-1": "sessions table with expiry",
        "CP-SES-2": "two indexes that project all",
        "CP-API-1": "REST API, privately to balancer",
        "CP-API-2": "CORS preflight, root and proxy",
        "CP-API-3": "usage plan, quota and key",
        "CP-CDN-1": "private assets bucket, emptied",
        "CP-CDN-2": "CloudFront in front of bucket",
        "CP-CDN-3": "CloudFront hands API to balancer",
        "CP-CDN-4": "price class, HTTP/2 and HTTP/3",
        "CP-MON-1": "dashboard of the whole system",
        "CP-MON-2": "alarms on CPU, connections, latency",
        "CP-OUT-1": "eight outputs, all exported",
        "CP-DEL-1": "deletion leaves nothing behind",
    },
}
"""System → id → gist. The ids of a system begin with one prefix, its own."""
