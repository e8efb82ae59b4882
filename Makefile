# `make demo` and `make test` do all their own set-up on a fresh machine; see scripts/setup.
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-long check static mutants bench clean

PYTHON := .venv/bin/python

help:
	@echo 'make demo    show lanekit at work, in a podman storage of its own that is removed again'
	@echo 'make test    all tests; those that need podman are skipped where it cannot be had'
	@echo 'make test-long  the same, with those that take minutes or an hour; LANEKIT_STEPS, LANEKIT_SEED'
	@echo 'make check   formatting, lint, types, import rules, then all tests'
	@echo 'make mutants  change core/ place by place: which changes does no test notice? takes hours'
	@echo 'make bench   what a start, a lane and fleets of up to 200 cost, as ratios to the bare calls'
	@echo 'make clean   remove what the above made here (.venv, caches)'

setup:
	@scripts/setup

demo: setup
	@scripts/demo

test: setup
	@$(PYTHON) -m pytest

test-long: setup
	@LANEKIT_LONG=1 $(PYTHON) -m pytest
	@$(PYTHON) -m pip install -q atheris && $(PYTHON) -m tests.fuzz.fuzz_answers --seconds 3600

bench: setup
	@$(PYTHON) -m tests.bench.startup
	@$(PYTHON) -m tests.bench.ensure
	@$(PYTHON) -m tests.bench.fleet

static: setup
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/basedpyright
	.venv/bin/lint-imports

check: static test

mutants: setup
	@scripts/mutants

clean:
	rm -rf .venv .mutants dist .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache \
		.ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
