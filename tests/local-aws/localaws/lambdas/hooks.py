"""Blows at a chosen moment of a chosen invocation: kill, freeze, deliver twice."""

import threading
import uuid
from dataclasses import asdict, dataclass, field

DEEDS = ("kill", "freeze", "twice")
MOMENTS = ("start", "sent", "before-call", "after-call", "end")
"""`sent`: the call is on its way and goes on without its sender, through any delay. `before-call`:
it has not had its effect, and will not. `after-call`: the effect is there, the answer is not.
`end`: the function answers just now."""

CALLS = ("sent", "before-call", "after-call")


@dataclass
class Hook:
    """Which invocation, which moment, what happens."""

    do: str
    at: str = "start"
    function: str = ""
    """Function name, or a part of it."""
    invocation: int | None = None
    """The n-th invocation of that function (1 is the first); None: any."""
    trace: str = ""
    service: str = ""
    action: str = ""
    nth: int = 1
    """At a call: the n-th such call made by that invocation."""
    payload_contains: str = ""
    seconds: float | None = None
    """With `freeze`: thaws after so long; None: when told to."""
    times: int | None = 1
    id: str = field(default_factory=lambda: uuid.uuid4().hex[:8])
    struck: int = 0

    def __post_init__(self):
        if self.do not in DEEDS:
            raise ValueError(f"a hook does one of {', '.join(DEEDS)}, not {self.do!r}")
        if self.at not in MOMENTS:
            raise ValueError(f"a hook strikes at one of {', '.join(MOMENTS)}, not {self.at!r}")
        if self.do == "twice" and self.at != "start":
            raise ValueError("an invocation is delivered twice at its start")


class Hooks:
    """The hooks in force."""

    def __init__(self):
        self._lock = threading.Lock()
        self._hooks = []

    def add(self, do, **rule):
        """Adds a hook and answers it."""
        hook = Hook(do=do, **rule)
        with self._lock:
            self._hooks.append(hook)
        return hook

    def clear(self):
        """Takes all hooks away."""
        with self._lock:
            self._hooks = []

    def list(self):
        """The hooks as plain data, with how often each has struck."""
        with self._lock:
            return [asdict(hook) for hook in self._hooks]

    def strike(self, at, invocation, service="", action="", deeds=DEEDS):
        """The hooks of these deeds that strike now; each is counted."""
        with self._lock:
            return [
                hook
                for hook in self._hooks
                if hook.at == at
                and hook.do in deeds
                and self._counts(hook, invocation, service, action)
            ]

    @staticmethod
    def _counts(hook, invocation, service, action):
        if hook.times is not None and hook.struck >= hook.times:
            return False
        if hook.function not in invocation.function.name:
            return False
        if hook.invocation is not None and hook.invocation != invocation.number:
            return False
        if hook.trace and hook.trace not in invocation.trace:
            return False
        if hook.payload_contains.encode() not in invocation.payload:
            return False
        if hook.at in CALLS:
            if (hook.service or service) != service or (hook.action or action) != action:
                return False
            key = (hook.at, hook.id)
            invocation.calls[key] = invocation.calls.get(key, 0) + 1
            if invocation.calls[key] != hook.nth:
                return False
        hook.struck += 1
        return True
