# 民生之声: `make run` starts the hotline, `make test` proves it. Both set up all they need first.
SHELL := /bin/bash
PY := .venv/bin/python
export PYTHONDONTWRITEBYTECODE :=
# Each worker has instances of its own; tests mostly wait for telephones, so three share two cores well
WORKERS ?= 3
SPREAD := --dist loadfile --no-loadscope-reorder --by-module
# A test that fails beside two other hotlines is run again alone: what fails then too is a fault, and what
# passes then stays in the output, named, as a test or a code that minds a busy machine
define spread
	@echo "== $(1)"; .venv/bin/pytest -q -n $(WORKERS) $(SPREAD) $(1) || { [ $$? = 1 ] && echo "== $(1): what failed above, once more, alone" \
	  && .venv/bin/pytest -v --last-failed --last-failed-no-failures none $(1) && echo "== $(1): passed alone; see above what a busy machine does to it"; }
endef

.DEFAULT_GOAL := help

help: ## This list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: ## Set up everything (Debian packages, Python, Asterisk, browser bundle, prompts, database)
	@bash deploy/setup.sh
	@.venv/bin/minsheng setup

tools: ## The part of set-up that tests need: packages and runtimes, no instance
	@bash deploy/setup.sh --tests
	@.venv/bin/minsheng setup --runtime-only

run: setup ## Set up and start the hotline in demo mode; Ctrl-C stops it
	@.venv/bin/minsheng up

lint: tools checks ## Format, lint, types, house arrows

checks:
	@echo "== ruff"; .venv/bin/ruff format --check . && .venv/bin/ruff check .
	@echo "== house rules"; $(PY) -m ops.house_rules
	@echo "== pyright"; node_modules/.bin/pyright
	@echo "== import-linter"; .venv/bin/lint-imports --no-cache

# Unpacking Asterisk and training run beside lint and unit tests: each needs one core at a time
test: ## Lint, then unit, integration and end-to-end tests on the real parts
	@bash deploy/setup.sh --tests
	@mkdir -p var; .venv/bin/minsheng setup --runtime-only > var/runtime.log 2>&1 & beside=$$!; \
	  $(MAKE) --no-print-directory checks && echo "== tests/unit" && .venv/bin/pytest -q tests/unit; ours=$$?; \
	  echo "== Asterisk and the drafting model, made beside:"; tail -n +1 -f --pid=$$beside var/runtime.log; \
	  wait $$beside && exit $$ours
	$(call spread,tests/integration)
	$(call spread,tests/e2e)

soak: tools ## The same faults at more moments than the suite has time for
	@.venv/bin/pytest -q -m soak tests/e2e

bench: tools ## Measured figures, side by side with a peer or a bare floor
	@.venv/bin/pytest -q -m bench -s tests/bench/bench_*.py

format: ## Format and mend what ruff can mend
	@.venv/bin/ruff format . && .venv/bin/ruff check --fix .

lock: ## Compile the hash-locked requirements again
	@for part in base sherpa dev; do .venv/bin/pip-compile -q --generate-hashes --no-emit-index-url \
	  --no-emit-find-links --no-emit-trusted-host --strip-extras --allow-unsafe --no-header \
	  -o requirements/$$part.lock requirements/$$part.in; done
	@.venv/bin/pip-compile -q --generate-hashes --no-emit-index-url --no-emit-find-links --no-emit-trusted-host \
	  --strip-extras --unsafe-package numpy --no-header -o - requirements/words.in 2>/dev/null | grep -v '^#' | grep . > requirements/words.lock

.PHONY: help setup tools run lint checks test soak bench format lock
