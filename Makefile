# The two commands: `make rehearse` and `make test`. Both set up what they need.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3.11
VENV := .venv
PY := $(VENV)/bin/python
# The scenario to rehearse; `make scenarios` lists them.
SCENARIO ?= region-outage
REHEARSAL := PYTHONPATH=tests/local-aws:tests $(PY) -m rehearsal
.PHONY: help
help: ## What there is to do
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sort | awk -F':.*## ' '{printf "  make %-12s %s\n", $$1, $$2}'

$(VENV)/.ready: tests/requirements.txt
	@$(PYTHON) --version >/dev/null 2>&1 || { echo "Python 3.11 is needed: install it, or say PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install --quiet --disable-pip-version-check -r tests/requirements.txt
	@touch $@

# Always the whole workspace: another choice of packages is another choice of features, and the SDK is built anew.
.PHONY: setup build rehearse scenarios test lint unit planted search python system simulate sown detection lock package bench fmt
setup: $(VENV)/.ready ## Python environment of the local AWS

build: ## The functions and the operator's command, as rehearsals run them
	cargo build --locked --workspace --bins

rehearse: setup build ## One whole recovery on the local AWS (SCENARIO=… for another)
	$(REHEARSAL) run $(SCENARIO)

scenarios: setup ## The scenarios that can be rehearsed
	$(REHEARSAL) list

test: lint unit planted python system ## All tests
	@echo "make test: all passed"

# Clippy as the compiler of our own crates, so that the SDK is not built a second time for a check.
lint: setup ## Format, lints, licences
	cargo fmt --all --check
	CLIPPY_ARGS="-Dwarnings__CLIPPY_HACKERY__" RUSTC_WORKSPACE_WRAPPER=clippy-driver cargo build --locked --workspace --all-targets
	$(PY) -m pytest -q tests/dependencies

unit: ## Tests of the Rust crates
	@if command -v cargo-nextest >/dev/null; then cargo nextest run --locked --workspace --no-fail-fast; else cargo test --locked --workspace --no-fail-fast; fi

# A build of its own: what is planted is in no other.
planted: ## Every planted mistake is found, and prints what found it
	cargo test --locked -p leeward-tests --features planted --test planted -- --nocapture

search: ## Searches the protocol in small through, and prints how many states it has
	cargo run --locked --profile simulate -p leeward-tests --example exhaustive

python: setup build ## Tests of template, local AWS and workload
	PYTHONPATH=tests/local-aws:tests $(PY) -m pytest -q tests/local-aws tests/rehearsal/tests tests/template tests/bench

system: setup build ## A short set of whole rehearsals
	PYTHONPATH=tests/local-aws:tests $(PY) -m pytest -q -m short tests/rehearsal/tests_system

# How many schedules and how many short partitions, from which seed on, on how many threads.
SCHEDULES ?= 100000
PARTITIONS ?= 100000
SEED ?= 1
THREADS ?= 2
simulate: ## Drawn schedules of the whole stack, a kill at every await point, the tables
	cargo build --locked --profile campaign -p leeward-tests --example simulate
	target/campaign/examples/simulate $(SCHEDULES) $(PARTITIONS) $(SEED) $(THREADS)
	$(MAKE) sown

# A build of its own, as `planted`.
sown: ## Drawn schedules against each planted mistake, within the budget of its row
	cargo run --locked --profile simulate -p leeward-tests --features planted --example simulate -- sown $(SEED)

detection: ## Detection latency, and what a sweep and an alarm cost (a report)
	cargo run --locked -q -p leeward-tests --example detection

lock: setup ## Pins the Python packages anew
	$(PY) -m pip install --quiet pip-tools
	cd tests && ../$(VENV)/bin/pip-compile -q --strip-extras --no-emit-index-url --no-emit-find-links --no-emit-trusted-host -o requirements.txt requirements.in

package: ## The functions for arm64, both templates validated
	tests/package.sh

# The environment of samconfig.toml to deploy. The first time nothing stands that could be raced: README, step 2.
ENV ?= default
.PHONY: deploy
deploy: build ## Deploys over a running Leeward (ENV=…), unless a recovery is under way
	target/debug/leeward deploy-check
	sam build --config-env $(ENV)
	sam deploy --config-env $(ENV)

# Beside the functions, the one that does nothing, which they are held against.
bench: setup ## Cold starts, memory and sizes of the functions (a report)
	cargo build --release --locked --workspace --bins --example empty
	PYTHONPATH=tests/local-aws:tests $(PY) -m bench

fmt: ## Formats
	cargo fmt --all
