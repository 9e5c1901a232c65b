"""Making AWS say what is not so, or say it ten thousand times."""

from __future__ import annotations

import json
import threading

from botocore.exceptions import BotoCoreError, ClientError

from . import checks, names, orders
from .names import PRIMARY

# Above the alarm's threshold within every period, however the machine is loaded.
_LIE_EVERY_S, _LIE = 0.5, 50.0


def zones(region: str) -> list[str]:
    """The zones of a Region in which its groups have instances."""
    return [f"{region}{letter}" for letter in "abc"]


def heard(aws, function: str, since: float) -> list[dict]:
    """The events that a function was invoked with after an instant."""
    events = [json.loads(call["payload"]) for call in aws.lambdas.history()
              if call["function"] == function and call["started"] >= since]
    return [event for event in events if isinstance(event, dict)]


class Liar:
    """Reports failures to the primary's CloudWatch that nobody had."""

    def __init__(self, cloud):
        self._client = cloud.client("cloudwatch", PRIMARY)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="liar", daemon=True)

    def start(self) -> None:
        """Begins to lie."""
        self._thread.start()

    def stop(self) -> None:
        """Lies no more."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(_LIE_EVERY_S):
            try:
                self._client.put_metric_data(Namespace=orders.METRIC_NAMESPACE, MetricData=[
                    {"MetricName": orders.METRIC_NAME, "Value": _LIE, "Unit": "Count"}])
            except (BotoCoreError, ClientError):
                continue


def classified(assessment: dict) -> dict:
    """What `leeward assess --json` calls the failure; nothing when it calls it nothing."""
    return assessment["plans"][0]["assessment"].get("classification") or {}


def impairments(r) -> list[dict]:
    """The workload's impairments on record, the oldest first."""
    listed = r.command.run("impairments", names.WORKLOAD, "--json").json()["impairments"]
    return [one["impairment"] for one in listed]


def lived(r, while_open: list[dict], kind: str) -> None:
    """One impairment was opened, seen again, and resolved; and the means know of it."""
    over = impairments(r)
    checks.expect(len(while_open) == len(over) == 1, f"on record are {over}")
    before, after = while_open[0], over[0]
    checks.expect(before["kind"] == after["kind"] == kind, f"it was called {after['kind']}")
    checks.expect(before["resolved"] is None, f"it was over while it lasted: {before}")
    checks.expect(before["actions"], f"nobody is told what to do: {before}")
    checks.expect(after["first-signal"] <= after["opened"] <= after["resolved"],
                  f"its times are no life: {after}")
    means = r.command.must("impairments", "--stats").out
    checks.expect("1 impairments, mean time to detect" in means and "1 over" in means,
                  f"the means are {means!r}")
    r.events.add("impairment", f"{kind}: first signal {after['first-signal']}, opened"
                               f" {after['opened']}, resolved {after['resolved']}")
