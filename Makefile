# make run   set up and run the main job on generated data; prints who won and where everything is
# make help  the other targets
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check -c envs/constraints.txt
PYTEST := $(BIN)/python -m pytest -n 2 --dist worksteal
SNAKEFILES := Snakefile workflow/Snakefile rules
# the page of results that the documentation shows, and what it is made from
BOARD := docs/evidence/index.html
BEHIND_BOARD = $(shell find docs/evidence workflow/dotbench -type f ! -name index.html ! -name '*.pyc')

# tests and jobs are many processes: each reads compiled modules rather than compile them again
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-fast test-all coverage check docs format schemas speed clean help

run: $(VENV)/run.done  ## set up .venv and run the main job on generated data
	$(BIN)/dotbench run

test: $(VENV)/test.done  ## set up .venv and run the tests, without the slow ones
	$(PYTEST) -m "not slow"

test-fast: $(VENV)/test.done  ## in under a minute: tests that train and draw nothing; stops at the first failure
	$(PYTEST) tests/unit tests/contract -m "not slow and not seconds" -q -x --ff

test-all: test  ## every test
	$(BIN)/python -m pytest -n 3 --dist worksteal -m slow  # they wait as much as they compute

coverage: $(VENV)/test.done  ## which code the unit and contract tests reach (and coverage.xml)
	$(PYTEST) tests/unit tests/contract -q --cov=dotbench --cov-report=term:skip-covered --cov-report=xml

check: $(VENV)/test.done  ## linters, formats, types, layers of the package, schemas
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/snakefmt --check $(SNAKEFILES)
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/python -m dotbench.config.schema --check
	$(BIN)/python tools/docs/reference.py --check
	$(BIN)/snakemake --lint

docs: $(VENV)/docs.done $(BOARD)  ## build the documentation into site/, strictly: every link and anchor must lead somewhere
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --quiet
	@echo "open site/index.html, or run $(BIN)/mkdocs serve, which offers the search too"

format: $(VENV)/test.done  ## put code and Snakefiles into their format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/snakefmt $(SNAKEFILES)

$(BOARD): $(BEHIND_BOARD) | $(VENV)/docs.done
	@echo "making the page of all results (once; a few minutes)"
	$(BIN)/dotbench site --evidence

schemas: $(VENV)/run.done  ## write workflow/schemas/ and docs/reference/ anew, after a change of settings or docstrings
	$(BIN)/python -m dotbench.config.schema
	$(BIN)/python tools/docs/reference.py

speed:  ## list the programs that measure speed
	@for program in speed/[a-z]*.py; do \
	  printf '%-23s %s\n' "$$program" "$$(sed -n '1s/"""//gp' "$$program")"; \
	done
	@echo
	@echo "run one with: $(BIN)/python speed/solvers.py (--help shows its options; see speed/README.md)"

clean:  ## remove .venv and every cache; results/ and resources/ stay
	rm -rf $(VENV) .snakemake .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .coverage .coverage.* coverage.xml site

help:  ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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

$(VENV)/docs.done: pyproject.toml envs/constraints.txt | $(BIN)/python
	@echo "installing dotbench and the tools of its documentation into $(VENV) (once; a few minutes)"
	$(INSTALL) -e '.[docs]'
	@touch $@ $(VENV)/run.done
