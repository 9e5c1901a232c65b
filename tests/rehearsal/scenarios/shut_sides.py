"""Fences that shut the old side's compute: what keeps them from being proven."""

from .. import checks, names
from ..names import CONTROL, PRIMARY, STANDBY
from .scenario import Scenario


class ProtectedWriter(Scenario):
    """One instance of the writers' group is protected from scale-in: it stays, and is named."""

    name = "protected-writer"
    line = "stop-writer, and one instance is protected from scale-in: held, naming it"
    breaking = "nothing breaks: a person orders the move while both Regions answer"
    moral = "GOOD: a writer could still run, so nothing was promoted; the message names it and why."

    def plan(self, plan: dict, r) -> None:
        # The services go by their lease all the same; without it in the plan, nobody makes it.
        r.world.cloud.client("dynamodb", CONTROL).put_item(TableName=r.world.lease_table, Item={
            "pk": {"S": f"LEASE#{names.WORKLOAD}"}, "owner": {"S": PRIMARY}, "epoch": {"N": "1"},
            "effect": {"S": ""}})
        group = {"primary": names.GROUP[PRIMARY], "standby": names.GROUP[STANDBY]}
        stop = {"kind": "stop-writer", "group": group, "sessions-of": "orders"}
        plan["databases"][0]["fences"] = [stop, {"kind": "waiver"}]

    def prepare(self, r) -> None:
        scaling = r.world.cloud.client("autoscaling", PRIMARY)
        group = scaling.describe_auto_scaling_groups(
            AutoScalingGroupNames=[names.GROUP[PRIMARY]])["AutoScalingGroups"][0]
        self.kept = group["Instances"][0]["InstanceId"]
        scaling.set_instance_protection(
            AutoScalingGroupName=names.GROUP[PRIMARY], InstanceIds=[self.kept],
            ProtectedFromScaleIn=True)

    def strike(self, r) -> None:
        r.command.must("start", names.WORKLOAD, "--reason", "a rehearsal")

    def follow(self, r) -> None:
        rest = r.wait_rest()
        checks.expect(rest.kind == "held", f"it was not held: {rest.entry}")
        reason = rest.entry["reason"]
        for word in (f"{self.kept} (InService) is protected from scale-in", "leeward resume"):
            checks.expect(word in reason, f"the hold does not say `{word}`: {reason}")
        checks.expect("silent" not in reason, f"its side answered: {reason}")

    def judge(self, r) -> None:
        checks.promoted(r, 0)
        checks.untouched_traffic(r)
        checks.no_entry(r, "committed")
        checks.told(r)
        checks.audit_holds(r)


SCENARIOS = [ProtectedWriter()]
