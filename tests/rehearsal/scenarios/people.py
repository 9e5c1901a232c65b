"""What people do, or do not do, while a recovery runs."""

import json

from .. import checks, names
from ..names import CONTROL, PRIMARY
from .scenario import Scenario


class _Asked(Scenario):
    """A plan that asks before what cannot be undone."""

    on_timeout = "hold"

    def plan(self, plan: dict, r) -> None:
        approvers = ["arn:aws:iam::123456789012:user/operator"]
        plan["policy"]["approval"] |= {"for": "one-way", "on-timeout": self.on_timeout,
                                       "approvers": approvers}

    def asked(self, r) -> None:
        """Waits for the question, and sees that nothing irreversible is done before its answer."""
        r.wait_entry("asked")
        r.wait_entry("step-done", step="capacity")
        checks.no_entry(r, "fenced")
        checks.expect(checks.lease_owner(r)[0] == PRIMARY, "the lease was taken before the answer")


class ApprovalLate(_Asked):
    """The yes comes after the question's time is over: it is asked anew, and answered."""

    name = "approval-late"
    line = "the approval comes late: the generation is held, then approved and finished"

    def follow(self, r) -> None:
        self.asked(r)
        r.wait_entry("held")
        r.events.add("operator", "a person types: leeward approve orders")
        r.command.must("approve", names.WORKLOAD, "--reason", "the region is down, go")
        r.wait_entry("ended")


class Approved(_Asked):
    """The yes comes in time."""

    name = "approval-given"
    line = "a person is asked before the fence, and says yes"

    def follow(self, r) -> None:
        self.asked(r)
        r.events.add("operator", "a person types: leeward approve orders")
        r.command.must("approve", names.WORKLOAD, "--reason", "the region is down, go")
        r.wait_entry("ended")


class ApprovalDeclined(_Asked):
    """The answer is no: what was begun is undone, or waits where an undo would do harm."""

    name = "approval-declined"
    line = "a person says no: nothing is fenced or promoted, and what was begun is undone"
    moral = "GOOD: the answer was no, and no door was passed."

    def follow(self, r) -> None:
        self.asked(r)
        r.events.add("operator", "a person types: leeward decline orders")
        r.command.must("decline", names.WORKLOAD, "--reason", "planned work, it will be back")
        self.rest = r.wait_rest()

    def judge(self, r) -> None:
        checks.expect(self.rest.kind == "held" or self.rest.entry["end"] == "rolled-back",
                      f"the generation ended {self.rest.entry}")
        _no_door_was_passed(r)
        checks.told(r)
        checks.audit_holds(r)


class ApprovalNever(_Asked):
    """Nobody answers."""

    name = "approval-never"
    line = "nobody answers: the generation is held, nothing irreversible is done"
    moral = "GOOD: nobody answered, the generation waits for a person, and no door was passed."

    def follow(self, r) -> None:
        self.asked(r)
        r.wait_entry("held")

    def judge(self, r) -> None:
        _no_door_was_passed(r)
        checks.told(r)
        checks.audit_holds(r)


def _no_door_was_passed(r) -> None:
    checks.promoted(r, 0)
    checks.no_entry(r, "committed")
    checks.untouched_traffic(r)
    checks.expect(checks.lease_owner(r)[0] == PRIMARY, "the writer lease is not with the primary")


class StopInTheMiddle(Scenario):
    """A person stops the recovery, looks, and lets it go on."""

    name = "stop-in-the-middle"
    line = "a person stops the recovery in the middle: nothing more is sent until it is resumed"
    # Long enough for an executor that did not obey to be caught.
    look_s = 8.0

    def follow(self, r) -> None:
        r.wait_entry("fenced")
        r.events.add("operator", "a person types: leeward stop orders")
        r.command.must("stop", names.WORKLOAD, "--reason", "let me look")
        stopped = r.wait_entry("stopped")
        r.pause(self.look_s)
        after = [record for record in r.book.of("intent", 1) if record.seq > stopped.seq]
        checks.expect(not after, f"{len(after)} effects were sent after the stop")
        checks.promoted(r, 0)
        r.events.add("operator", "a person types: leeward resume orders")
        r.command.must("resume", names.WORKLOAD, "--reason", "go on", "--time-limit", "3m")
        r.wait_entry("ended")


class TwoTriggers(Scenario):
    """The schedule, alarms and two people start the same recovery at once."""

    name = "two-triggers"
    line = "the schedule, the alarms and two manual starts come at once: one generation"

    def follow(self, r) -> None:
        r.wait("both canaries to see it", lambda: len(
            [e for e in r.events.of("alarm") if e.text.endswith("ALARM")
             and e.at > r.events.broken_at]) >= len(names.CANARY))
        start = {"leeward": "start", "workload": names.WORKLOAD, "plan": names.PLAN,
                 "mode": "recover", "direction": "to-standby", "reason": "it is down",
                 "operator": "arn:aws:sts::123456789012:assumed-role/ops/kim"}
        client = r.world.cloud.client("stepfunctions", CONTROL)
        for _ in range(2):
            client.start_execution(stateMachineArn=r.world.stack.outputs["StateMachineArn"],
                                   input=json.dumps(start))
        r.events.add("operator", "two people start it by hand, at once")
        r.wait_rest()


SCENARIOS = [Approved(), ApprovalLate(), ApprovalDeclined(), ApprovalNever(), StopInTheMiddle(),
             TwoTriggers()]
