# The one door for people. Every target does its own set-up; nothing has to be run before.
#
#   make demo            two servers in conversation; ONCE=1 ends when all was seen
#   make test            the tests; ARGS='-k audience' narrows them
#   make check           style, types, architecture, documentation
#   make interop         the conversation with a server that is not ours
#   make bench long      the measurements; the slow tests
#   make docs            the documentation in site/
#   make clean           remove what was built, the environment too
#
# PYTHON=python3.12 names the interpreter, VENV=dir another environment.

VENV ?= .venv
PYTHON ?=
ARGS ?=
BIN := $(VENV)/bin
SIGNED := $(addprefix tests/,unit/keys unit/signatures security/test_keys_* security/test_signatures* security/test_proofs* \
	properties/test_keys* properties/test_signatures* properties/test_proofs*) # what shows who signed what
NO_TESTS := 5# what pytest exits with when it found none
DEMO_READY := $(VENV)/.ready-demo
DEV_READY := $(VENV)/.ready-dev
FUZZ_READY := $(VENV)/.ready-fuzz
BENCH_READY := $(VENV)/.ready-bench

export PYTHON
export NO_MKDOCS_2_WARNING := 1

.PHONY: help demo test check interop bench long docs clean
.DEFAULT_GOAL := help

help:
	@sed -n 's/^#   make/  make/p' Makefile

$(DEMO_READY): pyproject.toml tools/set-up
	@tools/set-up $(VENV) serve,html
	@touch $@

$(DEV_READY): pyproject.toml tools/set-up
	@tools/set-up $(VENV) dev
	@touch $@ $(DEMO_READY)

$(BENCH_READY): $(DEV_READY)
	@tools/set-up $(VENV) bench
	@touch $@

$(FUZZ_READY): $(DEV_READY)
	@tools/set-up $(VENV) fuzz
	@touch $@

demo: $(DEMO_READY)
	@$(BIN)/fedtext demo $(if $(filter-out 0 no,$(ONCE)),--once) $(ARGS)

test: $(DEV_READY)
	$(BIN)/python -m pytest -n auto --ignore=tests/interop -m "not long" $(ARGS)

check: $(DEV_READY)
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/pyright --pythonpath $(BIN)/python
	$(BIN)/lint-imports --no-logo --no-cache
	$(BIN)/python -m pytest -q tests/architecture/test_source.py -k documented
	$(BIN)/python docs/generate.py --check
	$(BIN)/mkdocs build --strict

interop: $(DEV_READY)
	@if [ -f tests/interop/setup.sh ]; then bash tests/interop/setup.sh; fi
	@if [ -d tests/interop ]; then $(BIN)/python -m pytest tests/interop -q -n 2 --dist loadscope $(ARGS) || [ $$? -eq $(NO_TESTS) ]; fi

bench: $(BENCH_READY)
	@if [ -f bench/run.py ]; then $(BIN)/python bench/run.py $(ARGS); else echo "bench/ holds no measurements yet"; fi

long: $(FUZZ_READY)
	$(BIN)/coverage run -m pytest -q $(SIGNED)
	$(BIN)/coverage report
	$(BIN)/python -m tests.controls.run
	$(BIN)/python -m tests.mutation.run
	$(BIN)/python -m tests.fuzz.run
	$(BIN)/python -m tests.harness.run
	FEDTEXT_HYPOTHESIS=long $(BIN)/python -m pytest --ignore=tests/interop $(ARGS)

docs: $(DEV_READY)
	$(BIN)/python docs/generate.py
	$(BIN)/mkdocs build --strict
	@echo "site/index.html is the first page"

clean:
	rm -rf $(VENV) build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .coverage
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
