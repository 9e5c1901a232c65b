"""The metrics that services write by themselves, as far as a recovery's alarms watch them.

Lambda: Invocations, Errors, Throttles, Duration, and whatever a function prints in the embedded
metric format. Step Functions: how executions ended. SQS: how many messages wait.
"""

import json
import logging

from moto.cloudwatch.models import cloudwatch_backends
from moto.sqs.models import sqs_backends

from localaws import ACCOUNT
from localaws.errors import Refusal
from localaws.locks import WORLD

LOG = logging.getLogger("localaws.metrics")

ENDS = {
    "SUCCEEDED": "ExecutionsSucceeded",
    "FAILED": "ExecutionsFailed",
    "TIMED_OUT": "ExecutionsTimedOut",
    "ABORTED": "ExecutionsAborted",
}


class ServiceMetrics:
    """Writes into the CloudWatch of the service's own Region."""

    def __init__(self, front):
        self._front = front

    def invoked(self, function, seconds, error, throttled, written):
        """An invocation has ended, or was throttled before it began."""
        values = {"Throttles": float(throttled)}
        if not throttled:
            values.update(Invocations=1.0, Errors=float(bool(error)), Duration=seconds * 1000)
        own = [{"Name": "FunctionName", "Value": function.name}]
        self._put(function.region, "AWS/Lambda", values, own)
        qualifier = function.arn.split(":")[7:]
        if qualifier:
            resource = {"Name": "Resource", "Value": f"{function.name}:{qualifier[0]}"}
            self._put(function.region, "AWS/Lambda", values, [*own, resource])
        for line in written.splitlines():
            if b'"_aws"' in line:
                self._embedded(function.region, line)

    def execution(self, region, machine_arn, status):
        """An execution has started or ended."""
        name = ENDS.get(status, "ExecutionsStarted")
        dimensions = [{"Name": "StateMachineArn", "Value": machine_arn}]
        self._put(region, "AWS/States", {name: 1.0}, dimensions)

    def queues(self):
        """SQS tells every minute what waits."""
        with WORLD:
            waiting = [
                (region, name, float(queue.approximate_number_of_messages))
                for region, backend in list(sqs_backends[ACCOUNT].items())
                for name, queue in backend.queues.items()
            ]
        for region, name, count in waiting:
            values = {"ApproximateNumberOfMessagesVisible": count}
            self._put(region, "AWS/SQS", values, [{"Name": "QueueName", "Value": name}])

    def _embedded(self, region, line):
        """One line of the embedded metric format; CloudWatch reads it out of the function's log."""
        try:
            record = json.loads(line[line.index(b"{") :])
            directives = record["_aws"]["CloudWatchMetrics"]
        except (ValueError, KeyError, TypeError) as error:
            LOG.warning("not the embedded metric format: %s: %r", error, line[:200])
            return
        for directive in directives:
            names = [metric["Name"] for metric in directive["Metrics"]]
            values = {name: record[name] for name in names if name in record}
            for keys in directive.get("Dimensions") or [[]]:
                dimensions = [{"Name": key, "Value": str(record[key])} for key in keys]
                self._put(region, directive["Namespace"], values, dimensions)

    def _put(self, region, namespace, values, dimensions):
        try:
            self._front.inside("cloudwatch", "PutMetricData", region)
        except Refusal:
            return  # a Region that is not heard has no metrics either
        data = [
            {"MetricName": name, "Value": one, "Dimensions": dimensions}
            for name, value in values.items()
            for one in (value if isinstance(value, list) else [value])
        ]
        with WORLD:
            cloudwatch_backends[ACCOUNT][region].put_metric_data(namespace, data)
