# `make demo` and `make test` need nothing but Python >= 3.11 and make: they make their own virtual environment.

PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# What the demo does; smaller figures make a quicker look.
DEMO ?= demo
EPISODES ?= 300
UPDATES ?= 1000
TEST_EPISODES ?= 25
PRESET ?= small

.PHONY: demo test lint types unit benchmark clean

# The main job: collect, train, evaluate on the embedded engine, ending in a table and pictures.
demo: $(VENV)/.installed
	$(BIN)/s2rm-sc2 watch --map 3s5z --out $(DEMO)/watch
	$(BIN)/s2rm-sc2 collect --map 3s5z --episodes $(EPISODES) --out $(DEMO)/data/3s5z.zarr
	$(BIN)/s2rm-sc2 collect --map 1c3s5z --episodes $(EPISODES) --out $(DEMO)/data/1c3s5z.zarr
	$(BIN)/s2rm-sc2 train --data $(DEMO)/data --preset $(PRESET) --updates $(UPDATES) --out $(DEMO)/run
	$(BIN)/s2rm-sc2 evaluate $(DEMO)/run --episodes $(TEST_EPISODES) --out $(DEMO)/report
	@echo "Pictures: $(DEMO)/watch; report, to be opened in a browser: $(DEMO)/report/report.html"

# Everything that continuous integration checks.
test: lint types unit

lint: $(VENV)/.installed-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.installed-dev
	$(BIN)/mypy

unit: $(VENV)/.installed-dev
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

# Speed of the engine, side by side with SMAX (which runs on JAX, in an environment of its own) where that installs, and of
# the world model beside its alternatives and as a simulator, and through StarCraft II's protocol (beside SMAC's client, where
# that is installed).
SMAX ?= .venv-smax
benchmark: $(VENV)/.installed
	test -x $(SMAX)/bin/python || $(PYTHON) -m venv $(SMAX)
	-$(SMAX)/bin/python -m pip install --quiet 'jaxmarl==0.2.0' 'jax[cpu]>=0.10,<0.11'
	$(BIN)/python -m benchmarks.compare --smax $(SMAX)/bin/python
	$(BIN)/python -m benchmarks.worldmodel
	$(BIN)/python -m benchmarks.simulator
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[sc2]'
	$(BIN)/python -m benchmarks.protocol

$(VENV)/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(None if sys.version_info >= (3, 11) else "s2rm-sc2 needs Python 3.11 or newer; set PYTHON=python3.11")'
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	touch $@

$(VENV)/.installed-dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@ $(VENV)/.installed

clean:
	rm -rf $(DEMO) .mypy_cache .pytest_cache .ruff_cache
