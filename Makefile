# Every target stands on one install stamp, so each works by itself on a fresh clone.
PYTHON ?= python3
BIN := .venv/bin
STAMP := .venv/installed

.PHONY: install demo demo-control check test test-slow test-unprivileged test-browser agreement bench bench-sandbox format clean

install: $(STAMP)
$(STAMP): pyproject.toml constraints.txt
	@echo 'Installing into .venv, PyTorch among it: this takes some minutes.'
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
	$(BIN)/pytest -n 2 --dist loadfile

test-slow: $(STAMP)
	$(BIN)/pytest -n 2 --dist loadfile -m slow

test-browser: $(STAMP)
	$(BIN)/pytest -m browser tests/browser

# An interpreter that everybody may read, of the version of .venv: a user without rights cannot enter root's home.
PUBLIC_PYTHON ?= /usr/bin/python3
test-unprivileged: $(STAMP)
	work=$$(mktemp -d) && chmod 777 $$work; setpriv --reuid 65534 --regid 65534 --clear-groups env HOME=$$work \
	  PYTHONDONTWRITEBYTECODE=1 PYTHONPATH=src:$$(echo .venv/lib/python*/site-packages) $(PUBLIC_PYTHON) -m pytest \
	  -p no:cacheprovider --basetemp=$$work/t tests/test_trial.py tests/test_stdin_tasks.py tests/test_sandbox_process.py; \
	  status=$$?; rm -rf $$work; exit $$status

agreement: $(STAMP)
	$(BIN)/python benchmarks/agreement.py

bench-sandbox: $(STAMP)
	$(BIN)/python benchmarks/sandbox.py

bench: $(STAMP)
	$(BIN)/python benchmarks/recorded.py

format: $(STAMP)
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .
