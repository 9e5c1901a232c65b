"""What AWS tells in a storm: twice, late, out of order, or never; and what its services tell of themselves."""

import json
import urllib.request

import pytest
from support import REGION, until

from localaws.events.unruly import Unruly

ARN = "arn:aws:lambda:eu-west-1:123456789012:function:leeward-detector:live"


def ask(aws, method, name, body=None):
    """One of the local AWS's own controls."""
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{aws.url}/_local/{name}", data, method=method)
    with urllib.request.urlopen(request, timeout=10) as answer:
        return json.loads(answer.read())


def news(aws, function, source):
    found = [json.loads(e["payload"]) for e in aws.lambdas.history() if e["function"] == function]
    return [p for p in found if isinstance(p, dict) and p.get("source") == source]


@pytest.fixture
def listening(aws, stack):
    """Rules in three Regions that give what AWS Health and RDS tell to a function."""
    function = f"arn:aws:lambda:{REGION}:123456789012:function:{stack.outputs['Worker']}:live"
    bus = f"arn:aws:events:{REGION}:123456789012:event-bus/default"
    pattern = json.dumps({"source": ["aws.health", "aws.rds"]})
    for region in ("us-east-1", "us-west-2", REGION):
        events = aws.client("events", region)
        events.put_rule(Name="told", EventPattern=pattern)
        target = function if region == REGION else bus
        events.put_targets(Rule="told", Targets=[{"Id": "t", "Arn": target}])
    return stack.outputs["Worker"]


def test_nothing_is_unruly_until_it_is_said():
    seen = []
    quiet = Unruly()
    quiet.send(ARN, lambda: seen.append(1))
    assert seen == [1] and quiet.count() == {"sent": 1, "twice": 0, "late": 0, "lost": 0}


def test_deliveries_come_twice_out_of_order_and_not_at_all():
    storm, seen = Unruly(), []
    storm.set(twice=1.0, late_s=0.3, seed=7)
    for number in range(50):
        storm.send(ARN, lambda number=number: seen.append(number))
    until(lambda: len(seen) == 100, "everything comes twice")
    assert seen != sorted(seen) and sorted(seen) == sorted([*range(50), *range(50)])
    storm.set(lost=1.0)
    storm.send(ARN, lambda: seen.append(-1))
    assert storm.count() == {"sent": 51, "twice": 50, "late": 100, "lost": 1}
    assert -1 not in seen
    storm.close()


def test_only_those_that_are_meant_are_unruly():
    storm, seen = Unruly(), []
    storm.set(lost=1.0, only="function:leeward-detector")
    storm.send(ARN, lambda: seen.append("detector"))
    storm.send("arn:aws:lambda:eu-west-1:123456789012:function:other", lambda: seen.append("other"))
    assert seen == ["other"]


def test_the_same_seed_loses_the_same():
    def kept():
        storm, seen = Unruly(), []
        storm.set(lost=0.5, seed=3)
        for number in range(40):
            storm.send(ARN, lambda number=number: seen.append(number))
        return seen

    assert kept() == kept() and 0 < len(kept()) < 40


def test_a_health_event_is_told_in_its_region_and_in_the_backup(aws, listening):
    arn = aws.notices.health("us-east-1", service="EC2")
    told = until(lambda: len(news(aws, listening, "aws.health")) >= 2 and
                 news(aws, listening, "aws.health"), "both tell")  # fmt: skip
    assert {event["region"] for event in told} == {"us-east-1", "us-west-2"}
    for event in told:
        detail = event["detail"]
        assert detail["eventArn"] == arn and detail["eventRegion"] == "us-east-1"
        assert detail["statusCode"] == "open" and detail["startTime"].endswith("GMT")


def test_a_dead_region_tells_nothing_and_the_backup_does(aws, listening):
    aws.faults.region_down("us-east-1")
    before = len(news(aws, listening, "aws.health"))
    ask(aws, "POST", "notices", {"health": {"region": "us-east-1", "status": "closed"}})
    told = until(lambda: news(aws, listening, "aws.health")[before:], "the backup tells")
    assert [event["region"] for event in told] == ["us-west-2"]
    assert ask(aws, "POST", "notices", {"rds": {
        "region": "us-east-1", "instance": "orders-db", "event": "RDS-EVENT-0031"}}) == {
        "heard": False}  # fmt: skip


def test_an_rds_event_has_the_documented_shape(aws, listening):
    ask(aws, "POST", "notices", {"rds": {
        "region": "us-west-2", "instance": "orders-db-west", "event": "RDS-EVENT-0045"}})  # fmt: skip
    event = until(lambda: news(aws, listening, "aws.rds"), "RDS tells")[0]
    assert event["detail-type"] == "RDS DB Instance Event"
    assert event["resources"] == [event["detail"]["SourceArn"]]
    assert event["detail"]["EventCategories"] == ["read replica"]
    with pytest.raises(ValueError, match="RDS-EVENT-9999"):
        aws.notices.rds("us-west-2", "orders-db-west", "RDS-EVENT-9999")


def test_zones_and_instances_are_set_from_outside(aws):
    ask(aws, "POST", "places", {"zone": "us-east-1b", "dead": True})
    ask(aws, "POST", "places", {"instance": "i-1", "dead": True})
    assert ask(aws, "GET", "places") == {"dead_zones": ["us-east-1b"], "impaired": ["i-1"]}
    ask(aws, "POST", "places", {"zone": "us-east-1b", "dead": False})
    ask(aws, "POST", "places", {"instance": "i-1", "dead": False})
    assert ask(aws, "GET", "places") == {"dead_zones": [], "impaired": []}


def test_unruly_deliveries_are_set_from_outside(aws, listening):
    ask(aws, "POST", "deliveries", {"twice": 1.0, "seed": 2})
    before = len(news(aws, listening, "aws.rds"))
    aws.notices.rds(REGION, "orders-db", "RDS-EVENT-0006")
    until(lambda: len(news(aws, listening, "aws.rds")) == before + 2, "it comes twice")
    ask(aws, "POST", "deliveries", {})
    assert ask(aws, "GET", "deliveries")["unruly"]["twice"] == 1
