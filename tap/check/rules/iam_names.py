"""Names of service principals and of AWS's managed policies, and which one a misspelt name means.

Sources: IAM user guide, "AWS service principals"; AWS managed policy reference guide. The tables hold the names that
templates use; of a name that is in none of them nothing is said, unless it all but is one of them.
"""

from __future__ import annotations

from difflib import get_close_matches
from functools import cache

_SERVICES = """
a4b access-analyzer access-grants.s3 accessanalyzer account-management acm acm-pca aidevops airflow airflow-env
amplify apidestinations apigateway appconfig appfabric appflow application-autoscaling application-insights
applicationinsights appmesh apprunner appstream appsync apptest aps arc-zonal-shift athena auditmanager autoscaling
autoscaling-plans aws-artifact-account-sync aws-marketplace backup backup-gateway backup-storage batch
batchoperations.s3 bcm-data-exports bedrock bedrock-agent bedrock-agentcore billing billingconductor billingreports
braket budgets budgets.cost bugbust build.apprunner cassandra ce chatbot cks.kms cloud9 cloudformation cloudfront
cloudhsm cloudhsmv2 cloudsearch cloudtrail cloudwatch cloudwatch-crossaccount codeartifact codebuild codecatalyst
codecommit codeconnections codedeploy codeguru-profiler codeguru-reviewer codeguruprofiler codepipeline codestar
codestar-connections codestar-notifications codewhisperer cognito-identity cognito-idp cognito-sync comprehend
compute-optimizer config config-conforms config-multiaccountsetup connect console continuousexport.discovery
contributorinsights.dynamodb controltower cost-optimization-hub cur custom-resource.application-autoscaling databrew
dataexchange datapipeline datasync dax deadline deepcomposer deeplens deepracer delivery.logs detective devops-agent
devops-guru diode directconnect discovery dlm dms docdb-elastic drs ds dsql dynamodb dynamodb.application-autoscaling
ec2 ec2-instance-connect ec2.application-autoscaling ec2.ecs ec2fleet ec2scheduled ecr ecs ecs-express ecs-tasks
ecs.application-autoscaling edgelambda eks eks-auth eks-auto eks-connector eks-fargate eks-fargate-pods eks-nodegroup
elasticache elasticache-serverless elasticache.application-autoscaling elasticbeanstalk elasticfilesystem
elasticloadbalancing elasticmapreduce elasticmapreduce.application-autoscaling elastictranscoder elemental-inference
elementalinference email email.cognito-idp emr-containers emr-serverless enabledatabase.rds es events events-targets
events.rds evidently export.rds fargate firehose fis fms forecast fraudagent fsx gamelift glacier globalaccelerator
glue grafana greengrass greengrassv2 guardduty health healthlake honeycode iam identitystore imagebuilder importexport
indexdocuments.kendra ingest.timestream inspector inspector2 inspectorv2 internetmonitor invoicing iot iotanalytics
iotdeviceadvisor iotevents iotfleethub iotsitewise iottwinmaker iotwireless ivs jellyfish kafka
kafka.application-autoscaling kafkaconnect kendra kinesis kinesisanalytics kinesisanalyticsv2 kms lakeformation lambda
lambda.application-autoscaling lex lexv2 license-management license-manager lightsail location
logdelivery.elasticloadbalancing logger.cloudfront logging.s3 logs lookoutequipment lookoutmetrics lookoutvision m2
machinelearning macie macie2 maintenance.s3tables malware-protection-plan.guardduty malware-protection.guardduty
managedblockchain managedservices mediaconnect mediaconvert medialive mediapackage mediapackagev2 mediastore
mediatailor member.org.stacksets memorydb metering-marketplace mgh mgn migrationhub mobile mobileanalytics mobilehub
monitoring monitoring.rds mq mwaa neptune neptune-graph network-firewall networkmanager nimble nitro-enclaves
nlb.elasticloadbalancing notifications oam obs observabilityadmin opensearch opensearchservice ops.emr-serverless
opsworks opsworks-cm organizations osis outposts panorama partnercentral-account-management payment-cryptography
payment-cryptography-data personalize pinpoint pipes pods.eks polly preprod.lightsail pricing privatelink
prod.apigateway purchaseorders q.apprunner qapps qbusiness qconnect qldb quicksight ram rds rds-preview
rds.application-autoscaling redshift redshift-data redshift-serverless refactor-spaces rekognition
replication.dynamodb replicator.lambda repository.sync.codeconnections resiliencehub resiliencehubv2
resource-explorer-2 resource-groups robomaker rolesanywhere rotate.secretsmanager route53
route53-recovery-control-config route53-recovery-readiness route53resolver s3 s3-object-lambda s3-outposts s3.amplify
s3tables s3vectors sagemaker sagemaker.application-autoscaling scheduler schemas scs secretsmanager securityhub
securitylake serverlessrepo servicecatalog servicecatalog-appregistry servicediscovery servicequotas ses shield signer
signin smalltalk sms snow-device-management snowball sns spot spotfleet sqs ssm ssm-contacts ssm-guiconnect
ssm-incidents ssm-quicksetup ssmmessages sso stacksets.cloudformation states storagegateway streams.metrics.cloudwatch
sts support swf synthetics tagging tasks.apprunner textract thinkbox timestream timestream-influxdb tnb transcribe
transcribe.streaming transfer translate trustedadvisor user-subscriptions vectors.s3 verified-access
verifiedpermissions vmie voice-id voiceid vpc-endpoints vpc-flow-logs vpc-lattice vpce waf waf-regional wafv2
wellarchitected wickr wisdom workdocs workmail workspaces workspaces-web xray
"""

