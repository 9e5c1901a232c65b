"""Processor, memory, disk and an application's own number: what metrics say, by bounds and by their past."""

from __future__ import annotations

import datetime
import threading

from botocore.exceptions import BotoCoreError, ClientError

from .. import checks, names, storms
from ..names import PRIMARY
from .scenario import Scenario

# Name of the voter, namespace, metric, its level on a good day and when the group is exhausted.
_METRICS = [
    ("cpu", "AWS/EC2", "CPUUtilization", 35.0, 99.0),
    ("memory", "CWAgent", "mem_used_percent", 40.0, 97.0),
    ("disk", "CWAgent", "disk_used_percent", 50.0, 96.0),
    ("checkout", "Orders", "CheckoutMilliseconds", 180.0, 2400.0),
]
_DIMENSIONS = {"AutoScalingGroupName": names.GROUP[PRIMARY]}
_THRESHOLD = {"above": 90}
# Far from its own past, and by more than a trifle of milliseconds.
_DEVIATION = {"times": 6, "at-least": 100, "days": 10, "min-samples": 7}
_PAST_DAYS = 10
_EVERY_S = 1.0
# A metric is read by whole minutes, so that a change is seen one or two of them later.
_MINUTES_S = 170


class Gauge:
    """Puts the metrics each second, as the agents of the primary do."""

    def __init__(self, cloud):
        self._client = cloud.client("cloudwatch", PRIMARY)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="gauge", daemon=True)
        self.exhausted = False

    def start(self) -> None:
        """Lays the past, then goes on with the present."""
        now = datetime.datetime.now(datetime.UTC)
        hour = now.replace(minute=0, second=0, microsecond=0)
        past = [hour - datetime.timedelta(days=day, minutes=-minute)
                for day in range(1, _PAST_DAYS + 1) for minute in range(0, 60, 5)]
        # The past is of the hour that is now, and of the one that may begin meanwhile.
        past += [at + datetime.timedelta(hours=1) for at in past]
        recent = [now - datetime.timedelta(minutes=minute) for minute in range(1, 6)]
        for at in past + recent:
            self._put(at)
        self._thread.start()

    def stop(self) -> None:
        """Puts no more."""
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(_EVERY_S):
            try:
                self._put(datetime.datetime.now(datetime.UTC))
            except (BotoCoreError, ClientError):
                continue

    def _put(self, at: datetime.datetime) -> None:
        dimensions = [{"Name": name, "Value": value} for name, value in _DIMENSIONS.items()]
        for _, namespace, metric, well, ill in _METRICS:
            self._client.put_metric_data(Namespace=namespace, MetricData=[{
                "MetricName": metric, "Dimensions": dimensions, "Timestamp": at,
                "Value": ill if self.exhausted else well}])


class Exhaustion(Scenario):
    """The web group runs out of everything, and users are served all the same."""

    name = "exhaustion"
    line = "processor, memory, disk and the checkout's own past say that the primary is exhausted"
    breaking = f"the group {names.GROUP[PRIMARY]} is exhausted: four metrics, users are still served"
    moral = "GOOD: it is called what it is, a person knows, and nobody was moved; then it was over."
    # Two turns of whole minutes besides the start.
    limit_s = 480

    def plan(self, plan: dict, r) -> None:
        # The past is there before anybody asks for it: what is known of it is kept for half an hour.
        self.gauge = Gauge(r.world.cloud)
        self.gauge.start()
        for voter, namespace, metric, _, _ in _METRICS:
            rule = {"deviation": _DEVIATION} if voter == "checkout" else {"threshold": _THRESHOLD}
            plan["detection"]["voters"].append({
                "id": voter, "kind": "metric", "region": PRIMARY, "namespace": namespace,
                "metric": metric, "dimensions": _DIMENSIONS, "statistic": "Maximum",
                "about": {"means": "resource-exhaustion"}, **rule})

    def strike(self, r) -> None:
        self.gauge.exhausted = True

    def follow(self, r) -> None:
        own = {voter for voter, *_ in _METRICS}
        votes = lambda: {s["voter"]: s["vote"] for s in r.signals()}  # noqa: E731
        try:
            r.wait("every metric to say so",
                   lambda: {v for v, vote in votes().items() if vote == "unhealthy"} == own, _MINUTES_S)
            checks.told(r)
            self.open = storms.impairments(r)
            self.gauge.exhausted = False
            r.events.add("healed", "the group has room again")
            r.wait("every voter to be well again",
                   lambda: set(votes().values()) == {"healthy"}, _MINUTES_S)
            r.wait("the impairment to be over", lambda: storms.impairments(r)[-1]["resolved"], 30)
        finally:
            self.gauge.stop()

    def judge(self, r) -> None:
        storms.lived(r, self.open, "resource-exhaustion")
        checks.generations(r, 0)
        checks.promoted(r, 0)
        checks.untouched_traffic(r)
        checks.served_from(r, PRIMARY)


SCENARIOS = [Exhaustion()]
