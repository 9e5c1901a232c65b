"""Step Functions: the deployed definition, and what a recovery relies on."""

import json
import time
import uuid

import pytest
from botocore.exceptions import ClientError
from support import REGION, until

ROLE = "arn:aws:iam::123456789012:role/states"


@pytest.fixture
def machines(aws):
    return aws.client("stepfunctions", REGION)


def start(machines, arn, given, name=None):
    name = name or uuid.uuid4().hex
    return machines.start_execution(stateMachineArn=arn, name=name, input=json.dumps(given))[
        "executionArn"
    ]


def ended(machines, execution):
    def over():
        found = machines.describe_execution(executionArn=execution)
        return found if found["status"] != "RUNNING" else None

    return until(over, "the execution ends")


def run(machines, arn, given):
    return ended(machines, start(machines, arn, given))


def first(status, after=0):
    return {"status": status, "after_seconds": after}


def machine(machines, states, **top):
    """A machine made for one test; its first state is the first one given."""
    definition = {"StartAt": next(iter(states)), "States": states, **top}
    return machines.create_state_machine(
        name=uuid.uuid4().hex, definition=json.dumps(definition), roleArn=ROLE
    )["stateMachineArn"]


def task(function, payload, **more):
    parameters = {"FunctionName": function, "Payload": payload}
    return {
        "Type": "Task", "Resource": "arn:aws:states:::lambda:invoke", "Parameters": parameters,
        "TimeoutSeconds": 5, "End": True, **more,
    }  # fmt: skip


def test_parallel_selects_of_its_branches(machines, stack):
    got = run(machines, stack.outputs["Machine"], {"first": first("done")})
    assert got["status"] == "SUCCEEDED"
    assert json.loads(got["output"])["both"] == {"left": "left", "right": "right"}


def test_a_wait_takes_its_seconds_from_the_answer(machines, stack):
    began = time.monotonic()
    got = run(machines, stack.outputs["Machine"], {"first": first("waiting", 1)})
    assert got["status"] == "SUCCEEDED" and 1 <= time.monotonic() - began < 6


def test_context_paths_reach_the_function(aws, machines, stack):
    name = uuid.uuid4().hex
    ended(machines, start(machines, stack.outputs["Machine"], {"first": first("done")}, name))
    payloads = [json.loads(entry["payload"]) for entry in aws.lambdas.history()]
    assert [p["state"] for p in payloads if p.get("executor") == name] == ["First"]


def test_the_error_type_is_the_error_name(machines, stack):
    given = {"first": first("failing"), "second": {"fail": "Refused"}}
    got = run(machines, stack.outputs["Machine"], given)
    assert (got["status"], got["error"], got["cause"]) == (
        "FAILED", "NeedsOperator", "a person must look"
    )  # fmt: skip


@pytest.mark.parametrize(
    ("event", "name"),
    [
        ({"fail": "Held"}, "Held"),
        ({"exit": 1}, "Runtime.ExitError"),
        ({"sleep": 9}, "Sandbox.Timedout"),
    ],
)
def test_every_failure_has_its_name(machines, stack, event, name):
    given = {"first": first("failing"), "second": event}
    got = run(machines, stack.outputs["Machine"], given)
    assert json.loads(got["output"]) == {"caught": name}


def test_a_named_error_is_retried(aws, machines, stack):
    before = len(aws.lambdas.history())
    given = {"first": first("failing"), "second": {"fail": "Throttled"}}
    got = run(machines, stack.outputs["Machine"], given)
    assert json.loads(got["output"]) == {"caught": "Throttled"}
    payloads = [entry["payload"] for entry in aws.lambdas.history()[before:]]
    assert payloads.count('{"fail": "Throttled"}') + payloads.count('{"fail":"Throttled"}') == 2


@pytest.mark.parametrize(
    ("fault", "name"),
    [
        ({"kind": "throttle"}, "Lambda.TooManyRequestsException"),
        ({"kind": "5xx"}, "Lambda.ServiceException"),
        ({"kind": "answer_lost"}, "Lambda.SdkClientException"),
    ],
)
def test_lambda_itself_failing(aws, machines, stack, fault, name):
    catch = [{"ErrorEquals": [name], "Next": "Caught"}]
    states = {
        "Only": task(stack.outputs["Worker"], {}, Catch=catch),
        "Caught": {"Type": "Pass", "Result": "caught", "End": True},
    }
    arn = machine(machines, states)
    fault = dict(fault)
    aws.faults.add(fault.pop("kind"), service="lambda", action="Invoke", access_key="states")
    assert run(machines, arn, {})["output"] == '"caught"'


