"""Delivering to a target by its ARN, with retries, and a dead-letter queue in the end."""

import functools
import json
import logging
import threading
import time
from concurrent.futures import ThreadPoolExecutor

from moto.events.models import events_backends
from moto.sns.models import sns_backends
from moto.sqs.models import sqs_backends
from moto.stepfunctions.parser.models import stepfunctions_parser_backends

from localaws import ACCOUNT
from localaws.errors import Refusal
from localaws.events.unruly import Unruly
from localaws.locks import WORLD

LOG = logging.getLogger("localaws.delivery")

ATTEMPTS = 4
"""How often a delivery is tried in all; AWS's services try for hours, a rehearsal has seconds."""

WORKERS = 32
"""Deliveries side by side. None of them waits for a function to end."""


class Delivery:
    """Knows every kind of target."""

    def __init__(self, front, functions, asynchronous, retry_s):
        self._front = front
        self._functions = functions
        self._asynchronous = asynchronous
        self._retry_s = retry_s
        self._pool = ThreadPoolExecutor(WORKERS, thread_name_prefix="delivery")
        self._lock = threading.Lock()
        self._lost = []
        self.unruly = Unruly()
        self.route = None
        """`route(region, bus, event)`: puts an event on a bus; set by the event buses."""

    def later(self, arn, body, dead_letter="", on_accepted=None):
        """Delivers `body` to `arn` soon, with retries; then to `dead_letter`, or it is lost.

        `on_accepted(event)` is told the asynchronous event when the target is a function.
        """
        submit = functools.partial(self._submit, arn, body, dead_letter, on_accepted)
        if on_accepted:
            # Whoever asks what became of it is a schedule, which waits for its last event.
            submit()
        else:
            self.unruly.send(arn, submit)

    def _submit(self, arn, body, dead_letter, on_accepted):
        try:
            self._pool.submit(self._try, arn, body, dead_letter, on_accepted)
        except RuntimeError:
            LOG.debug("stopping: nothing goes to %s any more", arn)

    def lost(self):
        """What reached nobody: ARN, body, reason."""
        with self._lock:
            return [dict(entry) for entry in self._lost]

    def close(self):
        """Starts no more deliveries."""
        self.unruly.close()
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _try(self, arn, body, dead_letter, on_accepted):
        for attempt in range(1, ATTEMPTS + 1):
            try:
                event = self.send(arn, body)
                if on_accepted:
                    on_accepted(event)
                return
            except Exception as error:  # whatever it is, the next attempt may succeed
                LOG.warning("attempt %d to reach %s failed: %s", attempt, arn, error)
                reason = str(error)
            if attempt < ATTEMPTS:
                time.sleep(self._retry_s)
        if on_accepted:
            on_accepted(None)
        self._bury(arn, body, dead_letter, reason)

    def _bury(self, arn, body, dead_letter, reason):
        entry = {"arn": arn, "body": body, "reason": reason, "dead_letter": dead_letter}
        with self._lock:
            self._lost.append(entry)
        if not dead_letter:
            LOG.error("lost on the way to %s: %s", arn, reason)
            return
        try:
            self.send(dead_letter, body, {"TARGET_ARN": arn, "ERROR_MESSAGE": reason[:1024]})
        except Exception as error:  # the last stop: it can only be told
            LOG.error("lost on the way to %s, and to its dead-letter queue: %s", arn, error)

    def send(self, arn, body, attributes=None):
        """Delivers once, now. Raises when it cannot be done."""
        parts = arn.split(":")
        service, region = parts[2], parts[3]
        if service == "lambda":
            return self._lambda(arn, body, region)
        if service == "sqs":
            return self._sqs(parts[5], body, attributes or {}, region)
        if service == "sns":
            return self._sns(arn, body, region)
        if service == "events" and parts[5].startswith("event-bus/"):
            self._front.inside("events", "PutEvents", region)
            return self.route(region, parts[5].split("/", 1)[1], json.loads(body))
        if service == "states":
            return self._states(arn, body, region)
        if service == "logs":
            return None
        raise Refusal("UnsupportedTarget", f"no target of this kind is known here: {arn}")

    def _lambda(self, arn, body, region):
        self._front.inside("lambda", "Invoke", region)
        function = self._functions.find(arn, region)
        return self._asynchronous.put(function, body.encode(), source="delivery")

    def _sqs(self, queue, body, attributes, region):
        self._front.inside("sqs", "SendMessage", region)
        typed = {
            name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
        }
        with WORLD:
            sqs_backends[ACCOUNT][region].send_message(queue, body, message_attributes=typed)

    def _sns(self, arn, body, region):
        self._front.inside("sns", "Publish", region)
        with WORLD:
            sns_backends[ACCOUNT][region].publish(body, arn=arn)

    def publish(self, arn, message, subject):
        """Publishes to a topic with a subject, as alarms do."""
        region = arn.split(":")[3]
        self._front.inside("sns", "Publish", region)
        with WORLD:
            sns_backends[ACCOUNT][region].publish(message, arn=arn, subject=subject)

    def in_background(self, work, *arguments):
        """Runs `work` on one of the delivery threads, with the same retries."""

        def tries():
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    return work(*arguments)
                except Exception as error:  # whatever it is, the next attempt may succeed
                    LOG.warning("attempt %d of a delivery failed: %s", attempt, error)
                if attempt < ATTEMPTS:
                    time.sleep(self._retry_s)
            entry = {"arn": str(arguments[:1]), "body": "", "reason": "every attempt failed"}
            with self._lock:
                self._lost.append(entry)
            return None

        try:
            self._pool.submit(tries)
        except RuntimeError:
            LOG.debug("stopping: a delivery is dropped")

    def _states(self, arn, body, region):
        self._front.inside("stepfunctions", "StartExecution", region)
        import uuid

        with WORLD:
            backend = stepfunctions_parser_backends[ACCOUNT][region]
            backend.start_execution(arn, str(uuid.uuid4()), body)


def buses(region):
    """The event buses of a Region, by name."""
    return events_backends[ACCOUNT][region].event_buses
