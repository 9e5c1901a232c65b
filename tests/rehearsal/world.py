"""A whole rehearsal world: two Regions that serve, a third that watches, and Leeward deployed.

    world = World(run, events)
    try:
        world.start()
        …
    finally:
        world.stop()

Everything is real as far as one machine allows: PostgreSQL replicates, the service keeps its lease,
functions are processes, and the client knows nothing but a name. Only AWS itself is the local one.
"""

from __future__ import annotations

import shutil
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pg8000.native
from localaws.dns import DnsServer
from localaws.services import Hooks

from . import estate, front, names, orders_schema, postgres, procs, truth
from .cloud import Cloud
from .events import Events
from .gate import Board
from .names import ADDRESS, CONTROL, PRIMARY, STANDBY
from .side import Side
from .subscriber import Subscriber

# A load balancer asks its targets, and RDS its replica, this often here.
_HEALTH_EVERY_S = 0.5
# The holder looks at the lease each second. Asked seldom: each no is a 5xx that an alarm counts.
_OPENING_LIMIT_S, _OPENING_EVERY_S = 20, 0.5
# Python's own start, on a busy machine.
_CLIENT_START_LIMIT_S = 20
# The client ends after the attempts under way, each at most a second.
_CLIENT_END_LIMIT_S = 10


