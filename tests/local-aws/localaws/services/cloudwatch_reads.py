"""GetMetricData and GetMetricStatistics, read from the index of `cloudwatch_data`."""

from __future__ import annotations

import math
from datetime import datetime, timezone
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterValue, ValidationError
from moto.cloudwatch.models import CloudWatchBackend
from moto.cloudwatch.responses import CloudWatchResponse
from moto.core.responses import ActionResult

from .cloudwatch_data import metric_key, seconds_of, store_of, windows
from .cloudwatch_metric_math import Series, evaluate_expression
from .runtime import Runtime


# Data points in an answer of GetMetricData, unless the request asks for fewer.
MAX_DATAPOINTS = 100_800


def _moment(seconds: float) -> datetime:
    return datetime.fromtimestamp(seconds, timezone.utc).replace(tzinfo=None)


def _stat_series(
    backend: CloudWatchBackend, query: dict[str, Any], start: float, end: float
) -> Series:
    """The series of one MetricStat query."""
    stat = query["MetricStat"]
    metric = stat["Metric"]
    period = int(stat["Period"])
    key = metric_key(metric.get("Namespace"), metric.get("MetricName"), metric.get("Dimensions"))
    # The start is moved down to the boundary of a period.
    first = math.floor(start / period) * period
    points = store_of(backend).between(key, first, end, stat.get("Unit"))
    return dict(windows(points, period, stat["Stat"]))


def _label(query: dict[str, Any]) -> str:
    if query.get("Label"):
        return str(query["Label"])
    if "MetricStat" in query:
        return str(query["MetricStat"]["Metric"].get("MetricName"))
    return str(query["Id"])


def get_metric_data(
    self: CloudWatchBackend,
    queries: list[dict[str, Any]],
    start_time: datetime,
    end_time: datetime,
    scan_by: str = "TimestampDescending",
) -> list[dict[str, Any]]:
    """Replaces moto's method of the same name."""
    start, end = seconds_of(start_time), seconds_of(end_time)
    if start > end:
        raise ValidationError("The parameter EndTime must be greater than StartTime.")
    if start == end:
        raise ValidationError("The parameter StartTime must not equal parameter EndTime.")
    series = {q["Id"]: _stat_series(self, q, start, end) for q in queries if "MetricStat" in q}
    for query in queries:
        if "MetricStat" not in query:
            series[query["Id"]] = evaluate_expression(query["Expression"], series)
    results = []
    for query in queries:
        if not query.get("ReturnData", True):
            continue
        points = sorted(series[query["Id"]].items(), reverse=scan_by != "TimestampAscending")
        results.append(
            {
                "id": query["Id"],
                "label": _label(query),
                "timestamps": [_moment(at) for at, _ in points],
                "values": [value for _, value in points],
                "status_code": "Complete",
            }
        )
    return results


def _page(results: list[dict[str, Any]], size: int, skip: int) -> tuple[list[dict[str, Any]], bool]:
    """One page of `size` data points over all results, after the `skip` first; whether more follow."""
    shown, left = [], size
    for result in results:
        points = len(result["values"])
        first, skip = min(skip, points), max(skip - points, 0)
        last = min(points, first + left)
        left -= last - first
        part = {"timestamps": result["timestamps"][first:last], "values": result["values"][first:last]}
        status = "Complete" if last == points else "PartialData"
        if last > first or first == points == 0 or status == "PartialData":
            shown.append({**result, **part, "status_code": status})
    more = any(result["status_code"] == "PartialData" for result in shown)
    return shown, more


def _install_pages(runtime: Runtime) -> None:
    def respond(self: CloudWatchResponse) -> ActionResult:
        answer = original(self)
        size = int(self._get_param("MaxDatapoints") or MAX_DATAPOINTS)
        token = self._get_param("NextToken")
        skip = int(token) if token else 0
        page, more = _page(answer.result["MetricDataResults"], size, skip)
        answer.result["MetricDataResults"] = page
        if more:
            answer.result["NextToken"] = str(skip + size)
        return answer

    original = runtime.patches.set(CloudWatchResponse, "get_metric_data", respond)


def get_metric_statistics(
    self: CloudWatchBackend,
    namespace: str,
    metric_name: str,
    start_time: datetime,
    end_time: datetime,
    period: int,
    stats: list[str],
    dimensions: list[dict[str, str]],
    unit: str | None = None,
) -> list[dict[str, Any]]:
    """Replaces moto's method of the same name."""
    start, end = seconds_of(start_time), seconds_of(end_time)
    if start >= end:
        raise InvalidParameterValue(
            "The parameter StartTime must be less than the parameter EndTime."
        )
    key = metric_key(namespace, metric_name, dimensions)
    first = math.floor(start / period) * period
    points = store_of(self).between(key, first, end, unit)
    shown: dict[float, dict[str, Any]] = {}
    for name in stats:
        for at, value in windows(points, period, name):
            shown.setdefault(at, {"Timestamp": _moment(at)})[name] = value
    present = next((p.unit for p in points if p.unit), "None")
    return [{**shown[at], "Unit": present} for at in sorted(shown)]


def install(runtime: Runtime) -> None:
    """Puts this part on moto."""
    _install_pages(runtime)
    runtime.patches.set(CloudWatchBackend, "get_metric_data", get_metric_data)
    runtime.patches.set(CloudWatchBackend, "get_metric_statistics", get_metric_statistics)
