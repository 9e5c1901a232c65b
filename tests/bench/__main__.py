"""`python -m bench`: prints what a cold start of each function takes. A report: nothing passes or fails by it."""

import argparse
import statistics
import sys
import tempfile
from pathlib import Path

from rehearsal.front import Authority

from .stage import Failed, Moment, Stage
from .subjects import ROOT, subjects

PROMISES = "promised: init at most 10 ms over the empty one, 8 MB of binary for arm64 (the detector 10), 24 MB of peak memory"
# Processor time tells what a start costs where a busy machine only shows how long it queued.
HEAD = (
    "function", "init", "p95", "cpu", "over empty", "cpu",
    "first answer", "p95", "cpu", "AWS calls", "peak", "x86-64", "arm64",
)  # fmt: skip


def main():
    options = read(sys.argv[1:])
    every = subjects(options.release)
    missing = [str(s.binary) for s in every if not s.binary.exists()]
    if missing:
        sys.exit(f"not built: {', '.join(missing)}; `make bench` builds them")
    try:
        taken = measure(every, options.runs)
    except Failed as failure:
        sys.exit(f"bench: {failure}")
    print(f"{options.runs} cold starts of each, in turn: median and 95th percentile, milliseconds since the spawn")
    for line in table(every, taken):
        print(line)
    print(PROMISES)


def read(arguments):
    parser = argparse.ArgumentParser(prog="bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=30, help="cold starts of each function (2 or more)")
    parser.add_argument("--release", type=Path, default=ROOT / "target" / "release", help="where the binaries are")
    options = parser.parse_args(arguments)
    if options.runs < 2:
        parser.error("--runs: a percentile takes 2 or more")
    return options


def measure(every, runs):
    """Cold starts by function, taken in turn, so that a busy moment falls on all alike."""
    taken = {subject.name: [] for subject in every}
    with tempfile.TemporaryDirectory() as folder:
        with Stage(Authority(Path(folder)).ca_file) as stage:
            for subject in every:
                stage.start(subject)  # what comes from the disk is not counted
            for _ in range(runs):
                for subject in every:
                    taken[subject.name].append(stage.start(subject))
    return taken


def table(every, taken):
    """The lines of the report."""
    empty = middle([s.init for s in taken[every[0].name]])
    rows = [HEAD]
    for subject in every:
        starts = taken[subject.name]
        init, answer = middle([s.init for s in starts]), middle([s.answer for s in starts])
        rows.append((
            subject.name,
            f"{init.wall_ms:.1f}",
            f"{percentile_95([s.init.wall_ms for s in starts]):.1f}",
            f"{init.cpu_ms:.1f}",
            f"{init.wall_ms - empty.wall_ms:+.1f}",
            f"{init.cpu_ms - empty.cpu_ms:+.1f}",
            f"{answer.wall_ms:.1f}",
            f"{percentile_95([s.answer.wall_ms for s in starts]):.1f}",
            f"{answer.cpu_ms:.1f}",
            f"{max(s.calls for s in starts)}",
            f"{max(s.peak_kib for s in starts) / 1024:.1f} MB",
            megabytes(subject.binary),
            megabytes(subject.packaged),
        ))
    widths = [max(len(row[i]) for row in rows) for i in range(len(HEAD))]
    return ["  ".join(cell.rjust(w) if i else cell.ljust(w) for i, (cell, w) in enumerate(zip(row, widths, strict=True)))
            for row in rows]


def middle(moments):
    """Medians of both."""
    return Moment(statistics.median(m.wall_ms for m in moments), statistics.median(m.cpu_ms for m in moments))


def percentile_95(values):
    return statistics.quantiles(values, n=20, method="inclusive")[-1]


def megabytes(path):
    return f"{path.stat().st_size / 1024**2:.2f} MB" if path else "not built"


if __name__ == "__main__":
    main()
