"""TAP1440 to TAP1448: web ACLs and rule groups of WAF."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from ipaddress import ip_network
from typing import Any

from tap.check.model import Resource, World
from tap.check.rule import Found, ResourceRule, at
from tap.check.values import Reference, Text, as_int, fields, items, shape

_ACL = "AWS::WAFv2::WebACL"
_HOLDERS = (_ACL, "AWS::WAFv2::RuleGroup")
_GROUPS = ("ManagedRuleGroupStatement", "RuleGroupReferenceStatement")
_PREFIX = "aws-waf-logs-"


def rules_of(resource: Resource) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """The rules of a web ACL or rule group, with their places."""
    for index, one in enumerate(items(resource.get("Rules"))):
        if isinstance(one, Mapping):
            yield index, one


def statements(
    node: Any, path: tuple[str | int, ...] = ("Statement",)
) -> Iterator[tuple[tuple[str | int, ...], str, Any]]:
    """Every statement below a rule's ``Statement``: path, kind, body."""
    for kind, body in fields(node).items():
        yield (*path, kind), kind, body
        for key in ("ScopeDownStatement", "Statement"):
            if isinstance(body, Mapping) and body.get(key) is not None:
                yield from statements(body[key], (*path, kind, key))
        for index, one in enumerate(items(fields(body).get("Statements"))):
            yield from statements(one, (*path, kind, "Statements", index))


class RuleAction(ResourceRule):
    """Rules with two actions, none, or one of the wrong kind."""

    id = "TAP1440"
    title = "A WAF rule has Action, or OverrideAction when it is a rule group"
    description = "A rule that refers to a rule group takes OverrideAction, any other takes Action; never both."
    source = "WAFV2 API reference, Rule, Action and OverrideAction"
    advice = "Set OverrideAction: {None: {}} for a rule group, Action for any other statement."
    types = _HOLDERS

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each rule."""
        for index, rule in rules_of(resource):
            own, override = rule.get("Action"), rule.get("OverrideAction")
            kinds = list(fields(rule.get("Statement")))
            group = any(kind in _GROUPS for kind in kinds)
            says = ""
            if own is not None and override is not None:
                says = "has Action and OverrideAction"
            elif own is None and override is None:
                says = "has neither Action nor OverrideAction"
            elif group and own is not None:
                says = "is a rule group and has Action instead of OverrideAction"
            elif kinds and not group and override is not None:
                says = "is no rule group and has OverrideAction instead of Action"
            if says and isinstance(rule.get("Statement"), Mapping):
                yield at(resource, "Rules", index, says=f"The rule {shape(rule.get('Name'))} {says}.")


_WINDOWS = (60, 120, 300, 600)


class RateRules(ResourceRule):
    """Rate-based rules that WAF refuses, or that count the wrong addresses."""

    id = "TAP1441"
    title = "A rate-based rule says what it counts by"
    description = (
        "FORWARDED_IP needs ForwardedIPConfig, CUSTOM_KEYS needs CustomKeys, CONSTANT needs a scope; the limit is "
        "10 to 2,000,000,000 in a window of 60, 120, 300 or 600 seconds; a rate-based rule stands alone in its rule."
    )
    source = "WAFV2 API reference, RateBasedStatement"
    advice = "Add ForwardedIPConfig: {HeaderName: X-Forwarded-For, FallbackBehavior: MATCH}, or count by IP."
    types = _HOLDERS

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each rate-based statement."""
        for index, rule in rules_of(resource):
            for path, kind, body in statements(rule.get("Statement")):
                if kind != "RateBasedStatement":
                    continue
                for key, says in _rate_faults(fields(body), nested=len(path) > 2):
                    yield at(resource, "Rules", index, *path, *((key,) if key else ()), says=says)


