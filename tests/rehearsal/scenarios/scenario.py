"""What a scenario is: what is different, how it breaks, what is done meanwhile, what must hold."""

from __future__ import annotations

from .. import checks
from ..names import PRIMARY, STANDBY


class Scenario:
    """The plain one: us-east-1 dies whole and silent, and the workload moves. Others change a part.

    `r` is the `Rehearsal` that runs the scenario.
    """

    name = ""
    line = ""
    # Run by `make test` too.
    short = False
    breaking = f"{PRIMARY} dies whole and silent: service, PostgreSQL, its AWS, its metrics"
    moral = (f"GOOD: users are served from {STANDBY}, the old side cannot write, and the journal's"
             " checks hold.")

    # How long the services hold their lease; None: as the plan says.
    service_ttl_s: float | None = None

    # Who rehearses it: `Rehearsal` (None), or a course of its own with the same `go`.
    course = None
    # Above the longest that it may take; past it, every thread's place is printed.
    limit_s = 300

    def plan(self, plan: dict, r) -> None:
        """Changes the plan before it is put."""

    def watched(self, r) -> None:
        """Starts what has to run before all can be steady."""

    def prepare(self, r) -> None:
        """Sets traps while all is well."""

    def strike(self, r) -> None:
        """Breaks what is broken."""
        r.world.kill_region()

    def follow(self, r) -> None:
        """Does what people would do meanwhile, and waits for the end."""
        r.wait_rest()

    def judge(self, r) -> None:
        """Raises `checks.Unmet` unless all holds that must hold."""
        checks.recovered_whole(r)
