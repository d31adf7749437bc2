# Copyright (c) Contributors to the asr.failback project
# GNU General Public License v3.0+ (see LICENSES/GPL-3.0-or-later.txt or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Everything here works on a fresh machine with Python 3.10 or newer and make. What it makes is in .venv/ and build/.

.DEFAULT_GOAL := help
SHELL := /bin/bash

BUILD := build
LINKED := $(BUILD)/collections/ansible_collections/asr/failback
READY := .venv/.ready

# The first Python that is new enough; PYTHON=... chooses another.
NEW_ENOUGH := import sys; sys.exit(sys.version_info < (3, 10))
PYTHON ?= $(shell for name in python3 python3.13 python3.12 python3.11 python3.10; do "$$name" -c '$(NEW_ENOUGH)' 2>/dev/null && echo "$$name" && break; done)
PYTEST := python -m pytest -q -n auto --dist worksteal --durations=5
# Environments with other versions of what the collection stands on.
ON := $(BUILD)/on

# The tools see this tree as an installed collection, read no configuration of the user's and keep what they make under build/.
export PATH := $(CURDIR)/.venv/bin:$(PATH)
export VIRTUAL_ENV := $(CURDIR)/.venv
export ANSIBLE_COLLECTIONS_PATH := $(CURDIR)/$(BUILD)/collections
export ANSIBLE_CONFIG := $(CURDIR)/$(BUILD)/ansible.cfg
export ANSIBLE_HOME := $(CURDIR)/$(BUILD)/ansible
export ANSIBLE_NOCOLOR := 1
export NO_COLOR := 1
export PY_COLORS := 0
export HYPOTHESIS_STORAGE_DIRECTORY := $(CURDIR)/$(BUILD)/cache/hypothesis
export PYTHONPYCACHEPREFIX := $(CURDIR)/$(BUILD)/cache/python
# Without bytecode, each of the thousands of processes of a run of the checks would compile the standard library again.
unexport PYTHONDONTWRITEBYTECODE
export LC_ALL := C.UTF-8

LINT := lint-ruff lint-types lint-yaml lint-ansible lint-changelog lint-docs lint-licenses lint-workflows
TESTS := test-unit test-contract test-simulator test-integration test-faults test-walks test-chaos
# What takes longest begins first.
GATES := test-integration sanity test-chaos $(LINT) $(filter-out test-integration test-chaos,$(TESTS)) molecule docsite importer
# What tells in a minute or two whether a change is in all the places that belong together.
QUICK := lint-ruff lint-types lint-yaml lint-changelog lint-docs test-contract
# The time a run of the checks takes is mostly processor time: more jobs than processors do not help.
JOBS ?= 2

.PHONY: help setup demo demo-recorded demo-roles drill test test-file quick lint docs changelog bench soak guards clean test-clients test-powershell test-lowest test-azcollection molecule sanity ansible-test importer release wheel-rehearsal docsite eda aap lint-copy $(LINT) $(TESTS)

help: ## Show this list
	@echo "Two commands are enough: make demo, make test. All of them:"
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(READY) ## Make .venv with everything that the other commands need

$(READY): requirements.txt requirements-test.txt requirements-dev.txt requirements-docsite.txt simulator/pyproject.toml | $(LINKED)
	@test -n "$(PYTHON)" || { echo "Python 3.10 or newer is needed; PYTHON=/path/to/python names one"; exit 1; }
	@echo "Setting up .venv with $$($(PYTHON) --version) ..."
	@rm -rf .venv
	@$(PYTHON) -m venv .venv
	@python -m pip install --quiet --disable-pip-version-check --no-compile -r requirements.txt -r requirements-dev.txt -e simulator
	@python -m compileall -q -j 0 .venv/lib || true
	@touch $@

$(LINKED):
	@mkdir -p $(dir $(LINKED)) $(BUILD)/log
	@ln -sfn ../../../.. $(LINKED)
	@: > $(ANSIBLE_CONFIG)

demo: $(READY) ## Bring a whole fleet back on the simulator
	@python tools/demo.py

demo-recorded: $(READY) ## The same on a fleet with all the states and ids that were recorded of the real service
	@python tools/demo.py --scenario as_recorded

