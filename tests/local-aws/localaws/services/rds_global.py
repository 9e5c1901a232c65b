"""Aurora global databases: FailoverGlobalCluster and SwitchoverGlobalCluster, which moto lacks.

Roles flip at the end and not before; meanwhile the global cluster shows its `FailoverState`.
"""

from __future__ import annotations

from typing import Any

from moto.core.responses import ActionResult
from moto.rds.exceptions import (
    DBClusterNotFoundError,
    InvalidDBClusterStateFault,
    InvalidParameterCombination,
    RDSClientError,
)
from moto.rds.models import DBCluster, GlobalCluster, RDSBackend, rds_backends
from moto.rds.responses import RDSResponse

from .runtime import Runtime, log

# moto keeps all global clusters in this Region's backend, whichever Region is asked.
HOME_REGION = "us-east-1"


class GlobalClusterNotFound(RDSClientError):
    """No global cluster of that name."""

    def __init__(self, identifier: str):
        super().__init__("GlobalClusterNotFoundFault", f"Global cluster {identifier} not found")


class InvalidGlobalClusterState(RDSClientError):
    """The global cluster cannot do this now."""

    def __init__(self, message: str):
        super().__init__("InvalidGlobalClusterStateFault", message)


def _global_cluster(account: str, identifier: str) -> GlobalCluster:
    clusters = rds_backends[account][HOME_REGION].global_clusters
    found = clusters.get(identifier.split(":")[-1])
    if found is None:
        raise GlobalClusterNotFound(identifier)
    return found


def _member(cluster: GlobalCluster, region: str, target: str) -> DBCluster:
    """The member named by its ARN, or by its bare name in the Region of the request."""
    for member in cluster.members:
        if target == member.db_cluster_arn:
            return member
        if member.region == region and target.lower() == member.db_cluster_identifier:
            return member
    raise DBClusterNotFoundError(target)


def _writer(cluster: GlobalCluster) -> DBCluster:
    for member in cluster.members:
        if member.is_writer:
            return member
    raise InvalidGlobalClusterState(
        f"Global cluster {cluster.global_cluster_identifier} has no primary cluster"
    )


def _check(
    runtime: Runtime, cluster: GlobalCluster, source: DBCluster, target: DBCluster, loss: bool
) -> None:
    """Everything AWS verifies before it accepts the request."""
    name = cluster.global_cluster_identifier
    if getattr(cluster, "failover_state", None):
        raise InvalidGlobalClusterState(
            f"Global cluster {name} already has a failover or switchover in progress"
        )
    if cluster.status != "available":
        raise InvalidGlobalClusterState(f"Global cluster {name} is in state {cluster.status}")
    if target is source:
        raise InvalidDBClusterStateFault(
            f"Cluster {target.db_cluster_identifier} is already the primary of {name}"
        )
    if target.status != "available":
        raise InvalidDBClusterStateFault(
            f"Cluster {target.db_cluster_identifier} is in state {target.status}"
        )
    if loss:
        return
    # A switchover synchronises with the primary first, so it needs the primary well.
    if not runtime.reachable(source.region):
        raise InvalidGlobalClusterState(
            f"Global cluster {name} cannot switch over: its primary cluster "
            f"{source.db_cluster_arn} cannot be reached"
        )
    if source.status != "available":
        raise InvalidDBClusterStateFault(
            f"Cluster {source.db_cluster_identifier} is in state {source.status}"
        )


class _Failover:
    """One failover or switchover under way."""

    def __init__(
        self,
        runtime: Runtime,
        cluster: GlobalCluster,
        source: DBCluster,
        target: DBCluster,
        loss: bool,
    ) -> None:
        self.runtime, self.cluster = runtime, cluster
        self.source, self.target, self.loss = source, target, loss
        self.at_work = "failing-over" if loss else "switching-over"

    def begin(self) -> None:
        self.cluster.failover_state = {
            "Status": "pending",
            "FromDbClusterArn": self.source.db_cluster_arn,
            "ToDbClusterArn": self.target.db_cluster_arn,
            "IsDataLossAllowed": self.loss,
        }
        self.cluster.status = self.at_work
        self.runtime.scheduler.after(self.runtime.timings.global_pending, self._work)

    def _work(self) -> None:
        runtime = self.runtime
        # Verified again at the start of the work: a switchover whose primary is gone is cancelled.
        if not self.loss and not runtime.reachable(self.source.region):
            self._cancel()
            return
        with runtime.lock:
            self.cluster.failover_state["Status"] = self.at_work
            self.target.status = self.at_work
            if not self.loss:
                self.source.status = self.at_work
        runtime.scheduler.after(runtime.timings.global_running, self._finish)

    def _finish(self) -> None:
        try:
            self.runtime.hooks.on_global_failover(
                self.cluster.global_cluster_identifier,
                self.source.db_cluster_arn,
                self.target.db_cluster_arn,
                self.loss,
            )
        except Exception:
            log.exception("moving the writer of %s failed", self.cluster.arn)
            self._cancel()
            return
        with self.runtime.lock:
            self.source.is_writer = False
            self.target.is_writer = True
            # The old primary comes back as a secondary; until then it is not in step.
            self.source.resynchronising = self.loss
            self._settle()

    def _cancel(self) -> None:
        with self.runtime.lock:
            self.cluster.failover_state["Status"] = "cancelling"
        self.runtime.scheduler.after(self.runtime.timings.global_pending, self._settle)

    def _settle(self) -> None:
        with self.runtime.lock:
            self.cluster.failover_state = None
            self.cluster.status = "available"
            for member in (self.source, self.target):
                if member.status == self.at_work:
                    member.status = "available"


