"""The writer lease: how an application proves that it has stopped writing, though no one can ask it.

The contract, which any holder in any language can keep:

1. One item for a workload, `pk = LEASE#<workload>`, in a table outside the Region that may die:
   `owner` (a Region, `nobody`, or `moved`: the lease lives in another table now), `epoch` (a number),
   `effect` (who changed it), `renewed_at` (milliseconds since the Unix epoch by the holder's wall clock,
   when it sent its last renewal: with the heartbeat of rule 7 it tells how much a promotion would lose),
   and the terms of rule 9. The lease is *taken from* a holder and *granted to* one by others (Leeward);
   each such change raises `epoch` by one, on condition of the owner and epoch that were read.
2. A holder renews by writing `renewed_at` on condition that `owner` is its own Region, `epoch` is the
   one it holds, and the item's terms cover its own (rule 9); a renewal changes none of them. It renews every third of the lease's life (`ttl`), so
   that one lost answer costs nothing. One attempt a renewal, and its time-outs end before the next is
   due: a retry inside the SDK would be sent later than the holder believes.
3. A holder may accept writes until `sent + ttl`, where `sent` is its own monotonic clock (one that
   goes on while the machine sleeps) read *before* its last successful renewal was sent. Nothing
   else extends it: not an answer of unknown fate, not a read of the item.
4. When a renewal's condition fails, the holder stops at once.
5. A write transaction is bound by the *database* to the longest statement `L`
   (`transaction_timeout`, PostgreSQL 17 and later), and the lease is checked after the transaction
   has begun and once more right before COMMIT. So a writer that is frozen between the check and its
   COMMIT cannot commit later than expiry + L: the server has ended the transaction by then. Who
   takes the lease waits ttl + clock drift + L from the moment at which the item showed `nobody`.
6. After COMMIT the acknowledgement is held back when it comes later than expiry + L: its order in
   time to the fence is no longer known.
7. While it holds the lease, the holder writes the heartbeat row every second, through the database's
   primary only: row `id = 1` of table
   `leeward_heartbeat (id int PRIMARY KEY, at_ms bigint NOT NULL, region text NOT NULL)`. `at_ms` is
   the wall clock read before the statement is sent, `region` the name by which the lease names the
   holder. So a replica that shows heartbeat `t` of a Region has every write that this Region's
   holder acknowledged before `t`; it tells nothing of another's, whose clock is another.
8. A holder that is granted the lease accepts writes only after it has seen its database take one.
9. The item says for how long its holders may write: `ttl_ms`, `longest_ms` (the `L` of rule 5) and
   `drift_ms` (how much slower than real time a holder's clock may run over one lease). Who takes the lease
   waits for the larger of these and its own numbers; an item without them proves nothing. Many processes
   of one Region may share the item, each with terms of its own, so the item bears the largest of each:
   a. who takes the lease up, or meets an item that does not cover its own terms, writes the larger of each
      part, with `renewed_at`, on condition that none of them becomes smaller by it;
   b. every renewal has the condition `ttl_ms >= own` and so on: no holder ever holds longer than the item
      says, whatever others write;
   c. no holder lowers them. Leeward does, in two steps (`leeward lease lower`): it writes `lower_ttl_ms`,
      `lower_longest_ms` and `lower_drift_ms`, and while they stand no holder with larger terms may renew or
      take the lease up; when the old terms have passed for all, it sets the terms to them and removes them.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import astuple, dataclass
from typing import Protocol

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

# Renewals a lease's life: with three, one answer may be lost and another be late.
RENEWALS_PER_LIFE = 3
# Connect and read time-outs together end before the next renewal is due.
TIMEOUTS_PER_RENEWAL = 2


def monotonic() -> float:
    """A clock that never steps and goes on while the machine sleeps (rule 3)."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


class NotTheWriter(Exception):
    """No lease is held here at this moment: nothing may be written."""


class ConditionFailed(Exception):
    """The item's owner or epoch is another than the one a renewal named."""


class TermsTooLong(Exception):
    """The lease is being lowered to terms that are shorter than this holder's: it may not hold it."""


class Unreachable(Exception):
    """The table gave no answer that proves anything."""


