"""Calls on their way: clock, signatures, faults, the log."""

import json
import threading
import time
from email.utils import parsedate_to_datetime

import pytest
from botocore.exceptions import ClientError, ConnectionClosedError, ReadTimeoutError
from support import REGION, raw, until

from localaws.locks import WORLD

KEYS = {
    "KeySchema": [{"AttributeName": "pk", "KeyType": "HASH"}],
    "AttributeDefinitions": [{"AttributeName": "pk", "AttributeType": "S"}],
    "BillingMode": "PAY_PER_REQUEST",
}


@pytest.fixture(scope="module")
def table(aws):
    aws.client("dynamodb", REGION).create_table(TableName="t", **KEYS)
    return "t"


def put(aws, key, at=None, **more):
    body = {"TableName": "t", "Item": {"pk": {"S": key}}, **more}
    return raw(aws, "dynamodb", body, "DynamoDB_20120810.PutItem", at=at)


def exists(aws, key):
    found = aws.client("dynamodb", REGION).get_item(TableName="t", Key={"pk": {"S": key}})
    return "Item" in found


def test_every_answer_has_the_time_of_its_region(aws, table):
    aws.clock.set_skew(REGION, -3600)
    try:
        answers = {
            region: raw(aws, "dynamodb", {}, "DynamoDB_20120810.ListTables", region=region)
            for region in (REGION, "us-west-2")
        }
        refused = put(aws, "x", at=time.time() + 7200)
    finally:
        aws.clock.set_skew(REGION, 0)
    seen = {r: parsedate_to_datetime(a.headers["Date"]).timestamp() for r, a in answers.items()}
    assert abs(seen[REGION] - (time.time() - 3600)) < 5
    assert abs(seen["us-west-2"] - time.time()) < 5
    assert refused.status == 400 and refused.headers["Date"] and refused.headers["x-amzn-RequestId"]


@pytest.mark.parametrize(
    ("service", "request_", "status", "code"),
    [
        ("dynamodb", {"target": "DynamoDB_20120810.ListTables", "body": {}}, 400, "InvalidSignature"),
        ("states", {"target": "AWSStepFunctions.ListStateMachines", "body": {}}, 400, "InvalidSig"),
        ("rds", {"action": "DescribeDBInstances"}, 403, "SignatureDoesNotMatch"),
        ("sns", {"action": "ListTopics"}, 403, "SignatureDoesNotMatch"),
        ("ec2", {"action": "DescribeInstances"}, 400, "RequestExpired"),
        ("route53", {"method": "GET", "path": "/2013-04-01/hostedzone"}, 403, "SignatureDoesNotMatch"),
        ("lambda", {"method": "GET", "path": "/2015-03-31/functions"}, 403, "InvalidSignature"),
    ],
)
@pytest.mark.parametrize("age", [901, -901])
def test_a_late_or_early_signature_is_refused(aws, service, request_, status, code, age):
    answer = raw(aws, service, at=time.time() - age, **request_)
    text = answer.body.decode() + answer.headers.get("x-amzn-ErrorType", "")
    assert (answer.status, code in text) == (status, True), text


def test_a_signature_within_its_life_is_taken(aws, table):
    assert put(aws, "young", at=time.time() - 890).status == 200


def test_the_signature_is_judged_when_the_effect_happens(aws, table):
    """A request that was fresh when it came and is late when it lands changes nothing."""
    aws.faults.add("delay", service="dynamodb", action="PutItem", seconds=1.5, times=1)
    answer = put(aws, "late", at=time.time() - 899)
    assert answer.status == 400 and b"Signature expired" in answer.body
    assert not exists(aws, "late")


def test_an_effect_happens_although_its_sender_is_gone(aws, table):
    before = _effects(aws)
    # Every effect needs the lock of the world: so this one waits, however busy the machine is.
    with WORLD:
        with pytest.raises(TimeoutError):
            body = {"TableName": "t", "Item": {"pk": {"S": "orphan"}}}
            raw(aws, "dynamodb", body, "DynamoDB_20120810.PutItem", timeout=0.1)
        assert _effects(aws) == before
    until(lambda: exists(aws, "orphan"), "the delayed write lands")


