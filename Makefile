# Two commands matter: `make run` and `make test`. Both set everything up in .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# Where this is set, every process of the tests and every command compiles the sources again.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup run test checks lint types layers unit operations dashboards fault bench lock clean

help: ## list the commands
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 16

setup: $(READY) ## create .venv from the lock file, the command included

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("cwbridge needs Python 3.11 or newer; name one with: make PYTHON=python3.12 " + sys.argv[1] if sys.version_info < (3, 11) else 0)' "$(MAKECMDGOALS)"
	@echo "Setting up .venv (once; a minute or so)"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $(READY)

run: setup ## sandbox, embedded Redis, producers and worker, with live progress
	@$(BIN)/cwbridge demo

test: setup ## every check of CI, under five minutes
	@$(MAKE) --no-print-directory --jobs=2 checks unit

checks: lint types layers

lint: setup
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .

types: setup
	@$(BIN)/mypy

layers: setup
	@$(BIN)/lint-imports --no-logo

unit: setup
	@$(BIN)/python -m pytest -n 4 --dist worksteal

operations: $(VENV)/.operations ## alerts, dashboards, runbooks, manifests and pages, shown with the real tools; some minutes
	@$(BIN)/python -m pytest tests/operations -m operations -p no:xdist

dashboards: $(VENV)/.operations ## write deploy/grafana/*.json from the code beside them
	@$(BIN)/python -m deploy.grafana.generate

$(VENV)/.operations: $(READY) requirements-operations.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-operations.lock
	@touch $@

fault: setup ## the long fault suite (kill -9, lost answers, failing Redis); prints its table; takes ONLY=name SEED=n RUNS=n
	@$(BIN)/python -m pytest tests/fault -m fault -n $(if $(ONLY),0,3) --dist worksteal $(if $(ONLY),--only $(ONLY)) $(if $(SEED),--seed $(SEED)) $(if $(RUNS),--runs $(RUNS))

bench: $(VENV)/.bench ## the benchmarks: ratios measured in one run
	@$(BIN)/python -m pytest tests/bench -m bench -s -p no:xdist

$(VENV)/.bench: $(READY) requirements-bench.lock
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements-bench.lock
	@touch $@

COMPILE := uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-annotate --no-header

lock: ## renew the lock files (needs uv)
	$(COMPILE) --group dev pyproject.toml -o requirements.lock
	$(COMPILE) --constraint requirements.lock --group operations -o requirements-operations.lock
	$(COMPILE) --constraint requirements.lock --group bench -o requirements-bench.lock
	$(COMPILE) --constraint requirements.lock pyproject.toml -o requirements-runtime.lock
	echo hatchling | $(COMPILE) --constraint requirements.lock - -o requirements-build.lock

clean: ## remove what setup and runs have created here
	rm -rf $(VENV) .state .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
