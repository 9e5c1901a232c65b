"""Every write is bound by its lease, to the very COMMIT."""

import pytest

from rehearsal import front, lease, procs, store

from .conftest import EAST
from .stack import LONGEST_S


class Script:
    """A holder that answers each check as told: an end of the lease, or None for `not any more`."""

    def __init__(self, *untils):
        self.untils = list(untils)

    def check(self) -> lease.Grant:
        until = self.untils.pop(0)
        if until is None:
            raise lease.NotTheWriter("over")
        return lease.Grant(7, until)


@pytest.fixture
def open_store(board, pair, tmp_path):
    authority = front.Authority(tmp_path / "tls")
    gate = front.open_front(board, (EAST, procs.free_port(EAST)),
                            (pair.primary.host, pair.primary.port), authority.server_context([EAST]))

    def make(*untils):
        return store.Store(*gate.listen, str(authority.ca_file), LONGEST_S, "us-east-1",
                           Script(*untils))

    return make, gate, pair.primary


def orders_of(server):
    return server.query("SELECT id, epoch FROM orders ORDER BY id")


def test_a_lease_that_ends_at_any_check_leaves_nothing(open_store):
    make, _gate, server = open_store
    good = lease.monotonic() + 60
    for checks in ([None], [good, None], [good, good, None]):
        with pytest.raises(lease.NotTheWriter):
            make(*checks).insert("a")
    assert orders_of(server) == []
    assert make(good, good, good).insert("a") == 7
    assert orders_of(server) == [["a", 7]]


def test_an_answer_that_cannot_be_dated_is_held_back(open_store):
    """COMMIT took so long that a fence may have been proven meanwhile."""
    make, _gate, _server = open_store
    over = lease.monotonic() - LONGEST_S
    with pytest.raises(store.OutcomeUnknown, match="after the lease"):
        make(over, over, over).insert("a")


def test_a_session_is_used_again_and_a_broken_one_is_not(open_store):
    make, gate, server = open_store
    good = lease.monotonic() + 60
    orders = make(*[good] * 12)
    orders.insert("a")
    orders.insert("b")
    assert server.sessions() == 1
    gate.set("refuse")
    with pytest.raises(store.Unavailable, match="away"):
        orders.insert("c")
    gate.set("pass")
    orders.insert("d")
    assert orders_of(server) == [["a", 7], ["b", 7], ["d", 7]]


def test_a_silent_database_is_given_up_within_the_longest_statement(open_store):
    make, gate, _server = open_store
    good = lease.monotonic() + 60
    orders = make(*[good] * 4)
    orders.answers()
    gate.set("hang")
    began = lease.monotonic()
    with pytest.raises(store.Unavailable):
        orders.answers()
    assert lease.monotonic() - began < 3 * LONGEST_S
