"""SNS subscriptions, and the policies of topics, queues and buses."""

import json

from moto.events.models import EventBus, events_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends

from localaws import ACCOUNT
from localaws.cfn.model import Made, model


def install(patches):
    """`Ref` of a bus is its name; moto gives the object."""
    patches.set(EventBus, "physical_resource_id", property(lambda bus: bus.name))


def _subscription(name, properties, region):
    arn = properties["TopicArn"]
    home = properties.get("Region") or arn.split(":")[3]
    backend = sns_backends[ACCOUNT][home]
    made = backend.subscribe(arn, properties["Endpoint"], properties["Protocol"])
    for key in ("FilterPolicy", "FilterPolicyScope", "RawMessageDelivery", "RedrivePolicy"):
        value = properties.get(key)
        if value is None:
            continue
        if isinstance(value, bool):
            value = str(value).lower()
        text = value if isinstance(value, str) else json.dumps(value)
        backend.set_subscription_attributes(made.arn, key, text)
    return Made(made.arn, {"Arn": made.arn}, lambda: backend.unsubscribe(made.arn))


def _topic_policy(name, properties, region):
    text = json.dumps(properties["PolicyDocument"])
    for arn in properties["Topics"]:
        sns_backends[ACCOUNT][region].set_topic_attribute(arn, "Policy", text)
    return Made(name)


def _queue_policy(name, properties, region):
    text = json.dumps(properties["PolicyDocument"])
    for url in properties["Queues"]:
        queue = url.rstrip("/").split("/")[-1]
        sqs_backends[ACCOUNT][region].set_queue_attributes(queue, {"Policy": text})
    return Made(name)


def _bus_policy(name, properties, region):
    backend = events_backends[ACCOUNT][region]
    bus = properties.get("EventBusName") or "default"
    statement = properties["StatementId"]
    if properties.get("Statement"):
        policy = json.dumps({"Version": "2012-10-17", "Statement": [
            {"Sid": statement, **properties["Statement"]}]})  # fmt: skip
        backend.put_permission(bus, None, None, None, None, policy)
    else:
        backend.put_permission(
            bus, properties.get("Action", "events:PutEvents"), properties.get("Principal"),
            statement, properties.get("Condition"), None,
        )  # fmt: skip
    return Made(statement)


model("AWS::SNS::Subscription", _subscription)
model("AWS::SNS::TopicPolicy", _topic_policy)
model("AWS::SQS::QueuePolicy", _queue_policy)
model("AWS::Events::EventBusPolicy", _bus_policy)