_MEANT = {
    "alb": "elasticloadbalancing",
    "api-gateway": "apigateway",
    "apigw": "apigateway",
    "awslambda": "lambda",
    "cloudwatch-alarms": "cloudwatch",
    "cloudwatch-logs": "logs",
    "cloudwatchevents": "events",
    "cloudwatchlogs": "logs",
    "cognito": "cognito-idp",
    "ecs-task": "ecs-tasks",
    "ecstask": "ecs-tasks",
    "ecstasks": "ecs-tasks",
    "ecs-service": "ecs",
    "elb": "elasticloadbalancing",
    "elbv2": "elasticloadbalancing",
    "eventbridge": "events",
    "eventbridge-scheduler": "scheduler",
    "fargate-tasks": "ecs-tasks",
    "flow-logs": "vpc-flow-logs",
    "vpcflowlogs": "vpc-flow-logs",
    "vpc-flowlogs": "vpc-flow-logs",
    "kinesis-firehose": "firehose",
    "lambda-edge": "edgelambda",
    "lambdaedge": "edgelambda",
    "logdelivery": "delivery.logs",
    "log": "logs",
    "log-delivery": "delivery.logs",
    "delivery.log": "delivery.logs",
    "logs.delivery": "delivery.logs",
    "rds-monitoring": "monitoring.rds",
    "rds.monitoring": "monitoring.rds",
    "s3-logging": "logging.s3",
    "s3.logging": "logging.s3",
    "secrets-manager": "secretsmanager",
    "secretmanager": "secretsmanager",
    "secret-manager": "secretsmanager",
    "step-functions": "states",
    "stepfunctions": "states",
    "statemachine": "states",
    "sfn": "states",
    "aws-backup": "backup",
    "awsbackup": "backup",
    "appautoscaling": "application-autoscaling",
    "applicationautoscaling": "application-autoscaling",
    "elasticloadbalancing.logdelivery": "logdelivery.elasticloadbalancing",
    "logdelivery.elb": "logdelivery.elasticloadbalancing",
}

