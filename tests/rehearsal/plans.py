"""The plan of a rehearsal: `plans/orders.yaml` as it is shipped, with this run's names and addresses,
and waits of seconds where the real one waits minutes. What it decides stays as shipped."""

from __future__ import annotations

import copy
from pathlib import Path

import yaml

from . import names
from .names import CONTROL, PRIMARY, STANDBY

SHIPPED = names.REPOSITORY / "plans" / "orders.yaml"

# Ample for a recovery that takes half a minute, and short enough to wait for its end.
_TIME_LIMIT = "3m"
# Longer than the alarm's scaled period, so that one bad look starts nothing.
_SUSTAIN = "3s"
# Several sweeps: one a scaled minute, each a few seconds long on a busy machine.
_FRESHNESS = "15s"
# More than lease, drift and longest statement together with the heartbeat's interval.
_MAX_LOSS = "15s"
_COOL_DOWN = "60s"
# A person of a rehearsal answers at once or not at all.
APPROVAL_TIMEOUT_S = 12


def derive(world) -> dict:
    """The plan for this world."""
    plan = copy.deepcopy(yaml.safe_load(SHIPPED.read_text()))
    plan |= {"plan": names.PLAN, "workload": names.WORKLOAD, "enabled": True,
             "time-limit": _TIME_LIMIT,
             "regions": {"primary": PRIMARY, "standby": STANDBY, "control": CONTROL}}
    _detection(plan["detection"])
    plan["policy"] |= {"cool-down": _COOL_DOWN, "approval": {
        **plan["policy"]["approval"], "for": "none", "timeout": f"{APPROVAL_TIMEOUT_S}s",
        "approvers": []}}
    for database in plan["databases"]:
        _database(database, world)
    for capacity in plan["capacity"]:
        _capacity(capacity, world)
    for control in plan["traffic"]["controls"]:
        _control(control, world)
    plan["validation"] |= {"passes": 3, "interval": "1s"}
    for check in plan["validation"]["checks"]:
        _check(check, world)
    plan["notifications"] = {"topics": [world.estate.topic, world.stack.outputs["TopicArn"]]}
    return plan


def write(plan: dict, path: Path) -> Path:
    """Writes a plan where `leeward plan` can read it."""
    path.write_text(yaml.safe_dump(plan, sort_keys=False))
    return path


def sides(primary, standby) -> dict:
    """One value a side, as plans have it."""
    return {"primary": primary, "standby": standby}


def _each(values: dict) -> dict:
    return sides(values[PRIMARY], values[STANDBY])


def _detection(detection: dict) -> None:
    detection |= {"sustain": _SUSTAIN, "freshness": _FRESHNESS}
    alarms = {**names.CANARY, PRIMARY: names.API_ALARM}
    # The world of a rehearsal has the alarms; a scenario that is about another voter brings it.
    detection["voters"] = [voter for voter in detection["voters"] if "alarm" in voter]
    for rule in ("change-feed", "maintenance"):
        detection.pop(rule, None)
    for voter in detection["voters"]:
        voter["alarm"] = alarms[voter["region"]]
        # The canaries here have no second eye on something known to be well.
        voter.pop("control-alarm", None)


def _database(database: dict, world) -> None:
    database |= {"instance": _each(names.DATABASE), "max-loss": _MAX_LOSS}
    for fence in database["fences"]:
        if fence["kind"] == "writer-lease":
            fence |= {"table": world.lease_table, "region": CONTROL, "ttl": _span(names.TTL_S),
                      "drift": _span(names.DRIFT_S), "heartbeat": "1s",
                      "longest-statement": _span(names.LONGEST_S)}
    where = {region: {"function": world.edge[region].outputs["DbProbeArn"], "region": region,
                      "host": side.probe.listen[0], "port": side.probe.listen[1]}
             for region, side in world.sides.items()}
    database["probe"] = {"side": _each(where), "database": "orders", "user": "leeward_probe"}


def _capacity(capacity: dict, world) -> None:
    if capacity["kind"] == "auto-scaling-group":
        capacity |= {"group": _each(names.GROUP), "target-group": _each(world.estate.target_group)}
    elif capacity["kind"] == "instances":
        capacity["instances"] = _each(world.estate.workers)


def _control(control: dict, world) -> None:
    control |= {
        "region": CONTROL, "namespace": names.TRAFFIC_NAMESPACE, "metric": names.TRAFFIC_METRIC,
        "name": names.PUBLIC_NAME, "answers": _answers(), "resolvers": [world.resolver]}


def _answers() -> dict:
    return sides([names.ADDRESS[PRIMARY]], [names.ADDRESS[STANDBY]])


def _check(check: dict, world) -> None:
    base = f"http://{names.PUBLIC_NAME}:{world.public_port}"
    markers = {"marker-header": "X-Leeward-Side", "marker": sides(PRIMARY, STANDBY),
               "resolvers": [world.resolver]}
    if check["kind"] == "http":
        check |= {"url": f"{base}/", "status": 200, **markers}
    elif check["kind"] == "http-write":
        check |= {"url": f"{base}/orders", **markers}
    elif check["kind"] == "dns":
        check |= {"name": names.PUBLIC_NAME, "type": "A", "answers": _answers(),
                  "resolvers": [world.resolver]}


def _span(seconds: float) -> str:
    return f"{round(seconds * 1000)}ms"
