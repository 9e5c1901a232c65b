"""The stage of a cold start: Lambda's Runtime API for one process at a time, and an AWS that knows of nothing."""

import json
import os
import subprocess
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from localaws.errors import Answer, Vanish
from localaws.httpd import Server

from .subjects import REGION

# A cold start that takes longer is not slow but broken.
LIMIT_S = 30
# What DynamoDB answers when there is nothing; a function then says that no such generation is open.
NOTHING = {
    "Query": {"Items": [], "Count": 0, "ScannedCount": 0},
    "GetItem": {},
    "PutItem": {},
}


@dataclass(frozen=True)
class Moment:
    """Milliseconds since the spawn, and for how many of them the process was on a processor."""

    wall_ms: float
    cpu_ms: float


@dataclass(frozen=True)
class Start:
    """One cold start: its first poll, its first answer, and the most memory that was ever resident."""

    init: Moment
    answer: Moment
    peak_kib: int
    calls: int


class Failed(Exception):
    """A function that did not start or did not answer."""


class Environment:
    """One process, from its spawn to its end."""

    def __init__(self, subject, variables):
        self.event = subject.event
        self.calls = 0
        self.init = self.answer = None
        self.answered, self.ended = threading.Event(), threading.Event()
        self._known = threading.Event()
        self._spawned = time.perf_counter()
        self.process = subprocess.Popen(
            [subject.binary],
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self._known.set()

    def moment(self, at):
        """What the process has used by now, while it waits for our answer."""
        self._known.wait(LIMIT_S)
        return Moment((at - self._spawned) * 1e3, cpu_ms(self.process.pid))

    def end(self):
        """Ends the process, and whatever it still asks for."""
        self.process.kill()
        self.process.wait()
        self.ended.set()


class Stage:
    """Serves one process after the other."""

    def __init__(self, ca_file):
        self._ca_file = ca_file
        self._server = Server(("127.0.0.1", 0), self._answer, lambda region: time.time())
        self._url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        # Each process has a path of its own: the last word of one that was ended is not the next one's.
        self._environments = []

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.close_all()
        self._server.server_close()

    def start(self, subject):
        """Spawns the function, hands it its event, and ends it after its first answer."""
        variables = self._variables(subject, f"{self._url}/{len(self._environments)}")
        self._starting = threading.Event()
        environment = Environment(subject, variables)
        self._environments.append(environment)
        self._starting.set()
        try:
            if not environment.answered.wait(LIMIT_S):
                code = environment.process.poll()
                raise Failed(f"{subject.name}: no answer in {LIMIT_S} s (exit code {code})")
            return Start(environment.init, environment.answer, peak_kib(environment.process.pid), environment.calls)
        finally:
            environment.end()

    def _variables(self, subject, own_url):
        """What Lambda and the template set, with the endpoint that stands for AWS."""
        return {
            **{name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ},
            "AWS_LAMBDA_RUNTIME_API": own_url,
            "AWS_LAMBDA_FUNCTION_NAME": f"leeward-{subject.name}",
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/leeward-{subject.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "bench",
            "AWS_SESSION_TOKEN": "bench",
            "AWS_ENDPOINT_URL": own_url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "LEEWARD_TABLE": "leeward-state",
            "LEEWARD_TABLE_REGION": REGION,
            "LEEWARD_STATE_MACHINE_ARN": f"arn:aws:states:{REGION}:123456789012:stateMachine:leeward-recovery",
            "LEEWARD_TOPIC_ARN": f"arn:aws:sns:{REGION}:123456789012:leeward",
            "LEEWARD_DATABASE_CA": str(self._ca_file),
        }

    def _answer(self, request):
        now = time.perf_counter()
        number, _, path = request.path.removeprefix("/").partition("/")
        self._starting.wait(LIMIT_S)
        environment = self._environments[int(number)]
        if "runtime/" not in path:
            environment.calls += 1
            return self._aws(request)
        if path.endswith("/invocation/next"):
            return self._next(environment, now)
        # Its answer, or the named error that it answers when nothing is open: either ends the start.
        environment.answer = environment.moment(now)
        environment.answered.set()
        return Answer(202, b"{}")

    @staticmethod
    def _next(environment, now):
        if environment.init is not None:
            # The second poll of a process waits until it is ended: an error would end it too soon.
            environment.ended.wait(LIMIT_S)
            raise Vanish()
        environment.init = environment.moment(now)
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + LIMIT_S) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": f"arn:aws:lambda:{REGION}:123456789012:function:bench:live",
            "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=1",
        }
        return Answer(200, environment.event, headers)

    @staticmethod
    def _aws(request):
        operation = request.headers.get("x-amz-target", "").rpartition(".")[2]
        headers = {"Content-Type": "application/x-amz-json-1.0"}
        if operation in NOTHING:
            return Answer(200, json.dumps(NOTHING[operation]).encode(), headers)
        return Answer(400, json.dumps({"__type": "ResourceNotFoundException"}).encode(), headers)


def cpu_ms(pid):
    """Time on a processor, of all threads; the kernel counts it in nanoseconds."""
    tasks = Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text().split()[0]) for task in tasks) / 1e6


def peak_kib(pid):
    """The process's high-water mark, while it still lives."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1])
    raise Failed(f"/proc/{pid}/status names no VmHWM: the process has ended before it was measured")
