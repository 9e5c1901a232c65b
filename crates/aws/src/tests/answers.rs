//! What services answer, as their protocols write it.

pub(super) const FENCE: &str = "<ResourceRecordSet><Name>_leeward.orders.example.com.</Name><Type>TXT</Type>\
<TTL>60</TTL><ResourceRecords><ResourceRecord><Value>\"3\"</Value></ResourceRecord></ResourceRecords>\
</ResourceRecordSet>";
pub(super) const NEIGHBOUR: &str = "<ResourceRecordSet><Name>a.example.com.</Name><Type>A</Type><TTL>60</TTL>\
<ResourceRecords><ResourceRecord><Value>192.0.2.1</Value></ResourceRecord></ResourceRecords>\
</ResourceRecordSet>";

pub(super) const GROUP: &str = "<AutoScalingGroups><member><AutoScalingGroupName>web</AutoScalingGroupName>\
<MinSize>2</MinSize><MaxSize>6</MaxSize><DesiredCapacity>3</DesiredCapacity><Instances>\
<member><InstanceId>i-1</InstanceId><LifecycleState>InService</LifecycleState><HealthStatus>Healthy</HealthStatus></member>\
<member><InstanceId>i-2</InstanceId><LifecycleState>InService</LifecycleState><HealthStatus>Unhealthy</HealthStatus></member>\
<member><InstanceId>i-3</InstanceId><LifecycleState>Pending</LifecycleState><HealthStatus>Healthy</HealthStatus></member>\
<member><InstanceId>i-4</InstanceId><LifecycleState>Terminated</LifecycleState><HealthStatus>Healthy</HealthStatus></member>\
</Instances><SuspendedProcesses><member><ProcessName>Launch</ProcessName></member></SuspendedProcesses>\
</member></AutoScalingGroups>";

/// With weights, and measured in something else than instances.
pub(super) const WEIGHTED: &str = "<AutoScalingGroups><member><AutoScalingGroupName>web</AutoScalingGroupName>\
<MinSize>4</MinSize><MaxSize>12</MaxSize><DesiredCapacity>7</DesiredCapacity><DesiredCapacityType>vcpu</DesiredCapacityType><Instances>\
<member><InstanceId>i-1</InstanceId><LifecycleState>InService</LifecycleState><HealthStatus>Healthy</HealthStatus><WeightedCapacity>4</WeightedCapacity></member>\
<member><InstanceId>i-2</InstanceId><LifecycleState>InService</LifecycleState><HealthStatus>Healthy</HealthStatus><WeightedCapacity>3</WeightedCapacity></member>\
<member><InstanceId>i-3</InstanceId><LifecycleState>Pending</LifecycleState><HealthStatus>Healthy</HealthStatus><WeightedCapacity>2</WeightedCapacity></member>\
</Instances><EnabledMetrics><member><Metric>GroupInServiceCapacity</Metric><Granularity>1Minute</Granularity></member></EnabledMetrics>\
</member></AutoScalingGroups>";

pub(super) const INGRESS: &str = "<DescribeSecurityGroupsResponse><securityGroupInfo><item><groupId>sg-1</groupId><ownerId>111111111111</ownerId><ipPermissions>\
<item><ipProtocol>tcp</ipProtocol><fromPort>5432</fromPort><toPort>5432</toPort><ipRanges><item><cidrIp>10.0.0.0/16</cidrIp><description>office</description></item></ipRanges>\
<groups><item><userId>111111111111</userId><groupId>sg-app</groupId></item><item><userId>222222222222</userId><groupId>sg-peer</groupId></item></groups>\
<prefixListIds><item><prefixListId>pl-1</prefixListId></item></prefixListIds></item>\
<item><ipProtocol>-1</ipProtocol><groups><item><groupId>sg-9</groupId></item></groups></item>\
<item><ipProtocol>udp</ipProtocol><fromPort>5432</fromPort><toPort>5432</toPort><ipRanges><item><cidrIp>10.7.0.0/16</cidrIp></item></ipRanges></item>\
<item><ipProtocol>tcp</ipProtocol><fromPort>22</fromPort><toPort>22</toPort><ipRanges><item><cidrIp>0.0.0.0/0</cidrIp></item></ipRanges></item>\
<item><ipProtocol>tcp</ipProtocol><fromPort>5000</fromPort><toPort>6000</toPort><ipv6Ranges><item><cidrIpv6>2001:db8::/32</cidrIpv6></item></ipv6Ranges></item>\
</ipPermissions></item></securityGroupInfo></DescribeSecurityGroupsResponse>";

