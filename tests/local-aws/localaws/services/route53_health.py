"""Route 53 health checks: what each one says now, and why.

A check of a CloudWatch alarm looks at the alarm's *data*, not at its state, with the settings that
the alarm had when the check was made or last updated; with too little data it follows
`InsufficientDataHealthStatus`, of which `LastKnownStatus` is a latch. A disabled check counts as
healthy, a new one starts healthy, and `Inverted` turns the result around in every case.
"""

from __future__ import annotations

import time
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.route53.models import HealthCheck, Route53Backend, route53_backends

from . import route53_health_api
from .cloudwatch_alarms import decide, ends, look
from .cloudwatch_data import put_datum
from .cloudwatch_rules import ALARM, INSUFFICIENT
from .route53_probe import PROBED, probe
from .runtime import Runtime, log

# Where Route 53 puts the metrics of all its health checks.
METRIC_REGION = "us-east-1"
# How often it puts them (here, not minutes: alarms on them must see data in scaled periods).
METRIC_SECONDS = 1.0


class State:
    """What has been seen of one health check. A new one is healthy."""

    def __init__(self) -> None:
        self.raw = True
        self.streak = 0
        self.sentence = "Success: no check has been made yet"
        self.busy = False
        self.told: bool | None = None
        self.metric_at = 0.0
        # The end, in periods, of the alarm's data that was looked at last.
        self.seen: int | None = None


def state_of(check: HealthCheck) -> State:
    """The state kept with the check."""
    return check.__dict__.setdefault("localaws_state", State())


def is_healthy(runtime: Runtime, backend: Route53Backend, check: HealthCheck) -> bool:
    """What Route 53 takes this check for when it answers DNS queries now."""
    raw = True if check.disabled else _raw(runtime, backend, check)
    return (not raw) if check.inverted else raw


def _raw(runtime: Runtime, backend: Route53Backend, check: HealthCheck) -> bool:
    if check.type_ == "CALCULATED":
        children = [backend.health_checks.get(name) for name in check.children or []]
        healthy = sum(is_healthy(runtime, backend, c) for c in children if c is not None)
        return healthy >= int(check.health_threshold or 0)
    if check.type_ == "RECOVERY_CONTROL":
        on = runtime.tell(runtime.hooks.routing_control_on, getattr(check, "routing_control", ""))
        return True if on is None else bool(on)
    return state_of(check).raw


def _read_alarm(
    runtime: Runtime, backend: Route53Backend, check: HealthCheck, now: float
) -> None:
    """Judges the metric behind the alarm, by Route 53's own copy of the alarm's settings."""
    state = state_of(check)
    config, region = check.alarm_config, check.alarm_identifier["Region"]
    if not runtime.reachable(region):
        _judged(check, INSUFFICIENT)
        state.seen = None
        return
    metrics = cloudwatch_backends[backend.account_id][region]
    missing = config.treat_missing_data
    # A health check has no present alarm state to keep, so `ignore` means no data here.
    treat = missing if missing in ("breaching", "notBreaching") else "missing"
    for end in ends(runtime, config, state.seen, now):
        _judged(check, decide(look(runtime, metrics, config, end), config, treat))
        state.seen = end


def _judged(check: HealthCheck, verdict: str | None) -> None:
    """What the data of one period mean for the check."""
    state = state_of(check)
    if verdict == INSUFFICIENT:
        setting = check.insufficient_data_health_status or "LastKnownStatus"
        if setting != "LastKnownStatus":
            state.raw = setting == "Healthy"
        state.sentence = f"Insufficient data; {setting} gives {_word(state.raw)}"
    elif verdict is not None:
        state.raw = verdict != ALARM
        state.sentence = f"{_word(state.raw)}: the alarm's data calls for {verdict}"


def _word(healthy: bool) -> str:
    return "Success" if healthy else "Failure"


def _probe(runtime: Runtime, check: HealthCheck) -> None:
    """One probe; the status turns after FailureThreshold results of the other kind in a row."""
    state = state_of(check)
    try:
        passed, sentence = probe(check, runtime.timings.health_check_timeout)
        with runtime.lock:
            state.sentence = sentence
            state.streak = 0 if passed == state.raw else state.streak + 1
            if state.streak >= int(check.failure_threshold or 3):
                state.raw, state.streak = passed, 0
    finally:
        state.busy = False


def _observe(runtime: Runtime, backend: Route53Backend, check: HealthCheck, now: float) -> None:
    state = state_of(check)
    if not check.disabled:
        if check.type_ == "CLOUDWATCH_METRIC":
            _read_alarm(runtime, backend, check, now)
        elif check.type_ in PROBED and not state.busy:
            state.busy = True
            runtime.scheduler.after(0.0, lambda: _probe(runtime, check))
    healthy = is_healthy(runtime, backend, check)
    if state.told is None:
        state.told = True
    if healthy != state.told:
        state.told = healthy
        runtime.tell(runtime.hooks.on_health_check_change, check.id, healthy)
    _put_metric(runtime, backend, check, healthy)


def _put_metric(
    runtime: Runtime, backend: Route53Backend, check: HealthCheck, healthy: bool
) -> None:
    """HealthCheckStatus, in the one Region where Route 53 puts it; not while disabled."""
    state, now = state_of(check), time.monotonic()
    if check.disabled or now - state.metric_at < METRIC_SECONDS:
        return
    if not runtime.reachable(METRIC_REGION):
        return
    state.metric_at = now
    metrics = cloudwatch_backends[backend.account_id][METRIC_REGION]
    put_datum(
        metrics,
        "AWS/Route53",
        "HealthCheckStatus",
        {"HealthCheckId": check.id},
        1.0 if healthy else 0.0,
    )


def observe_all(runtime: Runtime, now: float | None = None) -> None:
    """One turn of the loop: every health check there is."""
    now = time.time() if now is None else now
    for account in list(route53_backends):
        for backend in list(route53_backends[account].values()):
            for check in list(backend.health_checks.values()):
                try:
                    _observe(runtime, backend, check, now)
                except Exception:
                    log.exception("health check %s could not be looked at", check.id)


def health_of(runtime: Runtime, account: str, partition: str, identifier: str) -> bool | None:
    """Is the named check healthy? None when there is no such check."""
    backend: Any = route53_backends[account][partition]
    check = backend.health_checks.get(identifier)
    return None if check is None else is_healthy(runtime, backend, check)


def install(runtime: Runtime) -> None:
    """Puts this part on moto and starts the loop."""
    route53_health_api.install(runtime, state_of)
    if runtime.timings.health_check_interval > 0:
        runtime.scheduler.every(
            lambda: runtime.timings.health_check_interval, lambda: observe_all(runtime)
        )
