"""Invoking functions: environments, concurrency, time-outs, and the blows of the hooks."""

import json
import logging
import secrets
import threading
import time
from collections import defaultdict

from localaws.call import trace_root
from localaws.errors import Refusal, Vanish
from localaws.lambdas.environment import Environment, Invocation, Outcome

LOG = logging.getLogger("localaws.lambda")

TAIL = 4096
"""So much of its log an invocation with `LogType: Tail` gets back."""

ACCOUNT_CONCURRENCY = 1000
"""The account's own limit, AWS's default."""


class LambdaService:
    """All environments of all functions."""

    def __init__(self, functions, hooks, base_url, log_dir, init_s, environment):
        self.functions = functions
        self.hooks = hooks
        self._base_url = base_url
        self._log_dir = log_dir
        self._init_s = init_s
        self._extra = environment
        self._lock = threading.Lock()
        self._environments = {}
        self._by_key = {}
        self._idle = defaultdict(list)
        self._running = defaultdict(int)
        self._numbers = defaultdict(int)
        self._history = []
        self._observers = []
        self._closed = False

    def environment(self, environment_id):
        """The environment of that id, alive or not; None when there never was one."""
        with self._lock:
            return self._environments.get(environment_id)

    def history(self):
        """Every invocation so far: function, number, id, trace, times, error."""
        with self._lock:
            return [dict(entry) for entry in self._history]

    def invoke(self, function, payload, client_context="", trace="", again=False):
        """Runs one event to its end and answers the Outcome and the log's tail.

        `again` marks a second delivery, which no hook delivers a third time. Raises Refusal
        `TooManyRequestsException` when the reserved concurrency is used up.
        """
        try:
            self._enter(function)
        except Refusal:
            self._tell(function, 0.0, None, True, b"")
            raise
        try:
            invocation = self._invocation(function, payload, client_context, trace)
            entry = self._record(invocation)
            if not again and self.hooks.strike("start", invocation, deeds=("twice",)):
                self._deliver_again(function, payload)
            environment = self._take(function)
            entry["environment"] = environment.id
            offset = environment.log_path.stat().st_size
            outcome = self._work(environment, invocation)
            entry["ended"] = time.time()
            entry["error"] = _error_type(outcome)
            written = _written(environment.log_path, offset)
            self._tell(function, entry["ended"] - entry["started"], outcome.error, False, written)
            return outcome, written[-TAIL:]
        finally:
            with self._lock:
                self._running[function.region, function.name] -= 1

    def observe(self, observer):
        """`observer(function, seconds, error, throttled, written)` is told of every invocation."""
        self._observers.append(observer)

    def _tell(self, *facts):
        for observer in self._observers:
            observer(*facts)

    def _enter(self, function):
        key = function.region, function.name
        limit = ACCOUNT_CONCURRENCY if function.reserved is None else function.reserved
        with self._lock:
            if self._closed:
                raise Refusal("ServiceException", "the local AWS is stopping", 500)
            if self._running[key] >= limit:
                reason = "ReservedFunctionConcurrentInvocationLimitExceeded"
                raise Refusal(
                    "TooManyRequestsException", "Rate Exceeded.", 429, {"Reason": reason}
                )
            self._running[key] += 1

    def running(self, function):
        """How many invocations of the function run now."""
        with self._lock:
            return self._running[function.region, function.name]

    def _invocation(self, function, payload, client_context, trace):
        with self._lock:
            self._numbers[function.name] += 1
            number = self._numbers[function.name]
        root = trace_root(trace) if trace else f"1-{int(time.time()):08x}-{secrets.token_hex(12)}"
        header = f"Root={root};Parent={secrets.token_hex(8)}"
        return Invocation(function, payload, number, header, client_context=client_context)

    def _record(self, invocation):
        entry = {
            "function": invocation.function.name, "region": invocation.function.region,
            "number": invocation.number, "id": invocation.id,
            "trace": trace_root(invocation.trace), "started": time.time(), "ended": None,
            "error": None, "environment": None,
            "payload": invocation.payload[:4096].decode("utf-8", "replace"),
        }  # fmt: skip
        with self._lock:
            self._history.append(entry)
        return entry

    def _take(self, function):
        """A warm environment, or a new one."""
        with self._lock:
            idle = self._idle[function.key]
            while idle:
                environment = idle.pop()
                if not environment.dead.is_set():
                    return environment
        try:
            environment = Environment(
                function, self._base_url, self._log_dir, self._forget, self._extra
            )
        except OSError as error:
            raise Refusal(
                "InvalidRuntimeException", f"{function.name}: cannot start it: {error}", 502
            ) from error
        with self._lock:
            self._environments[environment.id] = environment
            self._by_key[environment.access_key] = environment
        return environment

    def _forget(self, environment):
        with self._lock:
            if environment in self._idle[environment.function.key]:
                self._idle[environment.function.key].remove(environment)

    def _work(self, environment, invocation):
        self._blow("start", environment, invocation)
        environment.give(invocation)
        function = invocation.function
        if not environment.initialised.wait(self._init_s) or not invocation.handed.wait(self._init_s):
            return self._overdue(environment, invocation, self._init_s)
        left = invocation.handed_at + function.timeout_s - time.time()
        if not invocation.done.wait(max(left, 0.0)):
            return self._overdue(environment, invocation, function.timeout_s)
        if environment.dead.is_set():
            return invocation.outcome
        with self._lock:
            environment.current = None
            self._idle[function.key].append(environment)
        return invocation.outcome

    def _overdue(self, environment, invocation, seconds):
        words = f"RequestId: {invocation.id} Error: Task timed out after {seconds:.2f} seconds"
        invocation.end(Outcome.failed("Sandbox.Timedout", words))
        environment.kill()
        return invocation.outcome

    def _deliver_again(self, function, payload):
        """At-least-once delivery: the same event, at the same time, in another environment."""

        def again():
            try:
                self.invoke(function, payload, again=True)
            except Refusal as refusal:
                LOG.warning("%s: the second delivery was refused: %s", function.name, refusal)

        threading.Thread(target=again, name=f"twice-{function.name}", daemon=True).start()

    def _blow(self, at, environment, invocation, service="", action=""):
        """Strikes; True when the process was killed."""
        killed = False
        for hook in self.hooks.strike(at, invocation, service, action, ("kill", "freeze")):
            if hook.do == "kill":
                environment.kill()
                environment.dead.wait(5)
                killed = True
            elif hook.do == "freeze":
                environment.freeze()
                if hook.seconds is not None:
                    timer = threading.Timer(hook.seconds, environment.thaw)
                    timer.daemon = True
                    timer.start()
        return killed

    def thaw(self, function=""):
        """Lets all frozen processes of the functions named run on; answers how many."""
        with self._lock:
            frozen = [
                environment
                for environment in self._environments.values()
                if environment.frozen and function in environment.function.name
            ]
        for environment in frozen:
            environment.thaw()
        return len(frozen)

    def kill(self, function=""):
        """Kills all living processes of the functions named; answers how many."""
        with self._lock:
            living = [
                environment
                for environment in self._environments.values()
                if not environment.dead.is_set() and function in environment.function.name
            ]
        for environment in living:
            environment.kill()
        return len(living)

    def attribute(self, call):
        """Says from which function and invocation a call came: by its credentials."""
        with self._lock:
            environment = self._by_key.get(call.access_key)
        if environment is None:
            return
        call.function = environment.function.name
        invocation = environment.current
        if invocation is not None:
            call.invocation = invocation.id
            call.trace = call.trace or trace_root(invocation.trace)

    def sent_call(self, call):
        """A call of a function has arrived. Whatever befalls the function, the call goes on."""
        try:
            self._call_hook("sent", call)
        except Vanish:
            LOG.info("%s was killed while its %s was on its way", call.function, call.action)

    def before_call(self, call):
        """A call of a function is about to have its effect."""
        self._call_hook("before-call", call)

    def after_call(self, call):
        """It has had its effect; the caller does not know yet."""
        self._call_hook("after-call", call)

    def _call_hook(self, at, call):
        if not call.invocation:
            return
        with self._lock:
            environment = self._by_key.get(call.access_key)
        invocation = environment.current if environment else None
        if invocation is None or invocation.id != call.invocation:
            return  # a call that arrives after its invocation has ended strikes nothing
        if self._blow(at, environment, invocation, call.service, call.action):
            raise Vanish()

    def ending(self, environment, invocation):
        """The function has answered the Runtime API; Lambda has not passed it on yet."""
        if self._blow("end", environment, invocation):
            raise Vanish()

    def close(self):
        """Ends all processes."""
        with self._lock:
            self._closed = True
            environments = list(self._environments.values())
        for environment in environments:
            environment.kill()
        for environment in environments:
            environment.dead.wait(5)


def _error_type(outcome):
    if outcome is None or not outcome.error:
        return None
    try:
        return json.loads(outcome.payload).get("errorType", "Unhandled")
    except (ValueError, AttributeError):
        return "Unhandled"


def _written(path, offset):
    """What the invocation wrote to its log."""
    with open(path, "rb") as log:
        log.seek(offset)
        return log.read()
