"""What a template makes is as true as what the API makes."""

from __future__ import annotations

import json
from typing import Any

from services_support import EAST, World, eventually
from localaws import ACCOUNT
from localaws.services.route53_health import health_of

CHECK = {
    "Type": "AWS::Route53::HealthCheck",
    "Properties": {
        "HealthCheckConfig": {
            "Type": "CLOUDWATCH_METRIC",
            "AlarmIdentifier": {"Region": EAST, "Name": "stop-east"},
            "InsufficientDataHealthStatus": "LastKnownStatus",
            "Inverted": "true",
        }
    },
}


def record(identifier: str, role: str, value: str, **more: Any) -> dict:
    properties = {
        "HostedZoneId": {"Ref": "Zone"},
        "Name": "orders.leeward.test",
        "Type": "A",
        "TTL": "30",
        "SetIdentifier": identifier,
        "Failover": role,
        "ResourceRecords": [value],
        **more,
    }
    return {"Type": "AWS::Route53::RecordSet", "Properties": properties}


TEMPLATE = {
    "Resources": {
        "Zone": {"Type": "AWS::Route53::HostedZone", "Properties": {"Name": "leeward.test."}},
        "Check": CHECK,
        "East": record("east", "PRIMARY", "127.1.0.1", HealthCheckId={"Ref": "Check"}),
        "West": record("west", "SECONDARY", "127.2.0.1"),
    },
    "Outputs": {"Zone": {"Value": {"Ref": "Zone"}}, "Check": {"Value": {"Ref": "Check"}}},
}


def test_a_stack_of_zone_check_and_records(world: World) -> None:
    world.client("cloudwatch").put_metric_alarm(
        AlarmName="stop-east",
        Namespace="Leeward/Edge",
        MetricName="Stop",
        Statistic="Maximum",
        Period=60,
        EvaluationPeriods=1,
        Threshold=1,
        ComparisonOperator="GreaterThanOrEqualToThreshold",
        TreatMissingData="ignore",
    )
    formation = world.client("cloudformation")
    formation.create_stack(StackName="edge", TemplateBody=json.dumps(TEMPLATE))
    stack = formation.describe_stacks(StackName="edge")["Stacks"][0]
    outputs = {o["OutputKey"]: o["OutputValue"] for o in stack["Outputs"]}
    client = world.client("route53")
    config = client.get_health_check(HealthCheckId=outputs["Check"])["HealthCheck"]
    assert config["HealthCheckConfig"]["AlarmIdentifier"] == {"Region": EAST, "Name": "stop-east"}
    assert config["HealthCheckConfig"]["Inverted"] is True
    eventually(
        lambda: health_of(world.runtime, ACCOUNT, "aws", outputs["Check"]) is False,
        "the inverted check of an alarm without data",
    )
    sets = client.list_resource_record_sets(HostedZoneId=outputs["Zone"])["ResourceRecordSets"]
    east, west = [s for s in sets if s["Type"] == "A"]
    assert (east["SetIdentifier"], east["TTL"]) == ("east", 30)
    assert west["Failover"] == "SECONDARY"
    # The record that the template made can be deleted by its exact values.
    client.change_resource_record_sets(
        HostedZoneId=outputs["Zone"],
        ChangeBatch={"Changes": [{"Action": "DELETE", "ResourceRecordSet": west}]},
    )
    sets = client.list_resource_record_sets(HostedZoneId=outputs["Zone"])["ResourceRecordSets"]
    assert [s["SetIdentifier"] for s in sets if s["Type"] == "A"] == ["east"]
