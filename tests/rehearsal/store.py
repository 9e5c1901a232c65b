"""The orders service's database: every write in a transaction that the lease bounds."""

from __future__ import annotations

import threading
import time
from contextlib import contextmanager

import pg8000.native

from . import front, lease

# SQLSTATE of a write on a server in recovery (read_only_sql_transaction).
_READ_ONLY = "25006"
# Above the server's own bound, so that its error arrives before we give the connection up.
_ANSWER_MARGIN_S = 0.5
# Sessions kept open for the next request; more come and go with the load.
_KEPT = 8


class Unavailable(Exception):
    """Nothing was written: the database is away, read-only, or ended the transaction."""


class OutcomeUnknown(Exception):
    """COMMIT was sent and its answer is not known, or came too late to be dated."""


class Store:
    """Sessions to one database, and what the service does with them."""

    def __init__(self, host: str, port: int, ca_file: str, longest_s: float, region: str,
                 holder: lease.Holder):
        self._where = {"user": "orders", "host": host, "port": port, "database": "orders",
                       "timeout": longest_s + _ANSWER_MARGIN_S}
        self._tls = front.client_context(ca_file)
        self._longest_s, self._region, self._holder = longest_s, region, holder
        self._idle: list[pg8000.native.Connection] = []
        self._lock = threading.Lock()

    def insert(self, order_id: str) -> int:
        """Writes an order, committed when this returns; answers the epoch it was written under."""
        sql = ("INSERT INTO orders (id, side, epoch) VALUES (:id, :side, :epoch)"
               " ON CONFLICT (id) DO NOTHING")
        return self._write(sql, lambda epoch: {"id": order_id, "side": self._region,
                                               "epoch": epoch})

    def heartbeat(self) -> int:
        """Writes the heartbeat row; answers the epoch it was written under."""
        sql = ("INSERT INTO leeward_heartbeat (id, at_ms, region) VALUES (1, :at, :region)"
               " ON CONFLICT (id) DO UPDATE SET at_ms = :at, region = :region")
        return self._write(sql, lambda _epoch: {"at": time.time_ns() // 1_000_000,
                                                "region": self._region})

    def exists(self, order_id: str) -> bool:
        """Whether the order is in the database of this Region."""
        with self._session() as session:
            return bool(session.run("SELECT 1 FROM orders WHERE id = :id", id=order_id))

    def answers(self) -> None:
        """Raises `Unavailable` unless the database answers a query."""
        with self._session() as session:
            session.run("SELECT 1")

    def _write(self, sql: str, parameters) -> int:
        """One write transaction by rules 5 and 6 of the lease's contract."""
        self._holder.check()
        with self._session() as session:
            session.run("BEGIN")
            try:
                grant = self._holder.check()
                session.run(sql, **parameters(grant.epoch))
                self._holder.check()
            except lease.NotTheWriter:
                session.run("ROLLBACK")
                raise
            try:
                session.run("COMMIT")
            except Exception as error:
                raise OutcomeUnknown(f"COMMIT was sent and not answered: {error}") from error
            if lease.monotonic() >= grant.until + self._longest_s:
                raise OutcomeUnknown("COMMIT was answered after the lease and the longest statement")
            return grant.epoch

    @contextmanager
    def _session(self):
        session = None
        try:
            session = self._open()
            yield session
        except (lease.NotTheWriter, OutcomeUnknown) as error:
            if isinstance(error, OutcomeUnknown):
                _drop(session)
                session = None
            raise
        except Exception as error:
            _drop(session)
            session = None
            raise Unavailable(_reason(error)) from error
        finally:
            self._keep(session)

    def _open(self) -> pg8000.native.Connection:
        with self._lock:
            if self._idle:
                return self._idle.pop()
        session = pg8000.native.Connection(ssl_context=self._tls, **self._where)
        longest_ms = int(self._longest_s * 1000)
        session.run(f"SET SESSION transaction_timeout = {longest_ms}")
        session.run(f"SET SESSION statement_timeout = {longest_ms}")
        return session

    def _keep(self, session: pg8000.native.Connection | None) -> None:
        if session is None:
            return
        with self._lock:
            if len(self._idle) < _KEPT:
                self._idle.append(session)
                return
        _drop(session)


def _drop(session: pg8000.native.Connection | None) -> None:
    if session is not None:
        try:
            session.close()
        except Exception:  # the connection is being thrown away: how it fails says nothing new
            pass


def _reason(error: Exception) -> str:
    if isinstance(error, pg8000.native.DatabaseError) and isinstance(error.args[0], dict):
        if error.args[0].get("C") == _READ_ONLY:
            return "the database is read-only"
        return f"the database refused: {error.args[0].get('M', error)}"
    return f"the database is away: {error}"
