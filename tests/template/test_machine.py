"""The deployed state machine, executed by the local AWS with scripted functions: every way through it."""

import json
import time
from pathlib import Path

import pytest
from templates import ROOT

from localaws.deploy import deploy
from localaws.server import LocalAws

REGION = "eu-west-1"
FUNCTIONS = ["detector", "db-failover", "restore", "dns-failover", "validator", "notifier"]
# Far above what a way takes (seconds): only a machine that hangs runs into it.
LONGEST_S = 90

STRAIGHT = ["detect", "capacity", "fence", "commit", "database", "traffic", "restore", "validate", "notify"]
BEGUN = STRAIGHT[:3]
UNDONE = ["undo by db-failover", "undo by restore", "notify"]
TOLD = ["notify"]

# name: (script, steps in order of their first call, error of the end or None for success)
WAYS = {
    "straight": ({}, STRAIGHT, None),
    "waits": (
        {s: ["waiting", "done"] for s in ("fence", "capacity", "database", "traffic", "restore", "validate")}
        | {"commit": ["waiting", "commit"]},
        STRAIGHT, None),
    "retries": (
        {"fence": ["!Unavailable", "done"], "commit": ["!Throttled", "commit"],
         "traffic": ["!Lambda.ServiceException", "done"], "notify": ["!Unavailable", "done"]},
        STRAIGHT, None),
    "not-needed": ({"detect": ["not-needed"]}, ["detect"], None),
    "refused": ({"detect": ["refused"]}, ["detect", "notify"], "Refused"),
    "refused-untold": ({"detect": ["refused"], "notify": ["!InvalidInput"]}, ["detect", "notify"], "NeedsOperator"),
    "bad-input": ({"detect": ["!InvalidInput"]}, ["detect"], "InvalidInput"),
    "unknown-status": ({"detect": ["perhaps"]}, ["detect"], "InvalidInput"),
    "fence-failed": ({"fence": ["failed"], "notify": ["failed"]}, BEGUN + UNDONE, "RolledBack"),
    "fence-error": ({"fence": ["!Refused"], "notify": ["failed"]}, BEGUN + UNDONE, "RolledBack"),
    "capacity-error": ({"capacity": ["!DeadlineExceeded"], "notify": ["failed"]}, BEGUN + UNDONE, "RolledBack"),
    "capacity-held": ({"capacity": ["held"], "notify": ["held"]}, BEGUN + TOLD, "NeedsOperator"),
    "fence-needs-person": ({"fence": ["!NeedsOperator"], "notify": ["held"]}, BEGUN + TOLD, "NeedsOperator"),
    "closed-in-a-branch": ({"fence": ["!GenerationClosed"]}, BEGUN + TOLD, None),
    "closed-beside-a-failure": ({"fence": ["!GenerationClosed"], "capacity": ["failed"]}, BEGUN + TOLD, None),
    "turn-back": (
        {"commit": ["turn-back"], "undo by db-failover": ["waiting", "done"],
         "undo by restore": ["waiting", "done"], "notify": ["failed"]},
        BEGUN + ["commit"] + UNDONE, "RolledBack"),
    "commit-held": ({"commit": ["held"], "notify": ["held"]}, BEGUN + ["commit"] + TOLD, "NeedsOperator"),
    "commit-error": ({"commit": ["!Refused"], "notify": ["failed"]}, BEGUN + ["commit"] + UNDONE, "RolledBack"),
    "commit-closed": ({"commit": ["!GenerationClosed"]}, BEGUN + ["commit"] + TOLD, None),
    "undo-held": (
        {"commit": ["turn-back"], "undo by db-failover": ["held"], "notify": ["held"]},
        BEGUN + ["commit", "undo by db-failover", "notify"], "NeedsOperator"),
    "undo-error": (
        {"commit": ["turn-back"], "undo by restore": ["!NeedsOperator"], "notify": ["held"]},
        BEGUN + ["commit"] + UNDONE, "NeedsOperator"),
    "database-held": ({"database": ["held"], "notify": ["held"]}, STRAIGHT[:5] + TOLD, "NeedsOperator"),
    "database-error": ({"database": ["!DeadlineExceeded"], "notify": ["held"]}, STRAIGHT[:5] + TOLD,
                       "NeedsOperator"),
    "traffic-failed": ({"traffic": ["failed"], "notify": ["held"]}, STRAIGHT[:6] + TOLD, "NeedsOperator"),
    "validation-failed": ({"validate": ["failed"], "notify": ["held"]}, STRAIGHT, "NeedsOperator"),
    "nobody-told": ({"notify": ["!NeedsOperator"]}, STRAIGHT, "NeedsOperator"),
}


@pytest.fixture(scope="module")
def ends(tmp_path_factory):
    """All ways, executed side by side: name to (description of the execution, calls)."""
    work = tmp_path_factory.mktemp("machine")
    binaries = work / "bin"
    binaries.mkdir()
    for function in FUNCTIONS:
        (binaries / function).symlink_to(Path(__file__).with_name("scripted.py"))
    aws = LocalAws(port=0, binaries=binaries, work_dir=work, schedule_seconds=3600)
    aws.start()
    try:
        # As many at once as there are ways: throttling is the local AWS's own test.
        parameters = {"DetectorConcurrency": "-1", "StepConcurrency": "-1"}
        stack = deploy(ROOT / "template.yaml", "leeward", REGION, parameters, aws.url)
        yield _run(aws.client("stepfunctions", REGION), stack.outputs["StateMachineArn"], binaries)
    finally:
        aws.stop()


def _run(machines, arn, binaries):
    executions = {}
    for name, (script, _, _) in WAYS.items():
        (binaries / f"{name}.json").write_text(json.dumps(script), encoding="utf-8")
        given = json.dumps({"leeward": "start", "workload": name})
        started = machines.start_execution(stateMachineArn=arn, name=name, input=given)
        executions[name] = started["executionArn"]
    found = {}
    deadline = time.monotonic() + LONGEST_S
    while len(found) < len(executions) and time.monotonic() < deadline:
        for name in executions.keys() - found.keys():
            description = machines.describe_execution(executionArn=executions[name])
            if description["status"] != "RUNNING":
                lines = (binaries / f"{name}.calls").read_text(encoding="utf-8").splitlines()
                found[name] = description, [json.loads(line) for line in lines]
        time.sleep(0.2)
    return found


@pytest.mark.parametrize("name", WAYS)
def test_the_way(ends, name):
    assert name in ends, f"still running after {LONGEST_S} s"
    description, calls = ends[name]
    _, steps, error = WAYS[name]
    assert description.get("error") == error, description
    assert description["status"] == ("SUCCEEDED" if error is None else "FAILED")
    called = [call["step"] for call in calls]
    order = sorted(set(called), key=called.index)
    # The branches run side by side, so which comes first is not told.
    assert _branches_sorted(order) == steps


@pytest.mark.parametrize("name", WAYS)
def test_a_step_gets_ids_only(ends, name):
    description, calls = ends[name]
    for call in calls:
        event = call["event"]
        assert event["executor"] == description["executionArn"] and event["schema"] == 1
        if event["leeward"] == "step":
            assert set(event) == {"leeward", "schema", "workload", "generation", "step", "executor"}
            assert event["workload"] == name
            assert event["generation"] == (None if "refused" in name else 1)


def _branches_sorted(steps):
    if {"fence", "capacity"} <= set(steps):
        rest = [step for step in steps if step not in ("fence", "capacity")]
        return [rest[0], "capacity", "fence", *rest[1:]]
    return steps
