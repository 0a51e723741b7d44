# tap. `make` alone lists the targets. Everything a target needs, it sets up first.
SHELL := /bin/sh
PYTHON ?= python3
VENV := .venv
EMULATOR := .venv-emulator
AWSCLI := .venv-awscli
TAP := $(VENV)/bin/python generate.py
SYSTEM ?= customer-portal
ENV ?= dev
# Without SYSTEMS `make handoff` makes the bundle of every system.
SYSTEMS ?=
# Without AWS credentials `make plan` and `make deploy` use the local emulator. More options: make deploy ARGS="--profile NAME"
ARGS ?=
export TAP_LOCAL ?= auto

.DEFAULT_GOAL := help
.PHONY: help synth test lint check plan deploy report handoff bench chaos style format clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

synth: $(VENV)/.installed ## write everything in out/ and lint it (the main job)
	@$(TAP) synth && $(TAP) lint

test: check $(EMULATOR)/.installed $(AWSCLI)/.installed ## all tests: units, requirements, golden files, and deployments to the local emulator
	@$(VENV)/bin/python -m pytest -n 2 --dist worksteal

lint: $(VENV)/.installed ## cfn-lint over out/ (cached by content)
	@$(TAP) lint

check: $(VENV)/.installed ## what would fail only when deployed, over out/
	@$(TAP) check

report: $(VENV)/.installed ## a page for a browser on each system, in build/report/
	@$(TAP) report

plan: $(VENV)/.installed $(EMULATOR)/.installed ## what a deployment would change   (SYSTEM=customer-portal ENV=dev ARGS=…)
	@$(TAP) plan $(SYSTEM) --env $(ENV) $(ARGS) || [ $$? -eq 2 ] # 2: changes pending

deploy: $(VENV)/.installed $(EMULATOR)/.installed ## deploy by change set; local emulator without credentials   (SYSTEM= ENV= ARGS=…)
	@$(TAP) deploy $(SYSTEM) --env $(ENV) $(ARGS)

handoff: $(VENV)/.installed ## make the bundles for operations in out/handoff/   (SYSTEMS="payments …" ARGS="--env prod …")
	@$(TAP) handoff $(SYSTEMS) $(ARGS)

bench: $(VENV)/.installed ## measure synth, lint and check in one run (minutes)
	@$(VENV)/bin/python -m tests.bench

chaos: $(VENV)/.installed $(EMULATOR)/.installed ## hundreds of deployments under faults   (ARGS="--seed 1 --deployments 300")
	@$(VENV)/bin/python -m tests.chaos $(ARGS)

format: $(VENV)/.installed ## format and tidy the Python
	@$(VENV)/bin/ruff check --fix --quiet . ; $(VENV)/bin/ruff format --quiet .

style: $(VENV)/.installed ## style (ruff) and types (mypy)
	@$(VENV)/bin/ruff check . && $(VENV)/bin/ruff format --check . && $(VENV)/bin/mypy

clean: ## stop the emulator; remove environments, caches and local state (never out/)
	@if [ -x $(VENV)/bin/python ]; then $(TAP) local stop --forget || true; fi
	@rm -rf $(VENV) $(EMULATOR) $(AWSCLI) .tap cfn-outputs build *.egg-info .ruff_cache .mypy_cache .hypothesis
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An environment is made anew when its lock file changes, so that it holds that file's packages and no others.
PIP = $(@D)/bin/python -m pip --disable-pip-version-check --quiet

$(VENV)/.installed: .requirements/tap.lock setup.cfg
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "tap needs Python 3.11 or newer; this is %d.%d. Name another: make PYTHON=python3.12" % sys.version_info[:2])'
	@echo "setting up $(VENV) from $<"
	@$(PYTHON) -m venv --clear $(@D)
	@$(PIP) install --require-hashes --no-deps --only-binary :all: -r $<
	@$(VENV)/bin/python -c 'from setuptools.build_meta import build_editable; build_editable("$(VENV)")' >$(@D)/build.log 2>&1 || { cat $(@D)/build.log >&2; exit 1; }
	@$(PIP) install --no-deps --no-index $(VENV)/tap-*.whl
	@touch $@

$(EMULATOR)/.installed: .requirements/emulator.lock
	@echo "setting up $(EMULATOR) from $<"
	@$(PYTHON) -m venv --clear $(@D)
	@$(PIP) install --require-hashes --no-deps --only-binary :all: -r $<
	@touch $@

$(AWSCLI)/.installed: .requirements/awscli.lock
	@echo "setting up $(AWSCLI) from $<"
	@$(PYTHON) -m venv --clear $(@D)
	@$(PIP) install --require-hashes --no-deps --only-binary :all: -r $<
	@touch $@
