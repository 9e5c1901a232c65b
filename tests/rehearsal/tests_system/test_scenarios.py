"""Every scenario by its name: `pytest tests/rehearsal/tests_system [-m short] [-k NAME]`.

Each runs in a process of its own, as `make rehearse SCENARIO=…` would run it: the local AWS keeps its
state for the life of a process. A rehearsal mostly waits, so two run at once, and each test waits for
its own.
"""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest

from rehearsal import names, scenarios

# So long after the rehearsal's own limit, which ends it with every thread's place.
_GRACE_S = 30
# A rehearsal needs about half a core; more of them than this make a small machine late.
_AT_ONCE = 2
# What is shown of a failed one: the end says what failed and where the logs are.
_SHOWN = 8000


def _all() -> list:
    return [pytest.param(name, marks=[pytest.mark.short] if scenario.short else [], id=name)
            for name, scenario in scenarios.every().items()]


def _rehearse(name: str) -> subprocess.CompletedProcess:
    tests = names.REPOSITORY / "tests"
    path = os.pathsep.join([str(tests / "local-aws"), str(tests)])
    return subprocess.run([sys.executable, "-m", "rehearsal", "run", name],
                          timeout=scenarios.every()[name].limit_s + _GRACE_S,
                          env={**os.environ, "PYTHONPATH": path}, cwd=names.REPOSITORY, text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)


@pytest.fixture(scope="module")
def rehearsals(request):
    """The runs of all selected scenarios, by name, begun in their order."""
    selected = [item.callspec.params["name"] for item in request.session.items
                if item.module is request.module]
    pool = ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="rehearsal")
    yield {name: pool.submit(_rehearse, name) for name in selected}
    pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("name", _all())
def test_it_ends_as_it_must(name: str, rehearsals) -> None:
    done = rehearsals[name].result()
    assert done.returncode == 0, done.stdout[-_SHOWN:]
