"""Route 53 health checks: probes, alarm data, latch, inversion, versions."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from botocore.exceptions import ClientError
from services_support import EAST, WEST, World, error_code, eventually
from localaws import ACCOUNT
from localaws.services.cloudwatch_alarms import evaluate_all
from localaws.services.route53_health import health_of, observe_all


class Site:
    """A web site whose answer can be chosen."""

    def __init__(self) -> None:
        site = self
        self.status, self.body = 200, b"orders: fine"

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                self.send_response(site.status)
                self.send_header("Content-Length", str(len(site.body)))
                self.end_headers()
                self.wfile.write(site.body)

            def log_message(self, *_: Any) -> None:
                """Quiet."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def site() -> Iterator[Site]:
    made = Site()
    yield made
    made.close()


def check(world: World, reference: str = "one", **config: Any) -> str:
    made = world.client("route53").create_health_check(
        CallerReference=reference, HealthCheckConfig=config
    )
    return made["HealthCheck"]["Id"]


def healthy(world: World, identifier: str) -> bool | None:
    return health_of(world.runtime, ACCOUNT, "aws", identifier)


def becomes(world: World, identifier: str, wanted: bool) -> None:
    eventually(lambda: healthy(world, identifier) is wanted, f"healthy = {wanted}")


def sentence(world: World, identifier: str) -> str:
    status = world.client("route53").get_health_check_status(HealthCheckId=identifier)
    return status["HealthCheckObservations"][0]["StatusReport"]["Status"]


def endpoint_config(site: Site, **more: Any) -> dict[str, Any]:
    return {
        "Type": "HTTP",
        "IPAddress": "127.0.0.1",
        "Port": site.port,
        "ResourcePath": "/healthz",
        "FailureThreshold": 2,
        "RequestInterval": 10,
        **more,
    }


def test_an_http_check_follows_the_site(world: World, site: Site) -> None:
    told: list[tuple[str, bool]] = []
    world.hooks.on_health_check_change = lambda identifier, good: told.append((identifier, good))
    identifier = check(world, **endpoint_config(site))
    assert healthy(world, identifier) is True
    site.status = 503
    becomes(world, identifier, False)
    assert sentence(world, identifier).startswith("Failure: HTTP Status Code 503")
    site.status = 302
    becomes(world, identifier, True)
    eventually(lambda: len(told) == 2, "both changes")
    assert told == [(identifier, False), (identifier, True)]


def test_string_match_and_tcp(world: World, site: Site) -> None:
    config = endpoint_config(site, Type="HTTP_STR_MATCH", SearchString="fine")
    text = check(world, "text", **config)
    tcp = check(
        world, "tcp", Type="TCP", IPAddress="127.0.0.1", Port=site.port, FailureThreshold=1
    )
    eventually(lambda: sentence(world, text).startswith("Success: HTTP"), "a probe")
    site.body = b"orders: down"
    becomes(world, text, False)
    assert healthy(world, tcp) is True
    site.close()
    becomes(world, tcp, False)


def test_inverted_and_disabled(world: World, site: Site) -> None:
    site.status = 500
    identifier = check(world, **endpoint_config(site))
    becomes(world, identifier, False)
    client = world.client("route53")
    client.update_health_check(HealthCheckId=identifier, Disabled=True)
    assert healthy(world, identifier) is True, "a disabled check counts as healthy"
    client.update_health_check(HealthCheckId=identifier, Disabled=False, Inverted=True)
    becomes(world, identifier, True)


def test_a_calculated_check_counts_its_children(world: World, site: Site) -> None:
    good = check(world, "good", **endpoint_config(site))
    other = Site()
    other.status = 500
    bad = check(world, "bad", **endpoint_config(other))
    both = check(
        world, "both", Type="CALCULATED", HealthThreshold=2, ChildHealthChecks=[good, bad]
    )
    either = check(
        world, "either", Type="CALCULATED", HealthThreshold=1, ChildHealthChecks=[good, bad]
    )
    becomes(world, both, False)
    assert healthy(world, either) is True
    other.close()


