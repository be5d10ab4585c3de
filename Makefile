# Two commands do everything on a fresh machine with Python 3.11+: `make demo` and `make test`.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DEMO := demo/demo.zarr
PORT ?= 5006

.DEFAULT_GOAL := help
.PHONY: help setup demo test test-ui lint format bench clean

help:  ## list the commands
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

setup: $(READY)  ## make .venv with everything in it

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	  || { echo "ECGomics needs Python 3.11 or newer; found: $$($(PYTHON) --version). Try: make setup PYTHON=python3.12"; exit 1; }
	@echo 'Setting up $(VENV): a few minutes the first time, about 3 GB in all'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check -c constraints.txt -e '.[all,test,lint]'
	@touch $(READY)

demo: $(READY)  ## build the demo cohort (synthetic patients) and serve the dashboards on localhost
	$(BIN)/ecgomics demo $(DEMO)
	$(BIN)/ecgomics serve $(DEMO) --port $(PORT)

test: $(READY)  ## run every test, browser and JupyterLab included (skipped without Chromium, except under CI)
	$(BIN)/python -m pytest
	$(BIN)/python -m pytest -m alone

test-ui: $(READY)  ## only the browser and JupyterLab tests
	$(BIN)/python -m pytest -m ui

lint: $(READY)  ## ruff (check and format) and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(READY)  ## let ruff mend what it can
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(READY)  ## measure speed against the peers, side by side in one run
	$(BIN)/python -m pytest -m bench -s tests/bench tests/soak

clean:  ## remove the environment and the demo cohort
	rm -rf $(VENV) demo
