"""What is measured: each function, with the event that it begins a recovery with."""

import json
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EMPTY = "empty"
# The Region of the examples' state table; nothing is called there.
REGION = "eu-west-1"
# A port on which nothing listens (discard): the probe is refused at once.
CLOSED_PORT = 9


@dataclass(frozen=True)
class Subject:
    """A binary, and the event that its first answer is measured with."""

    name: str
    binary: Path
    event: bytes

    @property
    def packaged(self):
        """The same function for arm64, where `make package` has left it."""
        folder = "".join(part.capitalize() for part in self.name.split("-")) + "Function"
        built = ROOT / ".aws-sam" / "build" / folder / "bootstrap"
        return built if built.exists() else None


def subjects(release):
    """The empty function first, then all of them in the order of a recovery."""
    found = [Subject(EMPTY, release / "examples" / EMPTY, b"{}")]
    for name, word in (
        ("detector", "schedule"),
        ("db-failover", "fence"),
        ("restore", "capacity"),
        ("dns-failover", "traffic"),
        ("validator", "validate"),
        ("notifier", "notify"),
        ("db-probe", "db-probe"),
    ):
        body = json.loads(event(word).read_text())
        if name == "db-probe":
            body |= {"host": "127.0.0.1", "port": CLOSED_PORT}
        found.append(Subject(name, release / name, json.dumps(body).encode()))
    return found


def event(word):
    """The file in events/ of that name, whatever its number."""
    (file,) = (ROOT / "events").glob(f"[0-9][0-9]-{word}.json")
    return file
