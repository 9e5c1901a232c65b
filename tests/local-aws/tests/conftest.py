"""What the tests of the local AWS share: a running one, and the test template deployed on it."""

import sys
from pathlib import Path

import pytest

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent)]

from support import FIXTURES, REGION  # noqa: E402  (the path comes first)


@pytest.fixture(scope="module")
def aws(tmp_path_factory):
    """A local AWS for the tests of one file, with nothing deployed."""
    from localaws.server import LocalAws

    work = tmp_path_factory.mktemp("aws")
    running = LocalAws(
        binaries=FIXTURES / "bin", work_dir=work, schedule_seconds=0.5,
        retry_delays_s=(0.05, 0.1), request_life_s=900,
    ).start()  # fmt: skip
    running.schedules.pause(True)
    yield running
    running.stop()


@pytest.fixture(autouse=True)
def _clean(request):
    """No fault and no hook outlives its test."""
    yield
    if "aws" in request.fixturenames:
        running = request.getfixturevalue("aws")
        running.faults.clear()
        running.hooks.clear()


@pytest.fixture(scope="module")
def stack(aws):
    """The test template, deployed."""
    from localaws.deploy import deploy

    return deploy(FIXTURES / "template.yaml", "test", REGION, {}, aws.url)
