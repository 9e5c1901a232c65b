"""Route 53: exact and atomic change batches, change status, pacing, pages."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.route53.models import route53_backends
from services_support import World, error_code, message

from localaws import ACCOUNT
from localaws.services.route53_changes import served_records


@pytest.fixture
def zone(world: World) -> tuple[World, Any, str]:
    """A hosted zone `leeward.test`."""
    client = world.client("route53")
    made = client.create_hosted_zone(Name="leeward.test", CallerReference="one")
    return world, client, made["HostedZone"]["Id"]


def txt(value: str, name: str = "_leeward.orders.edge.leeward.test", **more: Any) -> dict:
    return {
        "Name": name,
        "Type": "TXT",
        "TTL": 60,
        "ResourceRecords": [{"Value": value}],
        **more,
    }


def address(value: str, name: str = "orders.leeward.test", **more: Any) -> dict:
    return {"Name": name, "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": value}], **more}


def change(client: Any, zone_id: str, *changes: tuple[str, dict]) -> dict:
    batch = [{"Action": action, "ResourceRecordSet": record} for action, record in changes]
    return client.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": batch})


def refused(client: Any, zone_id: str, *changes: tuple[str, dict]) -> Any:
    with pytest.raises(ClientError) as caught:
        change(client, zone_id, *changes)
    return caught


def values(client: Any, zone_id: str, type_: str) -> dict[str, list[str]]:
    sets = client.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
    return {
        s["Name"]: [r["Value"] for r in s["ResourceRecords"]] for s in sets if s["Type"] == type_
    }


def test_the_compare_and_swap_lets_one_of_two_through(zone: tuple[World, Any, str]) -> None:
    _, client, zone_id = zone
    change(client, zone_id, ("CREATE", txt('"0"')), ("CREATE", address("127.1.0.1")))
    swap = (("DELETE", txt('"0"')), ("CREATE", txt('"1"')), ("UPSERT", address("127.2.0.1")))
    change(client, zone_id, *swap)
    caught = refused(client, zone_id, *swap)
    assert error_code(caught) == "InvalidChangeBatch"
    assert message(caught).startswith(
        "[Tried to delete resource record set [name='_leeward.orders.edge.leeward.test.', "
        "type='TXT'] but the values provided do not match the current values"
    )
    assert values(client, zone_id, "TXT") == {"_leeward.orders.edge.leeward.test.": ['"1"']}
    assert values(client, zone_id, "A") == {"orders.leeward.test.": ["127.2.0.1"]}


def test_a_refused_batch_changes_nothing(zone: tuple[World, Any, str]) -> None:
    _, client, zone_id = zone
    change(client, zone_id, ("CREATE", address("127.1.0.1")))
    caught = refused(
        client, zone_id, ("UPSERT", address("127.2.0.1")), ("DELETE", txt('"5"'))
    )
    assert message(caught) == (
        "[Tried to delete resource record set [name='_leeward.orders.edge.leeward.test.', "
        "type='TXT'] but it was not found]"
    )
    assert values(client, zone_id, "A") == {"orders.leeward.test.": ["127.1.0.1"]}


@pytest.mark.parametrize(
    "wrong",
    [{"TTL": 61}, {"ResourceRecords": [{"Value": "127.1.0.2"}]}],
    ids=["ttl", "value"],
)
def test_a_delete_must_match_exactly(zone: tuple[World, Any, str], wrong: dict) -> None:
    _, client, zone_id = zone
    change(client, zone_id, ("CREATE", address("127.1.0.1")))
    caught = refused(client, zone_id, ("DELETE", {**address("127.1.0.1"), **wrong}))
    assert "do not match the current values" in message(caught)
    change(client, zone_id, ("DELETE", address("127.1.0.1", name="ORDERS.leeward.test.")))
    assert values(client, zone_id, "A") == {}


def test_a_create_refuses_what_exists(zone: tuple[World, Any, str]) -> None:
    _, client, zone_id = zone
    change(client, zone_id, ("CREATE", address("127.1.0.1")))
    caught = refused(client, zone_id, ("CREATE", address("127.1.0.1")))
    assert error_code(caught) == "InvalidChangeBatch"
    assert message(caught) == (
        "[Tried to create resource record set [name='orders.leeward.test.', type='A'] but it "
        "already exists]"
    )


def test_all_reasons_are_told_at_once(zone: tuple[World, Any, str]) -> None:
    _, client, zone_id = zone
    caught = refused(
        client,
        zone_id,
        ("DELETE", txt('"5"')),
        ("CREATE", address("127.1.0.1", name="elsewhere.test")),
        ("CREATE", txt("no quotes", name="b.leeward.test")),
    )
    assert "but it was not found, RRSet with DNS name elsewhere.test. is not permitted" in message(
        caught
    )
    assert "InvalidCharacterString" in message(caught)


def test_a_record_deleted_twice_in_a_batch_is_refused(zone: tuple[World, Any, str]) -> None:
    _, client, zone_id = zone
    change(client, zone_id, ("CREATE", address("127.1.0.1")))
    twice = (("DELETE", address("127.1.0.1")), ("DELETE", address("127.1.0.1")))
    assert error_code(refused(client, zone_id, *twice)) == "InvalidChangeBatch"
    assert values(client, zone_id, "A") == {"orders.leeward.test.": ["127.1.0.1"]}


def test_a_cname_gives_way_to_an_alias_in_one_batch(zone: tuple[World, Any, str]) -> None:
    _, client, zone_id = zone
    cname = {
        "Name": "www.leeward.test",
        "Type": "CNAME",
        "TTL": 60,
        "ResourceRecords": [{"Value": "orders.leeward.test"}],
    }
    target = {
        "HostedZoneId": zone_id.split("/")[-1],
        "DNSName": "orders.leeward.test",
        "EvaluateTargetHealth": False,
    }
    alias = {"Name": "www.leeward.test", "Type": "A", "AliasTarget": target}
    change(client, zone_id, ("CREATE", cname), ("CREATE", address("127.1.0.1")))
    assert "conflicting RRSet" in message(refused(client, zone_id, ("CREATE", alias)))
    change(client, zone_id, ("DELETE", cname), ("CREATE", alias))
    at_apex = {**cname, "Name": "leeward.test"}
    assert "not permitted at apex" in message(refused(client, zone_id, ("CREATE", at_apex)))


def test_routed_records_are_told_apart_by_set_identifier(zone: tuple[World, Any, str]) -> None:
    _, client, zone_id = zone
    check = client.create_health_check(
        CallerReference="hc",
        HealthCheckConfig={"Type": "TCP", "IPAddress": "127.0.0.1", "Port": 9},
    )["HealthCheck"]["Id"]
    first = address("127.1.0.1", SetIdentifier="east", Failover="PRIMARY", HealthCheckId=check)
    second = address("127.2.0.1", SetIdentifier="west", Failover="SECONDARY")
    change(client, zone_id, ("CREATE", first), ("CREATE", second))
    assert "other RRSets exist" in message(
        refused(client, zone_id, ("CREATE", address("127.3.0.1")))
    )
    without_check = {k: v for k, v in first.items() if k != "HealthCheckId"}
    assert "do not match" in message(refused(client, zone_id, ("DELETE", without_check)))
    change(client, zone_id, ("DELETE", first))
    (left,) = [
        s
        for s in client.list_resource_record_sets(HostedZoneId=zone_id)["ResourceRecordSets"]
        if s["Type"] == "A"
    ]
    assert left["SetIdentifier"] == "west"
    missing = {**first, "HealthCheckId": "none"}
    assert error_code(refused(client, zone_id, ("CREATE", missing))) == "NoSuchHealthCheck"


def test_malformed_changes_are_invalid_input(zone: tuple[World, Any, str]) -> None:
    _, client, zone_id = zone
    bare = {"Name": "orders.leeward.test", "Type": "A"}
    assert error_code(refused(client, zone_id, ("UPSERT", bare))) == "InvalidInput"
    loose = address("127.1.0.1", Failover="PRIMARY")
    assert error_code(refused(client, zone_id, ("UPSERT", loose))) == "InvalidInput"
    assert error_code(refused(client, "ZNONE", ("UPSERT", address("127.1.0.1")))) == (
        "NoSuchHostedZone"
    )


def test_a_change_is_pending_until_it_is_in_sync(zone: tuple[World, Any, str]) -> None:
    world, client, zone_id = zone
    world.slow()
    info = change(client, zone_id, ("CREATE", address("127.1.0.1")))["ChangeInfo"]
    assert info["Status"] == "PENDING"
    assert client.get_change(Id=info["Id"])["ChangeInfo"]["Status"] == "PENDING"
    world.step()
    assert client.get_change(Id=info["Id"])["ChangeInfo"]["Status"] == "INSYNC"
    with pytest.raises(ClientError) as unknown:
        client.get_change(Id="CNONE")
    assert error_code(unknown) == "NoSuchChange"


def test_a_change_that_arrives_late_takes_nothing_of_a_later_one_back(
    zone: tuple[World, Any, str],
) -> None:
    _, _, zone_id = zone
    backend = route53_backends[ACCOUNT]["aws"]
    arrivals = [
        backend.change_resource_record_sets(
            zone_id, [{"Action": "CREATE", "ResourceRecordSet": address("127.1.0.1", name)}]
        )
        for name in ("one.leeward.test", "two.leeward.test", "three.leeward.test")
    ]
    for arrive in reversed(arrivals):
        arrive()
    served = served_records(backend.get_hosted_zone(zone_id))
    names = {record.name.rstrip(".") for record in served if record.type == "A"}
    assert names == {"one.leeward.test", "two.leeward.test", "three.leeward.test"}


def test_one_change_at_a_time_when_asked_for(zone: tuple[World, Any, str]) -> None:
    world, client, zone_id = zone
    world.timings.route53_one_change_at_a_time = True
    world.slow()
    change(client, zone_id, ("CREATE", address("127.1.0.1")))
    caught = refused(client, zone_id, ("UPSERT", address("127.2.0.1")))
    assert error_code(caught) == "PriorRequestNotComplete"
    world.step()
    change(client, zone_id, ("UPSERT", address("127.2.0.1")))


def test_requests_above_the_rate_are_throttled(zone: tuple[World, Any, str]) -> None:
    world, client, zone_id = zone
    # One a second and not AWS's five: even a slow machine is faster than that.
    world.timings.route53_requests_per_second = 1
    with pytest.raises(ClientError) as caught:
        for _ in range(20):
            client.get_hosted_zone(Id=zone_id)
    assert error_code(caught) == "Throttling"
    assert caught.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    assert message(caught) == "Rate exceeded"


def test_records_come_in_pages_and_in_order(zone: tuple[World, Any, str]) -> None:
    _, client, zone_id = zone
    weighted = [
        ("CREATE", address("127.1.0.1", SetIdentifier=f"s{i}", Weight=i)) for i in range(3)
    ]
    plain = [("CREATE", address("127.1.0.1", name=f"n{i}.leeward.test")) for i in range(4)]
    change(client, zone_id, *weighted, *plain)
    seen, more = [], {}
    while True:
        page = client.list_resource_record_sets(HostedZoneId=zone_id, MaxItems="2", **more)
        assert len(page["ResourceRecordSets"]) <= 2
        seen += [
            (s["Name"], s.get("SetIdentifier"))
            for s in page["ResourceRecordSets"]
            if s["Type"] == "A"
        ]
        if not page["IsTruncated"]:
            break
        more = {
            f"Start{k[4:]}": page[k]
            for k in ("NextRecordName", "NextRecordType", "NextRecordIdentifier")
            if k in page
        }
    assert seen == [(f"n{i}.leeward.test.", None) for i in range(4)] + [
        ("orders.leeward.test.", f"s{i}") for i in range(3)
    ]
