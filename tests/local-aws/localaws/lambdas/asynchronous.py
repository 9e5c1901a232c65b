"""Asynchronous invocations: Lambda's own queue, its two retries, and where a lost event goes."""

import heapq
import itertools
import json
import logging
import threading
import time
import uuid
from dataclasses import dataclass, field

from localaws import clock as clocks
from localaws.errors import Refusal, Vanish

LOG = logging.getLogger("localaws.async")

THROTTLED_AGAIN_S = 0.2
"""How soon a throttled event is tried again; it is not counted as an attempt (nor is it by AWS)."""

UNRESERVED_AT_ONCE = 10
"""Events of one function that run side by side when no concurrency is reserved for it."""


@dataclass
class Event:
    """One event on the queue."""

    function: object
    payload: bytes
    source: str
    attempts: int = 0
    put_at: float = field(default_factory=time.time)
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    done: threading.Event = field(default_factory=threading.Event)


class Asynchronous:
    """Keeps what was accepted until it has run, or has been given to its dead-letter queue."""

    def __init__(self, service, send, retry_delays_s, time_scale):
        self._service = service
        self._send = send
        self._delays = retry_delays_s
        self._time_scale = time_scale
        self._changed = threading.Condition()
        self._queues = {}
        self._running = {}
        self._sequence = itertools.count()
        self._closed = False
        self._dead = []
        threading.Thread(target=self._dispatch, name="lambda-async", daemon=True).start()

    def put(self, function, payload, source):
        """Accepts an event; answers it, so that a caller may wait for its `done`."""
        event = Event(function, payload, source)
        self._push(event, 0.0)
        return event

    def lost(self):
        """Events that were given up, with the reason and where they went."""
        with self._changed:
            return [dict(entry) for entry in self._dead]

    def pending(self):
        """How many events wait or run."""
        with self._changed:
            return sum(map(len, self._queues.values())) + sum(self._running.values())

    def close(self):
        """Starts nothing more."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def _push(self, event, delay_s):
        with self._changed:
            # A queue for each function: in a storm one must not be searched for the others' sake.
            queue = self._queues.setdefault((event.function.region, event.function.name), [])
            heapq.heappush(queue, (time.monotonic() + delay_s, next(self._sequence), event))
            self._changed.notify_all()

    def _dispatch(self):
        while True:
            with self._changed:
                event = self._due()
                while event is None and not self._closed:
                    self._changed.wait(self._until_next())
                    event = self._due()
                if self._closed:
                    return
                key = event.function.region, event.function.name
                self._running[key] = self._running.get(key, 0) + 1
            threading.Thread(target=self._run, args=(event, key), daemon=True).start()

    def _due(self):
        """The first event that is due and whose function has room; the caller holds the lock."""
        now = time.monotonic()
        ready = [
            queue for queue in self._queues.values()
            if queue and queue[0][0] <= now and self._room(queue[0][2].function)
        ]  # fmt: skip
        return heapq.heappop(min(ready))[2] if ready else None

    def _room(self, function):
        limit = UNRESERVED_AT_ONCE if function.reserved is None else max(function.reserved, 1)
        return self._running.get((function.region, function.name), 0) < limit

    def _until_next(self):
        firsts = [queue[0][0] for queue in self._queues.values() if queue]
        if not firsts:
            return None
        wait = min(firsts) - time.monotonic()
        return wait if wait > 0 else THROTTLED_AGAIN_S

    def _run(self, event, key):
        try:
            self._attempt(event)
        except Exception:
            LOG.exception("%s: an asynchronous event was not delivered", event.function.name)
        finally:
            with self._changed:
                self._running[key] -= 1
                self._changed.notify_all()

    def _attempt(self, event):
        function = self._now(event.function)
        # What has waited for too long is not even tried.
        if time.time() - event.put_at > function.max_age_s / self._time_scale:
            self._give_up(event, function, "EventAgeExceeded", None)
            return
        try:
            outcome, _ = self._service.invoke(function, event.payload)
        except Refusal as refusal:
            self._refused(event, function, refusal)
            return
        event.attempts += 1
        if not outcome.error:
            self._report(event, function, "Success", function.on_success, outcome)
            event.done.set()
        elif event.attempts <= function.retries:
            delay = self._delays[min(event.attempts, len(self._delays)) - 1]
            self._push(event, delay)
        else:
            self._give_up(event, function, "RetriesExhausted", outcome)

    def _now(self, function):
        """The function as it is deployed now, not as it was when the event was accepted."""
        try:
            return self._service.functions.find(function.arn, function.region)
        except Refusal:
            return function

    def _refused(self, event, function, refusal):
        if refusal.status == 429:
            self._push(event, THROTTLED_AGAIN_S)
        else:
            LOG.error("%s: %s", function.name, refusal)
            self._push(event, max(self._delays))

    def _give_up(self, event, function, condition, outcome):
        targets = [("on-failure", function.on_failure), ("dead-letter", function.dead_letter)]
        targets = [(kind, arn) for kind, arn in targets if arn]
        LOG.warning("%s gave up event %s: %s", function.name, event.id, condition)
        with self._changed:
            self._dead.append(
                {
                    "function": function.name, "id": event.id, "condition": condition,
                    "attempts": event.attempts, "to": [arn for _, arn in targets],
                    "payload": event.payload.decode("utf-8", "replace"),
                }  # fmt: skip
            )
        for kind, arn in targets:
            if kind == "on-failure":
                self._report(event, function, condition, arn, outcome)
            else:
                self._dead_letter(event, arn, outcome)
        event.done.set()

    def _report(self, event, function, condition, arn, outcome):
        """A destination's record, as AWS documents it."""
        if not arn:
            return
        error = outcome.error if outcome else None
        record = {
            "version": "1.0",
            "timestamp": clocks.iso(time.time(), milliseconds=True),
            "requestContext": {
                "requestId": event.id,
                "functionArn": function.arn,
                "condition": condition,
                "approximateInvokeCount": event.attempts,
            },
            "requestPayload": json.loads(event.payload),
            "responseContext": {
                "statusCode": 200,
                "executedVersion": function.version,
                "functionError": error,
            },
            "responsePayload": json.loads(outcome.payload) if outcome else None,
        }
        self._deliver(arn, json.dumps(record), {}, function)

    def _dead_letter(self, event, arn, outcome):
        message = ""
        if outcome:
            message = str(json.loads(outcome.payload).get("errorMessage", ""))[:1024]
        attributes = {"RequestID": event.id, "ErrorCode": "200", "ErrorMessage": message or "none"}
        self._deliver(arn, event.payload.decode(), attributes, event.function)

    def _deliver(self, arn, body, attributes, function):
        try:
            self._send(arn, body, attributes)
        except (Refusal, Vanish) as error:
            LOG.error("%s: a lost event did not reach %s: %s", function.name, arn, error)
