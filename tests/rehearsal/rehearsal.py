"""One rehearsal from the first process to the last: up, steady, broken, watched, judged, down."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from . import names, plans, procs, timeline, truth
from .checks import Unmet
from .command import Command
from .events import Events
from .journal import Journal, Record
from .names import PRIMARY, STANDBY
from .watch import Watch
from .world import World

# A sweep, the alarms' first periods, and a busy machine.
_STEADY_LIMIT_S = 60.0
# Orders that flow: so many in a row, all taken at home.
_STEADY_ORDERS = 20
# The replica shows a heartbeat that is not older.
_HEARTBEAT_AGE_S = 3.0
# The longest that any recovery of these plans may take: the plan's own time limit.
END_LIMIT_S = 180.0


class Rehearsal:
    """A world, a plan, a break, and what became of it."""

    def __init__(self, scenario, run: Path, say: Callable[[str], None] = print):
        self.scenario, self.run, self._say = scenario, run, say
        self.events = Events(say)
        self.world = World(run, self.events)
        if scenario.service_ttl_s is not None:
            self.world.service_ttl_s = scenario.service_ttl_s
        self.plan: dict = {}
        self.watch: Watch | None = None

    # --- the course -------------------------------------------------------------------------------

    def go(self) -> bool:
        """Rehearses; answers whether everything held that must hold."""
        self._log_to_files()
        began = time.monotonic()
        try:
            self._say(f"{self.scenario.name}: {self.scenario.line}")
            self._prepare()
            self._say(f"Everything is up and steady after {time.monotonic() - began:.0f} s:"
                      f" {PRIMARY} serves, {STANDBY} replicates, Leeward watches.")
            self.scenario.prepare(self)
            self.events.broken(self.scenario.breaking)
            self.scenario.strike(self)
            self.scenario.follow(self)
            self.scenario.judge(self)
            self.events.hush()
            self._say(timeline.render(self))
        except (Unmet, procs.Gone) as failure:
            return self._failed(failure)
        finally:
            self._end()
        self._say(self.scenario.moral)
        self._say(f"Logs and journal: {self.run}")
        return True

    def _failed(self, failure: Exception) -> bool:
        self.events.hush()
        try:
            self._say(timeline.render(self))
        except Exception as error:  # the failure itself matters more than its picture
            self._say(f"(no timeline: {error!r})")
        self._say(f"FAILED: {failure}")
        self._say(f"Look into {self.run}: journal.jsonl, aws/functions/<name>/, logs/, leeward.log,"
                  " local-aws.log")
        return False

    def _prepare(self) -> None:
        self.world.start()
        self.command = Command(self.world.cloud.url, self.world.stack.outputs,
                               self.run / "leeward.log")
        self.book = Journal(self.world.cloud, self.world.stack.outputs["TableName"])
        self.plan = plans.derive(self.world)
        self.scenario.plan(self.plan, self)
        self.put_plan(self.run / "plan.yaml")
        self.world.start_client()
        self.watch = Watch(self.world, self.book, self.events)
        self.watch.start()
        self.scenario.watched(self)
        self._steady()

    def put_plan(self, file: Path) -> None:
        """Checks and puts the plan as it is now."""
        plans.write(self.plan, file)
        self.command.must("plan", "check", str(file))
        self.command.must("plan", "put", str(file))

    def _steady(self) -> None:
        """All is well, and Leeward has it on record."""
        voters = {voter["id"] for voter in self.plan["detection"]["voters"]}
        self.wait("every voter's vote on record, and healthy",
                  lambda: voters == {s["voter"] for s in self.signals()
                                     if s["vote"] == "healthy"}, _STEADY_LIMIT_S)
        self.wait("a replicated heartbeat", self._heartbeat_is_fresh, _STEADY_LIMIT_S)
        self.wait(f"{_STEADY_ORDERS} orders taken in a row by {PRIMARY}", self._orders_flow,
                  _STEADY_LIMIT_S)

    def _heartbeat_is_fresh(self) -> bool:
        rows = self.world.pair.replica.query("SELECT at_ms FROM leeward_heartbeat")
        return bool(rows) and time.time() - rows[0][0] / 1000 < _HEARTBEAT_AGE_S

    def _orders_flow(self) -> bool:
        last = truth.read_record(self.world.record)[-_STEADY_ORDERS:]
        return len(last) == _STEADY_ORDERS and all(
            (line["status"], line["side"]) == (201, PRIMARY) for line in last)

    def _end(self) -> None:
        self._keep_journal()
        for stop in (self.watch and self.watch.stop, self.world.stop):
            if stop:
                stop()
        if self._handler:
            logging.getLogger().removeHandler(self._handler)
            self._handler.close()

    def _keep_journal(self) -> None:
        """Leaves the journals behind: the table ends with the local AWS."""
        if not hasattr(self, "book"):
            return
        try:
            lines = [json.dumps(vars(record)) for record in self.book.all()]
        except (BotoCoreError, ClientError) as error:
            lines = [json.dumps({"unread": str(error)})]
        (self.run / "journal.jsonl").write_text("\n".join(lines) + "\n")

    def _log_to_files(self) -> None:
        self.run.mkdir(parents=True, exist_ok=True)
        self._handler = logging.FileHandler(self.run / "local-aws.log")
        self._handler.setFormatter(logging.Formatter("%(asctime)s %(name)s %(message)s"))
        root = logging.getLogger()
        root.addHandler(self._handler)
        root.setLevel(logging.INFO)
        for noisy in ("botocore", "urllib3", "boto3", "samtranslator", "werkzeug"):
            logging.getLogger(noisy).setLevel(logging.WARNING)

    # --- what scenarios wait for -------------------------------------------------------------------

    def wait(self, what: str, condition: Callable[[], object], limit_s: float = END_LIMIT_S):
        """Waits for a condition; says at once when a process ended that nobody killed."""
        def alive() -> object:
            dead = self.world.died()
            if dead:
                raise procs.Gone(f"{', '.join(dead)} ended while waiting for {what}: see"
                                 f" {self.world.logs}")
            return condition()

        return procs.wait_until(what, alive, limit_s, 0.2)

    def pause(self, seconds: float) -> None:
        """Lets time pass, where what is looked for is that nothing happens in it."""
        time.sleep(seconds)

    def wait_entry(self, kind: str, limit_s: float = END_LIMIT_S, generation: int = 1,
                   **fields: object) -> Record:
        """Waits for a journal entry of that kind whose fields are as given."""
        def found() -> Record | None:
            for record in self.book.of(kind, generation):
                if all(record.entry.get(key) == value for key, value in fields.items()):
                    return record
            return None

        wanted = f" with {fields}" if fields else ""
        return self.wait(f"the journal's entry `{kind}`{wanted}", found, limit_s)

    def wait_rest(self, limit_s: float = END_LIMIT_S, generation: int = 1) -> Record:
        """Waits until the generation has ended or waits for a person; answers that entry."""
        def found() -> Record | None:
            records = self.book.records(generation)
            ends = [r for r in records if r.kind == "ended"]
            if ends:
                return ends[-1]
            state = [r for r in records if r.kind in ("held", "resumed", "stopped", "paused")]
            return state[-1] if state and state[-1].kind == "held" else None

        return self.wait(f"generation {generation} to end or to be held", found, limit_s)

    def wait_served(self, region: str, since: float, limit_s: float = 60.0) -> None:
        """Waits until the client has an order taken by that Region after an instant."""
        self.wait(f"the client to be served from {region}", lambda: any(
            line["status"] == 201 and line["side"] == region and line["sent_ms"] / 1000 > since
            for line in truth.read_record(self.world.record)[-50:]), limit_s)

    def assessment(self) -> dict:
        """The verdict now, as `leeward assess` has it."""
        return self.command.run("assess", names.WORKLOAD, "--json").json()

    def signals(self) -> list[dict]:
        """The votes that are on record."""
        return self.book.workload_items("SIG#")


def directory(scenario_name: str) -> Path:
    """A fresh directory for a run."""
    stamp = time.strftime("%Y%m%d-%H%M%S")
    path = names.RUNS / f"{stamp}-{scenario_name.replace(':', '-')}"
    number = 1
    while path.exists():
        number += 1
        path = path.with_name(f"{path.name.split('+')[0]}+{number}")
    return path


def say(line: str) -> None:
    """A line for whoever watches, at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
