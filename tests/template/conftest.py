"""Both templates, read once."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from templates import WHOLE, Template  # noqa: E402 (the path must be there first)


@pytest.fixture(scope="session", params=sorted(WHOLE))
def each(request):
    """Both templates, one after the other."""
    return Template(request.param)


@pytest.fixture(scope="session")
def main():
    """template.yaml."""
    return Template("template.yaml")
