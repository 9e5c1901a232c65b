"""The metrics that services write by themselves."""

import datetime
import json
import uuid

import pytest
from support import REGION, until


@pytest.fixture
def total(aws):
    """Sum of a metric over the last hour."""
    cloudwatch = aws.client("cloudwatch", REGION)

    def read(namespace, name, **dimensions):
        now = datetime.datetime.now(datetime.timezone.utc)
        hour = datetime.timedelta(hours=1)
        found = cloudwatch.get_metric_statistics(
            Namespace=namespace, MetricName=name, Period=3600, Statistics=["Sum"],
            StartTime=now - hour, EndTime=now + hour,
            Dimensions=[{"Name": key, "Value": value} for key, value in dimensions.items()],
        )  # fmt: skip
        return sum(point["Sum"] for point in found["Datapoints"])

    return read


def test_invocations_errors_and_throttles(aws, stack, total):
    name = stack.outputs["Worker"]
    functions = aws.client("lambda", REGION)
    functions.invoke(FunctionName=stack.outputs["WorkerAlias"], Payload=b"{}")
    functions.invoke(FunctionName=name, Payload=b'{"fail": "Boom"}')
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    with pytest.raises(functions.exceptions.TooManyRequestsException):
        functions.invoke(FunctionName=name, Payload=b"{}")
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=3)
    assert total("AWS/Lambda", "Invocations", FunctionName=name) == 2
    assert total("AWS/Lambda", "Errors", FunctionName=name) == 1
    assert total("AWS/Lambda", "Throttles", FunctionName=name) == 1
    alias = {"FunctionName": name, "Resource": f"{name}:live"}
    assert total("AWS/Lambda", "Invocations", **alias) == 1


def test_the_embedded_format_becomes_a_metric(aws, stack, total):
    functions = aws.client("lambda", REGION)
    functions.invoke(FunctionName=stack.outputs["Worker"], Payload=b'{"metric": "Heartbeat"}')
    assert total("Leeward", "Heartbeat") == 3


def test_how_executions_ended(aws, stack, total):
    machines = aws.client("stepfunctions", REGION)
    machine = stack.outputs["Machine"]
    machines.start_execution(stateMachineArn=machine, name=uuid.uuid4().hex, input="{}")
    until(lambda: total("AWS/States", "ExecutionsFailed", StateMachineArn=machine), "it failed")
    counted = {name: total("AWS/States", name, StateMachineArn=machine) for name in
               ("ExecutionsStarted", "ExecutionsFailed", "ExecutionsSucceeded")}  # fmt: skip
    assert list(counted.values()) == [1, 1, 0], counted


def test_waiting_messages_are_counted(aws, stack, total):
    url = stack.outputs["Lost"]
    sqs = aws.client("sqs", REGION)
    sqs.send_message(QueueUrl=url, MessageBody=json.dumps({}))
    name = url.rsplit("/", 1)[-1]
    counted = "ApproximateNumberOfMessagesVisible"
    until(lambda: total("AWS/SQS", counted, QueueName=name) >= 1, "the depth is told")
