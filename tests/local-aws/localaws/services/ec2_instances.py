"""EC2 instances: start and stop take time, capacity can be lacking, RunInstances has its token."""

from __future__ import annotations

from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.ec2.models import EC2Backend
from moto.ec2.models.instances import Instance, StateReason
from moto.ec2.responses.instances import InstanceResponse

from .runtime import Runtime

CODES = {
    "pending": 0,
    "running": 16,
    "shutting-down": 32,
    "terminated": 48,
    "stopping": 64,
    "stopped": 80,
}
# EC2 counts lack of capacity among its server errors.
INSUFFICIENT_CAPACITY = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    "<Response><Errors><Error><Code>InsufficientInstanceCapacity</Code><Message>We currently do "
    "not have sufficient {type} capacity in the Availability Zone you requested ({zone}). Our "
    "system will be working on provisioning additional capacity.</Message></Error></Errors>"
    "<RequestID>00000000-0000-0000-0000-000000000000</RequestID></Response>"
)


class IncorrectInstanceState(ServiceException):
    """The instance cannot do this in its present state."""

    def __init__(self, identifier: str, verb: str):
        super().__init__(
            "IncorrectInstanceState",
            f"The instance '{identifier}' is not in a state from which it can be {verb}.",
        )


class IdempotentParameterMismatch(ServiceException):
    """The client token was used before, with other parameters."""

    def __init__(self) -> None:
        super().__init__(
            "IdempotentParameterMismatch",
            "The client token you have provided is associated with a resource that is already "
            "deleted, or with other parameters. Please use a different client token.",
        )


def set_state(instance: Instance, name: str) -> None:
    """Puts an instance in a state; the object is replaced since moto hands out the old one."""
    instance._state = type(instance._state)(name, CODES[name])


def arrive(runtime: Runtime, instance: Instance, passing: str, end: str) -> None:
    """Ends a transition, unless something else has happened to the instance meanwhile."""
    with runtime.lock:
        if instance._state.name != passing:
            return
        set_state(instance, end)
    runtime.tell(runtime.hooks.on_instance_state, instance.region_name, instance.id, end)


def start(runtime: Runtime, instance: Instance) -> tuple[str, str]:
    """Starts one instance; answers with its previous and its present state."""
    before = instance._state.name
    if before in ("running", "pending"):
        return before, before
    if before != "stopped":
        raise IncorrectInstanceState(instance.id, "started")
    for nic in instance.nics.values():
        nic.start()
    instance._reason = ""
    instance.state_reason = StateReason()
    set_state(instance, "pending")
    runtime.scheduler.after(
        runtime.timings.ec2_start, lambda: arrive(runtime, instance, "pending", "running")
    )
    return before, "pending"


def _stop(runtime: Runtime, instance: Instance) -> tuple[str, str]:
    before = instance._state.name
    if before in ("stopped", "stopping"):
        return before, before
    if before not in ("running", "pending"):
        raise IncorrectInstanceState(instance.id, "stopped")
    instance.stop()
    set_state(instance, "stopping")
    runtime.scheduler.after(
        runtime.timings.ec2_stop, lambda: arrive(runtime, instance, "stopping", "stopped")
    )
    return before, "stopping"


def _shown(changes: list[tuple[Instance, tuple[str, str]]]) -> list[dict[str, Any]]:
    return [
        {
            "InstanceId": instance.id,
            "PreviousState": {"Code": CODES[before], "Name": before},
            "CurrentState": {"Code": CODES[now], "Name": now},
        }
        for instance, (before, now) in changes
    ]


def _without_capacity(runtime: Runtime, instances: list[Instance]) -> Instance | None:
    """The first stopped instance for which EC2 has no capacity: then none of them starts."""
    for instance in instances:
        region = instance.region_name
        if instance._state.name == "stopped" and runtime.tell(
            runtime.hooks.insufficient_capacity, region, instance.id
        ):
            return instance
    return None


def _install_start_and_stop(runtime: Runtime) -> None:
    def start_instances(self: InstanceResponse) -> Any:
        self.error_on_dryrun()
        with runtime.lock:
            ids = self._get_param("InstanceIds", [])
            instances = self.ec2_backend.get_multi_instances_by_id(ids)
            for instance in instances:
                if instance._state.name not in ("stopped", "running", "pending"):
                    raise IncorrectInstanceState(instance.id, "started")
            refused = _without_capacity(runtime, instances)
            if refused is not None:
                body = INSUFFICIENT_CAPACITY.format(
                    type=refused.instance_type, zone=refused.placement.zone
                )
                return 500, {"status": 500, "Content-Type": "text/xml"}, body
            changes = [(instance, start(runtime, instance)) for instance in instances]
        return ActionResult({"StartingInstances": _shown(changes)})

    def stop_instances(self: InstanceResponse) -> ActionResult:
        self.error_on_dryrun()
        with runtime.lock:
            ids = self._get_param("InstanceIds", [])
            instances = self.ec2_backend.get_multi_instances_by_id(ids)
            changes = [(instance, _stop(runtime, instance)) for instance in instances]
        return ActionResult({"StoppingInstances": _shown(changes)})

    def terminate(self: Instance) -> Any:
        already = self._state.name == "terminated"
        answer = original_terminate(self)
        if not already:
            told = (runtime.hooks.on_instance_state, self.region_name, self.id, "terminated")
            runtime.scheduler.after(0.0, lambda: runtime.tell(*told))
        return answer

    patches = runtime.patches
    patches.set(InstanceResponse, "start_instances", start_instances)
    patches.set(InstanceResponse, "stop_instances", stop_instances)
    original_terminate = patches.set(Instance, "terminate", terminate)


def _install_token(runtime: Runtime) -> None:
    def run_instances(self: InstanceResponse) -> ActionResult:
        token = self._get_param("ClientToken")
        if not token:
            return original_run(self)
        with runtime.lock:
            backend: EC2Backend = self.ec2_backend
            seen = backend.__dict__.setdefault("localaws_tokens", {})
            asked = {
                name: str(value)
                for name, value in self._get_params().items()
                if name not in ("ClientToken", "Action", "Version")
            }
            if token in seen:
                before, result = seen[token]
                if before != asked:
                    raise IdempotentParameterMismatch()
                return ActionResult(result)
            answer = original_run(self)
            seen[token] = (asked, answer.result)
            return answer

    original_run = runtime.patches.set(InstanceResponse, "run_instances", run_instances)


def install(runtime: Runtime) -> None:
    """Puts this part on moto."""
    _install_start_and_stop(runtime)
    _install_token(runtime)
