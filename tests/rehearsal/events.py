"""What happens in a rehearsal, in order: one line an event, seen by all parts and printed live."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Event:
    """One thing that happened: when (Unix time), of what kind, in words."""

    at: float
    kind: str
    text: str


class Events:
    """The events of a run. Any thread may add."""

    def __init__(self, say: Callable[[str], None]):
        self._say, self._lock = say, threading.Lock()
        self._events: list[Event] = []
        self.broken_at: float | None = None
        self._quiet = False

    def hush(self) -> None:
        """Prints no more lines: what comes now belongs to the end, not to what was watched."""
        with self._lock:
            self._quiet = True

    def add(self, kind: str, text: str, at: float | None = None) -> None:
        """Notes an event and prints its line."""
        event = Event(time.time() if at is None else at, kind, text)
        with self._lock:
            self._events.append(event)
            if not self._quiet:
                self._say(self.line(event))

    def line(self, event: Event) -> str:
        """An event's line: seconds since the break, or none before it."""
        if self.broken_at is None:
            return f"          {event.text}"
        return f"{event.at - self.broken_at:+8.1f} s {event.text}"

    def broken(self, text: str) -> None:
        """The break: seconds count from here."""
        self.broken_at = time.time()
        self.add("break", text, self.broken_at)

    def all(self) -> list[Event]:
        """All events so far, in order of time."""
        with self._lock:
            return sorted(self._events, key=lambda event: event.at)

    def of(self, kind: str) -> list[Event]:
        """All events of a kind."""
        return [event for event in self.all() if event.kind == kind]
