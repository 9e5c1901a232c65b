"""What must hold at the end of a rehearsal. Each check looks at the world itself, not only at what
Leeward says of it, and raises `Unmet` with a plain sentence."""

from __future__ import annotations

import time
import uuid

from . import names
from .journal import Record, instant, seconds
from .names import CONTROL, PRIMARY, STANDBY

# People's message travels through SNS here in milliseconds; the sweeper brings an owed one.
_TOLD_LIMIT_S = 40.0


class Unmet(Exception):
    """Something that must hold does not."""


def expect(holds: object, otherwise: str) -> None:
    """Raises `Unmet` with that sentence unless it holds."""
    if not holds:
        raise Unmet(otherwise)


def lease_owner(r) -> tuple[str, int]:
    """Owner and epoch of the writer's lease."""
    item = r.world.cloud.client("dynamodb", CONTROL).get_item(
        TableName=r.world.lease_table, ConsistentRead=True,
        Key={"pk": {"S": f"LEASE#{names.WORKLOAD}"}})["Item"]
    return item["owner"]["S"], int(item["epoch"]["N"])


def recovered(r, generation: int = 1) -> Record:
    """The generation ended Recovered, on validation passes of its own."""
    end = r.book.of("ended", generation)
    expect(end, f"generation {generation} has not ended")
    expect(end[-1].entry["end"] == "recovered",
           f"generation {generation} ended {end[-1].entry['end']}: {end[-1].entry['reason']}")
    passes = [record for record in r.book.of("pass", generation) if record.entry["held"]]
    expect(len(passes) >= r.plan["validation"]["passes"],
           f"Recovered was written on {len(passes)} validation passes that held")
    return end[-1]


def held(r, generation: int = 1, about: str = "") -> Record:
    """The generation waits for a person, and says why."""
    found = r.book.of("held", generation)
    expect(found, f"generation {generation} is not held")
    expect(about in found[-1].entry["reason"],
           f"the reason does not speak of `{about}`: {found[-1].entry['reason']}")
    return found[-1]


def no_entry(r, kind: str, generation: int = 1) -> None:
    """No such entry stands in the journal."""
    found = r.book.of(kind, generation)
    expect(not found, f"the journal has {len(found)} entries `{kind}`")


def generations(r, count: int) -> None:
    """Exactly so many generations were opened."""
    found = len(r.book.of("opened"))
    expect(found == count, f"{found} generations were opened, not {count}")


def effects(r, service: str, action: str) -> list[dict]:
    """Calls of that action which reached the service and were taken."""
    return [call for call in r.world.cloud.aws.log.find(service=service, action=action)
            if call["effect"] and (call["status"] or 200) < 400 and call["function"]]


def promoted(r, times: int = 1) -> None:
    """The replica was promoted so often, by the world's own account."""
    found = len(r.events.of("promoted"))
    expect(found == times, f"PostgreSQL in {STANDBY} was promoted {found} times, not {times}")
    in_recovery = r.world.pair.replica.in_recovery()
    expect(in_recovery == (times == 0),
           f"PostgreSQL in {STANDBY} is {'still a replica' if in_recovery else 'a writer'}")


def served_from(r, region: str) -> None:
    """The client's orders are taken by that Region now."""
    r.wait_served(region, time.time())


def old_side_cannot_write(r) -> None:
    """Tried for real: the lease has left the primary, and the old service, brought back when it
    died, takes no order."""
    owner, epoch = lease_owner(r)
    expect(owner == STANDBY, f"the writer lease is with {owner} (epoch {epoch})")
    side = r.world.sides[PRIMARY]
    if PRIMARY not in r.world.alive:
        r.world.revive_primary()
        r.events.add("revived", f"{PRIMARY} comes back with what it had, to try whether it writes")
    order = f"old-side-{uuid.uuid4().hex}"
    status, body = side.ask("POST", "/orders", {"id": order})
    expect(status == 503 and body.get("reason") == "not the writer",
           f"the old side answered {status} {body} to an order")
    rows = r.world.pair.primary.query("SELECT 1 FROM orders WHERE id = :id", id=order)
    expect(not rows, "the old side stored an order after the fence")
    r.events.add("fenced-seen", f"the old side was tried: {status} {body['reason']}")


