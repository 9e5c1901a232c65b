"""The client: writes orders all the time by the public name, and records every answer.

Each line of the record is one attempt: when it was sent and when it was answered (milliseconds since
the Unix epoch), the HTTP status (0: no answer), the side that answered, the epoch it wrote under, and
whether the order could be read back. `truth` reckons with these lines afterwards.
"""

from __future__ import annotations

import argparse
import http.client
import json
import signal
import threading
import time
import uuid
from pathlib import Path

from . import orders, resolver

# Each writer sends an order so often; three of them make one about every 33 ms while all is well.
_EVERY_S = 0.1
# More than one, so that the end of an outage is not missed behind one hanging request.
_WRITERS = 3
# A user's patience with one attempt; it bounds how late the end of an outage is noticed.
_TIMEOUT_S = 1.0


class Record:
    """The lines of a run, written as they happen: a killed client loses none."""

    def __init__(self, path: Path):
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("a", buffering=1)
        self._lock = threading.Lock()

    def add(self, line: dict) -> None:
        """Appends one attempt."""
        with self._lock:
            self._file.write(json.dumps(line) + "\n")


class Client:
    """Writers that know a public name, a port and a name server, and nothing of Regions."""

    def __init__(self, name: str, port: int, dns: tuple[str, int], record: Path):
        self._name, self._port = name, port
        self._resolver = resolver.Resolver(dns)
        self._record = Record(record)
        self._stop = threading.Event()
        self._threads = [threading.Thread(target=self._write, name=f"writer-{n}", daemon=True)
                         for n in range(_WRITERS)]

    def start(self) -> None:
        """Begins to write."""
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Ends after the attempts that are under way."""
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def wait(self) -> None:
        """Returns when `stop` was asked for."""
        self._stop.wait()

    def _write(self) -> None:
        while not self._stop.is_set():
            began = time.monotonic()
            self._record.add(self.attempt(uuid.uuid4().hex))
            self._stop.wait(max(0.0, _EVERY_S - (time.monotonic() - began)))

    def attempt(self, order_id: str) -> dict:
        """Writes one order and reads it back; answers its line for the record."""
        line = {"id": order_id, "sent_ms": _now_ms(), "status": 0, "side": None, "epoch": None}
        try:
            status, side, body = self._request("POST", "/orders", {"id": order_id})
            line |= {"status": status, "side": side, "epoch": body.get("epoch"),
                     "reason": body.get("reason")}
        except (OSError, http.client.HTTPException, ValueError, resolver.NoAnswer) as error:
            line["reason"] = f"{type(error).__name__}: {error}"
        line["answered_ms"] = _now_ms()
        if line["status"] == 201:
            line["read_back"] = self._reads_back(order_id)
        return line

    def _reads_back(self, order_id: str) -> bool | None:
        try:
            status, _side, _body = self._request("GET", f"/orders/{order_id}")
        except (OSError, http.client.HTTPException, ValueError, resolver.NoAnswer):
            return None
        return {200: True, 404: False}.get(status)

    def _request(self, method: str, path: str, body: dict | None = None) -> tuple:
        # A new connection each time: a kept one would stay with a side that DNS has left.
        address = self._resolver.address(self._name)
        connection = http.client.HTTPConnection(address, self._port, timeout=_TIMEOUT_S)
        try:
            connection.request(method, path, None if body is None else json.dumps(body),
                               {"Host": self._name, "Connection": "close"})
            answer = connection.getresponse()
            return (answer.status, answer.getheader(orders.SIDE_HEADER),
                    json.loads(answer.read() or b"{}"))
        finally:
            connection.close()


def _now_ms() -> int:
    return time.time_ns() // 1_000_000


def main() -> None:
    """Writes until SIGTERM, then ends in order, so that no attempt is left without its line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--name", required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--dns-host", required=True)
    parser.add_argument("--dns-port", type=int, required=True)
    parser.add_argument("--record", type=Path, required=True)
    a = parser.parse_args()
    client = Client(a.name, a.port, (a.dns_host, a.dns_port), a.record)
    signal.signal(signal.SIGTERM, lambda *_: client._stop.set())
    client.start()
    client.wait()
    client.stop()


if __name__ == "__main__":
    main()
