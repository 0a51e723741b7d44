from __future__ import annotations

from typing import Any

from tap.diagram import Way, flowchart, ways

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
    assert found == [Way("", "Door", "80, 443")]


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
    assert found == [Way("Web", "Database", "5432")]


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
    assert found == [Way("", "Cdn", "443"), Way("Cdn", "Files"), Way("Cdn", "Door")]


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
    assert found == [Way("", "Api", "443"), Way("Api", "Link"), Way("Api", "Work")]


def test_what_a_role_lets_a_service_use() -> None:
    allowed = [{"PolicyDocument": {"Statement": [{"Resource": [{"Fn::GetAtt": ["Sessions", "Arn"]}, ref("Secret")]}]}}]
    resources = {
        "Group": group(rule(80)),
        "Sessions": resource("DynamoDB::Table"),
        "Secret": resource("SecretsManager::Secret"),
        "Role": resource("IAM::Role", Policies=allowed),
        "Task": resource("ECS::TaskDefinition", TaskRoleArn={"Fn::GetAtt": ["Role", "Arn"]}),
        "Web": service("Group", TaskDefinition=ref("Task")),
        "Idle": resource("ECS::Service", TaskDefinition=ref("Task")),
    }
    assert ways(resources) == [Way("", "Web", "80"), Way("Web", "Sessions", granted=True)]


def test_the_picture() -> None:
    resources = {
        "Group": group(rule(80)),
        "Door": resource("ElasticLoadBalancingV2::LoadBalancer", "front-end", SecurityGroups=[group_of("Group")]),
        "Files": resource("S3::Bucket"),
        "Cdn": resource(
            "CloudFront::Distribution", DistributionConfig={"Origins": [{"DomainName": {"Fn::GetAtt": ["Files", "X"]}}]}
        ),
    }
    assert flowchart(resources, [("front-end", "Front end"), ("empty", "Empty"), ("one", "One")]) == [
        "flowchart LR",
        '  internet(["Internet"])',
        '  subgraph tier_front_end["Front end"]',
        '    Door["Door"]',
        "  end",
        '  subgraph tier_one["One"]',
        '    Files[("Files")]',
        '    Cdn["Cdn"]',
        "  end",
        "  internet -->|80| Door",
        "  internet -->|443| Cdn",
        "  Cdn --> Files",
    ]
    assert flowchart({"Files": resource("S3::Bucket")}, [("one", "One")]) == []
