"""The orders service of one Region: it acknowledges an order only after its commit, as the writer.

    POST /orders {"id": …}   201 after COMMIT; 503 {"reason": …} otherwise
    GET  /orders/<id>        200 or 404 from this Region's database
    GET  /                   the side marker: header X-Leeward-Side and body
    GET  /health             200 when the database answers
    POST /brown-out {"percent": …}   from now on so many of a hundred orders are answered 500
"""

from __future__ import annotations

import argparse
import json
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from . import lease, store

SIDE_HEADER = "X-Leeward-Side"
NOT_THE_WRITER = "not the writer"
# The alarm behind the voter `api-5xx` reads this metric.
METRIC_NAMESPACE, METRIC_NAME = "Leeward/Orders", "Http5xx"
# Rule 7 of the lease's contract.
_HEARTBEAT_EVERY_S = 1.0
# CloudWatch's high-resolution metrics have a second's resolution.
_METRIC_EVERY_S = 1.0
# A metric that is late is a metric that is missing: the next one is due by then.
_METRIC_TIMEOUT_S = 1.0
# An order's id is a short token; the limit keeps a stray upload out.
_BODY_LIMIT = 4096


def log(line: str) -> None:
    """One dated line to the process's log."""
    print(f"{time.time():.3f} {line}", file=sys.stderr, flush=True)


class Service:
    """What the service knows: its Region, its lease, its store, and how often it failed."""

    def __init__(self, region: str, holder: lease.Holder, orders: store.Store):
        self.region, self.holder, self.orders = region, holder, orders
        self._written_epoch: int | None = None
        self._failures = 0
        self._percent = self._owed = 0
        self._lock = threading.Lock()

    def accept(self, order_id: str) -> tuple[int, dict]:
        """Takes an order; answers status and body."""
        try:
            if self.holder.check().epoch != self._written_epoch:
                raise store.Unavailable("the lease is new and no heartbeat is written yet")
            return 201, {"id": order_id, "side": self.region, "epoch": self.orders.insert(order_id)}
        except lease.NotTheWriter:
            return 503, {"reason": NOT_THE_WRITER}
        except store.Unavailable as error:
            return 503, {"reason": str(error)}
        except store.OutcomeUnknown as error:
            return 503, {"reason": "outcome unknown", "detail": str(error)}

    def brown_out(self, percent: int) -> None:
        """Sets how many of a hundred orders fail from now on, evenly spread."""
        with self._lock:
            self._percent, self._owed = percent, 0

    def fails_now(self) -> bool:
        """Whether this order is one of those that fail."""
        with self._lock:
            self._owed += self._percent
            fails = self._owed >= 100
            self._owed -= 100 if fails else 0
            return fails

    def find(self, order_id: str) -> tuple[int, dict]:
        """Looks for an order."""
        try:
            found = self.orders.exists(order_id)
        except store.Unavailable as error:
            return 503, {"reason": str(error)}
        return (200, {"id": order_id}) if found else (404, {"reason": "no such order"})

    def health(self) -> tuple[int, dict]:
        """Whether this Region could serve: its database answers."""
        try:
            self.orders.answers()
        except store.Unavailable as error:
            return 503, {"reason": str(error)}
        return 200, {"status": "ok"}

    def count(self, status: int) -> None:
        """Counts an answer for the metric."""
        if status >= 500:
            with self._lock:
                self._failures += 1

    def take_failures(self) -> int:
        """Failures since the last call."""
        with self._lock:
            failures, self._failures = self._failures, 0
            return failures

    def beat_for_ever(self) -> None:
        """Writes the heartbeat each second while the lease is held, at once when it is granted."""
        said = ""
        while True:
            self.holder.granted.clear()
            try:
                self._written_epoch = self.orders.heartbeat()
                line = f"writes as epoch {self._written_epoch}"
            except lease.NotTheWriter:
                line = "does not write"
            except (store.Unavailable, store.OutcomeUnknown) as error:
                line = f"cannot write: {error}"
            if line != said:
                said = line
                log(f"orders: {self.region} {line}")
            self.holder.granted.wait(_HEARTBEAT_EVERY_S)

    def report_for_ever(self) -> None:
        """Sends the 5xx metric to this Region's CloudWatch each second, as a load balancer would."""
        client = boto3.client("cloudwatch", region_name=self.region, config=Config(
            connect_timeout=_METRIC_TIMEOUT_S, read_timeout=_METRIC_TIMEOUT_S,
            retries={"total_max_attempts": 1}))
        while True:
            time.sleep(_METRIC_EVERY_S)
            try:
                client.put_metric_data(Namespace=METRIC_NAMESPACE, MetricData=[
                    {"MetricName": METRIC_NAME, "Value": self.take_failures(), "Unit": "Count",
                     "StorageResolution": 1}])
            except (BotoCoreError, ClientError) as error:
                log(f"metric not sent: {error}")


