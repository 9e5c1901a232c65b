"""Functions as processes: invocations, limits, time-outs, retries, and the blows of hooks."""

import io
import json
import threading
import time
import zipfile

import pytest
from botocore.exceptions import ClientError
from support import FIXTURES, REGION, raw, until


@pytest.fixture
def functions(aws):
    return aws.client("lambda", REGION, read_timeout=30)


@pytest.fixture
def worker(stack):
    return stack.outputs["WorkerAlias"]


def ask(client, name, event, **more):
    answer = client.invoke(FunctionName=name, Payload=json.dumps(event), **more)
    return answer, json.loads(answer["Payload"].read() or "null")


def messages(aws, url):
    got = aws.client("sqs", REGION).receive_message(
        QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"], WaitTimeSeconds=0
    )
    return got.get("Messages", [])


def test_settings_come_from_the_deployed_template(aws, functions, stack, worker):
    answer, got = ask(functions, worker, {"hello": 1})
    environment, headers = got["environment"], got["headers"]
    assert answer["StatusCode"] == 200 and answer["ExecutedVersion"] == "1"
    assert environment["TABLE"] == stack.outputs["Table"]
    assert environment["LEEWARD_TOPIC_ARN"] == stack.outputs["Topic"]
    assert environment["AWS_LAMBDA_FUNCTION_NAME"] == stack.outputs["Worker"]
    assert environment["AWS_REGION"] == REGION and environment["AWS_ENDPOINT_URL"] == aws.url
    assert environment["AWS_LAMBDA_FUNCTION_MEMORY_SIZE"] == "128"
    assert headers["Lambda-Runtime-Invoked-Function-Arn"] == worker
    left = int(headers["Lambda-Runtime-Deadline-Ms"]) / 1000 - time.time()
    assert 0 < left <= 2
    assert headers["Lambda-Runtime-Trace-Id"].startswith("Root=1-")


def test_a_warm_process_is_used_again_and_traces_differ(functions, worker):
    _, first = ask(functions, worker, {})
    _, second = ask(functions, worker, {})
    assert first["pid"] == second["pid"] and second["count"] > first["count"]
    name = "Lambda-Runtime-Trace-Id"
    assert first["headers"][name] != second["headers"][name]


@pytest.mark.parametrize("form", ["name", "name:alias", "arn", "partial"])
def test_every_form_of_a_functions_name(functions, stack, form):
    name = stack.outputs["Worker"]
    forms = {
        "name": name,
        "name:alias": f"{name}:live",
        "arn": f"arn:aws:lambda:{REGION}:123456789012:function:{name}:live",
        "partial": f"123456789012:function:{name}:live",
    }
    answer, _ = ask(functions, forms[form], {})
    assert answer["ExecutedVersion"] == ("$LATEST" if form == "name" else "1")


def test_an_unsigned_invocation_finds_the_function(aws, stack):
    """`cargo lambda invoke` need not know the Region."""
    path = f"/2015-03-31/functions/{stack.outputs['Worker']}/invocations"
    answer = raw(aws, "lambda", b'{"answer": 7}', path=path, headers={"Authorization": ""})
    assert (answer.status, answer.body) == (200, b"7")


def test_an_error_of_the_function(functions, worker):
    answer, got = ask(functions, worker, {"fail": "NeedsOperator"}, LogType="Tail")
    assert answer["FunctionError"] == "Unhandled" and answer["StatusCode"] == 200
    assert got["errorType"] == "NeedsOperator" and "LogResult" in answer


def test_a_dead_process_and_a_time_out(functions, worker):
    answer, got = ask(functions, worker, {"exit": 3})
    assert answer["FunctionError"] == "Unhandled"
    assert got["errorType"] == "Runtime.ExitError" and "exit status 3" in got["errorMessage"]
    answer, got = ask(functions, worker, {"sleep": 20})
    assert got["errorType"] == "Sandbox.Timedout"
    assert got["errorMessage"].endswith("Error: Task timed out after 2.00 seconds")
    assert ask(functions, worker, {"answer": "alive"})[1] == "alive"


