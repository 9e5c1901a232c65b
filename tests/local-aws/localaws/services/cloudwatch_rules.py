"""How CloudWatch turns data points into a state: pure rules, without clock or moto.

Follows "Configuring how CloudWatch alarms treat missing data": more points than asked for are
looked at, real ones are preferred to missing ones, and only what is still lacking is filled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

OK = "OK"
ALARM = "ALARM"
INSUFFICIENT = "INSUFFICIENT_DATA"

# How many periods beyond EvaluationPeriods are looked at. AWS says only that it is a few and
# depends on the period; its published tables use two.
EXTRA_PERIODS = 2

COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}


def breaches(value: float, operator: str, threshold: float) -> bool:
    """Is the value beyond the threshold, as the alarm sees it?"""
    return COMPARISONS[operator](value, threshold)


def evaluate(
    points: Sequence[bool | None], periods: int, to_alarm: int, missing: str
) -> str | None:
    """The state that the points call for; None means: keep the present one.

    `points` holds `periods + EXTRA_PERIODS` entries, oldest first: True is breaching, None is
    missing. `missing` is the alarm's TreatMissingData.
    """
    real = [point for point in points if point is not None]
    if len(real) >= periods:
        return ALARM if sum(real[-periods:]) >= to_alarm else OK
    lacking = periods - len(real)
    breaching = sum(real)
    if missing == "breaching":
        return ALARM if breaching + lacking >= to_alarm else OK
    if missing == "notBreaching":
        return ALARM if breaching >= to_alarm else OK
    if not real:
        return None if missing == "ignore" else INSUFFICIENT
    if breaching >= to_alarm:
        return ALARM
    if breaching < len(real):
        # A point within the threshold is there, and too few are beyond it.
        return OK
    if missing == "ignore":
        return None
    return ALARM if _old_enough(points, to_alarm) else None


def _old_enough(points: Sequence[bool | None], to_alarm: int) -> bool:
    """All real points breach but are too few: is the oldest at least `to_alarm` periods old?

    This is CloudWatch's guard against a premature alarm on intermittent data.
    """
    oldest = next(index for index, point in enumerate(points) if point is not None)
    return len(points) - oldest >= to_alarm
