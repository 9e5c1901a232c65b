"""What can go wrong between a caller and AWS, on demand."""

import fnmatch
import threading
import time
import uuid
from dataclasses import asdict, dataclass, field

from localaws.errors import Refusal, Vanish, server_error, throttle

KINDS = ("refuse", "throttle", "5xx", "delay", "hang", "silent", "reset", "answer_lost", "truncated")
"""Everything a fault may do; `silent` accepts and never answers, `reset` cuts the connection."""

FIELDS = ("service", "action", "region", "function", "trace", "access_key", "peer", "plane")
"""What a fault may be matched by. Each takes a pattern or a list; `!` in front means not."""


@dataclass
class Fault:
    """One rule: which calls it strikes, and how."""

    kind: str
    match: dict = field(default_factory=dict)
    after: int = 0
    """So many matching calls are let through first."""
    times: int | None = None
    """How many calls it strikes; None: all."""
    code: str = ""
    message: str = ""
    status: int = 0
    seconds: float = 0.0
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    seen: int = 0
    struck: int = 0

    def __post_init__(self):
        if self.kind not in KINDS:
            raise ValueError(f"fault kind {self.kind!r} is none of {', '.join(KINDS)}")
        unknown = set(self.match) - set(FIELDS)
        if unknown:
            raise ValueError(f"a fault is matched by {', '.join(FIELDS)}; not by {sorted(unknown)}")
        if self.kind == "delay" and self.seconds <= 0:
            raise ValueError("a delay needs `seconds` above 0")


def _fits(wanted, value):
    if isinstance(wanted, (list, tuple)):
        denied = [str(item)[1:] for item in wanted if str(item).startswith("!")]
        allowed = [item for item in wanted if not str(item).startswith("!")]
        if any(fnmatch.fnmatchcase(value, pattern) for pattern in denied):
            return False
        return not allowed or any(_fits(item, value) for item in allowed)
    wanted = str(wanted)
    if wanted.startswith("!"):
        return not fnmatch.fnmatchcase(value, wanted[1:])
    return fnmatch.fnmatchcase(value, wanted)


class Faults:
    """The rules in force. All methods may be called from any thread."""

    def __init__(self):
        self._changed = threading.Condition()
        self._rules = []
        self._closed = False

    def add(self, kind, **rule):
        """Adds a rule and answers it; its `id` clears it. Match fields may stand beside the rest."""
        match = dict(rule.pop("match", {}))
        for name in FIELDS:
            if name in rule:
                match[name] = rule.pop(name)
        fault = Fault(kind=kind, match=match, **rule)
        with self._changed:
            self._rules.append(fault)
        return fault

    def clear(self, ids=None):
        """Takes away the rules named, or all; calls that hang by them go on."""
        ids = {ids} if isinstance(ids, str) else ids
        with self._changed:
            self._rules = [rule for rule in self._rules if ids and rule.id not in ids]
            self._changed.notify_all()

    def close(self):
        """The server stops: whatever hangs ends now, without effect."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def list(self):
        """The rules as plain data, with how many calls each has seen and struck."""
        with self._changed:
            return [asdict(rule) for rule in self._rules]

    def region_down(self, region, mode="silent", **match):
        """All calls whose home is `region`, signed for whatever Region, and all events in it."""
        kind = {"silent": "silent", "hang": "hang", "refuse": "5xx", "reset": "reset"}[mode]
        return self.add(kind, region=region, status=503, **match)

    def is_down(self, region):
        """Whether a rule takes the whole of `region` away: what is in it is not heard either."""
        ending = ("silent", "hang", "5xx", "reset", "refuse")
        with self._changed:
            return any(
                rule.kind in ending and set(rule.match) == {"region"} and rule.times is None
                and _fits(rule.match["region"], region)
                for rule in self._rules
            )  # fmt: skip

    def control_planes(self, actions, kind="5xx", **rule):
        """Every action of the list, each `service:Action`, as the table of operations has it."""
        return [
            self.add(kind, service=name.split(":")[0], action=name.split(":")[1], **rule)
            for name in actions
        ]

    def away(self, service, kind="5xx", **rule):
        """One service away: `dynamodb`, `sns`, `stepfunctions`, …"""
        return self.add(kind, service=service, status=rule.pop("status", 503), **rule)

    def strike(self, call):
        """The rules that strike `call`; each is counted. Delays come first."""
        with self._changed:
            hit = [rule for rule in self._rules if self._counts(rule, call)]
            ending = next((rule for rule in hit if rule.kind != "delay"), None)
        return [rule for rule in hit if rule.kind == "delay"] + ([ending] if ending else [])

    @staticmethod
    def _counts(rule, call):
        values = {
            "service": call.service, "action": call.action, "region": call.home,
            "function": call.function, "trace": call.trace, "access_key": call.access_key,
            "peer": call.peer, "plane": "internal" if call.internal else "api",
        }  # fmt: skip
        if not all(_fits(wanted, values[name]) for name, wanted in rule.match.items()):
            return False
        rule.seen += 1
        if rule.seen <= rule.after or (rule.times is not None and rule.struck >= rule.times):
            return False
        rule.struck += 1
        return True

    def before(self, rules, call):
        """Does what the rules do before the effect: waits, refuses, or lets the call vanish."""
        for rule in rules:
            if rule.kind == "delay":
                self._sleep(rule.seconds)
            elif rule.kind == "refuse":
                code = rule.code or "AccessDeniedException"
                raise Refusal(code, rule.message or f"refused by fault {rule.id}", rule.status or 400)
            elif rule.kind == "throttle":
                code, status = throttle(call)
                raise Refusal(rule.code or code, rule.message or "Rate exceeded", rule.status or status)
            elif rule.kind == "5xx":
                status = rule.status or 500
                code = rule.code or server_error(call, status)
                raise Refusal(code, rule.message or "The service is unavailable.", status)
            elif rule.kind == "hang":
                self._wait_cleared(rule)
            elif rule.kind == "silent":
                self._wait_cleared(rule)
                raise Vanish()
            elif rule.kind == "reset":
                raise Vanish(reset=True)

    @staticmethod
    def after(rules, answer):
        """Does what the rules do once the effect is there: the answer is lost, or cut."""
        for rule in rules:
            if rule.kind == "answer_lost":
                raise Vanish()
            if rule.kind == "truncated":
                answer.cut = len(answer.body) // 2
        return answer

    def _sleep(self, seconds):
        deadline = time.monotonic() + seconds
        with self._changed:
            while not self._closed and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
            if self._closed:
                raise Vanish()

    def _wait_cleared(self, rule):
        with self._changed:
            while not self._closed and any(other.id == rule.id for other in self._rules):
                self._changed.wait()
            if self._closed:
                raise Vanish()