pub(super) const POOLED: &str = "<AutoScalingGroups><member><AutoScalingGroupName>web</AutoScalingGroupName>\
<MinSize>0</MinSize><MaxSize>0</MaxSize><DesiredCapacity>0</DesiredCapacity><WarmPoolSize>2</WarmPoolSize>\
<WarmPoolConfiguration><MinSize>2</MinSize><PoolState>Running</PoolState></WarmPoolConfiguration><Instances>\
<member><InstanceId>i-1</InstanceId><LifecycleState>InService</LifecycleState><HealthStatus>Healthy</HealthStatus><ProtectedFromScaleIn>true</ProtectedFromScaleIn></member>\
<member><InstanceId>i-2</InstanceId><LifecycleState>Terminated</LifecycleState></member>\
</Instances><SuspendedProcesses><member><ProcessName>Launch</ProcessName></member></SuspendedProcesses>\
</member></AutoScalingGroups>";

pub(super) const POOL: [&str; 2] = [
    "<Instances><member><InstanceId>i-8</InstanceId><LifecycleState>Warmed:Running</LifecycleState></member></Instances><NextToken>more</NextToken>",
    "<Instances><member><InstanceId>i-9</InstanceId><LifecycleState>Warmed:Stopped</LifecycleState></member></Instances>",
];

pub(super) const DATABASE_GROUPS: &str = "<DBInstances><DBInstance><DBInstanceIdentifier>orders-west</DBInstanceIdentifier>\
<Endpoint><Address>h</Address><Port>5432</Port></Endpoint><VpcSecurityGroups>\
<VpcSecurityGroupMembership><VpcSecurityGroupId>sg-1</VpcSecurityGroupId><Status>active</Status></VpcSecurityGroupMembership>\
<VpcSecurityGroupMembership><VpcSecurityGroupId>sg-2</VpcSecurityGroupId><Status>removing</Status></VpcSecurityGroupMembership>\
</VpcSecurityGroups></DBInstance></DBInstances>";

pub(super) const CLUSTER_GROUPS: &str = "<DBClusters><DBCluster><DBClusterIdentifier>catalog</DBClusterIdentifier><Port>3306</Port>\
<HttpEndpointEnabled>true</HttpEndpointEnabled><VpcSecurityGroups>\
<VpcSecurityGroupMembership><VpcSecurityGroupId>sg-1</VpcSecurityGroupId><Status>active</Status></VpcSecurityGroupMembership>\
</VpcSecurityGroups></DBCluster></DBClusters>";

pub(super) const INSTANCES: &str = "<DescribeInstancesResponse><reservationSet><item><instancesSet>\
<item><instanceId>i-1</instanceId><instanceState><code>16</code><name>running</name></instanceState></item>\
</instancesSet></item><item><instancesSet>\
<item><instanceId>i-2</instanceId><instanceState><code>80</code><name>stopped</name></instanceState>\
<stateReason><code>Server.InternalError</code><message>Server.InternalError: it did not come up</message></stateReason>\
<reason>Server.InternalError</reason></item>\
</instancesSet></item></reservationSet></DescribeInstancesResponse>";

pub(super) const TARGETS: &str = "<TargetHealthDescriptions>\
<member><Target><Id>i-1</Id></Target><TargetHealth><State>healthy</State></TargetHealth></member>\
<member><Target><Id>i-2</Id></Target><TargetHealth><State>draining</State></TargetHealth></member>\
</TargetHealthDescriptions>";

pub(super) const GLOBAL: &str = "<GlobalClusters><GlobalClusterMember><GlobalClusterIdentifier>catalog</GlobalClusterIdentifier>\
<Status>failing-over</Status><Engine>aurora-postgresql</Engine><EngineVersion>16.6</EngineVersion><FailoverState><Status>failing-over</Status></FailoverState><GlobalClusterMembers>\
<GlobalClusterMember><DBClusterArn>arn:east</DBClusterArn><IsWriter>true</IsWriter></GlobalClusterMember>\
<GlobalClusterMember><DBClusterArn>arn:west</DBClusterArn><IsWriter>false</IsWriter></GlobalClusterMember>\
</GlobalClusterMembers></GlobalClusterMember></GlobalClusters>";
