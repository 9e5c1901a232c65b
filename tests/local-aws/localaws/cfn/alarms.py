"""CloudWatch alarms, simple and composite."""

from moto.cloudwatch.models import cloudwatch_backends
from moto.cloudwatch.responses import CloudWatchResponse  # noqa: F401  (registers its parsers)

from localaws import ACCOUNT
from localaws.cfn.model import Made, model


def _true(value, default=True):
    return default if value is None else str(value).lower() == "true"


def _actions(properties):
    return {
        "alarm_actions": properties.get("AlarmActions") or [],
        "ok_actions": properties.get("OKActions") or [],
        "insufficient_data_actions": properties.get("InsufficientDataActions") or [],
        "actions_enabled": _true(properties.get("ActionsEnabled")),
    }


def _put(region, name, **settings):
    backend = cloudwatch_backends[ACCOUNT][region]
    alarm = backend.put_metric_alarm(name=name, **settings)
    return Made(name, {"Arn": alarm.alarm_arn}, lambda: backend.delete_alarms([name]))


def _alarm(name, properties, region):
    evaluation = int(properties.get("EvaluationPeriods", 1))
    datapoints = properties.get("DatapointsToAlarm")
    threshold = properties.get("Threshold")
    period = properties.get("Period")
    return _put(
        region,
        name,
        namespace=properties.get("Namespace"),
        metric_name=properties.get("MetricName"),
        metric_data_queries=_queries(properties.get("Metrics")),
        comparison_operator=properties["ComparisonOperator"],
        evaluation_periods=evaluation,
        datapoints_to_alarm=int(datapoints) if datapoints is not None else None,
        period=int(period) if period is not None else None,
        threshold=float(threshold) if threshold is not None else None,
        statistic=properties.get("Statistic"),
        extended_statistic=properties.get("ExtendedStatistic"),
        description=properties.get("AlarmDescription", ""),
        dimensions=properties.get("Dimensions") or [],
        unit=properties.get("Unit"),
        treat_missing_data=properties.get("TreatMissingData"),
        threshold_metric_id=properties.get("ThresholdMetricId"),
        tags=properties.get("Tags"),
        **_actions(properties),
    )


def _queries(metrics):
    """`Metrics` in the objects that moto keeps of them."""
    from moto.cloudwatch.models import Dimension, Metric, MetricDataQuery, MetricStat

    if not metrics:
        return None
    made = []
    for query in metrics:
        stat = query.get("MetricStat")
        if stat:
            metric = stat["Metric"]
            dimensions = [Dimension(d["Name"], d["Value"]) for d in metric.get("Dimensions") or []]
            stat = MetricStat(
                Metric(metric.get("MetricName"), metric.get("Namespace"), dimensions),
                str(stat["Period"]),
                stat["Stat"],
                stat.get("Unit"),
            )
        made.append(
            MetricDataQuery(
                query["Id"], query.get("Label"), query.get("Period"),
                str(_true(query.get("ReturnData"))).lower(), query.get("Expression"), stat,
            )  # fmt: skip
        )
    return made


def _composite(name, properties, region):
    return _put(
        region,
        name,
        rule=properties["AlarmRule"],
        namespace=None,
        metric_name=None,
        comparison_operator=None,
        evaluation_periods=1,
        period=60,
        threshold=None,
        statistic=None,
        description=properties.get("AlarmDescription", ""),
        dimensions=[],
        tags=properties.get("Tags"),
        **_actions(properties),
    )


model("AWS::CloudWatch::Alarm", _alarm, "AlarmName")
model("AWS::CloudWatch::CompositeAlarm", _composite, "AlarmName")