class World:
    """All parts of a rehearsal; `start` brings them up, `stop` takes all of them down."""

    def __init__(self, run: Path, events: Events):
        self.run, self.events = run, events
        self.logs = run / "logs"
        self.record = run / "client.jsonl"
        self._stops: list = []
        # Regions in which EC2 has no capacity left.
        self.without_capacity: set[str] = set()
        self.alive = {PRIMARY, STANDBY, CONTROL}
        self.client = procs.Processes(self.logs)
        self._stops.append(self.client.kill_all)
        self._healthy = dict.fromkeys((PRIMARY, STANDBY), False)
        self._streams = False
        self._ended = threading.Event()
        # How long the services hold their lease.
        self.service_ttl_s = names.TTL_S

    # --- coming up --------------------------------------------------------------------------------

    def start(self) -> None:
        """Brings everything up, in parallel where one thing does not need the other."""
        self.run.mkdir(parents=True, exist_ok=True)
        self.board = Board()
        self._stops.append(self.board.close)
        self.stream_gate = self.board.gate(self._free(STANDBY), self._free(PRIMARY))
        self.pair = postgres.Pair(
            self.run / "postgres", self.stream_gate.upstream, self._free(STANDBY), self.logs,
            stream_from=self.stream_gate.listen)
        self._stops += [self._forget_databases, self.pair.stop]
        with ThreadPoolExecutor(thread_name_prefix="world") as pool:
            database = pool.submit(self.pair.start, orders_schema.SCHEMA)
            self._start_aws(pool)
            database.result()
        self._start_sides()

    def _free(self, region: str) -> tuple[str, int]:
        return ADDRESS[region], procs.free_port(ADDRESS[region])

    def _start_aws(self, pool: ThreadPoolExecutor) -> None:
        self.subscriber = Subscriber(ADDRESS[CONTROL], self._told)
        self._stops.append(self.subscriber.stop)
        self.cloud = Cloud(self.run, Hooks(
            on_promote=self._promote, rds_endpoint=self._endpoint,
            replication_status=self._replication, on_alarm_transition=self._alarm,
            on_health_check_change=self._health_check, target_health=self._target_health,
            insufficient_capacity=lambda region, _what: region in self.without_capacity))
        self._stops.append(self.cloud.stop)
        self.authority = front.Authority(self.run / "tls")
        made = pool.submit(estate.build, self.cloud, self.subscriber.url)
        self.stack = self._deploy("template.yaml", names.STACK, CONTROL)
        # The probes run beside their databases; the standby watches Leeward itself.
        self.edge = {region: self._deploy("edge.yaml", names.EDGE_STACK, region, DbProbe="yes",
                                          Watch="yes" if region == STANDBY else "no")
                     for region in (PRIMARY, STANDBY)}
        self.estate = made.result()
        self.dns = DnsServer(self.cloud.aws.services, ADDRESS[CONTROL])
        self.dns.start()
        self._stops.append(self.dns.stop)

    def _deploy(self, template: str, stack: str, region: str, **more: str):
        return self.cloud.deploy(template, stack, region, {
            "PrimaryRegion": PRIMARY, "StandbyRegion": STANDBY, "WatcherRegion": STANDBY,
            "RecoveryRegion": CONTROL, "Architecture": "x86_64",
            "DatabaseCaPath": str(self.authority.ca_file), "CreateLeaseTable": "yes",
            "StopMetricNamespace": names.TRAFFIC_NAMESPACE, **more})

    def _start_sides(self) -> None:
        port = procs.free_port(ADDRESS[PRIMARY], ADDRESS[STANDBY])
        servers = {PRIMARY: self.pair.primary, STANDBY: self.pair.replica}
        self.sides = {
            region: Side(region, self.board, self.authority, port, self.cloud.address,
                         (server.host, server.port), self.logs)
            for region, server in servers.items()}
        self.public_port = port
        east, west = self.sides[PRIMARY], self.sides[STANDBY]
        # Those who watch from outside reach the primary by a path of their own, so that it can be
        # alive for its users and unseen by others.
        watched = "http://{}:{}/health".format(*east.outside.listen)
        self.watcher = procs.Processes(self.logs)
        self._stops.append(self.watcher.kill_all)
        for side in (east, west):
            self._stops.append(side.processes.kill_all)
            side.start_service(self.lease_table, self.service_ttl_s)
        lag = f"replica:{names.DATABASE[STANDBY]}={self.pair.replica.host}:{self.pair.replica.port}"
        east.start_canary(f"group:{names.GROUP[PRIMARY]}")
        west.start_canary(f"probe:{names.CANARY[STANDBY]}={watched}", lag,
                          f"group:{names.GROUP[STANDBY]}")
        self.watcher.start(f"canary-{CONTROL}", [
            sys.executable, "-m", "rehearsal.canary", "--region", CONTROL,
            f"probe:{names.CANARY[CONTROL]}={watched}"],
            {**west.environment(), "AWS_ENDPOINT_URL": self.cloud.url})
        threading.Thread(target=self._observe, name="targets", daemon=True).start()
        for side in (east, west):
            side.await_service()

    def start_client(self) -> None:
        """Lets users in, as soon as the primary holds the lease and takes orders."""
        east = self.sides[PRIMARY]
        procs.wait_until(f"{PRIMARY} to take an order",
                         lambda: east.ask("POST", "/orders", {"id": "opening"})[0] == 201,
                         _OPENING_LIMIT_S, _OPENING_EVERY_S)
        self.client.start("client", [
            sys.executable, "-m", "rehearsal.client", "--name", names.PUBLIC_NAME,
            "--port", str(self.public_port), "--dns-host", self.dns.address,
            "--dns-port", str(self.dns.port), "--record", str(self.record)],
            {"PYTHONPATH": ":".join(sys.path)})
        procs.wait_until("the client's first attempt", self.record.exists, _CLIENT_START_LIMIT_S)

    @property
    def lease_table(self) -> str:
        """The table of the writer's lease."""
        return self.stack.outputs["LeaseTableName"]

    @property
    def resolver(self) -> str:
        """The name server, as a plan names it."""
        return f"{self.dns.address}:{self.dns.port}"

    # --- what the local AWS asks and tells ---------------------------------------------------------

    def _promote(self, region: str, instance: str) -> None:
        if (region, instance) == (STANDBY, names.DATABASE[STANDBY]):
            self.pair.replica.promote()
            self.events.add("promoted", f"{instance}: PostgreSQL in {STANDBY} has become a writer")

    def _endpoint(self, region: str, instance: str) -> tuple[str, int] | None:
        known = hasattr(self, "sides") and names.DATABASE.get(region) == instance
        return self.sides[region].database.listen if known else None

    def _replication(self, region: str, instance: str) -> dict | None:
        if (region, instance) != (STANDBY, names.DATABASE[STANDBY]):
            return None
        return {"Normal": self._streams, "Status": "replicating" if self._streams else "error"}

    def _alarm(self, region: str, alarm, _old: str, new: str) -> None:
        if alarm.name in (*names.CANARY.values(), names.API_ALARM, names.TRAFFIC_ALARM):
            self.events.add("alarm", f"alarm {alarm.name} in {region} says {new}")

    def _health_check(self, _check: str, healthy: bool) -> None:
        side = PRIMARY if healthy else STANDBY
        self.events.add("traffic", f"Route 53's health check: users are sent to {side}")

    def _target_health(self, region: str, _target: dict) -> str:
        return "healthy" if self._healthy.get(region) else "unhealthy"

    def _observe(self) -> None:
        while not self._ended.wait(_HEALTH_EVERY_S):
            for region, side in self.sides.items():
                self._healthy[region] = region in self.alive and side.healthy()
            try:
                self._streams = self.pair.replica.receives()
            except (OSError, pg8000.native.Error):
                self._streams = False

    def _told(self, subject: str, _message: str) -> None:
        self.events.add("notified", f"people were told: {subject}")

    # --- breaking and mending ----------------------------------------------------------------------

    def kill_region(self, region: str = PRIMARY, mode: str = "silent") -> None:
        """The Region dies whole: from outside there is silence (or, `hang`, an open door and no
        answer), and inside nothing runs any more."""
        self.alive.discard(region)
        self.cloud.faults.region_down(region, mode)
        side = self.sides[region]
        gates = "cut" if mode == "silent" else "hang"
        side.set_gates(gates)
        self.stream_gate.set(gates)
        side.processes.kill_all()
        (self.pair.primary if region == PRIMARY else self.pair.replica).kill()

    def revive_primary(self) -> None:
        """The dead primary comes back with the data and the programs that it had."""
        side = self.sides[PRIMARY]
        self.pair.primary.start()
        self.cloud.faults.clear()
        side.set_gates("pass")
        side.start_service(self.lease_table, self.service_ttl_s)
        side.await_service()
        self.alive.add(PRIMARY)

    def hide_primary(self) -> None:
        """A partition: the primary goes on for its own users, and nobody else sees it."""
        self.cloud.faults.region_down(PRIMARY, "silent")
        self.sides[PRIMARY].set_gates("cut", "aws", "outside", "probe")
        self.stream_gate.set("cut")

    def show_primary(self) -> None:
        """The partition heals."""
        self.cloud.faults.clear()
        self.sides[PRIMARY].set_gates("pass", "aws", "outside", "probe")
        self.stream_gate.set("pass")

    # --- the end -----------------------------------------------------------------------------------

    def end_client(self) -> None:
        """The client stops in order, so that no attempt is left without its line."""
        self.client.end("client", _CLIENT_END_LIMIT_S)

    def truth(self, serving: str) -> truth.Truth:
        """What users felt, given the Region whose database serves now."""
        servers = {PRIMARY: self.pair.primary, STANDBY: self.pair.replica}
        others = {region: truth.read_rows(server) for region, server in servers.items()
                  if region != serving and server.alive()}
        return truth.reckon(truth.read_record(self.record), truth.read_rows(servers[serving]),
                            others)

    def died(self) -> list[str]:
        """Processes that ended though nobody killed them."""
        groups = [side.processes for side in self.sides.values()] + [self.watcher, self.client]
        return [name for group in groups for name in group.died()]

    def _forget_databases(self) -> None:
        """A run leaves its logs behind and not its databases, which are many times their size."""
        shutil.rmtree(self.run / "postgres", ignore_errors=True)

    def stop(self) -> None:
        """Takes everything down, whatever state it is in; a failure does not keep the rest up."""
        self._ended.set()
        failures = []
        for stop in reversed(self._stops):
            try:
                stop()
            except Exception as error:  # the rest has to end too; all failures are told below
                failures.append(f"{stop.__qualname__}: {error!r}")
        self._stops.clear()
        if failures:
            self.events.add("stop", "not everything ended in order: " + "; ".join(failures))
