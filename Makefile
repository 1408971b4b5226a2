.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Read by the tests: a folder with media and ground truth. Tests that need it are left out where it is not there.
CLIPSTREAM_TEST_DATA ?= $(abspath ../shared/data)
export CLIPSTREAM_TEST_DATA

.PHONY: help setup demo test check docs bench accuracy chaos runbooks up down clean lock

help: ## Show this help
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

setup: $(VENV)/.ready ## Make the virtual environment in .venv with everything in it

$(VENV)/.ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "clipstream needs Python 3.11 or newer; this is $$($(PYTHON) --version). Set PYTHON=..."; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@echo "Installing $$(grep -c == requirements.lock) packages (some 300 MB) into $(VENV); without a cache this takes about two minutes"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements.lock
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.verify: $(VENV)/.ready requirements-verify.lock
	@echo "Installing what tests and checks need beside it (some 165 MB)"
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r requirements-verify.lock
	@touch $@

demo: setup ## Process the bundled sample over an embedded Kafka and write a report
	$(BIN)/clipstream demo

test: $(VENV)/.verify ## Run the tests (unit tests, and stream tests on real brokers), two parts at a time
	$(BIN)/python -m tests

check: $(VENV)/.verify ## Lint and type-check
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.kafka.yml
	@if [ -x $(BIN)/hadolint ]; then $(BIN)/hadolint Dockerfile; fi
	ops/prometheus/check.sh
	$(BIN)/python -m ops.k8s.check

docs: $(VENV)/.verify ## Write the generated pages anew
	$(BIN)/python -m ops.docs.settings_page
	$(BIN)/python -m ops.docs.metrics_page
	$(BIN)/python -m ops.grafana

bench: setup ## Compare with a naive pipeline on the same video
	$(BIN)/clipstream bench pipeline

accuracy: setup ## Errors in words, voices, shots and topics on the media in CLIPSTREAM_TEST_DATA
	$(BIN)/clipstream bench asr --data $(CLIPSTREAM_TEST_DATA) --model tiny.en
	$(BIN)/clipstream bench diarization --data $(CLIPSTREAM_TEST_DATA)
	$(BIN)/clipstream bench shots --data $(CLIPSTREAM_TEST_DATA)
	$(BIN)/clipstream bench topics --data $(CLIPSTREAM_TEST_DATA)/text

chaos: setup ## Kill processes a hundred times while videos go through, and judge the log
	$(BIN)/python -m tests.chaos --rounds 100

runbooks: setup ## Cause each trouble that has a runbook, and run the commands of its page
	$(BIN)/python -m ops.runbooks

up: setup ## Start the embedded cluster and all agents in the background
	$(BIN)/clipstream up --detach

down: setup ## Stop them
	$(BIN)/clipstream down

lock: ## Resolve the dependencies anew into requirements.lock
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile pyproject.toml --extra ocr --extra dev --group build --override ops/lock-overrides.txt --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --quiet --output-file requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra ray --extra tracing --extra verify --constraint requirements.lock --override ops/lock-overrides.txt --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --quiet --output-file ops/verify-all.tmp
	$(BIN)/python -m ops.lock_rest requirements.lock ops/verify-all.tmp > requirements-verify.lock
	rm ops/verify-all.tmp
	$(BIN)/uv pip compile ops/local/kafka-ui.in --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --quiet --output-file ops/local/kafka-ui.lock

clean: ## Remove the virtual environment and all caches of tools
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist
