"""The API of Route 53 health checks: settings that moto drops, versions, idempotent creation."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

from moto.cloudwatch.models import cloudwatch_backends
from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult, EmptyResult
from moto.core.utils import utcnow
from moto.route53.models import HealthCheck, Route53Backend, route53_backends
from moto.route53.responses import Route53
from moto.utilities.utils import get_partition

from .route53_changes import InvalidInput, NoSuchHealthCheck
from .runtime import Runtime

# The API's member -> the attribute that moto, or this module, keeps it in.
FIELDS = {
    "IPAddress": "ip_address",
    "Port": "port",
    "Type": "type_",
    "ResourcePath": "resource_path",
    "FullyQualifiedDomainName": "fqdn",
    "SearchString": "search_string",
    "RequestInterval": "request_interval",
    "FailureThreshold": "failure_threshold",
    "MeasureLatency": "measure_latency",
    "Inverted": "inverted",
    "Disabled": "disabled",
    "HealthThreshold": "health_threshold",
    "ChildHealthChecks": "children",
    "EnableSNI": "enable_sni",
    "Regions": "regions",
    "AlarmIdentifier": "alarm_identifier",
    "InsufficientDataHealthStatus": "insufficient_data_health_status",
    "RoutingControlArn": "routing_control",
}
# The Regions from which checkers look when a check names none.
CHECKERS = (
    "ap-northeast-1",
    "ap-southeast-1",
    "ap-southeast-2",
    "eu-west-1",
    "sa-east-1",
    "us-east-1",
    "us-west-1",
    "us-west-2",
)
# Set when a check is made, and never after.
FIXED = ("Type", "RequestInterval", "MeasureLatency", "RoutingControlArn")
# What only a check that probes an endpoint has.
ENDPOINT = ("IPAddress", "Port", "RequestInterval", "FailureThreshold", "MeasureLatency")
NOT_ENDPOINT = ("CLOUDWATCH_METRIC", "CALCULATED", "RECOVERY_CONTROL")
MAX_PAGE = 100
# Route 53 reads no alarm of high resolution.
LEAST_PERIOD = 60
STATISTICS = ("Average", "Minimum", "Maximum", "Sum", "SampleCount")


class HealthCheckVersionMismatch(ServiceException):
    """Someone else updated the health check in between."""

    def __init__(self) -> None:
        super().__init__(
            "HealthCheckVersionMismatch",
            "The value of HealthCheckVersion in the request doesn't match the value of "
            "HealthCheckVersion in the health check.",
        )


class HealthCheckAlreadyExists(ServiceException):
    """The caller reference was used before, with other settings."""

    def __init__(self) -> None:
        super().__init__(
            "HealthCheckAlreadyExists",
            "A health check with the CallerReference already exists, with other settings.",
        )


def _plain(value: Any) -> Any:
    """Plain dictionaries and booleans, whether the API or CloudFormation gave the value."""
    if isinstance(value, dict):
        return {name: _plain(part) for name, part in value.items()}
    if isinstance(value, str) and value.lower() in ("true", "false"):
        return value.lower() == "true"
    return value


def _alarm_config(account: str, identifier: dict[str, str]) -> Any:
    """Route 53's own copy of an alarm's settings; refuses alarms that Route 53 cannot read."""
    region, name = identifier["Region"], identifier["Name"]
    alarm = cloudwatch_backends[account][region].alarms.get(name)
    if alarm is None:
        raise InvalidInput(f"CloudWatch alarm {name} was not found in Region {region}")
    periods = int(alarm.evaluation_periods or 0)
    if alarm.rule is not None or alarm.metric_data_queries:
        raise InvalidInput(f"CloudWatch alarm {name} is not on a single metric")
    if int(alarm.datapoints_to_alarm or periods) != periods:
        raise InvalidInput(f"CloudWatch alarm {name} is an M out of N alarm: not supported")
    if alarm.statistic not in STATISTICS:
        raise InvalidInput(f"CloudWatch alarm {name} uses an unsupported statistic")
    if int(alarm.period) < LEAST_PERIOD:
        raise InvalidInput(f"CloudWatch alarm {name} is of high resolution: not supported")
    return copy.copy(alarm)


def _apply(account: str, check: HealthCheck, settings: dict[str, Any]) -> None:
    for name, field in FIELDS.items():
        if settings.get(name) is not None:
            setattr(check, field, _plain(settings[name]))
    for field in ("alarm_identifier", "insufficient_data_health_status", "routing_control"):
        check.__dict__.setdefault(field, None)
    if check.type_ == "CLOUDWATCH_METRIC":
        if not check.alarm_identifier:
            raise InvalidInput("AlarmIdentifier is required for a CLOUDWATCH_METRIC health check")
        check.alarm_config = _alarm_config(account, check.alarm_identifier)


def _config(check: HealthCheck) -> dict[str, Any]:
    """The API's HealthCheckConfig."""
    shown = {}
    for name, field in FIELDS.items():
        value = getattr(check, field, None)
        if value in (None, [], "") or (name in ENDPOINT and check.type_ in NOT_ENDPOINT):
            continue
        shown[name] = value
    return shown


def _shown_alarm(check: HealthCheck) -> dict[str, Any] | None:
    """The API's CloudWatchAlarmConfiguration."""
    config = getattr(check, "alarm_config", None)
    if config is None:
        return None
    return {
        "EvaluationPeriods": int(config.evaluation_periods),
        "Threshold": float(config.threshold),
        "ComparisonOperator": config.comparison_operator,
        "Period": int(config.period),
        "MetricName": config.metric_name,
        "Namespace": config.namespace,
        "Statistic": config.statistic,
        "Dimensions": [{"Name": d.name, "Value": d.value} for d in config.dimensions],
    }


def _create(backend: Route53Backend, reference: str, settings: dict[str, Any]) -> HealthCheck:
    settings = _plain(dict(settings))
    for check in backend.health_checks.values():
        if check.caller_reference == reference:
            if getattr(check, "localaws_request", None) != settings:
                raise HealthCheckAlreadyExists()
            return check
    arguments = {FIELDS[name].rstrip("_"): value for name, value in settings.items()}
    check = backend.create_health_check(reference, arguments)
    try:
        check.localaws_request = settings
        # moto says 80 for every kind; the probe knows the right default of each.
        check.port = settings.get("Port")
        _apply(backend.account_id, check, settings)
    except ServiceException:
        backend.health_checks.pop(check.id, None)
        raise
    return check


def _get(backend: Route53Backend, identifier: str) -> HealthCheck:
    check = backend.health_checks.get(identifier)
    if check is None:
        raise NoSuchHealthCheck(identifier)
    return check


def _install_writes(runtime: Runtime) -> None:
    def create_health_check(self: Route53) -> ActionResult:
        reference = self._get_param("CallerReference")
        settings = dict(self._get_param("HealthCheckConfig"))
        with runtime.lock:
            check = _create(self.backend, reference, settings)
        return ActionResult(
            {
                "HealthCheck": check,
                "Location": f"https://route53.amazonaws.com/2013-04-01/healthcheck/{check.id}",
            }
        )

    def update_health_check(self: Route53) -> ActionResult:
        with runtime.lock:
            check = _get(self.backend, self._get_param("HealthCheckId"))
            expected = self._get_param("HealthCheckVersion")
            if expected is not None and int(expected) != check.health_check_version:
                raise HealthCheckVersionMismatch()
            settings = {n: self._get_param(n) for n in FIELDS if n not in FIXED}
            trial = copy.copy(check)
            _apply(self.backend.account_id, trial, settings)
            check.__dict__.update(trial.__dict__)
            for name in self._get_param("ResetElements", []) or []:
                setattr(check, FIELDS[name], None)
            check.health_check_version += 1
        return ActionResult({"HealthCheck": check})

    def delete_health_check(self: Route53) -> ActionResult:
        with runtime.lock:
            check = _get(self.backend, self._get_param("HealthCheckId"))
            self.backend.health_checks.pop(check.id)
        return EmptyResult()

    def from_cloudformation(
        cls: type,
        resource_name: str,
        cloudformation_json: Any,
        account_id: str,
        region_name: str,
        **_: Any,
    ) -> HealthCheck:
        backend = route53_backends[account_id][get_partition(region_name)]
        settings = dict(cloudformation_json["Properties"]["HealthCheckConfig"])
        with runtime.lock:
            return _create(backend, resource_name, settings)

    patches = runtime.patches
    patches.set(Route53, "create_health_check", create_health_check)
    patches.set(Route53, "update_health_check", update_health_check)
    patches.set(Route53, "delete_health_check", delete_health_check)
    patches.set(HealthCheck, "create_from_cloudformation_json", classmethod(from_cloudformation))


def _install_reads(runtime: Runtime, state_of: Callable[[HealthCheck], Any]) -> None:
    def list_health_checks(self: Route53) -> ActionResult:
        size = min(int(self._get_param("MaxItems") or MAX_PAGE), MAX_PAGE)
        marker = self._get_param("Marker")
        with runtime.lock:
            checks = sorted(self.backend.health_checks.values(), key=lambda c: c.id)
        if marker:
            checks = [check for check in checks if check.id >= marker]
        page, rest = checks[:size], checks[size:]
        result = {
            "HealthChecks": page,
            "Marker": marker or "",
            "IsTruncated": bool(rest),
            "MaxItems": size,
        }
        if rest:
            result["NextMarker"] = rest[0].id
        return ActionResult(result)

    def get_health_check_status(self: Route53) -> ActionResult:
        check = _get(self.backend, self._get_param("HealthCheckId"))
        if check.type_ == "CALCULATED":
            raise InvalidInput("The status of a CALCULATED health check can't be asked for")
        report = {"Status": state_of(check).sentence, "CheckedTime": utcnow()}
        # Every checker tells for itself; here they all look with the same eyes.
        observations = [
            {"Region": region, "IPAddress": f"192.0.2.{number}", "StatusReport": report}
            for number, region in enumerate(check.regions or CHECKERS, start=1)
        ]
        return ActionResult({"HealthCheckObservations": observations})

    patches = runtime.patches
    patches.set(Route53, "list_health_checks", list_health_checks)
    patches.set(Route53, "get_health_check_status", get_health_check_status)
    patches.set(HealthCheck, "health_check_config", property(_config))
    patches.set(HealthCheck, "cloud_watch_alarm_configuration", property(_shown_alarm))


def install(runtime: Runtime, state_of: Callable[[HealthCheck], Any]) -> None:
    """Puts this part on moto."""
    _install_writes(runtime)
    _install_reads(runtime, state_of)
