"""AWS does what was asked, and its answer is lost; or says nothing for a while."""

from .. import checks
from .scenario import Scenario


class PromoteAnswerLost(Scenario):
    """The promotion is carried out and its answer never comes."""

    name = "promote-answer-lost"
    line = "the promotion's answer is lost after its effect; it is seen, not sent again"


    def prepare(self, r) -> None:
        self.fault = r.world.cloud.faults.add(
            "answer_lost", service="rds", action="PromoteReadReplica", times=1)

    def judge(self, r) -> None:
        checks.expect(self.fault.struck == 1, "the answer was not lost: nothing was rehearsed")
        checks.recovered_whole(r)
        sent = checks.effects(r, "rds", "PromoteReadReplica")
        checks.expect(len(sent) == 1, f"the promotion was carried out {len(sent)} times")


class TableAway(Scenario):
    """Leeward's own table gives no answer for a while, in the middle."""

    name = "table-away"
    line = "the state table is away for a while in the middle; nothing is done without it"
    # The writers' lease lives in the same service; both come back.
    away_s = 10.0

    def follow(self, r) -> None:
        r.wait_entry("opened")
        fault = r.world.cloud.faults.away("dynamodb")
        r.events.add("table", "DynamoDB in every Region answers no one")
        seen = r.world.cloud.aws.log.find()[-1]["seq"]
        r.pause(self.away_s)
        without = [call for call in r.world.cloud.aws.log.find(since=seen)
                   if call["function"] and call["effect"] and call["action"] in _CHANGES]
        # One effect may have been on its way when the table went.
        self.effects = without[1:]
        r.world.cloud.faults.clear(fault.id)
        r.events.add("table", "DynamoDB answers again")
        r.wait_rest()

    def judge(self, r) -> None:
        checks.expect(not self.effects, "effects without the table: " + ", ".join(
            f"{call['service']}:{call['action']}" for call in self.effects))
        checks.recovered_whole(r)


_CHANGES = ("PromoteReadReplica", "UpdateAutoScalingGroup", "StartInstances", "PutMetricData")

SCENARIOS = [PromoteAnswerLost(), TableAway()]