def test_wrong_requests(functions, worker):
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        ask(functions, "nobody", {})
    with pytest.raises(ClientError, match="InvalidRequestContentException"):
        functions.invoke(FunctionName=worker, Payload=b"{not json")
    answer = functions.invoke(FunctionName=worker, InvocationType="DryRun")
    assert answer["StatusCode"] == 204


def test_reserved_concurrency_is_a_limit(functions, worker):
    """Three are reserved: the fourth at the same time is throttled."""
    codes = []

    def one():
        try:
            codes.append(ask(functions, worker, {"sleep": 0.8})[0]["StatusCode"])
        except ClientError as error:
            codes.append(error.response["Error"]["Code"])

    threads = [threading.Thread(target=one) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, codes)) == ["200", "200", "200", "TooManyRequestsException"]


def test_concurrency_set_to_zero_at_run_time(functions, stack, worker):
    name = stack.outputs["Worker"]
    functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    try:
        with pytest.raises(ClientError, match="TooManyRequestsException"):
            ask(functions, worker, {})
    finally:
        functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=3)


def test_an_asynchronous_event_is_tried_three_times_then_kept(aws, functions, stack):
    name = stack.outputs["Worker"]
    before = len([e for e in aws.lambdas.history() if e["function"] == name])
    answer, _ = ask(functions, name, {"fail": "InvalidInput", "n": 1}, InvocationType="Event")
    assert answer["StatusCode"] == 202
    kept = until(lambda: messages(aws, stack.outputs["Lost"]), "the event is in the dead-letter queue")
    assert json.loads(kept[0]["Body"]) == {"fail": "InvalidInput", "n": 1}
    assert kept[0]["MessageAttributes"]["ErrorMessage"]["StringValue"] == "as asked"
    runs = [e for e in aws.lambdas.history() if e["function"] == name][before:]
    assert [run["error"] for run in runs] == ["InvalidInput"] * 3


def test_a_destination_gets_the_record(aws, functions, stack):
    name = stack.outputs["Clockwork"]
    ask(functions, f"{name}:live", {"fail": "Boom"}, InvocationType="Event")

    def record():
        bodies = [json.loads(m["Body"]) for m in messages(aws, stack.outputs["Failed"])]
        return next((b for b in bodies if "requestContext" in b), None)

    got = until(record, "the record of the failed event")
    assert got["requestContext"]["condition"] == "RetriesExhausted"
    assert got["requestContext"]["approximateInvokeCount"] == 2  # one retry, by the template
    assert got["requestPayload"] == {"fail": "Boom"}
    assert got["responsePayload"]["errorType"] == "Boom"


def test_throttled_events_wait_and_are_not_lost(aws, functions, stack):
    name = stack.outputs["Worker"]
    before = len(aws.lambdas.history())
    for number in range(12):
        ask(functions, name, {"sleep": 0.05, "n": number}, InvocationType="Event")
    until(lambda: aws.asynchronous.pending() == 0, "all events have run")
    seen = {json.loads(e["payload"]).get("n") for e in aws.lambdas.history()[before:]}
    assert seen >= set(range(12))


def test_killed_between_effect_and_answer(aws, functions, stack, worker):
    """The write is there, the process is not, and nobody was told."""
    aws.hooks.add("kill", at="after-call", function="Worker", service="dynamodb", action="PutItem")
    _, got = ask(functions, worker, {"put": "killed"})
    assert got["errorType"] == "Runtime.ExitError" and "signal: killed" in got["errorMessage"]
    table = aws.client("dynamodb", REGION)
    assert "Item" in table.get_item(TableName=stack.outputs["Table"], Key={"pk": {"S": "killed"}})
    entry = aws.log.find(action="PutItem")[-1]
    assert entry["function"] == stack.outputs["Worker"]
    assert (entry["effect"], entry["status"]) == (True, None)
    assert entry["trace"] == aws.lambdas.history()[-1]["trace"]


