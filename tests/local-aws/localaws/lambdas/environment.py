"""One execution environment: one process, one invocation at a time."""

import json
import os
import queue
import secrets
import signal
import string
import subprocess
import threading
import time
import uuid
from dataclasses import dataclass, field

_KEY_LETTERS = string.ascii_uppercase + string.digits


@dataclass
class Outcome:
    """How an invocation ended: its payload, and `Unhandled` when that is an error."""

    payload: bytes
    error: str | None = None

    @staticmethod
    def failed(kind, message):
        """A failure that Lambda itself reports."""
        body = {"errorType": kind, "errorMessage": message}
        return Outcome(json.dumps(body, separators=(",", ":")).encode(), "Unhandled")


@dataclass
class Invocation:
    """One event on its way through a function."""

    function: object
    payload: bytes
    number: int
    trace: str
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    client_context: str = ""
    handed_at: float = 0.0
    calls: dict = field(default_factory=dict)
    handed: threading.Event = field(default_factory=threading.Event)
    done: threading.Event = field(default_factory=threading.Event)
    outcome: Outcome | None = None

    def end(self, outcome):
        """The first end counts; a later one (a late answer, a death) changes nothing."""
        if not self.done.is_set():
            self.outcome = outcome
            self.done.set()
        self.handed.set()


class Environment:
    """A process and what it works on."""

    def __init__(self, function, base_url, log_dir, on_death, extra):
        self.id = uuid.uuid4().hex[:12]
        self.access_key = "ASIA" + "".join(secrets.choice(_KEY_LETTERS) for _ in range(16))
        self.function = function
        self.current = None
        self.frozen = False
        self.initialised = threading.Event()
        self.dead = threading.Event()
        self._inbox = queue.Queue()
        self._on_death = on_death
        self.log_path = log_dir / function.name / f"{self.id}.log"
        self.log_path.parent.mkdir(parents=True, exist_ok=True)
        self._extra = extra
        self._spawn(base_url)

    def _spawn(self, base_url):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [self.function.binary],
                env=self._variables(base_url),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                cwd=self.log_path.parent,
            )
        threading.Thread(target=self._reap, name=f"reap-{self.id}", daemon=True).start()

    def _variables(self, base_url):
        function = self.function
        inherited = {name: os.environ[name] for name in ("PATH", "TZ", "LANG") if name in os.environ}
        return {
            **inherited,
            "LD_LIBRARY_PATH": os.environ.get("LD_LIBRARY_PATH", ""),
            "AWS_LAMBDA_RUNTIME_API": f"{base_url}/_runtime/{self.id}",
            "AWS_LAMBDA_FUNCTION_NAME": function.name,
            "AWS_LAMBDA_FUNCTION_VERSION": function.version,
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(function.memory_mb),
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/{function.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": f"{time.strftime('%Y/%m/%d')}/[{function.version}]{self.id}",
            "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_EXECUTION_ENV": "AWS_Lambda_provided.al2023",
            "_HANDLER": "bootstrap",
            "AWS_REGION": function.region,
            "AWS_DEFAULT_REGION": function.region,
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_SESSION_TOKEN": self.id,
            "AWS_ENDPOINT_URL": base_url,
            "AWS_EC2_METADATA_DISABLED": "true",
            **function.environment,
            **self._extra,
        }

    def give(self, invocation):
        """Queues the invocation that the process's next poll gets."""
        self.current = invocation
        if self.dead.is_set():
            self._died(invocation)  # it died before it was given anything
        self._inbox.put(invocation)

    def next(self):
        """The process polls: waits for an invocation; None once the environment is over."""
        self.initialised.set()
        invocation = self._inbox.get()
        if invocation is None:
            return None
        invocation.handed_at = time.time()
        invocation.handed.set()
        return invocation

    def freeze(self):
        """Stops the process where it is, as a paused machine would."""
        self.frozen = True
        self._signal(signal.SIGSTOP)

    def thaw(self):
        """Lets it run on."""
        self._signal(signal.SIGCONT)
        self.frozen = False

    def kill(self):
        """Ends the process at once, without a chance to say anything."""
        self._signal(signal.SIGKILL)

    def _signal(self, number):
        if self.process.poll() is None:
            self.process.send_signal(number)

    def _reap(self):
        self.process.wait()
        self.dead.set()
        self.initialised.set()
        self._inbox.put(None)
        invocation = self.current
        if invocation is not None:
            self._died(invocation)
        self._on_death(self)

    def _died(self, invocation):
        code = self.process.returncode
        how = f"signal: {_signal_name(-code)}" if code < 0 else f"exit status {code}"
        message = f"RequestId: {invocation.id} Error: Runtime exited with error: {how}"
        invocation.end(Outcome.failed("Runtime.ExitError", message))


def _signal_name(number):
    names = {9: "killed", 11: "segmentation fault", 6: "aborted", 15: "terminated"}
    return names.get(number, str(number))
