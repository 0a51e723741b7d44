"""CloudWatch metrics that AWS services publish: names, and the dimensions that they are published with. Data.

Sources: each service's own page of metrics (“Amazon ECS CloudWatch metrics”, “CloudWatch metrics for your Application
Load Balancer”, “Amazon CloudWatch metrics for Amazon RDS” and Aurora, “DynamoDB Metrics and dimensions”, “Amazon API
Gateway dimensions and metrics”, “Types of metrics for Lambda functions”, …). Where a list is not surely whole
(``whole`` is False) only a name that is nearly one of its names counts as wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Namespace:
    """``dimensions`` are all that there are; ``sets`` those that a metric is published with (empty: not told here)."""

    metrics: frozenset[str]
    dimensions: frozenset[str]
    sets: tuple[frozenset[str], ...] = ()
    only: Mapping[str, tuple[frozenset[str], ...]] = field(default_factory=dict)
    """Metrics that have sets of their own."""
    whole: bool = True
    home: bool = False
    """Whether it is published in us-east-1 only."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _sets(*texts: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(text.split()) for text in texts)


_LB_ONLY = _sets("LoadBalancer", "LoadBalancer AvailabilityZone")
_TG_ALSO = _sets(
    *("LoadBalancer", "LoadBalancer AvailabilityZone"),
    *("LoadBalancer TargetGroup", "LoadBalancer TargetGroup AvailabilityZone"),
)
_TG_ONLY = _sets("LoadBalancer TargetGroup", "LoadBalancer TargetGroup AvailabilityZone")
_PER_TARGET = _sets("TargetGroup", "TargetGroup AvailabilityZone") + _TG_ONLY
_OPERATION = _sets("TableName Operation", "TableName Operation GlobalSecondaryIndexName")

