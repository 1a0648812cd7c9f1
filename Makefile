# Every target installs what it needs into .venv first; nothing outside this folder is touched.
PYTHON ?= $(shell command -v python3.12 >/dev/null 2>&1 && python3.12 -c '' 2>/dev/null && echo python3.12 || (command -v python3.11 >/dev/null 2>&1 && python3.11 -c '' 2>/dev/null && echo python3.11 || echo python3))
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

# A failed command fails the line, whatever stands behind its pipe.
SHELL := /bin/bash
.SHELLFLAGS := -o pipefail -c
TELL := /^Collecting/ { if (++n % 10 == 0) print "  " n " found"; fflush() } /^Installing collected/ { print "- installing them"; fflush() }

.PHONY: install sandbox test test-long check bench hashes image-proof sbom
.DEFAULT_GOAL := install

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@echo "Installing into $(VENV), which takes one to two minutes the first time."
	@test -x $(BIN)/python || { echo "- making $(VENV) with $(PYTHON)"; $(PYTHON) -m venv $(VENV); }
	@echo "- looking for at most $$(grep -c == constraints.txt) pinned packages and downloading them"
	@PYTHONUNBUFFERED=1 $(BIN)/python -m pip install --disable-pip-version-check --progress-bar off -c constraints.txt -e '.[dev]' | awk '$(TELL)'
	@touch $@
	@echo "- done: $(BIN)/quaymaster"

sandbox: install
	@echo "Starting the sandbox, which takes some seconds: Redis, a simulated Quay and Slack, the bot and its worker."
	@$(BIN)/quaymaster sandbox $(if $(SOCKET),--socket)

PYTEST := $(BIN)/pytest $(if $(REDIS_URL),,-n 2 --dist loadfile)

test: install
	@$(PYTEST) -m "not long"

# Real processes for many seconds: crashes, restarts, thousands of clicks. `.ci/run` runs them too.
test-long: install
	@$(PYTEST) -m long

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports


# What the image is made of, with hashes: after each change of constraints.txt or of the dependencies.
HASHES := $(VENV)/hashes
COMPILE := $(HASHES)/bin/pip-compile --quiet --generate-hashes --no-header --no-annotate --strip-extras --no-emit-index-url --no-emit-trusted-host --no-emit-find-links --allow-unsafe
hashes: install
	@$(PYTHON) -m venv $(HASHES)
	@$(HASHES)/bin/pip install --quiet --disable-pip-version-check pip-tools
	@$(COMPILE) -c constraints.txt -o $(HASHES)/image.txt pyproject.toml
	@echo 'setuptools>=77' > $(HASHES)/build.in && $(COMPILE) -o $(HASHES)/build.txt $(HASHES)/build.in
	@{ sed -n 1p constraints-hashes.txt; cat $(HASHES)/image.txt; } > $(HASHES)/new.txt && mv $(HASHES)/new.txt constraints-hashes.txt
	@{ sed -n 1p deploy/build-hashes.txt; grep -v '^#\|^$$' $(HASHES)/build.txt; } > $(HASHES)/new.txt && mv $(HASHES)/new.txt deploy/build-hashes.txt

# Follows the Containerfile without a container engine, and proves what comes out.
image-proof: install
	@$(BIN)/python deploy/prove_image.py

sbom: install
	@$(BIN)/python deploy/sbom.py

bench: install
	@$(BIN)/python -m tests.bench
