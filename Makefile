# One command per thing a person wants. Every target installs what it lacks on
# a bare Debian 12 (scripts/deps.sh, scripts/toolchain.sh); the work itself is
# in scripts/, so that it can be linted and read.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
MAKEFLAGS += --no-print-directory
.DEFAULT_GOAL := help

# GO is the toolchain wrapper: finds or fetches Go, sets the project's tags.
GO := scripts/go.sh
DEPS := scripts/deps.sh
DIST := dist

USER_DATA ?= images/examples/user-data.yaml
FUZZTIME ?= 30s

.PHONY: help
help: ## print this list
	@awk -F ':.*## ' '/^[a-z0-9-]+:.*## /{printf "  make %-11s %s\n", $$1, $$2}' Makefile

.PHONY: demo
demo: build ## see it work: a virtual machine goes from a bare disk to installed and healthy (15 to 25 minutes)
	@$(DEPS) go machine
	@$(GO) run ./scripts/lab demo

.PHONY: test
test: ## everything that CI runs: lint, unit, component, image, smoke
	@scripts/test.sh lint unit component image smoke

.PHONY: lint
lint: ## linters, shell, licences, known vulnerabilities, stale documents
	@$(DEPS) go lint
	@scripts/lint.sh

.PHONY: unit
unit: ## pure logic, with the race detector
	@$(DEPS) go
	@scripts/unit.sh

.PHONY: component
component: ## the real counterparts: registry, systemd and whole hosts in nspawn, GRUB, loop devices
	@$(DEPS) go component
	@scripts/component.sh

.PHONY: smoke
smoke: build ## a disk with the composed image, written by scripts: one boot, one panic that falls back
	@$(DEPS) go machine
	@$(GO) run ./scripts/lab smoke

.PHONY: e2e
e2e: build ## the whole life of a host in virtual machines (long)
	@$(DEPS) go machine
	@$(GO) run ./scripts/lab e2e
	@$(GO) run ./scripts/lab site

.PHONY: build
build: ## dist/stylet for this machine's architecture, static and stripped
	@$(DEPS) go
	@scripts/build.sh

.PHONY: build-all
build-all: ## dist/stylet-linux-amd64 and dist/stylet-linux-arm64
	@$(DEPS) go
	@scripts/build.sh amd64 arm64

.PHONY: image
image: ## the OS and container runtime layers of the test profiles, dist/layers/*.tar.zst
	@$(DEPS) go machine
	@images/install-deps.sh
	@images/build-layers.sh --out $(DIST)/layers

.PHONY: iso
iso: build ## dist/installer.iso, the installer, with USER_DATA=file inside (its released files: dist/installer/)
	@$(DEPS) go machine
	@images/install-deps.sh
	@images/build-installer.sh --stylet $(DIST)/stylet --out $(DIST)/installer
	@$(DIST)/stylet iso build --from $(DIST)/installer --user-data $(USER_DATA) --out $(DIST)/installer.iso

.PHONY: bench
bench: build ## start-up time against an empty static program, the probe against lshw
	@$(DEPS) bench
	@$(GO) test -run '^$$' -bench . -benchtime 20x ./cmd/stylet

.PHONY: fuzz
fuzz: ## every fuzz target in turn, FUZZTIME=30s each
	@$(DEPS) go
	@scripts/fuzz.sh $(FUZZTIME)

.PHONY: docs
docs: ## write docs/requirements.md and docs/user-data.md anew
	@$(DEPS) go
	@$(GO) run ./scripts/reqtable
	@$(GO) test ./internal/site -run TestTheDocumentationIsOfTheseKeys -update

.PHONY: clean
clean: ## remove dist/ (the tool and toolchain caches stay)
	@rm -rf $(DIST)
