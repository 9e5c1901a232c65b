"""What the one who watched sees at the end: when what was done, on what evidence, how long users were
without service against what they were promised, what could be lost, and what was."""

from __future__ import annotations

import os
import sys

import pg8000.native
from botocore.exceptions import BotoCoreError, ClientError

from . import journal, truth
from .names import PRIMARY

_WIDTH = 100
# Evidence lines of a step that are shown; the journal has them all.
_EVIDENCE = 6
_BOLD, _GREEN, _RED, _PLAIN = "\033[1m", "\033[32m", "\033[31m", "\033[0m"


def render(r) -> str:
    """The whole picture of a rehearsal, as text."""
    records = r.book.all()
    parts: list[str] = []
    for generation in sorted({record.generation for record in records}):
        own = [record for record in records if record.generation == generation]
        parts += ["", _heading(f"Generation {generation}: what was done when (seconds since the"
                               " break), and on what evidence"), *_steps(r, own)]
        parts += ["", _heading("Recovery time"), *_recovery_time(r, own), *_overhead(r, own)]
        parts += ["", _heading("Data"), *_data(r, own)]
    parts += ["", _heading("The client's truth"), *_client(r)]
    return "\n".join(parts)


def _heading(text: str) -> str:
    return f"{_paint(_BOLD)}{text}{_paint(_PLAIN)}"


def _paint(code: str) -> str:
    """Colour on a terminal only."""
    return code if sys.stdout.isatty() and "NO_COLOR" not in os.environ else ""


def _seen_at(r, record: journal.Record) -> float:
    """When an entry was seen, to a fifth of a second; the table's own time has whole seconds."""
    same = [other for other in r.book.records(record.generation) if other.kind == record.kind]
    index = [other.seq for other in same].index(record.seq)
    seen = r.events.of(f"journal:{record.kind}")
    return seen[index].at if len(seen) == len(same) else record.at


def _since_break(r, at: float) -> str:
    return f"{at - (r.events.broken_at or at):+7.1f} s"


def _steps(r, records: list[journal.Record]) -> list[str]:
    lines = []
    for record in records:
        made = _MILESTONES.get(record.kind)
        if made is None:
            continue
        name, evidence = made(record.entry)
        lines.append(f"  {_since_break(r, _seen_at(r, record))}  {name}")
        lines += [f"               {_cut(text)}" for text in evidence[:_EVIDENCE]]
        if len(evidence) > _EVIDENCE:
            lines.append(f"               and {len(evidence) - _EVIDENCE} more")
    return lines


# What of the journal is a milestone: its name, and the evidence that it rests on.
_MILESTONES = {
    "opened": lambda e: ("decided", [f"{e['direction']}, to {e['target']}, by plan {e['plan']}"]),
    "step-done": lambda e: (e["step"], e["evidence"]),
    "committed": lambda e: ("commit", e["because"]),
    "turned-back": lambda e: ("turned back", [e["detail"]]),
    "held": lambda e: ("HELD", [e["reason"]]),
    "ended": lambda e: (e["end"], [e["reason"]]),
}


def _cut(text: str) -> str:
    return text if len(text) <= _WIDTH else text[:_WIDTH - 1] + "…"


def _recovery_time(r, records: list[journal.Record]) -> list[str]:
    """RTO from the first signal, by part."""
    opened = records[0]
    first_signal = journal.instant(opened.entry["first-signal"])
    marks = [("detect", "first signal → generation opened", _seen_at(r, opened))]
    for part, words, kind, step in (
        ("decide", "opened → committed: fences, capacity, last look", "committed", None),
        ("execute", "committed → promoted, users moved, the rest started", "step-done", "restore"),
        ("validate", "→ proved from outside", "ended", None),
    ):
        found = [record for record in records if record.kind == kind
                 and (step is None or record.entry["step"] == step)]
        if not found:
            break
        marks.append((part, words, _seen_at(r, found[-1])))
    lines, before = [], first_signal
    for part, words, at in marks:
        lines.append(f"  {part:<10}{max(0.0, at - before):6.1f} s   {words}")
        before = at
    objective = r.plan["objectives"]["rto"]
    end = [record.entry["end"] for record in records if record.kind == "ended"]
    if end != ["recovered"]:
        return [*lines, f"  {end[0] if end else 'not ended'}: no recovery to measure against the"
                        f" objective of {objective}"]
    took = before - first_signal
    met = took <= journal.seconds(objective)
    word = f"{_paint(_GREEN)}met{_paint(_PLAIN)}" if met else f"{_paint(_RED)}missed{_paint(_PLAIN)}"
    if r.events.broken_at:
        lines.append(f"  The first signal came {first_signal - r.events.broken_at:.1f} s after the"
                     " break.")
    return [*lines, f"  together  {took:6.1f} s   objective {objective}: {word}"]


def _overhead(r, records: list[journal.Record]) -> list[str]:
    """What each execution by Step Functions took beyond the waits that it was asked for."""
    lines = []
    for record in records:
        executor = record.entry.get("executor", "") if record.kind == "joined" else ""
        if ":execution:" not in executor:
            continue
        try:
            pace = r.world.cloud.pace(executor)
        except (BotoCoreError, ClientError):
            continue  # Step Functions itself is away
        silence = f", {pace.silence:.1f} s for answers that never came" if pace.silence else ""
        lines.append(f"  {executor.rpartition(':')[2]} took {pace.took:.1f} s: it waited"
                     f" {pace.waited:.1f} s as plan and world ask{silence}; {pace.own:.1f} s of its"
                     " own.")
    return lines


def _data(r, records: list[journal.Record]) -> list[str]:
    lines = []
    for record in records:
        if record.kind == "loss-bound":
            bound = journal.seconds(record.entry["bound"])
            most = "an unknown span" if bound is None else f"{bound:.1f} s"
            lines.append(f"  {record.entry['database']}: the last {most} of writes can be lost")
            lines.append(f"    {_cut(record.entry['source'])}")
    if not lines:
        return ["  no loss bound was reckoned: nothing was fenced"]
    return [*lines, f"  objective {r.plan['objectives']['rpo']}"]


def _client(r) -> list[str]:
    serving = r.watch.serving if r.watch else PRIMARY
    try:
        found, known = r.world.truth(serving), True
    except (OSError, pg8000.native.Error):
        # The primary is dead and nothing was promoted: what users felt is known all the same.
        found, known = truth.reckon(truth.read_record(r.world.record), []), False
    sides = ", ".join(f"{count} by {side}" for side, count in sorted(found.by_side.items()))
    after = [gap for gap in found.gaps
             if r.events.broken_at and gap.to_ms / 1000 > r.events.broken_at]
    lines = [
        f"  {sum(gap.seconds for gap in after):6.1f} s without a successful order"
        + (f" (in {len(after)} pieces)" if len(after) > 1 else ""),
        f"  {found.acknowledged:6} orders acknowledged ({sides})"]
    if not known:
        return [*lines, f"         nobody serves: what is lost depends on whether {serving}"
                        " comes back"]
    lines.append(f"  {len(found.lost):6} acknowledged orders lost")
    if found.two_writers:
        return lines + [f"  {_paint(_RED)}TWO WRITERS{_paint(_PLAIN)}: {text}"
                        for text in found.two_writers]
    return [*lines, "         never two writers"]
