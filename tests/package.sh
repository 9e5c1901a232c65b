#!/usr/bin/env bash
# Builds the deployable packages of template.yaml and edge.yaml with the SAM CLI: release, by default for arm64.
#
#   tests/package.sh            validate both templates, build, show the size of each function
#   tests/package.sh validate   validate only
#
# Needs Rust (by rustup) and Python 3.11; everything else goes into .venv-package.
set -euo pipefail
cd "$(dirname "$0")/.."

venv=.venv-package
# A package larger than this has linked what it does not use. The detector, which is the listener too, looks through eleven services; it starts
# within 4 ms over an empty function all the same (`make bench`).
size_limit_bytes=$((8 * 1024 * 1024))
detector_limit_bytes=$((10 * 1024 * 1024))
export SAM_CLI_TELEMETRY=0
# `sam validate` asks for a Region; nothing is called there.
export AWS_DEFAULT_REGION="${AWS_DEFAULT_REGION:-eu-west-1}"

if ! cmp -s tests/requirements-package.txt "$venv/requirements.txt"; then
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check -r tests/requirements-package.txt
    cp tests/requirements-package.txt "$venv/requirements.txt"
fi
# cargo-lambda and zig, the linker for another architecture, are found by name.
PATH="$PWD/$venv/bin:$PATH"
export PATH

for template in template.yaml edge.yaml; do
    sam validate --lint --template "$template"
done
[ "${1:-build}" = validate ] && exit 0

rustup target add aarch64-unknown-linux-gnu
# What is deployed is what was tested: a lock file that does not fit is an error here, not an update.
cargo metadata --locked --format-version 1 >/dev/null
sam build --config-env default
sam build --config-env edge

status=0
for bootstrap in .aws-sam/build/*/bootstrap .aws-sam/edge/*/bootstrap; do
    bytes=$(wc -c <"$bootstrap")
    printf '%9d bytes  %s\n' "$bytes" "$(dirname "$bootstrap")"
    limit=$size_limit_bytes
    case $bootstrap in */DetectorFunction/* | */ListenerFunction/*) limit=$detector_limit_bytes ;; esac
    if [ "$bytes" -gt "$limit" ]; then
        printf 'package: %s is larger than %d bytes\n' "$bootstrap" "$limit" >&2
        status=1
    fi
done
exit "$status"
