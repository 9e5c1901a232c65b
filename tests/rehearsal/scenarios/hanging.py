"""A Region that takes connections and never answers is harder on clients than one that is silent."""

from ..names import PRIMARY
from .scenario import Scenario


class Hanging(Scenario):
    """us-east-1 hangs."""

    name = "hanging"
    line = "us-east-1 hangs instead of falling silent: every connection opens, none is answered"
    breaking = f"{PRIMARY} hangs: every connection opens, and nothing ever answers"

    def strike(self, r) -> None:
        r.world.kill_region(mode="hang")


SCENARIOS = [Hanging()]
