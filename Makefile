# Needs Python >= 3.11, pip and make. Everything else goes into .venv (and, for tests as root on Debian, comes from apt).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
# three workers a core, of many cores fewer: more than half of a worker's time is waiting for brokers, browsers and clocks
WORKERS ?= $(shell $(PYTHON) -c 'import os; n = os.cpu_count() or 1; print(min(3 * n, n + 8))')
# compiled files are kept: without them every process that starts compiles all rooms anew
unexport PYTHONDONTWRITEBYTECODE
PYTEST_ARGS ?= --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: install demo test test-long check docs reference format fuzz fuzz-decoders bench accuracy baselines mutants explore soak lighthouse alerts pictures pages speed servers clean help

help:
	@echo "make demo     run two demo stores with simulated shoppers; prints one link per audience"
	@echo "make test     run the tests, but for the files that take longest: eight minutes on two cores"
	@echo "make test-long  run those: whole chains, days and weeks, servers that are killed; CI runs both"
	@echo "make check    ruff, ruff format, mypy --strict, import-linter"
	@echo "make docs     build the documentation into build/docs, strictly and without a network"
	@echo "make reference  write what the code says into the tables of docs/reference: tests/docs ask for it"
	@echo "make format   rewrite the code in the project's format"
	@echo "make bench    speed and memory figures"
	@echo "make accuracy measure the locator in stores whose radio it does not know, beside the kept figures"
	@echo "              (ARGS='--recordings DIR' scores measured sites instead, ARGS='--leave-one-site-out --minutes 60' with constants"
	@echo "              that were chosen on the other sites)"
	@echo "make baselines  rewrite the figures that tests compare with: a change that moves them says so"
	@echo "make mutants  small wrong changes to the pure rooms: which do their own tests notice? (MUTANTS='offers --sample 50 --seed 2')"
	@echo "make explore  try every property of the tests with random examples (EXAMPLES=2000 of each;"
	@echo "              SECONDS=360 ends a property after so many of processor, LEFT=1 goes on where others ended);"
	@echo "              says at its end what was reached, and keeps it in tests/exploring/reached.txt"
	@echo "make fuzz     send any request that the OpenAPI document allows, and many others, on both databases (EXAMPLES=200 of each)"
	@echo "make fuzz-decoders  spoilt messages over all decoders of vendors, for a night (EXAMPLES=10000000)"
	@echo "make soak     three hundred phones for an hour: do memory, disk and fixes stay as they are? (MINUTES=60)"
	@echo "make lighthouse  what Lighthouse says of the shopper's pages; below 95 of 100 anywhere it fails (needs npm)"
	@echo "make alerts   does Prometheus take our rules, and does each alert fire when it should? (needs promtool)"
	@echo "make pages    every page of the console in a real Chromium: pictures, axe, width (ARGS='--thin', ARGS='heat hq --folder DIR')"
	@echo "make speed    first paint and interaction of the console over a year of a busy store (ARGS='--days 28')"
	@echo "make pictures take the pictures of the wallet anew"
	@echo "make install  everything for development into .venv"

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit("Rayon needs Python 3.11 or newer, this is " + sys.version) if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV) || ($(PYTHON) -m pip install virtualenv && $(PYTHON) -m virtualenv $(VENV))

$(VENV)/.demo: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) install --quiet --constraint constraints.txt --editable ".[demo]"
	@touch $@

$(VENV)/.dev: $(BIN)/python pyproject.toml constraints.txt
	$(PIP) install --quiet --constraint constraints.txt --editable ".[dev]"
	@touch $@ $(VENV)/.demo

install: $(VENV)/.dev

demo: $(VENV)/.demo
	$(BIN)/rayon demo

servers:
	@sh tests/servers.sh

# tests run side by side: threads inside matrix products would only wait for each other
test: export OMP_NUM_THREADS = 1
test: $(VENV)/.dev servers
	$(BIN)/python -m tests.warm
	$(BIN)/python -m pytest $(PYTEST_ARGS) -m "not long"

test-long: export OMP_NUM_THREADS = 1
test-long: $(VENV)/.dev servers
	$(BIN)/python -m tests.warm
	$(BIN)/python -m pytest $(PYTEST_ARGS) -m long

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PYTHONPATH=. $(BIN)/lint-imports

docs: $(VENV)/.dev
	NO_MKDOCS_2_WARNING=1 PYTHONPATH=. $(BIN)/python -m mkdocs build --strict
	@echo "build/docs/index.html"

reference: $(VENV)/.dev
	PYTHONPATH=. $(BIN)/python -m docs.from_code.rewrite

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/.dev
	$(BIN)/rayon bench

accuracy: $(VENV)/.dev
	$(BIN)/python -m tests.accuracy $(ARGS)
	$(if $(ARGS),,$(BIN)/python -m tests.accuracy.days)

lighthouse: $(VENV)/.dev
	@sh tests/servers.sh lighthouse
	$(BIN)/python -m tests.lighthouse

alerts:
	@sh tests/servers.sh alerts
	promtool check rules deploy/alerts.yaml
	promtool test rules deploy/alerts.test.yaml

pages: $(VENV)/.dev
	$(BIN)/python -m tests.console $(ARGS)

speed: $(VENV)/.dev
	$(BIN)/python -m tests.console.speed $(ARGS)

pictures: $(VENV)/.dev
	$(BIN)/python -m tests.pictures

baselines: $(VENV)/.dev
	$(BIN)/python -m tests.baselines.rewrite

# a failure prints the line that repeats it, and is tried first by the next exploration
EXAMPLES ?= 2000
SECONDS ?=
LEFT ?=
explore: export OMP_NUM_THREADS = 1
explore: export RAYON_EXAMPLES = $(EXAMPLES)
explore: export RAYON_SECONDS = $(SECONDS)
explore: export RAYON_LEFT = $(LEFT)
explore: $(VENV)/.dev
	$(BIN)/python -m pytest -m hypothesis --timeout 0 $(PYTEST_ARGS)

fuzz: EXAMPLES = 200
fuzz: export RAYON_EXAMPLES = $(EXAMPLES)
fuzz: $(VENV)/.dev
	$(BIN)/python -m pytest --timeout 0 --numprocesses 2 tests/api/test_any_request.py

fuzz-decoders: EXAMPLES = 10000000
fuzz-decoders: $(VENV)/.dev
	$(BIN)/python -m tests.payloads.fuzz $(EXAMPLES)

mutants: $(VENV)/.dev
	$(BIN)/python -m tests.mutants $(MUTANTS)

# for the night: on a real broker, at the pace of the wall clock; SOAK='--folder DIR --json' for what else it takes
MINUTES ?= 60
soak: export OMP_NUM_THREADS = 1
soak: $(VENV)/.dev servers
	$(BIN)/python -m tests.soak --minutes $(MINUTES) $(SOAK)

clean:
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache dist build