def test_killed_before_the_effect(aws, functions, stack, worker):
    aws.hooks.add("kill", at="before-call", function="Worker", action="PutItem")
    _, got = ask(functions, worker, {"put": "never"})
    assert got["errorType"] == "Runtime.ExitError"
    table = aws.client("dynamodb", REGION)
    assert "Item" not in table.get_item(TableName=stack.outputs["Table"], Key={"pk": {"S": "never"}})


def test_a_request_lands_after_its_sender_has_died(aws, functions, stack, worker):
    aws.hooks.add("kill", at="sent", function="Worker", service="dynamodb", action="PutItem")
    held = aws.faults.add("hang", service="dynamodb", action="PutItem", times=1)
    _, got = ask(functions, worker, {"put": "posthumous"})
    assert got["errorType"] == "Runtime.ExitError"
    table, key = aws.client("dynamodb", REGION), {"pk": {"S": "posthumous"}}
    assert "Item" not in table.get_item(TableName=stack.outputs["Table"], Key=key)
    aws.faults.clear(held.id)
    until(
        lambda: "Item" in table.get_item(TableName=stack.outputs["Table"], Key=key),
        "the write lands although its sender is dead",
    )


@pytest.mark.parametrize("at", ["start", "end"])
def test_killed_at_the_start_and_at_the_end(aws, functions, worker, at):
    aws.hooks.add("kill", at=at, function="Worker")
    _, got = ask(functions, worker, {"put": f"kill-{at}"})
    assert got["errorType"] == "Runtime.ExitError"
    assert ask(functions, worker, {"answer": 1})[1] == 1


def test_frozen_and_thawed(aws, functions, worker):
    aws.hooks.add("freeze", at="before-call", function="Worker", action="PutItem", seconds=0.5)
    began = time.monotonic()
    _, got = ask(functions, worker, {"put": "frozen"})
    assert got["event"] == {"put": "frozen"} and time.monotonic() - began >= 0.5


def test_frozen_for_good_is_a_time_out(aws, functions, worker):
    aws.hooks.add("freeze", at="after-call", function="Worker", action="PutItem")
    _, got = ask(functions, worker, {"put": "stuck"})
    assert got["errorType"] == "Sandbox.Timedout"


def test_delivered_twice_at_once(aws, functions, worker):
    aws.hooks.add("twice", function="Worker", payload_contains='"put": "double"')
    before = aws.log.find()[-1]["seq"]
    ask(functions, worker, {"put": "double", "sleep": 0.3})
    writes = until(
        lambda: len(w := aws.log.find(since=before, action="PutItem")) == 2 and w, "both deliveries"
    )
    assert writes[0]["trace"] != writes[1]["trace"]


def test_code_in_a_zip_with_a_bootstrap(aws, functions):
    """A function made by the API runs the `bootstrap` of its zip, as on AWS."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.write(FIXTURES / "bin" / "worker", "bootstrap")
    role = aws.client("iam", REGION).create_role(RoleName="r", AssumeRolePolicyDocument="{}")
    made = {"FunctionName": "zipped", "Runtime": "provided.al2023", "Handler": "bootstrap",
            "Role": role["Role"]["Arn"], "Code": {"ZipFile": packed.getvalue()}}  # fmt: skip
    functions.create_function(**made, Environment={"Variables": {"INIT_EXIT": "9"}})
    _, got = ask(functions, "zipped", {})
    assert got["errorType"] == "Runtime.ExitError" and "exit status 9" in got["errorMessage"]
    functions.update_function_configuration(FunctionName="zipped", Environment={"Variables": {}})
    assert ask(functions, "zipped", {"answer": "zip"})[1] == "zip"
