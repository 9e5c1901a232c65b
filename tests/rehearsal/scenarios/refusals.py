"""What Leeward must refuse, each with numbers, and without touching anything."""

import json

from .. import checks, names
from ..names import CONTROL, PRIMARY, STANDBY
from .scenario import Scenario


class LossOverLimit(Scenario):
    """Replication had broken before the outage: more would be lost than the plan allows."""

    name = "loss-over-limit"
    line = "replication broke before the outage: the loss bound is over the plan's limit"
    moral = "GOOD: the loss would be over the limit, so nothing was promoted and a person is asked."
    max_loss_s = 8

    def plan(self, plan: dict, r) -> None:
        plan["databases"][0]["max-loss"] = f"{self.max_loss_s}s"
        plan["policy"]["approval"] |= {"timeout": "3s", "on-timeout": "hold"}

    def prepare(self, r) -> None:
        r.world.stream_gate.set("cut")
        r.events.add("lag", "replication between the Regions stands still")
        r.pause(self.max_loss_s + 2)

    def follow(self, r) -> None:
        r.wait_entry("held")

    def judge(self, r) -> None:
        checks.promoted(r, 0)
        checks.untouched_traffic(r)
        checks.no_entry(r, "committed")
        reasons = [record.entry["question"] for record in r.book.of("asked", 1)]
        reasons.append(r.book.of("held", 1)[-1].entry["reason"])
        checks.expect(any(character.isdigit() for text in reasons for character in text),
                      f"no number is named: {reasons}")
        checks.told(r)
        checks.audit_holds(r)


class UnknownLag(Scenario):
    """The heartbeat cannot be read: what would be lost is unknown, and unknown counts as no."""

    name = "unknown-lag"
    line = "the heartbeat cannot be read: unknown lag counts as no"
    moral = "GOOD: what would be lost is unknown, so nothing was promoted."

    def plan(self, plan: dict, r) -> None:
        plan["time-limit"] = "40s"

    def prepare(self, r) -> None:
        # Rows cannot be taken from under a writer; the right to read them can, and replicates.
        r.world.pair.primary.query("REVOKE SELECT ON leeward_heartbeat FROM leeward_probe")
        r.wait("the standby to know it", lambda: r.world.pair.replica.query(
            "SELECT has_table_privilege('leeward_probe', 'leeward_heartbeat', 'SELECT')"
        ) == [[False]], 10)

    def judge(self, r) -> None:
        checks.promoted(r, 0)
        checks.untouched_traffic(r)
        checks.no_entry(r, "committed")
        checks.told(r)
        checks.audit_holds(r)


class QuorumNotReached(Scenario):
    """One witness sees the outage, the others are blind: that is no quorum."""

    name = "quorum-not-reached"
    line = "one canary sees it and the others are blind: no quorum, no recovery"
    moral = "GOOD: one witness is no quorum; nothing was opened."
    # Several sweeps with the votes as they are.
    look_s = 15.0

    def strike(self, r) -> None:
        r.world.watcher.kill_all()
        r.world.kill_region()

    def follow(self, r) -> None:
        r.wait("the one canary's alarm", lambda: any(
            e.text.endswith("ALARM") for e in r.events.of("alarm")), 30)
        r.pause(self.look_s)

    def judge(self, r) -> None:
        checks.generations(r, 0)
        checks.promoted(r, 0)
        checks.untouched_traffic(r)
        ran = r.command.run("assess", names.WORKLOAD, "--json")
        checks.expect("quorum" in ran.out,
                      f"`leeward assess` does not name the quorum: {ran.out + ran.err}")


class RefusedCoolDown(Scenario):
    """A second start within the cool-down is refused, on record, with the time that is left."""

    name = "refused-cool-down"
    line = "a second start within the cool-down is refused with the time left, and people are told"

    def plan(self, plan: dict, r) -> None:
        plan["policy"]["cool-down"] = "10m"

    def follow(self, r) -> None:
        r.wait_rest()
        r.wait("people to be told of the end", lambda: r.world.subscriber.messages, 40)
        start = {"leeward": "start", "workload": names.WORKLOAD, "plan": names.PLAN,
                 "mode": "recover", "direction": "to-primary", "reason": "home at once"}
        r.events.add("operator", "a person starts the way home by hand")
        r.world.cloud.client("stepfunctions", CONTROL).start_execution(
            stateMachineArn=r.world.stack.outputs["StateMachineArn"], input=json.dumps(start))
        r.wait("the refusal on record", lambda: r.book.workload_items("REFUSED#"), 40)

    def judge(self, r) -> None:
        refusal = json.dumps(r.book.workload_items("REFUSED#")[-1])
        checks.expect("cool-down" in refusal and "left" in refusal,
                      f"the refusal does not name the time left: {refusal}")
        checks.generations(r, 1)
        checks.told(r, 2)
        checks.recovered_whole(r)


