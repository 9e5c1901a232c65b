"""RDS DB instances: replicas, their promotion, stop and start, in AWS's order of states.

moto flips an attribute at once and accepts anything; here `PromoteReadReplica` is taken only on a
replica that is `available`, goes on in the background, and a Region that cannot be reached keeps
listing the replica that left it.
"""

from __future__ import annotations

import random
import string
from typing import Any

from moto.rds.exceptions import (
    DBInstanceAlreadyExists,
    DBInstanceNotFoundError,
    InvalidParameterCombination,
    InvalidParameterValue,
    RDSClientError,
)
from moto.rds.models import DBInstance, RDSBackend, rds_backends

from .runtime import Runtime, log

# AWS: 0 to 35 days of automated backups.
MAX_BACKUP_RETENTION_DAYS = 35
# How often a source Region that could not be reached is tried again.
DETACH_RETRY_SECONDS = 0.5


class InvalidDBInstanceState(RDSClientError):
    """The wire code has no `Fault` at its end, unlike the shape's name."""

    def __init__(self, message: str):
        super().__init__("InvalidDBInstanceState", message)


def _find(backend: RDSBackend, identifier: str) -> DBInstance:
    """The instance, or DBInstanceNotFound."""
    database = backend.databases.get(identifier)
    if database is None:
        raise DBInstanceNotFoundError(identifier)
    return database


def _still_there(database: DBInstance) -> bool:
    """Has the instance not been deleted (nor moto reset) since this work was planned?"""
    backend = rds_backends[database.account_id][database.region]
    return backend.databases.get(database.db_instance_identifier) is database


def _resource_id() -> str:
    """A DbiResourceId of AWS's form; moto gives every instance the same one."""
    return "db-" + "".join(random.choices(string.ascii_uppercase + string.digits, k=26))


def _source(database: DBInstance) -> DBInstance | None:
    """The instance this one replicates from, when it exists."""
    source_id = database.source_db_instance_identifier
    if not source_id:
        return None
    region = source_id.split(":")[3] if source_id.startswith("arn:") else database.region
    backend = rds_backends[database.account_id][region]
    return backend.databases.get(source_id.split(":")[-1])


class _Promotion:
    """One promotion under way, from the accepted request to a stand-alone instance."""

    def __init__(self, runtime: Runtime, database: DBInstance, settings: dict[str, Any]) -> None:
        self.runtime = runtime
        self.database = database
        self.settings = settings

    def begin(self) -> None:
        """The request has been accepted; the instance says `available` for a moment more."""
        self.database.promoting = True
        self.runtime.scheduler.after(self.runtime.timings.rds_promote_linger, self._modify)

    def _modify(self) -> None:
        if not self._enter("modifying"):
            return
        try:
            self.runtime.hooks.on_promote(
                self.database.region, self.database.db_instance_identifier
            )
        except Exception:
            log.exception("promoting the engine of %s failed", self.database.arn)
            with self.runtime.lock:
                self.database.promoting = False
                self.database.status = "available"
            return
        self.runtime.scheduler.after(self.runtime.timings.rds_promote_modifying, self._reboot)

    def _reboot(self) -> None:
        seconds = self.runtime.timings.rds_promote_rebooting
        if seconds <= 0:
            self._finish()
        elif self._enter("rebooting"):
            self.runtime.scheduler.after(seconds, self._finish)

    def _finish(self) -> None:
        database, timings = self.database, self.runtime.timings
        with self.runtime.lock:
            if not _still_there(database):
                return
            source = _source(database)
            database.is_replica = False
            database.source_db_instance_identifier = None
            database.promoting = False
            for name, value in self.settings.items():
                setattr(database, name, value)
            backing_up = timings.rds_promote_backing_up > 0 and database.backup_retention_period
            database.status = "backing-up" if backing_up else "available"
        if source is not None:
            _detach(self.runtime, source, database)
        if backing_up:
            self.runtime.scheduler.after(
                timings.rds_promote_backing_up, lambda: self._enter("available")
            )

    def _enter(self, status: str) -> bool:
        with self.runtime.lock:
            if not _still_there(self.database):
                return False
            self.database.status = status
            return True


