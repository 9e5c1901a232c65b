"""ECS services: tasks are started and stopped after the request, not in it."""

from __future__ import annotations

from typing import Any

from moto.core.utils import utcnow
from moto.ecs.models import EC2ContainerServiceBackend, Service
from moto.ecs.exceptions import EcsClientException

from .runtime import Runtime

# How soon tasks that found no capacity are tried again.
RETRY_SECONDS = 0.5


def _present(service: Service) -> bool:
    backend = service._backend
    return backend.services.get(f"{service.cluster_name}:{service.name}") is service


def _count(service: Service, running: int, pending: int) -> None:
    """Sets the numbers of a service, and those of its cluster with them."""
    backend = service._backend
    cluster = backend._get_cluster(service.cluster_name)
    backend.update_cluster_resources(cluster, running - service.running_count, "RUNNING")
    backend.update_cluster_resources(cluster, pending - service.pending_count, "PENDING")
    service.running_count, service.pending_count = running, pending
    if service.deployments:
        done = running == service.desired_count
        deployment = service.deployments[0]
        deployment.update(
            desiredCount=service.desired_count,
            runningCount=running,
            pendingCount=pending,
            rolloutState="COMPLETED" if done else "IN_PROGRESS",
            rolloutStateReason=f"ECS deployment {deployment['id']} "
            + ("completed." if done else "in progress."),
            updatedAt=utcnow(),
        )


def _converge(runtime: Runtime, service: Service) -> None:
    """Plans the step from the running to the desired tasks."""
    wanted = int(service.desired_count)
    _count(service, min(service.running_count, wanted), max(0, wanted - service.running_count))
    runtime.scheduler.after(runtime.timings.ecs_task, lambda: _arrive(runtime, service, wanted))


def _arrive(runtime: Runtime, service: Service, wanted: int) -> None:
    with runtime.lock:
        if not _present(service) or int(service.desired_count) != wanted:
            return
        growing = wanted > service.running_count
        if growing and runtime.tell(
            runtime.hooks.insufficient_capacity, service.region_name, service.name
        ):
            runtime.scheduler.after(RETRY_SECONDS, lambda: _arrive(runtime, service, wanted))
            return
        broken = growing and runtime.tell(
            runtime.hooks.rollout_fails, service.region_name, service.cluster_name, service.name
        )
        if broken:
            _failed(service, wanted)
            return
        _count(service, wanted, 0)
    runtime.tell(
        runtime.hooks.on_ecs_running,
        service.region_name,
        service.cluster_name,
        service.name,
        wanted,
    )


def _failed(service: Service, wanted: int) -> None:
    """The deployment circuit breaker gives up: none of the tasks that were lacking stays."""
    lacking = wanted - service.running_count
    _count(service, service.running_count, 0)
    for deployment in service.deployments[:1]:
        deployment.update(
            rolloutState="FAILED",
            rolloutStateReason=f"ECS deployment {deployment['id']} failed: tasks failed to start.",
            failedTasks=lacking,
        )


def install(runtime: Runtime) -> None:
    """Puts this part on moto."""

    def update_service(
        self: EC2ContainerServiceBackend, service_properties: dict[str, Any]
    ) -> Service:
        with runtime.lock:
            wanted = service_properties.pop("desired_count", None)
            if wanted is not None and int(wanted) < 0:
                raise EcsClientException("desiredCount must not be negative.")
            cluster = service_properties.get("cluster", "default")
            name = service_properties["service"].split("/")[-1]
            before = self._get_service(cluster, name)
            running, pending = before.running_count, before.pending_count
            service = original_update(self, service_properties)
            # moto takes the service's tasks off the cluster's numbers first; put them back.
            held = self._get_cluster(cluster)
            self.update_cluster_resources(held, running, "RUNNING")
            self.update_cluster_resources(held, pending, "PENDING")
            if wanted is not None:
                service.desired_count = int(wanted)
                _converge(runtime, service)
            return service

    def create_service(self: EC2ContainerServiceBackend, *args: Any, **kwargs: Any) -> Service:
        with runtime.lock:
            service = original_create(self, *args, **kwargs)
            _converge(runtime, service)
            return service

    patches = runtime.patches
    original_update = patches.set(EC2ContainerServiceBackend, "update_service", update_service)
    original_create = patches.set(EC2ContainerServiceBackend, "create_service", create_service)