demo-roles: $(READY) ## The same as callers who may do no more than is needed: by built-in roles, by a custom one
	@python tools/demo.py --caller failback-operator
	@python tools/demo.py --caller failback-only

drill: $(READY) ## Drill the demo's fleet: a rehearsal, then a canary of which one VM fails on purpose
	@python tools/drill.py

test: $(READY) ## Run everything that must pass
	@python tools/gates.py --jobs $(JOBS) $(BUILD) $(GATES)

test-file: $(READY) ## Run tests by file, with all that they need: FILE=tests/..., ARGS="-k word -x"
	@test -n "$(FILE)" || { echo 'FILE=tests/... names the files, FILE=tests/...::test_... one test'; exit 1; }
	@python -m pytest -q $(ARGS) $(FILE)

quick: $(READY) ## Run what takes two minutes: style, types, and whether code, documentation and roles agree
	@python tools/gates.py --jobs $(JOBS) $(BUILD) $(QUICK)

lint: $(READY) ## Run the static checks
	@python tools/gates.py --jobs $(JOBS) $(BUILD) $(LINT)

test-unit: $(READY) ## Run the tests of the pure parts
	@$(PYTEST) tests/unit

test-contract: $(READY) ## Hold documentation, argument specs, results and layers against each other
	@$(PYTEST) tests/contract

test-simulator: $(READY) ## Run the simulator's tests
	@$(PYTEST) tests/simulator

test-integration: $(READY) ## Run modules and playbooks with the real SDKs against the simulator
	@$(PYTEST) tests/integration

test-faults: $(READY) ## Strike a run wherever it can be struck (a sample; SEED=... another one, FAULTS=all everything)
	@$(PYTEST) tests/faults

test-walks: $(READY) ## Walk at random through the lifecycle, against a model of it (SEED=..., WALKS=...)
	@$(PYTEST) tests/walks

test-chaos: $(READY) ## Kill runs at random moments until the fleet is back (SEED=..., KILLS=...)
	@$(PYTEST) tests/chaos

test-powershell: $(READY) ## Run the rows of PowerShell's tables, in pwsh too where it is on the PATH
	@$(PYTEST) tests/simulator/test_powershell_*.py tests/contract/test_powershell_scripts.py

test-lowest: test-on-lowest ## Run unit, contract and integration tests and the demo on the lowest versions (PYTHON=...)

test-azcollection: test-on-azcollection ## The same on the versions that azure.azcollection pins

# The same on the versions of tests/constraints/NAME.txt: make test-on-core-2.16 PYTHON=python3.10.
test-on-%: $(ON)/%/.ready
	@export PATH="$(CURDIR)/$(ON)/$*/bin:$$PATH" VIRTUAL_ENV="$(CURDIR)/$(ON)/$*"; \
	$(PYTEST) tests/unit tests/contract tests/integration && python tools/demo.py

# ansible-test sanity of these versions: make sanity-on-core-2.16 PYTHON=python3.10.
sanity-on-%: $(ON)/%/.ready
	@export PATH="$(CURDIR)/$(ON)/$*/bin:$$PATH" VIRTUAL_ENV="$(CURDIR)/$(ON)/$*"; python tools/sanity.py $(ON)/$*

eda: $(READY) $(ON)/eda/.ready ## Run the rulebooks in ansible-rulebook (installs it; needs Java 17)
	@$(PYTEST) tests/integration/test_rulebooks.py

aap: $(READY) $(ON)/aap/.ready ## Hold the objects for an automation controller against the modules that make them (installs awx.awx)
	@$(PYTEST) tests/contract/test_aap.py

# Beside the environment of the tests, whose Ansible is the one that runs: ansible-rulebook brings none, awx.awx another.
$(ON)/eda/.ready $(ON)/aap/.ready: $(ON)/%/.ready: requirements-%.txt | $(LINKED)
	@test -n "$(PYTHON)" || { echo "Python 3.10 or newer is needed; PYTHON=/path/to/python names one"; exit 1; }
	@echo "Setting up $(@D) with $$($(PYTHON) --version) ..."
	@rm -rf $(@D)
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile -r $<
	@touch $@

