"""The orders service over real PostgreSQL: acknowledged means committed, and only by the writer."""

import threading
import time

import pg8000.native
import pytest

from rehearsal import lease, procs

from .stack import DRIFT_S, LONGEST_S, TABLE, TTL_S, move, table_client, two_sides

# A service's start-up on a busy machine.
LIMIT_S = 20


@pytest.fixture
def sides(board, pair, dynamodb, tmp_path):
    east, west = two_sides(board, pair, dynamodb, tmp_path)
    east.start()
    procs.wait_until("east to accept", lambda: east.order("first") == 201, LIMIT_S)
    yield east, west
    for side in (east, west):
        side.processes.kill_all()


def has(server, order_id):
    return server.query("SELECT 1 FROM orders WHERE id = :id", id=order_id) == [[1]]


def test_it_speaks_http_as_documented(sides, pair):
    east, _ = sides
    status, body, _ = east.ask("POST", "/orders", {"id": "a"})
    assert (status, body) == (201, {"id": "a", "side": "us-east-1", "epoch": 1})
    assert has(pair.primary, "a")
    assert east.order("a") == 201, "the same order again is the same order"
    assert east.ask("GET", "/orders/a")[0] == 200
    assert east.ask("GET", "/orders/none")[0] == 404
    assert east.ask("GET", "/health")[0] == 200
    status, body, headers = east.ask("GET", "/")
    assert (body, headers["X-Leeward-Side"]) == ({"side": "us-east-1"}, "us-east-1")
    for bad in ({}, {"id": 3}, {"id": ""}, ["a"]):
        assert east.ask("POST", "/orders", bad)[0] == 400


def test_cut_off_from_the_table_it_stops_in_time(sides, pair):
    east, _ = sides
    east.table_gate.set("cut")
    cut = lease.monotonic()
    last_accepted = cut
    while True:
        began = lease.monotonic()
        status, body, _ = east.ask("POST", "/orders", {"id": f"cut-{began}"})
        if status != 201:
            assert body == {"reason": "not the writer"}
            break
        last_accepted = began
        assert began - cut < TTL_S, "accepted after its lease had run out"
        time.sleep(0.02)
    assert last_accepted - cut > TTL_S / 3, "a single lost renewal must not stop the writer"
    at = pair.primary.query("SELECT at_ms FROM leeward_heartbeat")[0][0]
    assert east.ask("GET", "/health")[0] == 200, "health speaks of the database, not of the lease"
    east.table_gate.set("pass")
    procs.wait_until("east to accept again", lambda: east.order("back") == 201, LIMIT_S)
    procs.wait_until("the heartbeat to go on", lambda: pair.primary.query(
        "SELECT at_ms FROM leeward_heartbeat")[0][0] > at, LIMIT_S)


def test_a_commit_that_comes_late_is_refused_by_the_database(sides, pair):
    """A writer frozen between its check and its COMMIT: the server has ended the transaction."""
    east, _ = sides
    answers = []
    blocker = threading.Thread(target=lambda: answers.append(east.ask(
        "POST", "/orders", {"id": "frozen"}, 20)))
    # The row lock of an uncommitted twin holds the order between BEGIN and COMMIT.
    twin = pg8000.native.Connection("postgres", host=pair.primary.host, port=pair.primary.port,
                                    database="orders", ssl_context=False)
    twin.run("BEGIN")
    twin.run("INSERT INTO orders (id, side, epoch) VALUES ('frozen', 'twin', 0)")
    blocker.start()
    waits = "SELECT 1 FROM pg_stat_activity WHERE usename = 'orders' AND wait_event_type = 'Lock'"
    procs.wait_until("the order to wait", lambda: pair.primary.query(waits), LIMIT_S)
    east.processes.freeze("orders-us-east-1")
    twin.run("ROLLBACK")
    twin.close()
    # Whatever state the session passes through: its transaction is over only when none is open.
    still_open = ("SELECT 1 FROM pg_stat_activity WHERE usename = 'orders'"
                  " AND xact_start IS NOT NULL")
    procs.wait_until("the server to end the transaction",
                     lambda: not pair.primary.query(still_open), LONGEST_S + LIMIT_S)
    east.processes.thaw("orders-us-east-1")
    blocker.join()
    assert answers[0][0] == 503
    assert not has(pair.primary, "frozen")


