"""The stage of a cold start: Lambda's Runtime API for one process at a time, and an AWS that knows of nothing."""

import json
import os
import subprocess
import threading
import time
from dataclasses import dataclass

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
class Start:
    """One cold start: milliseconds from the spawn, and the most memory that was ever resident."""

    init_ms: float
    answer_ms: float
    peak_kib: int
    calls: int


class Failed(Exception):
    """A function that did not start or did not answer."""


class Stage:
    """Serves one process after the other."""

    def __init__(self, ca_file):
        self._ca_file = ca_file
        self._server = Server(("127.0.0.1", 0), self._answer, lambda region: time.time())
        self._url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._event = b""
        self._number = 0
        self._polled = self._answered = None
        self._calls = 0
        self._over = threading.Event()

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._server.shutdown()
        self._server.close_all()
        self._server.server_close()

    def start(self, subject):
        """Spawns the function, hands it its event, and ends it after its first answer."""
        # Each process has a path of its own: the last word of one that was ended is not the next one's.
        self._number += 1
        self._event, self._calls = subject.event, 0
        self._polled = self._answered = None
        self._over.clear()
        spawned = time.perf_counter()
        process = subprocess.Popen(
            [subject.binary],
            env=self._variables(subject),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            if not self._over.wait(LIMIT_S):
                raise Failed(f"{subject.name}: no answer in {LIMIT_S} s (exit code {process.poll()})")
            peak = peak_kib(process.pid)
        finally:
            process.kill()
            process.wait()
        return Start((self._polled - spawned) * 1e3, (self._answered - spawned) * 1e3, peak, self._calls)

    def _variables(self, subject):
        """What Lambda and the template set, with the endpoint that stands for AWS."""
        return {
            **{name: os.environ[name] for name in ("PATH", "LD_LIBRARY_PATH") if name in os.environ},
            "AWS_LAMBDA_RUNTIME_API": f"{self._url}/{self._number}",
            "AWS_LAMBDA_FUNCTION_NAME": f"leeward-{subject.name}",
            "AWS_LAMBDA_FUNCTION_VERSION": "1",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/leeward-{subject.name}",
            "AWS_LAMBDA_LOG_STREAM_NAME": "bench",
            "AWS_REGION": REGION,
            "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
            "AWS_SECRET_ACCESS_KEY": "bench",
            "AWS_SESSION_TOKEN": "bench",
            "AWS_ENDPOINT_URL": self._url,
            "AWS_EC2_METADATA_DISABLED": "true",
            "LEEWARD_TABLE": "leeward-state",
            "LEEWARD_TABLE_REGION": REGION,
            "LEEWARD_STATE_MACHINE_ARN": f"arn:aws:states:{REGION}:123456789012:stateMachine:leeward-recovery",
            "LEEWARD_TOPIC_ARN": f"arn:aws:sns:{REGION}:123456789012:leeward",
            "LEEWARD_DATABASE_CA": str(self._ca_file),
        }

    def _answer(self, request):
        now = time.perf_counter()
        if "/runtime/" not in request.path:
            self._calls += 1
            return self._aws(request)
        if not request.path.startswith(f"/{self._number}/"):
            raise Vanish()
        if request.path.endswith("/invocation/next"):
            return self._next(now)
        # Its answer, or the named error that it answers when nothing is open: either ends the start.
        self._answered = now
        self._over.set()
        return Answer(202, b"{}")

    def _next(self, now):
        if self._polled is not None:
            # The second poll of one process waits until it is ended.
            self._over.wait(LIMIT_S)
            raise Vanish()
        self._polled = now
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": "8476a536-e9f4-11e8-9739-2dfe598c3fcd",
            "Lambda-Runtime-Deadline-Ms": str(int((time.time() + LIMIT_S) * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": f"arn:aws:lambda:{REGION}:123456789012:function:bench:live",
            "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=1",
        }
        return Answer(200, self._event, headers)

    @staticmethod
    def _aws(request):
        operation = request.headers.get("x-amz-target", "").rpartition(".")[2]
        headers = {"Content-Type": "application/x-amz-json-1.0"}
        if operation in NOTHING:
            return Answer(200, json.dumps(NOTHING[operation]).encode(), headers)
        return Answer(400, json.dumps({"__type": "ResourceNotFoundException"}).encode(), headers)


def peak_kib(pid):
    """The process's high-water mark, while it still lives."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1])
    raise Failed(f"/proc/{pid}/status names no VmHWM: peak memory is measured on Linux only")
