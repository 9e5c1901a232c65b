"""Where an execution's seconds went: waits and silence are told from its own work."""

import json
from datetime import datetime, timezone

import pytest
from rehearsal import pace

EXECUTION = "arn:aws:states:eu-west-1:123456789012:execution:leeward-recovery:orders-g1"


def history(*steps):
    return [{"timestamp": datetime.fromtimestamp(at, timezone.utc), "id": order, "type": kind}
            for order, (at, kind) in enumerate(steps, 1)]


def one_task(began, ended):
    return history((began, "ExecutionStarted"), (began, "TaskStateEntered"),
                   (ended, "TaskStateExited"), (ended, "ExecutionSucceeded"))


def call(at, seconds, status=200, invocation="i1"):
    return {"invocation": invocation, "time": at, "seconds": seconds, "status": status}


def invocation(ended, executor=EXECUTION, name="i1"):
    return {"id": name, "ended": ended, "payload": json.dumps({"executor": executor})}


def of(found):
    return [pytest.approx(span) for span in found]


def test_a_wait_beside_a_task_is_no_wait():
    events = history(
        (0, "ExecutionStarted"), (0, "TaskStateEntered"), (0, "TaskStateEntered"),
        (1, "TaskStateExited"), (1, "WaitStateEntered"),  # one branch waits, the other works
        (3, "TaskStateExited"), (3, "WaitStateEntered"),  # both wait
        (7, "WaitStateExited"), (7, "WaitStateExited"), (8, "ExecutionSucceeded"))
    found = pace.split(events)
    assert found == (8, 4, 0)
    assert found.own == 4


def test_silence_counts_where_nothing_else_works():
    assert pace.split(one_task(0, 5), [(1, 4)]) == (5, 0, 3)
    beside = history((0, "TaskStateEntered"), (0, "TaskStateEntered"), (2, "TaskStateExited"),
                     (5, "TaskStateExited"))
    assert pace.split(beside, [(1, 4)]) == (5, 0, 2), "the other branch worked until 2"


def test_silence_beside_a_wait_is_counted_once():
    events = history((0, "TaskStateEntered"), (0, "WaitStateEntered"), (4, "WaitStateExited"),
                     (5, "TaskStateExited"))
    assert pace.split(events, [(1, 4)]) == (5, 0, 3)


def test_silence_between_states_is_not_of_a_task():
    events = history((0, "ExecutionStarted"), (0, "TaskStateEntered"), (2, "TaskStateExited"),
                     (5, "ExecutionSucceeded"))
    assert pace.split(events, [(1, 9)]) == (5, 0, 1)


def test_an_execution_without_events_took_nothing():
    assert pace.split([]) == (0, 0, 0)


def test_an_invocation_is_silent_between_its_other_calls():
    calls = [call(10.0, 0.25), call(10.25, 30, None), call(10.5, 0.5), call(12.0, 0.25)]
    found = pace.silences(EXECUTION, calls, [invocation(12.5)])
    # Until the second call, behind it, and what is left when the third is over: 2 s of 12.5.
    assert of(found) == [(10.25, 10.5), (11.0, 12.0), (12.25, 12.5)]


def test_nobody_waits_longer_than_a_look_does():
    found = pace.silences(EXECUTION, [call(10, 30, None)], [invocation(20)])
    assert of(found) == [(10, 13)]
    again = [call(10, 30, None), call(12, 30, None)]
    assert sum(b - a for a, b in pace.silences(EXECUTION, again, [invocation(20)])) == 5


def test_a_connection_that_was_closed_is_silent_no_longer():
    assert of(pace.silences(EXECUTION, [call(10, 0.5, None)], [invocation(20)])) == [(10, 10.5)]
    under_way = pace.silences(EXECUTION, [call(10, None, None)], [invocation(12)])
    assert of(under_way) == [(10, 12)]


def test_what_was_answered_is_no_silence():
    answered = [call(10, 1), call(12, 1, 500)]
    assert pace.silences(EXECUTION, answered, [invocation(14)]) == []


def test_only_this_execution_counts():
    silent = [call(10, 30, None), call(10, 30, None, "i2"), call(10, 30, None, "i3")]
    others = [invocation(12, "leeward-cli"), invocation(None, name="i2"),
              {"id": "i3", "ended": 12, "payload": "rubbish"}]
    assert pace.silences(EXECUTION, silent, others) == []
