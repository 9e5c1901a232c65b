"""The journal in plain words, and the picture at the end, from a journal as Leeward stores it."""

import datetime
import re
from types import SimpleNamespace

from rehearsal import journal, names, pace, timeline, truth, words
from rehearsal.events import Events

_AT = "2026-01-01T00:00:{:02}Z"
_EXAMPLES = [
    {"entry": "opened", "generation": 1, "direction": "to-standby", "target": "us-west-2",
     "plan": "orders-region", "first-signal": _AT.format(2)},
    {"entry": "joined", "executor": "arn:aws:states:eu-west-1:1:execution:leeward:orders-g1-x"},
    {"entry": "intent", "effect": "orders/1/fence/lease/take", "undoes": None, "change": {
        "move-lease": {"from_owner": "us-east-1", "to_owner": "nobody"}}},
    {"entry": "replied", "effect": "orders/1/fence/lease/take", "reply": {"accepted": {}}},
    {"entry": "fenced", "evidence": "nobody holds the lease at epoch 2"},
    {"entry": "loss-bound", "database": "orders-db", "bound": "4500ms", "source": "the heartbeat"},
    {"entry": "step-done", "step": "fence", "evidence": ["nobody holds the lease"]},
    {"entry": "step-done", "step": "capacity", "evidence": ["3 of 3 in service"]},
    {"entry": "committed", "because": ["orders-db is fenced"]},
    {"entry": "writer-verified", "database": "orders-db", "evidence": "it takes writes"},
    {"entry": "step-done", "step": "restore", "evidence": []},
    {"entry": "pass", "held": True, "checks": []},
    {"entry": "ended", "end": "recovered", "reason": "three passes"}]


def _event(number: int, at: float, kind: str) -> dict:
    return {"id": number, "timestamp": datetime.datetime.fromtimestamp(at, datetime.UTC),
            "type": kind}


# Two branches: the one's wait counts only while the other does not work.
_HISTORY = {_EXAMPLES[1]["executor"]: [
    _event(n, at, kind) for n, (at, kind) in enumerate([
        (0, "ExecutionStarted"), (0, "TaskStateEntered"), (1, "TaskStateEntered"),
        (2, "TaskStateExited"), (2, "WaitStateEntered"), (4, "TaskStateExited"),
        (4, "WaitStateEntered"), (7, "WaitStateExited"), (8, "WaitStateExited"),
        (8, "TaskStateEntered"), (10, "TaskStateExited"), (10, "ExecutionSucceeded")], 1)]}
# The last Task asked a Region that is silent.
_SILENCES = [(8.5, 9.5)]


def _pace(execution: str) -> pace.Pace:
    return pace.split(_HISTORY[execution], _SILENCES)


class _Table:
    """A table that holds one generation."""

    def __init__(self, entries: list[dict]):
        self.bodies = [{"seq": n, "at": _AT.format(3 + n), "by": "leeward", "entry": entry}
                       for n, entry in enumerate(entries, 1)]

    def items(self, _table: str, partition: str, _prefix: str) -> list[dict]:
        known = self.bodies if partition == "G#orders#1" else []
        return [{"sk": f"J#{body['seq']:010}", "body": body} for body in known]


def test_every_kind_of_entry_has_words_or_needs_none():
    source = (names.REPOSITORY / "crates/core/src/journal/entry.rs").read_text()
    kinds = set(re.findall(r'Self::\w+[^=\n]*=> "([a-z-]+)"', source))
    assert len(kinds) > 20
    silent = {"assessed", "outcome", "noted"}
    assert kinds == set(words._WORDS) | silent


def test_entries_are_read_in_order_and_said():
    book = journal.Journal(_Table(_EXAMPLES), "state")
    said = [words.line(record) for record in book.all()]
    assert said[0] == ("generation 1 opened: to-standby, to us-west-2, by plan orders-region")
    assert said[2] == "moves the writer lease from us-east-1 to nobody"
    assert said[3] is None, "an answer that says yes needs no line"
    assert said[-1] == "RECOVERED: three passes"


def test_spans_are_read_as_leeward_writes_them():
    assert [journal.seconds(text) for text in ("500ms", "90s", "15m", "1h", None)] == [
        0.5, 90, 900, 3600, None]


def test_the_picture_tells_times_bounds_and_the_clients_truth():
    book = journal.Journal(_Table(_EXAMPLES), "state")
    events = Events(lambda _line: None)
    events.broken("it breaks")
    events.broken_at = journal.instant(_AT.format(0))
    found = truth.Truth(acknowledged=12, by_side={"us-east-1": 10, "us-west-2": 2}, lost=["a"],
                        gaps=[truth.Gap(int((events.broken_at + 1) * 1000),
                                        int((events.broken_at + 9.5) * 1000))],
                        first_lost_ms=None, unread=[])
    r = SimpleNamespace(book=book, events=events, watch=SimpleNamespace(serving="us-west-2"),
                        plan={"objectives": {"rto": "15m", "rpo": "60s"}},
                        world=SimpleNamespace(truth=lambda serving: found,
                                              cloud=SimpleNamespace(pace=_pace)))
    picture = timeline.render(r)
    for words_ in (
            "first signal came 2.0 s after the", "detect       2.0 s", "decide       8.0 s",
            "validate     2.0 s", "together    14.0 s   objective 15m: met",
            "orders-g1-x took 10.0 s: it waited 4.0 s as plan and world ask, 1.0 s for answers that"
            " never came; 5.0 s of its own.",
            "orders-db: the last 4.5 s of writes can be lost", "8.5 s without a successful order",
            "12 orders acknowledged (10 by us-east-1, 2 by us-west-2)",
            "1 acknowledged orders lost", "never two writers"):
        assert words_ in picture, f"{words_!r} is not in:\n{picture}"