@dataclass(frozen=True)
class Terms:
    """For how long a holder may write after a renewal, in milliseconds (rule 9)."""

    ttl_ms: int
    longest_ms: int
    drift_ms: int

    @classmethod
    def of(cls, ttl_s: float, longest_s: float, drift_s: float) -> Terms:
        """From seconds, rounded up: never less than the holder takes for itself."""
        return cls(*(math.ceil(s * 1000) for s in (ttl_s, longest_s, drift_s)))

    def larger(self, other: Terms | None) -> Terms:
        """The larger of each part."""
        if other is None:
            return self
        return Terms(*(max(a, b) for a, b in zip(astuple(self), astuple(other))))

    def within(self, other: Terms | None) -> bool:
        """Whether no part is larger than the other's."""
        return other is not None and self.larger(other) == other


@dataclass(frozen=True)
class Item:
    """The lease as it was read; terms only where all three parts stand."""

    owner: str
    epoch: int
    terms: Terms | None = None
    lowered_to: Terms | None = None


@dataclass(frozen=True)
class Grant:
    """A lease as its holder knows it: which epoch, and until when by its own clock."""

    epoch: int
    until: float


class Table(Protocol):
    """What a holder asks of the lease's table."""

    def read(self) -> Item | None:
        """The item by a strongly consistent read; None when there is none."""

    def take_up(self, owner: str, epoch: int, terms: Terms) -> None:
        """The first renewal of a grant: writes these terms, where none of them lowers what stands
        (rule 9a). Raises `ConditionFailed` or `Unreachable`."""

    def renew(self, owner: str, epoch: int, own: Terms) -> None:
        """Renews where the item covers these terms (rule 9b), or raises `ConditionFailed` or
        `Unreachable`."""


