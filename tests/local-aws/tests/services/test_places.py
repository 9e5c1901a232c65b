"""Zones that fail and instances that are impaired, as each service tells of them."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from botocore.exceptions import ClientError
from services_support import WEST, World, error_code, eventually

IMAGE = "ami-12c6146b"


def group(world: World, size: int) -> Any:
    """A group over three zones, with a target group behind a load balancer; answers its ARN."""
    ec2, elb = world.client("ec2", WEST), world.client("elbv2", WEST)
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    subnets = [s["SubnetId"] for s in ec2.describe_subnets()["Subnets"]][:3]
    target = elb.create_target_group(Name="web", Protocol="HTTP", Port=8080, VpcId=vpc)
    arn = target["TargetGroups"][0]["TargetGroupArn"]
    balancer = elb.create_load_balancer(Name="web", Subnets=subnets)["LoadBalancers"][0]
    elb.create_listener(
        LoadBalancerArn=balancer["LoadBalancerArn"],
        Protocol="HTTP",
        Port=80,
        DefaultActions=[{"Type": "forward", "TargetGroupArn": arn}],
    )
    scaling = world.client("autoscaling", WEST)
    scaling.create_launch_configuration(
        LaunchConfigurationName="web", ImageId=IMAGE, InstanceType="t3.micro"
    )
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="web",
        LaunchConfigurationName="web",
        MinSize=size,
        MaxSize=2 * size,
        VPCZoneIdentifier=",".join(subnets),
        TargetGroupARNs=[arn],
    )
    eventually(lambda: healthy(world, arn) == size, f"{size} healthy targets")
    return arn


def members(world: World) -> list[dict]:
    found = world.client("autoscaling", WEST).describe_auto_scaling_groups(
        AutoScalingGroupNames=["web"]
    )
    return found["AutoScalingGroups"][0]["Instances"]


def targets(world: World, arn: str) -> dict[str, dict]:
    found = world.client("elbv2", WEST).describe_target_health(TargetGroupArn=arn)
    return {
        t["Target"]["Id"]: t["TargetHealth"] for t in found["TargetHealthDescriptions"]
    }


def healthy(world: World, arn: str) -> int:
    return sum(health["State"] == "healthy" for health in targets(world, arn).values())


def zone_dies(world: World, zone: str, dead: bool = True) -> None:
    with world.runtime.lock:
        zones = world.runtime.places.dead_zones
        (zones.add if dead else zones.discard)(zone)


def test_a_group_is_spread_over_its_zones(world: World) -> None:
    group(world, 6)
    zones = Counter(m["AvailabilityZone"] for m in members(world))
    assert len(zones) == 3 and set(zones.values()) == {2}


def test_a_failed_zone_is_told_by_every_service(world: World) -> None:
    world.timings.asg_keeps_unhealthy = 3600.0
    arn = group(world, 6)
    dead = members(world)[0]["AvailabilityZone"]
    zone_dies(world, dead)

    def unhealthy() -> set[str]:
        return {m["InstanceId"] for m in members(world) if m["HealthStatus"] == "Unhealthy"}

    eventually(lambda: len(unhealthy()) == 2, "two of six are found unhealthy")
    found = world.client("ec2", WEST).describe_instance_status(InstanceIds=sorted(unhealthy()))
    for status in found["InstanceStatuses"]:
        assert status["AvailabilityZone"] == dead
        assert status["InstanceState"]["Name"] == "running"
        assert status["SystemStatus"]["Status"] == "impaired"
        assert status["InstanceStatus"]["Details"][0]["Status"] == "failed"
    ill = {i for i, health in targets(world, arn).items() if health["State"] == "unhealthy"}
    assert ill == unhealthy()
    assert targets(world, arn)[ill.pop()]["Reason"] == "Target.Timeout"

    zone_dies(world, dead, dead=False)
    eventually(lambda: not unhealthy(), "their checks pass again in time")
    assert healthy(world, arn) == 6


def test_unhealthy_instances_are_replaced_where_there_is_a_zone(world: World) -> None:
    arn = group(world, 3)
    before = members(world)
    zone_dies(world, before[0]["AvailabilityZone"])
    eventually(
        lambda: (
            len(members(world)) == 3
            and before[0]["AvailabilityZone"] not in {m["AvailabilityZone"] for m in members(world)}
            and healthy(world, arn) == 3
        ),
        "a replacement in another zone",
    )


def test_one_impaired_instance(world: World) -> None:
    ec2 = world.client("ec2", WEST)
    made = ec2.run_instances(ImageId=IMAGE, MinCount=2, MaxCount=2, InstanceType="t3.micro")
    first, second = (i["InstanceId"] for i in made["Instances"])
    with world.runtime.lock:
        world.runtime.places.impaired.add(first)
    found = ec2.describe_instance_status(InstanceIds=[first, second])["InstanceStatuses"]
    told = {s["InstanceId"]: s["SystemStatus"]["Status"] for s in found}
    assert told == {first: "impaired", second: "ok"}
    ec2.stop_instances(InstanceIds=[first])
    assert len(ec2.describe_instance_status(InstanceIds=[first, second])["InstanceStatuses"]) == 1
    every = ec2.describe_instance_status(
        InstanceIds=[first, second], IncludeAllInstances=True
    )["InstanceStatuses"]
    assert {s["InstanceStatus"]["Status"] for s in every} == {"not-applicable", "ok"}


def test_status_comes_in_pages_and_its_limits_are_checked(world: World) -> None:
    ec2 = world.client("ec2", WEST)
    made = ec2.run_instances(ImageId=IMAGE, MinCount=12, MaxCount=12, InstanceType="t3.micro")
    ids = [i["InstanceId"] for i in made["Instances"]]
    pages = list(ec2.get_paginator("describe_instance_status").paginate(MaxResults=5))
    assert [len(page["InstanceStatuses"]) for page in pages] == [5, 5, 2]
    assert {s["InstanceId"] for page in pages for s in page["InstanceStatuses"]} == set(ids)
    with pytest.raises(ClientError) as both:
        ec2.describe_instance_status(InstanceIds=ids[:1], MaxResults=5)
    assert error_code(both) == "InvalidParameterCombination"
    with pytest.raises(ClientError) as small:
        ec2.describe_instance_status(MaxResults=1)
    assert error_code(small) == "InvalidParameterValue"
    with pytest.raises(ClientError) as many:
        ec2.describe_instance_status(InstanceIds=[f"i-{n:017x}" for n in range(101)])
    assert error_code(many) == "InvalidParameterValue"


def test_a_deployment_whose_tasks_fail_is_given_up(world: World) -> None:
    world.hooks.rollout_fails = lambda region, cluster, service: service == "web"
    ecs = world.client("ecs", WEST)
    ecs.create_cluster(clusterName="c")
    ecs.register_task_definition(
        family="web", containerDefinitions=[{"name": "web", "image": "web", "memory": 64}]
    )
    ecs.create_service(cluster="c", serviceName="web", taskDefinition="web", desiredCount=2)

    def newest() -> dict:
        found = ecs.describe_services(cluster="c", services=["web"])["services"][0]
        return found["deployments"][0]

    eventually(lambda: newest()["rolloutState"] == "FAILED", "the rollout is given up")
    assert (newest()["runningCount"], newest()["failedTasks"]) == (0, 2)


def test_every_checker_tells_for_itself(world: World) -> None:
    route53 = world.client("route53")
    check = route53.create_health_check(
        CallerReference="checkers",
        HealthCheckConfig={"Type": "TCP", "IPAddress": "127.0.0.1", "Port": 9},
    )["HealthCheck"]["Id"]
    told = route53.get_health_check_status(HealthCheckId=check)["HealthCheckObservations"]
    assert len({t["Region"] for t in told}) == 8
    assert all(t["StatusReport"]["CheckedTime"] for t in told)


def test_metric_data_come_in_pages(world: World) -> None:
    cloudwatch = world.client("cloudwatch", WEST)
    import time

    end = int(time.time()) // 60 * 60
    for minute in range(5):
        for name in ("A", "B"):
            cloudwatch.put_metric_data(
                Namespace="N",
                MetricData=[
                    {"MetricName": name, "Value": minute, "Timestamp": end - 60 * (minute + 1)}
                ],
            )

    def query(name: str) -> dict:
        metric = {"Namespace": "N", "MetricName": name}
        return {"Id": name.lower(), "MetricStat": {"Metric": metric, "Period": 60, "Stat": "Sum"}}

    asked = {
        "MetricDataQueries": [query("A"), query("B")],
        "StartTime": end - 3600,
        "EndTime": end,
        "ScanBy": "TimestampAscending",
        "MaxDatapoints": 3,
    }
    pages = list(cloudwatch.get_paginator("get_metric_data").paginate(**asked))
    assert [sum(len(r["Values"]) for r in p["MetricDataResults"]) for p in pages] == [3, 3, 3, 1]
    values: dict[str, list[float]] = {"a": [], "b": []}
    for page in pages:
        for result in page["MetricDataResults"]:
            values[result["Id"]] += result["Values"]
    assert values == {"a": [4, 3, 2, 1, 0], "b": [4, 3, 2, 1, 0]}
