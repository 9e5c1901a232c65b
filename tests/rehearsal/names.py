"""Names and numbers that the parts of a rehearsal agree on."""

from __future__ import annotations

from pathlib import Path

PRIMARY, STANDBY, CONTROL = "us-east-1", "us-west-2", "eu-west-1"
# One loopback address a Region: who speaks, and to whom, is seen in every log.
ADDRESS = {PRIMARY: "127.1.0.1", STANDBY: "127.2.0.1", CONTROL: "127.3.0.1"}

REPOSITORY = Path(__file__).resolve().parents[2]
RUNS = REPOSITORY / ".rehearsal"
BINARIES = REPOSITORY / "target" / "debug"

WORKLOAD, PLAN = "orders", "orders-region"
PUBLIC_NAME, ZONE = "orders.example.com", "example.com"
DATABASE = {PRIMARY: "orders-db", STANDBY: "orders-db-west"}
GROUP = {PRIMARY: "orders-web", STANDBY: "orders-web-west"}
TRAFFIC_NAMESPACE, TRAFFIC_METRIC, TRAFFIC_ALARM = "Leeward/Traffic", "Stop", "orders-stop"
# Canary and alarm bear one name; each looks from its own Region.
CANARY = {STANDBY: "orders-canary-west", CONTROL: "orders-canary-eu"}
API_ALARM = "orders-api-5xx"
STACK, EDGE_STACK = "leeward", "leeward-edge"
# The function that hears alarms and events.
LISTENER = "leeward-listener"

# The lease's life. A renewal is due each third of it, and the machine may be busy for a second.
TTL_S = 3.0
# Bound of a write transaction: many times what an insert takes.
LONGEST_S = 1.0
# All Regions share one clock here; the bound only has to be more than nothing.
DRIFT_S = 0.5
# A request of ours that is older is refused by the local AWS. It bounds how long a negative probe
# says nothing, so it is short; it exceeds the longest pause that a busy machine makes.
REQUEST_LIFE_S = 8
# How many seconds of an alarm's period pass in one: a 60 s alarm looks at 2 s.
TIME_SCALE = 30.0
# What a schedule calls a minute.
MINUTE_S = 2.0
# A record's time to live, in seconds; the shortest that DNS has beside none.
RECORD_TTL_S = 1


def tags(name: str) -> list[dict]:
    """The tags of a resource that Leeward may change."""
    return [{"Key": "Name", "Value": name}, {"Key": "leeward:workload", "Value": WORKLOAD}]
