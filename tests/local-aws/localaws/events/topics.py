"""SNS: what a subscriber of each protocol gets.

The signature in the envelope is a fixed text. Nobody inside the account checks it, and making
a key and a certificate for each message would cost more than the whole delivery.
"""

import json
import logging
import threading
import time
import urllib.request
import uuid

from moto.sns.models import SNSBackend, Subscription

from localaws import clock as clocks

LOG = logging.getLogger("localaws.sns")

HTTP_TIMEOUT_S = 5
"""How long an HTTP subscriber may take; SNS gives 15 s, a rehearsal cannot."""

SIGNATURE = "bG9jYWwgQVdTOiBub3Qgc2lnbmVk"


class Topics:
    """Delivers published messages."""

    def __init__(self, delivery):
        self._delivery = delivery
        self._lock = threading.Lock()
        self._published = []

    def install(self, patches):
        """What is published through moto comes to us."""
        publish = SNSBackend.publish
        subscribe = SNSBackend.subscribe

        def noted(backend, message, *arguments, **options):
            message_id = publish(backend, message, *arguments, **options)
            arn = options.get("arn") or (arguments[0] if arguments else None)
            self._note(arn, message, options.get("subject"), message_id)
            return message_id

        def subscribed(backend, topic_arn, endpoint, protocol):
            known = set(backend.subscriptions)
            subscription = subscribe(backend, topic_arn, endpoint, protocol)
            if protocol in ("http", "https") and subscription.arn not in known:
                self._confirm(subscription)
            return subscription

        def delivered(subscription, message, message_id, **options):
            self._deliver(subscription, message, message_id, **options)

        patches.set(SNSBackend, "publish", noted)
        patches.set(SNSBackend, "subscribe", subscribed)
        patches.set(Subscription, "publish", delivered)

    def published(self):
        """Every message so far: time, topic, subject, message."""
        with self._lock:
            return [dict(entry) for entry in self._published]

    def _note(self, arn, message, subject, message_id):
        entry = {
            "time": time.time(), "topic": arn, "subject": subject, "message": message,
            "id": message_id,
        }  # fmt: skip
        with self._lock:
            self._published.append(entry)

    def _deliver(self, subscription, message, message_id, subject=None, message_attributes=None,
                 group_id=None, deduplication_id=None, message_structure=None):  # fmt: skip
        matcher = subscription._filter_policy_matcher
        if matcher is not None and not matcher.matches(message_attributes, message):
            return
        if message_structure == "json":
            message = subscription._parse_message_structure(message, subscription.protocol)
        envelope = _envelope(subscription, message, message_id, subject, message_attributes)
        dead_letter = _dead_letter(subscription)
        if subscription.protocol == "lambda":
            body = json.dumps({"Records": [_record(subscription, envelope)]})
            self._delivery.later(subscription.endpoint, body, dead_letter)
        elif subscription.protocol == "sqs":
            raw = subscription.attributes.get("RawMessageDelivery") == "true"
            body = message if raw else json.dumps(envelope)
            self._delivery.later(subscription.endpoint, body, dead_letter)
        elif subscription.protocol in ("http", "https"):
            self._delivery.in_background(_post, subscription, envelope)
        else:
            LOG.info("%s to %s: %s", subscription.protocol, subscription.endpoint, subject)

    def _confirm(self, subscription):
        """An HTTP endpoint is asked whether it wants this; here it need not answer."""
        subscription.confirmed = True
        envelope = _envelope(subscription, "You have chosen to subscribe to the topic "
                             f"{subscription.topic_arn}.", str(uuid.uuid4()), None, None)  # fmt: skip
        envelope.update(Type="SubscriptionConfirmation", Token=uuid.uuid4().hex)
        envelope["SubscribeURL"] = f"{envelope['UnsubscribeURL']}&Action=ConfirmSubscription"
        self._delivery.in_background(_post, subscription, envelope)


def _envelope(subscription, message, message_id, subject, attributes):
    region = subscription.topic_arn.split(":")[3]
    envelope = {
        "Type": "Notification",
        "MessageId": message_id,
        "TopicArn": subscription.topic_arn,
        "Message": message,
        "Timestamp": clocks.iso(time.time(), milliseconds=True),
        "SignatureVersion": "1",
        "Signature": SIGNATURE,
        "SigningCertURL": f"https://sns.{region}.amazonaws.com/SimpleNotificationService.pem",
        "UnsubscribeURL": f"https://sns.{region}.amazonaws.com/?Action=Unsubscribe"
        f"&SubscriptionArn={subscription.arn}",
    }
    if subject:
        envelope["Subject"] = subject
    if attributes:
        envelope["MessageAttributes"] = {
            name: {"Type": value["Type"], "Value": value["Value"]}
            for name, value in attributes.items()
        }
    return envelope


def _record(subscription, envelope):
    """The Lambda form spells two names differently and always has Subject and attributes."""
    notice = dict(envelope)
    notice["SigningCertUrl"] = notice.pop("SigningCertURL")
    notice["UnsubscribeUrl"] = notice.pop("UnsubscribeURL")
    notice.setdefault("Subject", None)
    notice.setdefault("MessageAttributes", {})
    return {
        "EventSource": "aws:sns",
        "EventVersion": "1.0",
        "EventSubscriptionArn": subscription.arn,
        "Sns": notice,
    }


def _dead_letter(subscription):
    policy = subscription.attributes.get("RedrivePolicy")
    return json.loads(policy).get("deadLetterTargetArn", "") if policy else ""


def _post(subscription, envelope):
    raw = subscription.attributes.get("RawMessageDelivery") == "true"
    body = envelope["Message"] if raw else json.dumps(envelope)
    headers = {
        "Content-Type": "text/plain; charset=UTF-8",
        "x-amz-sns-message-type": envelope["Type"],
        "x-amz-sns-message-id": envelope["MessageId"],
        "x-amz-sns-topic-arn": subscription.topic_arn,
        "x-amz-sns-subscription-arn": subscription.arn,
        "User-Agent": "Amazon Simple Notification Service Agent",
    }
    request = urllib.request.Request(subscription.endpoint, body.encode(), headers, method="POST")
    with urllib.request.urlopen(request, timeout=HTTP_TIMEOUT_S) as answer:
        answer.read()
