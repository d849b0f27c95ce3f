# `make demo` shows the whole job, `make test` checks everything; both set up .venv first.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DEMO := saved_models/demo
QUESTION := "although the story is predictable , the cast is superb"

.PHONY: demo test test-all lint bench bench-peers entries docs clean

$(VENV)/installed: setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --editable ".[dev]"
	touch $@

demo: export ZOO_MODELS_DIR := saved_models
demo: $(VENV)/installed
	rm -rf $(DEMO)
	$(BIN)/zoo list
	$(BIN)/zoo train many_to_one --run demo --overwrite
	$(BIN)/zoo evaluate demo
	$(BIN)/zoo export demo
	@echo 'The export, asked with stock TensorFlow (docs/examples/ask_savedmodel.py):'
	@$(BIN)/python docs/examples/ask_savedmodel.py $(DEMO)/1 $(QUESTION) 2> $(DEMO)/ask.log || (cat $(DEMO)/ask.log; false)

lint: $(VENV)/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

test: lint
	$(BIN)/pytest -n auto --dist loadfile -m "not slow"

test-all: lint
	$(BIN)/pytest

bench: $(VENV)/installed
	$(BIN)/pip install --quiet --editable ".[bench]"
	$(BIN)/python benchmarks/run.py $(foreach folder,$(DATA_DIR),--data-dir $(folder))

# PyTorch and JoeyNMT, to compare with.
bench-peers: requirements-bench.txt
	$(PYTHON) -m venv build/peers
	build/peers/bin/pip install --quiet --requirement requirements-bench.txt

entries: $(VENV)/installed
	$(BIN)/python benchmarks/entries.py $(foreach folder,$(DATA_DIR),--data-dir $(folder))

docs: $(VENV)/installed
	$(BIN)/pip install --quiet --editable ".[docs]"
	$(BIN)/mkdocs build --strict --site-dir build/docs

clean:
	rm -rf $(VENV) build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache
