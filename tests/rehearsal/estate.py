"""The workload's AWS resources, made as its owner would make them before Leeward came."""

from __future__ import annotations

from dataclasses import dataclass, field

from localaws import ACCOUNT

from . import canary, names, orders
from .cloud import Cloud
from .names import CONTROL, PRIMARY, STANDBY

# Sizes of the web groups: home runs three; the shelter keeps one warm, and may grow to six.
_SIZES = {PRIMARY: (3, 6), STANDBY: (1, 6)}
_WORKERS = 2
# Zones of a group: one of its instances in each at home.
_ZONES = 3
# Nothing boots from it: any well-formed id does.
_IMAGE = "ami-0c1ee3aad0c0ffee0"
# The one alarm period here; CloudWatch's own standard resolution, and what Route 53 evaluates.
_PERIOD_S = 60
# 5xx answers within a period that are more than a client's bad luck.
_TOO_MANY_5XX = 5


@dataclass
class Estate:
    """What was made, by the names that AWS gave."""

    target_group: dict[str, str] = field(default_factory=dict)
    workers: dict[str, list[str]] = field(default_factory=dict)
    zone: str = ""
    health_check: str = ""
    topic: str = ""


def build(aws: Cloud, subscriber: str) -> Estate:
    """Makes everything. `subscriber` is the URL that the people's topic posts to."""
    estate = Estate()
    _databases(aws)
    for region in (PRIMARY, STANDBY):
        _compute(aws, region, estate)
    _alarms(aws)
    _names(aws, estate)
    sns = aws.client("sns", STANDBY)
    topic = "orders-recovery"
    estate.topic = sns.create_topic(Name=topic, Tags=names.tags(topic))["TopicArn"]
    sns.subscribe(TopicArn=estate.topic, Protocol="http", Endpoint=subscriber)
    return estate


def _databases(aws: Cloud) -> None:
    name = names.DATABASE[PRIMARY]
    aws.client("rds", PRIMARY).create_db_instance(
        DBInstanceIdentifier=name, Engine="postgres", EngineVersion="17.4",
        DBInstanceClass="db.t4g.medium",
        AllocatedStorage=20, MasterUsername="postgres", MasterUserPassword="not-used-here",
        BackupRetentionPeriod=7, Tags=names.tags(name))
    replica = names.DATABASE[STANDBY]
    aws.client("rds", STANDBY).create_db_instance_read_replica(
        DBInstanceIdentifier=replica, Tags=names.tags(replica),
        SourceDBInstanceIdentifier=f"arn:aws:rds:{PRIMARY}:{ACCOUNT}:db:{name}")


def _compute(aws: Cloud, region: str, estate: Estate) -> None:
    ec2, elb = aws.client("ec2", region), aws.client("elbv2", region)
    vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]
    subnets = [s["SubnetId"] for s in ec2.describe_subnets(
        Filters=[{"Name": "vpc-id", "Values": [vpc["VpcId"]]}])["Subnets"]][:_ZONES]
    group = elb.create_target_group(
        Name=names.GROUP[region], Protocol="HTTP", Port=80, VpcId=vpc["VpcId"],
        HealthCheckPath="/health", Tags=names.tags(names.GROUP[region]))["TargetGroups"][0]
    estate.target_group[region] = group["TargetGroupArn"]
    balancer = elb.create_load_balancer(
        Name=names.GROUP[region], Subnets=subnets)["LoadBalancers"][0]
    elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"], Protocol="HTTP", Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": group["TargetGroupArn"]}])
    low, high = _SIZES[region]
    scaling = aws.client("autoscaling", region)
    scaling.create_launch_configuration(
        LaunchConfigurationName="orders-web", ImageId=_IMAGE, InstanceType="t4g.small")
    scaling.create_auto_scaling_group(
        AutoScalingGroupName=names.GROUP[region], LaunchConfigurationName="orders-web",
        MinSize=low, MaxSize=high, DesiredCapacity=low, VPCZoneIdentifier=",".join(subnets),
        TargetGroupARNs=[group["TargetGroupArn"]],
        Tags=[{**tag, "PropagateAtLaunch": True} for tag in names.tags(names.GROUP[region])])
    made = ec2.run_instances(
        ImageId=_IMAGE, MinCount=_WORKERS, MaxCount=_WORKERS, InstanceType="t4g.small",
        TagSpecifications=[{"ResourceType": "instance", "Tags": names.tags("orders-worker")}])
    estate.workers[region] = [instance["InstanceId"] for instance in made["Instances"]]
    if region == STANDBY:
        # Consumers of the standby would work on orders that are not theirs yet.
        ec2.stop_instances(InstanceIds=estate.workers[region])


def _alarms(aws: Cloud) -> None:
    for region, name in names.CANARY.items():
        aws.client("cloudwatch", region).put_metric_alarm(
            AlarmName=name, Namespace=canary.NAMESPACE, MetricName=canary.FAILED,
            Dimensions=[{"Name": "Canary", "Value": name}], Statistic="Minimum", Period=_PERIOD_S,
            EvaluationPeriods=1, Threshold=1, TreatMissingData="missing",
            ComparisonOperator="GreaterThanOrEqualToThreshold")
    aws.client("cloudwatch", PRIMARY).put_metric_alarm(
        AlarmName=names.API_ALARM, Namespace=orders.METRIC_NAMESPACE,
        MetricName=orders.METRIC_NAME, Statistic="Sum", Period=_PERIOD_S, EvaluationPeriods=1,
        Threshold=_TOO_MANY_5XX, TreatMissingData="missing",
        ComparisonOperator="GreaterThanOrEqualToThreshold")
    aws.client("cloudwatch", CONTROL).put_metric_alarm(
        AlarmName=names.TRAFFIC_ALARM, Namespace=names.TRAFFIC_NAMESPACE,
        MetricName=names.TRAFFIC_METRIC,
        Dimensions=[{"Name": "Workload", "Value": names.WORKLOAD}], Statistic="Maximum",
        Period=_PERIOD_S, EvaluationPeriods=1, Threshold=1, TreatMissingData="ignore",
        ComparisonOperator="GreaterThanOrEqualToThreshold")


def _names(aws: Cloud, estate: Estate) -> None:
    route53 = aws.client("route53", PRIMARY)
    zone = route53.create_hosted_zone(Name=names.ZONE, CallerReference="rehearsal")
    estate.zone = zone["HostedZone"]["Id"].removeprefix("/hostedzone/")
    estate.health_check = route53.create_health_check(
        CallerReference="orders-primary", HealthCheckConfig={
            "Type": "CLOUDWATCH_METRIC", "InsufficientDataHealthStatus": "LastKnownStatus",
            "AlarmIdentifier": {"Region": CONTROL, "Name": names.TRAFFIC_ALARM},
        })["HealthCheck"]["Id"]
    records = [
        {"Name": names.PUBLIC_NAME, "Type": "A", "SetIdentifier": region, "Failover": role,
         "TTL": names.RECORD_TTL_S, "ResourceRecords": [{"Value": names.ADDRESS[region]}]}
        for region, role in ((PRIMARY, "PRIMARY"), (STANDBY, "SECONDARY"))]
    records[0]["HealthCheckId"] = estate.health_check
    route53.change_resource_record_sets(HostedZoneId=estate.zone, ChangeBatch={
        "Changes": [{"Action": "CREATE", "ResourceRecordSet": record} for record in records]})