NAMESPACES: Mapping[str, Namespace] = {
    "AWS/ECS": Namespace(
        _words(
            "CPUUtilization MemoryUtilization CPUReservation MemoryReservation GPUReservation "
            "EBSFilesystemUtilization ActiveConnectionCount NewConnectionCount ProcessedBytes RequestCount "
            "GrpcRequestCount RequestCountPerTarget TargetProcessedBytes TargetResponseTime "
            "HTTPCode_Target_2XX_Count HTTPCode_Target_3XX_Count HTTPCode_Target_4XX_Count HTTPCode_Target_5XX_Count "
            "ClientTLSNegotiationErrorCount TargetTLSNegotiationErrorCount"
        ),
        _words("ClusterName ServiceName DiscoveryName TargetDiscoveryName"),
        only={
            **dict.fromkeys(("CPUUtilization", "MemoryUtilization"), _sets("ClusterName", "ClusterName ServiceName")),
            **dict.fromkeys(("CPUReservation", "MemoryReservation", "GPUReservation"), _sets("ClusterName")),
        },
        whole=False,
    ),
    "ECS/ContainerInsights": Namespace(
        _words(
            "ContainerInstanceCount CpuUtilized CpuReserved DeploymentCount DesiredTaskCount "
            "EphemeralStorageReserved EphemeralStorageUtilized MemoryUtilized MemoryReserved NetworkRxBytes "
            "NetworkTxBytes PendingTaskCount RunningTaskCount ServiceCount StorageReadBytes StorageWriteBytes "
            "TaskCount TaskSetCount RestartCount TaskCpuUtilization TaskMemoryUtilization ContainerCpuUtilization "
            "ContainerMemoryUtilization TaskEphemeralStorageUtilization UnHealthyContainerHealthStatus"
        ),
        _words(
            "ClusterName ServiceName TaskDefinitionFamily TaskId ContainerName ContainerInstanceId InstanceId "
            "EC2InstanceId CapacityProviderName VolumeName"
        ),
        only=dict.fromkeys(
            ("RunningTaskCount", "PendingTaskCount", "DesiredTaskCount"), _sets("ClusterName ServiceName")
        ),
        whole=False,
    ),
    "AWS/ApplicationELB": Namespace(
        _words(
            "ActiveConnectionCount AnomalousHostCount BYoIPUtilPercentage ClientTLSNegotiationErrorCount "
            "ConsumedLCUs DesyncMitigationMode_NonCompliant_Request_Count DroppedInvalidHeaderRequestCount "
            "ForwardedInvalidHeaderRequestCount GrpcRequestCount HTTP_Fixed_Response_Count HTTP_Redirect_Count "
            "HTTP_Redirect_Url_Limit_Exceeded_Count HTTPCode_ELB_3XX_Count HTTPCode_ELB_4XX_Count "
            "HTTPCode_ELB_5XX_Count HTTPCode_ELB_500_Count HTTPCode_ELB_502_Count HTTPCode_ELB_503_Count "
            "HTTPCode_ELB_504_Count HTTPCode_Target_2XX_Count HTTPCode_Target_3XX_Count HTTPCode_Target_4XX_Count "
            "HTTPCode_Target_5XX_Count HealthyHostCount HealthyStateDNS HealthyStateRouting IPv6ProcessedBytes "
            "IPv6RequestCount LambdaInternalError LambdaTargetProcessedBytes LambdaUserError "
            "LowReputationPacketsDropped LowReputationRequestsDenied MitigatedHostCount NewConnectionCount "
            "NonStickyRequestCount PeakLCUs ProcessedBytes RejectedConnectionCount RequestCount "
            "RequestCountPerTarget ReservedLCUs RuleEvaluations TargetConnectionErrorCount TargetResponseTime "
            "TargetTLSNegotiationErrorCount UnHealthyHostCount UnhealthyRoutingRequestCount UnhealthyStateDNS "
            "UnhealthyStateRouting ZonalShiftedHostCount ELBAuthError ELBAuthFailure ELBAuthLatency "
            "ELBAuthRefreshTokenSuccess ELBAuthSuccess ELBAuthUserClaimsSizeExceeded"
        ),
        _words("LoadBalancer TargetGroup AvailabilityZone"),
        only={
            **dict.fromkeys(
                (
                    "HTTPCode_ELB_4XX_Count",
                    "HTTPCode_ELB_5XX_Count",
                    "RejectedConnectionCount",
                    "ActiveConnectionCount",
                ),
                _LB_ONLY,
            ),
            **dict.fromkeys(
                ("RequestCount", "TargetResponseTime", "HTTPCode_Target_5XX_Count", "HTTPCode_Target_4XX_Count"),
                _TG_ALSO,
            ),
            **dict.fromkeys(("HealthyHostCount", "UnHealthyHostCount"), _TG_ONLY),
            "RequestCountPerTarget": _PER_TARGET,
        },
        whole=False,
    ),
    "AWS/NetworkELB": Namespace(
        _words(
            "ActiveFlowCount ActiveFlowCount_TCP ActiveFlowCount_TLS ActiveFlowCount_UDP ActiveZonalShiftHostCount "
            "ClientTLSNegotiationErrorCount ConsumedLCUs ConsumedLCUs_TCP ConsumedLCUs_TLS ConsumedLCUs_UDP "
            "HealthyHostCount NewFlowCount NewFlowCount_TCP NewFlowCount_TLS NewFlowCount_UDP PeakBytesPerSecond "
            "PeakPacketsPerSecond PortAllocationErrorCount ProcessedBytes ProcessedBytes_TCP ProcessedBytes_TLS "
            "ProcessedBytes_UDP ProcessedPackets RejectedFlowCount RejectedFlowCount_TCP TCP_Client_Reset_Count "
            "TCP_ELB_Reset_Count TCP_Target_Reset_Count TargetTLSNegotiationErrorCount UnHealthyHostCount "
            "UnhealthyRoutingFlowCount"
        ),
        _words("LoadBalancer TargetGroup AvailabilityZone"),
        only=dict.fromkeys(("HealthyHostCount", "UnHealthyHostCount"), _TG_ONLY),
        whole=False,
    ),
    "AWS/RDS": Namespace(
        _words(
            "ACUUtilization ActiveTransactions AuroraReplicaLag AuroraReplicaLagMaximum AuroraReplicaLagMinimum "
            "AuroraVolumeBytesLeftTotal BackupRetentionPeriodStorageUsed BinLogDiskUsage BlockedTransactions "
            "BufferCacheHitRatio BurstBalance CPUCreditBalance CPUCreditUsage CPUUtilization CheckpointLag "
            "CommitLatency CommitThroughput ConnectionAttempts DBLoad DBLoadCPU DBLoadNonCPU "
            "DBLoadRelativeToNumVCPUs DDLLatency DDLThroughput DMLLatency DMLThroughput DatabaseConnections "
            "Deadlocks DiskQueueDepth EBSByteBalance% EBSIOBalance% EngineUptime FreeEphemeralStorage "
            "FreeLocalStorage FreeStorageSpace FreeableMemory InsertLatency LoginFailures MaximumUsedTransactionIDs "
            "NetworkReceiveThroughput NetworkThroughput NetworkTransmitThroughput NumBinaryLogFiles "
            "OldestReplicationSlotLag Queries RDSToAuroraPostgreSQLReplicaLag ReadIOPS ReadLatency ReadThroughput "
            "ReplicaLag ReplicationSlotDiskUsage ResultSetCacheHitRatio SelectLatency SelectThroughput "
            "ServerlessDatabaseCapacity SnapshotStorageUsed StorageNetworkReceiveThroughput StorageNetworkThroughput "
            "StorageNetworkTransmitThroughput SwapUsage TempStorageIOPS TempStorageThroughput "
            "TotalBackupStorageBilled TransactionLogsDiskUsage TransactionLogsGeneration UpdateLatency "
            "VolumeBytesUsed VolumeReadIOPs VolumeWriteIOPs WriteIOPS WriteLatency WriteThroughput"
        ),
        _words(
            "DBInstanceIdentifier DBClusterIdentifier Role DatabaseClass EngineName SourceRegion DbClusterIdentifier "
            "DbInstanceIdentifier ProxyName Target TargetGroup TargetRole"
        ),
        whole=False,
    ),
    "AWS/DynamoDB": Namespace(
        _words(
            "AccountMaxReads AccountMaxTableLevelReads AccountMaxTableLevelWrites AccountMaxWrites "
            "AccountProvisionedReadCapacityUtilization AccountProvisionedWriteCapacityUtilization "
            "AgeOfOldestUnreplicatedRecord ConditionalCheckFailedRequests ConsumedChangeDataCaptureUnits "
            "ConsumedReadCapacityUnits ConsumedWriteCapacityUnits FailedToReplicateRecordCount "
            "FaultInjectionServiceInducedErrors MaxProvisionedTableReadCapacityUtilization "
            "MaxProvisionedTableWriteCapacityUtilization OnDemandMaxReadRequestUnits OnDemandMaxWriteRequestUnits "
            "OnlineIndexConsumedWriteCapacity OnlineIndexPercentageProgress OnlineIndexThrottleEvents "
            "PendingReplicationCount ProvisionedReadCapacityUnits ProvisionedWriteCapacityUnits "
            "ReadAccountLimitThrottleEvents ReadKeyRangeThroughputThrottleEvents "
            "ReadMaxOnDemandThroughputThrottleEvents ReadProvisionedThroughputThrottleEvents ReadThrottleEvents "
            "ReplicationLatency ReturnedBytes ReturnedItemCount ReturnedRecordsCount SuccessfulRequestLatency "
            "SystemErrors ThrottledPutRecordCount ThrottledRequests TimeToLiveDeletedItemCount TransactionConflict "
            "UserErrors WriteAccountLimitThrottleEvents WriteKeyRangeThroughputThrottleEvents "
            "WriteMaxOnDemandThroughputThrottleEvents WriteProvisionedThroughputThrottleEvents WriteThrottleEvents"
        ),
        _words(
            "TableName GlobalSecondaryIndexName Operation StreamLabel ReceivingRegion OperationType Verb "
            "DelegatedOperation ResourceName ContributorInsightsRuleName"
        ),
        only={
            "SuccessfulRequestLatency": _OPERATION,
            "SystemErrors": _OPERATION,
            **dict.fromkeys(
                (
                    "ReadThrottleEvents",
                    "WriteThrottleEvents",
                    "ConsumedReadCapacityUnits",
                    "ConsumedWriteCapacityUnits",
                ),
                _sets("TableName", "TableName GlobalSecondaryIndexName"),
            ),
        },
        whole=False,
    ),
    "AWS/ApiGateway": Namespace(
        _words(
            "4XXError 5XXError CacheHitCount CacheMissCount Count IntegrationLatency Latency 4xx 5xx DataProcessed "
            "ConnectCount MessageCount IntegrationError ClientError ExecutionError"
        ),
        _words("ApiName ApiId Stage Method Resource Route"),
        only={
            **dict.fromkeys(
                ("4XXError", "5XXError", "CacheHitCount", "CacheMissCount"),
                _sets("ApiName", "ApiName Stage", "ApiName Stage Method Resource"),
            ),
            **dict.fromkeys(
                ("4xx", "5xx", "DataProcessed"), _sets("ApiId", "ApiId Stage", "ApiId Stage Method Resource")
            ),
            **dict.fromkeys(
                ("Count", "Latency", "IntegrationLatency"),
                _sets(
                    *("ApiName", "ApiName Stage", "ApiName Stage Method Resource", "ApiId", "ApiId Stage"),
                    *("ApiId Stage Method Resource", "ApiId Stage Route"),
                ),
            ),
        },
    ),
    "AWS/CloudFront": Namespace(
        _words(
            "Requests BytesDownloaded BytesUploaded 4xxErrorRate 5xxErrorRate TotalErrorRate 401ErrorRate "
            "403ErrorRate 404ErrorRate 502ErrorRate 503ErrorRate 504ErrorRate CacheHitRate OriginLatency "
            "FunctionInvocations FunctionValidationErrors FunctionExecutionErrors FunctionComputeUtilization "
            "FunctionThrottles LambdaExecutionError LambdaValidationError LambdaLimitExceededError"
        ),
        _words("DistributionId Region FunctionName"),
        sets=_sets("DistributionId Region", "FunctionName Region", "DistributionId Region FunctionName"),
        home=True,
    ),
    "AWS/Lambda": Namespace(
        _words(
            "AsyncEventAge AsyncEventsDropped AsyncEventsReceived ClaimedAccountConcurrency ConcurrentExecutions "
            "DeadLetterErrors DestinationDeliveryFailures Duration Errors Invocations IteratorAge OffsetLag "
            "OversizedRecordCount PostRuntimeExtensionsDuration ProvisionedConcurrencyInvocations "
            "ProvisionedConcurrencySpilloverInvocations ProvisionedConcurrencyUtilization "
            "ProvisionedConcurrentExecutions RecursiveInvocationsDropped SignatureValidationErrors Throttles "
            "UnreservedConcurrentExecutions UrlRequestCount UrlRequestLatency Url4xxCount Url5xxCount "
            "PolledEventCount FilteredOutEventCount InvokedEventCount FailedInvokeEventCount DroppedEventCount "
            "OnFailureDestinationDeliveredEventCount DeletedEventCount"
        ),
        _words("FunctionName Resource ExecutedVersion EventSourceMappingUUID"),
        whole=False,
    ),
    "AWS/SQS": Namespace(
        _words(
            "ApproximateAgeOfOldestMessage ApproximateNumberOfGroupsWithInflightMessages "
            "ApproximateNumberOfMessagesDelayed ApproximateNumberOfMessagesNotVisible "
            "ApproximateNumberOfMessagesVisible NumberOfDeduplicatedSentMessages NumberOfEmptyReceives "
            "NumberOfMessagesDeleted NumberOfMessagesReceived NumberOfMessagesSent SentMessageSize "
            "ApproximateNumberOfNoisyGroups ApproximateNumberOfMessagesVisibleInQuietGroups "
            "ApproximateNumberOfMessagesNotVisibleInQuietGroups ApproximateNumberOfMessagesDelayedInQuietGroups "
            "ApproximateAgeOfOldestMessageInQuietGroups"
        ),
        _words("QueueName"),
        sets=_sets("QueueName"),
        whole=False,
    ),
    "AWS/SNS": Namespace(
        _words(
            "NumberOfMessagesPublished NumberOfNotificationsDelivered NumberOfNotificationsFailed "
            "NumberOfNotificationsFilteredOut NumberOfNotificationsFilteredOut-InvalidAttributes "
            "NumberOfNotificationsFilteredOut-InvalidMessageBody NumberOfNotificationsFilteredOut-MessageAttributes "
            "NumberOfNotificationsFilteredOut-MessageBody NumberOfNotificationsFilteredOut-NoMessageAttributes "
            "NumberOfNotificationsFailedToRedriveToDlq NumberOfNotificationsRedrivenToDlq PublishSize "
            "SMSMonthToDateSpentUSD SMSSuccessRate"
        ),
        _words("TopicName Application Platform Country SMSType"),
        whole=False,
    ),
    "AWS/NATGateway": Namespace(
        _words(
            "ActiveConnectionCount BytesInFromDestination BytesInFromSource BytesOutToDestination BytesOutToSource "
            "ConnectionAttemptCount ConnectionEstablishedCount ErrorPortAllocation IdleTimeoutCount PacketsDropCount "
            "PacketsInFromDestination PacketsInFromSource PacketsOutToDestination PacketsOutToSource "
            "PeakBytesPerSecond PeakPacketsPerSecond"
        ),
        _words("NatGatewayId AvailabilityZone"),
        whole=False,
    ),
    "AWS/EC2": Namespace(
        _words(
            "CPUUtilization CPUCreditUsage CPUCreditBalance CPUSurplusCreditBalance CPUSurplusCreditsCharged "
            "DiskReadOps DiskWriteOps DiskReadBytes DiskWriteBytes EBSReadOps EBSWriteOps EBSReadBytes EBSWriteBytes "
            "EBSIOBalance% EBSByteBalance% MetadataNoToken MetadataNoTokenRejected NetworkIn NetworkOut "
            "NetworkPacketsIn NetworkPacketsOut StatusCheckFailed StatusCheckFailed_AttachedEBS "
            "StatusCheckFailed_Instance StatusCheckFailed_System DedicatedHostCPUUtilization GPUPowerUtilization "
            "InstanceEBSIOPSExceededCheck InstanceEBSThroughputExceededCheck"
        ),
        _words("InstanceId AutoScalingGroupName ImageId InstanceType Per-VPC Dedicated"),
        whole=False,
    ),
    "AWS/Events": Namespace(
        _words(
            "DeadLetterInvocations Events FailedInvocations IngestionToInvocationCompleteLatency "
            "IngestionToInvocationStartLatency IngestionToInvocationSuccessLatency InvocationAttempts Invocations "
            "InvocationsCreated InvocationsFailedToBeSentToDlq InvocationsSentToDlq MatchedEvents "
            "PutEventsApproximateCallCount PutEventsApproximateFailedCount PutEventsApproximateSuccessCount "
            "PutEventsApproximateThrottledCount PutEventsEntriesCount PutEventsFailedEntriesCount PutEventsLatency "
            "PutEventsRequestSize RetryInvocationAttempts SuccessfulInvocationAttempts ThrottledRules TriggeredRules "
            "PutPartnerEventsApproximateCallCount"
        ),
        _words("RuleName EventBusName EventSourceName"),
        whole=False,
    ),
    "AWS/Backup": Namespace(
        _words(
            "NumberOfBackupJobsCreated NumberOfBackupJobsPending NumberOfBackupJobsRunning NumberOfBackupJobsAborted "
            "NumberOfBackupJobsCompleted NumberOfBackupJobsFailed NumberOfBackupJobsExpired NumberOfCopyJobsCreated "
            "NumberOfCopyJobsRunning NumberOfCopyJobsCompleted NumberOfCopyJobsFailed NumberOfRestoreJobsPending "
            "NumberOfRestoreJobsRunning NumberOfRestoreJobsCompleted NumberOfRestoreJobsFailed "
            "NumberOfRecoveryPointsCompleted NumberOfRecoveryPointsPartial NumberOfRecoveryPointsExpired "
            "NumberOfRecoveryPointsDeleting NumberOfRecoveryPointsCold"
        ),
        _words("ResourceType BackupVaultName"),
        whole=False,
    ),
    "AWS/WAFV2": Namespace(
        _words(
            "AllowedRequests BlockedRequests CountedRequests PassedRequests CaptchaRequests "
            "RequestsWithValidCaptchaToken ChallengeRequests RequestsWithValidChallengeToken CaptchasAttempted "
            "CaptchasSolved"
        ),
        _words(
            "Region Rule WebACL RuleGroup ManagedRuleGroup ManagedRuleGroupRule RuleGroupRule LabelNamespace Label "
            "ResourceType Resource Country Attack Device BotCategory VerificationStatus Signal Context"
        ),
        whole=False,
    ),
    "AWS/Route53": Namespace(
        _words(
            "ChildHealthCheckHealthyCount ConnectionTime HealthCheckPercentageHealthy HealthCheckStatus "
            "SSLHandshakeTime TimeToFirstByte DNSQueries DNSSECInternalFailure DNSSECKeySigningKeysNeedingAction "
            "DNSSECKeySigningKeyMaxNeedingActionAge DNSSECKeySigningKeyAge"
        ),
        _words("HealthCheckId HostedZoneId Region"),
        home=True,
    ),
    "AWS/S3": Namespace(
        _words(
            "BucketSizeBytes NumberOfObjects AllRequests GetRequests PutRequests DeleteRequests HeadRequests "
            "PostRequests SelectRequests SelectBytesScanned SelectBytesReturned ListRequests BytesDownloaded "
            "BytesUploaded 4xxErrors 5xxErrors FirstByteLatency TotalRequestLatency ReplicationLatency "
            "BytesPendingReplication OperationsPendingReplication OperationsFailedReplication"
        ),
        _words("BucketName StorageType FilterId SourceBucket DestinationBucket RuleId"),
        only={
            **dict.fromkeys(("BucketSizeBytes", "NumberOfObjects"), _sets("BucketName StorageType")),
            **dict.fromkeys(("AllRequests", "4xxErrors", "5xxErrors", "GetRequests"), _sets("BucketName FilterId")),
        },
    ),
    "AWS/Logs": Namespace(
        _words(
            "CallCount DeliveryErrors DeliveryThrottling EMFParsingErrors EMFValidationErrors ErrorCount "
            "ForwardedBytes ForwardedLogEvents IncomingBytes IncomingLogEvents LogEventsWithFindings ThrottleCount "
            "TransformationErrors TransformedBytes TransformedLogEvents AnomalyCount"
        ),
        _words(
            "LogGroupName DestinationType FilterName DataProtectionOperation Type Resource Service Class PolicyLevel "
            "LogAnomalyDetector LogAnomalyPriority"
        ),
        whole=False,
    ),
    "AWS/CertificateManager": Namespace(_words("DaysToExpiry"), _words("CertificateArn"), sets=_sets("CertificateArn")),
    "AWS/States": Namespace(
        _words(
            "ExecutionThrottled ExecutionTime ExecutionsAborted ExecutionsFailed ExecutionsStarted "
            "ExecutionsSucceeded ExecutionsTimedOut ActivitiesFailed ActivitiesHeartbeatTimedOut ActivitiesScheduled "
            "ActivitiesStarted ActivitiesSucceeded ActivitiesTimedOut ActivityRunTime ActivityScheduleTime "
            "ActivityTime LambdaFunctionsFailed LambdaFunctionsScheduled LambdaFunctionsStarted "
            "LambdaFunctionsSucceeded LambdaFunctionsTimedOut ServiceIntegrationsFailed ServiceIntegrationsScheduled "
            "ServiceIntegrationsStarted ServiceIntegrationsSucceeded ServiceIntegrationsTimedOut ThrottledEvents "
            "ConsumedCapacity ProvisionedBucketSize ProvisionedRefillRate RedrivenExecutions OpenExecutionCount "
            "OpenExecutionLimit"
        ),
        _words(
            "StateMachineArn ActivityArn LambdaFunctionArn ServiceIntegrationResourceArn APIName ServiceMetric Alias "
            "Version StateMachineAliasArn StateMachineVersionArn"
        ),
        whole=False,
    ),
    "AWS/Billing": Namespace(_words("EstimatedCharges"), _words("Currency ServiceName LinkedAccount"), home=True),
}