def _rate_faults(body: Mapping[str, Any], *, nested: bool) -> Iterator[tuple[str, str]]:
    by, limit, window = body.get("AggregateKeyType"), as_int(body.get("Limit")), as_int(body.get("EvaluationWindowSec"))
    keys = items(body.get("CustomKeys"))
    forwarded = by == "FORWARDED_IP" or any("ForwardedIP" in fields(one) for one in keys)
    if nested:
        yield "", "A rate-based statement cannot stand within another statement."
    if forwarded and body.get("ForwardedIPConfig") is None:
        yield "", "Requests are counted by FORWARDED_IP, and there is no ForwardedIPConfig that names the header."
    elif by == "IP" and body.get("ForwardedIPConfig") is not None:
        yield "ForwardedIPConfig", "ForwardedIPConfig counts for FORWARDED_IP only, and AggregateKeyType is IP."
    if by == "CUSTOM_KEYS" and body.get("CustomKeys") in (None, []):
        yield "", "Requests are counted by CUSTOM_KEYS, and there are none."
    if by == "CONSTANT" and body.get("ScopeDownStatement") is None:
        yield "", "CONSTANT counts all requests together, and needs a ScopeDownStatement."
    if isinstance(by, str) and by not in ("IP", "FORWARDED_IP", "CUSTOM_KEYS", "CONSTANT"):
        yield "AggregateKeyType", f"AggregateKeyType {by!r} is none of IP, FORWARDED_IP, CUSTOM_KEYS, CONSTANT."
    if limit is not None and not 10 <= limit <= 2_000_000_000:
        yield "Limit", f"The limit {limit:,} is not between 10 and 2,000,000,000."
    if window is not None and window not in _WINDOWS:
        yield "EvaluationWindowSec", f"A window of {window} seconds: it is 60, 120, 300 or 600."


class ForwardedConfig(ResourceRule):
    """Addresses from a header that the rule does not name rightly."""

    id = "TAP1442"
    title = "A forwarded address has a header and a fallback"
    description = "ForwardedIPConfig has HeaderName and FallbackBehavior (MATCH or NO_MATCH), and Position for IP sets."
    source = "WAFV2 API reference, ForwardedIPConfig and IPSetForwardedIPConfig"
    advice = "Write {HeaderName: X-Forwarded-For, FallbackBehavior: MATCH}."
    types = _HOLDERS

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each configuration of forwarded addresses."""
        for index, rule in rules_of(resource):
            for path, _, body in statements(rule.get("Statement")):
                for key in ("ForwardedIPConfig", "IPSetForwardedIPConfig"):
                    own = fields(body).get(key)
                    if not isinstance(own, Mapping):
                        continue
                    header, fallback = own.get("HeaderName"), own.get("FallbackBehavior")
                    says = ""
                    if isinstance(header, str) and not re.fullmatch(r"[A-Za-z0-9-]{1,255}", header):
                        says = f"{header!r} is no name of a header."
                    elif isinstance(fallback, str) and fallback not in ("MATCH", "NO_MATCH"):
                        says = f"FallbackBehavior {fallback!r} is neither MATCH nor NO_MATCH."
                    elif header is None or fallback is None:
                        says = f"{key} has no {'HeaderName' if header is None else 'FallbackBehavior'}."
                    if says:
                        yield at(resource, "Rules", index, *path, key, says=says)


class PriorityTwice(ResourceRule):
    """Two rules at the same place, or of the same name."""

    id = "TAP1443"
    title = "The rules of a web ACL have priorities and names of their own"
    description = "WAF refuses two rules with the same priority (WAFDuplicateItemException) or the same name."
    source = "WAFV2 API reference, Rule, Priority"
    advice = "Number the rules from 0 in the order in which they are tried."
    types = _HOLDERS

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each rule against those before it."""
        seen: dict[tuple[str, Any], str] = {}
        for index, rule in rules_of(resource):
            for key, value in (("Priority", as_int(rule.get("Priority"))), ("Name", rule.get("Name"))):
                if not isinstance(value, int | str):
                    continue
                name = shape(rule.get("Name"))
                if (key, value) in seen:
                    says = f"{key} {value} is that of {seen[(key, value)]} too."
                    yield at(resource, "Rules", index, key, says=says)
                seen[(key, value)] = name


_MANAGED = frozenset(
    (
        *(
            "AWSManagedRulesCommonRuleSet",
            "AWSManagedRulesAdminProtectionRuleSet",
            "AWSManagedRulesKnownBadInputsRuleSet",
        ),
        *("AWSManagedRulesSQLiRuleSet", "AWSManagedRulesLinuxRuleSet", "AWSManagedRulesUnixRuleSet"),
        *("AWSManagedRulesWindowsRuleSet", "AWSManagedRulesPHPRuleSet", "AWSManagedRulesWordPressRuleSet"),
        *("AWSManagedRulesAmazonIpReputationList", "AWSManagedRulesAnonymousIpList", "AWSManagedRulesATPRuleSet"),
        *("AWSManagedRulesACFPRuleSet", "AWSManagedRulesBotControlRuleSet", "AWSManagedRulesAntiDDoSRuleSet"),
    )
)
"""Source: WAF developer guide, "AWS Managed Rules rule groups list"."""
_CONFIGURED = ("AWSManagedRulesATPRuleSet", "AWSManagedRulesACFPRuleSet")


