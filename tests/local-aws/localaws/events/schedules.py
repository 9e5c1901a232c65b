"""Schedules: what AWS does every minute happens here every few seconds."""

import json
import logging
import re
import threading
import uuid

from moto.scheduler.models import scheduler_backends

from localaws import ACCOUNT
from localaws import clock as clocks
from localaws.errors import Refusal
from localaws.events.buses import regions_with_rules
from localaws.locks import WORLD

LOG = logging.getLogger("localaws.schedules")

_RATE = re.compile(r"^rate\((\d+)\s+(minute|hour|day)s?\)$")
_MINUTES = {"minute": 1, "hour": 60, "day": 1440}


class Schedules:
    """Fires EventBridge rules with a rate, and EventBridge Scheduler's schedules.

    A schedule whose last event still runs is left out for that turn: minutes are seconds here,
    so what never overlaps on AWS would pile up. `cron(…)` is not fired; that is logged once.
    """

    def __init__(self, buses, delivery, front, clock, minute_s, each_minute):
        self._buses = buses
        self._delivery = delivery
        self._front = front
        self._clock = clock
        self._minute_s = minute_s
        self._each_minute = each_minute
        self._stop = threading.Event()
        self._paused = threading.Event()
        self._minute = 0
        self._running = {}
        self._told = set()
        self._fired = {}
        threading.Thread(target=self._turns, name="schedules", daemon=True).start()

    def pause(self, paused):
        """Fires nothing while paused."""
        self._paused.set() if paused else self._paused.clear()

    def fired(self):
        """How often each schedule has fired, by ARN."""
        return dict(self._fired)

    def close(self):
        """Fires nothing more."""
        self._stop.set()

    def _turns(self):
        while not self._stop.wait(self._minute_s):
            try:
                self._each_minute()
                if self._paused.is_set():
                    continue
                self._minute += 1
                self.turn(self._minute)
            except Exception:
                LOG.exception("a turn of the schedules failed; the next one comes")

    def turn(self, minute):
        """Fires everything that is due in this minute of the local AWS."""
        with WORLD:
            rules = [
                (region, rule)
                for region, backend in regions_with_rules()
                for bus in backend.event_buses.values()
                for rule in bus.rules.values()
                if rule.scheduled_expression and rule.state != "DISABLED"
            ]
            schedules = [
                (region, schedule)
                for region, backend in list(scheduler_backends[ACCOUNT].items())
                for group in backend.schedule_groups.values()
                for schedule in group.schedules.values()
                if schedule.state != "DISABLED"
            ]
        for region, rule in rules:
            if self._due(rule.arn, rule.scheduled_expression, minute, region, "events"):
                self._fire_rule(region, rule)
        for region, schedule in schedules:
            if self._due(schedule.arn, schedule.schedule_expression, minute, region, "scheduler"):
                self._fire_schedule(region, schedule)

    def _due(self, arn, expression, minute, region, service):
        rate = _RATE.match(expression or "")
        if not rate:
            if arn not in self._told:
                self._told.add(arn)
                LOG.warning("%s: %s is not fired here, only rate(…) is", arn, expression)
            return False
        every = int(rate.group(1)) * _MINUTES[rate.group(2)]
        if minute % every or any(not event.done.is_set() for event in self._running.get(arn, [])):
            return False
        try:
            self._front.inside(service, "Fire", region)
        except Refusal:
            return False
        return True

    def _event(self, region, arn, source):
        return {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": "Scheduled Event",
            "source": source,
            "account": ACCOUNT,
            "time": clocks.iso(self._clock.now(region)),
            "region": region,
            "resources": [arn],
            "detail": {} if source == "aws.events" else "{}",
        }

    def _fire_rule(self, region, rule):
        self._count(rule.arn)
        event = self._event(region, rule.arn, "aws.events")
        for target in list(rule.targets):
            self._buses.to_target(target, event, self._remember(rule.arn))

    def _fire_schedule(self, region, schedule):
        self._count(schedule.arn)
        target = schedule.target
        body = target.get("Input") or json.dumps(self._event(region, schedule.arn, "aws.scheduler"))
        dead_letter = (target.get("DeadLetterConfig") or {}).get("Arn", "")
        self._delivery.later(target["Arn"], body, dead_letter, self._remember(schedule.arn))

    def _count(self, arn):
        self._running[arn] = []
        self._fired[arn] = self._fired.get(arn, 0) + 1

    def _remember(self, arn):
        waiting = _Pending()
        self._running[arn].append(waiting)
        return waiting.accepted


class _Pending:
    """One delivery of a schedule: done when it failed, or when its function has run."""

    def __init__(self):
        self._event = None
        self._known = threading.Event()

    def accepted(self, event):
        """The delivery has ended: with the function's event, or with nothing to wait for."""
        self._event = event
        self._known.set()

    @property
    def done(self):
        """Something with `is_set`, as the asynchronous event has."""
        if self._known.is_set() and self._event is not None:
            return self._event.done
        return self._known
