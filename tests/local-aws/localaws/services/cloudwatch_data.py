"""CloudWatch metrics: an index by metric, and the statistics read from it.

moto keeps one flat list and matches dimensions loosely. Here a metric is its namespace, name and
exact dimensions, data points fall into periods aligned to the epoch, and the newest
`MAX_POINTS` of each metric are kept.
"""

from __future__ import annotations

import bisect
import math
import threading
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import Any

from moto.cloudwatch.exceptions import InvalidParameterValue
from moto.cloudwatch.models import CloudWatchBackend, Dimension

from .runtime import Runtime

# A day of one point a second, which is more than any rehearsal puts.
MAX_POINTS = 86400

MetricKey = tuple[str, str, frozenset[tuple[str, str]]]


def metric_key(namespace: str, name: str, dimensions: Iterable[Any] | None) -> MetricKey:
    """The identity of a metric; dimensions may be moto's objects or the API's dictionaries."""
    pairs = frozenset(
        (d.name, d.value) if isinstance(d, Dimension) else (d["Name"], d["Value"])
        for d in dimensions or ()
    )
    return (namespace, name, pairs)


@dataclass(order=True)
class Point:
    """One datum: a value, or a statistic set with `count` values in it."""

    at: float
    total: float = field(compare=False)
    low: float = field(compare=False)
    high: float = field(compare=False)
    count: float = field(compare=False)
    unit: str | None = field(compare=False, default=None)


class Store:
    """The data points of one Region, ordered by time."""

    def __init__(self) -> None:
        self._series: dict[MetricKey, list[Point]] = {}
        self._lock = threading.Lock()

    def put(self, key: MetricKey, point: Point) -> None:
        """Adds a point; late ones are put in their place."""
        with self._lock:
            series = self._series.setdefault(key, [])
            bisect.insort(series, point)
            if len(series) > MAX_POINTS:
                del series[: len(series) - MAX_POINTS]

    def between(
        self, key: MetricKey, start: float, end: float, unit: str | None = None
    ) -> list[Point]:
        """The points with start <= time < end."""
        with self._lock:
            series = self._series.get(key, [])
            first = bisect.bisect_left(series, Point(start, 0, 0, 0, 0))
            last = bisect.bisect_left(series, Point(end, 0, 0, 0, 0))
            found = series[first:last]
        return [p for p in found if unit is None or p.unit == unit]


def store_of(backend: CloudWatchBackend) -> Store:
    """The Region's store; kept on the backend so that a reset of moto empties it."""
    return backend.__dict__.setdefault("localaws_store", Store())


def statistic(points: list[Point], name: str) -> float | None:
    """One statistic over some points; None when there are none."""
    if not points:
        return None
    count = sum(p.count for p in points)
    if name == "SampleCount":
        return float(count)
    if name == "Sum":
        return float(sum(p.total for p in points))
    if name == "Average":
        return sum(p.total for p in points) / count if count else None
    if name == "Minimum":
        return min(p.low for p in points)
    if name == "Maximum":
        return max(p.high for p in points)
    if name.startswith("p"):
        values = sorted(p.total / p.count for p in points for _ in range(max(1, int(p.count))))
        rank = math.ceil(float(name[1:]) / 100 * len(values))
        return values[max(0, rank - 1)]
    raise InvalidParameterValue(f"The value {name} for parameter Statistic is not supported.")


def windows(points: list[Point], period: float, name: str) -> list[tuple[float, float]]:
    """(start of period, statistic) for each period that holds a point, in order of time."""
    groups: dict[float, list[Point]] = {}
    for point in points:
        groups.setdefault(math.floor(point.at / period) * period, []).append(point)
    found = []
    for start in sorted(groups):
        value = statistic(groups[start], name)
        if value is not None:
            found.append((start, value))
    return found


def seconds_of(moment: datetime | float | None) -> float:
    """Seconds since the epoch of one of moto's (naive, UTC) times; of now when there is none."""
    if moment is None:
        return datetime.now(timezone.utc).timestamp()
    if isinstance(moment, int | float):
        return float(moment)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return moment.timestamp()


def _points_of(datum: dict[str, Any]) -> list[Point]:
    at, unit = seconds_of(datum.get("Timestamp")), datum.get("Unit")
    if datum.get("Values"):
        counts = datum.get("Counts") or [1] * len(datum["Values"])
        return [
            Point(at, float(v) * float(n), float(v), float(v), float(n), unit)
            for v, n in zip(datum["Values"], counts, strict=True)
        ]
    stats = datum.get("StatisticValues")
    if stats:
        low, high = float(stats["Minimum"]), float(stats["Maximum"])
        return [Point(at, float(stats["Sum"]), low, high, float(stats["SampleCount"]), unit)]
    value = float(datum.get("Value", 0))
    return [Point(at, value, value, value, 1.0, unit)]


def put_datum(
    backend: CloudWatchBackend, namespace: str, name: str, dimensions: dict[str, str], value: float
) -> None:
    """Feeds one service metric (AWS/RDS, AWS/AutoScaling, ...) as the service itself would."""
    backend.put_metric_data(
        namespace,
        [
            {
                "MetricName": name,
                "Value": value,
                "Dimensions": [{"Name": k, "Value": v} for k, v in dimensions.items()],
            }
        ],
    )


def install(runtime: Runtime) -> None:
    """Puts this part on moto."""

    def put_metric_data(
        self: CloudWatchBackend, namespace: str, metric_data: list[dict[str, Any]]
    ) -> None:
        for number, datum in enumerate(metric_data):
            self._validate_parameters_put_metric_data(datum, number + 1)
            _check_age(datum)
        for datum in metric_data:
            key = metric_key(namespace, datum["MetricName"], datum.get("Dimensions"))
            for point in _points_of(datum):
                store_of(self).put(key, point)
            self.localaws_known = getattr(self, "localaws_known", set())
            if key not in self.localaws_known:
                # moto's own list answers ListMetrics; one datum of each metric is enough for it.
                self.localaws_known.add(key)
                original_put(self, namespace, [datum])

    original_put = runtime.patches.set(CloudWatchBackend, "put_metric_data", put_metric_data)


def _check_age(datum: dict[str, Any]) -> None:
    """PutMetricData takes two weeks back and two hours ahead."""
    if datum.get("Timestamp") is None:
        return
    age = timedelta(seconds=seconds_of(None) - seconds_of(datum["Timestamp"]))
    if age > timedelta(weeks=2) or age < -timedelta(hours=2):
        raise InvalidParameterValue(
            "The value for parameter Timestamp must not be older than two weeks, nor more than "
            "two hours in the future."
        )