.PRECIOUS: $(ON)/%/.ready
$(ON)/%/.ready: tests/constraints/%.txt requirements.txt requirements-test.txt simulator/pyproject.toml | $(LINKED)
	@test -n "$(PYTHON)" || { echo "Python 3.10 or newer is needed; PYTHON=/path/to/python names one"; exit 1; }
	@echo "Setting up $(@D) with $$($(PYTHON) --version) ..."
	@rm -rf $(@D)
	@$(PYTHON) -m venv $(@D)
	@$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-compile \
		-c $< -r requirements.txt -r requirements-test.txt -e simulator
	@touch $@

test-clients: $(READY) ## Run other Azure clients against the simulator (installs them; not part of make test)
	@bash tests/clients/run.sh

molecule: $(READY) ## Run the molecule scenarios: the role, a fleet, a drill, an undo
	@molecule --base-config extensions/molecule/config.yml test --all

sanity: $(READY) ## Run ansible-test sanity
	@python tools/sanity.py $(BUILD)

ansible-test: $(READY) ## Run ansible-test units and integration, which make test runs in other ways
	@copy=$$(python tools/collection_copy.py $(CURDIR)/$(BUILD)/ansible-test) && cd "$$copy" && \
	export HOME=$(CURDIR)/$(BUILD)/home && python=$$(python -c 'import sys; print("%d.%d" % sys.version_info[:2])') && \
	ansible-test units --python $$python && ansible-test integration --python $$python

importer: $(READY) ## Build the collection and put it through galaxy-importer
	@python tools/importer.py $(BUILD)

release: $(READY) ## Check and build what is released as TAG=vX.Y.Z, and rehearse with it; publish nothing
	@python tools/release.py $(BUILD)/release --tag "$(TAG)"
	@python tools/wheel_rehearsal.py $(BUILD)/release

wheel-rehearsal: $(READY) ## Rehearse a vault with the simulator's wheel and the collection's archive alone, without this tree
	@python tools/release.py $(BUILD)/release
	@python tools/wheel_rehearsal.py $(BUILD)/release

docs: $(READY) ## Write the modules' shared return values, and docs/reference from the modules and roles
	@python tools/return_values.py
	@python tools/reference.py

docsite: $(READY) ## Build the site of the documentation, build/docsite/html, without a warning
	@python tools/docsite.py $(BUILD)

changelog: $(READY) ## Write CHANGELOG.md for the version in galaxy.yml, from the fragments
	@antsibull-changelog release

bench: $(READY) ## Measure
	@python -m pytest -q -s tests/bench

soak: $(READY) ## Kill, strike and walk for hours (SEED=... repeats one, SEED=1,2 runs both)
	@python tools/soak.py $(BUILD)

guards: $(READY) ## Take guards out of a copy of the code and see that the tests notice
	@python tools/guards.py $(BUILD)

clean: ## Remove everything that the other commands made
	@rm -rf .venv $(BUILD)

lint-ruff: $(READY)
	@ruff check .

lint-types: $(READY)
	@mypy simulator/src $(LINKED)/plugins/module_utils tools

lint-yaml: $(READY)
	@yamllint --strict .

# Linters that know collections walk the whole tree: they get a copy without .venv and build.
lint-ansible: $(READY)
	@cd "$$(python tools/collection_copy.py $(BUILD)/$@)" && ANSIBLE_COLLECTIONS_PATH=$(CURDIR)/$(BUILD)/$@ ansible-lint --strict --offline --nocolor --profile production

lint-changelog: $(READY)
	@antsibull-changelog lint
	@antsibull-changelog lint-changelog-yaml changelogs/changelog.yaml

lint-docs: $(READY)
	@python tools/return_values.py --check
	@python tools/reference.py --check
	@HOME=$(CURDIR)/$(BUILD) antsibull-docs lint-collection-docs --plugin-docs --validate-collection-refs all --disallow-unknown-collection-refs .

lint-licenses: $(READY)
	@reuse --root "$$(python tools/collection_copy.py $(BUILD)/$@)" lint --quiet

lint-workflows: $(READY)
	@check-jsonschema --builtin-schema vendor.github-workflows .github/workflows/*.yml
