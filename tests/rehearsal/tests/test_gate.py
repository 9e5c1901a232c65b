"""Gates are what partitions are made of: each mode must look to its peer as the real thing does."""

import socket
import threading
import time

import pg8000.native
import pytest

from rehearsal import front, procs

from .conftest import EAST

# Far above a loopback's answer, far below the kernel's first SYN retransmission (1 s).
SHORT_S = 0.4


@pytest.fixture
def echo():
    """A server that answers what it hears."""
    listener = socket.create_server((EAST, 0))

    def serve(connection):
        with connection:
            while data := connection.recv(1024):
                connection.sendall(data)

    def accept():
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=serve, args=(connection,), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()
    yield listener.getsockname()
    listener.close()


def connect(gate):
    connection = socket.create_connection(gate.listen, SHORT_S)
    connection.settimeout(SHORT_S)
    return connection


def says(connection, word):
    connection.sendall(word)
    return connection.recv(1024)


def test_each_mode_looks_like_the_real_thing(board, echo):
    gate = board.gate((EAST, procs.free_port(EAST)), echo)
    with connect(gate) as old:
        assert says(old, b"one") == b"one"
        gate.set("hang")
        with connect(gate) as fresh, pytest.raises(TimeoutError):
            says(fresh, b"two")
        gate.set("refuse")
        with pytest.raises(ConnectionRefusedError):
            connect(gate)
        with pytest.raises((ConnectionError, BrokenPipeError)):
            assert says(old, b"three") == b"", "the reset must reach an open connection"
            raise ConnectionResetError
    gate.set("pass")
    with connect(gate) as fresh:
        assert says(fresh, b"four") == b"four"


def test_a_cut_is_silent_and_heals(board, echo):
    gate = board.gate((EAST, procs.free_port(EAST)), echo)
    with connect(gate) as old:
        assert says(old, b"one") == b"one"
        gate.set("cut")
        with pytest.raises(TimeoutError):
            connect(gate)
        with pytest.raises(TimeoutError):
            says(old, b"two")
        gate.set("pass")
        old.settimeout(5)
        assert old.recv(1024) == b"two", "what was sent into the silence arrives after it"
        with connect(gate) as fresh:
            assert says(fresh, b"three") == b"three"


def test_the_end_of_a_service_behind_a_cut_is_no_news(board, echo):
    gate = board.gate((EAST, procs.free_port(EAST)), echo)
    listener = socket.create_server((EAST, 0))
    gate.upstream = listener.getsockname()
    with connect(gate) as old:
        served, _ = listener.accept()
        gate.set("cut")
        served.close()
        with pytest.raises(TimeoutError):
            old.recv(1)
    listener.close()


def test_postgres_is_reached_by_tls_only_and_by_its_right_name(board, pair, tmp_path):
    authority = front.Authority(tmp_path / "tls")
    listen = (EAST, procs.free_port(EAST))
    front.open_front(board, listen, (pair.primary.host, pair.primary.port),
                     authority.server_context([EAST, "orders-db.rds.test"]))
    where = {"user": "orders", "host": EAST, "port": listen[1], "database": "orders", "timeout": 5}
    secure = pg8000.native.Connection(ssl_context=front.client_context(authority.ca_file), **where)
    assert secure.run("SELECT current_user") == [["orders"]]
    secure.close()
    with pytest.raises(pg8000.native.Error, match="TLS connections only"):
        pg8000.native.Connection(ssl_context=False, **where)
    other = front.Authority(tmp_path / "other")
    with pytest.raises(Exception, match="certificate verify failed"):
        pg8000.native.Connection(ssl_context=front.client_context(other.ca_file), **where)


def test_a_cut_session_stays_open_in_the_server(board, pair, tmp_path):
    """Revoking a path does not end what is established: the reason `isolate` alone is no proof."""
    authority = front.Authority(tmp_path / "tls")
    listen = (EAST, procs.free_port(EAST))
    gate = front.open_front(board, listen, (pair.primary.host, pair.primary.port),
                            authority.server_context([EAST]))
    session = pg8000.native.Connection(
        "orders", host=EAST, port=listen[1], database="orders", timeout=5,
        ssl_context=front.client_context(authority.ca_file))
    gate.set("cut")
    assert pair.primary.sessions("orders") == 1
    gate.set("refuse")
    start = time.monotonic()
    procs.wait_until("the session to end", lambda: pair.primary.sessions("orders") == 0, 5)
    assert time.monotonic() - start < 5
    with pytest.raises(Exception):
        session.run("SELECT 1")
