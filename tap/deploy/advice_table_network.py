"""Known messages of networks, load balancers, DNS and CloudFront (see :mod:`tap.deploy.advice_table`)."""

from __future__ import annotations

from tap.deploy.advice import Known

NETWORK = (
    Known(
        "addresses",
        r"maximum number of addresses has been reached|addresslimitexceeded",
        "The account has as many Elastic IP addresses in this region as it may (5 by default).",
        "Release those that nothing uses (aws ec2 describe-addresses), or ask for more under Service Quotas, "
        "Amazon EC2.",
        "VPC user guide, Amazon VPC quotas",
    ),
    Known(
        "vpcs",
        r"maximum number of vpcs has been reached|vpclimitexceeded",
        "The account has as many VPCs in this region as it may (5 by default).",
        "Delete one that nothing uses, or ask for more under Service Quotas, Amazon VPC.",
        "VPC user guide, Amazon VPC quotas",
    ),
    Known(
        "subnet-conflict",
        r"the cidr '?(?P<cidr>[\d./]+)'? conflicts with another subnet",
        "The VPC has a subnet with addresses of {cidr} already: one that is to be replaced, or was made by hand.",
        "Choose other addresses, or remove the old subnet in a deployment of its own.",
        "VPC user guide, Subnet CIDR blocks",
    ),
    Known(
        "zone-invalid",
        r"value \((?P<zone>[\w-]+)\) for parameter availabilityzone(?:id)? is invalid|invalid availability zone",
        "The account has no such zone in this region, or it takes nothing new: {zone}.",
        "aws ec2 describe-availability-zones lists those there are; give others as parameters or in the mapping.",
        "EC2 API reference, Error codes; RAM user guide, Availability Zone IDs",
    ),
    Known(
        "subnet-busy",
        r"the subnet '?(?P<subnet>subnet-\w+)'? has dependencies and cannot be deleted",
        "Network interfaces are left in {subnet}: of functions, endpoints, load balancers or tasks.",
        "aws ec2 describe-network-interfaces --filters Name=subnet-id,Values={subnet} names them. Those of "
        "functions go by "
        "themselves within an hour; then delete again.",
        're:Post, How do I resolve the "has dependencies and cannot be deleted" error for a subnet',
    ),
    Known(
        "vpc-busy",
        r"the vpc '?(?P<vpc>vpc-\w+)'? has dependencies and cannot be deleted",
        "Something that the stack does not know is in {vpc}: a security group, an interface, an endpoint.",
        "Remove what was made by hand in it, then delete again.",
        "re:Post, Why can't I delete my Amazon VPC",
    ),
    Known(
        "group-busy",
        r"resource (?P<group>sg-\w+) has a dependent object",
        "A network interface or another security group uses {group} still.",
        "aws ec2 describe-network-interfaces --filters Name=group-id,Values={group} names what uses it; remove "
        "that, or "
        "wait for it to go, then delete again.",
        "re:Post, Why can't I delete a security group; reports in aws/aws-cdk",
    ),
    Known(
        "gateway-attached",
        r"has some mapped public address",
        "Public addresses of the VPC are mapped still, so its gateway cannot be detached.",
        "Release them or delete what uses them (NAT gateways, instances, load balancers), then delete again.",
        "EC2 API reference, DetachInternetGateway",
    ),
    Known(
        "target-group-alone",
        r"target ?group .*does not have an associated load balancer",
        "The service was made before a listener or rule sends anything to its target group.",
        "The service must wait for the listener rule (DependsOn).",
        "reports in hashicorp/terraform-provider-aws; ECS developer guide, Service load balancing",
    ),
    Known(
        "target-group-busy",
        r"target ?group .*is currently in use by a listener or a rule",
        "A listener or a rule that the stack does not know sends to the target group.",
        "Remove it, or wait: when a service moves to another group the old one is freed a moment later; deploy again.",
        "Elastic Load Balancing API reference, DeleteTargetGroup: ResourceInUse",
    ),
    Known(
        "rule-priority",
        r"priority '?(?P<priority>\d+)'? is currently in use",
        "The listener has another rule with the priority {priority}.",
        "Choose another one; a rule that was made by hand has to go.",
        "Elastic Load Balancing API reference, CreateRule: PriorityInUse",
    ),
    Known(
        "balancer-logs",
        r"access denied for bucket: (?P<bucket>[^\s.]+)\. please check s3bucket permission",
        "The load balancer may not write its logs to {bucket}.",
        "The bucket's policy must let the log delivery service write under the load balancer's prefix, the "
        "bucket must be in "
        "the same region, and may not be encrypted with a customer key.",
        "Elastic Load Balancing user guide, Access logs for your Application Load Balancer",
    ),
    Known(
        "balancer-protected",
        r"load ?balancer .*cannot be deleted because deletion protection is enabled",
        "The load balancer is protected against deletion.",
        "Turn deletion_protection.enabled off in a deployment before, if it is really to go.",
        "Elastic Load Balancing user guide, Deletion protection",
    ),
    Known(
        "record-exists",
        r"tried to create resource record set \[name='(?P<record>[^']+)'.*but it already exists",
        "The hosted zone has a record {record} already that is not this stack's.",
        "Delete it in the zone if nothing needs it, or choose another name.",
        "Route 53 API reference, ChangeResourceRecordSets",
    ),
    Known(
        "record-elsewhere",
        r"rrset with dns name (?P<record>\S+) is not permitted in zone (?P<zone>[^\s\]]+)",
        "{record} does not lie in the hosted zone {zone}.",
        "Give the HostedZoneId of the zone in which the name is, or another domain name.",
        "Route 53 API reference, ChangeResourceRecordSets: InvalidChangeBatch",
    ),
    Known(
        "zone-missing",
        r"no hosted zone found with id: (?P<zone>\S+)",
        "This account has no hosted zone {zone}.",
        "Give another HostedZoneId: aws route53 list-hosted-zones",
        "Route 53 API reference, NoSuchHostedZone",
    ),
    Known(
        "zone-not-empty",
        r"hosted zone contains non-required resource record sets|hostedzonenotempty",
        "There are records in the hosted zone that the stack does not know.",
        "Delete them, then delete again.",
        "Route 53 API reference, DeleteHostedZone: HostedZoneNotEmpty",
    ),
    Known(
        "certificate-region",
        r"specified ssl certificate doesn't exist, isn't in us-east-1|invalidviewercertificate",
        "CloudFront takes a certificate from us-east-1 only, issued and for all of the distribution's names.",
        "Give the ARN of a certificate in us-east-1; `deploy --edge` makes one there.",
        "CloudFront developer guide, Requirements for using SSL/TLS certificates with CloudFront",
    ),
    Known(
        "certificate-invalid",
        r"certificate (?:arn )?'?(?P<certificate>arn:aws[\w-]*:acm:[^\s']+)'? (?:is not valid|not found|must have)"
        r"|unsupportedcertificate",
        "The load balancer does not take the certificate {certificate}: it is of another region, or not issued yet.",
        "Give one of the stack's own region whose status is ISSUED (aws acm describe-certificate).",
        "Elastic Load Balancing API reference, CreateListener; ACM user guide, DNS validation",
    ),
    Known(
        "certificate-validation",
        r"certificate is in (?P<status>\w+) status",
        "The certificate was not issued ({status}): its domain was not validated.",
        "The validation record must be in the hosted zone that the internet asks for the domain; compare the "
        "zone's name "
        "servers with those of the registrar.",
        "ACM user guide, Troubleshoot DNS validation problems",
        type="AWS::CertificateManager::",
    ),
    Known(
        "cname-taken",
        r"cnames you provided are already associated with a different resource|cnamealreadyexists",
        "Another distribution, perhaps of another account, has the domain name.",
        "Take the name from the other distribution first (aws cloudfront list-conflicting-aliases names it).",
        "CloudFront developer guide, Move an alternate domain name to a different distribution",
    ),
    Known(
        "edge-function-replicated",
        r"replicated function|deleting lambda@edge functions and replicas",
        "CloudFront still has copies of the function.",
        "They go by themselves some hours after the distribution no longer uses it; then delete again.",
        "CloudFront developer guide, Delete Lambda@Edge functions and replicas",
    ),
    Known(
        "waf-propagating",
        r"wafunavailableentity|waf couldn.t retrieve the resource",
        "The web ACL, or what it is to protect, is new and not yet known everywhere.",
        "Deploy again in a few minutes.",
        "WAF API reference, AssociateWebACL: WAFUnavailableEntityException",
    ),
)
