"""CloudWatch alarms: the evaluation loop, first states, transitions, and pages of descriptions.

An alarm's period is divided by `Timings.time_scale`, so a rehearsal sees a 60 s alarm decide in a
few seconds. Only whole periods are looked at, and each of them once at least: a loop that a busy
machine has held up catches up on those it is late for, as CloudWatch is never late. A Region that
cannot be reached is silent: nothing is evaluated there.
"""

from __future__ import annotations

import json
import math
import time
from datetime import datetime, timezone
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterCombination, InvalidParameterValue
from moto.cloudwatch.models import Alarm, CloudWatchBackend, cloudwatch_backends
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult
from moto.core.utils import utcnow

from .cloudwatch_composite import evaluate_rule
from .cloudwatch_data import metric_key, store_of, windows
from .cloudwatch_metric_math import expression_windows
from .cloudwatch_mutes import mark
from .cloudwatch_rules import EXTRA_PERIODS, INSUFFICIENT, OK, breaches, evaluate
from .runtime import Runtime, log

# DescribeAlarms: the default and the greatest page.
PAGE = 50
MAX_PAGE = 100
# A loop that is late by more periods than this begins anew: half an hour of scaled minutes.
MAX_LATE = 900

Looks = dict[tuple[Any, ...], "Window"]
"""What has been looked at in this turn: thousands of alarms may watch one metric."""


class Window:
    """What one look at an alarm's metric found."""

    def __init__(self, points: list[tuple[float, float | None]], period: float) -> None:
        self.points = points
        self.period = period


def ends(runtime: Runtime, config: Any, seen: int | None, now: float) -> list[int]:
    """The ends, in periods, of what `config` (an alarm) is to be looked at for: each period that
    has passed since the one `seen`, or the last one again, for data that came late."""
    last = math.floor(now / _scaled(runtime, config))
    if seen is None or seen >= last:
        return [last]
    return list(range(max(seen + 1, last - MAX_LATE), last + 1))


def look(
    runtime: Runtime, backend: CloudWatchBackend, config: Any, end: int, looks: Looks | None = None
) -> Window:
    """The whole periods before the `end` of the metric that `config` watches, oldest first."""
    period = _scaled(runtime, config)
    count = int(config.evaluation_periods) + EXTRA_PERIODS
    start = (end - count) * period
    if config.metric_data_queries:
        found = expression_windows(backend, config, start, end * period, period)
        return _window(found, start, period, count)
    key = metric_key(config.namespace, config.metric_name, config.dimensions)
    statistic = config.extended_statistic or config.statistic
    known = (id(backend), key, statistic, config.unit, period, end, count)
    window = None if looks is None else looks.get(known)
    if window is None:
        points = store_of(backend).between(key, start, end * period, config.unit)
        window = _window(windows(points, period, statistic), start, period, count)
        if looks is not None:
            looks[known] = window
    return window


def _window(found: Any, start: float, period: float, count: int) -> Window:
    by_index = {round((at - start) / period): value for at, value in found}
    return Window([(start + i * period, by_index.get(i)) for i in range(count)], period)


def _scaled(runtime: Runtime, config: Any) -> float:
    """How long a period of the alarm lasts here."""
    return _period(config) / runtime.timings.time_scale


def _period(config: Any) -> float:
    """The period of an alarm, or of the queries of a metric-math alarm."""
    if config.period:
        return float(config.period)
    stats = [q.metric_stat for q in config.metric_data_queries if q.metric_stat]
    return float(stats[0].period) if stats else 60.0


def decide(window: Window, config: Any, missing: str) -> str | None:
    """The state that a window calls for; None means: as it is."""
    threshold = float(config.threshold)
    flags = [
        None if value is None else breaches(value, config.comparison_operator, threshold)
        for _, value in window.points
    ]
    periods = int(config.evaluation_periods)
    return evaluate(flags, periods, int(config.datapoints_to_alarm or periods), missing)


