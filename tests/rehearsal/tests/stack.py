"""One or two orders services over a pair, with their leases behind a switch: for tests."""

from __future__ import annotations

import http.client
import json
import sys

import boto3

from rehearsal import front, lease, procs

from .conftest import EAST, WEST

# Short enough for a quick test, long enough that a busy machine does not lose a lease by chance.
TTL_S = 2.0
DRIFT_S = 0.5
LONGEST_S = 1.0
TABLE, WORKLOAD, CONTROL = "leases", "orders", "eu-west-1"
REGIONS = {"us-east-1": EAST, "us-west-2": WEST}


def table_client(address):
    """A client of the lease's table."""
    return boto3.client("dynamodb", region_name=CONTROL,
                        endpoint_url=f"http://{address[0]}:{address[1]}")


def move(client, owner: str, new: str) -> int:
    """Changes the lease's owner as Leeward does; answers the new epoch."""
    key = {"pk": {"S": f"LEASE#{WORKLOAD}"}}
    epoch = int(client.get_item(TableName=TABLE, Key=key, ConsistentRead=True)["Item"]["epoch"]["N"])
    client.update_item(
        TableName=TABLE, Key=key, UpdateExpression="SET #o = :new, epoch = :next, effect = :by",
        ConditionExpression="#o = :old AND epoch = :epoch",
        ExpressionAttributeNames={"#o": "owner"},
        ExpressionAttributeValues={
            ":new": {"S": new}, ":old": {"S": owner}, ":by": {"S": "test"},
            ":epoch": {"N": str(epoch)}, ":next": {"N": str(epoch + 1)}})
    return epoch + 1


class Side:
    """One Region's service, its way to the table and its way to the database."""

    def __init__(self, region: str, board, server, dynamodb, authority, log_dir):
        self.region, self.host = region, REGIONS[region]
        self.table_gate = board.gate((self.host, procs.free_port(self.host)), dynamodb)
        self.db_gate = front.open_front(
            board, (self.host, procs.free_port(self.host)), (server.host, server.port),
            authority.server_context([self.host]))
        self.port = procs.free_port(self.host)
        self.processes = procs.Processes(log_dir)
        self._ca = authority.ca_file

    def start(self) -> None:
        """Starts the service and waits for its first answer."""
        host, port = self.table_gate.listen
        self.processes.start(f"orders-{self.region}", [
            sys.executable, "-m", "rehearsal.orders", "--region", self.region,
            "--workload", WORKLOAD, "--host", self.host, "--port", str(self.port),
            "--db-host", self.db_gate.listen[0], "--db-port", str(self.db_gate.listen[1]),
            "--ca-file", str(self._ca), "--lease-table", TABLE, "--lease-region", CONTROL,
            "--ttl-s", str(TTL_S), "--longest-statement-s", str(LONGEST_S),
            "--drift-s", str(DRIFT_S),
        ], {"AWS_ENDPOINT_URL": f"http://{host}:{port}", "PYTHONPATH": ":".join(sys.path)})
        procs.wait_until(f"orders of {self.region} to listen", self._listens, 20)

    def _listens(self) -> bool:
        try:
            return self.ask("GET", "/")[0] == 200
        except OSError:
            return False

    def ask(self, method: str, path: str, body: dict | None = None, timeout: float = 5):
        """One request: status, body, headers."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=timeout)
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read()), dict(answer.getheaders())
        finally:
            connection.close()

    def order(self, order_id: str) -> int:
        """Writes an order; answers the status."""
        return self.ask("POST", "/orders", {"id": order_id})[0]


def two_sides(board, pair, dynamodb, tmp_path) -> tuple[Side, Side]:
    """Both Regions' services, not started, and the lease with us-east-1."""
    authority = front.Authority(tmp_path / "tls")
    lease.create(table_client(dynamodb), TABLE, WORKLOAD, "us-east-1")
    return tuple(Side(region, board, server, dynamodb, authority, tmp_path / "logs")
                 for region, server in (("us-east-1", pair.primary), ("us-west-2", pair.replica)))
