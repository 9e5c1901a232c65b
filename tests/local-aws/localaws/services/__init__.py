"""Fidelity of single services: moto's backends made true to AWS's documented states and errors.

Call `install` once, before the server takes requests:

    installed = localaws.services.install(Hooks(on_promote=...), Timings(time_scale=30))
    ...
    installed.close()

Each module of this package mends one part of moto and can be read on its own.
"""

from __future__ import annotations

from . import (
    autoscaling,
    cloudwatch_alarms,
    cloudwatch_data,
    cloudwatch_mutes,
    cloudwatch_reads,
    dynamodb_queries,
    ec2_groups,
    ec2_instances,
    ecs,
    elb,
    lambda_controls,
    places,
    rds_global,
    rds_instances,
    route53_api,
    route53_changes,
    route53_health,
)
from .runtime import Runtime
from .settings import Hooks, Timings

__all__ = ["Hooks", "Runtime", "Timings", "install", "installed"]

_PARTS = (
    rds_instances,
    rds_global,
    route53_changes,
    route53_api,
    cloudwatch_data,
    cloudwatch_reads,
    cloudwatch_alarms,
    cloudwatch_mutes,
    dynamodb_queries,
    route53_health,
    ec2_instances,
    places,
    ec2_groups,
    autoscaling,
    elb,
    ecs,
    lambda_controls,
)

_current: Runtime | None = None


def install(hooks: Hooks | None = None, timings: Timings | None = None) -> Runtime:
    """Puts the services on moto; an earlier installation is taken off first."""
    global _current
    if _current is not None:
        _current.close()
    runtime = Runtime(hooks or Hooks(), timings or Timings())
    for part in _PARTS:
        part.install(runtime)
    _current = runtime
    return runtime


def installed() -> Runtime | None:
    """The present installation, if there is one."""
    return _current
