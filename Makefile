# `make demo` shows the whole job, `make test` checks everything; both set up .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := saved_models/demo
REVIEW := "although the story is predictable , the cast is superb"

OLDEST := build/oldest
BEAM := build/beam
MINUTES ?= 35
PINNED := --constraint constraints/dev.txt
# Tests of each part that every dependency has a hand in.
CORE := tests/test_registry.py tests/test_runs.py tests/test_training.py tests/test_prediction.py tests/test_evaluation.py \
	tests/test_loading.py tests/test_hostile.py tests/test_hostile_exports.py tests/test_hostile_graphs.py tests/test_damage.py \
	tests/test_batching.py tests/test_file_prediction.py tests/test_table_prediction.py tests/test_run_object.py \
	tests/test_training_arguments.py tests/user_data tests/tasks tests/readers tests/layers/test_recurrent.py \
	tests/layers/test_text.py tests/layers/test_vocabulary.py tests/zoo_cli

.PHONY: demo test test-all test-beam test-oldest coverage audit fuzz lint wheel bench bench-peers entries networks scorecards docs clean

$(VENV)/installed: setup.cfg pyproject.toml constraints/dev.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet $(PINNED) --editable ".[dev]"
	touch $@

demo: export ZOO_MODELS_DIR := saved_models
demo: $(VENV)/installed
	rm -rf $(DEMO)
	$(BIN)/zoo list
	$(BIN)/zoo train many_to_one --run demo --overwrite
	$(BIN)/zoo evaluate demo
	$(BIN)/zoo export demo
	@echo 'The export, run with stock TensorFlow (docs/examples/classify_text.py):'
	@$(BIN)/python docs/examples/classify_text.py $(DEMO)/1 $(REVIEW) 2> $(DEMO)/classify.log || (cat $(DEMO)/classify.log; false)

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/pytest -n auto --dist loadfile --no-loadscope-reorder -m "not slow"

test-all: lint
	$(BIN)/pytest

coverage: $(VENV)/installed
	$(BIN)/pip install --quiet $(PINNED) --editable ".[coverage]"
	$(BIN)/pytest --cov --cov-report=term --cov-report=html:build/coverage

# With the oldest versions that setup.cfg allows, on the oldest Python.
test-oldest: constraints/oldest.txt
	$(PYTHON) -m venv $(OLDEST)
	$(OLDEST)/bin/pip install --quiet --constraint constraints/oldest.txt \
		".[audio,excel,parquet,tables]" datasets dill hypothesis pandas pillow polars pytest pytest-timeout
	$(OLDEST)/bin/python -m pytest -m "not slow" $(CORE)

# Prediction on Apache Beam, whose bounds exclude versions in constraints/dev.txt, and on a cluster of Dask.
$(BEAM)/installed: setup.cfg constraints/beam.txt
	$(PYTHON) -m venv $(BEAM)
	$(BEAM)/bin/pip install --quiet --constraint constraints/beam.txt --editable ".[beam]" "dask[distributed]" psutil pytest pytest-timeout
	touch $@

test-beam: $(BEAM)/installed
	$(BEAM)/bin/python -m pytest tests/beam tests/test_beam_parts.py tests/test_beam_evaluation_parts.py

# Known vulnerabilities of the pinned versions; it asks the Python package index.
audit:
	$(PYTHON) -m venv build/audit
	build/audit/bin/pip install --quiet pip-audit
	build/audit/bin/pip-audit --strict --no-deps --disable-pip --requirement constraints/dev.txt

fuzz: $(VENV)/installed
	$(BIN)/pip install --quiet $(PINNED) --editable ".[fuzz]" || echo "Without Atheris, input is drawn at random."
	$(BIN)/python fuzzing/run.py $(MINUTES)

bench: $(VENV)/installed
	$(BIN)/pip install --quiet --editable ".[bench]"
	$(BIN)/python benchmarks/run.py $(foreach folder,$(DATA_DIR),--data-dir $(folder))

# PyTorch and JoeyNMT, to compare with.
bench-peers: requirements-bench.txt
	$(PYTHON) -m venv build/peers
	build/peers/bin/pip install --quiet --requirement requirements-bench.txt

entries: $(VENV)/installed
	$(BIN)/python benchmarks/entries.py $(foreach folder,$(DATA_DIR),--data-dir $(folder))

# The trained networks in saved_models/, one after another; what is done is left. `make networks NAMES=mnist DATA_DIR=...`
networks: $(VENV)/installed
	$(BIN)/python benchmarks/train_networks.py $(foreach folder,$(DATA_DIR),--data-dir $(folder)) $(NAMES)

# Every entry with three seeds: docs/scores.md, docs/results/ and the model cards; what is done is left.
scorecards: $(VENV)/installed
	$(BIN)/python benchmarks/scorecards.py $(foreach folder,$(DATA_DIR),--data-dir $(folder)) $(NAMES)

# The wheel by itself, outside the checkout. `make wheel DEPENDENCIES=.venv` takes its dependencies from there, quickly.
wheel:
	$(PYTHON) -m venv build/tools
	build/tools/bin/pip install --quiet build twine
	.ci/use_wheel build/tools $(DEPENDENCIES)

# The site, in build/docs: the code of its lessons is executed, unless nothing that it depends on has changed since.
docs: $(VENV)/installed
	$(BIN)/python docs/_site/build_site.py

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache
