# Every target installs what it needs into .venv first; nothing outside this folder is touched.
PYTHON ?= $(shell command -v python3.12 >/dev/null 2>&1 && python3.12 -c '' 2>/dev/null && echo python3.12 || (command -v python3.11 >/dev/null 2>&1 && python3.11 -c '' 2>/dev/null && echo python3.11 || echo python3))
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: install sandbox test test-long check bench
.DEFAULT_GOAL := install

install: $(STAMP)

$(STAMP): pyproject.toml constraints.txt
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[dev]'
	@touch $@

sandbox: install
	@$(BIN)/quaymaster sandbox

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


bench: install
	@$(BIN)/python -m tests.bench
