"""What the service modules share: settings, the lock, later work, and patches to be undone."""

from __future__ import annotations

import heapq
import itertools
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

from localaws.locks import WORLD
from localaws.patches import Patches

from .settings import Hooks, Timings

log = logging.getLogger("localaws.services")


class Scheduler:
    """Runs work later. Each piece runs in a thread of its own, so a slow hook delays no other."""

    def __init__(self) -> None:
        # When it is due, its number (so that equal times keep their order), the work, and whether
        # it is a turn of a loop.
        self._queue: list[tuple[float, int, Callable[[], None], bool]] = []
        self._number = itertools.count()
        self._wake = threading.Condition()
        self._closed = False
        self._thread = threading.Thread(target=self._loop, name="localaws-scheduler", daemon=True)
        self._thread.start()

    def after(self, seconds: float, work: Callable[[], None], loop: bool = False) -> None:
        """Runs `work` once, `seconds` from now; `loop` marks the turn of a loop."""
        with self._wake:
            due = time.monotonic() + max(seconds, 0.0)
            heapq.heappush(self._queue, (due, next(self._number), work, loop))
            self._wake.notify()

    def hurry(self) -> int:
        """Runs what is waiting now, in this thread, without waiting; what it plans is left.

        So a test sees every state of a transition, however slow or fast the machine is. Loops are
        left alone. Answers how many pieces of work there were.
        """
        with self._wake:
            waiting = sorted(entry[:3] for entry in self._queue if not entry[3])
            self._queue = [entry for entry in self._queue if entry[3]]
            heapq.heapify(self._queue)
        for _, _, work in waiting:
            _guarded(work)
        return len(waiting)

    def every(self, seconds: Callable[[], float], work: Callable[[], None]) -> None:
        """Runs `work` again and again; the next turn begins after the last has ended."""

        def turn() -> None:
            try:
                work()
            finally:
                if not self._closed:
                    self.after(seconds(), turn, loop=True)

        self.after(0.0, turn, loop=True)

    def close(self) -> None:
        """Forgets what has not begun."""
        with self._wake:
            self._closed = True
            self._queue.clear()
            self._wake.notify()
        self._thread.join(timeout=2.0)

    def _loop(self) -> None:
        while True:
            with self._wake:
                while not self._closed and (
                    not self._queue or self._queue[0][0] > time.monotonic()
                ):
                    wait = self._queue[0][0] - time.monotonic() if self._queue else None
                    self._wake.wait(wait)
                if self._closed:
                    return
                _, _, work, _ = heapq.heappop(self._queue)
            threading.Thread(target=_guarded, args=(work,), daemon=True).start()


def _guarded(work: Callable[[], None]) -> None:
    """Runs one piece of later work; a failure is logged, never lost in a dead thread."""
    try:
        work()
    except Exception:
        log.exception("later work of a local service failed: %s", work)


class Places:
    """What in the Regions' zones does not work. Changed and asked under the lock of the world."""

    def __init__(self) -> None:
        self.dead_zones: set[str] = set()
        self.impaired: set[str] = set()

    def impairs(self, instance: Any) -> bool:
        """Whether that instance, or the zone it is in, does not work."""
        return instance.id in self.impaired or instance.placement.zone in self.dead_zones


class Runtime:
    """One installation of the services on moto."""

    def __init__(self, hooks: Hooks, timings: Timings) -> None:
        self.hooks = hooks
        self.timings = timings
        # The lock that the server also holds around every call: moto's backends have none.
        self.lock = WORLD
        self.scheduler = Scheduler()
        self.patches = Patches()
        self.places = Places()

    def reachable(self, region: str) -> bool:
        """Can this Region be reached? A hook that fails counts as no."""
        try:
            return bool(self.hooks.region_reachable(region))
        except Exception:
            log.exception("the hook region_reachable failed for %s", region)
            return False

    def tell(self, hook: Callable[..., Any], *args: Any) -> Any:
        """Calls a hook whose failure must not stop the service; answers None then."""
        try:
            return hook(*args)
        except Exception:
            log.exception("a hook failed: %s%s", getattr(hook, "__name__", hook), args)
            return None

    def close(self) -> None:
        """Stops the later work and gives moto its own behaviour back."""
        self.scheduler.close()
        self.patches.undo()
