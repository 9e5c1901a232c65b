"""The server's clock: real time, with a skew a Region can be given in a test."""

import datetime
import threading
import time


class Clock:
    """Tells the time that a Region's endpoints believe."""

    def __init__(self):
        self._lock = threading.Lock()
        self._skew = {}

    def set_skew(self, region, seconds):
        """Moves the clock of `region`; 0 puts it right again."""
        with self._lock:
            self._skew[region] = float(seconds)

    def skew(self):
        """The skews in force, by Region."""
        with self._lock:
            return {region: skew for region, skew in self._skew.items() if skew}

    def now(self, region=None):
        """Seconds since the Unix epoch, as `region` sees them."""
        with self._lock:
            return time.time() + self._skew.get(region, 0.0)


def iso(seconds, milliseconds=False):
    """`2026-01-31T12:00:00Z`, the form that events carry."""
    at = datetime.datetime.fromtimestamp(seconds, tz=datetime.timezone.utc)
    if milliseconds:
        return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03d}Z"
    return at.strftime("%Y-%m-%dT%H:%M:%SZ")


def basic(seconds):
    """`20260131T120000Z`, the form that signatures carry."""
    at = datetime.datetime.fromtimestamp(seconds, tz=datetime.timezone.utc)
    return at.strftime("%Y%m%dT%H%M%SZ")


def parse_basic(text):
    """The reverse of `basic`; None when the text is not of that form."""
    try:
        at = datetime.datetime.strptime(text, "%Y%m%dT%H%M%SZ")
    except (TypeError, ValueError):
        return None
    return at.replace(tzinfo=datetime.timezone.utc).timestamp()
