"""Lambda's switches: reserved concurrency, and event source mappings that take time to turn."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import unquote

from moto.awslambda.exceptions import LambdaClientError
from moto.awslambda.models import EventSourceMapping, LambdaBackend, LambdaFunction
from moto.awslambda.responses import LambdaResponse

from .runtime import Runtime


class ResourceNotFound(LambdaClientError):
    """No mapping of that UUID."""

    code = 404

    def __init__(self) -> None:
        super().__init__("ResourceNotFoundException", "The resource you requested does not exist.")


class ResourceInUse(LambdaClientError):
    """The mapping is between two states."""

    def __init__(self, state: str):
        super().__init__(
            "ResourceInUseException",
            f"Cannot update the event source mapping because it is in use: its state is {state}.",
        )


def _turn(runtime: Runtime, mapping: EventSourceMapping, passing: str) -> None:
    """Shows a passing state for a while."""
    mapping.localaws_passing = passing

    def arrive() -> None:
        with runtime.lock:
            if mapping.localaws_passing == passing:
                mapping.localaws_passing = None

    runtime.scheduler.after(runtime.timings.esm_transition, arrive)


def _install_mappings(runtime: Runtime) -> None:
    def configuration(self: EventSourceMapping) -> dict[str, Any]:
        shown = original_configuration(self)
        passing = getattr(self, "localaws_passing", None)
        if passing:
            shown["State"] = passing
        shown["StateTransitionReason"] = "USER_INITIATED"
        return shown

    def create(self: LambdaBackend, spec: dict[str, Any]) -> EventSourceMapping:
        with runtime.lock:
            spec["Enabled"] = str(spec.get("Enabled", True)).lower() != "false"
            mapping = original_create(self, spec)
            _turn(runtime, mapping, "Creating")
            return mapping

    def update(self: LambdaBackend, uuid: str, spec: dict[str, Any]) -> EventSourceMapping:
        with runtime.lock:
            mapping = self.get_event_source_mapping(uuid)
            if mapping is None:
                raise ResourceNotFound()
            passing = getattr(mapping, "localaws_passing", None)
            if passing:
                raise ResourceInUse(passing)
            before = mapping.enabled
            updated = original_update(self, uuid, spec)
            if mapping.enabled != before:
                _turn(runtime, mapping, "Enabling" if mapping.enabled else "Disabling")
            else:
                _turn(runtime, mapping, "Updating")
            return updated

    def get(self: LambdaResponse) -> Any:
        mapping = self.backend.get_event_source_mapping(self.path.split("/")[-1])
        if mapping is None:
            raise ResourceNotFound()
        return 200, {}, json.dumps(mapping.get_configuration())

    patches = runtime.patches
    original_configuration = patches.set(EventSourceMapping, "get_configuration", configuration)
    original_create = patches.set(LambdaBackend, "create_event_source_mapping", create)
    original_update = patches.set(LambdaBackend, "update_event_source_mapping", update)
    patches.set(LambdaResponse, "get_event_source_mapping", get)


def _install_concurrency(runtime: Runtime) -> None:
    def get_concurrency(self: LambdaResponse) -> Any:
        name = unquote(self.path.rsplit("/", 2)[-2])
        reserved = self.backend.get_function(name).reserved_concurrency
        body = {} if reserved is None else {"ReservedConcurrentExecutions": int(reserved)}
        return 200, {}, json.dumps(body)

    def get_code(self: LambdaFunction) -> dict[str, Any]:
        """A reservation of 0 is one too: it is how a function is stopped."""
        shown = original_code(self)
        if self.reserved_concurrency is not None:
            reserved = int(self.reserved_concurrency)
            shown["Concurrency"] = {"ReservedConcurrentExecutions": reserved}
        return shown

    patches = runtime.patches
    patches.set(LambdaResponse, "get_function_concurrency", get_concurrency)
    original_code = patches.set(LambdaFunction, "get_code", get_code)


def install(runtime: Runtime) -> None:
    """Puts this part on moto."""
    _install_mappings(runtime)
    _install_concurrency(runtime)
