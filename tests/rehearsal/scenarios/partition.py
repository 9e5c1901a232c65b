"""The case that splits brains: the primary lives and takes orders, and nobody outside sees it."""

from .. import checks
from ..journal import seconds
from ..names import PRIMARY, STANDBY
from .scenario import Scenario


class Partition(Scenario):
    """us-east-1 is alive for its own clients and unseen by us."""

    name = "partition"
    line = "us-east-1 goes on for its own clients and is unseen by everyone else"
    short = True
    breaking = f"{PRIMARY} is cut off: its own users still reach it, nobody else does"

    def strike(self, r) -> None:
        r.world.hide_primary()

    def judge(self, r) -> None:
        checks.recovered(r)
        checks.promoted(r)
        _lease_before_promotion(r)
        checks.served_from(r, STANDBY)
        r.world.end_client()
        checks.one_writer(r, STANDBY)
        checks.loss_within_bound(r)
        checks.old_side_cannot_write(r)
        checks.audit_holds(r)
        _bound_is_within_the_plan(r)


def _lease_before_promotion(r) -> None:
    order = [record.seq for kind in ("fenced", "committed") for record in r.book.of(kind, 1)]
    promotes = [record.seq for record in r.book.of("intent", 1)
                if "promote-replica" in record.entry["change"]]
    checks.expect(order and promotes and max(order) < min(promotes),
                  "the promotion was begun before the lease was taken and the generation committed")


def _bound_is_within_the_plan(r) -> None:
    allowed = seconds(r.plan["databases"][0]["max-loss"])
    for record in r.book.of("loss-bound", 1):
        bound = seconds(record.entry["bound"])
        checks.expect(bound is not None and bound <= allowed,
                      f"promoted on a loss bound of {record.entry['bound']}, over the plan's limit")


SCENARIOS = [Partition()]
