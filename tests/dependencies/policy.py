"""What deny.toml allows, held against what cargo resolves: licences, bans, sources.

The tool that the file is written for takes longer to build than the whole workspace's own tests; what is asked of it
here is small.
"""

import json
import re
import subprocess
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
# Long enough for a first download of the registry's crates.
RESOLVE_S = 300


def policy():
    """deny.toml."""
    return tomllib.loads((ROOT / "deny.toml").read_text())


def resolved(targets):
    """Every package that the workspace needs on these targets, with all features, tests included."""
    command = ["cargo", "metadata", "--locked", "--all-features", "--format-version", "1"]
    for target in targets:
        command += ["--filter-platform", target]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=RESOLVE_S, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)}: {done.stderr.strip()}")
    return json.loads(done.stdout)["packages"]


def problems(rules, packages):
    """One sentence for each package that breaks a rule."""
    found = []
    for package in packages:
        name = f"{package['name']} {package['version']}"
        for check in (licence_problem, source_problem, ban_problem):
            problem = check(rules, package)
            if problem:
                found.append(f"{name}: {problem}")
    return found


def licence_problem(rules, package):
    expression = package["license"]
    if not expression:
        return "names no licence; read its licence file and decide"
    if not permits(expression, set(rules["licenses"]["allow"])):
        return f"licence `{expression}` is not among those allowed"
    return None


def source_problem(rules, package):
    source = package["source"]
    if source is None:
        inside = Path(package["manifest_path"]).is_relative_to(ROOT)
        return None if inside else "lies outside the workspace"
    kind, _, url = source.partition("+")
    if kind == "registry" and url in rules["sources"]["allow-registry"]:
        return None
    return f"comes from {source}, which is not among those allowed"


def ban_problem(rules, package):
    for ban in rules["bans"]["deny"]:
        name, _, below = ban["crate"].partition(":")
        if package["name"] != name:
            continue
        if not below:
            return "is banned"
        if not re.fullmatch(r"<\d+(\.\d+)*", below):
            raise ValueError(f"deny.toml: `{ban['crate']}`: only `name` and `name:<version` are understood here")
        if numbers(package["version"]) < numbers(below[1:]):
            return f"is banned below {below[1:]}"
    return None


def numbers(version):
    return [int(n) for n in re.match(r"\d+(\.\d+)*", version)[0].split(".")]


def permits(expression, allowed):
    """Whether an SPDX expression can be met with the licences allowed. `/` is the old way to write OR."""
    tokens = re.findall(r"\(|\)|[^\s()]+", expression.replace("/", " OR "))
    answer, rest = either(tokens, allowed)
    if rest:
        raise ValueError(f"licence `{expression}` is not understood at `{rest[0]}`")
    return answer


def either(tokens, allowed):
    answer, rest = both(tokens, allowed)
    while rest and rest[0] == "OR":
        other, rest = both(rest[1:], allowed)
        answer = answer or other
    return answer, rest


def both(tokens, allowed):
    answer, rest = single(tokens, allowed)
    while rest and rest[0] == "AND":
        other, rest = single(rest[1:], allowed)
        answer = answer and other
    return answer, rest


def single(tokens, allowed):
    if not tokens or tokens[0] in {")", "AND", "OR", "WITH"}:
        raise ValueError(f"a licence's name is missing before `{' '.join(tokens)}`")
    if tokens[0] == "(":
        answer, rest = either(tokens[1:], allowed)
        if not rest or rest[0] != ")":
            raise ValueError("a bracket is not closed")
        return answer, rest[1:]
    name, rest = tokens[0], tokens[1:]
    if rest and rest[0] == "WITH":
        if len(rest) == 1:
            raise ValueError(f"an exception's name is missing after `{name} WITH`")
        name, rest = f"{name} WITH {rest[1]}", rest[2:]
    return name in allowed, rest