class CapacityFails(Scenario):
    """There is nothing to run on at the other side: no door is passed."""

    name = "capacity-fails"
    line = "EC2 has no capacity in the standby Region: nothing is promoted"
    moral = "GOOD: without capacity no door was passed, and a person is asked."

    def plan(self, plan: dict, r) -> None:
        plan["time-limit"] = "40s"

    def strike(self, r) -> None:
        r.world.without_capacity.add(STANDBY)
        r.world.kill_region()

    def judge(self, r) -> None:
        checks.promoted(r, 0)
        checks.untouched_traffic(r)
        checks.no_entry(r, "committed")
        checks.told(r)
        checks.audit_holds(r)


class ResumeSendsAgain(Scenario):
    """A permission is missing; a person gives it and resumes: the promotion is asked for once more."""

    name = "resume-sends-again"
    line = "RDS refuses the promotion once for a missing permission: held, mended, resumed, recovered"

    def prepare(self, r) -> None:
        self.fault = r.world.cloud.faults.add(
            "refuse", service="rds", action="PromoteReadReplica", code="AccessDenied", status=403,
            message="not authorized to perform: rds:PromoteReadReplica", times=1)

    def follow(self, r) -> None:
        rest = r.wait_rest()
        checks.expect(rest.kind == "held", f"it was not held: {rest.entry}")
        reason = rest.entry["reason"]
        for word in ("rds:PromoteReadReplica", "AccessDenied", f"leeward resume {names.WORKLOAD}"):
            checks.expect(word in reason, f"the hold does not name {word}: {reason}")
        r.events.add("operator", "a person gives the permission and types: leeward resume orders")
        r.command.must("resume", names.WORKLOAD, "--reason", "the permission is there now")
        r.wait_entry("ended")

    def judge(self, r) -> None:
        checks.expect(self.fault.struck, "no promotion was refused: nothing was rehearsed")
        checks.generations(r, 1)
        checks.promoted(r, 1)
        checks.recovered_whole(r)


class TurnBack(Scenario):
    """The primary is well again before the commit: the lease is given back, users stay."""

    name = "turn-back"
    line = "the primary is seen well again before the commit: the lease is given back"
    short = True
    breaking = f"{PRIMARY} is cut off: its own users still reach it, nobody else does"
    moral = f"GOOD: {PRIMARY} was well again in time; it has its lease back and serves."

    def strike(self, r) -> None:
        # The commit waits for capacity, so that there is a time before it.
        r.world.without_capacity.add(STANDBY)
        r.world.hide_primary()

    def follow(self, r) -> None:
        r.wait_entry("fenced")
        r.world.show_primary()
        r.events.add("healed", f"the partition heals: {PRIMARY} is seen again")
        r.wait("two voters to say on record that it is well", lambda: sum(
            signal["vote"] == "healthy" for signal in r.signals()) >= 2, 40)
        r.world.without_capacity.clear()
        r.wait_entry("turned-back")
        r.wait_entry("ended")

    def judge(self, r) -> None:
        end = r.book.of("ended", 1)[-1].entry
        checks.expect(end["end"] == "rolled-back", f"it ended {end['end']}: {end['reason']}")
        owner, epoch = checks.lease_owner(r)
        checks.expect((owner, epoch) == (PRIMARY, 3),
                      f"the lease is with {owner} at epoch {epoch}, not given back")
        checks.promoted(r, 0)
        checks.untouched_traffic(r)
        checks.served_from(r, PRIMARY)
        checks.told(r)
        r.world.end_client()
        checks.one_writer(r, PRIMARY)
        checks.nothing_lost(r, PRIMARY)
        checks.audit_holds(r)


SCENARIOS = [TurnBack(), CapacityFails(), LossOverLimit(), UnknownLag(), QuorumNotReached(),
             RefusedCoolDown(), ResumeSendsAgain()]
