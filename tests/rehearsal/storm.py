"""Ten thousand alarms of fifty workloads, each told by every way AWS has, twice and out of order.

No workload runs here: the storm is about Leeward alone. Every plan is whole, so that each generation is
carried to its end by the shipped state machine: a name that fails over by a stop metric, and DNS that
proves it.
"""

from __future__ import annotations

import json
import logging
import os
import statistics
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from localaws import ACCOUNT
from localaws.dns import DnsServer
from localaws.locks import WORLD
from localaws.services import Hooks
from localaws.services.cloudwatch_data import put_datum
from moto.cloudwatch.models import cloudwatch_backends

from . import names, plans, procs
from .checks import Unmet, expect
from .cloud import Cloud
from .command import Command
from .journal import Journal
from .names import CONTROL, PRIMARY, STANDBY

# `LEEWARD_STORM=10x40` for a smaller one: ten workloads of forty alarms.
WORKLOADS, ALARMS_EACH = map(int, os.environ.get("LEEWARD_STORM", "50x200").split("x"))
# Half of a workload's alarms look from the standby, half from the control Region; two vote.
_NAMESPACE, _METRIC = "Storm", "Failed"
_TRAFFIC = "Leeward/Storm"
# Ten thousand alarms are looked at this often: a look takes a second.
_TICK_S = 3.0
_PERIOD_S = 60
# So many workloads may move by themselves; then a person says that it is the Region and not the
# monitoring, and that all may. With fifty it is what the brake is set to by itself.
_FIRST = max(1, WORKLOADS // 5)
# What AWS may do to each delivery.
_TWICE, _LATE_S, _LOST = 0.3, 10.0, 0.05
# The journals of all workloads are read so often: reading them is work for the same AWS.
_LOOK_EVERY_S = 3.0
_STEADY_LIMIT_S, _STORM_LIMIT_S = 300.0, 3300.0
_AT_ONCE = 4
# Functions side by side. All of them share this machine with the AWS that they call: more of them
# only wait for each other until calls time out.
_LISTENERS, _DETECTORS, _STEPS = 4, 4, 3
# Calls wait in line in a storm, and late ones are refused; this is still far below AWS's 15 min.
_REQUEST_LIFE_S = 60


class Storm:
    """The course of the rehearsal: up, steady, struck, counted, down."""

    def __init__(self, scenario, run: Path, say: Callable[[str], None]):
        self.scenario, self.run, self._say = scenario, run, say
        self._counting = threading.Lock()
        self._course: dict[str, set[str]] = {}
        self.workloads = [f"storm-{number:02}" for number in range(1, WORKLOADS + 1)]

    def go(self) -> bool:
        """Rehearses; answers whether everything held that must hold."""
        (self.run / "plans").mkdir(parents=True, exist_ok=True)
        logging.basicConfig(filename=self.run / "local-aws.log", level=logging.WARNING)
        self._say(f"{self.scenario.name}: {self.scenario.line}")
        self.cloud = Cloud(self.run, Hooks(), alarm_tick=_TICK_S,
                           request_life_s=_REQUEST_LIFE_S)
        try:
            self._prepare()
            self._strike()
            self._judge()
        except (Unmet, procs.Gone) as failure:
            self._say(f"FAILED: {failure}\nLook into {self.run}: aws/functions/<name>/, leeward.log")
            return False
        finally:
            if hasattr(self, "dns"):
                self.dns.stop()
            self.cloud.stop()
        self._say(self.scenario.moral)
        return True

    # --- before -----------------------------------------------------------------------------------

    def _prepare(self) -> None:
        parameters = {
            "PrimaryRegion": PRIMARY, "StandbyRegion": STANDBY, "WatcherRegion": STANDBY,
            "RecoveryRegion": CONTROL, "Architecture": "x86_64", "CreateLeaseTable": "yes",
            "StopMetricNamespace": _TRAFFIC, "ListenerConcurrency": str(_LISTENERS),
            "DetectorConcurrency": str(_DETECTORS), "StepConcurrency": str(_STEPS)}
        self.stack = self.cloud.deploy("template.yaml", names.STACK, CONTROL, parameters)
        self.cloud.deploy("edge.yaml", names.EDGE_STACK, STANDBY, {
            **parameters, "DbProbe": "no", "Watch": "no"})
        self.command = Command(self.cloud.url, self.stack.outputs, self.run / "leeward.log")
        self._throttled = Counter()
        self.cloud.aws.lambdas.observe(self._invoked)
        self.books = {workload: Journal(self.cloud, self.stack.outputs["TableName"], workload)
                      for workload in self.workloads}
        self.dns = DnsServer(self.cloud.aws.services, names.ADDRESS[CONTROL])
        self.dns.start()
        self._brake(_FIRST)
        self._names()
        self._alarms()
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            list(pool.map(self._put_plan, self.workloads))
        procs.wait_until("every voter of every workload on record, and healthy",
                         lambda: all(self._votes(w) == {"healthy"} for w in self.workloads),
                         _STEADY_LIMIT_S, 1.0)
        self._say(f"{WORKLOADS} workloads with {WORKLOADS * ALARMS_EACH} alarms are steady.")

    def _invoked(self, function, _seconds, _error, throttled: bool, _written) -> None:
        """Told of every invocation, by whatever thread made it."""
        if throttled:
            with self._counting:
                self._throttled[function.name] += 1

    def _votes(self, workload: str) -> set[str]:
        votes = [signal["vote"] for signal in self.books[workload].workload_items("SIG#")]
        return set(votes) if len(votes) == 2 else set()

    def _brake(self, limit: int) -> None:
        self.command.run("brake", "set", "--limit", str(limit), "--window", "30m")

    def _names(self) -> None:
        route53 = self.cloud.client("route53", PRIMARY)
        zone = route53.create_hosted_zone(Name=names.ZONE, CallerReference="storm")
        zone_id = zone["HostedZone"]["Id"].removeprefix("/hostedzone/")
        cloudwatch = self.cloud.client("cloudwatch", CONTROL)
        for workload in self.workloads:
            cloudwatch.put_metric_alarm(
                AlarmName=f"leeward-{workload}-stop", Namespace=_TRAFFIC, MetricName="Stop",
                Dimensions=[{"Name": "Workload", "Value": workload}], Statistic="Maximum",
                Period=_PERIOD_S, EvaluationPeriods=1, Threshold=1, TreatMissingData="ignore",
                ComparisonOperator="GreaterThanOrEqualToThreshold")
            check = route53.create_health_check(
                CallerReference=workload, HealthCheckConfig={
                    "Type": "CLOUDWATCH_METRIC", "InsufficientDataHealthStatus": "LastKnownStatus",
                    "AlarmIdentifier": {"Region": CONTROL, "Name": f"leeward-{workload}-stop"},
                })["HealthCheck"]["Id"]
            records = [
                {"Name": _name(workload), "Type": "A", "SetIdentifier": region, "Failover": role,
                 "TTL": names.RECORD_TTL_S, "ResourceRecords": [{"Value": names.ADDRESS[region]}]}
                for region, role in ((PRIMARY, "PRIMARY"), (STANDBY, "SECONDARY"))]
            records[0]["HealthCheckId"] = check
            route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={
                "Changes": [{"Action": "CREATE", "ResourceRecordSet": r} for r in records]})

    def _alarms(self) -> None:
        """Made past the API, and as if they had been OK for long: nothing of this is rehearsed."""
        for workload in self.workloads:
            self._feed(workload, 0.0)
        with WORLD:
            for region in (STANDBY, CONTROL):
                backend = cloudwatch_backends[ACCOUNT][region]
                action = self.stack.outputs["ListenerArn"]
                for workload in self.workloads:
                    for number in range(ALARMS_EACH // 2):
                        alarm = backend.put_metric_alarm(**_alarm(workload, number))
                        # An alarm invokes functions of its own Region only; the others' changes
                        # come by EventBridge.
                        alarm.alarm_actions = [action] if region == CONTROL else []
                        alarm.state_value = "OK"

    def _feed(self, workload: str, value: float) -> None:
        """What the canaries of a workload measured, in both Regions."""
        for region in (STANDBY, CONTROL):
            put_datum(cloudwatch_backends[ACCOUNT][region], _NAMESPACE, _METRIC,
                      {"Workload": workload}, value)

    def _put_plan(self, workload: str) -> None:
        plan = {
            "plan": f"{workload}-region", "workload": workload, "enabled": True,
            "responds-to": [{"kind": "region-outage", "min-severity": "low"}],
            "time-limit": "25m", "strategy": "active-active",
            "regions": {"primary": PRIMARY, "standby": STANDBY, "control": CONTROL},
            "objectives": {"rto": "15m", "rpo": "60s"},
            "detection": {"quorum": 2, "sustain": "3s", "freshness": "60s", "voters": [
                {"id": "canary-west", "alarm": f"{workload}-000", "region": STANDBY},
                {"id": "canary-eu", "alarm": f"{workload}-000", "region": CONTROL}]},
            "policy": {"approval": {"for": "none", "timeout": "1m", "on-timeout": "hold",
                                    "approvers": []}, "cool-down": "60m"},
            "databases": [], "capacity": [],
            "traffic": {"controls": [{
                "id": "edge", "kind": "stop-metric", "services": [workload], "region": CONTROL,
                "namespace": _TRAFFIC, "metric": "Stop", "name": _name(workload),
                "answers": _answers(), "resolvers": [self._resolver]}]},
            "validation": {"passes": 1, "interval": "1s", "checks": [
                {"id": "name", "kind": "dns", "name": _name(workload), "type": "A",
                 "answers": _answers(), "resolvers": [self._resolver]}]},
            "notifications": {"topics": [self.stack.outputs["TopicArn"]]}}
        file = plans.write(plan, self.run / "plans" / f"{workload}.yaml")
        self.command.must("plan", "put", str(file))

    @property
    def _resolver(self) -> str:
        return f"{self.dns.address}:{self.dns.port}"

    # --- the storm --------------------------------------------------------------------------------

    def _strike(self) -> None:
        aws = self.cloud.aws
        aws.faults.region_down(PRIMARY)
        aws.delivery.unruly.set(twice=_TWICE, late_s=_LATE_S, lost=_LOST, only=names.LISTENER)
        with self._counting:
            self._throttled.clear()
        self._calls_before = len(aws.log.find())
        self._invoked_before = len(aws.lambdas.history())
        self._began = time.time()
        self._say(f"{PRIMARY} dies. Every alarm of every workload sees it at once.")
        self.braked_s = self._follow("the brake to hold", lambda: (
            self._opened() == _FIRST
            and "HOLDS" in self.command.run("brake").out))
        self._say(f"{self.braked_s:8.1f} s the brake holds: {_FIRST} recoveries were opened by the"
                  f" evidence, {WORKLOADS - _FIRST} workloads wait for a person.")
        time.sleep(_LOOK_EVERY_S)
        self._read()
        expect(self._opened() == _FIRST, f"the brake holds, and {self._opened()} were opened")
        asked = [workload for workload, book in self.books.items()
                 if any("the brake holds" in item["reason"] for item in book.workload_items("REFUSED#"))]
        expect(asked, "the brake holds, and nobody was asked")
        self._say(f"People are told of {len(asked)} of them: leeward brake release, or set.")
        self._loosened = time.time()
        self._brake(2 * WORKLOADS)
        self._say(f"A person says: leeward brake set --limit {2 * WORKLOADS}.")
        self.drained_s = self._follow("every generation to end, and every event to be handled", lambda: (
            self._opened() == self._ended() == WORKLOADS and not aws.asynchronous.pending()))

    def _opened(self) -> int:
        return sum(bool(kinds) for kinds in self._course.values())

    def _ended(self) -> int:
        return sum("ended" in kinds for kinds in self._course.values())

    def _read(self) -> None:
        """The journals that have not ended: reading them is work for the same AWS."""
        for workload, book in self.books.items():
            if "ended" not in self._course.get(workload, ()):
                self._course[workload] = {record.kind for record in book.records(1)}

    def _follow(self, what: str, there: Callable[[], bool]) -> float:
        """Feeds the alarms and looks on until it is so; answers how long after the strike that was."""
        deadline, before = self._began + _STORM_LIMIT_S, None
        while True:
            for workload in self.workloads:
                self._feed(workload, 1.0)
            self._read()
            if there():
                return time.time() - self._began
            waiting = self.cloud.aws.asynchronous.pending()
            now = opened, ended = self._opened(), self._ended()
            words = f"{opened} opened, {ended} ended, {waiting} events wait"
            expect(time.time() < deadline, f"{what} took more than {_STORM_LIMIT_S:g} s: {words}")
            if now != before:
                self._say(f"{time.time() - self._began:8.1f} s {words}")
            before = now
            time.sleep(_LOOK_EVERY_S)

    def _judge(self) -> None:
        aws = self.cloud.aws
        latencies, starts = [], 0
        for workload, book in self.books.items():
            found = book.of("opened")
            expect(len(found) == 1, f"{workload}: {len(found)} generations were opened")
            end = book.of("ended", 1)[-1].entry
            expect(end["end"] == "recovered", f"{workload} ended {end['end']}: {end['reason']}")
            latencies.append(found[0].at - self._began)
            starts += len(book.of("joined", 1))
        # An event that waited for too long costs at most a minute, as the sweep reads every voter; one
        # that the function could not finish three times would be a fault of the function.
        lost = aws.asynchronous.lost()
        given_up = Counter(entry["condition"] for entry in lost)
        expect(set(given_up) <= {"EventAgeExceeded"},
               f"accepted events were given up: {given_up}, such as {lost[:1]}")
        told = [entry for entry in aws.lambdas.history()[self._invoked_before:]
                if entry["function"] == names.LISTENER and _is_alarm(entry["payload"])]
        ids = {entry["id"] for entry in told}
        calls = [call for call in aws.log.find()[self._calls_before:]
                 if call["function"] and call["invocation"] in ids]
        unruly = aws.delivery.unruly.count()
        changed = Counter(alarm.state_value for region in (STANDBY, CONTROL)
                          for alarm in list(cloudwatch_backends[ACCOUNT][region].alarms.values())
                          if alarm.namespace == _NAMESPACE)
        expect(changed == {"ALARM": WORKLOADS * ALARMS_EACH}, f"the alarms are {dict(changed)}")
        expect(told, "no alarm reached the listener: nothing was rehearsed")
        self._report(latencies, told, calls, {
            "deliveries": unruly, "given_up": dict(given_up), "executors": starts})

    def _report(self, latencies: list[float], told: list, calls: list, counted: dict) -> None:
        alarms = WORKLOADS * ALARMS_EACH
        by_action = Counter(f"{call['service']}:{call['action']}" for call in calls)
        seconds = [entry["ended"] - entry["started"] for entry in told if entry["ended"]]
        report = {
            "alarms": alarms, "workloads": WORKLOADS, "generations": len(latencies),
            **counted, "alarm_invocations": len(told),
            # Those of the recovery's functions are asked again by the state machine.
            "throttled": dict(self._throttled.most_common()),
            "opened_before_the_brake_s": _spread(sorted(latencies)[:_FIRST]),
            "brake_held_after_s": round(self.braked_s, 1),
            "opened_after_it_was_loosened_s": _spread(
                [at - (self._loosened - self._began) for at in sorted(latencies)[_FIRST:]]),
            "wall_s": round(self.drained_s, 1),
            "aws_calls": len(calls), "aws_calls_per_alarm": round(len(calls) / alarms, 2),
            "aws_calls_per_invocation": round(len(calls) / len(told), 2),
            "aws_calls_by_action": dict(by_action.most_common()),
            "invocation_ms": {"median": round(1000 * statistics.median(seconds), 1),
                              "greatest": round(1000 * max(seconds), 1)} if seconds else None}
        (self.run / "storm.json").write_text(json.dumps(report, indent=1))
        for name, value in report.items():
            self._say(f"  {name:<26} {value}")


def _spread(seconds: list[float]) -> dict:
    return {"first": round(min(seconds), 1), "median": round(statistics.median(seconds), 1),
            "last": round(max(seconds), 1)}


def _is_alarm(payload: str) -> bool:
    return '"aws.cloudwatch"' in payload


def _name(workload: str) -> str:
    return f"{workload}.{names.ZONE}"


def _answers() -> dict:
    return plans.sides([names.ADDRESS[PRIMARY]], [names.ADDRESS[STANDBY]])


def _alarm(workload: str, number: int) -> dict:
    return {
        "name": f"{workload}-{number:03}", "namespace": _NAMESPACE, "metric_name": _METRIC,
        "dimensions": [{"Name": "Workload", "Value": workload}], "statistic": "Maximum",
        "description": "", "alarm_actions": [], "period": _PERIOD_S, "evaluation_periods": 1, "threshold": 1.0,
        "treat_missing_data": "ignore", "comparison_operator": "GreaterThanOrEqualToThreshold"}
