# `make demo` and `make test` make .venv and install all they need. TORCH= chooses another torch, e.g.
#   make demo TORCH='torch==2.13.0 --index-url https://download.pytorch.org/whl/cu126'
TORCH ?= torch==2.13.0
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ONE_THREAD := OMP_NUM_THREADS=1 OMP_WAIT_POLICY=passive

.PHONY: install demo test quick lint pytest campaign numbers bench clean

install: $(VENV)/.installed

$(VENV)/.torch:
	@echo "installing $(TORCH) into $(VENV): some minutes, once"
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install -q --disable-pip-version-check $(TORCH)
	@touch $@

$(VENV)/.installed: pyproject.toml $(VENV)/.torch
	@echo "installing dfl-tui and what it needs"
	@$(BIN)/pip install -q --disable-pip-version-check -e '.[dev]'
	@touch $@

demo: $(VENV)/.installed
	@$(BIN)/dfl-tui demo

test: lint pytest

lint: $(VENV)/.installed
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

pytest: $(VENV)/.installed
	$(ONE_THREAD) $(BIN)/python -m pytest -n 2 --dist loadfile --durations=5 --junitxml=build/tests.xml --cov --cov-report=term:skip-covered --cov-fail-under=85

quick: $(VENV)/.installed
	$(ONE_THREAD) $(BIN)/python -m pytest -n 2 -m 'not journey and not slow'

campaign: $(VENV)/.installed
	$(BIN)/python -m scripts.campaign

numbers: $(VENV)/.installed
	$(BIN)/python -m scripts.numbers

bench: $(VENV)/.installed
	$(BIN)/python -m benchmarks.all

clean:
	rm -rf $(VENV) build dist *.egg-info