def _stamp(seconds: float) -> str:
    moment = datetime.fromtimestamp(seconds, timezone.utc)
    return moment.strftime("%Y-%m-%dT%H:%M:%S.000+0000")


def _reason(alarm: Alarm, window: Window, state: str) -> tuple[str, str]:
    """StateReason and StateReasonData in CloudWatch's words."""
    periods = int(alarm.evaluation_periods)
    recent = [(at, v) for at, v in window.points if v is not None][-periods:]
    shown = ", ".join(f"{v} ({_stamp(at)})" for at, v in recent)
    data = {
        "version": "1.0",
        "queryDate": _stamp(time.time()),
        "statistic": alarm.statistic or alarm.extended_statistic,
        "period": alarm.period,
        "recentDatapoints": [v for _, v in recent],
        "threshold": alarm.threshold,
        "evaluatedDatapoints": [{"timestamp": _stamp(at), "value": v} for at, v in recent],
    }
    if state == INSUFFICIENT:
        return "Insufficient Data: no datapoints were received", json.dumps(data)
    if not recent:
        count = f"{periods} datapoint{'s which were' if periods > 1 else ' which was'}"
        verb = "treated as breaching" if state != OK else "treated as non-breaching"
        return (
            f"Threshold Crossed: no datapoints were received for {count} {verb}",
            json.dumps(data),
        )
    relation = alarm.comparison_operator.replace("Threshold", "")
    words = "".join(f" {c.lower()}" if c.isupper() else c for c in relation).strip()
    negation = "was" if state != OK else "was not"
    return (
        f"Threshold Crossed: {len(recent)} out of the last {periods} datapoints [{shown}] "
        f"{negation} {words} the threshold ({alarm.threshold}).",
        json.dumps(data),
    )


def transition(runtime: Runtime, alarm: Alarm, state: str, reason: str, data: str) -> None:
    """Moves an alarm to a state and tells of it; a state that is kept is not told."""
    with runtime.lock:
        old = alarm.state_value
        alarm.update_state(reason, data, state)
        if old != state:
            alarm.state_transitioned_timestamp = alarm.state_updated_timestamp
    if old != state:
        runtime.tell(runtime.hooks.on_alarm_transition, alarm.region_name, alarm, old, state)


def _evaluate_one(
    runtime: Runtime, backend: CloudWatchBackend, alarm: Alarm, now: float, looks: Looks
) -> None:
    if alarm.rule is not None:
        state = evaluate_rule(alarm.rule, {a.name: a.state_value for a in backend.alarms.values()})
        if state != alarm.state_value:
            transition(runtime, alarm, state, f"{alarm.rule} evaluates to {state}", "{}")
        return
    for end in ends(runtime, alarm, alarm.__dict__.get("localaws_seen"), now):
        window = look(runtime, backend, alarm, end, looks)
        state = decide(window, alarm, alarm.treat_missing_data or "missing")
        if state is not None and state != alarm.state_value:
            transition(runtime, alarm, state, *_reason(alarm, window, state))
        alarm.__dict__["localaws_seen"] = end


def evaluate_all(runtime: Runtime, now: float | None = None) -> None:
    """One turn of the loop: every alarm of every Region that can be reached."""
    now = time.time() if now is None else now
    looks: Looks = {}
    for account in list(cloudwatch_backends):
        for region, backend in list(cloudwatch_backends[account].items()):
            if not backend.alarms:
                continue
            if not runtime.reachable(region):
                # When it is back it begins anew: nobody was late for what it did not see.
                for alarm in list(backend.alarms.values()):
                    alarm.__dict__.pop("localaws_seen", None)
                continue
            for alarm in list(backend.alarms.values()):
                try:
                    _evaluate_one(runtime, backend, alarm, now, looks)
                except Exception:
                    log.exception("evaluating alarm %s in %s failed", alarm.name, region)


