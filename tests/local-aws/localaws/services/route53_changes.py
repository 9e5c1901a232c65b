"""Route 53 record changes: exact, atomic batches, with the API's own refusals.

The compare-and-swap on which Leeward's fenced record change rests is here: a DELETE must name the
present values exactly, a CREATE refuses what exists, and one refusal refuses the whole batch.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from moto.core.exceptions import ServiceException
from moto.route53.models import FakeZone, RecordSet, Route53Backend

from .runtime import Runtime

# The quota of one request; values of an UPSERT count twice, and so do their characters.
MAX_VALUES = 1000
MAX_CHARACTERS = 32000
# A TTL is a signed 32-bit number on the wire.
MAX_TTL = 2147483647
ACTIONS = ("CREATE", "DELETE", "UPSERT")
QUOTED = re.compile(r'^(?:"(?:[^"\\]|\\.)*"\s*)+$')
# Any of these makes a record set other than simple, and then it needs a SetIdentifier.
ROUTING = ("Weight", "Region", "Failover", "GeoLocation", "MultiValueAnswer")


class InvalidChangeBatch(ServiceException):
    """The batch was refused; every reason is listed, in brackets, as the API does."""

    def __init__(self, reasons: list[str]):
        super().__init__("InvalidChangeBatch", f"[{', '.join(reasons)}]")


class InvalidInput(ServiceException):
    """The request itself is malformed."""

    def __init__(self, message: str):
        super().__init__("InvalidInput", message)


class NoSuchHealthCheck(ServiceException):
    """A record names a health check that does not exist."""

    def __init__(self, identifier: str):
        super().__init__(
            "NoSuchHealthCheck", f"No health check exists with the specified ID {identifier}."
        )


def normal_name(name: str) -> str:
    """A domain name as Route 53 stores it: lower case, one dot at its end."""
    return name.lower().rstrip(".") + "."


def _alias(target: Any) -> tuple[Any, ...] | None:
    if not target:
        return None
    return (
        target.get("HostedZoneId"),
        normal_name(target.get("DNSName") or ""),
        str(target.get("EvaluateTargetHealth")).lower() == "true",
    )


def _number(value: Any) -> int | None:
    return None if value is None else int(value)


def _values(records: list[Any] | None) -> list[str]:
    """The values as strings, whether they come from the API or from CloudFormation."""
    return [r["Value"] if isinstance(r, dict) else str(r) for r in records or []]


def key_of(record: dict[str, Any]) -> tuple[str, str, str | None]:
    """What identifies a record set in its zone."""
    return (normal_name(record["Name"]), record["Type"], record.get("SetIdentifier"))


def _fingerprint(record: dict[str, Any]) -> tuple[Any, ...]:
    """Everything that a DELETE has to match."""
    geo = record.get("GeoLocation")
    multi = record.get("MultiValueAnswer")
    return (
        key_of(record),
        _number(record.get("TTL")),
        tuple(sorted(_values(record.get("ResourceRecords")))),
        _alias(record.get("AliasTarget")),
        _number(record.get("Weight")),
        record.get("Region"),
        record.get("Failover"),
        tuple(sorted(geo.items())) if geo else None,
        None if multi is None else str(multi).lower() == "true",
        record.get("HealthCheckId") or None,
    )


def as_dict(record: RecordSet) -> dict[str, Any]:
    """A stored record set in the API's words."""
    shown = {
        "Name": record.name,
        "Type": record.type,
        "TTL": record.ttl,
        "ResourceRecords": record.records,
        "SetIdentifier": record.set_identifier,
        "Weight": record.weight,
        "Region": record.region,
        "HealthCheckId": record.health_check_id,
        "AliasTarget": record.alias_target,
        "Failover": record.failover,
        "GeoLocation": record.geo_location,
        "MultiValueAnswer": record.multi_value_answer,
    }
    return {name: value for name, value in shown.items() if value not in (None, [])}


def _stored(record: dict[str, Any]) -> RecordSet:
    """A record set of the request, in the form in which it is kept."""
    kept = dict(record)
    kept["Name"] = normal_name(record["Name"])
    kept["TTL"] = _number(record.get("TTL"))
    kept["Weight"] = _number(record.get("Weight"))
    kept["ResourceRecords"] = _values(record.get("ResourceRecords"))
    return RecordSet(kept)


