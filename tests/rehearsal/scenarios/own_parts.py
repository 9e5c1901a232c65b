"""What happens to Leeward's own parts: killed, called twice, dead at a bad moment, left alone."""

from .. import checks, names
from ..names import CONTROL, STANDBY
from .scenario import Scenario

# Function, service and action of every effect: after each, the function is killed once, when the
# effect is there and nobody has been told.
_EFFECTS = (
    # The sweeping detector or the listener: whoever comes first opens and starts it.
    ("leeward", "stepfunctions", "StartExecution"),
    ("db-failover", "dynamodb", "UpdateItem"),
    ("restore", "autoscaling", "UpdateAutoScalingGroup"),
    ("restore", "ec2", "StartInstances"),
    ("db-failover", "rds", "PromoteReadReplica"),
    ("dns-failover", "cloudwatch", "PutMetricData"),
    # The notifier or the sweeping detector: whoever comes first tells people.
    ("leeward", "sns", "Publish"),
)
# The first entries of a journal, and some in the middle: killed right after each was stored.
_ENTRIES = ("detector", "db-failover", "restore", "dns-failover", "validator")


# People are told within a sweep or two of the end; everything else comes before it.
_BLOW_LIMIT_S = 40.0


class KilledAfterEffect(Scenario):
    """A function is killed between an effect and its outcome; the next attempt finishes."""

    def __init__(self, function: str, service: str, action: str):
        self.function, self.service, self.action = function, service, action
        self.name = f"killed-after-effect:{function}:{action}"
        self.line = f"{function} is killed right after {service}:{action} had its effect"
        self.short = action == "PromoteReadReplica"

    def prepare(self, r) -> None:
        self.hook = r.world.cloud.hooks.add(
            "kill", at="after-call", function=self.function, service=self.service,
            action=self.action)

    def judge(self, r) -> None:
        _await_blow(r, self.hook)
        checks.recovered_whole(r)
        sent = checks.effects(r, "rds", "PromoteReadReplica")
        checks.expect(len(sent) == 1, f"the promotion was carried out {len(sent)} times")


class KilledAfterEntry(Scenario):
    """A function is killed right after it wrote to the journal."""

    def __init__(self, function: str):
        self.function = function
        self.name = f"killed-after-entry:{function}"
        self.line = f"{function} is killed right after its first journal entry of the recovery"

    def prepare(self, r) -> None:
        # The detector writes votes all the time: it is struck when the recovery has begun.
        contains = "" if self.function != "detector" else '"trigger"'
        self.hook = r.world.cloud.hooks.add(
            "kill", at="after-call", function=f"-{self.function}", service="dynamodb",
            action="PutItem", payload_contains=contains)

    def judge(self, r) -> None:
        _await_blow(r, self.hook)
        checks.recovered_whole(r)


class KilledAtAnswer(Scenario):
    """The notifier writes no entries, and the sweeping detector may have told people before it: it
    is killed when it has done its work and is about to say so."""

    name = "killed-at-answer:notifier"
    line = "notifier is killed when its work is done, before it can say so"

    def prepare(self, r) -> None:
        self.hook = r.world.cloud.hooks.add("kill", at="end", function="-notifier")

    def judge(self, r) -> None:
        _await_blow(r, self.hook)
        checks.recovered_whole(r)


def _await_blow(r, hook) -> None:
    """A rehearsal in which the blow never fell has shown nothing."""
    r.wait(f"{hook.function or 'a function'} to be killed at {hook.at} {hook.action}".rstrip(),
           lambda: hook.struck == 1, _BLOW_LIMIT_S)


class Twice(Scenario):
    """Every invocation is delivered twice, at the same moment, to two processes."""

    name = "twice"
    line = "every function is invoked twice each time; the world changes once"
    short = True

    def prepare(self, r) -> None:
        self.hook = r.world.cloud.hooks.add("twice", function=names.STACK, times=None)

    def judge(self, r) -> None:
        checks.expect(self.hook.struck > 10, "too little was delivered twice")
        checks.recovered_whole(r)
        sent = checks.effects(r, "rds", "PromoteReadReplica")
        checks.expect(len(sent) == 1, f"the promotion was carried out {len(sent)} times")


