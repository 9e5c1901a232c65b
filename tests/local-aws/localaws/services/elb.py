"""Elastic Load Balancing v2: target health begins `initial`, then follows the real target."""

from __future__ import annotations

import time
from typing import Any

from moto.elbv2.exceptions import TargetGroupNotFoundError
from moto.elbv2.models import ELBv2Backend, FakeHealthStatus, FakeTargetGroup

from .runtime import Runtime

# State that the hook answers -> (reason, description) that the API shows.
REASONS: dict[str, tuple[str | None, str | None]] = {
    "healthy": (None, None),
    "initial": ("Elb.InitialHealthChecking", "Initial health checks in progress"),
    "unhealthy": ("Target.FailedHealthChecks", "Health checks failed"),
    "draining": ("Target.DeregistrationInProgress", "Target deregistration is in progress"),
    "unused": ("Target.NotInUse", "Target is in an Availability Zone that is not enabled"),
    "unavailable": ("Target.HealthCheckDisabled", "Health checks are disabled"),
}


def _since(group: FakeTargetGroup) -> dict[str, float]:
    """When each target was registered."""
    return group.__dict__.setdefault("localaws_since", {})


def _status(
    group: FakeTargetGroup, target: dict[str, Any], state: str, reason: Any, description: Any
) -> FakeHealthStatus:
    port = target.get("Port", group.port)
    return FakeHealthStatus(
        target["Id"], port, group.health_check_port, state, reason, description
    )


def _health(
    runtime: Runtime, backend: ELBv2Backend, group: FakeTargetGroup, target: dict[str, Any]
) -> FakeHealthStatus:
    """The health of a registered target."""
    instance = backend.ec2_backend.get_instance_by_id(target["Id"])
    if instance is not None and instance._state.name != "running":
        name = instance._state.name
        return _status(
            group, target, "unused", "Target.InvalidState", f"Target is in the {name} state"
        )
    if not group.load_balancer_arns:
        return _status(
            group,
            target,
            "unused",
            "Target.NotInUse",
            "Target group is not configured to receive traffic from the load balancer",
        )
    if not group.health_check_enabled:
        return _status(group, target, "unavailable", *REASONS["unavailable"])
    age = time.monotonic() - _since(group).get(target["Id"], 0.0)
    if age < runtime.timings.elb_initial:
        if age < runtime.timings.elb_initial / 2:
            reason = ("Elb.RegistrationInProgress", "Target registration is in progress")
            return _status(group, target, "initial", *reason)
        return _status(group, target, "initial", *REASONS["initial"])
    asked = {"Id": target["Id"], "Port": target["Port"], "TargetGroupArn": group.arn}
    if instance is not None and runtime.places.impairs(instance):
        return _status(group, target, "unhealthy", "Target.Timeout", "Request timed out")
    told = runtime.tell(runtime.hooks.target_health, backend.region_name, asked)
    state = told or "healthy"
    return _status(group, target, state, *REASONS.get(state, (None, None)))


def install(runtime: Runtime) -> None:
    """Puts this part on moto."""

    def register(self: FakeTargetGroup, targets: list[dict[str, Any]]) -> None:
        known = set(self.targets)
        original_register(self, targets)
        for target in targets:
            if target["Id"] not in known:
                _since(self)[target["Id"]] = time.monotonic()

    def describe(
        self: ELBv2Backend, target_group_arn: str, targets: list[dict[str, Any]]
    ) -> list[FakeHealthStatus]:
        with runtime.lock:
            group = self.target_groups.get(target_group_arn)
            if group is None:
                raise TargetGroupNotFoundError()
            wanted = [dict(t) for t in targets or group.targets.values()]
            found = []
            for target in wanted:
                registered = group.targets.get(target["Id"])
                if registered is None:
                    found.append(group.health_for(target, self.ec2_backend))
                else:
                    found.append(_health(runtime, self, group, registered))
            return found

    original_register = runtime.patches.set(FakeTargetGroup, "register", register)
    runtime.patches.set(ELBv2Backend, "describe_target_health", describe)