class ManagedGroups(ResourceRule):
    """Managed rule groups that AWS does not offer."""

    id = "TAP1444"
    title = "A managed rule group is one that its vendor offers"
    description = (
        "A name that AWS does not offer is refused; the groups against account takeover and fraud want a configuration."
    )
    source = "WAF developer guide, “AWS Managed Rules rule groups list”"
    advice = "Use a name as the list has it, such as AWSManagedRulesCommonRuleSet."
    types = _HOLDERS

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each reference to a managed group."""
        for index, rule in rules_of(resource):
            for path, kind, body in statements(rule.get("Statement")):
                own = fields(body)
                name = own.get("Name")
                if kind != "ManagedRuleGroupStatement" or not isinstance(name, str):
                    continue
                steps = ("Rules", index, *path)
                if own.get("VendorName") == "AWS" and name not in _MANAGED:
                    yield at(resource, *steps, "Name", says=f"AWS offers no managed rule group {name!r}.")
                elif isinstance(own.get("VendorName"), str) and name in _MANAGED and own.get("VendorName") != "AWS":
                    yield at(resource, *steps, "VendorName", says=f"The vendor of {name} is AWS.")
                elif name in _CONFIGURED and own.get("ManagedRuleGroupConfigs") is None:
                    yield at(resource, *steps, says=f"{name} needs ManagedRuleGroupConfigs.")


class Responses(ResourceRule):
    """Custom responses that WAF cannot give."""

    id = "TAP1445"
    title = "A custom response has a status from 200 to 599 and a body that is defined"
    description = "WAF refuses other statuses, and a CustomResponseBodyKey that CustomResponseBodies does not have."
    source = "WAFV2 API reference, CustomResponse"
    advice = "Define the body in CustomResponseBodies of the same web ACL."
    types = _HOLDERS

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each block action with a response, the default one too."""
        bodies = resource.get("CustomResponseBodies")
        places: list[tuple[tuple[str | int, ...], Any]] = [(("DefaultAction",), resource.get("DefaultAction"))]
        places += [(("Rules", index, "Action"), rule.get("Action")) for index, rule in rules_of(resource)]
        for path, action in places:
            response = fields(fields(action).get("Block")).get("CustomResponse")
            if not isinstance(response, Mapping):
                continue
            code, key = as_int(response.get("ResponseCode")), response.get("CustomResponseBodyKey")
            steps = (*path, "Block", "CustomResponse")
            if code is not None and not 200 <= code <= 599:
                yield at(resource, *steps, "ResponseCode", says=f"ResponseCode {code} is not between 200 and 599.")
            if isinstance(key, str) and (bodies is None or isinstance(bodies, Mapping)) and key not in fields(bodies):
                there = ", ".join(map(str, fields(bodies))) or "there are none"
                says = f"The body {key!r} is not in CustomResponseBodies ({there})."
                yield at(resource, *steps, "CustomResponseBodyKey", says=says)


_METRIC = re.compile(r"[\w#:.\-/]{1,255}", re.ASCII)


class FirewallNames(ResourceRule):
    """Names and metrics in forms that WAF refuses."""

    id = "TAP1446"
    title = "Names of WAF are letters, digits, hyphens and underscores"
    description = "Names have up to 128 of [A-Za-z0-9_-]; metric names are up to 255 of [A-Za-z0-9_#:.-/], and not All."
    source = "WAFV2 API model, EntityName and MetricName; VisibilityConfig"
    advice = "Use letters, digits and hyphens."
    types = (*_HOLDERS, "AWS::WAFv2::IPSet", "AWS::WAFv2::RegexPatternSet")

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """The resource's own name and metric, and those of its rules."""
        places: list[tuple[tuple[str | int, ...], Mapping[str, Any]]] = [((), resource.properties)]
        places += [(("Rules", index), rule) for index, rule in rules_of(resource)]
        for path, one in places:
            name, metric = one.get("Name"), fields(one.get("VisibilityConfig")).get("MetricName")
            if isinstance(name, str) and not re.fullmatch(r"[\w-]{1,128}", name, re.ASCII):
                yield at(resource, *path, "Name", says=f"{name!r} is no name that WAF takes.")
            if isinstance(metric, str) and (not _METRIC.fullmatch(metric) or metric in ("All", "Default_Action")):
                yield at(resource, *path, "VisibilityConfig", "MetricName", says=f"{metric!r} is no metric's name.")


