"""News: schedules, buses, topics, alarm actions."""

import http.server
import json
import threading
import time

import pytest
from support import REGION, until

TOPIC_SHAPE = {"Type", "MessageId", "TopicArn", "Message", "Timestamp", "Signature", "Subject"}


def payloads(aws, function, **holding):
    """The events that a function has got and that hold these fields."""
    found = [json.loads(e["payload"]) for e in aws.lambdas.history() if e["function"] == function]
    return [p for p in found if isinstance(p, dict) and holding.items() <= p.items()]


def put(aws, source, detail, bus="news", kind="Test"):
    entry = {"Source": source, "DetailType": kind, "Detail": json.dumps(detail), "EventBusName": bus}
    answer = aws.client("events", REGION).put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0


def test_schedules_fire_every_minute_of_the_local_aws(aws, stack):
    clockwork = stack.outputs["Clockwork"]
    aws.schedules.pause(False)
    try:
        until(lambda: len(payloads(aws, clockwork, scheduled=True)) >= 2, "the rule fires")
        until(lambda: len(payloads(aws, clockwork, planned=True)) >= 2, "the schedule fires")
    finally:
        aws.schedules.pause(True)


def test_a_schedules_own_event(aws, stack):
    """Without an `Input` the target gets the real `Scheduled Event`."""
    events = aws.client("events", REGION)
    arn = events.put_rule(Name="tick", ScheduleExpression="rate(1 minute)")["RuleArn"]
    function = f"arn:aws:lambda:{REGION}:123456789012:function:{stack.outputs['Worker']}:live"
    events.put_targets(Rule="tick", Targets=[{"Id": "w", "Arn": function}])
    aws.schedules.turn(1)
    got = until(lambda: payloads(aws, stack.outputs["Worker"], source="aws.events"), "the tick")[0]
    assert got["detail-type"] == "Scheduled Event" and got["resources"] == [arn]
    assert got["region"] == REGION and got["detail"] == {} and got["time"].endswith("Z")
    events.disable_rule(Name="tick")
    fired = aws.schedules.fired()[arn]
    aws.schedules.turn(2)
    assert aws.schedules.fired()[arn] == fired


def test_a_dead_regions_schedules_are_silent(aws, stack):
    aws.faults.region_down(REGION, mode="silent")
    before = sum(aws.schedules.fired().values())
    aws.schedules.turn(3)
    assert sum(aws.schedules.fired().values()) == before


def test_a_pattern_chooses(aws, stack):
    clockwork = stack.outputs["Clockwork"]
    aws.buses.emit(REGION, "aws.health", "AWS Health Event", {"level": "low", "n": 1}, bus="news")
    put(aws, "own.source", {"level": "high", "n": 2})
    aws.buses.emit(REGION, "aws.health", "AWS Health Event", {"level": "high", "n": 3}, bus="news")
    got = until(lambda: payloads(aws, clockwork, source="aws.health"), "the event that matches")
    assert [event["detail"]["n"] for event in got] == [3]
    assert got[0]["account"] == "123456789012" and got[0]["version"] == "0"


def test_an_event_crosses_regions_and_keeps_its_own(aws, stack):
    """What edge.yaml does: a rule in one Region forwards to the bus of another."""
    far = aws.client("events", "us-east-1")
    bus = f"arn:aws:events:{REGION}:123456789012:event-bus/news"
    far.put_rule(Name="forward", EventPattern=json.dumps({"source": ["aws.rds"]}))
    far.put_targets(Rule="forward", Targets=[{"Id": "b", "Arn": bus}])
    aws.buses.emit("us-east-1", "aws.rds", "RDS DB Instance Event", {"level": "any"}, ["arn:db"])
    got = until(
        lambda: payloads(aws, stack.outputs["Clockwork"], source="aws.rds"), "it has crossed"
    )
    assert got[0]["region"] == "us-east-1" and got[0]["resources"] == ["arn:db"]


def test_a_transformed_input(aws, stack):
    events = aws.client("events", REGION)
    events.put_rule(Name="shape", EventPattern=json.dumps({"source": ["own.shape"]}))
    function = f"arn:aws:lambda:{REGION}:123456789012:function:{stack.outputs['Worker']}"
    shape = {"InputPathsMap": {"n": "$.detail.n"}, "InputTemplate": '{"shaped": true, "n": <n>}'}
    events.put_targets(Rule="shape", Targets=[{"Id": "f", "Arn": function, "InputTransformer": shape}])
    put(aws, "own.shape", {"n": 5}, bus="default")
    got = until(lambda: payloads(aws, stack.outputs["Worker"], shaped=True), "the shaped event")
    assert got[0]["n"] == 5


def test_a_published_message_reaches_the_function(aws, stack):
    topic = stack.outputs["Topic"]
    aws.client("sns", REGION).publish(TopicArn=topic, Subject="S", Message="M")

    def record():
        found = [p for p in payloads(aws, stack.outputs["Clockwork"]) if "Records" in p]
        return next((r for p in found for r in p["Records"] if r["Sns"]["Subject"] == "S"), None)

    got = until(record, "the message")
    assert (got["EventSource"], got["EventVersion"]) == ("aws:sns", "1.0")
    assert set(got["Sns"]) >= TOPIC_SHAPE | {"SigningCertUrl", "UnsubscribeUrl", "MessageAttributes"}
    assert (got["Sns"]["Message"], got["Sns"]["TopicArn"]) == ("M", topic)
    assert aws.topics.published()[-1]["message"] == "M"


