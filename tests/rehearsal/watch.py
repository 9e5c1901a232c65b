"""Watches a recovery from outside and says what happens as it happens."""

from __future__ import annotations

import json
import threading

from botocore.exceptions import BotoCoreError, ClientError

from . import journal, names, resolver, words
from .events import Events
from .names import PRIMARY, STANDBY

# How often everything is looked at; the lines of the timeline are as exact as this.
_EVERY_S = 0.2


class Watch:
    """Turns new journal entries, DNS answers and the client's successes into events."""

    def __init__(self, world, book: journal.Journal, events: Events):
        self._world, self._book, self._events = world, book, events
        self._names = resolver.Resolver((world.dns.address, world.dns.port))
        self._generation, self._seq = 1, 0
        self._address: str | None = None
        self._record = world.record.open()
        self._side: str | None = None
        self._rest = ""
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run, name="watch", daemon=True)

    def start(self) -> None:
        """Begins to watch."""
        self._thread.start()

    def stop(self) -> None:
        """Looks a last time and ends."""
        self._ended.set()
        self._thread.join()
        self._record.close()

    def _run(self) -> None:
        while True:
            last = self._ended.is_set()
            self._read_journal()
            self._read_name()
            self._read_client()
            if last or self._ended.wait(_EVERY_S):
                if last:
                    return

    def _read_journal(self) -> None:
        try:
            records = self._book.records(self._generation)
        except (BotoCoreError, ClientError):
            return  # the table is away: that is part of some rehearsals
        for record in records:
            if record.seq > self._seq:
                self._seq = record.seq
                text = words.line(record)
                if text:
                    self._events.add(f"journal:{record.kind}", text)
        if records and records[-1].kind == "closed":
            self._generation, self._seq = self._generation + 1, 0

    def _read_name(self) -> None:
        try:
            address, _ttl = self._names.lookup(names.PUBLIC_NAME)
        except resolver.NoAnswer:
            return
        if address != self._address:
            region = next(r for r, a in names.ADDRESS.items() if a == address)
            if self._address is not None:
                self._events.add("name", f"{names.PUBLIC_NAME} resolves to {region} ({address})")
            self._address = address

    def _read_client(self) -> None:
        """Which side takes orders now, by the client's own record."""
        *lines, self._rest = (self._rest + self._record.read()).split("\n")
        for line in lines:
            attempt = json.loads(line)
            if attempt["status"] == 201 and attempt["side"] != self._side:
                if self._side is not None or attempt["side"] == STANDBY:
                    self._events.add("served", f"first order taken by {attempt['side']}",
                                     attempt["answered_ms"] / 1000)
                self._side = attempt["side"]

    @property
    def serving(self) -> str:
        """The Region that took the latest order."""
        return self._side or PRIMARY
