"""Repair: alarms on metric math.

MiniStack refuses an alarm with ``Metrics``. Its CloudWatch can keep one; it does not evaluate it, so such an alarm
stays in INSUFFICIENT_DATA.
"""

from __future__ import annotations

from functools import wraps
from typing import Any

from ministack.services.cloudformation import provisioners

from tap.local.extension.registry import Properties, without


def repair() -> None:
    """Keep an alarm on metric math with its expressions, and without a metric of its own, as AWS describes it."""
    original = provisioners._cw_metric_alarm_record

    @wraps(original)
    def record(name: str, properties: Properties) -> dict[str, Any]:
        if not properties.get("Metrics"):
            return dict(original(name, properties))
        # The original insists on these three; a band of anomalies has no threshold.
        stand_in = {"MetricName": name, "Namespace": name, "Threshold": 0}
        kept: dict[str, Any] = original(name, {**stand_in, **without(properties, "Metrics")})
        kept |= {"MetricName": "", "Namespace": "", "Metrics": properties["Metrics"]}
        if "ThresholdMetricId" in properties:
            kept["ThresholdMetricId"] = properties["ThresholdMetricId"]
        return kept

    provisioners._cw_metric_alarm_record = record
