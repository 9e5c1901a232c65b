"""EventBridge: which rules an event matches, and what each target gets."""

import json
import logging
import threading
import time
import uuid

from moto.events.models import EventTemplateParser, Rule, events_backends

from localaws import ACCOUNT
from localaws import clock as clocks
from localaws.errors import Refusal
from localaws.events.delivery import buses
from localaws.locks import WORLD

LOG = logging.getLogger("localaws.events")


class EventBuses:
    """All buses of all Regions."""

    def __init__(self, delivery, front, clock):
        self._delivery = delivery
        self._front = front
        self._clock = clock
        self._lock = threading.Lock()
        self._seen = []
        delivery.route = self.route

    def install(self, patches):
        """What is put on a bus through moto comes to us."""

        def send_to_targets(rule, event, transform_input=True):
            self._one_rule(rule, _iso_time(event))

        patches.set(Rule, "send_to_targets", send_to_targets)

    def emit(self, region, source, detail_type, detail, resources=(), bus="default"):
        """An event that AWS itself emits; answers it, or None when the Region is not heard."""
        event = {
            "version": "0",
            "id": str(uuid.uuid4()),
            "detail-type": detail_type,
            "source": source,
            "account": ACCOUNT,
            "time": clocks.iso(self._clock.now(region)),
            "region": region,
            "resources": list(resources),
            "detail": detail,
        }
        try:
            self._front.inside("events", "PutEvents", region)
        except Refusal as refusal:
            LOG.info("%s of %s is not heard: %s", detail_type, region, refusal)
            return None
        self.route(region, bus, event)
        return event

    def route(self, region, bus, event):
        """Gives `event` to every enabled rule of the bus that it matches."""
        known = buses(region).get(bus)
        if known is None:
            raise Refusal("ResourceNotFoundException", f"Event bus {bus} does not exist in {region}")
        with WORLD:
            rules = list(known.rules.values())
        for rule in rules:
            self._one_rule(rule, event)

    def seen(self):
        """Every event that matched a rule: time, rule, event."""
        with self._lock:
            return [dict(entry) for entry in self._seen]

    def _one_rule(self, rule, event):
        pattern = rule.event_pattern
        if rule.state == "DISABLED" or not pattern.get_pattern() or not pattern.matches_event(event):
            return
        entry = {"time": time.time(), "region": rule.region_name, "rule": rule.name, "event": event}
        with self._lock:
            self._seen.append(entry)
        for target in list(rule.targets):
            self.to_target(target, event)

    def to_target(self, target, event, on_accepted=None):
        """Delivers to one target of a rule, its input shaped as the target asks."""
        dead_letter = (target.get("DeadLetterConfig") or {}).get("Arn", "")
        body = shape_input(target, event)
        self._delivery.later(target["Arn"], body, dead_letter, on_accepted)


def shape_input(target, event):
    """`Input`, `InputPath` or `InputTransformer` of a target, else the event itself."""
    if target.get("Input") is not None:
        return target["Input"]
    if target.get("InputPath"):
        return json.dumps(_at(event, target["InputPath"]))
    transformer = target.get("InputTransformer")
    if transformer:
        shaped = EventTemplateParser.parse(
            input_template=transformer.get("InputTemplate"),
            input_paths_map=transformer.get("InputPathsMap", {}),
            event={**event, "ingestion-time": event["time"]},
        )
        return shaped if isinstance(shaped, str) else json.dumps(shaped)
    return json.dumps(event)


def _at(event, path):
    value = event
    for name in path.removeprefix("$").strip(".").split("."):
        if name:
            value = value.get(name) if isinstance(value, dict) else None
    return value


def _iso_time(event):
    """moto's event, with the time as AWS writes it and without moto's own field."""
    event = {name: value for name, value in event.items() if name != "ingestion-time"}
    at = event.get("time")
    if isinstance(at, (int, float)):
        event["time"] = clocks.iso(at)
    return event


def regions_with_rules():
    """Every Region whose EventBridge has been used, with its backend."""
    return list(events_backends[ACCOUNT].items())
