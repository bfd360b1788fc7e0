# Everything goes through a virtual environment of the project's own; make does all set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: setup demo train-demo test lint bench docs clean

$(VENV)/.base: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) install --constraint constraints.txt --editable .
	touch $@

# The pinned torch comes first: asked for by anything else, another build of it may be chosen.
$(VENV)/.dev: $(VENV)/.base
	$(PIP) install --constraint constraints.txt torch
	$(PIP) install --constraint constraints.txt --editable '.[train,hub,dev]'
	$(PIP) check
	touch $@

setup: $(VENV)/.dev

demo: $(VENV)/.base
	$(BIN)/python examples/demo.py

train-demo: setup
	$(BIN)/python examples/train_demo.py

test: setup lint
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: setup
	$(BIN)/python benchmarks/build.py

docs: setup
	$(BIN)/mkdocs build --strict

clean:
	rm -rf build dist site $(VENV)
