"""Journal entries in plain words, for the one who watches."""

from __future__ import annotations

from .journal import Record, seconds

_STEPS = {
    "fence": "the old writer is fenced", "capacity": "capacity is up",
    "database": "the database is promoted and writes", "traffic": "users are sent there",
    "restore": "what may run only now runs", "validate": "validated from outside",
    "notify": "people are told", "undo": "undone"}
_ENDS = {"recovered": "RECOVERED", "rolled-back": "ROLLED BACK", "abandoned": "ABANDONED"}


def line(record: Record) -> str | None:
    """An entry's sentence; None for those that only a journal's reader needs."""
    made = _WORDS.get(record.kind)
    return made(record.entry) if made else None


def _change(entry: dict) -> str:
    kind, sent = next(iter(entry["change"].items()))
    if kind == "move-lease":
        return f"moves the writer lease from {sent['from_owner']} to {sent['to_owner']}"
    if kind == "promote-replica":
        return f"promotes {sent['instance']} in {sent['region']}"
    if kind == "set-minimum":
        return f"sets the minimum of {sent['group']} to {sent['minimum']}"
    if kind == "put-metric":
        return f"puts {sent['metric']} = {sent['value']:g} in {sent['region']}"
    if kind in ("start-instances", "stop-instances"):
        return f"{kind.split('-')[0]}s {len(sent['ids'])} instances in {sent['region']}"
    return f"{kind.replace('-', ' ')} ({entry['effect']})"


def _opened(entry: dict) -> str:
    return (f"generation {entry['generation']} opened: {entry['direction']}, to {entry['target']},"
            f" by plan {entry['plan']}")


def _intent(entry: dict) -> str:
    return ("undoes: " if entry.get("undoes") else "") + _change(entry)


def _replied(entry: dict) -> str | None:
    refused = entry["reply"].get("refused") if isinstance(entry["reply"], dict) else None
    return (f"AWS refused {entry['effect']}: {refused['code']}: {refused['message']}"
            if refused else None)


def _fenced(entry: dict) -> str:
    return f"the old writer cannot write: {entry['evidence']}"


def _loss(entry: dict) -> str:
    bound = seconds(entry["bound"])
    most = "an unknown span" if bound is None else f"at most {bound:.1f} s"
    return f"{entry['database']} can lose {most} of writes"


_WORDS = {
    "opened": _opened,
    "joined": lambda e: f"an executor takes it up: {e['executor'].rsplit(':', 1)[-1]}",
    "asked": lambda e: f"question {e['number']} to people: {e['question']}",
    "answered": lambda e: f"question {e['number']}: {e['answer']} ({e['reason']})",
    "intent": _intent,
    "replied": _replied,
    "fenced": _fenced,
    "waived": lambda e: f"{e['database']} is waived: {e['reason']}",
    "loss-bound": _loss,
    "writer-verified": lambda e: f"{e['database']} answers as the writer: {e['evidence']}",
    "step-done": lambda e: f"step {e['step']} done: {_STEPS.get(e['step'], e['step'])}",
    "committed": lambda e: "committed: no way back from here",
    "turned-back": lambda e: f"turns back ({e['reason']}): {e['detail']}",
    "pass": lambda e: "a validation pass holds" if e["held"] else
            f"a validation pass fails: {'; '.join(e['checks'])}",
    "held": lambda e: f"HELD at {e['step']}: {e['reason']}",
    "paused": lambda e: f"paused: {e['reason']}",
    "stopped": lambda e: f"stopped: {e['reason']}",
    "resumed": lambda e: f"resumed: {e['reason']}",
    "ended": lambda e: f"{_ENDS.get(e['end'], e['end'])}: {e['reason']}",
    "acknowledged": lambda e: f"acknowledged: {e['reason']}",
    "old-side-fenced": lambda e: f"{e['database']} in {e['side']} is seen fenced:"
            f" {e['evidence']}",
    "seen-at-home": lambda e: f"the workload is seen at home again: {e['evidence']}",
    "one-writer": lambda e: f"{e['database']} may be opened on its {e['side']} side, and no second"
            f" writer comes of it: {e['evidence']}",
    "closed": lambda e: f"closed for generation {e['next']}",
}