def _start(runtime: Runtime, response: RDSResponse, loss: bool) -> ActionResult:
    parameters = response.params
    with runtime.lock:
        cluster = _global_cluster(response.current_account, parameters["GlobalClusterIdentifier"])
        target = _member(cluster, response.region, parameters["TargetDbClusterIdentifier"])
        source = _writer(cluster)
        _check(runtime, cluster, source, target, loss)
        _Failover(runtime, cluster, source, target, loss).begin()
        return ActionResult({"GlobalCluster": cluster})


def _install_actions(runtime: Runtime) -> None:
    def failover_global_cluster(self: RDSResponse) -> ActionResult:
        loss = self.params.get("AllowDataLoss")
        switchover = self.params.get("Switchover")
        if loss is not None and switchover is not None:
            raise InvalidParameterCombination(
                "AllowDataLoss and Switchover can't be specified together."
            )
        return _start(runtime, self, bool(loss))

    def switchover_global_cluster(self: RDSResponse) -> ActionResult:
        return _start(runtime, self, False)

    def describe_global_clusters(self: RDSResponse) -> ActionResult:
        wanted = self.params.get("GlobalClusterIdentifier")
        if wanted:
            clusters = [_global_cluster(self.current_account, wanted)]
        else:
            clusters = self.global_backend.describe_global_clusters()
        return ActionResult({"GlobalClusters": clusters})

    def remove_from_global_cluster(self: RDSResponse) -> ActionResult:
        with runtime.lock:
            cluster = _global_cluster(self.current_account, self.params["GlobalClusterIdentifier"])
            member = _member(cluster, self.region, self.params["DbClusterIdentifier"])
            if getattr(cluster, "failover_state", None):
                raise InvalidGlobalClusterState(
                    f"Global cluster {cluster.global_cluster_identifier} has a failover or "
                    "switchover in progress"
                )
            if member.is_writer and len(cluster.members) > 1:
                raise InvalidGlobalClusterState(
                    "The primary cluster can be removed only after all secondary clusters"
                )
            cluster.members.remove(member)
            member.global_cluster_identifier = None
            return ActionResult({"GlobalCluster": cluster})

    patches = runtime.patches
    patches.set(RDSResponse, "failover_global_cluster", failover_global_cluster)
    patches.set(RDSResponse, "switchover_global_cluster", switchover_global_cluster)
    patches.set(RDSResponse, "describe_global_clusters", describe_global_clusters)
    patches.set(RDSResponse, "remove_from_global_cluster", remove_from_global_cluster)


def _install_members(runtime: Runtime) -> None:
    def global_cluster_members(self: GlobalCluster) -> list[dict[str, Any]]:
        members = original_members.fget(self)
        for shown, member in zip(members, self.members, strict=True):
            # A former primary that was failed away from is in step again once it can be reached.
            if getattr(member, "resynchronising", False) and runtime.reachable(member.region):
                member.resynchronising = False
            waiting = getattr(member, "resynchronising", False)
            shown["SynchronizationStatus"] = "pending-resync" if waiting else "connected"
        return members

    def create(self: RDSBackend, *args: Any, **kwargs: Any) -> GlobalCluster:
        cluster = original_create(self, *args, **kwargs)
        # A cluster that founds a global cluster is its primary; moto leaves it a reader.
        for member in cluster.members:
            member.is_writer = True
        return cluster

    def create_in_home(self: RDSResponse) -> ActionResult:
        """Lets the founding cluster live in any Region; moto only looks in one."""
        source = self.params.get("SourceDBClusterIdentifier") or ""
        region = source.split(":")[3] if source.startswith("arn:") else HOME_REGION
        identifier = self.params["GlobalClusterIdentifier"]
        with runtime.lock:
            home = rds_backends[self.current_account][HOME_REGION].global_clusters
            if identifier in home:
                raise RDSClientError(
                    "GlobalClusterAlreadyExistsFault", f"Global cluster {identifier} exists"
                )
            cluster = rds_backends[self.current_account][region].create_global_cluster(
                global_cluster_identifier=identifier,
                source_db_cluster_identifier=self.params.get("SourceDBClusterIdentifier"),
                engine=self.params.get("Engine"),
                engine_version=self.params.get("EngineVersion"),
                storage_encrypted=self.params.get("StorageEncrypted"),
                deletion_protection=self.params.get("DeletionProtection"),
            )
            rds_backends[self.current_account][region].global_clusters.pop(identifier, None)
            home[identifier] = cluster
        return ActionResult({"GlobalCluster": cluster})

    original_members = runtime.patches.set(
        GlobalCluster, "global_cluster_members", property(global_cluster_members)
    )
    original_create = runtime.patches.set(RDSBackend, "create_global_cluster", create)
    runtime.patches.set(RDSResponse, "create_global_cluster", create_in_home)


def install(runtime: Runtime) -> None:
    """Puts this part on moto."""
    _install_actions(runtime)
    _install_members(runtime)
