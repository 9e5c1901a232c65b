"""A Region dies, and everything that can alarm does."""

from ..storm import Storm
from .scenario import Scenario


class AlarmStorm(Scenario):
    """Ten thousand alarms, fifty workloads."""

    name = "alarm-storm"
    line = ("10,000 alarms of 50 workloads at once, told twice, late, out of order, some never:"
            " 50 generations, none lost")
    moral = "GOOD: one generation a workload, whatever was told how often."
    course = Storm
    # Twenty thousand deliveries, four at a time, on whatever machine.
    limit_s = 3700


SCENARIOS = [AlarmStorm()]
