"""The client follows the name, and its record with the databases gives the truth of a real move."""

import threading

import dnslib
import pytest
from dnslib.server import BaseResolver, DNSServer

from rehearsal import client, procs, resolver, truth

from .stack import LONGEST_S, TTL_S, move, table_client, two_sides
from .conftest import EAST, WEST

LIMIT_S = 20
NAME = "orders.example.test"


class Zone(BaseResolver):
    """A zone of one name whose address can be moved."""

    def __init__(self):
        self.address, self.ttl_s, self.asked = EAST, 1, 0

    def resolve(self, request, _handler):
        self.asked += 1
        reply = request.reply()
        if str(request.q.qname) == NAME + ".":
            reply.add_answer(dnslib.RR(NAME, dnslib.QTYPE.A, ttl=self.ttl_s,
                                       rdata=dnslib.A(self.address)))
        else:
            reply.header.rcode = dnslib.RCODE.NXDOMAIN
        return reply


class Silent:
    """dnslib's server prints each query unless told otherwise."""

    def __getattr__(self, _name):
        return lambda *_: None


@pytest.fixture
def dns():
    zone = Zone()
    port = procs.free_port("127.3.0.1")
    server = DNSServer(zone, address="127.3.0.1", port=port, logger=Silent())
    server.start_thread()
    yield zone, ("127.3.0.1", port)
    server.stop()
    server.server.server_close()


def test_the_resolver_honours_the_ttl_and_believes_nothing_beyond_it(dns):
    zone, server = dns
    stub = resolver.Resolver(server)
    zone.ttl_s = 60
    assert [stub.address(NAME), stub.address(NAME)] == [EAST, EAST] and zone.asked == 1
    zone.ttl_s = 0
    other = resolver.Resolver(server)
    assert other.address(NAME) == EAST
    zone.address = WEST
    assert other.address(NAME) == WEST
    with pytest.raises(resolver.NoAnswer, match="NXDOMAIN"):
        stub.address("nothing.example.test")


def test_a_whole_move_is_measured(dns, board, pair, dynamodb, tmp_path):
    """us-east-1 dies without a word; its lease is waited out; nothing is written twice."""
    zone, server = dns
    east, west = two_sides(board, pair, dynamodb, tmp_path)
    public = procs.free_port(EAST, WEST)
    gates = [board.gate((side.host, public), (side.host, side.port)) for side in (east, west)]
    for side in (east, west):
        side.start()
    procs.wait_until("east to accept", lambda: east.order("first") == 201, LIMIT_S)
    record = tmp_path / "client.jsonl"
    users = client.Client(NAME, public, server, record)
    users.start()

    def accepted(side):
        return lambda: sum(line["status"] == 201 and line["side"] == side
                           for line in truth.read_record(record)) > 20

    procs.wait_until("orders in us-east-1", accepted("us-east-1"), LIMIT_S)
    gates[0].set("cut")
    east.processes.kill_all()
    pair.primary.kill()
    leases = table_client(dynamodb)
    move(leases, "us-east-1", "nobody")
    threading.Event().wait(TTL_S + LONGEST_S)  # what the fence's proof needs
    pair.replica.promote()
    move(leases, "nobody", "us-west-2")
    zone.address = WEST
    procs.wait_until("orders in us-west-2", accepted("us-west-2"), LIMIT_S)
    users.stop()

    rows = truth.read_rows(pair.replica)
    found = truth.reckon(truth.read_record(record), rows)
    assert set(found.by_side) == {"us-east-1", "us-west-2"}
    assert found.two_writers == []
    assert TTL_S + LONGEST_S < found.longest_gap_s < LIMIT_S
    assert [line for line in found.unread if line not in found.lost] == []

    # Planted: one acknowledged order is taken out of the database that serves.
    last = max(rows, key=lambda row: row.at_ms)
    pair.replica.query("DELETE FROM orders WHERE id = :id", id=last.id)
    planted = truth.reckon(truth.read_record(record), truth.read_rows(pair.replica))
    assert set(planted.lost) == {*found.lost, last.id}
    for side in (east, west):
        side.processes.kill_all()
