"""The authoritative name servers: policies, health, aliases, propagation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from services_support import EAST, WEST, World
from dnslib import QTYPE, RCODE, DNSRecord
from localaws.dns import DnsServer

REGIONS = {"127.0.0.1": EAST}


@pytest.fixture
def names(world: World) -> Iterator["Names"]:
    world.timings.route53_insync = 0.0
    client = world.client("route53")
    zone = client.create_hosted_zone(Name="leeward.test", CallerReference="dns")["HostedZone"]["Id"]
    server = DnsServer(
        world.runtime,
        "127.0.0.1",
        region_of=REGIONS.get,
        external=lambda name, type_: ["127.9.9.9"] if name.endswith("amazonaws.com.") else [],
    )
    server.start()
    yield Names(world, client, zone, server)
    server.stop()


class Names:
    """A zone and its name server."""

    def __init__(self, world: World, client: Any, zone: str, server: DnsServer) -> None:
        self.world, self.client, self.zone, self.server = world, client, zone, server
        self.switches: dict[str, bool] = {}
        world.hooks.routing_control_on = self.switches.get

    def put(self, name: str, value: str | None, type_: str = "A", **more: Any) -> None:
        record = {"Name": name, "Type": type_, **more}
        if value is not None:
            record |= {"TTL": more.get("TTL", 30), "ResourceRecords": [{"Value": value}]}
        batch = {"Changes": [{"Action": "UPSERT", "ResourceRecordSet": record}]}
        self.client.change_resource_record_sets(HostedZoneId=self.zone, ChangeBatch=batch)

    def switch(self, name: str, on: bool = True) -> str:
        """A health check that can be switched; answers with its id."""
        self.switches[name] = on
        return self.client.create_health_check(
            CallerReference=name,
            HealthCheckConfig={"Type": "RECOVERY_CONTROL", "RoutingControlArn": name},
        )["HealthCheck"]["Id"]

    def ask(self, name: str, type_: str = "A", tcp: bool = False) -> DNSRecord:
        question = DNSRecord.question(name, type_)
        raw = question.send(self.server.address, self.server.port, tcp=tcp, timeout=5)
        return DNSRecord.parse(raw)

    def values(self, name: str, type_: str = "A", tcp: bool = False) -> list[str]:
        return [str(rr.rdata) for rr in self.ask(name, type_, tcp).rr]

    def alias(self, name: str, target: str, evaluate: bool = True, **more: Any) -> None:
        where = {
            "HostedZoneId": self.zone.split("/")[-1],
            "DNSName": target,
            "EvaluateTargetHealth": evaluate,
        }
        self.put(name, None, AliasTarget=where, **more)


def test_a_simple_record_by_udp_and_tcp(names: Names) -> None:
    names.put("orders.leeward.test", "127.1.0.1", TTL=17)
    for tcp in (False, True):
        reply = names.ask("ORDERS.leeward.test", tcp=tcp)
        (answer,) = reply.rr
        assert (str(answer.rdata), answer.ttl) == ("127.1.0.1", 17)
        assert reply.header.aa == 1


def test_missing_names_and_missing_types(names: Names) -> None:
    names.put("a.b.leeward.test", "127.1.0.1")
    nothing = names.ask("none.leeward.test")
    assert nothing.header.rcode == RCODE.NXDOMAIN
    assert QTYPE[nothing.auth[0].rtype] == "SOA"
    for name, type_ in (("a.b.leeward.test", "TXT"), ("b.leeward.test", "A")):
        reply = names.ask(name, type_)
        assert (reply.header.rcode, reply.rr) == (RCODE.NOERROR, [])
    assert names.ask("elsewhere.test").header.rcode == RCODE.REFUSED


def test_txt_cname_and_wildcard(names: Names) -> None:
    names.put("_leeward.orders.edge.leeward.test", '"7"', "TXT")
    assert names.values("_leeward.orders.edge.leeward.test", "TXT") == ['"7"']
    names.put("orders.leeward.test", "127.1.0.1")
    names.put("www.leeward.test", "orders.leeward.test", "CNAME")
    assert names.values("www.leeward.test") == ["orders.leeward.test.", "127.1.0.1"]
    assert names.values("www.leeward.test", "CNAME") == ["orders.leeward.test."]
    names.put("*.apps.leeward.test", "127.3.0.1")
    assert names.values("any.apps.leeward.test") == ["127.3.0.1"]


def pair(names: Names, **checks: str) -> None:
    names.put(
        "orders.leeward.test",
        "127.1.0.1",
        SetIdentifier="e",
        Failover="PRIMARY",
        HealthCheckId=checks["east"],
    )
    more = {"HealthCheckId": checks["west"]} if "west" in checks else {}
    names.put("orders.leeward.test", "127.2.0.1", SetIdentifier="w", Failover="SECONDARY", **more)


def test_failover(names: Names) -> None:
    pair(names, east=names.switch("east"), west=names.switch("west"))
    assert names.values("orders.leeward.test") == ["127.1.0.1"]
    names.switches["east"] = False
    assert names.values("orders.leeward.test") == ["127.2.0.1"]
    names.switches["west"] = False
    assert names.values("orders.leeward.test") == ["127.1.0.1"], "none healthy: the primary"
    names.switches["east"] = True
    assert names.values("orders.leeward.test") == ["127.1.0.1"]


def test_weighted(names: Names) -> None:
    for name, value, weight in (("e", "127.1.0.1", 1), ("w", "127.2.0.1", 0)):
        names.put(
            "orders.leeward.test",
            value,
            SetIdentifier=name,
            Weight=weight,
            HealthCheckId=names.switch(name),
        )
    seen = {names.values("orders.leeward.test")[0] for _ in range(20)}
    assert seen == {"127.1.0.1"}
    names.switches["e"] = False
    assert names.values("orders.leeward.test") == ["127.2.0.1"], "weight 0 when nothing else is"
    names.switches["w"] = False
    assert names.values("orders.leeward.test") == ["127.1.0.1"], "all unhealthy: as if all healthy"


def test_latency(names: Names) -> None:
    for region, value in ((EAST, "127.1.0.1"), (WEST, "127.2.0.1")):
        names.put(
            "orders.leeward.test",
            value,
            SetIdentifier=region,
            Region=region,
            HealthCheckId=names.switch(region),
        )
    assert names.values("orders.leeward.test") == ["127.1.0.1"]
    names.switches[EAST] = False
    assert names.values("orders.leeward.test") == ["127.2.0.1"]


def test_multivalue(names: Names) -> None:
    for number in range(10):
        names.put(
            "many.leeward.test",
            f"127.4.0.{number}",
            SetIdentifier=str(number),
            MultiValueAnswer=True,
            HealthCheckId=names.switch(str(number)),
        )
    assert len(names.values("many.leeward.test")) == 8
    for number in range(9):
        names.switches[str(number)] = False
    assert names.values("many.leeward.test") == ["127.4.0.9"]


def test_an_alias_takes_the_health_of_what_is_behind_it(names: Names) -> None:
    names.put(
        "east.leeward.test",
        "127.1.0.1",
        SetIdentifier="only",
        Weight=1,
        HealthCheckId=names.switch("east"),
    )
    names.put("west.leeward.test", "127.2.0.1")
    names.alias("orders.leeward.test", "east.leeward.test", SetIdentifier="e", Failover="PRIMARY")
    names.alias("orders.leeward.test", "west.leeward.test", SetIdentifier="w", Failover="SECONDARY")
    (answer,) = names.ask("orders.leeward.test").rr
    assert (str(answer.rname), str(answer.rdata)) == ("orders.leeward.test.", "127.1.0.1")
    names.switches["east"] = False
    assert names.values("orders.leeward.test") == ["127.2.0.1"]
    names.alias(
        "orders.leeward.test",
        "east.leeward.test",
        evaluate=False,
        SetIdentifier="e",
        Failover="PRIMARY",
    )
    assert names.values("orders.leeward.test") == ["127.1.0.1"]


def test_an_alias_to_a_load_balancer(names: Names) -> None:
    names.alias("lb.leeward.test", "web-1.us-west-2.elb.amazonaws.com", evaluate=False)
    (answer,) = names.ask("lb.leeward.test").rr
    assert (str(answer.rdata), answer.ttl) == ("127.9.9.9", 60)


def test_a_change_is_answered_when_it_is_in_sync(names: Names) -> None:
    names.put("orders.leeward.test", "127.1.0.1")
    assert names.values("orders.leeward.test") == ["127.1.0.1"]
    names.world.slow()
    names.put("orders.leeward.test", "127.2.0.1")
    assert names.values("orders.leeward.test") == ["127.1.0.1"]
    names.world.step()
    assert names.values("orders.leeward.test") == ["127.2.0.1"]
