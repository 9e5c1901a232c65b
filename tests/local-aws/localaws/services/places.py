"""Availability zones that fail, and single instances whose status checks fail.

An instance in a failed zone stays `running` and its checks are `impaired`; its Auto Scaling group
finds it `Unhealthy`; its target is `unhealthy`. New instances go to the zones that are left.
"""

from __future__ import annotations

from typing import Any

from moto.autoscaling.models import FakeAutoScalingGroup
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.ec2.models.instances import Instance
from moto.ec2.responses.instances import InstanceResponse

from .runtime import Runtime

# DescribeInstanceStatus: greatest number of ids, bounds of a page, and its default.
MAX_IDS = 100
MIN_PAGE, MAX_PAGE, PAGE = 5, 1000, 100


class Refused(ServiceException):
    """A parameter is wrong. (moto finds the service by the module of the class.)"""


def checks(runtime: Runtime, instance: Instance) -> dict[str, Any]:
    """What both status checks of an instance say."""
    if instance._state.name == "pending":
        return _check("initializing", "initializing")
    if instance._state.name != "running":
        return {"Status": "not-applicable"}
    if runtime.places.impairs(instance):
        return _check("impaired", "failed")
    return _check("ok", "passed")


def _check(status: str, reachability: str) -> dict[str, Any]:
    return {"Details": [{"Name": "reachability", "Status": reachability}], "Status": status}


def roomiest(runtime: Runtime, group: FakeAutoScalingGroup) -> str | None:
    """The subnet of a group whose zone lives and holds the fewest of its instances; None when every
    zone is dead. Groups keep their instances spread evenly."""
    ec2 = group.ec2_backend
    subnets = [s for s in (group.vpc_zone_identifier or "").split(",") if s]
    counted: dict[str, int] = {}
    for subnet in subnets:
        zone = ec2.get_subnet(subnet).availability_zone
        if zone not in runtime.places.dead_zones:
            counted[subnet] = sum(s.instance.placement.zone == zone for s in group.instance_states)
    return min(counted, key=lambda subnet: counted[subnet], default=None)


def install(runtime: Runtime) -> None:
    """Puts this part on moto."""

    def describe(self: InstanceResponse) -> ActionResult:
        ids = self._get_param("InstanceIds", [])
        size = self._get_int_param("MaxResults")
        if ids and size is not None:
            raise Refused(
                "InvalidParameterCombination",
                "The parameter instancesSet cannot be used with the parameter maxResults",
            )
        if len(ids) > MAX_IDS:
            raise Refused(
                "InvalidParameterValue", f"At most {MAX_IDS} instance ids can be given"
            )
        if size is not None and not MIN_PAGE <= size <= MAX_PAGE:
            raise Refused(
                "InvalidParameterValue",
                f"Value ( {size} ) for parameter maxResults is invalid. "
                f"Expecting a value between {MIN_PAGE} and {MAX_PAGE}.",
            )
        with runtime.lock:
            answer = original_describe(self)
        if ids:
            return answer
        found = sorted(answer.result["InstanceStatuses"], key=lambda i: i.id)
        token = self._get_param("NextToken")
        rest = [i for i in found if not token or i.id > token]
        page = rest[: size or PAGE]
        result: dict[str, Any] = {"InstanceStatuses": page}
        if len(rest) > len(page):
            result["NextToken"] = page[-1].id
        return ActionResult(result)

    status = property(lambda self: checks(runtime, self))
    patches = runtime.patches
    patches.set(Instance, "instance_status", status)
    patches.set(Instance, "system_status", status)
    original_describe = patches.set(InstanceResponse, "describe_instance_status", describe)
