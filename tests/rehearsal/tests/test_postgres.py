"""The pair is a real one: it streams, it is promoted, and it dies without a last word."""

import pytest

from rehearsal import procs


def test_the_replica_follows_and_is_promoted_when_the_primary_dies(pair):
    assert pair.primary.replicas()[0][:2] == ("replica", "streaming")
    assert not pair.primary.in_recovery() and pair.replica.in_recovery()
    pair.primary.query("INSERT INTO orders (id, side, epoch) VALUES ('a', 'us-east-1', 1)")
    procs.wait_until("the row on the replica",
                     lambda: pair.replica.query("SELECT id FROM orders") == [["a"]], 5)
    with pytest.raises(Exception, match="read-only transaction"):
        pair.replica.query("INSERT INTO orders (id, side, epoch) VALUES ('b', 'x', 1)")

    pair.primary.kill()
    assert not pair.primary.alive()
    procs.wait_until("the stream to end", lambda: not pair.replica.receives(), 5)
    assert pair.replica.replay_age_s() > 0
    pair.replica.promote()
    pair.replica.query("INSERT INTO orders (id, side, epoch) VALUES ('b', 'us-west-2', 2)")
    assert pair.replica.query("SELECT id FROM orders ORDER BY id") == [["a"], ["b"]]
    with pytest.raises(Exception):
        pair.replica.promote()


def test_a_frozen_primary_is_alive_and_silent(pair):
    pair.primary.freeze()
    try:
        assert pair.primary.alive()
        with pytest.raises(Exception):
            pair.primary.query("SELECT 1")
    finally:
        pair.primary.thaw()
    assert pair.primary.query("SELECT 1") == [[1]]
