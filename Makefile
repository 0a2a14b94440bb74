.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
UV_VERSION := 0.13.9
ACTIONLINT_VERSION := 1.7.12
ACTIONLINT := $(BIN)/actionlint-$(ACTIONLINT_VERSION)
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
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-20s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: down
down: .venv/synced  ## Stop everything; all state stays in .weighbridge/
	@$(BIN)/python -m weighbridge_stack down

.PHONY: status
status: .venv/synced  ## Show each part: state, port, process, log
	@$(BIN)/python -m weighbridge_stack status

.PHONY: soak
soak: .venv/synced  ## Load and faults for a long time (WEIGHBRIDGE_SOAK_S, 900 s)
	@$(BIN)/pytest -m soak

.PHONY: bench
bench: .venv/synced  ## Compare the model server with bare grpcio, interleaved (BENCH="--rounds 5 …"); see bench/README.md
	@$(BIN)/python -m bench.server $(BENCH)

# ---- checks ----

.PHONY: lint
lint: .venv/synced $(ACTIONLINT)  ## Check style, types, protos, generated files, scripts, workflows and traffic files
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy .
	@$(BIN)/buf lint
	@$(BIN)/buf format --exit-code --diff --path protos/logistics --path protos/inference
	@.ci/breaking
	@.ci/generated
	@$(BIN)/shellcheck $(filter-out %.json,$(wildcard .ci/* */*.sh))
	@$(BIN)/hadolint $(wildcard */Dockerfile)
	@$(ACTIONLINT) -shellcheck $(BIN)/shellcheck
	@$(BIN)/zizmor --offline --quiet --no-progress .github
	@$(BIN)/python -m weighbridge_ingress check envoy
	@$(MAKE) --no-print-directory check-traffic

.PHONY: check-traffic
check-traffic: .venv/synced  ## Check traffic.yaml and rollout.yaml, all that a step of a release changes
	@failed=; for file in envoy/traffic/*/traffic.yaml; do \
	    $(BIN)/weighbridge rollout check "$$file" || failed=1; \
	done; test -z "$$failed"
	@$(BIN)/check-jsonschema --schemafile .ci/rollout.schema.json envoy/traffic/*/rollout.yaml

INFRASTRUCTURE := k8s argocd compose images ci
INFRASTRUCTURE_TESTS = $(wildcard $(INFRASTRUCTURE:%=tests/contract/test_%*.py))

.PHONY: check-infrastructure
check-infrastructure: .venv/synced $(ACTIONLINT)  ## Render and check every overlay, Envoy's files, compose, Dockerfiles and workflows
	@.ci/needs kubectl
	@$(BIN)/python -m weighbridge_ingress check envoy
	@$(BIN)/hadolint $(wildcard */Dockerfile)
	@$(ACTIONLINT) -shellcheck $(BIN)/shellcheck
	@$(BIN)/pytest $(INFRASTRUCTURE_TESTS)

# ---- images and the cluster ----

# Called with a tag and docker's further arguments; another one also brings the image to a cluster.
IMAGE_BUILD = docker build --tag
IMAGES := server rollout services
FOLDER_services := stack
GIT_SHA = $(or $(WEIGHBRIDGE_IMAGE_TAG),$(shell git rev-parse HEAD))

.PHONY: images
images: $(IMAGES:%=image-%)  ## Build the images, named by the commit (or by WEIGHBRIDGE_IMAGE_TAG)

.PHONY: $(IMAGES:%=image-%)
$(IMAGES:%=image-%): image-%:
	@.ci/needs $(firstword $(IMAGE_BUILD))
	@$(if $(WEIGHBRIDGE_IMAGE_TAG)$(filter :,$(IMAGE_BUILD)),,.ci/committed)
	@$(IMAGE_BUILD) ghcr.io/weighbridge/weighbridge-$*:$(GIT_SHA) --build-arg GIT_SHA=$(GIT_SHA) \
	    --file $(or $(FOLDER_$*),$*)/Dockerfile .

.PHONY: test-cluster
test-cluster: IMAGE_BUILD = .ci/kind-image
test-cluster: .venv/synced images  ## Build the images, load them into kind, test the cluster KUBECONFIG points to
	@.ci/needs kubectl
	@$(BIN)/pytest -m cluster tests/cluster

# ---- changing the tree ----

.PHONY: format
format: .venv/synced  ## Put the code into its form
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format
	@$(BIN)/buf format --write --path protos/logistics --path protos/inference

.PHONY: generate
generate: .venv/synced  ## Regenerate the committed stubs, descriptors and tables in READMEs
	@$(BIN)/buf generate 2>&1 | { grep -v '^Writing mypy' || true; }
	@$(BIN)/buf generate --template buf.gen.server.yaml
	@rm -f protos/logistics/delay/v1/{model,shipment}_pb2_grpc.pyi  # no service, nothing in them
	@# With error details, which nothing imports: JSON callers get theirs by these descriptors.
	@$(BIN)/buf build --path protos/logistics --path protos/third_party/google/rpc --as-file-descriptor-set --exclude-source-info -o protos/logistics/delay/v1/descriptors.binpb
	@$(BIN)/python -m weighbridge_server._readme server/README.md

# From its Go module: the packages of it download the program when they are installed.
$(ACTIONLINT): | .venv/synced
	@.ci/needs go
	@GOBIN=$(CURDIR)/$(BIN) go install github.com/rhysd/actionlint/cmd/actionlint@v$(ACTIONLINT_VERSION)
	@mv $(BIN)/actionlint $@

# What is installed follows the lock file alone.
.venv/synced: uv.lock pyproject.toml $(wildcard */pyproject.toml)
	@.ci/prerequisites $(PYTHON)
	@echo "Installing into .venv (the first time: about 15 s) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@test -x $(BIN)/uv || $(BIN)/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	@$(BIN)/uv sync --frozen --quiet
	@touch $@