def _label(record: dict[str, Any]) -> str:
    identifier = record.get("SetIdentifier")
    extra = f", set-identifier='{identifier}'" if identifier else ""
    return f"[name='{normal_name(record['Name'])}', type='{record['Type']}'{extra}]"


def _check_shape(change: dict[str, Any]) -> None:
    """Refuses a change that is not well formed (InvalidInput, before anything is looked at)."""
    action = change.get("Action")
    record = change.get("ResourceRecordSet") or {}
    if action not in ACTIONS:
        raise InvalidInput(
            f"Invalid XML ; cvc-enumeration-valid: Value '{action}' is not facet-valid with "
            "respect to enumeration '[CREATE, DELETE, UPSERT]'."
        )
    complete = bool(record.get("ResourceRecords")) and record.get("TTL") is not None
    partial = bool(record.get("ResourceRecords")) or record.get("TTL") is not None
    if bool(record.get("AliasTarget")) == complete or (partial and not complete):
        found = "more than one" if record.get("AliasTarget") and partial else "none"
        raise InvalidInput(
            "Invalid request: Expected exactly one of [AliasTarget, all of [TTL, and "
            f"ResourceRecords], or TrafficPolicyInstanceId], but found {found} in Change with "
            f"[Action={action}, Name={record.get('Name')}, Type={record.get('Type')}, "
            f"SetIdentifier={record.get('SetIdentifier')}]"
        )
    routed = any(record.get(name) is not None for name in ROUTING)
    if routed and not record.get("SetIdentifier"):
        raise InvalidInput("Invalid request: Missing field 'SetIdentifier' in Change")
    if not routed and record.get("SetIdentifier"):
        raise InvalidInput(
            "Invalid request: Expected exactly one of [Weight, Region, Failover, GeoLocation, "
            "MultiValueAnswer], but found none in Change"
        )


def _check_values(record: dict[str, Any]) -> str | None:
    """The reason why the values cannot stand, if there is one."""
    ttl = _number(record.get("TTL"))
    if ttl is not None and not 0 <= ttl <= MAX_TTL:
        return f"Invalid TTL {ttl} of {_label(record)}"
    values = _values(record.get("ResourceRecords"))
    if record["Type"] in ("TXT", "SPF"):
        for value in values:
            if not QUOTED.match(value):
                return (
                    "Invalid Resource Record: 'FATAL problem: InvalidCharacterString (Value should "
                    f"be enclosed in quotation marks) encountered with '{value}''"
                )
    if record["Type"] == "CNAME" and len(values) > 1:
        return f"Invalid Resource Record: a CNAME has one value, {_label(record)} has {len(values)}"
    if len(set(values)) != len(values):
        return f"Invalid Resource Record: duplicate value in {_label(record)}"
    return None


class Batch:
    """A change batch tried on a copy of the zone's record sets."""

    def __init__(self, zone: FakeZone) -> None:
        self.zone = zone
        self.records = {key_of(as_dict(record)): record for record in zone.rrsets}
        self.reasons: list[str] = []
        self.deleted: set[tuple[str, str, str | None]] = set()

    def apply(self, change: dict[str, Any]) -> None:
        """Applies one change to the copy, or notes why it is refused."""
        record = change["ResourceRecordSet"]
        apex = normal_name(self.zone.name)
        name = normal_name(record["Name"])
        if name != apex and not name.endswith("." + apex):
            self.reasons.append(f"RRSet with DNS name {name} is not permitted in zone {apex}")
            return
        if change["Action"] == "DELETE":
            self._delete(record)
        else:
            self._put(change["Action"], record)

    def _delete(self, record: dict[str, Any]) -> None:
        key = key_of(record)
        present = self.records.get(key)
        if key in self.deleted or present is None:
            self.reasons.append(
                f"Tried to delete resource record set {_label(record)} but it was not found"
            )
        elif _fingerprint(as_dict(present)) != _fingerprint(record):
            self.reasons.append(
                f"Tried to delete resource record set {_label(record)} but the values provided "
                "do not match the current values"
            )
        elif record["Type"] in ("NS", "SOA") and key[0] == normal_name(self.zone.name):
            self.reasons.append(
                f"A HostedZone must contain at least one {record['Type']} record for the zone "
                "itself."
            )
        else:
            del self.records[key]
            self.deleted.add(key)

    def _put(self, action: str, record: dict[str, Any]) -> None:
        key = key_of(record)
        if action == "CREATE" and key in self.records:
            self.reasons.append(
                f"Tried to create resource record set {_label(record)} but it already exists"
            )
            return
        reason = _check_values(record) or self._conflict(key, record)
        if reason:
            self.reasons.append(reason)
            return
        self.records[key] = _stored(record)

    def _conflict(self, key: tuple[str, str, str | None], record: dict[str, Any]) -> str | None:
        """Why the record set cannot stand beside the others of its name, if it cannot."""
        name, type_, identifier = key
        apex = normal_name(self.zone.name)
        if type_ == "CNAME" and name == apex:
            return (
                f"RRSet of type CNAME with DNS name {name} is not permitted at apex in zone {apex}"
            )
        others = [(k, r) for k, r in self.records.items() if k != key and k[0] == name]
        for (_, other_type, other_identifier), other in others:
            if (type_ == "CNAME") != (other_type == "CNAME"):
                return (
                    f"RRSet of type {type_} with DNS name {name} is not permitted because a "
                    f"conflicting RRSet of type {other_type} with the same DNS name already "
                    f"exists in zone {apex}"
                )
            if other_type != type_:
                continue
            if (identifier is None) != (other_identifier is None):
                return (
                    f"RRSet with DNS name {name}, type {type_}, SetIdentifier {identifier} cannot "
                    "be created as other RRSets exist with the same name and type."
                )
            if record.get("Failover") and record.get("Failover") == other.failover:
                return (
                    f"Invalid set identifier: a {other.failover} failover record for {name} "
                    f"{type_} already exists"
                )
        return None


