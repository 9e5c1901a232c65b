"""Every scenario by its name: `pytest tests/rehearsal/tests_system [-m short] [-k NAME]`.

Each runs in a process of its own, as `make rehearse SCENARIO=…` would run it: the local AWS keeps its
state for the life of a process.
"""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from rehearsal import names, scenarios

# Above the rehearsal's own limit, which ends it with every thread's place.
_LIMIT_S = 330


def _all() -> list:
    return [pytest.param(name, marks=[pytest.mark.short] if scenario.short else [], id=name)
            for name, scenario in scenarios.every().items()]


@pytest.mark.parametrize("name", _all())
def test_it_ends_as_it_must(name: str) -> None:
    tests = names.REPOSITORY / "tests"
    path = os.pathsep.join([str(tests / "local-aws"), str(tests)])
    done = subprocess.run([sys.executable, "-m", "rehearsal", "run", name], timeout=_LIMIT_S,
                          env={**os.environ, "PYTHONPATH": path}, cwd=names.REPOSITORY, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    assert done.returncode == 0, done.stdout[-6000:]
