"""The journals of the run's generations, read from Leeward's table as it stores them."""

from __future__ import annotations

import datetime
from dataclasses import dataclass

from . import names


@dataclass(frozen=True)
class Record:
    """One entry: its place, the table's time, and what it says."""

    generation: int
    seq: int
    at: float
    by: str
    kind: str
    entry: dict


class Journal:
    """Reads journals; nothing is kept between two reads."""

    def __init__(self, cloud, table: str, workload: str = names.WORKLOAD):
        self._cloud, self._table, self._workload = cloud, table, workload

    def records(self, generation: int) -> list[Record]:
        """All entries of a generation, in order; empty when it was never opened."""
        items = self._cloud.items(self._table, f"G#{self._workload}#{generation}", "J#")
        return [_record(generation, item["body"]) for item in items]

    def all(self) -> list[Record]:
        """All entries of all generations: they are numbered from 1, without a gap."""
        found: list[Record] = []
        number = 1
        while records := self.records(number):
            found += records
            number += 1
        return found

    def of(self, kind: str, generation: int | None = None) -> list[Record]:
        """Entries of a kind."""
        records = self.all() if generation is None else self.records(generation)
        return [record for record in records if record.kind == kind]

    def workload_items(self, prefix: str) -> list[dict]:
        """Bodies of the workload's own items: `SIG#`, `SNAP#`, `REFUSED#`, …"""
        return [item["body"] for item in
                self._cloud.items(self._table, f"W#{self._workload}", prefix)]


def _record(generation: int, body: dict) -> Record:
    entry = body["entry"]
    return Record(generation, body["seq"], instant(body["at"]), body["by"], entry["entry"], entry)


def instant(text: str) -> float:
    """An instant as Leeward writes it, as Unix time."""
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


def seconds(span: str | None) -> float | None:
    """A length of time as Leeward writes it (`500ms`, `90s`, `15m`, `1h`), in seconds."""
    if span is None:
        return None
    for unit, factor in (("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)):
        if span.endswith(unit) and span.removesuffix(unit).isdigit():
            return int(span.removesuffix(unit)) * factor
    raise ValueError(f"`{span}` is no length of time")
