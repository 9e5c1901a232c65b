"""The truth finds what was planted: a lost order, an outage, and two writers."""

import json

from rehearsal import truth


def ack(n, side="us-east-1", epoch=1, sent=None):
    return {"id": f"o{n}", "sent_ms": n * 100 if sent is None else sent,
            "answered_ms": n * 100 + 20, "status": 201, "side": side, "epoch": epoch,
            "read_back": True}


def failed(n):
    return {"id": f"o{n}", "sent_ms": n * 100, "answered_ms": n * 100 + 50, "status": 503,
            "side": "us-east-1", "epoch": None, "reason": "not the writer"}


def row(line):
    return truth.Row(line["id"], line["side"], line["epoch"], line["answered_ms"] - 5)


def handover():
    """us-east-1 to order 10, silence, us-west-2 from order 60."""
    return ([ack(n) for n in range(11)] + [failed(n) for n in range(11, 60)]
            + [ack(n, "us-west-2", 3) for n in range(60, 70)])


def test_a_clean_handover_has_an_outage_and_nothing_else():
    record = handover()
    found = truth.reckon(record, [row(line) for line in record if line["status"] == 201])
    assert found.acknowledged == 21
    assert found.by_side == {"us-east-1": 11, "us-west-2": 10}
    assert [(gap.from_ms, gap.to_ms) for gap in found.gaps] == [(1020, 6020)]
    assert found.longest_gap_s == found.out_s == 5.0
    assert (found.lost, found.first_lost_ms, found.two_writers, found.unread) == ([], None, [], [])


def test_an_outage_that_never_ends_is_seen():
    record = handover()[:60]
    assert truth.reckon(record, []).out_s == 4.93


def test_lost_orders_are_those_acknowledged_and_gone():
    record = handover()
    kept = [row(line) for line in record if line["status"] == 201 and line["id"] not in
            ("o9", "o10")]
    old = [row(line) for line in record if line["side"] == "us-east-1" and line["status"] == 201]
    found = truth.reckon(record, kept, {"old primary": old})
    assert found.lost == ["o9", "o10"] and found.first_lost_ms == 920
    assert found.two_writers == [], "orders that only the old side has are lost, not split"


def test_an_old_side_that_goes_on_is_two_writers():
    record = handover() + [ack(65.5, "us-east-1", 1)]
    found = truth.reckon(record, [row(line) for line in record if line["status"] == 201])
    assert any("us-east-1 (epoch 1) wrote until" in line and "acknowledged" in line
               for line in found.two_writers)


def test_two_sides_under_one_epoch_are_two_writers():
    record = [ack(1), ack(2, "us-west-2", 1)]
    found = truth.reckon(record, [row(line) for line in record])
    assert "us-east-1 and us-west-2 both wrote under epoch 1 (by acknowledged orders)" in (
        found.two_writers)


def test_rows_that_no_one_was_told_of_bear_witness_too():
    record = handover()
    rows = [row(line) for line in record if line["status"] == 201]
    stray = [truth.Row("stray", "us-east-1", 1, 6500)]
    found = truth.reckon(record, rows, {"old primary": stray})
    assert len(found.two_writers) == 1 and "committed rows" in found.two_writers[0]


def test_a_slow_answer_across_the_handover_is_no_proof_of_two_writers():
    """Sent before the lease ended, answered after the other side began: it may have been first."""
    slow = ack(61, "us-east-1", 1, sent=1000)
    record = handover() + [slow]
    rows = [row(line) for line in record if line["status"] == 201 and line is not slow]
    rows.append(truth.Row(slow["id"] + "-slow", "us-east-1", 1, 1010))
    assert truth.reckon(record, rows).two_writers == []


def test_a_record_cut_short_by_a_kill_is_read_to_its_last_whole_line(tmp_path):
    path = tmp_path / "record.jsonl"
    path.write_text(json.dumps(ack(1)) + "\n" + '{"id": "o2", "sen')
    assert [line["id"] for line in truth.read_record(path)] == ["o1"]
