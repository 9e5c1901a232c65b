"""The way of a call: named, logged, struck by faults, its signature judged, carried out."""

import logging

from localaws import call as calls
from localaws import signature
from localaws.errors import Answer, Refusal, Vanish, render

LOG = logging.getLogger("localaws.front")


class Front:
    """Stands before moto. Our own parts register what they answer themselves."""

    def __init__(self, moto, faults, log, clock, request_life_s):
        self.moto = moto
        self.faults = faults
        self.log = log
        self.clock = clock
        self.request_life_s = request_life_s
        self._own = {}
        self._attribute = lambda call: None
        self._arrived = []
        self._before = []
        self._after = []

    def own(self, service, action, handler):
        """`handler(call) -> Answer` takes the place of moto for this action."""
        self._own[service, action] = handler

    def attribute_by(self, attribute):
        """`attribute(call)` fills in the function and invocation that a call came from."""
        self._attribute = attribute

    def watch(self, arrived=None, before=None, after=None):
        """Functions that see every call: as it arrives, right before and right after its effect."""
        if arrived:
            self._arrived.append(arrived)
        if before:
            self._before.append(before)
        if after:
            self._after.append(after)

    def http(self, request):
        """An AWS call that came by HTTP."""
        call = calls.parse(
            request.method, request.target, request.headers, request.body, request.peer
        )
        return self.perform(call)

    def perform(self, call):
        """Carries out a call; answers what the caller sees, or raises Vanish."""
        self._attribute(call)
        entry = self.log.open(call)
        rules = self.faults.strike(call)
        marks = [f"{rule.kind}:{rule.id}" for rule in rules]
        effect = False
        for see in self._arrived:
            see(call)
        try:
            self.faults.before(rules, call)
            for see in self._before:
                see(call)
            answer, effect = self._effect(call)
            for see in self._after:
                see(call)
            answer = self.faults.after(rules, answer)
        except Refusal as refusal:
            answer = render(call, refusal.code, refusal.message, refusal.status, refusal.extra)
            error = refusal.code
        except Vanish:
            self.log.close(entry, faults=marks, effect=effect, error="no answer")
            raise
        else:
            error = None if answer.status < 400 else _code(answer)
        answer.headers.setdefault("x-amzn-RequestId", call.id)
        answer.region = call.region
        self.log.close(entry, faults=marks, effect=effect, status=answer.status, error=error)
        return answer

    def _effect(self, call):
        signature.check(call, self.clock, self.request_life_s)
        handler = self._own.get((call.service, call.action))
        answer = handler(call) if handler else self.moto.perform(call)
        return answer, True

    def inside(self, service, action, region):
        """A step that AWS takes by itself (an event, an alarm action), under the same faults.

        Raises Refusal when a fault strikes it. What would hang fails at once: AWS's own
        deliveries are tried again by whoever sends them, and must not wait in his place.
        """
        call = calls.Call(
            service, action, region, calls.home_region(service, region), "json", internal=True
        )
        rules = self.faults.strike(call)
        if not rules:
            return
        entry = self.log.open(call)
        marks = [f"{rule.kind}:{rule.id}" for rule in rules]
        try:
            if any(rule.kind in ("hang", "silent", "reset") for rule in rules):
                raise Refusal("Unreachable", f"{service}:{action} in {region} does not answer", 503)
            self.faults.before(rules, call)
        except Vanish as end:
            raise Refusal("Unreachable", "the local AWS is stopping", 503) from end
        except Refusal as refusal:
            self.log.close(entry, faults=marks, effect=False, error=refusal.code)
            raise
        self.log.close(entry, faults=marks, effect=True)


def _code(answer: Answer):
    """The error's name out of an answer of moto, for the log."""
    kind = answer.headers.get("x-amzn-ErrorType") or answer.headers.get("x-amzn-errortype")
    if kind:
        return kind.split(":")[0]
    text = answer.body[:2000].decode("utf-8", "replace")
    for start, end in (('"__type":', ","), ("<Code>", "<")):
        if start in text:
            return text.split(start, 1)[1].split(end, 1)[0].strip(' "}').split("#")[-1]
    return f"HTTP {answer.status}"