_POLICIES = """
AdministratorAccess AmazonAPIGatewayAdministrator AmazonAPIGatewayInvokeFullAccess AmazonAthenaFullAccess
AmazonBedrockFullAccess AmazonBedrockReadOnly AmazonCognitoPowerUser AmazonCognitoReadOnly AmazonDynamoDBFullAccess
AmazonDynamoDBFullAccess_v2 AmazonDynamoDBReadOnlyAccess AmazonEC2ContainerRegistryFullAccess
AmazonEC2ContainerRegistryPowerUser AmazonEC2ContainerRegistryPullOnly AmazonEC2ContainerRegistryReadOnly
AmazonEC2FullAccess AmazonEC2ReadOnlyAccess AmazonECS_FullAccess AmazonECSInfrastructureRolePolicyForLoadBalancers
AmazonECSInfrastructureRolePolicyForManagedInstances AmazonECSInfrastructureRolePolicyForVpcLattice
AmazonEKS_CNI_Policy AmazonEKSClusterPolicy AmazonEKSFargatePodExecutionRolePolicy AmazonEKSServicePolicy
AmazonEKSVPCResourceController AmazonEKSWorkerNodeMinimalPolicy AmazonEKSWorkerNodePolicy AmazonElastiCacheFullAccess
AmazonElastiCacheReadOnlyAccess AmazonElasticContainerRegistryPublicFullAccess
AmazonElasticContainerRegistryPublicPowerUser AmazonElasticContainerRegistryPublicReadOnly
AmazonElasticFileSystemClientFullAccess AmazonElasticFileSystemClientReadOnlyAccess
AmazonElasticFileSystemClientReadWriteAccess AmazonElasticFileSystemFullAccess AmazonElasticFileSystemReadOnlyAccess
AmazonESFullAccess AmazonESReadOnlyAccess AmazonEventBridgeFullAccess AmazonEventBridgeReadOnlyAccess
AmazonEventBridgeSchedulerFullAccess AmazonFSxReadOnlyAccess AmazonKinesisFirehoseFullAccess
AmazonKinesisFirehoseReadOnlyAccess AmazonKinesisFullAccess AmazonKinesisReadOnlyAccess AmazonMCSFullAccess
AmazonMCSReadOnlyAccess AmazonMQApiFullAccess AmazonMQApiReadOnlyAccess AmazonMQFullAccess AmazonMQReadOnlyAccess
AmazonMSKFullAccess AmazonMSKReadOnlyAccess AmazonOpenSearchServiceFullAccess AmazonOpenSearchServiceReadOnlyAccess
AmazonPrometheusFullAccess AmazonPrometheusQueryAccess AmazonPrometheusRemoteWriteAccess AmazonQFullAccess
AmazonRDSDataFullAccess AmazonRDSFullAccess AmazonRDSPerformanceInsightsFullAccess
AmazonRDSPerformanceInsightsReadOnly AmazonRDSReadOnlyAccess AmazonRedshiftFullAccess AmazonRedshiftReadOnlyAccess
AmazonRoute53DomainsFullAccess AmazonRoute53FullAccess AmazonRoute53ReadOnlyAccess AmazonS3FullAccess
AmazonS3OutpostsFullAccess AmazonS3ReadOnlyAccess AmazonSageMakerFullAccess AmazonSageMakerJobFullAccess
AmazonSageMakerReadOnly AmazonSESFullAccess AmazonSESReadOnlyAccess AmazonSNSFullAccess AmazonSNSReadOnlyAccess
AmazonSQSFullAccess AmazonSQSReadOnlyAccess AmazonSSMDirectoryServiceAccess AmazonSSMFullAccess
AmazonSSMManagedEC2InstanceDefaultPolicy AmazonSSMManagedInstanceCore AmazonSSMPatchAssociation
AmazonSSMReadOnlyAccess AmazonVPCFullAccess AmazonVPCReadOnlyAccess AutoScalingFullAccess AutoScalingReadOnlyAccess
aws-service-role/AmazonEKSServiceRolePolicy aws-service-role/BatchServiceRolePolicy AWSAppRunnerFullAccess
AWSAppRunnerReadOnlyAccess AWSAppSyncInvokeFullAccess AWSBackupFullAccess AWSBackupOperatorAccess
AWSBackupServiceRolePolicyForItemRestores AWSBackupServiceRolePolicyForS3Backup AWSBackupServiceRolePolicyForS3Restore
AWSCertificateManagerFullAccess AWSCertificateManagerReadOnly AWSCloudFormationFullAccess
AWSCloudFormationReadOnlyAccess AWSCloudMapDiscoverInstanceAccess AWSCloudMapFullAccess AWSCloudMapReadOnlyAccess
AWSCloudMapRegisterInstanceAccess AWSCloudTrail_FullAccess AWSCloudTrail_ReadOnlyAccess AWSCodeBuildAdminAccess
AWSCodeBuildDeveloperAccess AWSCodeBuildReadOnlyAccess AWSCodeCommitFullAccess AWSCodeCommitPowerUser
AWSCodeCommitReadOnly AWSCodeDeployFullAccess AWSCodeDeployRoleForECS AWSCodeDeployRoleForECSLimited
AWSCodePipeline_FullAccess AWSCodePipeline_ReadOnlyAccess AWSCodePipelineFullAccess AWSDataExchangeFullAccess
AWSDeepRacerFullAccess AWSDirectConnectFullAccess AWSElasticBeanstalkManagedUpdatesCustomerRolePolicy
AWSElasticBeanstalkMulticontainerDocker AWSElasticBeanstalkWebTier AWSElasticBeanstalkWorkerTier
AWSGlueConsoleFullAccess AWSIoTFullAccess AWSKeyManagementServicePowerUser AWSLambda_FullAccess
AWSLambda_ReadOnlyAccess AWSLambdaExecute AWSLambdaInvocation-DynamoDB AWSMarketplaceFullAccess
AWSNetworkManagerFullAccess AWSOrganizationsFullAccess AWSOrganizationsReadOnlyAccess
AWSResourceAccessManagerFullAccess AWSSecretsManagerClientReadOnlyAccess AWSSecurityHubFullAccess
AWSSecurityHubReadOnlyAccess AWSStepFunctionsConsoleFullAccess AWSStepFunctionsFullAccess
AWSStepFunctionsReadOnlyAccess AWSSupportAccess AWSWAFConsoleFullAccess AWSWAFFullAccess AWSWAFReadOnlyAccess
AWSXRayDaemonWriteAccess AWSXrayFullAccess AWSXrayReadOnlyAccess AWSXrayWriteOnlyAccess CloudFrontFullAccess
CloudFrontReadOnlyAccess CloudWatchAgentAdminPolicy CloudWatchAgentServerPolicy CloudWatchApplicationSignalsFullAccess
CloudWatchApplicationSignalsReadOnlyAccess CloudWatchEventsFullAccess CloudWatchEventsReadOnlyAccess
CloudWatchFullAccess CloudWatchFullAccessV2 CloudWatchLambdaInsightsExecutionRolePolicy CloudWatchLogsFullAccess
CloudWatchLogsReadOnlyAccess CloudWatchReadOnlyAccess CloudWatchSyntheticsFullAccess
CloudWatchSyntheticsReadOnlyAccess ComprehendFullAccess ComprehendReadOnly EC2InstanceConnect
EC2InstanceProfileForImageBuilder EC2InstanceProfileForImageBuilderECRContainerBuilds ElasticLoadBalancingFullAccess
ElasticLoadBalancingReadOnly GlobalAcceleratorFullAccess IAMFullAccess IAMReadOnlyAccess job-function/Billing
job-function/DatabaseAdministrator job-function/DataScientist job-function/NetworkAdministrator
job-function/SupportUser job-function/SystemAdministrator job-function/ViewOnlyAccess OAMReadOnlyAccess
PowerUserAccess ReadOnlyAccess ResourceGroupsandTagEditorFullAccess SecretsManagerReadWrite SecurityAudit
service-role/AmazonAPIGatewayPushToCloudWatchLogs service-role/AmazonEC2ContainerServiceAutoscaleRole
service-role/AmazonEC2ContainerServiceEventsRole service-role/AmazonEC2ContainerServiceforEC2Role
service-role/AmazonEC2ContainerServiceRole service-role/AmazonEC2RoleforAWSCodeDeploy service-role/AmazonEC2RoleforSSM
service-role/AmazonEC2SpotFleetTaggingRole
service-role/AmazonECSInfrastructureRolePolicyForServiceConnectTransportLayerSecurity
service-role/AmazonECSInfrastructureRolePolicyForVolumes service-role/AmazonECSTaskExecutionRolePolicy
service-role/AmazonElasticMapReduceforEC2Role service-role/AmazonElasticMapReduceRole
service-role/AmazonRDSDirectoryServiceAccess service-role/AmazonRDSEnhancedMonitoringRole service-role/AmazonSNSRole
service-role/AmazonSSMAutomationRole service-role/AmazonSSMMaintenanceWindowRole
service-role/AutoScalingNotificationAccessRole service-role/AWS_ConfigRole
service-role/AWSAppRunnerServicePolicyForECRAccess service-role/AWSAppSyncPushToCloudWatchLogs
service-role/AWSBackupServiceRolePolicyForBackup service-role/AWSBackupServiceRolePolicyForRestores
service-role/AWSBatchServiceRole service-role/AWSCodeDeployRole service-role/AWSCodeDeployRoleForLambda
service-role/AWSCodeDeployRoleForLambdaLimited service-role/AWSConfigRole service-role/AWSConfigRulesExecutionRole
service-role/AWSDataLifecycleManagerServiceRole service-role/AWSDataLifecycleManagerServiceRoleForAMIManagement
service-role/AWSElasticBeanstalkEnhancedHealth service-role/AWSElasticBeanstalkRoleWorkerTier
service-role/AWSGlueServiceRole service-role/AWSIoTLogging service-role/AWSLambdaBasicDurableExecutionRolePolicy
service-role/AWSLambdaBasicExecutionRole service-role/AWSLambdaDynamoDBExecutionRole
service-role/AWSLambdaENIManagementAccess service-role/AWSLambdaKinesisExecutionRole
service-role/AWSLambdaMSKExecutionRole service-role/AWSLambdaRole service-role/AWSLambdaSQSQueueExecutionRole
service-role/AWSLambdaVPCAccessExecutionRole service-role/AWSTransferLoggingAccess
service-role/CloudWatchEventsBuiltInTargetExecutionAccess service-role/CloudWatchEventsInvocationAccess
service-role/ROSAInstallerPolicy TranslateFullAccess TranslateReadOnly VPCLatticeFullAccess
VPCLatticeServicesInvokeAccess
"""
_CLOSE_SERVICE, _CLOSE_POLICY = 0.86, 0.93