def _effects(aws):
    return sum(bool(call["effect"]) for call in aws.log.find(service="dynamodb", action="PutItem"))


def test_conditional_writes_are_atomic(aws, table):
    """Of many writers with the same condition exactly one wins."""
    won = []

    def write(number):
        answer = put(aws, "once", ConditionExpression="attribute_not_exists(pk)")
        won.append(answer.status == 200)

    threads = [threading.Thread(target=write, args=(n,)) for n in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == [False] * 23 + [True]


def test_a_failed_condition_shows_the_old_item(aws, table):
    """By its nonce a writer tells his own lost answer from another's success."""
    put(aws, "taken")
    more = {"ConditionExpression": "attribute_not_exists(pk)",
            "ReturnValuesOnConditionCheckFailure": "ALL_OLD"}  # fmt: skip
    answer = put(aws, "taken", **more)
    body = json.loads(answer.body)
    assert answer.status == 400 and body["__type"].endswith("ConditionalCheckFailedException")
    assert body["Item"] == {"pk": {"S": "taken"}}


@pytest.mark.parametrize(
    ("rule", "code", "status"),
    [
        ({"kind": "refuse", "code": "AccessDeniedException"}, "AccessDeniedException", 400),
        ({"kind": "throttle"}, "ThrottlingException", 400),
        ({"kind": "5xx"}, "InternalServerError", 500),
        ({"kind": "5xx", "status": 503}, "ServiceUnavailableException", 503),
    ],
)
def test_refusals_by_fault(aws, table, rule, code, status):
    rule = dict(rule)
    aws.faults.add(rule.pop("kind"), service="dynamodb", action="PutItem", **rule)
    with pytest.raises(ClientError) as error:
        aws.client("dynamodb", REGION).put_item(TableName="t", Item={"pk": {"S": "no"}})
    assert error.value.response["Error"]["Code"] == code
    assert error.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert not exists(aws, "no")


def test_a_lost_answer_has_had_its_effect(aws, table):
    aws.faults.add("answer_lost", service="dynamodb", action="PutItem", times=1)
    with pytest.raises(ConnectionClosedError):
        aws.client("dynamodb", REGION).put_item(TableName="t", Item={"pk": {"S": "lost"}})
    assert exists(aws, "lost")
    assert aws.log.find(action="PutItem")[-1]["effect"] is True


def test_a_truncated_answer(aws, table):
    aws.faults.add("truncated", service="dynamodb", action="ListTables", times=1)
    with pytest.raises(Exception, match="IncompleteRead|Connection|truncat"):
        raw(aws, "dynamodb", {}, "DynamoDB_20120810.ListTables")


def test_a_reset_connection(aws, table):
    aws.faults.add("reset", service="dynamodb", action="PutItem", times=1)
    with pytest.raises(OSError):
        put(aws, "reset")
    assert not exists(aws, "reset")


def test_a_silent_service_never_answers_and_does_nothing(aws, table):
    rule = aws.faults.add("silent", service="dynamodb", action="PutItem")
    client = aws.client("dynamodb", REGION, read_timeout=0.3)
    with pytest.raises(ReadTimeoutError):
        client.put_item(TableName="t", Item={"pk": {"S": "unheard"}})
    aws.faults.clear(rule.id)
    until(lambda: aws.log.find(action="PutItem")[-1]["error"] == "no answer", "the call is over")
    assert not exists(aws, "unheard")


def test_a_call_that_hung_goes_on_when_the_fault_is_cleared(aws, table):
    rule = aws.faults.add("hang", service="dynamodb", action="PutItem")
    with pytest.raises(ReadTimeoutError):
        aws.client("dynamodb", REGION, read_timeout=0.3).put_item(
            TableName="t", Item={"pk": {"S": "hung"}}
        )
    assert not exists(aws, "hung")
    aws.faults.clear(rule.id)
    until(lambda: exists(aws, "hung"), "the call that hung lands")


def test_after_and_times_count_matching_calls(aws, table):
    aws.faults.add("throttle", action="PutItem", after=1, times=2)
    assert [put(aws, f"n{n}").status for n in range(4)] == [200, 400, 400, 200]


def test_a_dead_region_takes_the_global_services_that_live_there(aws):
    aws.faults.region_down("us-east-1", mode="refuse")
    route53 = raw(aws, "route53", method="GET", path="/2013-04-01/hostedzone", region=REGION)
    assert route53.status == 503
    assert raw(aws, "rds", action="DescribeDBInstances", region="us-east-1").status == 503
    assert raw(aws, "rds", action="DescribeDBInstances", region="us-west-2").status == 200
    entry = aws.log.find(service="route53")[-1]
    assert (entry["region"], entry["home"], entry["effect"]) == (REGION, "us-east-1", False)


def test_a_partition_can_spare_the_clients_inside(aws, table):
    """The Region is unseen by others, while callers with its own credentials reach it."""
    aws.faults.region_down("us-east-1", mode="refuse", access_key="!INSIDE*")
    inside = aws.client("rds", "us-east-1", access_key="INSIDE1")
    assert inside.describe_db_instances()["DBInstances"] == []
    with pytest.raises(ClientError):
        aws.client("rds", "us-east-1").describe_db_instances()


def test_every_control_plane_by_a_list_of_actions(aws, table):
    aws.faults.control_planes(["route53:ListHostedZones", "dynamodb:ListTables"])
    assert raw(aws, "route53", method="GET", path="/2013-04-01/hostedzone").status == 500
    assert raw(aws, "dynamodb", {}, "DynamoDB_20120810.ListTables").status == 500
    assert put(aws, "data-plane").status == 200


def test_faults_and_log_over_http(aws, table):
    made = raw(aws, "x", b'{"add": {"kind": "throttle", "action": "PutItem"}}', path="/_local/faults")
    assert made.status == 200
    assert put(aws, "h").status == 400
    wrong = raw(aws, "x", b'{"add": {"kind": "flood"}}', path="/_local/faults")
    assert wrong.status == 400 and b"none of" in wrong.body
    shown = raw(aws, "x", method="GET", path="/_local/faults")
    assert b'"struck": 1' in shown.body
    assert raw(aws, "x", method="DELETE", path="/_local/faults").status == 200
    assert put(aws, "h").status == 200
    log = raw(aws, "x", method="GET", path="/_local/requests?action=PutItem&service=dynamodb")
    assert b'"PutItem"' in log.body
    assert raw(aws, "x", method="GET", path="/_local/nothing").status == 404


def test_cloudwatch_by_the_binary_protocol(aws):
    """The Rust SDK speaks Smithy RPC v2 with CBOR to CloudWatch."""
    from localaws import cbor

    headers = {"smithy-protocol": "rpc-v2-cbor", "Content-Type": "application/cbor"}

    def ask(operation, body):
        path = f"/service/GraniteServiceVersion20100801/operation/{operation}"
        answer = raw(aws, "monitoring", cbor.dumps(body), path=path, headers=headers)
        assert answer.headers["smithy-protocol"] == "rpc-v2-cbor"
        return answer, cbor.loads(answer.body)

    now = cbor.Timestamp(time.time())
    datum = {"MetricName": "m", "Value": 2.5, "Timestamp": now}
    answer, _ = ask("PutMetricData", {"Namespace": "N", "MetricData": [datum]})
    assert answer.status == 200
    query = {"Namespace": "N", "MetricName": "m", "Period": 60, "Statistics": ["Average"],
             "StartTime": cbor.Timestamp(now - 120), "EndTime": cbor.Timestamp(now + 60)}  # fmt: skip
    _, found = ask("GetMetricStatistics", query)
    assert [point["Average"] for point in found["Datapoints"]] == [2.5]
    assert abs(found["Datapoints"][0]["Timestamp"].timestamp() - now) < 120
    aws.faults.add("throttle", service="cloudwatch")
    answer, error = ask("DescribeAlarms", {})
    assert answer.status == 400 and "Throttling" in error["__type"]