PERCENT = frozenset(
    {
        *(("AWS/ECS", one) for one in ("CPUUtilization", "MemoryUtilization", "CPUReservation", "MemoryReservation")),
        *(("AWS/RDS", one) for one in ("CPUUtilization", "ACUUtilization", "BufferCacheHitRatio", "EBSIOBalance%")),
        *(("AWS/EC2", one) for one in ("CPUUtilization", "EBSIOBalance%", "EBSByteBalance%")),
        *(
            ("AWS/CloudFront", f"{one}ErrorRate")
            for one in ("4xx", "5xx", "Total", "401", "403", "404", "502", "503", "504")
        ),
        ("AWS/CloudFront", "CacheHitRate"),
        ("AWS/Route53", "HealthCheckPercentageHealthy"),
        *(("ECS/ContainerInsights", one) for one in ("TaskCpuUtilization", "TaskMemoryUtilization")),
    }
)
"""Metrics between 0 and 100. """

ONES = frozenset(
    {
        *(
            ("AWS/ApplicationELB", f"HTTPCode_{one}_Count")
            for one in ("ELB_4XX", "ELB_5XX", "Target_4XX", "Target_5XX")
        ),
        ("AWS/ApplicationELB", "RequestCount"),
        *(("AWS/ApiGateway", one) for one in ("4XXError", "5XXError", "4xx", "5xx")),
        ("AWS/Lambda", "Errors"),
    }
)
"""Metrics whose single values are 0 or 1: only their sum is a count."""
