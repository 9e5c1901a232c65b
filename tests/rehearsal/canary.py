"""What the world outside Leeward reports: canaries, and the metrics that AWS services emit.

One process a Region runs the jobs given to it, each second, into CloudWatch of that Region; all of
them fall silent with their Region.

    probe:<canary>=<url>            Leeward/Canary Failed (0 or 1), dimension Canary
    group:<auto-scaling-group>      AWS/AutoScaling GroupInServiceInstances
    replica:<instance>=<host:port>  AWS/RDS ReplicaLag, seconds
"""

from __future__ import annotations

import argparse
import http.client
import threading
import time
from collections.abc import Callable
from contextlib import closing
from urllib.parse import urlsplit

import boto3
import pg8000.native
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from . import orders, postgres

_EVERY_S = 1.0
# A canary that gets no answer within its own period calls it a failure, as Synthetics' time-out does.
_PROBE_TIMEOUT_S = 0.9
_METRIC_TIMEOUT_S = 1.0
# What a canary reports: 1 for a probe that failed, 0 for one that held.
NAMESPACE, FAILED = "Leeward/Canary", "Failed"

Measure = Callable[[], float | None]


def probe(url: str) -> Measure:
    """1 when the address does not answer with a success, else 0: never silent while we live."""
    parts = urlsplit(url)

    def measure() -> float:
        connection = http.client.HTTPConnection(parts.hostname, parts.port,
                                                timeout=_PROBE_TIMEOUT_S)
        try:
            connection.request("GET", parts.path or "/", headers={"Connection": "close"})
            return 0.0 if connection.getresponse().status < 400 else 1.0
        except (OSError, http.client.HTTPException):
            return 1.0
        finally:
            connection.close()

    return measure


def in_service(client, group: str) -> Measure:
    """Instances of an Auto Scaling group that are in service."""

    def measure() -> float | None:
        groups = client.describe_auto_scaling_groups(
            AutoScalingGroupNames=[group])["AutoScalingGroups"]
        if not groups:
            return None
        return float(sum(i["LifecycleState"] == "InService" for i in groups[0]["Instances"]))

    return measure


def replica_lag(host: str, port: int) -> Measure:
    """Seconds since the replica's last replayed commit; none once it is a writer."""

    def measure() -> float | None:
        with closing(pg8000.native.Connection(
                postgres.PROBE_ROLE, host=host, port=port, database=postgres.DATABASE,
                ssl_context=False, timeout=_PROBE_TIMEOUT_S)) as session:
            age = session.run("SELECT extract(epoch FROM now() - pg_last_xact_replay_timestamp())"
                              " WHERE pg_is_in_recovery()")
        return None if not age or age[0][0] is None else max(0.0, float(age[0][0]))

    return measure


class Feed:
    """One metric, measured and sent each second."""

    def __init__(self, client, namespace: str, metric: str, dimension: tuple[str, str],
                 measure: Measure):
        self._client, self._namespace, self._metric = client, namespace, metric
        self._dimension, self._measure = dimension, measure
        self._said = ""

    def send_once(self) -> float | None:
        """Measures and sends; answers the value, None when there was nothing to send."""
        value = self._measure()
        if value is not None:
            self._client.put_metric_data(Namespace=self._namespace, MetricData=[{
                "MetricName": self._metric, "Value": value,
                "Dimensions": [{"Name": self._dimension[0], "Value": self._dimension[1]}]}])
        return value

    def run(self) -> None:
        """Goes on for ever; what fails is logged once and tried again."""
        while True:
            began = time.monotonic()
            try:
                line = f"{self._metric} {self._dimension[1]} = {self.send_once()}"
            except (BotoCoreError, ClientError, OSError, pg8000.native.Error) as error:
                line = f"{self._metric} {self._dimension[1]} not sent: {error}"
            if line != self._said:
                self._said = line
                orders.log(line)
            time.sleep(max(0.0, _EVERY_S - (time.monotonic() - began)))


def feed(job: str, region: str) -> Feed:
    """The feed that a job's text describes."""
    config = Config(connect_timeout=_METRIC_TIMEOUT_S, read_timeout=_METRIC_TIMEOUT_S,
                    retries={"total_max_attempts": 1})
    cloudwatch = boto3.client("cloudwatch", region_name=region, config=config)
    kind, _, rest = job.partition(":")
    name, _, where = rest.partition("=")
    if kind == "probe":
        return Feed(cloudwatch, NAMESPACE, FAILED, ("Canary", name), probe(where))
    if kind == "group":
        groups = boto3.client("autoscaling", region_name=region, config=config)
        return Feed(cloudwatch, "AWS/AutoScaling", "GroupInServiceInstances",
                    ("AutoScalingGroupName", name), in_service(groups, name))
    if kind == "replica":
        host, _, port = where.partition(":")
        return Feed(cloudwatch, "AWS/RDS", "ReplicaLag", ("DBInstanceIdentifier", name),
                    replica_lag(host, int(port)))
    raise ValueError(f"expected probe:…, group:… or replica:…, not '{job}'")


def main() -> None:
    """Runs a Region's jobs until it is killed."""
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--region", required=True)
    parser.add_argument("jobs", nargs="+")
    a = parser.parse_args()
    threads = [threading.Thread(target=feed(job, a.region).run) for job in a.jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
