"""What the monitoring system measures of the client's record."""

import json
import time

from rehearsal import monitor


def write(path, *answers):
    """A record whose attempts were answered so many seconds ago with that status."""
    now = time.time()
    lines = [json.dumps({"answered_ms": (now - ago) * 1000, "status": status})
             for ago, status in answers]
    # The first line of what is read may be cut.
    path.write_text("\n".join(['{"cut', *lines]) + "\n")


def test_a_share_of_the_last_window(tmp_path):
    record = tmp_path / "client.jsonl"
    write(record, *[(60, 500)] * 40, *[(1, 201)] * 40, *[(0.5, 500)] * 10)
    assert monitor.measure(record, time.time()) == 20.0


def test_too_few_attempts_are_no_measurement(tmp_path):
    record = tmp_path / "client.jsonl"
    write(record, *[(1, 0)] * 5)
    assert monitor.measure(record, time.time()) is None
    write(record, *[(60, 500)] * 40)
    assert monitor.measure(record, time.time()) is None
