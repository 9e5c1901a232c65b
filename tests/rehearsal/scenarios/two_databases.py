"""A workload with two databases moves whole or not at all."""

import copy

from localaws import ACCOUNT

from .. import checks, names
from ..names import PRIMARY, STANDBY
from .scenario import Scenario

_INSTANCE = {PRIMARY: "ledger-db", STANDBY: "ledger-db-replica"}
# The ledger's heartbeat row is a copy of the orders': one writer, one lease, one beat.
_TABLES = """
CREATE TABLE leeward_heartbeat (
    id int PRIMARY KEY,
    at_ms bigint NOT NULL,
    region text NOT NULL
);
GRANT SELECT ON leeward_heartbeat TO leeward_probe
"""


class _TwoDatabases(Scenario):
    """A second database beside the first, on the same servers and under the same lease."""

    def plan(self, plan: dict, r) -> None:
        _make(r)
        ledger = copy.deepcopy(plan["databases"][0])
        ledger |= {"id": _INSTANCE[PRIMARY],
                   "instance": {"primary": _INSTANCE[PRIMARY], "standby": _INSTANCE[STANDBY]}}
        ledger["probe"]["database"] = "ledger"
        plan["databases"].append(ledger)


def _make(r) -> None:
    primary = r.world.pair.primary
    primary.query("CREATE DATABASE ledger", database="postgres")
    primary.query(_TABLES, database="ledger")
    cloud = r.world.cloud
    cloud.client("rds", PRIMARY).create_db_instance(
        DBInstanceIdentifier=_INSTANCE[PRIMARY], Engine="postgres", AllocatedStorage=20,
        DBInstanceClass="db.t4g.medium", MasterUsername="postgres",
        MasterUserPassword="not-used-here", BackupRetentionPeriod=7,
        Tags=names.tags(_INSTANCE[PRIMARY]))
    cloud.client("rds", STANDBY).create_db_instance_read_replica(
        DBInstanceIdentifier=_INSTANCE[STANDBY], Tags=names.tags(_INSTANCE[STANDBY]),
        SourceDBInstanceIdentifier=f"arn:aws:rds:{PRIMARY}:{ACCOUNT}:db:{_INSTANCE[PRIMARY]}")


class CheckRefuses(_TwoDatabases):
    """One of the two refuses in the checks: its lag is unknown."""

    name = "check-refuses"
    line = "one of two databases refuses in its checks: nothing is promoted, no half workload"
    moral = "GOOD: one database could not go, so none went."

    def judge(self, r) -> None:
        held = r.book.of("held", 1)
        checks.expect(held and _INSTANCE[PRIMARY] in held[0].entry["reason"],
                      "the database that could not go is not named")
        checks.no_entry(r, "turned-back")
        checks.promoted(r, 0)
        checks.untouched_traffic(r)
        checks.expect(checks.lease_owner(r)[0] == PRIMARY, "the lease was taken for nothing")
        checks.no_entry(r, "committed")
        checks.told(r)
        checks.audit_holds(r)


class PromoteRefuses(_TwoDatabases):
    """One of the two is refused by RDS when it is promoted, after the commit."""

    name = "promote-refuses"
    line = "RDS refuses to promote one of two databases: held, named, traffic untouched"
    moral = "GOOD: one database is not promoted, so users were not sent to half a workload."

    def plan(self, plan: dict, r) -> None:
        super().plan(plan, r)
        # A refusal may be of a passing kind, so it is tried again until the time is over.
        plan["time-limit"] = "75s"

    def prepare(self, r) -> None:
        r.world.pair.primary.query(
            "INSERT INTO leeward_heartbeat VALUES"
            f" (1, (extract(epoch FROM now()) * 1000)::bigint, '{PRIMARY}')",
            database="ledger")
        # The first promotion is let through, every later one is refused.
        self.fault = r.world.cloud.faults.add(
            "refuse", service="rds", action="PromoteReadReplica", after=1,
            code="InvalidDBInstanceState", message="DB Instance is not in available state.")

    def judge(self, r) -> None:
        checks.expect(self.fault.struck, "no promotion was refused: nothing was rehearsed")
        checks.held(r, about="db")
        checks.untouched_traffic(r)
        checks.told(r)
        checks.audit_holds(r)


SCENARIOS = [CheckRefuses(), PromoteRefuses()]