class DetectorDies(Scenario):
    """Who opens the generation, the sweep or the listener, dies before it starts an executor."""

    name = "detector-dies"
    line = "who opens the generation dies before starting an executor; the sweeper adopts it"

    def prepare(self, r) -> None:
        self.hook = r.world.cloud.hooks.add(
            "kill", at="before-call", function=names.STACK, service="stepfunctions",
            action="StartExecution")

    def judge(self, r) -> None:
        checks.expect(self.hook.struck == 1, "an executor was started unharmed")
        checks.recovered_whole(r)


class SnsDown(Scenario):
    """Nobody can be told; the recovery goes on, and people are told when SNS is back."""

    name = "sns-down"
    line = "SNS is away: the recovery goes on, and what is owed is told when SNS is back"

    def strike(self, r) -> None:
        r.world.kill_region()
        self.fault = r.world.cloud.faults.away("sns")

    def follow(self, r) -> None:
        r.wait_entry("ended")
        before = r.world.cloud.aws.log.find()[-1]["seq"]
        # One try for each thing that is owed, the end among them.
        r.wait("the end to be told in vain", lambda: len([
            call for call in r.world.cloud.aws.log.find(service="sns", action="Publish")
            if call["seq"] > before and call["faults"]]) >= len(r.plan["notifications"]["topics"]))
        checks.expect(not r.world.subscriber.messages, "people were told though SNS was away")
        r.world.cloud.faults.clear(self.fault.id)
        r.events.add("sns", "SNS answers again")


class NoStepFunctions(Scenario):
    """Step Functions is away: a person finishes the generation with `leeward run`."""

    name = "no-step-functions"
    line = "Step Functions is away; `leeward run` finishes the generation from a terminal"
    short = True

    def strike(self, r) -> None:
        r.world.cloud.faults.away("stepfunctions")
        r.world.kill_region()

    def follow(self, r) -> None:
        r.wait_entry("opened")
        r.events.add("operator", "a person types: leeward run orders")
        ran = r.command.run("run", names.WORKLOAD, limit_s=180)
        checks.expect(ran.code == 0, f"`leeward run` ended with {ran.code}: {ran.err[-1500:]}")

    def judge(self, r) -> None:
        started = r.world.cloud.client("stepfunctions", CONTROL)
        r.world.cloud.faults.clear()
        r.world.cloud.faults.region_down(names.PRIMARY)
        machines = r.world.stack.outputs["StateMachineArn"]
        ran = started.list_executions(stateMachineArn=machines)["executions"]
        checks.expect(not ran, f"{len(ran)} executions ran though Step Functions was away")
        checks.recovered_whole(r)


class LateFence(Scenario):
    """The fence's request is held up on its way; its sender dies; it lands when its life is over."""

    name = "late-fence"
    line = "the fence's request lands late, after its sender died: AWS itself refuses it"

    def prepare(self, r) -> None:
        self.fault = r.world.cloud.faults.add(
            "delay", service="dynamodb", action="UpdateItem", function="*-db-failover", times=1,
            seconds=names.REQUEST_LIFE_S + 4)

    def follow(self, r) -> None:
        r.wait("the fence's request to be on its way", lambda: self.fault.struck)
        killed = r.world.cloud.aws.lambdas.kill("-db-failover")
        r.events.add("killed", f"{killed} processes of db-failover are killed; their request lives")
        r.wait_rest()

    def judge(self, r) -> None:
        late = [call for call in r.world.cloud.aws.log.find(service="dynamodb", action="UpdateItem")
                if call["faults"]]
        checks.expect(late and late[0]["error"], "the late request was not refused")
        r.events.add("late", f"the late request was refused: {late[0]['error']}")
        checks.recovered_whole(r)
        owner, epoch = checks.lease_owner(r)
        checks.expect((owner, epoch) == (STANDBY, 3),
                      f"the lease is with {owner} at epoch {epoch}, not with {STANDBY} at 3")


SCENARIOS = [
    *(KilledAfterEffect(*effect) for effect in _EFFECTS),
    *(KilledAfterEntry(function) for function in _ENTRIES), KilledAtAnswer(),
    Twice(), DetectorDies(), SnsDown(), NoStepFunctions(), LateFence()]
