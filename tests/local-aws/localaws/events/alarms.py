"""What an alarm's change of state sets off: its actions, and the EventBridge event."""

import json
import logging
import threading

from localaws import ACCOUNT

LOG = logging.getLogger("localaws.alarms")

REGION_NAMES = {
    "us-east-1": "US East (N. Virginia)",
    "us-east-2": "US East (Ohio)",
    "us-west-1": "US West (N. California)",
    "us-west-2": "US West (Oregon)",
    "eu-west-1": "EU (Ireland)",
    "eu-central-1": "EU (Frankfurt)",
}
"""The names that alarm messages carry; other Regions are told by their code."""


class Alarms:
    """Acts on transitions."""

    def __init__(self, delivery, buses):
        self._delivery = delivery
        self._buses = buses
        self._lock = threading.Lock()
        self._states = {}

    def state_change(self, region, alarm, old, new):
        """`alarm` (moto's) has gone from state `old` to `new`."""
        arn = alarm.alarm_arn
        state = _state(alarm, new)
        with self._lock:
            previous = self._states.get(arn)
            self._states[arn] = state
        if previous is None or previous["value"] != old:
            previous = {"value": old, "reason": "", "timestamp": state["timestamp"]}
        detail = {
            "alarmName": alarm.name,
            "state": state,
            "previousState": previous,
            "configuration": _configuration(alarm),
        }
        kind = "CloudWatch Alarm State Change"
        if self._buses.emit(region, "aws.cloudwatch", kind, detail, [arn]) is None:
            return  # the Region is silent: no action leaves it either
        if alarm.actions_enabled:
            for action in _actions(alarm, new):
                self._act(region, alarm, action, old, detail)

    def _act(self, region, alarm, action, old, detail):
        service = action.split(":")[2]
        if service == "lambda":
            payload = {
                "source": "aws.cloudwatch",
                "alarmArn": alarm.alarm_arn,
                "accountId": ACCOUNT,
                "time": detail["state"]["timestamp"],
                "region": region,
                "alarmData": detail,
            }
            self._delivery.later(action, json.dumps(payload))
        elif service == "sns":
            new = detail["state"]["value"]
            place = REGION_NAMES.get(region, region)
            subject = f'{new}: "{alarm.name}" in {place}'
            message = json.dumps(_message(region, alarm, old, new, detail))
            self._delivery.in_background(self._delivery.publish, action, message, subject)
        else:
            LOG.warning("alarm %s: no such action here: %s", alarm.name, action)


def _actions(alarm, state):
    chosen = {
        "ALARM": alarm.alarm_actions,
        "OK": alarm.ok_actions,
        "INSUFFICIENT_DATA": alarm.insufficient_data_actions,
    }
    return list(chosen.get(state) or [])


def _stamp(at):
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}+0000"


def _state(alarm, value):
    state = {
        "value": value,
        "reason": alarm.state_reason or "",
        "timestamp": _stamp(alarm.state_updated_timestamp),
    }
    if alarm.state_reason_data and alarm.state_reason_data != "{}":
        state["reasonData"] = alarm.state_reason_data
    return state


def _dimensions(alarm):
    return {dimension.name: dimension.value for dimension in alarm.dimensions or []}


def _configuration(alarm):
    configuration = {"description": alarm.description} if alarm.description else {}
    if alarm.rule:
        return {**configuration, "alarmRule": alarm.rule}
    if alarm.metric_name:
        metric = {
            "namespace": alarm.namespace, "name": alarm.metric_name, "dimensions": _dimensions(alarm)
        }  # fmt: skip
        stat = {"metric": metric, "period": int(alarm.period or 60), "stat": alarm.statistic}
        configuration["metrics"] = [{"id": alarm.name, "metricStat": stat, "returnData": True}]
    return configuration


def _message(region, alarm, old, new, detail):
    """The JSON that an alarm publishes to a topic."""
    trigger = {
        "MetricName": alarm.metric_name,
        "Namespace": alarm.namespace,
        "StatisticType": "Statistic",
        "Statistic": (alarm.statistic or "").upper(),
        "Unit": alarm.unit,
        "Dimensions": [{"value": v, "name": n} for n, v in _dimensions(alarm).items()],
        "Period": int(alarm.period or 60),
        "EvaluationPeriods": int(alarm.evaluation_periods or 1),
        "DatapointsToAlarm": int(alarm.datapoints_to_alarm or alarm.evaluation_periods or 1),
        "ComparisonOperator": alarm.comparison_operator,
        "Threshold": alarm.threshold,
        "TreatMissingData": alarm.treat_missing_data or "missing",
        "EvaluateLowSampleCountPercentile": "",
    }
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description or None,
        "AWSAccountId": ACCOUNT,
        "AlarmConfigurationUpdatedTimestamp": _stamp(alarm.configuration_updated_timestamp),
        "NewStateValue": new,
        "NewStateReason": detail["state"]["reason"],
        "StateChangeTime": detail["state"]["timestamp"],
        "Region": REGION_NAMES.get(region, region),
        "AlarmArn": alarm.alarm_arn,
        "OldStateValue": old,
        "OKActions": list(alarm.ok_actions or []),
        "AlarmActions": list(alarm.alarm_actions or []),
        "InsufficientDataActions": list(alarm.insufficient_data_actions or []),
        "Trigger": trigger,
    }
