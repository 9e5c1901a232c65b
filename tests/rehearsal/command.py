"""The operator's command, as an operator uses it."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

from . import names, procs

# A verb asks the table and at most every voter once; each of those gives up within seconds.
_LIMIT_S = 60.0


@dataclass(frozen=True)
class Ran:
    """How a run of the command ended."""

    verb: str
    code: int
    out: str
    err: str

    def json(self):
        """Its answer under `--json`."""
        try:
            return json.loads(self.out)
        except json.JSONDecodeError as error:
            raise procs.Gone(f"leeward {self.verb} did not answer in JSON ({error}): it said"
                             f" {(self.out or self.err)[:400]!r}") from error


class Command:
    """`leeward`, with the settings of a deployed stack."""

    def __init__(self, url: str, outputs: dict, log: Path, user: str = "operator"):
        self._log = log
        self._environment = {
            "PATH": "/usr/bin:/bin", "AWS_ENDPOINT_URL": url, "AWS_REGION": names.CONTROL,
            "AWS_ACCESS_KEY_ID": user, "AWS_SECRET_ACCESS_KEY": "rehearsal",
            "AWS_EC2_METADATA_DISABLED": "true", "NO_COLOR": "1",
            "LEEWARD_TABLE": outputs["TableName"], "LEEWARD_TABLE_REGION": outputs["TableRegion"],
            "LEEWARD_STATE_MACHINE_ARN": outputs["StateMachineArn"],
            "LEEWARD_TOPIC_ARN": outputs["TopicArn"],
            "LEEWARD_PROVISIONER": outputs["ProvisionerArn"],
            "LEEWARD_WORDS": outputs["WordsArn"],
            "LEEWARD_TEST_REQUEST_LIFE": str(names.REQUEST_LIFE_S), "LEEWARD_TEST_LOOPBACK": "yes"}

    def run(self, *arguments: str, limit_s: float = _LIMIT_S, **environment: str) -> Ran:
        """Runs a verb to its end, whatever that is."""
        verb = " ".join(arguments)
        binary = names.BINARIES / "leeward"
        try:
            done = subprocess.run(
                [str(binary), *arguments], env={**self._environment, **environment},
                capture_output=True, text=True, timeout=limit_s, check=False,
                stdin=subprocess.DEVNULL, cwd=names.REPOSITORY)
        except FileNotFoundError as error:
            raise procs.Gone(f"{binary} is not there: build it first (cargo build)") from error
        except subprocess.TimeoutExpired as error:
            raise procs.Gone(f"leeward {verb} did not end within {limit_s:g} s") from error
        with self._log.open("a") as log:
            log.write(f"$ leeward {verb}\n{done.stdout}{done.stderr}[{done.returncode}]\n")
        return Ran(verb, done.returncode, done.stdout, done.stderr)

    def must(self, *arguments: str, **options) -> Ran:
        """Runs a verb that has to succeed."""
        ran = self.run(*arguments, **options)
        if ran.code != 0:
            raise procs.Gone(f"leeward {ran.verb} ended with {ran.code}:"
                             f" {(ran.err or ran.out).strip()[:1500]}")
        return ran
