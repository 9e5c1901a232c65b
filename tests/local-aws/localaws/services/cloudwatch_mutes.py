"""Alarms whose actions nobody wants now: actions suppressors of composite alarms, and mute rules.

Neither changes an alarm's state. DescribeAlarms says by `ActionsSuppressedBy` whether and why a
composite alarm's actions are suppressed; active mute rules are listed by alarm. Here the actions are
told all the same: whoever acts on an alarm reads the alarm.
"""

from __future__ import annotations

import re
import time
from datetime import datetime, timedelta, timezone
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterValue, ResourceNotFoundException
from moto.cloudwatch.models import Alarm, CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult, EmptyResult

from .cloudwatch_rules import ALARM
from .runtime import Runtime

_DURATION = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_AT = re.compile(r"at\((\d{4}-\d\d-\d\dT\d\d:\d\d(?::\d\d)?)\)")
_FIELDS = (
    ("ActionsSuppressor", "actions_suppressor"),
    ("ActionsSuppressorWaitPeriod", "actions_suppressor_wait_period"),
    ("ActionsSuppressorExtensionPeriod", "actions_suppressor_extension_period"),
)


def _seconds_since(moment: datetime | None) -> float:
    if moment is None:
        return float("inf")
    return time.time() - moment.replace(tzinfo=timezone.utc).timestamp()


def suppressed_by(alarm: Alarm, alarms: dict[str, Alarm], scale: float) -> str | None:
    """`Alarm`, `WaitPeriod` or `ExtensionPeriod`, for a composite alarm in ALARM that has a suppressor."""
    name = alarm.__dict__.get("actions_suppressor")
    suppressor = alarms.get(str(name).rsplit(":", 1)[-1]) if name else None
    if suppressor is None or alarm.state_value != ALARM:
        return None
    if suppressor.state_value == ALARM:
        return "Alarm"
    since = _seconds_since(alarm.state_transitioned_timestamp)
    if since < float(alarm.__dict__.get("actions_suppressor_wait_period") or 0) / scale:
        return "WaitPeriod"
    left = _seconds_since(suppressor.state_transitioned_timestamp)
    extension = float(alarm.__dict__.get("actions_suppressor_extension_period") or 0) / scale
    return "ExtensionPeriod" if left <= since and left < extension else None


def mark(runtime: Runtime, alarm: Alarm, alarms: dict[str, Alarm]) -> None:
    """Writes onto a composite alarm what DescribeAlarms shows of its suppression."""
    by = suppressed_by(alarm, alarms, runtime.timings.time_scale)
    shown = alarm.__dict__
    shown["actions_suppressed_by"] = by
    shown["actions_suppressed_reason"] = (
        f"Actions suppressed by {shown['actions_suppressor']} ({by})" if by else None
    )


def _duration(text: str) -> float:
    """The seconds of an ISO 8601 duration such as `PT2H`."""
    match = _DURATION.fullmatch(text or "")
    if match is None or not any(match.groups()):
        raise InvalidParameterValue(f"Schedule.Duration {text!r} is not an ISO 8601 duration.")
    days, hours, minutes, seconds = (int(part or 0) for part in match.groups())
    return timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds).total_seconds()


def _begins(expression: str) -> float:
    """When `at(yyyy-mm-ddThh:mm)` begins. Recurring schedules are not modelled."""
    match = _AT.fullmatch(expression or "")
    if match is None:
        raise InvalidParameterValue(f"Here mute rules are one-time ones, not {expression!r}.")
    return datetime.fromisoformat(match.group(1)).replace(tzinfo=timezone.utc).timestamp()


def _rules(backend: CloudWatchBackend) -> dict[str, dict[str, Any]]:
    return backend.__dict__.setdefault("localaws_mute_rules", {})


def _status(rule: dict[str, Any], now: float) -> str:
    if now < rule["begins"]:
        return "SCHEDULED"
    return "ACTIVE" if now < rule["ends"] else "EXPIRED"


def _install_mute_rules(runtime: Runtime) -> None:
    def put_alarm_mute_rule(self: CloudWatchResponse) -> ActionResult:
        schedule = (self._get_param("Rule") or {}).get("Schedule") or {}
        begins = _begins(schedule.get("Expression", ""))
        targets = (self._get_param("MuteTargets") or {}).get("AlarmNames")
        with runtime.lock:
            _rules(self.cloudwatch_backend)[self._get_param("Name")] = {
                "begins": begins,
                "ends": begins + _duration(schedule.get("Duration", "")),
                "alarms": targets,
                "updated": datetime.now(timezone.utc),
            }
        return EmptyResult()

    def list_alarm_mute_rules(self: CloudWatchResponse) -> ActionResult:
        alarm, statuses = self._get_param("AlarmName"), self._get_param("Statuses", [])
        backend, now = self.cloudwatch_backend, time.time()
        prefix = f"arn:aws:cloudwatch:{backend.region_name}:{backend.account_id}:alarm-mute-rule:"
        with runtime.lock:
            found = [
                {
                    "AlarmMuteRuleArn": prefix + name,
                    "Status": _status(rule, now),
                    "MuteType": "ONE_TIME",
                    "LastUpdatedTimestamp": rule["updated"],
                }
                for name, rule in sorted(_rules(backend).items())
                # A rule without targets mutes every alarm.
                if alarm is None or rule["alarms"] is None or alarm in rule["alarms"]
            ]
        shown = [rule for rule in found if not statuses or rule["Status"] in statuses]
        return ActionResult({"AlarmMuteRuleSummaries": shown})

    def delete_alarm_mute_rule(self: CloudWatchResponse) -> ActionResult:
        name = self._get_param("AlarmMuteRuleName")
        with runtime.lock:
            if _rules(self.cloudwatch_backend).pop(name, None) is None:
                raise ResourceNotFoundException
        return EmptyResult()

    for handler in (put_alarm_mute_rule, list_alarm_mute_rules, delete_alarm_mute_rule):
        runtime.patches.set(CloudWatchResponse, handler.__name__, handler)


def _install_suppressors(runtime: Runtime) -> None:
    def put_composite_alarm(self: CloudWatchResponse) -> ActionResult:
        # moto's handler reads AlarmRule too, but is not reachable under this name.
        answer = self.put_metric_alarm()
        with runtime.lock:
            alarm = self.cloudwatch_backend.alarms.get(self._get_param("AlarmName"))
            if alarm is not None:
                alarm.__dict__.update({own: self._get_param(theirs) for theirs, own in _FIELDS})
        return answer

    runtime.patches.set(CloudWatchResponse, "put_composite_alarm", put_composite_alarm)


def install(runtime: Runtime) -> None:
    """Puts this part on moto."""
    _install_suppressors(runtime)
    _install_mute_rules(runtime)
