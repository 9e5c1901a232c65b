"""Route 53's outer behaviour: change status, pacing, throttling, and pages of records."""

from __future__ import annotations

import random
import string
import time
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from moto.core.exceptions import ServiceException
from moto.core.responses import ActionResult
from moto.route53.models import FakeZone, RecordSet, Route53Backend, reverse_domain_name
from moto.route53.responses import Route53

from .route53_changes import InvalidInput, normal_name
from .runtime import Runtime

# More than five requests a second for the account. The code is not in the service's model.
THROTTLED = (
    '<?xml version="1.0"?>\n<ErrorResponse xmlns="https://route53.amazonaws.com/doc/2013-04-01/">'
    "<Error><Type>Sender</Type><Code>Throttling</Code><Message>Rate exceeded</Message></Error>"
    "<RequestId>00000000-0000-0000-0000-000000000000</RequestId></ErrorResponse>"
)
# The most records of one page.
MAX_PAGE = 300


class PriorRequestNotComplete(ServiceException):
    """Another change of the zone is still under way."""

    def __init__(self) -> None:
        super().__init__(
            "PriorRequestNotComplete",
            "The request was rejected because Route 53 was still processing a prior request.",
        )


class NoSuchChange(ServiceException):
    """GetChange was asked for an id that was never given out."""

    def __init__(self, identifier: str):
        super().__init__("NoSuchChange", f"A change with the ID {identifier} does not exist.")


class Change:
    """One accepted change batch on its way to the name servers."""

    def __init__(self, zone: str, comment: str | None) -> None:
        self.zone = zone
        self.comment = comment
        self.submitted = datetime.now(timezone.utc).replace(tzinfo=None)
        # PENDING until the name servers have it.
        self.status = "PENDING"

    def shown(self, identifier: str) -> dict[str, Any]:
        """The API's ChangeInfo."""
        return {
            "Id": f"/change/{identifier}",
            "Status": self.status,
            "SubmittedAt": self.submitted,
            "Comment": self.comment,
        }


def _changes(backend: Route53Backend) -> dict[str, Change]:
    """The changes of this account; kept on the backend so that a reset of moto forgets them."""
    return backend.__dict__.setdefault("localaws_changes", {})


def _throttled(runtime: Runtime, backend: Route53Backend) -> bool:
    """A token bucket of one second's requests: is it empty?"""
    rate = runtime.timings.route53_requests_per_second
    if rate <= 0:
        return False
    with runtime.lock:
        now = time.monotonic()
        tokens, last = backend.__dict__.get("localaws_bucket", (rate, now))
        tokens = min(rate, tokens + (now - last) * rate)
        if tokens < 1:
            backend.__dict__["localaws_bucket"] = (tokens, now)
            return True
        backend.__dict__["localaws_bucket"] = (tokens - 1, now)
        return False


def _propagate(runtime: Runtime, change: Change, serve: Callable[[], None]) -> None:
    """Brings a change to the name servers after its time."""

    def arrive() -> None:
        with runtime.lock:
            serve()
            change.status = "INSYNC"

    if runtime.timings.route53_insync <= 0:
        arrive()
    else:
        runtime.scheduler.after(runtime.timings.route53_insync, arrive)


def _install_changes(runtime: Runtime) -> None:
    def change_resource_record_sets(self: Route53) -> ActionResult:
        zone_id = self._get_param("HostedZoneId").replace("/hostedzone/", "")
        batch = self._get_param("ChangeBatch.Changes") or []
        if not batch:
            raise InvalidInput("Invalid XML ; ChangeBatch must hold at least one Change")
        with runtime.lock:
            changes = _changes(self.backend)
            if runtime.timings.route53_one_change_at_a_time and any(
                c.zone == zone_id and c.status == "PENDING" for c in changes.values()
            ):
                raise PriorRequestNotComplete()
            serve = self.backend.change_resource_record_sets(zone_id, batch)
            identifier = "C" + "".join(
                random.choices(string.ascii_uppercase + string.digits, k=20)
            )
            comment = self._get_param("ChangeBatch.Comment")
            change = changes[identifier] = Change(zone_id, comment)
            _propagate(runtime, change, serve)
            return ActionResult({"ChangeInfo": change.shown(identifier)})

    def get_change(self: Route53) -> ActionResult:
        identifier = self._get_param("Id").replace("/change/", "")
        change = _changes(self.backend).get(identifier)
        if change is None:
            raise NoSuchChange(identifier)
        return ActionResult({"ChangeInfo": change.shown(identifier)})

    def call_action(self: Route53) -> Any:
        if _throttled(runtime, self.backend):
            return 400, {"status": "400", "Content-Type": "text/xml"}, THROTTLED
        return original_call(self)

    runtime.patches.set(Route53, "change_resource_record_sets", change_resource_record_sets)
    runtime.patches.set(Route53, "get_change", get_change)
    original_call = runtime.patches.set(Route53, "call_action", call_action)


def _order(record: RecordSet) -> tuple[str, str, str]:
    """Route 53's order: labels from the right, then type, then set identifier."""
    name = reverse_domain_name(normal_name(record.name))
    return (name, record.type or "", record.set_identifier or "")


def _page(
    zone: FakeZone, name: str | None, type_: str | None, identifier: str | None, size: int
) -> tuple[list[RecordSet], RecordSet | None]:
    """One page of records that starts at the given place, and the record after it."""
    records = sorted(zone.rrsets, key=_order)
    if name:
        start = (reverse_domain_name(normal_name(name)), type_ or "", identifier or "")
        records = [record for record in records if _order(record) >= start]
    following = records[size] if len(records) > size else None
    return records[:size], following


def _install_pages(runtime: Runtime) -> None:
    def list_resource_record_sets(self: Route53) -> ActionResult:
        name = self._get_param("StartRecordName")
        type_ = self._get_param("StartRecordType")
        identifier = self._get_param("StartRecordIdentifier")
        if type_ and not name:
            raise InvalidInput("The input is not valid")
        if identifier and not (name and type_):
            raise InvalidInput("The input is not valid")
        size = min(int(self._get_param("MaxItems") or MAX_PAGE), MAX_PAGE)
        with runtime.lock:
            zone = self.backend.get_hosted_zone(self._get_param("HostedZoneId"))
            records, following = _page(zone, name, type_, identifier, size)
        result = {
            "ResourceRecordSets": records,
            "IsTruncated": following is not None,
            "MaxItems": size,
        }
        if following is not None:
            result["NextRecordName"] = following.name
            result["NextRecordType"] = following.type
            if following.set_identifier:
                result["NextRecordIdentifier"] = following.set_identifier
        return ActionResult(result)

    runtime.patches.set(Route53, "list_resource_record_sets", list_resource_record_sets)


def install(runtime: Runtime) -> None:
    """Puts this part on moto."""
    _install_changes(runtime)
    _install_pages(runtime)
