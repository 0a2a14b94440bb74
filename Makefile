.DEFAULT_GOAL := help
SHELL := /bin/bash
PYTHON ?= python3
V := .venv/bin

.PHONY: help
help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-14s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

.PHONY: generate
generate: .venv/synced  ## Regenerate the committed stubs and descriptors from the protos
	@$(V)/buf generate
	@rm -f protos/logistics/delay/v1/{model,shipment}_pb2_grpc.pyi  # no service, nothing in them
	@$(V)/buf build --as-file-descriptor-set --exclude-source-info -o protos/logistics/delay/v1/descriptors.binpb
