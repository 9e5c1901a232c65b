"""The bench measures what it says; how much that is, is nobody's test."""

import pytest

from bench.__main__ import measure, table
from bench.stage import Failed, Stage, peak_kib
from bench.subjects import EMPTY, ROOT, Subject, subjects
from rehearsal.front import Authority

DEVELOPMENT = ROOT / "target" / "debug"


@pytest.fixture
def functions():
    """Every function as tests have it. The empty one is built by the bench alone."""
    return [subject for subject in subjects(DEVELOPMENT) if subject.name != EMPTY]


@pytest.fixture
def stage(tmp_path):
    with Stage(Authority(tmp_path).ca_file) as stage:
        yield stage


def test_every_function_starts_polls_and_answers(stage, functions):
    for subject in functions:
        start = stage.start(subject)
        assert 0 < start.init.wall_ms < start.answer.wall_ms, subject.name
        assert 0 < start.init.cpu_ms < start.answer.cpu_ms, subject.name
        assert start.peak_kib > 0, subject.name
        # The probe asks its database; all others read the table first.
        assert (start.calls > 0) is (subject.name != "db-probe"), subject.name


def test_a_report_has_a_line_for_each(functions):
    some = functions[-2:]
    lines = table(some, measure(some, 2))
    assert [line.split()[0] for line in lines] == ["function", *(subject.name for subject in some)]
    assert "+0.0" in lines[1], "the first is what the others are held against"


def test_a_function_that_dies_is_a_failure_and_not_a_fast_start(stage, monkeypatch, tmp_path):
    monkeypatch.setattr("bench.stage.LIMIT_S", 0.2)
    dies = tmp_path / "dies"
    dies.write_text("#!/bin/sh\nexit 3\n")
    dies.chmod(0o755)
    with pytest.raises(Failed, match=r"dies: no answer in 0.2 s \(exit code 3\)"):
        stage.start(Subject("dies", dies, b"{}"))


def test_peak_memory_is_that_of_a_living_process():
    assert peak_kib("self") > 1024