def test_a_task_that_takes_too_long(aws, machines, stack):
    """`States.Timeout` comes at the machine's time; the function goes on."""
    catch = [{"ErrorEquals": ["States.Timeout"], "Next": "Late"}]
    only = task(stack.outputs["Worker"], {"sleep": 1.6, "put": "late"}, Catch=catch)
    states = {"Only": {**only, "TimeoutSeconds": 1}, "Late": {"Type": "Succeed"}}
    got = run(machines, machine(machines, states), {})
    assert got["status"] == "SUCCEEDED"
    history = aws.lambdas.history
    until(lambda: history()[-1]["ended"], "the function ends although nobody waits for it")
    assert history()[-1]["error"] is None


def test_the_machines_own_time_limit(machines):
    arn = machine(machines, {"Long": {"Type": "Wait", "Seconds": 60, "End": True}}, TimeoutSeconds=1)
    assert run(machines, arn, {})["status"] == "TIMED_OUT"


def test_states_all_does_not_catch_a_runtime_error(machines, stack):
    catch = [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]
    states = {
        "Only": task(stack.outputs["Worker"], {"x.$": "$.nowhere"}, Catch=catch),
        "Caught": {"Type": "Succeed"},
    }
    got = run(machines, machine(machines, states), {})
    assert (got["status"], got["error"]) == ("FAILED", "States.Runtime")


def test_one_failed_branch_fails_the_whole(machines, stack):
    branch = lambda name, event: {  # noqa: E731
        "StartAt": name, "States": {name: task(stack.outputs["Worker"], event)}
    }  # fmt: skip
    states = {
        "Both": {
            "Type": "Parallel",
            "Branches": [branch("Bad", {"fail": "Refused"}), branch("Good", {"sleep": 1})],
            "Catch": [{"ErrorEquals": ["Refused"], "ResultPath": "$.e", "Next": "Caught"}],
            "End": True,
        },
        "Caught": {"Type": "Pass", "OutputPath": "$.e.Error", "End": True},
    }
    assert run(machines, machine(machines, states), {})["output"] == '"Refused"'


def test_stop_is_at_once_and_final(machines, stack):
    states = {
        "Only": task(stack.outputs["Worker"], {"sleep": 1}, End=False, Next="Never"),
        "Never": {"Type": "Succeed"},
    }
    del states["Only"]["End"]
    execution = start(machines, machine(machines, states), {})
    machines.stop_execution(executionArn=execution, error="Stopped", cause="by the test")
    got = machines.describe_execution(executionArn=execution)
    assert (got["status"], got["error"], got["cause"]) == ("ABORTED", "Stopped", "by the test")
    time.sleep(1.3)  # the function ends meanwhile, which must change nothing
    assert machines.describe_execution(executionArn=execution)["status"] == "ABORTED"
    with pytest.raises(ClientError, match="ExecutionDoesNotExist"):
        machines.stop_execution(executionArn=execution + "x")


def test_a_name_is_used_once(machines):
    arn = machine(machines, {"Long": {"Type": "Wait", "Seconds": 1, "End": True}})
    one = start(machines, arn, {"a": 1}, "same")
    assert start(machines, arn, {"a": 1}, "same") == one
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        start(machines, arn, {"a": 2}, "same")
    ended(machines, one)
    with pytest.raises(ClientError, match="ExecutionAlreadyExists"):
        start(machines, arn, {"a": 1}, "same")
    listed = machines.list_executions(stateMachineArn=arn, statusFilter="SUCCEEDED")["executions"]
    assert [item["name"] for item in listed] == ["same"]


def test_the_history_names_each_state(machines, stack):
    execution = start(machines, stack.outputs["Machine"], {"first": first("done")})
    ended(machines, execution)
    events = machines.get_execution_history(executionArn=execution)["events"]
    entered = [e["stateEnteredEventDetails"]["name"] for e in events if "stateEnteredEventDetails" in e]
    assert entered[:3] == ["First", "Which", "Both"] and set(entered) == {
        "First", "Which", "Both", "Left", "Right", "Done"
    }  # fmt: skip
    assert events[-1]["type"] == "ExecutionSucceeded"


def test_an_unknown_execution(machines, stack):
    arn = stack.outputs["Machine"].replace(":stateMachine:", ":execution:") + ":none"
    with pytest.raises(ClientError, match="ExecutionDoesNotExist"):
        machines.describe_execution(executionArn=arn)


def test_its_end_is_an_event(aws, machines, stack):
    execution = start(machines, stack.outputs["Machine"], {"first": first("done")})
    ended(machines, execution)

    def told():
        details = [entry["event"]["detail"] for entry in aws.buses.seen()]
        return [detail for detail in details if detail.get("executionArn") == execution]

    details = until(told, "the status change is an event")
    assert [d["status"] for d in details] == ["SUCCEEDED"]  # the rule asks for ends only
    assert details[0]["stopDate"] >= details[0]["startDate"]
    assert json.loads(details[0]["input"]) == {"first": first("done")}


def test_step_functions_away(aws, machines, stack):
    aws.faults.away("stepfunctions")
    with pytest.raises(ClientError) as error:
        start(machines, stack.outputs["Machine"], {})
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == 503