def _detach(runtime: Runtime, source: DBInstance, replica: DBInstance) -> None:
    """Takes the replica off its source's list, as soon as the source's Region can be reached."""
    if source.region != replica.region and not runtime.reachable(source.region):
        runtime.scheduler.after(
            DETACH_RETRY_SECONDS, lambda: _detach(runtime, source, replica)
        )
        return
    with runtime.lock:
        source.remove_replica(replica)


def _promotion_settings(arguments: dict[str, Any]) -> dict[str, Any]:
    """What the request sets on the promoted instance. AWS keeps one day of backups by default."""
    days = arguments.get("backup_retention_period")
    days = 1 if days is None else int(days)
    if not 0 <= days <= MAX_BACKUP_RETENTION_DAYS:
        raise InvalidParameterValue(
            f"Invalid backup retention period: {days}. Must be between 0 and 35."
        )
    settings: dict[str, Any] = {"backup_retention_period": days}
    if arguments.get("preferred_backup_window"):
        settings["preferred_backup_window"] = arguments["preferred_backup_window"]
    return settings


def _install_promotion(runtime: Runtime) -> None:
    def promote_read_replica(self: RDSBackend, db_kwargs: dict[str, Any]) -> DBInstance:
        with runtime.lock:
            database = _find(self, db_kwargs["db_instance_identifier"])
            if not database.is_replica:
                raise InvalidDBInstanceState("DB Instance is not a read replica")
            settings = _promotion_settings(db_kwargs)
            if getattr(database, "promoting", False):
                if runtime.timings.rds_refuse_repeat_in_progress:
                    raise InvalidDBInstanceState(
                        f"DB Instance {database.db_instance_identifier} is already being promoted."
                    )
                return database
            if database.status != "available":
                raise InvalidDBInstanceState(
                    f"Instance {database.db_instance_identifier} is not in available state."
                )
            if database.replicas and settings["backup_retention_period"] == 0:
                raise InvalidParameterCombination(
                    "Backups can't be switched off on a DB instance that has read replicas."
                )
            _Promotion(runtime, database, settings).begin()
            return database

    runtime.patches.set(RDSBackend, "promote_read_replica", promote_read_replica)


def _detached_copy(replica: DBInstance, backend: RDSBackend, source: DBInstance) -> None:
    """Gives a new replica things of its own; moto copies its source shallowly."""
    replica.backend = backend
    replica.dbi_resource_id = _resource_id()
    replica.status = "available"
    replica.promoting = False
    # RDS creates read replicas with backups off.
    replica.backup_retention_period = 0
    for name in ("vpc_security_group_ids", "db_security_groups", "domain_memberships"):
        setattr(replica, name, list(getattr(replica, name, None) or []))
    if source.region != backend.region_name:
        replica.availability_zone = f"{backend.region_name}a"


def _install_replicas(runtime: Runtime) -> None:
    def create(self: RDSBackend, db_kwargs: dict[str, Any]) -> DBInstance:
        with runtime.lock:
            identifier = db_kwargs["db_instance_identifier"]
            if identifier in self.databases:
                raise DBInstanceAlreadyExists()
            source_id = db_kwargs.get("source_db_instance_identifier") or ""
            source = self.find_db_from_id(source_id)
            if source.status not in ("available", "backing-up"):
                raise InvalidDBInstanceState(
                    f"Instance {source.db_instance_identifier} is not in available state."
                )
            if not source.is_replica and not source.backup_retention_period:
                raise InvalidDBInstanceState(
                    "Automated backups are not enabled for this database instance. To enable "
                    "automated backups, use ModifyDBInstance to set the backup retention period "
                    "to a non-zero value."
                )
            tags = db_kwargs.pop("tags", None)
            before = list(source.replicas)
            replica = original_create(self, db_kwargs)
            source.replicas = before
            replica.replicas = []
            replica.tags = list(tags or [])
            _detached_copy(replica, self, source)
            source.add_replica(replica)
            seconds = runtime.timings.rds_create_replica
            if seconds > 0:
                replica.status = "creating"
                runtime.scheduler.after(seconds, lambda: _become(runtime, replica, "available"))
            return replica

    def remove_replica(self: DBInstance, replica: DBInstance) -> None:
        for name in (replica.db_instance_arn, replica.db_instance_identifier):
            if name in self.replicas:
                self.replicas.remove(name)

    def init(self: DBInstance, *args: Any, **kwargs: Any) -> None:
        original_init(self, *args, **kwargs)
        self.dbi_resource_id = _resource_id()

    original_create = runtime.patches.set(RDSBackend, "create_db_instance_read_replica", create)
    runtime.patches.set(DBInstance, "remove_replica", remove_replica)
    original_init = runtime.patches.set(DBInstance, "__init__", init)


