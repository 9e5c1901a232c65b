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

# The ways as our own interpreter goes them, too (`tests/tests/ways.rs`): what the functions answer in turn, the
# last answer for ever; the states in the order in which they are entered, by branch; error of the end, or output.
WAYS = {way["name"]: way for way in json.loads(Path(__file__).with_name("ways.json").read_text(encoding="utf-8"))}
BRANCHES = {"FenceDatabases": "fence", "PrepareCapacity": "capacity"}


@pytest.fixture(scope="module")
def ends(tmp_path_factory):
    """All ways, executed side by side: name to (description of the execution, calls, states entered)."""
    work = tmp_path_factory.mktemp("machine")
    binaries = work / "bin"
    binaries.mkdir()
    for function in FUNCTIONS:
        (binaries / function).symlink_to(Path(__file__).with_name("scripted.py"))
    aws = LocalAws(port=0, binaries=binaries, work_dir=work, schedule_seconds=3600)
    aws.start()
    try:
        # As many at once as there are ways: throttling is the local AWS's own test.
        parameters = {"ListenerConcurrency": "-1", "DetectorConcurrency": "-1", "StepConcurrency": "-1"}
        stack = deploy(ROOT / "template.yaml", "leeward", REGION, parameters, aws.url)
        yield _run(aws.client("stepfunctions", REGION), stack.outputs["StateMachineArn"], binaries)
    finally:
        aws.stop()


def _run(machines, arn, binaries):
    executions = {}
    for name, way in WAYS.items():
        (binaries / f"{name}.json").write_text(json.dumps(way["script"]), encoding="utf-8")
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
                found[name] = description, [json.loads(line) for line in lines], _entered(machines, executions[name])
        time.sleep(0.2)
    return found


def _entered(machines, execution):
    """States in the order in which they were entered, by branch: the branches run side by side."""
    pages = machines.get_paginator("get_execution_history").paginate(executionArn=execution)
    events = [event for page in pages for event in page["events"]]
    states = {}
    for event in events:
        if "stateEnteredEventDetails" in event:
            name = event["stateEnteredEventDetails"]["name"]
            branch = next((b for prefix, b in BRANCHES.items() if name.startswith(prefix)), "top")
            states.setdefault(branch, []).append(name)
    return states


def _bare(value):
    """Without causes: their text is the service's own."""
    if isinstance(value, dict):
        return {key: _bare(field) for key, field in value.items() if key != "Cause"}
    return value


@pytest.mark.parametrize("name", WAYS)
def test_the_way(ends, name):
    assert name in ends, f"still running after {LONGEST_S} s"
    description, _, states = ends[name]
    way = WAYS[name]
    assert description.get("error") == way["error"], description
    assert description["status"] == ("SUCCEEDED" if way["error"] is None else "FAILED")
    assert states == way["states"]
    if way["error"] is None:
        assert _bare(json.loads(description["output"])) == way["output"]


@pytest.mark.parametrize("name", WAYS)
def test_a_step_gets_ids_only(ends, name):
    description, calls, _ = ends[name]
    for call in calls:
        event = call["event"]
        assert event["executor"] == description["executionArn"] and event["schema"] == 1
        if event["leeward"] == "step":
            assert set(event) == {"leeward", "schema", "workload", "generation", "step", "executor"}
            assert event["workload"] == name
            assert event["generation"] == (None if "refused" in name else 1)
