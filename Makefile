# Every target stands on one install stamp, so each works by itself on a fresh clone.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed

.PHONY: install demo demo-control check test test-slow test-browser bench format clean

install: $(STAMP)
$(STAMP): pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $(STAMP)

demo: $(STAMP)
	$(BIN)/errata leti runs/demo

demo-control: $(STAMP)
	$(BIN)/errata leti runs/demo-control --control shuffled

check: $(STAMP)
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/basedpyright
	$(BIN)/lint-imports

test: $(STAMP)
	$(BIN)/pytest

test-slow: $(STAMP)
	$(BIN)/pytest -m slow

test-browser: $(STAMP)
	$(BIN)/pytest -m browser tests/browser

bench: $(STAMP)
	$(BIN)/python benchmarks/recorded.py

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