def _become(runtime: Runtime, database: DBInstance, status: str) -> None:
    with runtime.lock:
        if _still_there(database):
            database.status = status


def _install_description(runtime: Runtime) -> None:
    def status_infos(self: DBInstance) -> list[dict[str, Any]]:
        if not self.is_replica:
            return []
        told = runtime.tell(
            runtime.hooks.replication_status, self.region, self.db_instance_identifier
        )
        if told is not None:
            return [{"StatusType": "read replication", **told}]
        source = self.source_db_instance_identifier or ""
        region = source.split(":")[3] if source.startswith("arn:") else self.region
        if runtime.reachable(region):
            return [{"StatusType": "read replication", "Normal": True, "Status": "replicating"}]
        return [
            {
                "StatusType": "read replication",
                "Normal": False,
                "Status": "error",
                "Message": f"The source {source} cannot be reached.",
            }
        ]

    def endpoint(self: DBInstance) -> dict[str, Any]:
        told = runtime.tell(runtime.hooks.rds_endpoint, self.region, self.db_instance_identifier)
        address, port = told or (self.address, self.port)
        return {"Address": address, "Port": port, "HostedZoneId": "Z2R2ITUGPM61AM"}

    runtime.patches.set(DBInstance, "status_infos", property(status_infos))
    runtime.patches.set(DBInstance, "endpoint", property(endpoint))


def _install_stop_and_start(runtime: Runtime) -> None:
    def stop(
        self: RDSBackend, db_instance_identifier: str, db_snapshot_identifier: str | None = None
    ) -> DBInstance:
        with runtime.lock:
            database = _find(self, db_instance_identifier)
            # AWS: neither a read replica nor a source of replicas can be stopped.
            if database.is_replica or database.replicas:
                raise InvalidDBInstanceState(
                    f"Cannot stop instance {db_instance_identifier}: it is, or has, a read replica."
                )
            if database.status != "available":
                raise InvalidDBInstanceState(
                    f"Instance {db_instance_identifier} is not in available state."
                )
            if db_snapshot_identifier:
                self.create_db_snapshot(db_instance_identifier, db_snapshot_identifier)
            database.status = "stopping"
            runtime.scheduler.after(
                runtime.timings.rds_stop, lambda: _become(runtime, database, "stopped")
            )
            return database

    def start(self: RDSBackend, db_instance_identifier: str) -> DBInstance:
        with runtime.lock:
            database = _find(self, db_instance_identifier)
            if database.status != "stopped":
                raise InvalidDBInstanceState(
                    f"Instance {db_instance_identifier} is not stopped, it cannot be started."
                )
            if runtime.tell(
                runtime.hooks.insufficient_capacity, self.region_name, db_instance_identifier
            ):
                raise RDSClientError(
                    "InsufficientDBInstanceCapacity",
                    f"Insufficient capacity for {database.db_instance_class}.",
                )
            database.status = "starting"
            runtime.scheduler.after(
                runtime.timings.rds_start, lambda: _become(runtime, database, "available")
            )
            return database

    runtime.patches.set(RDSBackend, "stop_db_instance", stop)
    runtime.patches.set(RDSBackend, "start_db_instance", start)


def install(runtime: Runtime) -> None:
    """Puts this part on moto."""
    _install_promotion(runtime)
    _install_replicas(runtime)
    _install_description(runtime)
    _install_stop_and_start(runtime)
