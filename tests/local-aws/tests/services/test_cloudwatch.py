"""CloudWatch: data, alarms, missing data, transitions, pages."""

from __future__ import annotations

import json
import time
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from botocore.exceptions import ClientError
from services_support import EAST, WEST, World, error_code, eventually, message
from localaws.services.cloudwatch_alarms import evaluate_all
from localaws.services.cloudwatch_composite import RuleError, evaluate_rule
from localaws.services.cloudwatch_rules import evaluate

O, X, N = False, True, None  # noqa: E741  within, breaching, no data: the signs of AWS's tables


# The two tables of "Configuring how CloudWatch alarms treat missing data": the points, then the
# states for missing, ignore, breaching, notBreaching. None: the present state is kept.
THREE_OF_THREE = [
    ([O, N, X, N, X], "OK", "OK", "OK", "OK"),
    ([N, N, N, N, O], "OK", "OK", "OK", "OK"),
    ([N, N, N, N, N], "INSUFFICIENT_DATA", None, "ALARM", "OK"),
    ([O, X, X, N, X], "ALARM", "ALARM", "ALARM", "ALARM"),
    ([N, N, X, N, N], "ALARM", None, "ALARM", "OK"),
]
TWO_OF_THREE = [
    ([O, N, X, N, X], "ALARM", "ALARM", "ALARM", "ALARM"),
    ([O, O, X, O, X], "ALARM", "ALARM", "ALARM", "ALARM"),
    ([O, N, X, N, N], "OK", "OK", "ALARM", "OK"),
    ([N, N, N, N, O], "OK", "OK", "ALARM", "OK"),
    ([N, N, N, X, N], "ALARM", None, "ALARM", "OK"),
]
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


@pytest.mark.parametrize(
    ("needed", "row"),
    [(3, row) for row in THREE_OF_THREE] + [(2, row) for row in TWO_OF_THREE],
)
def test_the_published_tables_of_missing_data(needed: int, row: tuple) -> None:
    points, *wanted = row
    assert [evaluate(points, 3, needed, t) for t in TREATMENTS] == wanted


def test_a_lone_fresh_breach_among_missing_points_raises_no_premature_alarm() -> None:
    assert evaluate([N, N, N, N, X], 3, 2, "missing") is None


def test_composite_rules() -> None:
    states = {"a": "ALARM", "b": "OK"}
    assert evaluate_rule('ALARM("a") AND NOT ALARM("b")', states) == "ALARM"
    assert evaluate_rule("ALARM(a) AND (ALARM(b) OR FALSE)", states) == "OK"
    assert evaluate_rule('OK("arn:aws:cloudwatch:x:1:alarm:b")', states) == "ALARM"
    with pytest.raises(RuleError):
        evaluate_rule("ALARM(a) AND", states)


def alarm(client: Any, name: str = "api-5xx", **changed: Any) -> None:
    settings = {
        "AlarmName": name,
        "Namespace": "Orders",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "Region", "Value": "us-east-1"}],
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 2,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        **changed,
    }
    client.put_metric_alarm(**{k: v for k, v in settings.items() if v is not None})


def feed(client: Any, value: float, at: float | None = None) -> None:
    client.put_metric_data(
        Namespace="Orders",
        MetricData=[
            {
                "MetricName": "Errors",
                "Value": value,
                "Timestamp": time.time() if at is None else at,
                "Dimensions": [{"Name": "Region", "Value": "us-east-1"}],
            }
        ],
    )


def shown(client: Any, name: str = "api-5xx") -> dict:
    return client.describe_alarms(AlarmNames=[name])["MetricAlarms"][0]


def reaches(client: Any, state: str, value: float | None = None, name: str = "api-5xx") -> dict:
    """Waits for the state while feeding `value`."""

    def look() -> dict | None:
        if value is not None:
            feed(client, value)
        now = shown(client, name)
        return now if now["StateValue"] == state else None

    return eventually(look, f"state {state}")


