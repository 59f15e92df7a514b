# Everything a person or CI runs. The first target that needs it makes .venv; nothing else has to be installed.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
READY  := $(VENV)/.ready
PROCS  ?= 2

.PHONY: help setup demo test long lint format types imports docs live bench clean

help:
	@echo "make demo   a small lively helpdesk, a rule file, and the plan for it (no account, no network service)"
	@echo "make test   the tests that need nothing but this checkout"
	@echo "make long   those that take longer: weeks played through, packages built, whole desks told twice"
	@echo "make lint   ruff, formatting, import directions"
	@echo "make types  mypy, strict"
	@echo "make docs   write the reference pages again; fails in CI if they were not up to date"
	@echo "make live   the suites against a real Request Tracker and a real PostgreSQL (starts or installs both)"
	@echo "make bench  the figures that speed is judged by"

$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "makegood needs Python 3.11 or newer; $(PYTHON) is older. Try: make PYTHON=python3.12 $(MAKECMDGOALS)" >&2; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "Could not make $(VENV). On Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

setup: $(READY)

demo: $(READY)
	@$(BIN)/makegood demo

test: $(READY)
	POLARS_MAX_THREADS=1 $(BIN)/python -m pytest -n $(PROCS) --dist worksteal -m 'not live and not postgres and not long' tests

long: $(READY)
	POLARS_MAX_THREADS=1 $(BIN)/python -m pytest -n $(PROCS) --dist loadfile -m long tests

lint: $(READY) imports
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

imports: $(READY)
	$(BIN)/lint-imports

types: $(READY)
	MYPYPATH=.typing $(BIN)/mypy -m makegood -m makegood.__main__ $(foreach part,connectors rules engine cli,-p makegood.$(part))

docs: $(READY)
	$(BIN)/python docs/build.py

live: $(READY)
	tests/live/run $(BIN)/python

bench: $(READY)
	@for file in benchmarks/*.py; do echo "== $$file"; $(BIN)/python $$file || exit 1; done

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