class AddressSet(ResourceRule):
    """Addresses that do not belong in their set."""

    id = "TAP1447"
    title = "An IP set holds blocks of addresses of its version"
    description = "WAF takes CIDR blocks of the set's version; single addresses are /32 or /128, and /0 is refused."
    source = "WAFV2 API reference, IPSet, Addresses"
    advice = "Write 192.0.2.44/32 for one address."
    types = ("AWS::WAFv2::IPSet",)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each address."""
        wanted = {"IPV4": 4, "IPV6": 6}.get(str(resource.get("IPAddressVersion")))
        for index, one in enumerate(items(resource.get("Addresses"))):
            if isinstance(one, str):
                says = _address_fault(one, wanted)
                if says:
                    yield at(resource, "Addresses", index, says=says)


def _address_fault(text: str, version: int | None) -> str:
    if "/" not in text:
        return f"{text!r} is no CIDR block."
    try:
        block = ip_network(text, strict=False)
    except ValueError:
        return f"{text!r} is no CIDR block."
    if block.prefixlen == 0:
        return f"{text} is every address, which WAF does not take."
    return (
        f"{text} is of version {block.version}, the set of version {version}."
        if version not in (None, block.version)
        else ""
    )


class FirewallLogs(ResourceRule):
    """Logs of a web ACL to where WAF does not write."""

    id = "TAP1448"
    title = "The name of where a web ACL logs to begins with aws-waf-logs-"
    description = "WAF refuses log groups, buckets and streams of other names (WAFInvalidParameterException)."
    source = "WAF developer guide, “Logging destinations”; AWS::WAFv2::LoggingConfiguration"
    advice = "Name it aws-waf-logs-…."
    types = ("AWS::WAFv2::LoggingConfiguration",)

    def check_resource(self, resource: Resource, world: World) -> Iterator[Found]:
        """Each destination; and whose logs they are."""
        for index, value in enumerate(items(resource.get("LogDestinationConfigs"))):
            says = _destination_fault(value, world)
            if says:
                yield at(resource, "LogDestinationConfigs", index, says=says)
        owner = resource.get("ResourceArn")
        if isinstance(owner, Reference) and world.target(owner, _ACL) and owner.attribute != "Arn":
            yield at(resource, "ResourceArn", says=f"{owner} is not the web ACL's ARN.")


_NAMED = {
    "AWS::Logs::LogGroup": ("LogGroupName", "Arn"),
    "AWS::S3::Bucket": ("BucketName", "Arn"),
    "AWS::KinesisFirehose::DeliveryStream": ("DeliveryStreamName", "Arn"),
}


def _destination_fault(value: Any, world: World) -> str:
    target = world.target(value, *_NAMED) if isinstance(value, Reference | Text) else None
    if target is not None:
        key, attribute = _NAMED[target.type]
        name = target.get(key)
        if isinstance(value, Reference) and value.attribute != attribute:
            return f"{value} is not the ARN of {target.logical_id}."
        if name is None:
            return (
                f"{target.logical_id} has no {key}: the name that it gets begins with the stack's, not with {_PREFIX}."
            )
        known = name if isinstance(name, str) else name.prefix if isinstance(name, Text) else ""
        wrong = (
            not known.startswith(_PREFIX)
            if isinstance(name, str) or len(known) >= len(_PREFIX)
            else (bool(known) and not _PREFIX.startswith(known))
        )
        return f"{target.logical_id} is called {shape(name)}: its name must begin with {_PREFIX}." if wrong else ""
    match = re.search(
        r"(?::log-group:|:s3:::|:deliverystream/)([^:$]+)", shape(value) if isinstance(value, str | Text) else ""
    )
    if match and not match[1].startswith(_PREFIX) and (isinstance(value, str) or not _PREFIX.startswith(match[1])):
        return f"{shape(value)}: the name must begin with {_PREFIX}."
    return ""