def test_a_recovery_control_follows_its_switch(world: World) -> None:
    switches = {"arn:east": True}
    world.hooks.routing_control_on = switches.get
    identifier = check(world, Type="RECOVERY_CONTROL", RoutingControlArn="arn:east")
    assert healthy(world, identifier) is True
    switches["arn:east"] = False
    assert healthy(world, identifier) is False


def stop_alarm(world: World, **changed: Any) -> None:
    settings = {
        "AlarmName": "stop-east",
        "Namespace": "Leeward/Edge",
        "MetricName": "Stop",
        "Dimensions": [{"Name": "Region", "Value": EAST}],
        "Statistic": "Maximum",
        "Period": 60,
        "EvaluationPeriods": 1,
        "Threshold": 1.0,
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "TreatMissingData": "ignore",
        **changed,
    }
    world.client("cloudwatch", WEST).put_metric_alarm(**settings)


def put_stop(world: World, value: float, at: float) -> None:
    world.client("cloudwatch", WEST).put_metric_data(
        Namespace="Leeward/Edge",
        MetricData=[
            {
                "MetricName": "Stop",
                "Value": value,
                "Timestamp": at,
                "Dimensions": [{"Name": "Region", "Value": EAST}],
            }
        ],
    )


def alarm_check(world: World, insufficient: str = "LastKnownStatus") -> str:
    return check(
        world,
        f"alarm-{insufficient}",
        Type="CLOUDWATCH_METRIC",
        AlarmIdentifier={"Region": WEST, "Name": "stop-east"},
        InsufficientDataHealthStatus=insufficient,
    )


def test_one_datum_is_latched_by_last_known_status(world: World) -> None:
    minute = begin(world)
    latched, loose = alarm_check(world), alarm_check(world, "Healthy")
    assert healthy(world, latched) is True
    put_stop(world, 1, minute + 30)
    for passed in (1, 2, 3):
        observe_all(world.runtime, minute + 60 * passed + 1)
        assert (healthy(world, latched), healthy(world, loose)) == (False, False)
    # The datum runs out: the one goes back, the other stays.
    observe_all(world.runtime, minute + 60 * 4 + 1)
    assert (healthy(world, latched), healthy(world, loose)) == (False, True)
    assert sentence(world, latched).startswith("Insufficient data; LastKnownStatus")
    put_stop(world, 0, minute + 60 * 4 + 30)
    observe_all(world.runtime, minute + 60 * 5 + 1)
    assert healthy(world, latched) is True


def test_a_loop_that_is_held_up_misses_no_datum(world: World) -> None:
    minute = begin(world)
    latched = alarm_check(world)
    observe_all(world.runtime, minute + 1)
    put_stop(world, 1, minute + 30)
    observe_all(world.runtime, minute + 60 * 20 + 1)
    assert healthy(world, latched) is False


