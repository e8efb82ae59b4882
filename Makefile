# Every target does its own set-up on a fresh machine; see scripts/setup.
.DEFAULT_GOAL := help
.PHONY: help setup demo test test-rest test-all test-nightly check static mutants bench clean

PYTHON := .venv/bin/python
# Processes of pytest, each with a podman storage of its own. Tests with podman mostly wait.
JOBS ?= $(shell n=$$(nproc 2>/dev/null || echo 2); [ $$n -lt 7 ] && echo $$((n + 1)) || echo 8)
# Of Hypothesis: dev, ci or nightly; see tests/support/hypothesis_settings.py.
PROFILE ?= dev
# Per cent of lines and branches of core/ that `make test` must reach.
COVERAGE := 97
TEST := -m '(not podman or smoke) and not nightly'
PYTEST = $(PYTHON) -m pytest --hypothesis-profile=$(PROFILE) -n $(JOBS) --dist loadfile --durations 15

help:
	@echo 'make demo          show lanekit at work, in a podman storage of its own that is removed again'
	@echo 'make test          all tests without podman, and about ten with it; less than 5 minutes'
	@echo 'make test-all      all tests but the nightly ones; at most 15 minutes'
	@echo 'make test-nightly  long fuzzing, thousands of random steps, newer podmans (root only); hours'
	@echo 'make check         formatting, lint, types, import rules, documentation, then make test'
	@echo 'make mutants       mutation tests of core/: which changes does no test notice? hours'
	@echo 'make bench         time of a start, a lane and fleets of up to 200, as ratios to the bare calls'
	@echo 'make clean         remove what the above made here (.venv, caches)'
	@echo
	@echo 'Where podman is missing, tests that need it are skipped, and the end of the run says so.'
	@echo 'LANEKIT_REQUIRE_PODMAN=1: they fail. JOBS=N: N processes. PROFILE=dev|ci|nightly: of Hypothesis.'

setup:
	@scripts/setup

demo: setup
	@scripts/demo

test: setup
	$(PYTEST) $(TEST)

# What `make test` leaves of `make test-all`.
test-rest: setup
	$(PYTEST) -m 'podman and not smoke and not nightly'

test-all: setup
	$(PYTEST)

test-nightly: setup
	$(PYTEST) --hypothesis-profile=nightly -m 'not podman'
	$(PYTEST) -m 'podman and nightly'
	for suite in trixie sid; do \
		tests/support/podman5/run $$suite $(PYTEST) \
			-m '(smoke or every_podman) and not pids_limit and not nightly' \
			-k 'not an_update_shows' || exit 1; \
	done
	$(PYTHON) -m pip install -q atheris && $(PYTHON) -m tests.fuzz.fuzz_answers --seconds 3600

bench: setup
	@$(PYTHON) -m tests.bench.startup
	@$(PYTHON) -m tests.bench.fleet

static: setup
	.venv/bin/ruff check
	.venv/bin/ruff format --check
	.venv/bin/mypy
	.venv/bin/basedpyright
	@# It asks the first python in PATH where the packages are.
	PATH="$$PWD/.venv/bin:$$PATH" .venv/bin/basedpyright --verifytypes lanekit --ignoreexternal
	.venv/bin/lint-imports
	.venv/bin/mkdocs build --strict --quiet

# As `make test`, and no line or branch of core/ may become untested.
check: static
	$(PYTEST) $(TEST) --cov=lanekit.core --cov-report=term:skip-covered --cov-fail-under=$(COVERAGE)

mutants: setup
	@scripts/mutants

clean:
	rm -rf .venv .mutants .nox dist site .coverage .hypothesis .import_linter_cache .mypy_cache \
		.pytest_cache .ruff_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