def test_sns_away(aws, stack):
    aws.faults.away("sns")
    before = len(aws.topics.published())
    with pytest.raises(Exception, match="503|unavailable"):
        aws.client("sns", REGION).publish(TopicArn=stack.outputs["Topic"], Message="lost")
    assert len(aws.topics.published()) == before


@pytest.fixture
def webhook():
    """An HTTP endpoint that keeps what it gets, and fails the first notification."""
    got = []

    class Hook(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            got.append((self.headers["x-amz-sns-message-type"], body))
            notifications = [kind for kind, _ in got if kind == "Notification"]
            self.send_response(500 if len(notifications) == 1 else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}/hook", got
    server.shutdown()


def test_an_http_subscriber_is_asked_told_and_told_again(aws, webhook):
    url, got = webhook
    sns = aws.client("sns", REGION)
    topic = sns.create_topic(Name="web")["TopicArn"]
    sns.subscribe(TopicArn=topic, Protocol="http", Endpoint=url)
    until(lambda: got and got[0][0] == "SubscriptionConfirmation", "the confirmation")
    sns.publish(TopicArn=topic, Subject="S", Message="M")
    until(lambda: len(got) == 3, "a second attempt after a failure")
    assert [kind for kind, _ in got[1:]] == ["Notification"] * 2
    assert got[1][1]["MessageId"] == got[2][1]["MessageId"]
    assert set(got[2][1]) >= TOPIC_SHAPE


def test_a_target_that_is_away_ends_in_its_dead_letter_queue(aws, stack):
    sqs = aws.client("sqs", REGION)
    url = sqs.create_queue(QueueName="rule-dlq")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:123456789012:rule-dlq"
    events = aws.client("events", REGION)
    events.put_rule(Name="lost", EventPattern=json.dumps({"source": ["own.lost"]}))
    target = {"Id": "x", "Arn": f"arn:aws:lambda:{REGION}:123456789012:function:nobody",
              "DeadLetterConfig": {"Arn": arn}}  # fmt: skip
    events.put_targets(Rule="lost", Targets=[target])
    put(aws, "own.lost", {"n": 1}, bus="default")
    got = until(lambda: sqs.receive_message(QueueUrl=url).get("Messages"), "the lost event is kept")
    assert json.loads(got[0]["Body"])["source"] == "own.lost"


def test_an_alarm_acts(aws, stack):
    """One transition: the function's own payload, the topic's message, the event."""
    worker = stack.outputs["Worker"]
    function = f"arn:aws:lambda:{REGION}:123456789012:function:{worker}:live"
    events = aws.client("events", REGION)
    pattern = {"source": ["aws.cloudwatch"], "detail": {"state": {"value": ["ALARM"]}}}
    events.put_rule(Name="alarms", EventPattern=json.dumps(pattern))
    events.put_targets(Rule="alarms", Targets=[{"Id": "f", "Arn": function}])
    cloudwatch = aws.client("cloudwatch", REGION)
    cloudwatch.put_metric_alarm(
        AlarmName="canary", AlarmDescription="d", Namespace="Leeward", MetricName="Canary Failed",
        Dimensions=[{"Name": "Side", "Value": "us-east-1"}], Statistic="Maximum", Period=60,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanOrEqualToThreshold",
        AlarmActions=[function, stack.outputs["Topic"]], TreatMissingData="breaching",
    )  # fmt: skip
    arn = cloudwatch.describe_alarms(AlarmNames=["canary"])["MetricAlarms"][0]["AlarmArn"]
    if not payloads(aws, worker, alarmArn=arn):  # the alarm may have gone to ALARM by itself
        cloudwatch.set_alarm_state(AlarmName="canary", StateValue="ALARM", StateReason="test")
    direct = until(lambda: payloads(aws, worker, alarmArn=arn), "the direct action")[0]
    assert direct["source"] == "aws.cloudwatch" and direct["region"] == REGION
    data = direct["alarmData"]
    assert data["alarmName"] == "canary" and data["state"]["value"] == "ALARM"
    stat = data["configuration"]["metrics"][0]["metricStat"]
    assert stat["metric"] == {"namespace": "Leeward", "name": "Canary Failed",
                              "dimensions": {"Side": "us-east-1"}}  # fmt: skip
    event = until(lambda: payloads(aws, worker, source="aws.cloudwatch", version="0"), "the event")[0]
    assert event["detail-type"] == "CloudWatch Alarm State Change" and event["resources"] == [arn]

    def told():
        return [m for m in aws.topics.published() if (m["subject"] or "").startswith('ALARM: "canary"')]

    message = json.loads(until(told, "the topic's message")[0]["message"])
    assert (message["NewStateValue"], message["Trigger"]["MetricName"]) == ("ALARM", "Canary Failed")
    assert message["Trigger"]["Dimensions"] == [{"value": "us-east-1", "name": "Side"}]


def test_a_dead_regions_alarms_are_silent(aws, stack):
    cloudwatch = aws.client("cloudwatch", "us-east-1")
    aws.faults.region_down("us-east-1", mode="silent", access_key="!operator")
    topic = aws.client("sns", "us-east-1").create_topic(Name="dead")["TopicArn"]
    cloudwatch.put_metric_alarm(
        AlarmName="dead", Namespace="N", MetricName="m", Statistic="Sum", Period=60,
        EvaluationPeriods=1, Threshold=1, ComparisonOperator="GreaterThanThreshold",
        AlarmActions=[topic],
    )  # fmt: skip
    cloudwatch.set_alarm_state(AlarmName="dead", StateValue="ALARM", StateReason="unheard")
    time.sleep(0.3)
    assert not [m for m in aws.topics.published() if m["topic"] == topic]
