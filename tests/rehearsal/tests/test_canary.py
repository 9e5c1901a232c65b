"""Canaries and metric feeds say what is so, each second, into CloudWatch of their own Region."""

import socket

import boto3
import pytest

from rehearsal import canary, procs

from .conftest import EAST


@pytest.fixture
def aws(dynamodb, monkeypatch):
    """An AWS on this machine for the SDK's clients."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://{dynamodb[0]}:{dynamodb[1]}")
    # A service's first call loads it, which takes longer than a feed's time-outs allow.
    boto3.client("cloudwatch", region_name="us-east-1").list_metrics()
    boto3.client("autoscaling", region_name="us-east-1").describe_auto_scaling_groups()


def sent(region, namespace):
    client = boto3.client("cloudwatch", region_name=region)
    return [(m["MetricName"], m["Dimensions"]) for m in
            client.list_metrics(Namespace=namespace)["Metrics"]]


def test_a_probe_says_failed_when_nobody_answers(aws, board):
    refused = f"http://{EAST}:{procs.free_port(EAST)}/health"
    assert canary.feed(f"probe:canary-west={refused}", "us-west-2").send_once() == 1.0
    with socket.create_server((EAST, 0)) as nobody:
        gate = board.gate((EAST, procs.free_port(EAST)), nobody.getsockname())
        gate.set("cut")
        silent = f"http://{EAST}:{gate.listen[1]}/health"
        assert canary.feed(f"probe:canary-eu={silent}", "eu-west-1").send_once() == 1.0
    assert sent("us-west-2", "Leeward/Canary") == [
        ("Failed", [{"Name": "Canary", "Value": "canary-west"}])]
    assert sent("eu-west-1", "Leeward/Canary") == [
        ("Failed", [{"Name": "Canary", "Value": "canary-eu"}])]


def test_a_probe_says_well_when_it_is_answered(aws, dynamodb):
    url = f"http://{dynamodb[0]}:{dynamodb[1]}/moto-api/"
    assert canary.feed(f"probe:c={url}", "us-west-2").send_once() == 0.0


def test_replica_lag_is_the_replicas_own_and_ends_with_its_promotion(aws, pair):
    pair.primary.query("INSERT INTO orders (id, side, epoch) VALUES ('a', 'us-east-1', 1)")
    feed = canary.feed(f"replica:orders-db={pair.replica.host}:{pair.replica.port}", "us-west-2")
    procs.wait_until("a replayed commit", lambda: feed.send_once() is not None, 5)
    assert 0 <= feed.send_once() < 5
    assert sent("us-west-2", "AWS/RDS") == [
        ("ReplicaLag", [{"Name": "DBInstanceIdentifier", "Value": "orders-db"}])]
    pair.primary.kill()
    pair.replica.promote()
    assert feed.send_once() is None


def test_a_group_that_does_not_exist_has_no_metric(aws):
    assert canary.feed("group:web", "us-east-1").send_once() is None
    assert sent("us-east-1", "AWS/AutoScaling") == []


def test_an_unknown_job_is_refused_with_what_was_expected():
    with pytest.raises(ValueError, match="probe:"):
        canary.feed("ping:somebody", "us-east-1")
