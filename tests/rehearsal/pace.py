"""How long an execution took, and how much of it were waits that plan and world asked for: the rest
is our own."""

from __future__ import annotations

from datetime import datetime


def split(events: list[dict]) -> tuple[float, float]:
    """Seconds that an execution took, and of these the seconds in which it only waited: at least
    one branch stood in a Wait, and none in a Task. `events` is its history, as
    `GetExecutionHistory` answers it."""
    ordered = sorted(events, key=lambda event: (event["timestamp"], event["id"]))
    waited, waits, tasks = 0.0, 0, 0
    before: datetime | None = None
    for event in ordered:
        at = event["timestamp"]
        if before is not None and waits and not tasks:
            waited += (at - before).total_seconds()
        waits += _step(event["type"], "WaitState")
        tasks += _step(event["type"], "TaskState")
        before = at
    if before is None:
        return 0.0, 0.0
    return (before - ordered[0]["timestamp"]).total_seconds(), waited


def _step(kind: str, state: str) -> int:
    return {f"{state}Entered": 1, f"{state}Exited": -1}.get(kind, 0)
