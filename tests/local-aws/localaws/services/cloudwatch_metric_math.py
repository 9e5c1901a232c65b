"""Metric math: arithmetic on metrics, for GetMetricData and for alarms on expressions.

Known are ids, numbers, + - * /, parentheses, and the functions SUM, AVG, MIN, MAX and FILL. What
is not known is refused by name rather than guessed. moto itself only knows an id alone.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from typing import Any

from moto.cloudwatch.exceptions import ValidationError
from moto.cloudwatch.models import CloudWatchBackend

from .cloudwatch_data import metric_key, store_of, windows

# A series: seconds since the epoch of each period, and its value.
Series = dict[float, float]
Operand = Series | float

OPERATORS: dict[type, Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}
FOLDS: dict[str, Callable[[list[float]], float]] = {
    "SUM": sum,
    "AVG": lambda values: sum(values) / len(values),
    "MIN": min,
    "MAX": max,
}


def evaluate_expression(expression: str, series: Mapping[str, Series]) -> Series:
    """The series of an expression over the given ones."""
    try:
        tree = ast.parse(expression, mode="eval").body
    except SyntaxError as error:
        raise ValidationError(f"Error in expression '{expression}': {error.msg}") from error
    result = _value(tree, series, expression)
    if isinstance(result, float):
        raise ValidationError(f"Error in expression '{expression}': it is not a time series")
    return dict(sorted(result.items()))


def _value(node: ast.expr, series: Mapping[str, Series], text: str) -> Operand:
    if isinstance(node, ast.Constant) and isinstance(node.value, int | float):
        return float(node.value)
    if isinstance(node, ast.Name) and node.id in series:
        return series[node.id]
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return _join(operator.mul, _value(node.operand, series, text), -1.0)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        left, right = _value(node.left, series, text), _value(node.right, series, text)
        return _join(OPERATORS[type(node.op)], left, right)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
        return _call(node.func.id, node.args, series, text)
    raise ValidationError(f"Error in expression '{text}': {ast.unparse(node)} is not supported")


def _join(combine: Callable[[float, float], float], left: Operand, right: Operand) -> Operand:
    """Point by point; only times that both sides have, and never a division by nothing."""
    if isinstance(left, float) and isinstance(right, float):
        return combine(left, right)
    times = set(left if isinstance(left, dict) else right)  # type: ignore[arg-type]
    if isinstance(left, dict) and isinstance(right, dict):
        times &= set(right)
    joined: Series = {}
    for at in times:
        one = left[at] if isinstance(left, dict) else left
        other = right[at] if isinstance(right, dict) else right
        if not (combine is operator.truediv and other == 0):
            joined[at] = combine(one, other)
    return joined


def _call(name: str, args: list[ast.expr], series: Mapping[str, Series], text: str) -> Operand:
    if name == "FILL" and len(args) == 2:
        filled, value = _value(args[0], series, text), _value(args[1], series, text)
        if isinstance(filled, dict) and isinstance(value, float):
            every = {at for one in series.values() for at in one}
            return {at: filled.get(at, value) for at in every}
    if name in FOLDS and len(args) == 1 and isinstance(args[0], ast.List):
        parts = [_value(part, series, text) for part in args[0].elts]
        maps = [part for part in parts if isinstance(part, dict)]
        every = {at for part in maps for at in part}
        return {at: FOLDS[name]([part[at] for part in maps if at in part]) for at in every}
    raise ValidationError(f"Error in expression '{text}': function {name} is not supported so")


def expression_windows(
    backend: CloudWatchBackend, config: Any, start: float, end: float, period: float
) -> list[tuple[float, float]]:
    """(start of period, value) of the one query that an alarm on several metrics compares."""
    series: dict[str, Series] = {}
    for query in config.metric_data_queries:
        if query.metric_stat:
            metric = query.metric_stat.metric
            key = metric_key(metric.namespace, metric.metric_name, metric.dimensions)
            points = store_of(backend).between(key, start, end, query.metric_stat.unit)
            series[query.id] = dict(windows(points, period, query.metric_stat.stat))
    for query in config.metric_data_queries:
        if query.expression:
            series[query.id] = evaluate_expression(query.expression, series)
    return sorted(series[_returned(config).id].items())


def _returned(config: Any) -> Any:
    """The one query whose data the alarm compares (ReturnData is true unless said otherwise)."""
    chosen = [q for q in config.metric_data_queries if str(q.return_data).lower() != "false"]
    if len(chosen) != 1:
        raise ValidationError(
            f"Alarm {config.name} returns {len(chosen)} queries; exactly one is needed."
        )
    return chosen[0]