def begin(world: World) -> int:
    """Stops the loops, makes the alarm; the minute at which the test's time begins."""
    world.by_hand()
    stop_alarm(world)
    return int(time.time() // 60) * 60 - 3600


def test_set_alarm_state_does_nothing_to_the_health_check(world: World) -> None:
    minute = begin(world)
    identifier, witness = alarm_check(world), alarm_check(world, "Unhealthy")
    client = world.client("cloudwatch", WEST)
    client.set_alarm_state(AlarmName="stop-east", StateValue="ALARM", StateReason="by hand")
    evaluate_all(world.runtime, minute + 61)
    observe_all(world.runtime, minute + 61)
    state = client.describe_alarms(AlarmNames=["stop-east"])["MetricAlarms"][0]["StateValue"]
    assert state == "ALARM", "the alarm ignores missing data and stays where it was put"
    assert healthy(world, identifier) is True
    assert healthy(world, witness) is False, "which shows that the checks were looked at"


def test_an_alarm_in_a_silent_region_is_insufficient_data(world: World) -> None:
    minute = begin(world)
    identifier = alarm_check(world, "Unhealthy")
    put_stop(world, 0, minute + 30)
    observe_all(world.runtime, minute + 61)
    assert healthy(world, identifier) is True
    world.dead.add(WEST)
    observe_all(world.runtime, minute + 62)
    assert healthy(world, identifier) is False
    assert sentence(world, identifier).startswith("Insufficient data; Unhealthy")


def test_the_loop_looks_at_alarm_checks(world: World) -> None:
    stop_alarm(world)
    identifier = alarm_check(world)
    put_stop(world, 1, time.time())
    becomes(world, identifier, False)


def test_route53_reads_the_alarm_as_it_was(world: World) -> None:
    stop_alarm(world)
    identifier = alarm_check(world)
    client = world.client("route53")
    before = client.get_health_check(HealthCheckId=identifier)["HealthCheck"]
    assert before["CloudWatchAlarmConfiguration"]["Threshold"] == 1.0
    assert before["HealthCheckConfig"]["AlarmIdentifier"] == {"Region": WEST, "Name": "stop-east"}
    assert before["HealthCheckConfig"]["InsufficientDataHealthStatus"] == "LastKnownStatus"
    stop_alarm(world, Threshold=5.0)
    now = client.get_health_check(HealthCheckId=identifier)["HealthCheck"]
    assert now["CloudWatchAlarmConfiguration"]["Threshold"] == 1.0
    client.update_health_check(
        HealthCheckId=identifier, AlarmIdentifier={"Region": WEST, "Name": "stop-east"}
    )
    now = client.get_health_check(HealthCheckId=identifier)["HealthCheck"]
    assert now["CloudWatchAlarmConfiguration"]["Threshold"] == 5.0


@pytest.mark.parametrize(
    "unsupported",
    [
        {"EvaluationPeriods": 3, "DatapointsToAlarm": 2},
        {"Period": 10},
    ],
    ids=["m-of-n", "high-resolution"],
)
def test_alarms_that_route53_cannot_read(world: World, unsupported: dict) -> None:
    stop_alarm(world, **unsupported)
    with pytest.raises(ClientError) as refused:
        alarm_check(world)
    assert error_code(refused) == "InvalidInput"


def test_versions_are_compared(world: World, site: Site) -> None:
    identifier = check(world, **endpoint_config(site))
    client = world.client("route53")
    updated = client.update_health_check(
        HealthCheckId=identifier, HealthCheckVersion=1, Inverted=True
    )["HealthCheck"]
    assert updated["HealthCheckVersion"] == 2
    assert updated["HealthCheckConfig"]["Inverted"] is True
    with pytest.raises(ClientError) as stale:
        client.update_health_check(
            HealthCheckId=identifier, HealthCheckVersion=1, Inverted=False
        )
    assert error_code(stale) == "HealthCheckVersionMismatch"
    with pytest.raises(ClientError) as unknown:
        client.update_health_check(HealthCheckId="00000000-0000-0000-0000-000000000000")
    assert error_code(unknown) == "NoSuchHealthCheck"


def test_creation_is_idempotent_by_reference(world: World, site: Site) -> None:
    identifier = check(world, **endpoint_config(site))
    assert check(world, **endpoint_config(site)) == identifier
    with pytest.raises(ClientError) as other:
        check(world, **endpoint_config(site, Inverted=True))
    assert error_code(other) == "HealthCheckAlreadyExists"


def test_health_checks_come_in_pages(world: World, site: Site) -> None:
    made = {check(world, f"r{i}", **endpoint_config(site)) for i in range(5)}
    client = world.client("route53")
    seen, more = [], {}
    while True:
        page = client.list_health_checks(MaxItems="2", **more)
        seen += [c["Id"] for c in page["HealthChecks"]]
        if not page["IsTruncated"]:
            break
        more = {"Marker": page["NextMarker"]}
    assert len(seen) == 5
    assert set(seen) == made


def test_the_status_metric_is_in_us_east_1(world: World, site: Site) -> None:
    identifier = check(world, **endpoint_config(site))

    def metrics(region: str) -> list:
        return world.client("cloudwatch", region).list_metrics(
            Namespace="AWS/Route53",
            MetricName="HealthCheckStatus",
            Dimensions=[{"Name": "HealthCheckId", "Value": identifier}],
        )["Metrics"]

    eventually(lambda: metrics(EAST), "the metric")
    assert metrics(WEST) == []
