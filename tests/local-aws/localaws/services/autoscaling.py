"""Auto Scaling groups: a reconciler that launches, terminates and replaces, in AWS's states.

moto changes the instances inside the request. Here a request only changes the wanted numbers; a
loop compares them with the instances, as the service does: Pending, then InService, respecting
suspended processes, trying again while EC2 has no capacity.
"""

from __future__ import annotations

import time
from typing import Any

from moto.autoscaling.exceptions import ValidationError
from moto.autoscaling.models import (
    AutoScalingBackend,
    FakeAutoScalingGroup,
    InstanceState,
    autoscaling_backends,
)
from moto.core.utils import utcnow
from moto.elbv2.exceptions import TargetGroupNotFoundError

from .ec2_instances import arrive, set_state
from .places import roomiest
from .runtime import Runtime, log

PROCESSES = (
    "Launch",
    "Terminate",
    "AddToLoadBalancer",
    "AlarmNotification",
    "AZRebalance",
    "HealthCheck",
    "InstanceRefresh",
    "ReplaceUnhealthy",
    "ScheduledActions",
)
# How often groups are compared with their instances; also how soon a failed launch is repeated.
RECONCILE_SECONDS = 0.25
LIVE = ("Pending", "InService")


def suspended(group: FakeAutoScalingGroup, process: str) -> bool:
    """Is the process suspended for this group?"""
    return process in group._suspended_processes


def _live(group: FakeAutoScalingGroup) -> list[InstanceState]:
    return [state for state in group.instance_states if state.lifecycle_state in LIVE]


def reconcile(runtime: Runtime, group: FakeAutoScalingGroup) -> None:
    """One turn: drop what is gone, replace what is unhealthy, launch or terminate the rest."""
    with runtime.lock:
        _drop_lost(runtime, group)
        missing = int(group.desired_capacity or 0) - len(_live(group))
        if missing > 0 and not suspended(group, "Launch"):
            _launch(runtime, group, missing)
        elif missing < 0 and not suspended(group, "Terminate"):
            removable = [s for s in _live(group) if not s.protected_from_scale_in]
            for state in removable[:-missing]:
                _terminate(runtime, group, state)


def _drop_lost(runtime: Runtime, group: FakeAutoScalingGroup) -> None:
    """Takes out instances that have ended, or are unhealthy, so that others are launched."""
    for state in _live(group):
        ended = state.instance._state.name in ("shutting-down", "terminated")
        if not suspended(group, "HealthCheck"):
            _check_health(runtime, state)
        if ended:
            group.instance_states.remove(state)
        elif _to_be_replaced(runtime, state) and not (
            suspended(group, "ReplaceUnhealthy") or suspended(group, "Terminate")
        ):
            _terminate(runtime, group, state)


def _check_health(runtime: Runtime, state: InstanceState) -> None:
    """An instance that does not run, or whose status checks fail, is unhealthy. One whose checks pass
    again before it was replaced is kept."""
    known = state.__dict__
    ill = state.instance._state.name not in ("pending", "running") or (
        state.instance._state.name == "running" and runtime.places.impairs(state.instance)
    )
    if ill and "localaws_ill_since" not in known:
        known["localaws_ill_since"] = time.monotonic()
        state.health_status = "Unhealthy"
    elif not ill and known.pop("localaws_ill_since", None) is not None:
        state.health_status = "Healthy"


def _to_be_replaced(runtime: Runtime, state: InstanceState) -> bool:
    since = state.__dict__.get("localaws_ill_since", 0.0)
    kept = time.monotonic() - since < runtime.timings.asg_keeps_unhealthy
    return state.health_status == "Unhealthy" and not kept


def _launch(runtime: Runtime, group: FakeAutoScalingGroup, count: int) -> None:
    if runtime.tell(runtime.hooks.insufficient_capacity, group.region, group.name):
        return
    before = set(map(id, group.instance_states))
    for _ in range(count):
        if not _launch_one(runtime, group):
            break
    for state in group.instance_states:
        if id(state) not in before:
            state.lifecycle_state = "Pending"
            set_state(state.instance, "pending")
            runtime.scheduler.after(
                runtime.timings.asg_launch, lambda s=state: _in_service(runtime, group, s)
            )


