# Everything from a fresh machine with Python 3.11 or newer: `make demo` to see it work, `make test` to check it.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
PYTEST_ARGS ?=
DEMO_ARGS ?=

.DEFAULT_GOAL := help
.PHONY: help demo test test-all lint types layers docs bench clean

help:
	@echo "make demo      install, make a workspace with real data, run a grid, show the leaderboard, write a report (DEMO_ARGS=--open)"
	@echo "make test      install, run all tests but the slow ones"
	@echo "make test-all  the slow ones too"
	@echo "make lint | types | layers   ruff | mypy --strict | import-linter"
	@echo "make docs      write the reference of commands anew, and the pictures of the documents (with Chromium)"
	@echo "make bench     print every speed claim as a ratio"
	@echo "make clean     remove the environment and the demo"

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit("nws needs Python 3.11 or newer; this is " + sys.version.split()[0] + ". Try: make PYTHON=python3.12") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"

$(VENV)/.installed: pyproject.toml $(BIN)/python
	@echo "installing nws into $(VENV) (the first time takes a minute or two)"
	@$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.test-tools: $(VENV)/.installed
	@$(BIN)/python -m pip install --quiet --group test
	@touch $@

$(VENV)/.lint-tools: $(VENV)/.installed
	@$(BIN)/python -m pip install --quiet --group lint
	@touch $@

demo: $(VENV)/.installed
	@$(BIN)/nws demo demo $(DEMO_ARGS)

test: $(VENV)/.test-tools
	$(BIN)/python -m pytest -n 2 --dist loadscope -m "not slow" $(PYTEST_ARGS)

test-all: $(VENV)/.test-tools
	$(BIN)/python -m pytest -n 2 --dist loadscope $(PYTEST_ARGS)

lint: $(VENV)/.lint-tools
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.lint-tools
	$(BIN)/mypy

layers: $(VENV)/.lint-tools
	$(BIN)/lint-imports

docs: $(VENV)/.test-tools
	UPDATE_GOLDEN=1 $(BIN)/python -m pytest -q -n 0 tests/cli/test_start.py -k reference
	$(BIN)/python docs/images/make.py

bench: $(VENV)/.test-tools
	$(BIN)/python bench/startup.py
	$(BIN)/python bench/store.py
	$(BIN)/python bench/index.py
	$(BIN)/python bench/peers.py
	$(BIN)/python bench/gc.py
	$(BIN)/python bench/overhead.py
	$(BIN)/python bench/reading.py
	$(BIN)/python bench/grids.py
	$(BIN)/python bench/reports.py

clean:
	rm -rf $(VENV) demo
