# Tenprint. `make help` lists the targets; `make demo` and `make test` do all the set-up by themselves.
SHELL := /bin/bash
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := $(BIN)/uv
STAMP := $(VENV)/.installed
WARM := $(VENV)/.warm
KERNELS := $(wildcard src/tenprint/engine/*.py src/tenprint/engine/*/*.py src/tenprint/synth/*.py)
export PYTHONHASHSEED := 0

.DEFAULT_GOAL := help
.PHONY: help setup browser postgres demo test long check format bench lock clean

help: ## list the targets
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 16

setup: $(STAMP) $(WARM) ## install everything into .venv and compile the kernels (no root needed)

$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Tenprint needs Python 3.11 or newer; say which with: make setup PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(STAMP): requirements.lock requirements-uv.lock pyproject.toml | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@touch $@

$(WARM): $(STAMP) $(KERNELS)
	$(BIN)/tenprint warm
	@touch $@

demo: setup ## ten stories to follow in a browser; take any role yourself, the others are played
	$(BIN)/tenprint demo

browser: ## Chromium for the tests of pages: Debian's package, installed when this user may (root), else said
	@command -v chromium > /dev/null || { [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null \
	  && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium fonts-dejavu-core > /dev/null; } \
	  || echo "No Chromium here: tests in a browser will be skipped (Debian: apt-get install chromium)."

postgres: ## PostgreSQL 15 for the tests of databases: as with browser
	@command -v initdb > /dev/null || ls /usr/lib/postgresql/*/bin/initdb > /dev/null 2>&1 || { [ "$$(id -u)" = 0 ] && command -v apt-get > /dev/null \
	  && apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends postgresql-15 > /dev/null; } \
	  || echo "No PostgreSQL here: its tests will be skipped (Debian: apt-get install postgresql-15)."

test: setup browser postgres ## set everything up and pass all tests (marks slow, crash and web included)
	$(BIN)/pytest -m "not bench"

long: setup browser postgres ## what is too long for make test: benchmarks and accuracy
	$(BIN)/pytest -m "bench or slow or crash or not bench"

bench: setup ## accuracy on the development prints of ../shared/samples
	$(BIN)/tenprint bench accuracy

check: $(STAMP) ## format, lint, types, import contract, shape
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest tests/shape

format: $(STAMP) ## let ruff format and mend what it can
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: $(STAMP) ## resolve the dependencies anew into requirements.lock
	$(UV) pip compile pyproject.toml --group dev --generate-hashes --universal --python-version 3.11 --quiet -o requirements.lock
	echo 'uv==0.13.9' | $(UV) pip compile - --generate-hashes --universal --python-version 3.11 --quiet -o requirements-uv.lock

clean: ## remove the environment, caches and the demo's data
	rm -rf $(VENV) .cache .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis data/demo data/cards
	find src tests -name __pycache__ -type d -prune -exec rm -rf {} +
