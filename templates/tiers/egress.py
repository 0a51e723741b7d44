"""The ways out of private subnets: NAT gateways, or NAT instances, one a zone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from troposphere import AWSObject, Base64, GetAtt, Parameter, Sub, Tags, ec2, iam
from troposphere.policies import CreationPolicy, ResourceSignal

from tap.model import Tier
from templates.tiers.words import ZONES, managed_policy, named, trusts


@dataclass(frozen=True)
class Way:
    """Where the default route of one private subnet leads, and what must be there before it."""

    route: Mapping[str, Any]
    waits: tuple[str, ...] = ()


@dataclass(frozen=True)
class Ways:
    """The ways of all zones, in their order, and the instances among them."""

    targets: tuple[Way, ...]
    instances: tuple[ec2.Instance, ...] = ()


@dataclass(frozen=True)
class Site:
    """Where a way out is built: the network tier and its VPC, the public subnets and their route to the internet, and
    the addresses of the private subnets that it is for."""

    tier: Tier
    vpc: ec2.VPC
    public: tuple[ec2.Subnet, ...]
    private_cidrs: tuple[str, ...]
    internet: AWSObject


class Egress(Protocol):
    """A kind of way out."""

    def build(self, site: Site) -> Ways:
        """Add it to the network tier, in the public subnets."""


def _address(tier: Tier, letter: str, internet: AWSObject) -> ec2.EIP:
    return tier.add(
        ec2.EIP(
            f"NatAddress{letter}",
            DependsOn=internet.title,
            Domain="vpc",
            Tags=Tags(Name=named(f"nat-{letter.lower()}")),
        ),
        f"The fixed public address of what leaves zone {letter}.",
    )


@dataclass(frozen=True)
class NatGateways:
    """A NAT gateway in each zone: no upkeep, about thirty times the price of a small instance."""

    def build(self, site: Site) -> Ways:
        """Add an address and a gateway a zone."""
        ways = []
        for letter, subnet in zip(ZONES, site.public, strict=False):
            address = _address(site.tier, letter, site.internet)
            gateway = site.tier.add(
                ec2.NatGateway(
                    f"NatGateway{letter}",
                    SubnetId=subnet.ref(),
                    AllocationId=GetAtt(address, "AllocationId"),
                    Tags=Tags(Name=named(f"nat-{letter.lower()}")),
                ),
                f"Lets the private subnet in zone {letter} reach the internet.",
            )
            ways.append(Way({"NatGatewayId": gateway.ref()}))
        return Ways(tuple(ways))


NAT_SCRIPT = """\
#!/bin/bash
# Turns this instance into the NAT of its zone, and keeps it one after a reboot.
trap '/opt/aws/bin/cfn-signal -e $? --stack ${AWS::StackName} --resource {instance} --region ${AWS::Region}' EXIT
set -euo pipefail
dnf install -y nftables
echo 'net.ipv4.ip_forward = 1' > /etc/sysctl.d/90-nat.conf
sysctl --system
interface=$(ip -o -4 route show default | awk '{print $5; exit}')
cat > /etc/nftables/nat.nft <<RULES
table ip nat {
  chain postrouting {
    type nat hook postrouting priority srcnat;
    oifname "$interface" masquerade;
  }
}
RULES
echo 'include "/etc/nftables/nat.nft"' > /etc/sysconfig/nftables.conf
systemctl enable --now nftables
"""
"""``{instance}`` is the logical id of the instance, which signals CloudFormation when it forwards."""


@dataclass(frozen=True)
class NatInstances:
    """A small instance in each zone that forwards for its private subnet: cheap; a failure of one is its zone's.

    Each keeps its network interface, so the route and the public address survive a new instance.
    """

    instance_type: str = "t3.micro"
    image: str = "/aws/service/ami-amazon-linux-latest/al2023-ami-kernel-default-x86_64"
    exempt: Mapping[str, str] = field(default_factory=dict)

    def build(self, site: Site) -> Ways:
        """Add what the instances share, then interface, address and instance of each zone."""
        tier, internet = site.tier, site.internet
        image = tier.parameter(
            "NatImageId",
            "The public SSM parameter that names the machine image of the NAT instances. CloudFormation looks it up "
            "at each deployment; when AWS has published a newer image, the deployment replaces the instances, and "
            "each zone is without a way out for about a minute.",
            group="Network",
            label="Image of the NAT instances",
            Type="AWS::SSM::Parameter::Value<AWS::EC2::Image::Id>",
            Default=self.image,
        )
        group = self._security_group(site)
        launch = self._launch_template(tier, image)
        ways, instances = [], []
        for letter, subnet in zip(ZONES, site.public, strict=False):
            interface = tier.add(
                ec2.NetworkInterface(
                    f"NatInterface{letter}",
                    Description=f"NAT of zone {letter}; outlives the instance that uses it",
                    SubnetId=subnet.ref(),
                    GroupSet=[GetAtt(group, "GroupId")],
                    SourceDestCheck=False,
                    Tags=Tags(Name=named(f"nat-{letter.lower()}")),
                ),
                f"The interface to which the private subnet in zone {letter} sends its traffic; "
                "it forwards for others, so the source/destination check is off.",
            )
            address = _address(tier, letter, internet)
            association = tier.add(
                ec2.EIPAssociation(
                    f"NatAddressAssociation{letter}",
                    AllocationId=GetAtt(address, "AllocationId"),
                    NetworkInterfaceId=interface.ref(),
                ),
                f"Gives the NAT interface in zone {letter} its public address.",
            )
            instance = self._instance(tier, letter, launch, interface, (association, internet))
            instances.append(instance)
            ways.append(Way({"NetworkInterfaceId": interface.ref()}, (instance.title,)))
        return Ways(tuple(ways), tuple(instances))

    def _security_group(self, site: Site) -> ec2.SecurityGroup:
        return site.tier.add(
            ec2.SecurityGroup(
                "NatSecurityGroup",
                GroupDescription="NAT instances: forward for the private subnets",
                VpcId=site.vpc.ref(),
                SecurityGroupIngress=[
                    ec2.SecurityGroupRule(
                        IpProtocol="-1", CidrIp=cidr, Description=f"Everything that leaves private subnet {letter}"
                    )
                    for letter, cidr in zip(ZONES, site.private_cidrs, strict=False)
                ],
                SecurityGroupEgress=[
                    ec2.SecurityGroupRule(IpProtocol="-1", CidrIp="0.0.0.0/0", Description="On to the internet")
                ],
            ),
            "What the NAT instances forward: anything from the private subnets, to anywhere. Nothing gets in from "
            "outside; administrators come through Session Manager, not SSH.",
            exempt={"CKV_AWS_382": "A NAT passes on whatever the private subnets send; their own groups decide that."},
        )

    def _launch_template(self, tier: Tier, image: Parameter) -> ec2.LaunchTemplate:
        role = tier.add(
            iam.Role(
                "NatRole",
                AssumeRolePolicyDocument=trusts("ec2.amazonaws.com"),
                ManagedPolicyArns=[managed_policy("AmazonSSMManagedInstanceCore")],
            ),
            "Lets Session Manager reach the NAT instances.",
        )
        profile = tier.add(
            iam.InstanceProfile("NatInstanceProfile", Roles=[role.ref()]), "Hands the NAT role to the instances."
        )
        return tier.add(
            ec2.LaunchTemplate(
                "NatLaunchTemplate",
                LaunchTemplateData=ec2.LaunchTemplateData(
                    ImageId=image.ref(),
                    InstanceType=self.instance_type,
                    IamInstanceProfile=ec2.IamInstanceProfile(Arn=GetAtt(profile, "Arn")),
                    MetadataOptions=ec2.MetadataOptions(HttpTokens="required", HttpPutResponseHopLimit=1),
                    BlockDeviceMappings=[
                        ec2.LaunchTemplateBlockDeviceMapping(
                            DeviceName="/dev/xvda",
                            Ebs=ec2.EBSBlockDevice(VolumeType="gp3", VolumeSize=8, Encrypted=True),
                        )
                    ],
                ),
            ),
            "What the NAT instances have in common: image, size, encrypted disk, metadata by token only.",
        )

    def _instance(
        self,
        tier: Tier,
        letter: str,
        launch: ec2.LaunchTemplate,
        interface: ec2.NetworkInterface,
        waits: tuple[AWSObject, ...],
    ) -> ec2.Instance:
        name = f"NatInstance{letter}"
        return tier.add(
            ec2.Instance(
                name,
                DependsOn=[other.title for other in waits],
                CreationPolicy=CreationPolicy(ResourceSignal=ResourceSignal(Count=1, Timeout="PT10M")),
                LaunchTemplate=ec2.LaunchTemplateSpecification(
                    LaunchTemplateId=launch.ref(), Version=GetAtt(launch, "LatestVersionNumber")
                ),
                NetworkInterfaces=[ec2.NetworkInterfaceProperty(DeviceIndex="0", NetworkInterfaceId=interface.ref())],
                UserData=Base64(Sub(NAT_SCRIPT.replace("{instance}", name))),
                Tags=Tags(Name=named(f"nat-{letter.lower()}")),
            ),
            f"Forwards for the private subnet in zone {letter}; CloudFormation waits until it does.",
            exempt=dict(self.exempt),
        )