class Clock:
    """Minutes that a test walks through; data and evaluations bear its time."""

    def __init__(self, world: World, region: str) -> None:
        world.by_hand()
        self.world = world
        self.client = world.client("cloudwatch", region)
        self.minute = int(time.time() // 60) * 60 - 3600

    def pass_minute(self, value: float | None = None) -> None:
        """One minute, in its middle one datum when given; then everything is evaluated."""
        if value is not None:
            feed(self.client, value, at=self.minute + 30)
        self.minute += 60
        evaluate_all(self.world.runtime, self.minute + 1)


def test_an_alarm_goes_through_all_its_states_and_tells(world: World) -> None:
    told: list[tuple[str, str, str, str]] = []
    world.hooks.on_alarm_transition = lambda region, a, old, new: told.append(
        (region, a.name, old, new)
    )
    clock = Clock(world, WEST)
    alarm(clock.client)
    assert shown(clock.client)["StateValue"] == "INSUFFICIENT_DATA"
    for value in (0, 0, 5):
        clock.pass_minute(value)
        assert shown(clock.client)["StateValue"] == "OK", "two periods must breach"
    clock.pass_minute(6)
    high = shown(clock.client)
    assert high["StateValue"] == "ALARM"
    assert high["StateReason"].startswith("Threshold Crossed: 2 out of the last 2 datapoints [5.0")
    assert "was greater than or equal to the threshold (1.0)" in high["StateReason"]
    assert json.loads(high["StateReasonData"])["recentDatapoints"] == [5.0, 6.0]
    assert high["StateUpdatedTimestamp"] > datetime.now(timezone.utc) - timedelta(minutes=1)
    for _ in range(3):
        clock.pass_minute()
        assert shown(clock.client)["StateValue"] == "ALARM", "real points are still in range"
    clock.pass_minute()
    assert told == [
        (WEST, "api-5xx", "INSUFFICIENT_DATA", "OK"),
        (WEST, "api-5xx", "OK", "ALARM"),
        (WEST, "api-5xx", "ALARM", "INSUFFICIENT_DATA"),
    ]


def test_missing_data_can_breach(world: World) -> None:
    client = world.client("cloudwatch")
    alarm(client, TreatMissingData="breaching")
    found = reaches(client, "ALARM")
    wanted = "no datapoints were received for 2 datapoints which were treated as breaching"
    assert wanted in found["StateReason"]


def test_missing_data_can_be_within(world: World) -> None:
    client = world.client("cloudwatch")
    alarm(client, TreatMissingData="notBreaching")
    reaches(client, "OK")


def test_an_alarm_that_ignores_missing_data_keeps_its_state(world: World) -> None:
    clock = Clock(world, EAST)
    alarm(clock.client, TreatMissingData="ignore", EvaluationPeriods=1)
    alarm(clock.client, name="missing", EvaluationPeriods=1)
    clock.pass_minute(5)
    for _ in range(4):
        clock.pass_minute()
    assert shown(clock.client, "missing")["StateValue"] == "INSUFFICIENT_DATA"
    assert shown(clock.client)["StateValue"] == "ALARM"


def test_a_loop_that_is_held_up_catches_up_on_every_period(world: World) -> None:
    told: list[tuple[str, str]] = []
    world.hooks.on_alarm_transition = lambda region, a, old, new: told.append((old, new))
    clock = Clock(world, EAST)
    alarm(clock.client, TreatMissingData="ignore", EvaluationPeriods=1)
    clock.pass_minute(0)
    feed(clock.client, 5, at=clock.minute + 30)
    feed(clock.client, 0, at=clock.minute + 330)
    feed(clock.client, 5, at=clock.minute + 630)
    # A machine that is busy for twenty minutes, and then one look.
    clock.minute += 1200
    clock.pass_minute()
    assert told == [
        ("INSUFFICIENT_DATA", "OK"), ("OK", "ALARM"), ("ALARM", "OK"), ("OK", "ALARM")
    ]
    clock.pass_minute()
    assert len(told) == 4, "what was caught up on is not looked at again"


def test_a_silent_region_is_not_caught_up_on(world: World) -> None:
    clock = Clock(world, EAST)
    alarm(clock.client, TreatMissingData="ignore", EvaluationPeriods=1)
    clock.pass_minute(0)
    feed(clock.client, 5, at=clock.minute + 30)
    world.dead.add(EAST)
    clock.minute += 600
    clock.pass_minute()
    world.dead.discard(EAST)
    clock.pass_minute()
    assert shown(clock.client)["StateValue"] == "OK"


def test_updating_an_alarm_keeps_its_state(world: World) -> None:
    client = world.client("cloudwatch")
    alarm(client, TreatMissingData="breaching")
    reaches(client, "ALARM")
    alarm(client, TreatMissingData="ignore", AlarmDescription="changed")
    assert shown(client)["StateValue"] == "ALARM"


def test_set_alarm_state_lasts_until_the_next_evaluation(world: World) -> None:
    told: list[tuple[str, str]] = []
    clock = Clock(world, EAST)
    alarm(clock.client, TreatMissingData="notBreaching")
    clock.pass_minute()
    world.hooks.on_alarm_transition = lambda region, a, old, new: told.append((old, new))
    clock.client.set_alarm_state(AlarmName="api-5xx", StateValue="ALARM", StateReason="try")
    assert shown(clock.client)["StateValue"] == "ALARM"
    clock.pass_minute()
    assert shown(clock.client)["StateValue"] == "OK"
    assert told == [("OK", "ALARM"), ("ALARM", "OK")]


def test_a_silent_region_evaluates_nothing(world: World) -> None:
    clock, witness = Clock(world, EAST), world.client("cloudwatch", WEST)
    alarm(clock.client, TreatMissingData="breaching")
    alarm(witness, TreatMissingData="breaching")
    world.dead.add(EAST)
    clock.pass_minute()
    assert shown(witness)["StateValue"] == "ALARM"
    assert shown(clock.client)["StateValue"] == "INSUFFICIENT_DATA"


def test_the_time_scale_shortens_the_period(world: World) -> None:
    clock = Clock(world, EAST)
    world.timings.time_scale = 30
    alarm(clock.client, TreatMissingData="ignore", EvaluationPeriods=2)
    start = clock.minute
    for offset in (0.5, 2.5):
        feed(clock.client, 5, at=start + offset)
    evaluate_all(world.runtime, start + 3.9)
    assert shown(clock.client)["StateValue"] == "INSUFFICIENT_DATA", "one whole period of 2 s"
    evaluate_all(world.runtime, start + 4.0)
    assert shown(clock.client)["StateValue"] == "ALARM"


def test_m_of_n(world: World) -> None:
    client = world.client("cloudwatch")
    alarm(client, EvaluationPeriods=3, DatapointsToAlarm=1, TreatMissingData="notBreaching")
    reaches(client, "OK")
    feed(client, 9)
    reaches(client, "ALARM")


def test_a_metric_math_alarm(world: World) -> None:
    client = world.client("cloudwatch")
    metric = {
        "Namespace": "Orders",
        "MetricName": "Errors",
        "Dimensions": [{"Name": "Region", "Value": "us-east-1"}],
    }
    stat = {"Metric": metric, "Period": 60, "Stat": "Maximum"}
    client.put_metric_alarm(
        AlarmName="math",
        EvaluationPeriods=1,
        Threshold=10.0,
        ComparisonOperator="GreaterThanThreshold",
        Metrics=[
            {"Id": "m1", "MetricStat": stat, "ReturnData": False},
            {"Id": "e1", "Expression": "(m1 + 1) * 2"},
        ],
    )
    reaches(client, "OK", 1, name="math")
    reaches(client, "ALARM", 6, name="math")


def test_a_composite_alarm_follows_its_children(world: World) -> None:
    client = world.client("cloudwatch")
    alarm(client, TreatMissingData="breaching")
    client.put_composite_alarm(AlarmName="both", AlarmRule='ALARM("api-5xx")')

    def state() -> bool:
        found = client.describe_alarms(AlarmNames=["both"], AlarmTypes=["CompositeAlarm"])
        return found["CompositeAlarms"][0]["StateValue"] == "ALARM"

    eventually(state, "the composite alarm")


def test_alarms_come_in_pages(world: World) -> None:
    client = world.client("cloudwatch")
    for number in range(7):
        alarm(client, name=f"a{number}")
    alarm(client, name="b")
    seen, more = [], {}
    while True:
        page = client.describe_alarms(AlarmNamePrefix="a", MaxRecords=3, **more)
        assert len(page["MetricAlarms"]) <= 3
        seen += [a["AlarmName"] for a in page["MetricAlarms"]]
        if "NextToken" not in page:
            break
        more = {"NextToken": page["NextToken"]}
    assert seen == [f"a{number}" for number in range(7)]
    with pytest.raises(ClientError) as both:
        client.describe_alarms(AlarmNamePrefix="a", AlarmNames=["a1"])
    assert error_code(both) == "InvalidParameterCombination"


def test_statistics_are_of_the_exact_metric_and_aligned(world: World) -> None:
    client = world.client("cloudwatch")
    minute = int(time.time() // 60 * 60) - 120
    for offset, value in ((1, 3.0), (59, 5.0), (61, 7.0)):
        for name, extra in (("orders", 0.0), ("other", 100.0)):
            client.put_metric_data(
                Namespace="AWS/RDS",
                MetricData=[
                    {
                        "MetricName": "ReplicaLag",
                        "Timestamp": datetime.fromtimestamp(minute + offset, timezone.utc),
                        "Value": value + extra,
                        "Unit": "Seconds",
                        "Dimensions": [{"Name": "DBInstanceIdentifier", "Value": name}],
                    }
                ],
            )
    start = datetime.fromtimestamp(minute + 30, timezone.utc)
    end = datetime.fromtimestamp(minute + 180, timezone.utc)
    dimensions = [{"Name": "DBInstanceIdentifier", "Value": "orders"}]
    points = client.get_metric_statistics(
        Namespace="AWS/RDS",
        MetricName="ReplicaLag",
        Dimensions=dimensions,
        StartTime=start,
        EndTime=end,
        Period=60,
        Statistics=["Maximum", "Average"],
    )["Datapoints"]
    assert [(p["Timestamp"].timestamp(), p["Maximum"], p["Average"]) for p in points] == [
        (minute, 5.0, 4.0),
        (minute + 60, 7.0, 7.0),
    ]
    assert points[0]["Unit"] == "Seconds"
    metric = {"Namespace": "AWS/RDS", "MetricName": "ReplicaLag", "Dimensions": dimensions}
    query = {"Metric": metric, "Period": 60, "Stat": "Maximum"}
    results = client.get_metric_data(
        MetricDataQueries=[
            {"Id": "lag", "MetricStat": query},
            {"Id": "double", "Expression": "lag * 2"},
        ],
        StartTime=start,
        EndTime=end,
    )["MetricDataResults"]
    assert [(r["Id"], r["Values"]) for r in results] == [
        ("lag", [7.0, 5.0]),
        ("double", [14.0, 10.0]),
    ]
    assert results[0]["StatusCode"] == "Complete"


def test_data_that_is_too_old_or_unknown_math_is_refused(world: World) -> None:
    client = world.client("cloudwatch")
    old = datetime.now(timezone.utc) - timedelta(days=15)
    with pytest.raises(ClientError) as late:
        client.put_metric_data(
            Namespace="X", MetricData=[{"MetricName": "m", "Value": 1.0, "Timestamp": old}]
        )
    assert error_code(late) == "InvalidParameterValue"
    now = datetime.now(timezone.utc)
    with pytest.raises(ClientError) as unknown:
        client.get_metric_data(
            MetricDataQueries=[{"Id": "e", "Expression": "ANOMALY_DETECTION_BAND(m)"}],
            StartTime=now - timedelta(minutes=5),
            EndTime=now,
        )
    assert error_code(unknown) == "ValidationError"
    assert "ANOMALY_DETECTION_BAND" in message(unknown)
