.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
UV_VERSION := 0.13.9
export UV_PROJECT_ENVIRONMENT := .venv

# ---- the two commands of the README ----

.PHONY: up
up: .venv/synced  ## Start everything on this machine, or what of it has died
	@$(BIN)/python -m weighbridge_stack up

.PHONY: test
test: .venv/synced  ## Run every test
	@$(BIN)/pytest

# ---- the rest ----

.PHONY: help
help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: down
down: .venv/synced  ## Stop everything; all state stays in .weighbridge/
	@$(BIN)/python -m weighbridge_stack down

.PHONY: status
status: .venv/synced  ## Show each part: state, port, process, log
	@$(BIN)/python -m weighbridge_stack status

.PHONY: lint
lint: .venv/synced  ## Check style, types, protos, generated files and traffic files
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy .
	@$(BIN)/buf lint
	@$(BIN)/buf format --exit-code --diff --path protos/logistics
	@.ci/breaking
	@.ci/generated
	@$(BIN)/python -m weighbridge_ingress check envoy
	@$(BIN)/weighbridge rollout check envoy/traffic/*/traffic.yaml

.PHONY: soak
soak: .venv/synced  ## Load and faults for a long time (WEIGHBRIDGE_SOAK_S, 900 s)
	@$(BIN)/pytest -m soak

.PHONY: format
format: .venv/synced  ## Put the code into its form
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format
	@$(BIN)/buf format --write --path protos/logistics

.PHONY: generate
generate: .venv/synced  ## Regenerate the committed stubs and descriptors from the protos
	@$(BIN)/buf generate 2>&1 | { grep -v '^Writing mypy' || true; }
	@rm -f protos/logistics/delay/v1/{model,shipment}_pb2_grpc.pyi  # no service, nothing in them
	@$(BIN)/buf build --as-file-descriptor-set --exclude-source-info -o protos/logistics/delay/v1/descriptors.binpb

# What is installed follows the lock file alone.
.venv/synced: uv.lock pyproject.toml $(wildcard */pyproject.toml)
	@.ci/prerequisites $(PYTHON)
	@echo "Installing into .venv (the first time: about 15 s) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv sync --frozen --quiet
	@touch $@