def test_the_lease_moves_and_only_the_promoted_side_writes(sides, pair, dynamodb):
    east, west = sides
    west.start()
    client = table_client(dynamodb)
    assert west.order("x") == 503
    move(client, "us-east-1", "nobody")
    procs.wait_until("east to stop", lambda: east.order("probe") == 503, LIMIT_S)
    move(client, "nobody", "us-west-2")
    assert west.order("y") == 503, "granted, and its database takes no writes yet"
    procs.wait_until("west to see why", lambda: "read-only" in (
        west.processes.log_dir / "orders-us-west-2.log").read_text(), LIMIT_S)
    pair.replica.promote()
    assert pair.replica.query("SELECT region FROM leeward_heartbeat") == [["us-east-1"]]
    procs.wait_until("west to accept", lambda: west.order("z") == 201, LIMIT_S)
    assert pair.replica.query("SELECT id, region FROM leeward_heartbeat") == [[1, "us-west-2"]]
    assert pair.replica.query("SELECT side, epoch FROM orders WHERE id = 'z'") == [["us-west-2", 3]]
    assert not has(pair.replica, "y") and east.order("w") == 503


def test_a_database_that_is_away_is_said_and_comes_back(sides):
    east, _ = sides
    east.db_gate.set("refuse")
    status, body, _ = east.ask("POST", "/orders", {"id": "b"})
    assert status == 503 and "away" in body["reason"]
    assert east.ask("GET", "/health")[0] == 503
    east.db_gate.set("pass")
    procs.wait_until("east to accept", lambda: east.order("c") == 201, LIMIT_S)


def test_the_item_is_made_once(sides, dynamodb):
    client = table_client(dynamodb)
    item = client.get_item(TableName=TABLE, Key={"pk": {"S": "LEASE#orders"}})["Item"]
    assert (item["owner"], item["epoch"]) == ({"S": "us-east-1"}, {"N": "1"})
    assert int(item["renewed_at"]["N"]) > 0


def test_the_item_says_for_how_long_its_holder_may_write_and_covers_every_holder(sides, dynamodb):
    east, _ = sides
    client, key = table_client(dynamodb), {"pk": {"S": "LEASE#orders"}}

    def terms():
        item = client.get_item(TableName=TABLE, Key=key, ConsistentRead=True)["Item"]
        return [int(item[name]["N"]) for name in ("ttl_ms", "longest_ms", "drift_ms")]

    own = [int(s * 1000) for s in (TTL_S, LONGEST_S, DRIFT_S)]
    procs.wait_until("the terms to stand there", lambda: terms() == own, LIMIT_S)
    # What another holder says is larger stays; what is smaller than its own is raised again.
    for value, expected in (("60000", 60000), ("10", own[0])):
        client.update_item(TableName=TABLE, Key=key, UpdateExpression="SET ttl_ms = :t",
                           ExpressionAttributeValues={":t": {"N": value}})
        procs.wait_until("the terms to cover it", lambda: terms()[0] == expected, LIMIT_S)
        procs.wait_until("east to accept", lambda: east.order(f"t-{value}") == 201, LIMIT_S)


def test_a_brown_out_fails_the_share_that_it_is_told(sides):
    east, _ = sides
    assert east.ask("POST", "/brown-out", {"percent": 20})[0] == 200
    answers = [east.order(f"brown-{number}") for number in range(20)]
    assert (answers.count(500), answers.count(201)) == (4, 16)
    assert east.ask("POST", "/brown-out", {"percent": 0})[0] == 200
    assert east.order("brown-0") == 201
    assert east.ask("POST", "/brown-out", {"percent": 101})[0] == 400