def _install_states(runtime: Runtime) -> None:
    def put_metric_alarm(self: CloudWatchBackend, *args: Any, **kwargs: Any) -> Alarm:
        with runtime.lock:
            name = kwargs.get("name") or args[0]
            before = self.alarms.get(name)
            alarm = original_put(self, *args, **kwargs)
            if before is None:
                alarm.state_value = INSUFFICIENT
                alarm.state_transitioned_timestamp = alarm.state_updated_timestamp
                return alarm
            # Updating an alarm leaves its state as it was.
            for field in ("state_value", "state_reason", "state_reason_data", "history"):
                setattr(alarm, field, getattr(before, field))
            alarm.state_updated_timestamp = before.state_updated_timestamp
            alarm.state_transitioned_timestamp = before.state_transitioned_timestamp
            return alarm

    def set_alarm_state(
        self: CloudWatchBackend, alarm_name: str, reason: str, reason_data: str, state_value: str
    ) -> None:
        """Shows the state until the next evaluation says otherwise, and tells of the change."""
        alarm = self.alarms.get(alarm_name)
        old = alarm.state_value if alarm else None
        original_set(self, alarm_name, reason, reason_data, state_value)
        if alarm is not None and old != state_value:
            alarm.state_transitioned_timestamp = utcnow()
            runtime.tell(
                runtime.hooks.on_alarm_transition, self.region_name, alarm, old, state_value
            )

    original_put = runtime.patches.set(CloudWatchBackend, "put_metric_alarm", put_metric_alarm)
    original_set = runtime.patches.set(CloudWatchBackend, "set_alarm_state", set_alarm_state)


def _selected(alarms: list[Alarm], get: Any) -> list[Alarm]:
    """Those alarms that all the given filters let through."""
    names, prefix = get("AlarmNames", []), get("AlarmNamePrefix")
    if names and prefix:
        raise InvalidParameterCombination(
            "AlarmNames and AlarmNamePrefix can't be specified together."
        )
    state, action = get("StateValue"), get("ActionPrefix")
    types = get("AlarmTypes", []) or ["MetricAlarm"]
    found = []
    for alarm in sorted(alarms, key=lambda a: a.name):
        kind = "MetricAlarm" if alarm.rule is None else "CompositeAlarm"
        if (
            (names and alarm.name not in names)
            or (prefix and not alarm.name.startswith(prefix))
            or (state and alarm.state_value != state)
            or (action and not any(a.startswith(action) for a in alarm.alarm_actions or []))
            or kind not in types
        ):
            continue
        found.append(alarm)
    return found


def _install_pages(runtime: Runtime) -> None:
    def describe_alarms(self: CloudWatchResponse) -> ActionResult:
        size = int(self._get_param("MaxRecords") or PAGE)
        if not 1 <= size <= MAX_PAGE:
            raise InvalidParameterValue("MaxRecords must be between 1 and 100.")
        with runtime.lock:
            known = self.cloudwatch_backend.alarms
            alarms = _selected(list(known.values()), self._get_param)
            for alarm in alarms:
                if alarm.rule is not None:
                    mark(runtime, alarm, known)
        token = self._get_param("NextToken")
        if token:
            # The token is the last name that was shown: new and deleted alarms don't move a page.
            alarms = [alarm for alarm in alarms if alarm.name > token]
        page, rest = alarms[:size], alarms[size:]
        result: dict[str, Any] = {
            "MetricAlarms": [a for a in page if a.rule is None],
            "CompositeAlarms": [a for a in page if a.rule is not None],
        }
        if rest:
            result["NextToken"] = page[-1].name
        return ActionResult(result)

    runtime.patches.set(CloudWatchResponse, "describe_alarms", describe_alarms)


def install(runtime: Runtime) -> None:
    """Puts this part on moto and starts the loop."""
    _install_states(runtime)
    _install_pages(runtime)
    if runtime.timings.alarm_tick > 0:
        runtime.scheduler.every(lambda: runtime.timings.alarm_tick, lambda: evaluate_all(runtime))
