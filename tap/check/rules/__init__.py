"""The rules, by theme. Each class with an id is one, found by itself (:func:`tap.check.rule.rules`).

========  ==============================================
TAP10xx   API Gateway and its way to the backend
TAP11xx   containers
TAP12xx   databases, tables, secrets, backup
TAP13xx   keys, logs, buckets, IAM, functions, messages
TAP14xx   the edge: CloudFront, WAF, DNS
TAP15xx   the network
TAP16xx   scaling and alarms
TAP17xx   limits, names, schedules, principals
TAP18xx   deletion
TAP19xx   the template itself
========  ==============================================
"""

from __future__ import annotations
