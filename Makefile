# Targets that people use. Each one does its own set-up in .venv.
PYTHON ?= python3
BIN := .venv/bin
PROTOS := $(wildcard protos/longshore/v1/*.proto)
GENERATED := clients/python

.PHONY: demo test check mutations generate bench clean help

help: ## List the targets
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: .venv/ready ## Import a real data set end to end, on this machine
	$(BIN)/longshore demo

test: .venv/ready ## Run the tests
	$(BIN)/python -m pytest $(PYTEST_ARGS)

check: .venv/ready ## Run every other check of the gate
	.ci/check

mutations: .venv/ready ## Break the rules of the broker one by one and see that tests notice; takes minutes
	$(BIN)/python tests/mutations.py $(MUTATIONS)

generate: .venv/ready ## Generate the Python code of protos/, the tables of docs/settings.md, docs/import.schema.json
	.ci/generate $(GENERATED)
	$(BIN)/python -m queue_service.settings.table docs/settings.md
	$(BIN)/python -m import_worker.config.schema docs/import.schema.json

bench: .venv/ready ## Measure the broker and imports on this machine; takes minutes
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.imports

clean: ## Remove what the other targets made
	rm -rf .venv .coverage .coverage.* .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

.venv/ready: pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Longshore needs Python 3.11 or later; set PYTHON=...")'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[demo,dev]'
	touch $@
