"""The client's truth: what users felt, reckoned from the client's record and the databases."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

# Orders come about every 33 ms; a second without one is what a user calls an outage.
OUTAGE_MS = 1000


@dataclass(frozen=True)
class Row:
    """An order as a database has it."""

    id: str
    side: str
    epoch: int
    at_ms: int


@dataclass(frozen=True)
class Gap:
    """A time without a successful order."""

    from_ms: int
    to_ms: int

    @property
    def seconds(self) -> float:
        """How long it lasted."""
        return (self.to_ms - self.from_ms) / 1000


@dataclass
class Truth:
    """What happened to the orders of a run."""

    acknowledged: int
    by_side: dict[str, int]
    gaps: list[Gap]
    lost: list[str]
    first_lost_ms: int | None
    unread: list[str]
    two_writers: list[str] = field(default_factory=list)

    @property
    def longest_gap_s(self) -> float:
        """The longest time without a successful order."""
        return max((gap.seconds for gap in self.gaps), default=0.0)

    @property
    def out_s(self) -> float:
        """All times without a successful order that were longer than `OUTAGE_MS`, together."""
        return sum(gap.seconds for gap in self.gaps)


def read_record(path: Path) -> list[dict]:
    """The client's lines; a last line cut short by a kill is left out."""
    lines = []
    for text in path.read_text().splitlines():
        try:
            lines.append(json.loads(text))
        except json.JSONDecodeError:
            break
    return lines


def read_rows(server) -> list[Row]:
    """All orders of a `postgres.Postgres` that runs."""
    return [Row(*row) for row in server.query(
        "SELECT id, side, epoch, (extract(epoch FROM accepted_at) * 1000)::bigint FROM orders")]


def reckon(record: Iterable[dict], serving: Iterable[Row],
           others: Mapping[str, Iterable[Row]] | None = None) -> Truth:
    """The truth of a run: `serving` are the rows of the database that serves now, `others` those of
    databases that survive beside it, by name."""
    record = list(record)
    done = sorted((line for line in record if line["status"] == 201),
                  key=lambda line: line["answered_ms"])
    here = {row.id: row for row in serving}
    lost = [line for line in done if line["id"] not in here]
    by_side: dict[str, int] = {}
    for line in done:
        by_side[line["side"]] = by_side.get(line["side"], 0) + 1
    return Truth(
        acknowledged=len(done), by_side=by_side, gaps=_gaps(record, done),
        lost=[line["id"] for line in lost],
        first_lost_ms=min((line["answered_ms"] for line in lost), default=None),
        unread=[line["id"] for line in done if line.get("read_back") is False],
        two_writers=(_by_answers(done) + _by_rows(here.values(), others or {})))


def _gaps(record: list[dict], done: list[dict]) -> list[Gap]:
    """Times without a success, from the first attempt to the end of the record."""
    if not record:
        return []
    instants = [min(line["sent_ms"] for line in record)]
    instants += [line["answered_ms"] for line in done]
    instants.append(max(line["answered_ms"] for line in record))
    return [Gap(a, b) for a, b in zip(instants, instants[1:], strict=False) if b - a > OUTAGE_MS]


def _by_answers(done: list[dict]) -> list[str]:
    """Two sides under one epoch, or a side that accepted after another with a later epoch had."""
    spans: dict[tuple[str, int], tuple[int, int]] = {}
    for line in done:
        key = (line["side"], line["epoch"])
        # For certain, a side had accepted by its first answer, and accepted again after the last
        # order that it acknowledged was sent.
        first, last = spans.get(key, (line["answered_ms"], line["sent_ms"]))
        spans[key] = (min(first, line["answered_ms"]), max(last, line["sent_ms"]))
    return _overlaps(spans, "acknowledged orders")


def _by_rows(serving: Iterable[Row], others: Mapping[str, Iterable[Row]]) -> list[str]:
    """The same by the rows themselves, of all databases that survive."""
    spans: dict[tuple[str, int], tuple[int, int]] = {}
    for rows in [serving, *others.values()]:
        for row in rows:
            first, last = spans.get((row.side, row.epoch), (row.at_ms, row.at_ms))
            spans[(row.side, row.epoch)] = (min(first, row.at_ms), max(last, row.at_ms))
    return _overlaps(spans, "committed rows")


def _overlaps(spans: dict[tuple[str, int], tuple[int, int]], what: str) -> list[str]:
    found = []
    for (side, epoch), (first, last) in sorted(spans.items()):
        for (other, later), (other_first, _) in sorted(spans.items()):
            if side < other and epoch == later:
                found.append(f"{side} and {other} both wrote under epoch {epoch} (by {what})")
            elif side != other and epoch < later and last > other_first:
                found.append(
                    f"{side} (epoch {epoch}) wrote until {(last - other_first) / 1000:.3f} s after"
                    f" {other} (epoch {later}) had begun to (by {what})")
    return found
