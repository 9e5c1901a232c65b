"""A monitoring system that belongs to nobody's Region: it measures what users feel, and posts it to
Leeward as monitoring documents."""

from __future__ import annotations

import datetime
import json
import threading
import time
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from . import names
from .names import CONTROL, PRIMARY

# A scaled minute, as a monitoring system would post each minute.
_EVERY_S = 2.0
# What is measured each time: long enough for a percentage, short enough to be news.
WINDOW_S = 4.0
# About a hundred lines a window; a busy machine's client still makes more than these.
_TAIL_BYTES = 64_000
# Fewer attempts are no measurement.
_ENOUGH = 20


def measure(record: Path, now_s: float) -> float | None:
    """Failed orders of the last window in percent; None: too few were tried."""
    with record.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - _TAIL_BYTES))
        lines = file.read().decode(errors="replace").splitlines()[1:]
    tried = failed = 0
    for text in lines:
        try:
            line = json.loads(text)
        except json.JSONDecodeError:
            continue
        if line["answered_ms"] / 1000 >= now_s - WINDOW_S:
            tried += 1
            failed += line["status"] != 201
    return 100.0 * failed / tried if tried >= _ENOUGH else None


class Monitor:
    """Posts in the name of the voters given, until it is stopped."""

    def __init__(self, cloud, listener_arn: str, record: Path, voters: tuple[str, ...]):
        self._client = cloud.client("lambda", CONTROL)
        self._listener, self._record, self._voters = listener_arn, record, voters
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="monitor", daemon=True)
        self.posted: list[float] = []

    def start(self) -> None:
        """Begins to measure and to post."""
        self._thread.start()

    def stop(self) -> None:
        """Posts no more."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(_EVERY_S):
            rate = measure(self._record, time.time())
            if rate is not None:
                self._post(rate)

    def _post(self, rate: float) -> None:
        at = datetime.datetime.now(datetime.UTC).isoformat(timespec="milliseconds")
        for voter in self._voters:
            document = {
                "leeward": "document", "schema": 1, "workload": names.WORKLOAD, "voter": voter,
                "time": at.replace("+00:00", "Z"), "region": PRIMARY, "error_rate": round(rate, 1),
                "availability": round(100 - rate, 1), "affected_services": ["orders-api"]}
            try:
                self._client.invoke(FunctionName=self._listener, InvocationType="Event",
                                    Payload=json.dumps(document))
            except (BotoCoreError, ClientError):
                continue  # the next one is due soon
        self.posted.append(rate)