def _check_quota(changes: list[dict[str, Any]]) -> None:
    count = characters = 0
    for change in changes:
        factor = 2 if change["Action"] == "UPSERT" else 1
        values = _values(change["ResourceRecordSet"].get("ResourceRecords"))
        count += factor * len(values)
        characters += factor * sum(len(value) for value in values)
    if count > MAX_VALUES:
        raise InvalidChangeBatch([f"Number of records limit of {MAX_VALUES} exceeded."])
    if characters > MAX_CHARACTERS:
        raise InvalidChangeBatch([f"Number of characters limit of {MAX_CHARACTERS} exceeded."])


def _publish(zone: FakeZone, records: list[RecordSet]) -> Callable[[], None]:
    """Makes the records the zone's own now; what it answers makes them the name servers' too. A change
    that arrives after a later one takes nothing of it back."""
    if zone.__dict__.get("localaws_latest") is not zone.rrsets:
        zone.localaws_served = zone.rrsets
    zone.rrsets = zone.localaws_latest = records
    zone.localaws_changes = number = zone.__dict__.get("localaws_changes", 0) + 1

    def serve() -> None:
        if number > zone.__dict__.get("localaws_arrived", 0):
            zone.localaws_arrived = number
            zone.localaws_served = records

    return serve


def served_records(zone: FakeZone) -> list[RecordSet]:
    """The records that the name servers answer from at this moment."""
    # Records that came another way (CloudFormation, a new zone) are served at once.
    if zone.__dict__.get("localaws_latest") is not zone.rrsets:
        return list(zone.rrsets)
    return list(zone.localaws_served)


def install(runtime: Runtime) -> None:
    """Puts this part on moto."""

    def change(
        self: Route53Backend, zoneid: str, change_list: list[dict[str, Any]]
    ) -> Callable[[], None]:
        with runtime.lock:
            zone = self.get_hosted_zone(zoneid)
            for one in change_list:
                _check_shape(one)
            _check_quota(change_list)
            for one in change_list:
                wanted = one["ResourceRecordSet"].get("HealthCheckId")
                if wanted and one["Action"] != "DELETE" and wanted not in self.health_checks:
                    raise NoSuchHealthCheck(wanted)
            batch = Batch(zone)
            for one in change_list:
                batch.apply(one)
            if batch.reasons:
                raise InvalidChangeBatch(batch.reasons)
            return _publish(zone, list(batch.records.values()))

    def add_rrset(self: FakeZone, record_set: dict[str, Any]) -> RecordSet:
        """The way of CloudFormation and of new zones; kept in the same form as the API's."""
        with runtime.lock:
            record = _stored(record_set)
            self.rrsets = [r for r in self.rrsets if key_of(as_dict(r)) != key_of(record_set)]
            self.rrsets.append(record)
            return record

    runtime.patches.set(Route53Backend, "change_resource_record_sets", change)
    runtime.patches.set(FakeZone, "add_rrset", add_rrset)
