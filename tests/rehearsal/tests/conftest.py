"""What the tests share: a PostgreSQL pair, gates, and a DynamoDB of this machine's own."""

from __future__ import annotations

import os
import urllib.request

import pytest

from rehearsal import gate, orders_schema, postgres, procs

# The addresses of the two Regions, as a rehearsal has them.
EAST, WEST = "127.1.0.1", "127.2.0.1"


@pytest.fixture(autouse=True)
def credentials(monkeypatch):
    """The SDK signs every call; the local AWS takes any credentials."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "rehearsal")
    os.environ.pop("AWS_PROFILE", None)


@pytest.fixture
def board():
    """Gates, closed at the test's end."""
    board = gate.Board()
    yield board
    board.close()


@pytest.fixture
def pair(tmp_path):
    """A pair that streams, with the orders schema."""
    pair = postgres.Pair(tmp_path / "pg", (EAST, procs.free_port(EAST)),
                         (WEST, procs.free_port(WEST)), tmp_path / "logs")
    try:
        pair.start(orders_schema.SCHEMA)
        yield pair
    finally:
        pair.stop()


@pytest.fixture
def dynamodb():
    """Answers the address of a fresh DynamoDB."""
    from moto.server import ThreadedMotoServer

    port = procs.free_port("127.3.0.1")
    server = ThreadedMotoServer(ip_address="127.3.0.1", port=port, verbose=False)
    server.start()
    # The stand-in keeps its state for the life of the process.
    urllib.request.urlopen(f"http://127.3.0.1:{port}/moto-api/reset", data=b"").close()
    yield ("127.3.0.1", port)
    server.stop()
