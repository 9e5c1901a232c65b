"""Which calls were made: one entry for each, for assertions and for the reader of a rehearsal."""

import threading
import time


class CallLog:
    """Keeps every call since the start, or since `clear`."""

    def __init__(self):
        self._lock = threading.Lock()
        self._entries = []

    def open(self, call):
        """A call arrived. The entry answered is completed by `close`."""
        entry = {
            "seq": 0, "time": time.time(), "service": call.service, "action": call.action,
            "region": call.region, "home": call.home, "function": call.function,
            "invocation": call.invocation, "trace": call.trace, "access_key": call.access_key,
            "peer": call.peer, "internal": call.internal, "signed_at": call.signed_at,
            "request_id": call.id, "faults": [], "effect": None, "status": None, "error": None,
            "seconds": None,
        }  # fmt: skip
        with self._lock:
            entry["seq"] = len(self._entries) + 1
            self._entries.append(entry)
        return entry

    def close(self, entry, **facts):
        """How it went: `status` (None: no answer), `effect` (whether the service was reached)."""
        with self._lock:
            entry.update(facts, seconds=round(time.time() - entry["time"], 6))

    def find(self, since=0, **wanted):
        """Entries whose fields equal those wanted, oldest first."""
        with self._lock:
            return [
                dict(entry)
                for entry in self._entries
                if entry["seq"] > since and all(entry.get(k) == v for k, v in wanted.items())
            ]

    def clear(self):
        """Forgets all entries."""
        with self._lock:
            self._entries = []
