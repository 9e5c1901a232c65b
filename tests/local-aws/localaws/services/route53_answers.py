"""Which record sets Route 53 answers with: routing policies, health, aliases.

The rules are those of "How Amazon Route 53 chooses records when health checking is configured":
only healthy records, and when none is healthy all of them, save that failover then answers with
the primary.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from moto.route53.models import FakeZone, RecordSet, Route53Backend, route53_backends

from .route53_changes import normal_name, served_records
from .route53_health import is_healthy
from .runtime import Runtime

# Route 53 gives at most this many values of a multivalue answer.
MULTIVALUE = 8
# Aliases and CNAMEs are followed this far; Route 53 has no loops, since it refuses to make them.
MAX_DEPTH = 8
# Aliases have no TTL of their own; to an AWS resource Route 53 answers with this.
ALIAS_TTL = 60


@dataclass(frozen=True)
class Answer:
    """One record of an answer."""

    name: str
    type: str
    ttl: int
    value: str


class Answers:
    """Answers queries from the hosted zones of one account."""

    def __init__(
        self,
        runtime: Runtime,
        account: str,
        external: Callable[[str, str], list[str]] | None = None,
    ) -> None:
        self.runtime = runtime
        self.account = account
        # (name, type) -> values of a name that is in no hosted zone, for aliases to AWS resources.
        self.external = external or (lambda name, type_: [])

    @property
    def backend(self) -> Route53Backend:
        """Looked up each time, since a reset of moto makes a new one."""
        return route53_backends[self.account]["aws"]

    def zone_of(self, name: str) -> FakeZone | None:
        """The public zone with the longest name that holds `name`."""
        found: FakeZone | None = None
        for zone in list(self.backend.zones.values()):
            apex = normal_name(zone.name)
            inside = name == apex or name.endswith("." + apex)
            if inside and not zone.private_zone and (found is None or len(apex) > len(found.name)):
                found = zone
        return found

    def exists(self, zone: FakeZone, name: str) -> bool:
        """Is there anything at or below the name (then no answer is NODATA, not NXDOMAIN)?"""
        names = {normal_name(record.name) for record in served_records(zone)}
        below = any(n == name or n.endswith("." + name) for n in names)
        return below or self._wild(name, names) is not None

    def resolve(self, name: str, type_: str, region: str | None, depth: int = 0) -> list[Answer]:
        """The answer to one question, CNAMEs and aliases followed while they stay in our zones."""
        name = normal_name(name)
        zone = self.zone_of(name)
        if zone is None or depth > MAX_DEPTH:
            return []
        chosen = self._choose(zone, name, type_, region)
        if chosen:
            parts = [self._answers(record, name, type_, region, depth) for record in chosen]
            return [answer for part in parts for answer in part]
        links = self._choose(zone, name, "CNAME", region) if type_ != "CNAME" else []
        answers = []
        for record in links:
            link = self._answers(record, name, "CNAME", region, depth)
            answers.extend(link)
            for one in link:
                answers.extend(self.resolve(one.value, type_, region, depth + 1))
        return answers

    def _wild(self, name: str, names: set[str]) -> str | None:
        """The wildcard that covers the name, if one does."""
        labels = name.split(".")
        for start in range(1, len(labels) - 1):
            for wild in (r"\052." + ".".join(labels[start:]), "*." + ".".join(labels[start:])):
                if wild in names:
                    return wild
        return None

    def _at(self, zone: FakeZone, name: str, type_: str) -> list[RecordSet]:
        records = served_records(zone)
        names = {normal_name(record.name) for record in records}
        if name not in names:
            name = self._wild(name, names) or name
        return [r for r in records if normal_name(r.name) == name and r.type == type_]

    def _choose(
        self, zone: FakeZone, name: str, type_: str, region: str | None
    ) -> list[RecordSet]:
        """The record sets that routing and health pick."""
        records = self._at(zone, name, type_)
        if not records or records[0].set_identifier is None:
            return records[:1]
        first = records[0]
        healthy = [r for r in records if self.healthy(r, region)]
        if first.failover:
            return _failover(records, healthy)
        if first.weight is not None:
            return _weighted(records, healthy)
        if first.multi_value_answer:
            pool = healthy or records
            return random.sample(pool, min(MULTIVALUE, len(pool)))
        pool = sorted(healthy or records, key=lambda r: (r.region != region, r.region or ""))
        if first.geo_location:
            # Where a loopback client stands is not known: the default location is its.
            pool.sort(key=lambda r: (r.geo_location or {}).get("CountryCode") != "*")
        return pool[:1]

    def healthy(self, record: RecordSet, region: str | None, depth: int = 0) -> bool:
        """Does Route 53 take this record for healthy?"""
        check = self.backend.health_checks.get(record.health_check_id or "")
        if check is not None and not is_healthy(self.runtime, self.backend, check):
            return False
        target = record.alias_target
        if not target or str(target.get("EvaluateTargetHealth")).lower() != "true":
            return True
        name = normal_name(target["DNSName"])
        zone = self.zone_of(name)
        if zone is None or depth > MAX_DEPTH:
            return True
        behind = self._at(zone, name, record.type or "")
        return not behind or any(self.healthy(r, region, depth + 1) for r in behind)

    def _answers(
        self, record: RecordSet, name: str, type_: str, region: str | None, depth: int
    ) -> list[Answer]:
        """The records of one set; an alias answers in its own name with what is behind it."""
        if not record.alias_target:
            values = [r["Value"] for r in record.resource_records or []]
            return [Answer(name, record.type or type_, int(record.ttl or 0), v) for v in values]
        target = normal_name(record.alias_target["DNSName"])
        if self.zone_of(target) is None:
            values = self.external(target, type_)
            return [Answer(name, type_, ALIAS_TTL, v) for v in values]
        behind = self.resolve(target, type_, region, depth + 1)
        return [Answer(name, a.type, a.ttl, a.value) for a in behind if a.type == type_]


def _failover(records: list[RecordSet], healthy: list[RecordSet]) -> list[RecordSet]:
    """Primary while healthy, else the secondary while healthy, else the primary after all."""
    order = {"PRIMARY": 0, "SECONDARY": 1}
    pool = sorted(healthy or records, key=lambda r: order.get(r.failover or "", 2))
    return pool[:1]


def _weighted(records: list[RecordSet], healthy: list[RecordSet]) -> list[RecordSet]:
    """By weight among the healthy; weight 0 counts only when no other record is healthy."""

    def weight(record: RecordSet) -> int:
        return int(record.weight or 0)

    pool = [r for r in healthy if weight(r) > 0] or [r for r in healthy if weight(r) == 0]
    if not pool:
        pool = [r for r in records if weight(r) > 0] or records
    weights: Any = [weight(r) for r in pool] if any(weight(r) for r in pool) else None
    return random.choices(pool, weights=weights, k=1)
