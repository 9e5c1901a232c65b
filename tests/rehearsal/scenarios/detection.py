"""What is seen, and what it adds up to: false alarms, brown-outs, a zone, and plain silence."""

from .. import checks, names, storms
from ..monitor import Monitor
from ..names import PRIMARY, STANDBY
from .scenario import Scenario

# Several sweeps, each a few seconds long on a busy machine.
_LOOK_S = 15.0


def _primary_voters(r) -> list[dict]:
    """Observers that live in the primary Region, beside the alarm that does."""
    return [
        {"id": "web-group", "kind": "group", "region": PRIMARY, "group": names.GROUP[PRIMARY]},
        {"id": "web-targets", "kind": "targets", "region": PRIMARY,
         "target-group": r.world.estate.target_group[PRIMARY], "group": names.GROUP[PRIMARY]}]


def _votes(r) -> dict[str, str]:
    return {signal["voter"]: signal["vote"] for signal in r.signals()}


class FalseAlarm(Scenario):
    """Everything that the primary Region says of itself is bad, and none of it is true."""

    name = "false-alarm"
    line = "all voters of one Region are wrong together: nothing moves, a person is told"
    breaking = f"every observer in {PRIMARY} says that it is down; users are served as before"
    moral = "GOOD: no witness outside saw it, so nothing moved, and a person knows."

    def plan(self, plan: dict, r) -> None:
        plan["detection"]["voters"] += _primary_voters(r)

    def strike(self, r) -> None:
        self.liar = storms.Liar(r.world.cloud)
        self.liar.start()
        for zone in storms.zones(PRIMARY):
            r.world.cloud.aws.set_zone(zone, True)

    def follow(self, r) -> None:
        try:
            wrong = {"api-5xx", "web-group", "web-targets"}
            r.wait("all observers of the Region to say that it is down",
                   lambda: {v for v, vote in _votes(r).items() if vote == "unhealthy"} >= wrong, 60)
            r.pause(_LOOK_S)
            checks.told(r)
            self.assessed = r.command.run("assess", names.WORKLOAD, "--json").out
        finally:
            self.liar.stop()

    def judge(self, r) -> None:
        said = _votes(r)
        outside = {voter: said.get(voter) for voter in ("canary-west", "canary-eu")}
        checks.expect(set(outside.values()) == {"healthy"}, f"the outside voters say {outside}")
        checks.expect("witness" in self.assessed,
                      f"the verdict does not name what is missing: {self.assessed[-600:]}")
        checks.generations(r, 0)
        checks.promoted(r, 0)
        checks.untouched_traffic(r)
        checks.served_from(r, PRIMARY)
        r.world.end_client()
        checks.nothing_lost(r, PRIMARY)


class BrownOut(Scenario):
    """One order in five fails. Whether that is an outage is the plan's to say."""

    name = "brown-out"
    line = "one order in five fails: above the plan's threshold it moves, below it nothing does"
    breaking = f"{PRIMARY} answers one order in five with 500; nothing is down"
    moral = "GOOD: the same 20 % moved nothing at a threshold of 50, and everything at one of 10."
    percent = 20
    voters = ("monitor-eu", "monitor-west")

    def plan(self, plan: dict, r) -> None:
        # What users feel is measured outside, by one system whose documents come by two ways.
        regions = {"monitor-eu": names.CONTROL, "monitor-west": STANDBY}
        plan["detection"]["voters"] = [
            {"id": voter, "kind": "document", "region": regions[voter],
             "error-rate": {"above": 50}, "availability": {"below": 50}} for voter in self.voters]
        plan["responds-to"] += [
            {"kind": "service-degradation", "min-severity": "low"},
            {"kind": "service-outage", "min-severity": "low"},
            {"kind": "application-error", "min-severity": "low"}]
        self.file = r.run / "plan-of-ten.yaml"

    def watched(self, r) -> None:
        self.monitor = Monitor(r.world.cloud, r.world.stack.outputs["ListenerArn"], r.world.record,
                               self.voters)
        self.monitor.start()

    def strike(self, r) -> None:
        r.world.sides[PRIMARY].brown_out(self.percent)

    def follow(self, r) -> None:
        try:
            self._at_fifty(r)
            self._at_ten(r)
        finally:
            self.monitor.stop()
            r.world.sides[PRIMARY].brown_out(0)

    def _at_fifty(self, r) -> None:
        seen = len(self.monitor.posted)
        # A window that holds the brown-out whole.
        r.wait("documents that tell of it", lambda: any(
            10 < rate < 50 for rate in self.monitor.posted[seen + 2:]), 30)
        r.pause(_LOOK_S)
        checks.generations(r, 0)
        checks.expect(set(_votes(r).values()) == {"healthy"}, f"at 50 the voters say {_votes(r)}")
        r.events.add("plan", "below the threshold of 50 %: nothing was opened; the owner now says 10 %")

    def _at_ten(self, r) -> None:
        for voter in r.plan["detection"]["voters"]:
            voter |= {"error-rate": {"above": 10}, "availability": {"below": 90}}
        r.put_plan(self.file)
        r.wait_rest()

    def judge(self, r) -> None:
        checks.recovered_whole(r)