def _launch_one(runtime: Runtime, group: FakeAutoScalingGroup) -> bool:
    """Launches one instance where there is most room; False when every zone is dead."""
    subnets = group.vpc_zone_identifier
    if subnets:
        subnet = roomiest(runtime, group)
        if subnet is None:
            return False
        group.vpc_zone_identifier = subnet
    try:
        group.replace_autoscaling_group_instances(1, group.get_propagated_tags())
    finally:
        group.vpc_zone_identifier = subnets
    return True


def _in_service(runtime: Runtime, group: FakeAutoScalingGroup, state: InstanceState) -> None:
    arrive(runtime, state.instance, "pending", "running")
    with runtime.lock:
        if state not in group.instance_states or state.lifecycle_state != "Pending":
            return
        if state.instance._state.name != "running":
            return
        state.lifecycle_state = "InService"
        if not suspended(group, "AddToLoadBalancer"):
            _register(group, state)


def _register(group: FakeAutoScalingGroup, state: InstanceState) -> None:
    elb = group.autoscaling_backend.elbv2_backend
    for arn in group.target_group_arns or []:
        try:
            target_group = elb.target_groups[arn]
            target = {"Id": state.instance.id, "Port": target_group.port}
            elb.register_targets(arn, [target])
        except (KeyError, TargetGroupNotFoundError):
            log.warning("group %s names target group %s, which is gone", group.name, arn)


def _terminate(runtime: Runtime, group: FakeAutoScalingGroup, state: InstanceState) -> None:
    state.lifecycle_state = "Terminating"
    elb = group.autoscaling_backend.elbv2_backend
    for arn in group.target_group_arns or []:
        target_group = elb.target_groups.get(arn)
        if target_group is not None and state.instance.id in target_group.targets:
            target_group.deregister([{"Id": state.instance.id}])
    runtime.scheduler.after(
        runtime.timings.asg_terminate, lambda: _gone(runtime, group, state)
    )


def _gone(runtime: Runtime, group: FakeAutoScalingGroup, state: InstanceState) -> None:
    with runtime.lock:
        if state in group.instance_states:
            group.instance_states.remove(state)
        if state.instance._state.name != "terminated":
            group.ec2_backend.terminate_instances([state.instance.id])


def _reconcile_all(runtime: Runtime) -> None:
    for account in list(autoscaling_backends):
        for backend in list(autoscaling_backends[account].values()):
            for group in list(backend.autoscaling_groups.values()):
                try:
                    reconcile(runtime, group)
                except Exception:
                    log.exception("group %s could not be reconciled", group.name)


def _check_bounds(low: int, high: int, desired: int | None) -> None:
    if low > high:
        raise ValidationError(
            f"Max bound, {high}, must be greater than or equal to min bound, {low}"
        )
    if desired is not None and not low <= desired <= high:
        raise ValidationError(
            f"Desired capacity:{desired} must be between the specified min size:{low} and max "
            f"size:{high}"
        )


def _find(backend: AutoScalingBackend, name: str) -> FakeAutoScalingGroup:
    group = backend.autoscaling_groups.get(name)
    if group is None:
        raise ValidationError("AutoScalingGroup name not found - null")
    return group


def _install_sizes(runtime: Runtime) -> None:
    def set_group_capacity(self: FakeAutoScalingGroup, new_capacity: int | None) -> None:
        self.desired_capacity = self.min_size if new_capacity is None else new_capacity
        if self.autoscaling_backend.autoscaling_groups.get(self.name) is self:
            reconcile(runtime, self)

    def update(self: FakeAutoScalingGroup, **given: Any) -> None:
        with runtime.lock:
            low, high = given.get("min_size"), given.get("max_size")
            low = self.min_size if low is None else low
            high = self.max_size if high is None else high
            desired = given.get("desired_capacity")
            _check_bounds(low, high, desired)
            if desired is None:
                # A new bound that the present size breaks moves the desired capacity to it.
                desired = min(max(int(self.desired_capacity or 0), low), high)
            policy = given.get("mixed_instances_policy")
            given["mixed_instances_policy"] = policy or self.mixed_instances_policy
            given["desired_capacity"] = desired
            original_update(self, **given)

    def create(self: AutoScalingBackend, *args: Any, **kwargs: Any) -> FakeAutoScalingGroup:
        with runtime.lock:
            name = kwargs.get("name") or args[0]
            if name in self.autoscaling_groups:
                raise AlreadyExists()
            low, high = int(kwargs.get("min_size") or 0), int(kwargs.get("max_size") or 0)
            desired = kwargs.get("desired_capacity")
            _check_bounds(low, high, None if desired is None else int(desired))
            group = original_create(self, *args, **kwargs)
            reconcile(runtime, group)
            return group

    def set_capacity(self: AutoScalingBackend, group_name: str, desired: int | None) -> None:
        with runtime.lock:
            group = _find(self, group_name)
            wanted = int(desired or 0)
            for bound, word, broken in (
                (group.max_size, "above max", wanted > int(group.max_size)),
                (group.min_size, "below min", wanted < int(group.min_size)),
            ):
                if broken:
                    raise ValidationError(
                        f"New SetDesiredCapacity value {wanted} is {word} value {bound} for the "
                        "AutoScalingGroup."
                    )
            group.set_desired_capacity(wanted)

    def delete(self: AutoScalingBackend, group_name: str) -> None:
        with runtime.lock:
            group = _find(self, group_name)
            for state in list(group.instance_states):
                _gone(runtime, group, state)
            self.autoscaling_groups.pop(group_name, None)

    patches = runtime.patches
    patches.set(FakeAutoScalingGroup, "set_desired_capacity", set_group_capacity)
    original_update = patches.set(FakeAutoScalingGroup, "update", update)
    original_create = patches.set(AutoScalingBackend, "create_auto_scaling_group", create)
    patches.set(AutoScalingBackend, "set_desired_capacity", set_capacity)
    patches.set(AutoScalingBackend, "delete_auto_scaling_group", delete)