@cache
def _services() -> frozenset[str]:
    return frozenset(_SERVICES.split())


@cache
def _policies() -> dict[str, str]:
    """The path of each policy (empty, or with its slash), by name."""
    found = {}
    for one in _POLICIES.split():
        path, slash, name = one.rpartition("/")
        found[name] = path + slash
    return found


@cache
def service_meant(name: str) -> str:
    """The service that a misspelt name (``ecs-task``) means; empty for one that is right, or that is not known."""
    plain = name.lower()
    if plain in _services():
        return ""
    if plain in _MEANT:
        return _MEANT[plain]
    found = get_close_matches(plain, _services(), 1, _CLOSE_SERVICE)
    return found[0] if found else ""


@cache
def policy_meant(path_and_name: str) -> str:
    """The managed policy, with its path, that a misspelt one (``service-role/AWSLambda…``) means; empty for one that is
    right, or that is not known."""
    path, slash, name = path_and_name.rpartition("/")
    known = _policies()
    if name in known:
        return "" if known[name] == path + slash else known[name] + name
    if path == "aws-service-role":
        return ""  # Services attach those themselves, and many have names that are nearly the same.
    same = next((one for one in known if one.lower() == name.lower()), "")
    if same:
        return known[same] + same
    tails = [one for one in known if _core(one) == _core(name)]
    if len(tails) == 1:
        return known[tails[0]] + tails[0]
    found = get_close_matches(name, known, 1, _CLOSE_POLICY)
    return known[found[0]] + found[0] if found else ""


def _core(name: str) -> str:
    """A name without what is often left out or put in: the maker before it, what it is after it, underscores."""
    plain = name.replace("_", "").removeprefix("Amazon").removeprefix("AWS")
    for tail in ("Policy", "Role", "Access"):
        plain = plain.removesuffix(tail)
    return plain.lower()