class ZoneOutage(Scenario):
    """One of three zones fails: the Region is well, and so are its users."""

    name = "zone-outage"
    line = "one zone of the primary fails: it is called what it is, and the Region stays"
    moral = "GOOD: a zone is no Region; it is on record as a zone, and nobody was moved."
    zone = f"{PRIMARY}b"
    breaking = f"zone {zone} dies: its instances are impaired, its targets unhealthy"

    def plan(self, plan: dict, r) -> None:
        plan["detection"]["voters"] += [{**voter, "more-than": 25} for voter in _primary_voters(r)]

    def strike(self, r) -> None:
        r.world.cloud.aws.set_zone(self.zone, True)

    def follow(self, r) -> None:
        ill = {"web-group", "web-targets"}
        r.wait("the group and its targets to say so",
               lambda: {v for v, vote in _votes(r).items() if vote == "unhealthy"} == ill, 60)
        r.pause(_LOOK_S)
        self.assessed = r.assessment()
        checks.generations(r, 0)
        self.open = storms.impairments(r)
        r.world.cloud.aws.set_zone(self.zone, False)
        r.events.add("healed", f"zone {self.zone} is well again")
        r.wait("every voter to be well again", lambda: set(_votes(r).values()) == {"healthy"}, 60)
        r.wait("the impairment to be over", lambda: storms.impairments(r)[-1]["resolved"], 30)

    def judge(self, r) -> None:
        storms.lived(r, self.open, "zone-outage")
        checks.expect(self.open[-1]["zones"] == [self.zone], f"on record is {self.open[-1]}")
        found = storms.classified(self.assessed)
        checks.expect(found.get("kind") == "zone-outage", f"it was called {found}")
        checks.expect(found.get("zones") == [self.zone], f"the zone is not named: {found}")
        checks.promoted(r, 0)
        checks.untouched_traffic(r)
        checks.served_from(r, PRIMARY)


class Silent(Scenario):
    """The Region dies, and nothing that AWS would tell of it ever arrives."""

    name = "silent"
    line = "nothing is emitted at all: no alarm, no event arrives; the sweep alone finds it"

    def prepare(self, r) -> None:
        r.world.cloud.aws.delivery.unruly.set(lost=1.0, only=names.LISTENER)

    def judge(self, r) -> None:
        lost = r.world.cloud.aws.delivery.unruly.count()["lost"]
        checks.expect(lost, "no event was lost: nothing was rehearsed")
        heard = storms.heard(r.world.cloud.aws, names.LISTENER, r.events.broken_at)
        checks.expect(not heard, f"the listener heard of it: {heard[:1]}")
        opened = r.book.of("opened", 1)[0]
        r.events.add("measure", f"{lost} events were lost; opened {opened.at - r.events.broken_at:.0f} s"
                                " after the break, by the sweep alone")
        checks.recovered_whole(r)


SCENARIOS = [FalseAlarm(), BrownOut(), ZoneOutage(), Silent()]
