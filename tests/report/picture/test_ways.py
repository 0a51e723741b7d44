from __future__ import annotations

from typing import Any

from tap.report.picture.ways import Way, ways

ANYWHERE = "0.0.0.0/0"


def ref(name: str) -> dict[str, Any]:
    return {"Ref": name}


def group_of(name: str) -> dict[str, Any]:
    return {"Fn::GetAtt": [name, "GroupId"]}


def resource(kind: str, tier: str = "one", **properties: Any) -> dict[str, Any]:
    return {"Type": f"AWS::{kind}", "Properties": properties, "Metadata": {"Tier": tier, "Description": "It."}}


def group(*ingress: Any) -> dict[str, Any]:
    return resource("EC2::SecurityGroup", SecurityGroupIngress=list(ingress))


def rule(port: Any, cidr: str = ANYWHERE) -> dict[str, Any]:
    return {"CidrIp": cidr, "FromPort": port, "ToPort": port}


def service(name: str, **more: Any) -> dict[str, Any]:
    inside = {"AwsvpcConfiguration": {"SecurityGroups": [group_of(name)]}}
    return resource("ECS::Service", NetworkConfiguration=inside, **more)


def test_who_is_open_to_anyone() -> None:
    secure = {"Fn::If": ["HasCertificate", rule(443), {"Ref": "AWS::NoValue"}]}
    found = ways(
        {
            "Front": group(rule(80), secure),
            "Inner": group(rule(22, "10.0.0.0/8")),
            "Door": resource("ElasticLoadBalancingV2::LoadBalancer", SecurityGroups=[group_of("Front")]),
            "Host": resource("EC2::Instance", SecurityGroupIds=[group_of("Inner")]),
        }
    )
    assert found == [Way("", "Door", "HTTP 80, HTTPS 443")]


def test_a_rule_between_groups_joins_those_who_are_in_them() -> None:
    into: dict[str, Any] = {
        "GroupId": group_of("B"),
        "SourceSecurityGroupId": group_of("A"),
        "FromPort": 5432,
        "ToPort": 5432,
    }
    out: dict[str, Any] = {
        "GroupId": group_of("A"),
        "DestinationSecurityGroupId": group_of("B"),
        "FromPort": 5432,
        "ToPort": 5432,
    }
    found = ways(
        {
            "A": group(),
            "B": group(),
            "Web": service("A"),
            "Database": resource("RDS::DBCluster", VpcSecurityGroupIds=[group_of("B")]),
            "In": resource("EC2::SecurityGroupIngress", **into),
            "Out": resource("EC2::SecurityGroupEgress", **out),
        }
    )
    assert found == [Way("Web", "Database", "PostgreSQL 5432")]


def test_a_distribution_leads_to_its_origins() -> None:
    host = {"Fn::If": ["HasCertificate", ref("DomainName"), {"Fn::GetAtt": ["Door", "DNSName"]}]}
    origins = [{"DomainName": {"Fn::GetAtt": ["Files", "RegionalDomainName"]}}, {"DomainName": host}]
    found = ways(
        {
            "Files": resource("S3::Bucket"),
            "Door": resource("ElasticLoadBalancingV2::LoadBalancer"),
            "Cdn": resource("CloudFront::Distribution", DistributionConfig={"Origins": origins}),
        }
    )
    assert found == [Way("", "Cdn", "HTTPS 443"), Way("Cdn", "Files", "HTTPS 443"), Way("Cdn", "Door", "HTTPS 443")]


def test_what_a_distribution_speaks_to_its_origin() -> None:
    door = {"Fn::GetAtt": ["Door", "DNSName"]}

    def spoken(policy: Any) -> str:
        origin = {"DomainName": door, "CustomOriginConfig": {"OriginProtocolPolicy": policy}}
        cdn = resource("CloudFront::Distribution", DistributionConfig={"Origins": [origin]})
        return ways({"Door": resource("ElasticLoadBalancingV2::LoadBalancer"), "Cdn": cdn})[1].label

    assert spoken("http-only") == "HTTP 80"
    assert spoken({"Fn::If": ["HasCertificate", "https-only", "http-only"]}) == "HTTPS 443 or HTTP 80"


def test_a_target_group_says_what_its_service_speaks() -> None:
    into: dict[str, Any] = {
        "GroupId": group_of("B"),
        "SourceSecurityGroupId": group_of("A"),
        "FromPort": 3000,
        "ToPort": 3000,
    }
    resources = {
        "A": group(),
        "B": group(),
        "Door": resource("ElasticLoadBalancingV2::LoadBalancer", SecurityGroups=[group_of("A")]),
        "Targets": resource("ElasticLoadBalancingV2::TargetGroup", Protocol="HTTP"),
        "In": resource("EC2::SecurityGroupIngress", **into),
    }
    web = service("B", LoadBalancers=[{"TargetGroupArn": ref("Targets")}])
    assert ways({**resources, "Web": web}) == [Way("Door", "Web", "HTTP 3000")]
    assert ways({**resources, "Web": service("B")}) == [Way("Door", "Web", "TCP 3000")]


def test_a_method_leads_through_its_link_or_to_its_function() -> None:
    through = {"ConnectionId": ref("Link"), "IntegrationTarget": ref("Door"), "Uri": {"Fn::Sub": "http://${Door}/"}}
    found = ways(
        {
            "Door": resource("ElasticLoadBalancingV2::LoadBalancer"),
            "Work": resource("Lambda::Function"),
            "Api": resource("ApiGateway::RestApi"),
            "Link": resource("ApiGatewayV2::VpcLink"),
            "All": resource("ApiGateway::Method", RestApiId=ref("Api"), Integration=through),
            "Again": resource("ApiGateway::Method", RestApiId=ref("Api"), Integration=through),
            "Post": resource(
                "ApiGateway::Method", RestApiId=ref("Api"), Integration={"Uri": {"Fn::Sub": "x/${Work.Arn}/y"}}
            ),
            "Mock": resource("ApiGateway::Method", RestApiId=ref("Api"), Integration={"Type": "MOCK"}),
        }
    )
    assert found == [Way("", "Api", "HTTPS 443"), Way("Api", "Link"), Way("Api", "Work")]


def test_what_a_role_lets_a_service_use() -> None:
    allowed = [
        {
            "PolicyDocument": {
                "Statement": [{"Resource": [{"Fn::GetAtt": ["Sessions", "Arn"]}, ref("Secret"), ref("Topic")]}]
            }
        }
    ]
    resources = {
        "Group": group(rule(80)),
        "Sessions": resource("DynamoDB::Table"),
        "Secret": resource("SecretsManager::Secret"),
        "Topic": resource("SNS::Topic"),
        "Role": resource("IAM::Role", Policies=allowed),
        "Task": resource("ECS::TaskDefinition", TaskRoleArn={"Fn::GetAtt": ["Role", "Arn"]}),
        "Web": service("Group", TaskDefinition=ref("Task")),
        "Idle": resource("ECS::Service", TaskDefinition=ref("Task")),
    }
    assert ways(resources) == [
        Way("", "Web", "HTTP 80"),
        Way("Web", "Sessions", granted=True),
        Way("Web", "Secret", granted=True),
    ]
