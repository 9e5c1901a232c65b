"""A stub resolver as a client should be: honours the TTL, and believes nothing beyond it."""

from __future__ import annotations

import threading
import time

import dnslib

# A lost datagram costs this much; one more try follows.
_TIMEOUT_S = 0.5
_TRIES = 2


class NoAnswer(Exception):
    """The name server gave no address."""


class Resolver:
    """Resolves names to one IPv4 address by one name server."""

    def __init__(self, server: tuple[str, int]):
        self._server = server
        self._cache: dict[str, tuple[str, float]] = {}
        self._lock = threading.Lock()

    def address(self, name: str) -> str:
        """The address of a name, from the cache while its TTL lasts."""
        with self._lock:
            known = self._cache.get(name)
        asked = time.monotonic()
        if known and asked < known[1]:
            return known[0]
        address, ttl_s = self.lookup(name)
        with self._lock:
            self._cache[name] = (address, asked + ttl_s)
        return address

    def lookup(self, name: str) -> tuple[str, int]:
        """Asks the server: an address and the smallest TTL on the way to it."""
        question = dnslib.DNSRecord.question(name, "A")
        last: Exception | None = None
        for _ in range(_TRIES):
            try:
                raw = question.send(*self._server, timeout=_TIMEOUT_S)
                return _first_address(dnslib.DNSRecord.parse(raw), name)
            except (OSError, dnslib.DNSError) as error:
                last = error
        raise NoAnswer(f"{self._server[0]}:{self._server[1]} did not answer for {name}: {last}")


def _first_address(answer: dnslib.DNSRecord, name: str) -> tuple[str, int]:
    ttl_s = min((record.ttl for record in answer.rr), default=0)
    for record in answer.rr:
        if record.rtype == dnslib.QTYPE.A:
            return str(record.rdata), ttl_s
    raise NoAnswer(f"no address for {name}: {dnslib.RCODE[answer.header.rcode]}")
