"""EC2 instances and security groups, Auto Scaling, target health."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from services_support import WEST, World, error_code, eventually, message

IMAGE = "ami-12c6146b"


def instances(world: World, count: int = 1, **more: Any) -> list[str]:
    made = world.client("ec2", WEST).run_instances(
        ImageId=IMAGE, MinCount=count, MaxCount=count, InstanceType="t3.micro", **more
    )
    return [i["InstanceId"] for i in made["Instances"]]


def state(world: World, identifier: str) -> str:
    found = world.client("ec2", WEST).describe_instances(InstanceIds=[identifier])
    return found["Reservations"][0]["Instances"][0]["State"]["Name"]


def test_stop_and_start_take_time_and_converge(world: World) -> None:
    told: list[tuple[str, str, str]] = []
    world.hooks.on_instance_state = lambda *what: told.append(what)
    ec2 = world.client("ec2", WEST)
    (identifier,) = instances(world)
    world.slow()
    change = ec2.stop_instances(InstanceIds=[identifier])["StoppingInstances"][0]
    assert (change["PreviousState"]["Name"], change["CurrentState"]["Name"]) == (
        "running",
        "stopping",
    )
    with pytest.raises(ClientError) as early:
        ec2.start_instances(InstanceIds=[identifier])
    assert error_code(early) == "IncorrectInstanceState"
    world.step()
    assert state(world, identifier) == "stopped"
    change = ec2.start_instances(InstanceIds=[identifier])["StartingInstances"][0]
    assert change["CurrentState"] == {"Code": 0, "Name": "pending"}
    again = ec2.start_instances(InstanceIds=[identifier])["StartingInstances"][0]
    assert again["PreviousState"]["Name"] == "pending"
    world.step()
    assert state(world, identifier) == "running"
    again = ec2.start_instances(InstanceIds=[identifier])["StartingInstances"][0]
    assert again["CurrentState"] == {"Code": 16, "Name": "running"}
    assert told == [(WEST, identifier, "stopped"), (WEST, identifier, "running")]


def test_without_capacity_none_of_the_instances_starts(world: World) -> None:
    ec2 = world.client("ec2", WEST)
    first, second = instances(world, 2)
    ec2.stop_instances(InstanceIds=[first, second])
    eventually(lambda: {state(world, i) for i in (first, second)} == {"stopped"}, "stopped")
    world.hooks.insufficient_capacity = lambda region, name: name == second
    with pytest.raises(ClientError) as refused:
        ec2.start_instances(InstanceIds=[first, second])
    assert error_code(refused) == "InsufficientInstanceCapacity"
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert "sufficient t3.micro capacity" in message(refused)
    assert {state(world, i) for i in (first, second)} == {"stopped"}
    with pytest.raises(ClientError) as unknown:
        ec2.start_instances(InstanceIds=["i-00000000000000000"])
    assert error_code(unknown) == "InvalidInstanceID.NotFound"


def test_a_terminated_instance_cannot_start(world: World) -> None:
    ec2 = world.client("ec2", WEST)
    (identifier,) = instances(world)
    ec2.terminate_instances(InstanceIds=[identifier])
    with pytest.raises(ClientError) as refused:
        ec2.start_instances(InstanceIds=[identifier])
    assert error_code(refused) == "IncorrectInstanceState"


def test_run_instances_keeps_its_client_token(world: World) -> None:
    first = instances(world, ClientToken="g7-run")
    assert instances(world, ClientToken="g7-run") == first
    with pytest.raises(ClientError) as other:
        instances(world, 2, ClientToken="g7-run")
    assert error_code(other) == "IdempotentParameterMismatch"


def target_group(world: World, attached: bool = True) -> str:
    """A target group, behind a load balancer when asked for."""
    ec2, elb = world.client("ec2", WEST), world.client("elbv2", WEST)
    vpc = ec2.describe_vpcs()["Vpcs"][0]["VpcId"]
    group = elb.create_target_group(Name="web", Protocol="HTTP", Port=8080, VpcId=vpc)
    arn = group["TargetGroups"][0]["TargetGroupArn"]
    if attached:
        subnets = [s["SubnetId"] for s in ec2.describe_subnets()["Subnets"]][:2]
        balancer = elb.create_load_balancer(Name="web", Subnets=subnets)["LoadBalancers"][0]
        elb.create_listener(
            LoadBalancerArn=balancer["LoadBalancerArn"],
            Protocol="HTTP",
            Port=80,
            DefaultActions=[{"Type": "forward", "TargetGroupArn": arn}],
        )
    return arn


def group(world: World, low: int, high: int, desired: int | None = None, **more: Any) -> Any:
    scaling = world.client("autoscaling", WEST)
    scaling.create_launch_configuration(
        LaunchConfigurationName="web", ImageId=IMAGE, InstanceType="t3.micro"
    )
    sizes: dict[str, Any] = {"MinSize": low, "MaxSize": high}
    if desired is not None:
        sizes["DesiredCapacity"] = desired
    scaling.create_auto_scaling_group(
        AutoScalingGroupName="web",
        LaunchConfigurationName="web",
        AvailabilityZones=[f"{WEST}a"],
        **sizes,
        **more,
    )
    return scaling


def shown(scaling: Any) -> dict:
    return scaling.describe_auto_scaling_groups(AutoScalingGroupNames=["web"])[
        "AutoScalingGroups"
    ][0]


def lifecycle(scaling: Any) -> list[str]:
    return sorted(i["LifecycleState"] for i in shown(scaling)["Instances"])


def in_service(scaling: Any, count: int) -> None:
    eventually(lambda: lifecycle(scaling) == ["InService"] * count, f"{count} in service")


def test_raising_the_minimum_launches_instances(world: World) -> None:
    scaling = group(world, 0, 4)
    world.slow()
    scaling.update_auto_scaling_group(AutoScalingGroupName="web", MinSize=2)
    now = shown(scaling)
    assert (now["MinSize"], now["MaxSize"], now["DesiredCapacity"]) == (2, 4, 2)
    assert lifecycle(scaling) == ["Pending", "Pending"]
    world.step()
    assert lifecycle(scaling) == ["InService", "InService"]
    ids = [i["InstanceId"] for i in shown(scaling)["Instances"]]
    assert {state(world, i) for i in ids} == {"running"}


def test_a_minimum_below_the_desired_capacity_changes_nothing(world: World) -> None:
    scaling = group(world, 1, 4, 3)
    in_service(scaling, 3)
    scaling.update_auto_scaling_group(AutoScalingGroupName="web", MinSize=2)
    assert shown(scaling)["DesiredCapacity"] == 3
    scaling.update_auto_scaling_group(AutoScalingGroupName="web", MinSize=0)
    assert shown(scaling)["DesiredCapacity"] == 3


def test_lowering_the_maximum_terminates(world: World) -> None:
    scaling = group(world, 0, 3, 3)
    in_service(scaling, 3)
    ids = {i["InstanceId"] for i in shown(scaling)["Instances"]}
    world.slow()
    scaling.update_auto_scaling_group(AutoScalingGroupName="web", MaxSize=0)
    assert shown(scaling)["DesiredCapacity"] == 0
    assert lifecycle(scaling) == ["Terminating"] * 3
    world.step()
    assert shown(scaling)["Instances"] == []
    assert {state(world, i) for i in ids} == {"terminated"}


def test_bounds_are_checked(world: World) -> None:
    scaling = group(world, 0, 2)

    def refused(**asked: int) -> str:
        with pytest.raises(ClientError) as caught:
            scaling.update_auto_scaling_group(AutoScalingGroupName="web", **asked)
        assert error_code(caught) == "ValidationError"
        return message(caught)

    assert refused(MinSize=3) == "Max bound, 2, must be greater than or equal to min bound, 3"
    assert "between the specified min size" in refused(DesiredCapacity=5)
    assert shown(scaling)["MinSize"] == 0
    with pytest.raises(ClientError) as above:
        scaling.set_desired_capacity(AutoScalingGroupName="web", DesiredCapacity=3)
    assert "above max value 2" in message(above)
    for call in (
        lambda: scaling.update_auto_scaling_group(AutoScalingGroupName="none", MinSize=1),
        lambda: scaling.suspend_processes(AutoScalingGroupName="none"),
        lambda: scaling.set_desired_capacity(AutoScalingGroupName="none", DesiredCapacity=1),
    ):
        with pytest.raises(ClientError) as unknown:
            call()
        assert error_code(unknown) == "ValidationError"


def test_suspended_processes_hold_the_group_still(world: World) -> None:
    scaling = group(world, 0, 3, 1)
    in_service(scaling, 1)
    scaling.suspend_processes(
        AutoScalingGroupName="web", ScalingProcesses=["Launch", "Terminate"]
    )
    names = {p["ProcessName"]: p["SuspensionReason"] for p in shown(scaling)["SuspendedProcesses"]}
    assert set(names) == {"Launch", "Terminate"}
    assert names["Launch"].startswith("User suspended at ")
    scaling.update_auto_scaling_group(AutoScalingGroupName="web", MinSize=2)
    assert shown(scaling)["DesiredCapacity"] == 2
    assert lifecycle(scaling) == ["InService"]
    scaling.resume_processes(AutoScalingGroupName="web", ScalingProcesses=["Launch"])
    in_service(scaling, 2)
    scaling.resume_processes(AutoScalingGroupName="web")
    assert shown(scaling)["SuspendedProcesses"] == []
    with pytest.raises(ClientError) as unknown:
        scaling.suspend_processes(AutoScalingGroupName="web", ScalingProcesses=["Nap"])
    assert error_code(unknown) == "ValidationError"


def test_a_group_without_capacity_tries_again(world: World) -> None:
    lacking = {"web"}
    asked: list[str] = []

    def insufficient(region: str, name: str) -> bool:
        asked.append(name)
        return name in lacking

    world.hooks.insufficient_capacity = insufficient
    scaling = group(world, 1, 3)
    eventually(lambda: len(asked) > 2, "several attempts")
    assert shown(scaling)["Instances"] == []
    lacking.clear()
    in_service(scaling, 1)


def test_a_terminated_instance_is_replaced(world: World) -> None:
    scaling = group(world, 1, 3)
    in_service(scaling, 1)
    (old,) = [i["InstanceId"] for i in shown(scaling)["Instances"]]
    world.client("ec2", WEST).terminate_instances(InstanceIds=[old])
    eventually(
        lambda: [
            i
            for i in shown(scaling)["Instances"]
            if i["InstanceId"] != old and i["LifecycleState"] == "InService"
        ],
        "a replacement",
    )


def health(world: World, arn: str) -> list[tuple[str, str | None]]:
    found = world.client("elbv2", WEST).describe_target_health(TargetGroupArn=arn)
    return [
        (d["TargetHealth"]["State"], d["TargetHealth"].get("Reason"))
        for d in found["TargetHealthDescriptions"]
    ]


def test_targets_follow_the_group_and_the_real_health(world: World) -> None:
    verdict: dict[str, str | None] = {"state": None}
    asked: list[dict] = []

    def real(region: str, target: dict) -> str | None:
        asked.append(target)
        return verdict["state"]

    world.hooks.target_health = real
    arn = target_group(world)
    world.slow()
    scaling = group(world, 1, 3, TargetGroupARNs=[arn])
    assert health(world, arn) == []
    world.step()
    assert health(world, arn) == [("initial", "Elb.RegistrationInProgress")]
    world.timings.elb_initial = 0.0
    assert health(world, arn) == [("healthy", None)]
    verdict["state"] = "unhealthy"
    assert health(world, arn) == [("unhealthy", "Target.FailedHealthChecks")]
    assert asked[-1]["Port"] == 8080
    assert asked[-1]["TargetGroupArn"] == arn
    scaling.update_auto_scaling_group(AutoScalingGroupName="web", MinSize=0, MaxSize=0)
    assert health(world, arn) == []


def test_a_target_group_without_a_load_balancer_is_unused(world: World) -> None:
    arn = target_group(world, attached=False)
    scaling = group(world, 1, 1, TargetGroupARNs=[arn])
    in_service(scaling, 1)
    eventually(lambda: health(world, arn) == [("unused", "Target.NotInUse")], "unused")


def test_a_stopped_target_is_unused(world: World) -> None:
    arn = target_group(world)
    (identifier,) = instances(world)
    elb = world.client("elbv2", WEST)
    elb.register_targets(TargetGroupArn=arn, Targets=[{"Id": identifier}])
    world.slow()
    world.client("ec2", WEST).stop_instances(InstanceIds=[identifier])
    assert health(world, arn) == [("unused", "Target.InvalidState")]
    with pytest.raises(ClientError) as unknown:
        elb.describe_target_health(TargetGroupArn=arn + "0")
    assert error_code(unknown) == "TargetGroupNotFound"


def rule(port: int) -> dict:
    return {
        "IpProtocol": "tcp",
        "FromPort": port,
        "ToPort": port,
        "IpRanges": [{"CidrIp": "10.0.0.0/8"}],
    }


def ports(world: World, group_id: str) -> list[int]:
    found = world.client("ec2", WEST).describe_security_groups(GroupIds=[group_id])
    return sorted(p["FromPort"] for p in found["SecurityGroups"][0]["IpPermissions"])


@pytest.mark.parametrize("default", [True, False], ids=["default-vpc", "own-vpc"])
def test_security_group_rules_are_all_or_nothing(world: World, default: bool) -> None:
    ec2 = world.client("ec2", WEST)
    if default:
        vpc = ec2.describe_vpcs(Filters=[{"Name": "is-default", "Values": ["true"]}])["Vpcs"][0]
    else:
        vpc = ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]
    made = ec2.create_security_group(GroupName="db", Description="db", VpcId=vpc["VpcId"])
    group_id = made["GroupId"]
    added = ec2.authorize_security_group_ingress(
        GroupId=group_id, IpPermissions=[rule(5432), rule(22)]
    )
    assert len(added["SecurityGroupRules"]) == 2
    with pytest.raises(ClientError) as duplicate:
        ec2.authorize_security_group_ingress(
            GroupId=group_id, IpPermissions=[rule(80), rule(5432)]
        )
    assert error_code(duplicate) == "InvalidPermission.Duplicate"
    assert ports(world, group_id) == [22, 5432]
    both = {"GroupId": group_id, "IpPermissions": [rule(5432), rule(443)]}
    if default:
        answer = ec2.revoke_security_group_ingress(**both)
        assert [p["FromPort"] for p in answer["UnknownIpPermissions"]] == [443]
        assert ports(world, group_id) == [22]
    else:
        with pytest.raises(ClientError) as missing:
            ec2.revoke_security_group_ingress(**both)
        assert error_code(missing) == "InvalidPermission.NotFound"
        assert ports(world, group_id) == [22, 5432]
    with pytest.raises(ClientError) as unknown:
        ec2.revoke_security_group_ingress(
            GroupId=group_id, SecurityGroupRuleIds=["sgr-00000000000000000"]
        )
    assert error_code(unknown) == "InvalidSecurityGroupRuleId.NotFound"
    with pytest.raises(ClientError) as nowhere:
        ec2.revoke_security_group_ingress(GroupId="sg-00000000", IpPermissions=[rule(1)])
    assert error_code(nowhere) == "InvalidGroup.NotFound"