class DynamoDbTable:
    """The lease's item in DynamoDB."""

    def __init__(self, table: str, region: str, workload: str, ttl_s: float):
        timeout = ttl_s / RENEWALS_PER_LIFE / TIMEOUTS_PER_RENEWAL
        self._client = boto3.client("dynamodb", region_name=region, config=Config(
            connect_timeout=timeout, read_timeout=timeout, retries={"total_max_attempts": 1}))
        self._table, self._key = table, {"pk": {"S": f"LEASE#{workload}"}}

    def read(self) -> Item | None:
        """See `Table.read`."""
        try:
            item = self._client.get_item(TableName=self._table, Key=self._key,
                                         ConsistentRead=True).get("Item")
        except (BotoCoreError, ClientError) as error:
            raise Unreachable(str(error)) from error
        if item is None:
            return None
        return Item(item["owner"]["S"], int(item["epoch"]["N"]), _terms(item, ""),
                    _terms(item, "lower_"))

    def take_up(self, owner: str, epoch: int, terms: Terms) -> None:
        """See `Table.take_up`."""
        self._write(owner, epoch, terms,
                    "SET renewed_at = :now, ttl_ms = :ttl, longest_ms = :longest, drift_ms = :drift",
                    "(attribute_not_exists({0}) OR {0} <= {1})")

    def renew(self, owner: str, epoch: int, own: Terms) -> None:
        """See `Table.renew`."""
        self._write(owner, epoch, own, "SET renewed_at = :now", "{0} >= {1}")

    def _write(self, owner: str, epoch: int, terms: Terms, update: str, covered: str) -> None:
        parts = [(f"{name}_ms", f":{name}") for name in ("ttl", "longest", "drift")]
        conditions = ["#o = :owner", "epoch = :epoch", *(covered.format(*part) for part in parts),
                      *(f"(attribute_not_exists(lower_{name}) OR lower_{name} >= {value})"
                        for name, value in parts)]
        numbers = zip((value for _, value in parts), astuple(terms))
        try:
            self._client.update_item(
                TableName=self._table, Key=self._key, UpdateExpression=update,
                ConditionExpression=" AND ".join(conditions),
                ExpressionAttributeNames={"#o": "owner"},
                ExpressionAttributeValues={
                    ":owner": {"S": owner}, ":epoch": {"N": str(epoch)},
                    ":now": {"N": str(time.time_ns() // 1_000_000)},
                    **{name: {"N": str(number)} for name, number in numbers}})
        except ClientError as error:
            if error.response["Error"]["Code"] == "ConditionalCheckFailedException":
                raise ConditionFailed(
                    f"{owner} does not hold epoch {epoch} any more, or its terms are not covered"
                ) from error
            raise Unreachable(str(error)) from error
        except BotoCoreError as error:
            raise Unreachable(str(error)) from error


def _terms(item: dict, prefix: str) -> Terms | None:
    names = [f"{prefix}{name}_ms" for name in ("ttl", "longest", "drift")]
    if not all("N" in item.get(name, {}) for name in names):
        return None
    return Terms(*(int(item[name]["N"]) for name in names))


class Holder:
    """Keeps one Region's claim to a workload's lease, in a thread of its own."""

    def __init__(self, table: Table, region: str, terms: Terms,
                 log: Callable[[str], None] = lambda _line: None,
                 clock: Callable[[], float] = monotonic):
        self._table, self._region, self._terms = table, region, terms
        self._ttl_s = terms.ttl_ms / 1000
        self._log, self._clock = log, clock
        self._grant: Grant | None = None
        self._last_line = ""
        self._stop = threading.Event()
        # Set whenever a grant is new, for those who prepare to write.
        self.granted = threading.Event()
        self._thread = threading.Thread(target=self._run, name="lease", daemon=True)

    def start(self) -> None:
        """Begins to watch the item."""
        self._thread.start()

    def stop(self) -> None:
        """Ends the thread; what was granted runs out by itself."""
        self._stop.set()
        self._thread.join()

    def check(self) -> Grant:
        """The grant in force at this moment, or `NotTheWriter`."""
        grant = self._grant
        if grant is None or self._clock() >= grant.until:
            raise NotTheWriter(f"{self._region} does not hold the writer lease")
        return grant

    def _run(self) -> None:
        while True:
            began = self._clock()
            self.step()
            pause = self._ttl_s / RENEWALS_PER_LIFE - (self._clock() - began)
            if self._stop.wait(max(pause, 0.0)):
                return

    def step(self) -> None:
        """One look at the item: renews what is held, notices what was granted or taken."""
        try:
            grant = self._grant
            if grant is None:
                item = self._owned()
                if item is None:
                    return
                epoch, sent = item.epoch, self._clock()
                self._table.take_up(self._region, epoch, self._terms.larger(item.terms))
            else:
                epoch, sent = grant.epoch, self._clock()
                self._table.renew(self._region, epoch, self._terms)
            self._grant = Grant(epoch, sent + self._ttl_s)
            if grant is None:
                self.granted.set()
            self._say(f"holds epoch {epoch}")
        except (ConditionFailed, TermsTooLong) as error:
            self._grant = None
            self._say(f"stopped at once: {error}")
        except Unreachable as error:
            # Nothing is known: what was granted before runs until its own end and not longer.
            grant = self._grant
            if grant is not None and self._clock() >= grant.until:
                self._grant = None
                self._say(f"stopped at expiry of epoch {grant.epoch}: {error}")

    def _owned(self) -> Item | None:
        item = self._table.read()
        if item is None or item.owner != self._region:
            self._say("does not own the lease" if item else "finds no lease item")
            return None
        if item.lowered_to is not None and not self._terms.within(item.lowered_to):
            raise TermsTooLong(f"the lease is being lowered to {item.lowered_to}, and this holder "
                               f"goes by {self._terms}: deploy it with those terms")
        return item

    def _say(self, line: str) -> None:
        if line != self._last_line:
            self._last_line = line
            self._log(f"lease: {self._region} {line}")


def create(client, table: str, workload: str, owner: str) -> None:
    """Makes the lease's table and its first item, epoch 1; the table's part of `prepare`."""
    client.create_table(
        TableName=table, BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}])
    client.put_item(
        TableName=table, ConditionExpression="attribute_not_exists(pk)",
        Item={"pk": {"S": f"LEASE#{workload}"}, "owner": {"S": owner}, "epoch": {"N": "1"},
              "effect": {"S": "created"}, "renewed_at": {"N": "0"}})