def handler(service: Service) -> type[BaseHTTPRequestHandler]:
    """The HTTP face of a service."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        # A client that says nothing for so long has gone; its thread is given back.
        timeout = 30

        def do_GET(self) -> None:
            if self.path == "/":
                self._answer(200, {"side": service.region})
            elif self.path == "/health":
                self._answer(*service.health())
            elif self.path.startswith("/orders/"):
                self._answer(*service.find(self.path.removeprefix("/orders/")))
            else:
                self._answer(404, {"reason": "no such page"})

        def do_POST(self) -> None:
            body = self._body()
            order_id, percent = body.get("id"), body.get("percent")
            if self.path == "/brown-out" and isinstance(percent, int) and 0 <= percent <= 100:
                service.brown_out(percent)
                self._answer(200, {"percent": percent})
            elif self.path != "/orders" or not isinstance(order_id, str) or not order_id:
                self._answer(400, {"reason": 'expected POST /orders with {"id": "<text>"}'})
            elif service.fails_now():
                self._answer(500, {"reason": "brown-out"})
            else:
                self._answer(*service.accept(order_id))

        def _body(self) -> dict:
            try:
                length = int(self.headers.get("Content-Length", ""))
                body = json.loads(self.rfile.read(length)) if 0 < length <= _BODY_LIMIT else {}
            except ValueError:
                return {}
            return body if isinstance(body, dict) else {}

        def _answer(self, status: int, body: dict) -> None:
            service.count(status)
            payload = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(payload)))
            self.send_header(SIDE_HEADER, service.region)
            self.end_headers()
            self.wfile.write(payload)

        def log_message(self, *_args) -> None:
            """Requests are recorded by those who make them."""

    return Handler


class Server(ThreadingHTTPServer):
    """A thread a connection; the queue is as long as the kernel lets it be."""

    daemon_threads = True
    request_queue_size = 128


def main() -> None:
    """Runs the service of one Region until it is killed."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("region", "workload", "host", "db-host", "ca-file", "lease-table", "lease-region"):
        parser.add_argument(f"--{name}", required=True)
    for name in ("port", "db-port"):
        parser.add_argument(f"--{name}", type=int, required=True)
    for name in ("ttl-s", "longest-statement-s", "drift-s"):
        parser.add_argument(f"--{name}", type=float, required=True)
    a = parser.parse_args()
    table = lease.DynamoDbTable(a.lease_table, a.lease_region, a.workload, a.ttl_s)
    terms = lease.Terms.of(a.ttl_s, a.longest_statement_s, a.drift_s)
    holder = lease.Holder(table, a.region, terms, log)
    orders = store.Store(a.db_host, a.db_port, a.ca_file, a.longest_statement_s, a.region, holder)
    service = Service(a.region, holder, orders)
    server = Server((a.host, a.port), handler(service))
    holder.start()
    for work in (service.beat_for_ever, service.report_for_ever):
        threading.Thread(target=work, daemon=True).start()
    log(f"orders: {a.region} listens on {a.host}:{a.port}")
    server.serve_forever()


if __name__ == "__main__":
    main()