def audit_holds(r) -> None:
    """`leeward audit` finds nothing wrong."""
    ran = r.command.run("audit", names.WORKLOAD)
    expect(ran.code == 0, f"`leeward audit` ended with {ran.code}: {(ran.out + ran.err)[-1500:]}")


def one_writer(r, serving: str) -> None:
    """By the client's record and by the rows of every database that lives: never two writers."""
    found = r.world.truth(serving)
    expect(not found.two_writers, "two sides wrote: " + "; ".join(found.two_writers))
    expect(not found.unread, f"{len(found.unread)} orders could not be read back where they were"
                             " taken")


def loss_within_bound(r, generation: int = 1) -> None:
    """What the client lost is younger than the bound said it could be."""
    found = r.world.truth(STANDBY)
    bounds = [seconds(record.entry["bound"]) for record in r.book.of("loss-bound", generation)]
    expect(bounds and None not in bounds, "no loss bound is on record")
    if found.first_lost_ms is None:
        return
    fences = r.book.of("fenced", generation)
    expect(fences, "orders were lost, and no fence is on record")
    latest = instant(fences[-1].entry["latest_write"])
    expect(latest - found.first_lost_ms / 1000 <= max(bounds),
           f"an order was lost that was acknowledged {latest - found.first_lost_ms / 1000:.1f} s"
           f" before the last possible write; the bound said {max(bounds):g} s")


def told(r, times: int = 1) -> None:
    """People were told."""
    r.wait(f"people to be told ({times} messages)",
           lambda: len(r.world.subscriber.messages) >= times, _TOLD_LIMIT_S)


def untouched_traffic(r) -> None:
    """The name still resolves to the primary: nobody was sent anywhere."""
    expect(not r.events.of("traffic") and not r.events.of("name"), "traffic was moved")


def nothing_lost(r, serving: str) -> None:
    """Every acknowledged order is in the database that serves."""
    found = r.world.truth(serving)
    expect(not found.lost, f"{len(found.lost)} acknowledged orders are lost")


# What a function changes in the world, and the intent that must stand in the journal before it.
_INTENDED = {
    ("rds", "PromoteReadReplica", "*"): ("promote-replica",),
    ("autoscaling", "UpdateAutoScalingGroup", "*"): ("set-minimum", "bound-group"),
    ("ec2", "StartInstances", "*"): ("start-instances",),
    ("cloudwatch", "PutMetricData", "dns-failover"): ("put-metric",),
    ("dynamodb", "UpdateItem", "db-failover"): ("move-lease",)}


def every_effect_was_intended(r) -> None:
    """No function changed more in the world than the journal says it was about to."""
    intents = [next(iter(record.entry["change"])) for record in r.book.of("intent")]
    for (service, action, function), kinds in _INTENDED.items():
        sent = [call for call in effects(r, service, action)
                if function == "*" or call["function"].endswith(function)]
        meant = sum(intents.count(kind) for kind in kinds)
        expect(len(sent) <= meant, f"{service}:{action} was carried out {len(sent)} times on"
                                   f" {meant} intents")


# The order of a recovery, whoever carried it out; fences and capacity go side by side.
_SHAPE = [("opened",), ("fence", "capacity"), ("fence", "capacity"), ("committed",), ("database",),
          ("traffic",), ("restore",), ("ended",)]


def shape(r, generation: int = 1) -> None:
    """The journal has the one shape that a recovery has."""
    found = [record.entry["step"] if record.kind == "step-done" else record.kind
             for record in r.book.records(generation)
             if record.kind in ("opened", "step-done", "committed", "ended")]
    fits = len(found) == len(_SHAPE) and all(
        kind in allowed for kind, allowed in zip(found, _SHAPE, strict=True))
    expect(fits, f"the journal's milestones are {', '.join(found)}")


def recovered_whole(r) -> None:
    """All that a recovery must leave behind."""
    recovered(r)
    generations(r, 1)
    shape(r)
    every_effect_was_intended(r)
    promoted(r)
    served_from(r, STANDBY)
    told(r)
    r.world.end_client()
    one_writer(r, STANDBY)
    loss_within_bound(r)
    old_side_cannot_write(r)
    audit_holds(r)
