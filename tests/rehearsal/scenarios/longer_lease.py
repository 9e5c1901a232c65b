"""The application goes by a longer lease than the plan says: the larger of the two counts."""

from .. import checks
from .partition import Partition


class LongerLease(Partition):
    """The services hold their lease for 30 s, and the plan says 3 s; the primary is cut off."""

    name = "longer-lease"
    line = "the services go by a lease of 30 s, the plan by one of 3 s, and us-east-1 is unseen"
    short = False
    service_ttl_s = 30.0

    def plan(self, plan: dict, r) -> None:
        plan["databases"][0]["max-loss"] = "1m"

    def judge(self, r) -> None:
        super().judge(r)
        proofs = r.book.of("fenced", 1)
        bounds = [record.entry["bound"] for record in r.book.of("loss-bound", 1)]
        checks.expect(proofs and bounds, "no proof or no bound is on record")
        checks.expect(all(checks.seconds(bound) >= self.service_ttl_s for bound in bounds),
                      f"the bound {bounds} is smaller than the lease that the services go by")


SCENARIOS = [LongerLease()]
