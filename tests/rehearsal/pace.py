"""How long an execution took, and how much of it were waits that plan and world asked for: the rest
is our own."""

from __future__ import annotations

import json
from collections.abc import Iterable
from itertools import pairwise
from typing import NamedTuple

# An answer that has not come after so long is not waited for any longer: what every look of ours is
# given, with its second attempt (`crates/aws/src/limits.rs`).
_LOOK_S = 3.0


class Pace(NamedTuple):
    """Where the seconds of an execution went."""

    took: float
    waited: float  # every branch stood in a Wait, or had nothing left to do
    silence: float  # what worked only waited for answers that never came

    @property
    def own(self) -> float:
        """What neither plan nor world asked for."""
        return self.took - self.waited - self.silence


def split(events: list[dict], silences: Iterable[tuple[float, float]] = ()) -> Pace:
    """`events` is the execution's history, as `GetExecutionHistory` answers it; `silences` are spans
    (in seconds since 1970) in which one of its Tasks only waited for an answer that never came."""
    history = [(event["timestamp"].timestamp(), event["id"], event["type"]) for event in events]
    if not history:
        return Pace(0.0, 0.0, 0.0)
    marks = [(at, order, _step(kind, "WaitState"), _step(kind, "TaskState"), 0)
             for at, order, kind in history]
    for begin, end in silences:
        marks += [(begin, 0, 0, 0, 1), (end, 0, 0, 0, -1)]
    marks.sort()
    waits = tasks = silent = 0
    waited = silence = 0.0
    for (at, _, wait, task, mute), (until, *_) in pairwise([*marks, marks[-1]]):
        waits, tasks, silent = waits + wait, tasks + task, silent + mute
        if waits and not tasks:
            waited += until - at
        elif 0 < tasks <= silent:
            silence += until - at
    times = [at for at, *_ in history]
    return Pace(max(times) - min(times), waited, silence)


def silences(execution: str, calls: list[dict],
             invocations: list[dict]) -> list[tuple[float, float]]:
    """The spans in which an invocation of `execution` only waited for answers that never came, from
    the local AWS's log of calls and of invocations: one that got no answer was under way, no other
    was, and it was not yet older than a look waits. To some hundredths of a second: between two
    calls a function also thinks."""
    found = []
    for invocation in invocations:
        if invocation["ended"] and _executor(invocation) == execution:
            own = [call for call in calls if call["invocation"] == invocation["id"]]
            found += _of_one(own, invocation["ended"])
    return found


def _of_one(calls: list[dict], ended: float) -> list[tuple[float, float]]:
    # A connection that was closed told its caller so; one that is open still has no seconds.
    mute = [(call["time"], call["time"] + min(call["seconds"] or _LOOK_S, _LOOK_S))
            for call in calls if call["status"] is None]
    answered = [(call["time"], call["time"] + call["seconds"]) for call in calls
                if call["status"] is not None]
    found = []
    edges = sorted({ended, *(min(ended, at) for span in [*mute, *answered] for at in span)})
    for begin, end in pairwise(edges):
        busy = any(sent <= begin < back for sent, back in answered)
        if not busy and any(sent <= begin < given_up for sent, given_up in mute):
            found.append((begin, end))
    return found


def _executor(invocation: dict) -> str | None:
    try:
        payload = json.loads(invocation["payload"])
    except ValueError:
        return None
    return payload.get("executor") if isinstance(payload, dict) else None


def _step(kind: str, state: str) -> int:
    return {f"{state}Entered": 1, f"{state}Exited": -1}.get(kind, 0)
