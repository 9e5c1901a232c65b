"""All scenarios, one idea a file. A file's `SCENARIOS` are run under their names."""

from __future__ import annotations

import importlib

# In the order in which they are listed: the plain course, then what AWS does to us, then what
# happens to our own parts, then what people do, what is refused, and what is seen.
_FILES = ("region_outage", "hanging", "partition", "longer_lease", "lost_answers", "own_parts", "two_databases",
          "people", "refusals", "shut_sides", "detection", "exhaustion", "alarm_storm")


def every() -> dict:
    """All scenarios by name, in order."""
    found = {}
    for name in _FILES:
        for scenario in importlib.import_module(f".{name}", __package__).SCENARIOS:
            if scenario.name in found:
                raise ValueError(f"two scenarios are named {scenario.name}")
            found[scenario.name] = scenario
    return found
