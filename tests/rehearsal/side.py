"""One Region of the workload: its processes, and the switches on every path to and from them."""

from __future__ import annotations

import http.client
import json
import sys
from pathlib import Path

from . import front, names, procs
from .gate import Board

# A service's start on a busy machine: the SDK alone takes a second to load.
_START_LIMIT_S = 30.0
# A service that does not answer by then does not answer.
_ASK_TIMEOUT_S = 2.0


class Side:
    """The orders service of a Region behind its gates.

    aws       what runs here → AWS
    public    users → the service, on the port that all Regions share
    outside   canaries and Leeward's checks from other Regions → the service
    database  the service → PostgreSQL, over TLS
    probe     Leeward's probe → PostgreSQL, over TLS
    """

    def __init__(self, region: str, board: Board, authority: front.Authority, public_port: int,
                 aws: tuple[str, int], postgres: tuple[str, int], logs: Path):
        self.region, self.host = region, names.ADDRESS[region]
        self.processes = procs.Processes(logs)
        self.service = (self.host, procs.free_port(self.host))
        self._ca_file = authority.ca_file
        tls = authority.server_context([self.host])
        self.aws = board.gate(self._free(), aws)
        self.public = board.gate((self.host, public_port), self.service)
        self.outside = board.gate(self._free(), self.service)
        self.database = front.open_front(board, self._free(), postgres, tls)
        self.probe = front.open_front(board, self._free(), postgres, tls)

    def _free(self) -> tuple[str, int]:
        return self.host, procs.free_port(self.host)

    def environment(self) -> dict[str, str]:
        """What a process of this Region is started with."""
        host, port = self.aws.listen
        return {"AWS_ENDPOINT_URL": f"http://{host}:{port}", "AWS_ACCESS_KEY_ID": self.region,
                "AWS_SECRET_ACCESS_KEY": "rehearsal", "PYTHONPATH": ":".join(sys.path)}

    def start_service(self, lease_table: str, ttl_s: float = names.TTL_S) -> None:
        """Starts the orders service, by a lease of that length of its own."""
        self.processes.start(f"orders-{self.region}", [
            sys.executable, "-m", "rehearsal.orders", "--region", self.region,
            "--workload", names.WORKLOAD, "--host", self.host, "--port", str(self.service[1]),
            "--db-host", self.database.listen[0], "--db-port", str(self.database.listen[1]),
            "--ca-file", str(self._ca_file), "--lease-table", lease_table,
            "--lease-region", names.CONTROL, "--ttl-s", str(ttl_s),
            "--longest-statement-s", str(names.LONGEST_S),
            "--drift-s", str(names.DRIFT_S)], self.environment())

    def start_canary(self, *jobs: str) -> None:
        """Starts what this Region reports to its own CloudWatch."""
        self.processes.start(f"canary-{self.region}", [
            sys.executable, "-m", "rehearsal.canary", "--region", self.region, *jobs],
            self.environment())

    def await_service(self) -> None:
        """Waits until the service listens."""
        def listens() -> bool:
            dead = self.processes.died()
            if dead:
                raise procs.Gone(f"{', '.join(dead)} ended while starting: see"
                                 f" {self.processes.log_dir}")
            try:
                return self.ask("GET", "/")[0] == 200
            except OSError:
                return False

        procs.wait_until(f"the orders service of {self.region} to listen", listens, _START_LIMIT_S)

    def ask(self, method: str, path: str, body: dict | None = None,
            timeout_s: float = _ASK_TIMEOUT_S) -> tuple[int, dict]:
        """One request past every gate: status and body."""
        connection = http.client.HTTPConnection(*self.service, timeout=timeout_s)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def healthy(self) -> bool:
        """Whether the service says that its database answers."""
        try:
            return self.ask("GET", "/health")[0] == 200
        except (OSError, ValueError, http.client.HTTPException):
            return False

    def brown_out(self, percent: int) -> None:
        """So many of a hundred orders are answered 500 from now on."""
        status, _ = self.ask("POST", "/brown-out", {"percent": percent})
        if status != 200:
            raise procs.Gone(f"the orders service of {self.region} answered {status} to a brown-out")

    def set_gates(self, mode: str, *which: str) -> None:
        """Switches the gates named, or all, to a mode."""
        for name in which or ("public", "outside", "database", "probe", "aws"):
            getattr(self, name).set(mode)
