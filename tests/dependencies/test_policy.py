"""The workspace keeps to deny.toml, and the check that says so can fail."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

import policy  # noqa: E402 (the path must be there first)

CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"
RULES = {
    "licenses": {"allow": ["Apache-2.0", "MIT"]},
    "bans": {"deny": [{"crate": "openssl-sys"}, {"crate": "rustls:<0.23"}]},
    "sources": {"allow-registry": ["https://github.com/rust-lang/crates.io-index"]},
}


def package(name="bytes", version="1.0.0", licence="MIT", source=CRATES_IO):
    return {"name": name, "version": version, "license": licence, "source": source, "manifest_path": "/elsewhere"}


def test_the_workspace_keeps_to_the_policy():
    rules = policy.policy()
    packages = policy.resolved(rules["graph"]["targets"])
    # A resolve that found nothing would prove nothing.
    assert {"leeward-core", "aws-sdk-ec2", "serde"} <= {p["name"] for p in packages}
    assert policy.problems(rules, packages) == []


def test_a_good_package_has_no_problem():
    assert policy.problems(RULES, [package(), package("rustls", "0.23.1")]) == []


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (package(licence="GPL-3.0-only"), "licence `GPL-3.0-only`"),
        (package(licence=None), "names no licence"),
        (package("openssl-sys"), "is banned"),
        (package("rustls", "0.21.12"), "banned below 0.23"),
        (package(source="git+https://example.com/bytes#abc"), "comes from git+"),
        (package(source="registry+https://example.com/index"), "comes from registry+"),
        (package(source=None), "outside the workspace"),
    ],
)
def test_each_rule_can_be_broken(bad, words):
    (problem,) = policy.problems(RULES, [bad])
    assert words in problem
    assert bad["name"] in problem


@pytest.mark.parametrize(
    ("expression", "good"),
    [
        ("MIT", True),
        ("MIT/GPL-2.0", True),
        ("GPL-2.0 OR Apache-2.0", True),
        ("MIT AND GPL-2.0", False),
        ("(MIT OR GPL-2.0) AND Apache-2.0", True),
        ("MIT OR GPL-2.0 AND BSD-4-Clause", True),
        ("(MIT OR GPL-2.0) AND BSD-4-Clause", False),
        # An exception is a licence of its own: allowed only by its whole name.
        ("Apache-2.0 WITH LLVM-exception", False),
        ("Apache-2.0 WITH LLVM-exception OR MIT", True),
    ],
)
def test_an_expression_is_weighed(expression, good):
    assert policy.permits(expression, {"MIT", "Apache-2.0"}) is good


@pytest.mark.parametrize("expression", ["MIT MIT", "(MIT", "MIT OR", "AND MIT", "MIT WITH"])
def test_an_expression_that_is_not_understood_is_no_permission(expression):
    with pytest.raises(ValueError, match="licence|bracket|exception"):
        policy.permits(expression, {"MIT"})


def test_a_ban_that_is_not_understood_is_no_permission():
    rules = {**RULES, "bans": {"deny": [{"crate": "bytes:>=1"}]}}
    with pytest.raises(ValueError, match="bytes:>=1"):
        policy.problems(rules, [package()])
