# make run   set up and run the main job on generated data; prints where tables, figures and report are
# make test  set up and run the tests
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c envs/constraints.txt

.PHONY: run test check schemas clean

run: $(VENV)/run.done
	$(BIN)/dotbench run

test: $(VENV)/test.done
	$(BIN)/python -m pytest

# what continuous integration adds to the tests
check: $(VENV)/test.done
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/snakefmt --check Snakefile workflow/Snakefile rules
	$(BIN)/mypy
	$(BIN)/snakemake --lint

schemas: $(VENV)/run.done
	$(BIN)/python -m dotbench.config.schema

clean:
	rm -rf $(VENV) .snakemake .pytest_cache .mypy_cache .ruff_cache

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "$(PYTHON) is older than Python 3.11; name another with: make PYTHON=python3.11 ..."; exit 1; }
	$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); exit 1; }

$(VENV)/run.done: pyproject.toml envs/constraints.txt | $(BIN)/python
	@echo "installing dotbench into $(VENV) (once; a few minutes)"
	$(INSTALL) -e .
	@touch $@

$(VENV)/test.done: pyproject.toml envs/constraints.txt | $(BIN)/python
	@echo "installing dotbench and its test tools into $(VENV) (once; a few minutes)"
	$(INSTALL) -e '.[test]'
	@touch $@ $(VENV)/run.done