class AlreadyExists(ValidationError):
    """A group of that name is there."""

    code = "AlreadyExists"

    def __init__(self) -> None:
        super().__init__("AutoScalingGroup by this name already exists - A group with the name "
                         "already exists")


def _install_processes(runtime: Runtime) -> None:
    def suspend(self: AutoScalingBackend, group_name: str, processes: list[str]) -> None:
        with runtime.lock:
            group = _find(self, group_name)
            _check_processes(processes)
            reasons = group.__dict__.setdefault("localaws_reasons", {})
            for process in processes or PROCESSES:
                if process not in group._suspended_processes:
                    group._suspended_processes.append(process)
                    reasons[process] = f"User suspended at {utcnow():%Y-%m-%dT%H:%M:%SZ}"

    def resume(self: AutoScalingBackend, group_name: str, processes: list[str]) -> None:
        with runtime.lock:
            group = _find(self, group_name)
            _check_processes(processes)
            resumed = set(processes or PROCESSES)
            group._suspended_processes = [
                p for p in group._suspended_processes if p not in resumed
            ]

    def shown(self: FakeAutoScalingGroup) -> list[dict[str, str]]:
        reasons = self.__dict__.get("localaws_reasons", {})
        return [
            {"ProcessName": p, "SuspensionReason": reasons.get(p, "")}
            for p in self._suspended_processes
        ]

    def set_shown(self: FakeAutoScalingGroup, processes: list[str]) -> None:
        self._suspended_processes = list(processes)

    def notify(self: AutoScalingBackend, instance_ids: list[str]) -> None:
        """Terminated instances are found, and replaced, by the reconciler."""
        for group in self.autoscaling_groups.values():
            group.instance_states = [
                s for s in group.instance_states if s.instance.id not in instance_ids
            ]

    patches = runtime.patches
    patches.set(AutoScalingBackend, "suspend_processes", suspend)
    patches.set(AutoScalingBackend, "resume_processes", resume)
    patches.set(FakeAutoScalingGroup, "suspended_processes", property(shown, set_shown))
    patches.set(AutoScalingBackend, "notify_terminate_instances", notify)
    # Targets are registered when an instance is in service, not when it is launched.
    patches.set(AutoScalingBackend, "update_attached_target_groups", _register_in_service)


def _register_in_service(self: AutoScalingBackend, group_name: str) -> None:
    group = self.autoscaling_groups[group_name]
    for state in group.instance_states:
        if state.lifecycle_state == "InService" and state.instance._state.name == "running":
            _register(group, state)


def _check_processes(processes: list[str] | None) -> None:
    unknown = [p for p in processes or [] if p not in PROCESSES]
    if unknown:
        raise ValidationError(f"Invalid scaling process(es): [{', '.join(unknown)}]")


def install(runtime: Runtime) -> None:
    """Puts this part on moto and starts the loop."""
    _install_sizes(runtime)
    _install_processes(runtime)
    runtime.scheduler.every(lambda: RECONCILE_SECONDS, lambda: _reconcile_all(runtime))
