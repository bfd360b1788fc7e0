# Everything goes through a virtual environment of the project's own; make does all set-up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet

.PHONY: setup demo train-demo check test lint bench durability fuzz docs clean

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

# The kernels are compiled once, before two test processes would both compile them.
test: setup lint
	$(BIN)/python -c "from cmtmed.dedup.warmup import load_kernels; load_kernels()"
	$(BIN)/python -m pytest -n 2 --dist loadfile

# For daily work: lint, types, and the tests that need no training, no server, no browser and no build of their own.
SLOW := tests/training tests/hub tests/engine tests/durability tests/cli tests/builds tests/audit tests/report tests/test_wheel.py \
  tests/test_real_data.py tests/test_canaries.py tests/test_demo.py tests/test_docs.py tests/test_laws.py \
  tests/stages/test_redact_identifiers.py tests/dedup/test_index.py tests/test_schema.py tests/test_stats.py tests/test_messages.py \
  tests/anonymize/test_presidio.py
check: setup lint
	$(BIN)/python -m pytest -q -n 2 $(addprefix --ignore=,$(SLOW)) tests

lint: setup
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# Every crash point of a small build, and 300 random kills of builds of 5,000 dialogues: about an hour.
DISK := $(BIN)/python tests/durability/crashes.py
durability: setup
	$(DISK) power
	$(DISK) power --over
	$(DISK) kill
	$(DISK) kill --over
	PYTHONPATH=. $(BIN)/python -m tests.durability.kills --dialogues 5000 --kills 300

# Compares what is measured now with benchmarks/figures.json, e.g. make bench ONLY="build reading".
bench: setup
	$(BIN)/python benchmarks/figures.py $(ONLY)

# Damaged files of every format, e.g. make fuzz INPUTS=5000 SEED=20000.
INPUTS ?= 20000
SEED ?= 0
fuzz: setup
	$(BIN)/python -m tests.fuzz.run --inputs $(INPUTS) --seed $(SEED)

docs: setup
	$(BIN)/mkdocs build --strict

clean:
	rm -rf build dist site $(VENV)
