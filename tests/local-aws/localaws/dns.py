"""The name servers of Route 53: authoritative DNS over UDP and TCP from moto's hosted zones.

    server = DnsServer(installed, "127.3.0.1", 0)      # port 0: a free one, the same for both
    server.start(); ...; server.stop()
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Any

from dnslib import QTYPE, RCODE, RR, DNSRecord
from dnslib.server import BaseResolver, DNSLogger, DNSServer

from . import ACCOUNT
from .services.route53_answers import Answer, Answers
from .services.runtime import Runtime

log = logging.getLogger("localaws.dns")

# What Route 53 puts in the SOA of a new zone; also how long a missing name may be remembered.
SOA = "ns-2048.awsdns-64.com. awsdns-hostmaster.amazon.com. 1 7200 900 1209600 {minimum}"
NEGATIVE_TTL = 60
# How often the servers look whether they are to stop.
POLL_SECONDS = 0.05
# How often a port that is free for UDP but not for TCP is given up for another.
BIND_ATTEMPTS = 20


class _Resolver(BaseResolver):
    """Turns a question into an authoritative answer."""

    def __init__(self, answers: Answers, region_of: Callable[[str], str | None]) -> None:
        self.answers = answers
        self.region_of = region_of

    def resolve(self, request: DNSRecord, handler: Any) -> DNSRecord:
        """dnslib's entry."""
        reply = request.reply()
        try:
            self._fill(request, reply, handler.client_address[0])
        except Exception:
            log.exception("the query %s could not be answered", request.q)
            reply.header.rcode = RCODE.SERVFAIL
        return reply

    def _fill(self, request: DNSRecord, reply: DNSRecord, client: str) -> None:
        name = str(request.q.qname).lower()
        type_ = QTYPE[request.q.qtype]
        zone = self.answers.zone_of(name)
        if zone is None:
            reply.header.rcode = RCODE.REFUSED
            return
        reply.header.aa = 1
        for answer in self.answers.resolve(name, type_, self.region_of(client)):
            reply.add_answer(*_record(answer))
        if not reply.rr:
            if not self.answers.exists(zone, name):
                reply.header.rcode = RCODE.NXDOMAIN
            soa = SOA.format(minimum=NEGATIVE_TTL)
            reply.add_auth(*RR.fromZone(f"{zone.name} {NEGATIVE_TTL} IN SOA {soa}"))


def _record(answer: Answer) -> list[RR]:
    return list(RR.fromZone(f"{answer.name} {answer.ttl} IN {answer.type} {answer.value}"))


class DnsServer:
    """The name servers at one loopback address."""

    def __init__(
        self,
        runtime: Runtime,
        address: str,
        port: int = 0,
        *,
        account: str = ACCOUNT,
        region_of: Callable[[str], str | None] = lambda client: None,
        external: Callable[[str, str], list[str]] | None = None,
    ) -> None:
        """`region_of` tells the Region of a client's address (for latency records); `external`
        gives the addresses of names outside all zones, such as a load balancer's."""
        answers = Answers(runtime, account, external)
        self._resolver = _Resolver(answers, region_of)
        self.address = address
        self._servers = self._bind(address, port)
        self.port = self._servers[0].server.server_address[1]

    def _bind(self, address: str, port: int) -> list[DNSServer]:
        quiet = DNSLogger(log="-request,-reply,-truncated,-error", prefix=False)
        for attempt in range(BIND_ATTEMPTS):
            udp = DNSServer(self._resolver, address=address, port=port, logger=quiet)
            chosen = udp.server.server_address[1]
            try:
                tcp = DNSServer(
                    self._resolver, address=address, port=chosen, tcp=True, logger=quiet
                )
                return [udp, tcp]
            except OSError:
                udp.server.server_close()
                if port or attempt == BIND_ATTEMPTS - 1:
                    raise
        raise OSError(f"no port of {address} is free for both UDP and TCP")

    def start(self) -> None:
        """Serves in the background."""
        for server in self._servers:
            threading.Thread(
                target=server.server.serve_forever, args=(POLL_SECONDS,), daemon=True
            ).start()

    def stop(self) -> None:
        """Stops serving and gives the port back."""
        for server in self._servers:
            server.stop()
            server.server.server_close()
