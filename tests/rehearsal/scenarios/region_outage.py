"""The main one."""

from .scenario import Scenario


class RegionOutage(Scenario):
    """us-east-1 dies whole and silent."""

    name = "region-outage"
    line = "us-east-1 dies whole and silent; the workload moves to us-west-2 by itself"
    short = True


SCENARIOS = [RegionOutage()]
