"""Deliveries as bad as AWS allows: some twice, some late and so out of order, some never.

EventBridge, alarm actions and SNS promise at least once, not once, and no order; an asynchronous
event may be dropped on the way. A storm shows all of it.
"""

import heapq
import itertools
import random
import threading
import time


class Unruly:
    """Decides what becomes of each delivery. Off until `set`; any thread may call."""

    def __init__(self):
        self._changed = threading.Condition()
        self._waiting = []
        self._number = itertools.count()
        self._closed = False
        self._random = random.Random(0)
        self._twice = self._lost = self._late_s = 0.0
        self._only = ""
        self._count = {"sent": 0, "twice": 0, "late": 0, "lost": 0}

    def set(self, twice=0.0, lost=0.0, late_s=0.0, seed=1, only=""):
        """`twice` and `lost` are shares from 0 to 1; each delivery is late by up to `late_s`. `only`
        is a part of the ARNs that are meant, such as a function's name."""
        with self._changed:
            self._only = only
            self._twice, self._lost, self._late_s = float(twice), float(lost), float(late_s)
            self._random = random.Random(seed)

    def count(self):
        """How many were sent, sent twice, late, lost."""
        with self._changed:
            return dict(self._count)

    def send(self, arn, work):
        """Calls `work`, which delivers to `arn`, now, later, twice or never."""
        if self._only not in arn:
            work()
            return
        with self._changed:
            self._count["sent"] += 1
            if self._random.random() < self._lost:
                self._count["lost"] += 1
                return
            again = self._random.random() < self._twice
            self._count["twice"] += again
            now = 0
            for _ in range(2 if again else 1):
                delay = self._random.uniform(0.0, self._late_s)
                if delay > 0:
                    self._later(delay, work)
                else:
                    now += 1
        for _ in range(now):
            work()

    def close(self):
        """Forgets what is late."""
        with self._changed:
            self._closed = True
            self._waiting.clear()
            self._changed.notify_all()

    def _later(self, delay, work):
        """The caller holds the lock."""
        self._count["late"] += 1
        if next(self._number) == 0:
            threading.Thread(target=self._loop, name="unruly", daemon=True).start()
        heapq.heappush(self._waiting, (time.monotonic() + delay, next(self._number), work))
        self._changed.notify_all()

    def _loop(self):
        while True:
            with self._changed:
                while not self._closed and not (due := self._due()):
                    left = self._waiting[0][0] - time.monotonic() if self._waiting else None
                    self._changed.wait(left)
                if self._closed:
                    return
            for work in due:
                work()

    def _due(self):
        due = []
        while self._waiting and self._waiting[0][0] <= time.monotonic():
            due.append(heapq.heappop(self._waiting)[2])
        return due
