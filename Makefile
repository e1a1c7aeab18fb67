# `make run` and `make test` are all that a fresh clone needs: each makes the environment it lacks.
PYTHON ?= python3
VENV ?= .venv
# Where pip finds torch. Unset, pip's own index: on Linux that is the build with CUDA (several GB).
# The CPU build has an index of its own: the "Get Started" page of PyTorch shows its address.
TORCH_INDEX ?=

BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

.PHONY: help install run test test-fast test-all test-long check format readme docs licences torture benchmark published memory clean

help:
	@echo "make run        install, then the first study: RNN against LSTM (about two minutes)"
	@echo "make test       install, then style, types and tests (a quarter of an hour on two cores)"
	@echo "make test-all   the same, and the long forms of tests that have a shorter one"
	@echo "make test-fast  the tests without the slow ones"
	@echo "make check      style and types alone"
	@echo "make readme     the tables of docs/reference/, made anew from conf/"
	@echo "make docs       the documentation as a site, into site/; warnings are errors"
	@echo "make licences   the page of licences, made anew from what is installed"
	@echo "make torture    what may go wrong made to go wrong, long (make test has a short form)"
	@echo "make benchmark  speed beside plain PyTorch, Keras and Lightning (a quarter of an hour)"
	@echo "make memory     how far does it remember: every recurrence by three numbers (an hour)"
	@echo "make published  published numbers beside measured ones (minutes; LONG=1 for all: an hour)"

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; v = sys.version_info[:2]; sys.exit(None if (3, 11) <= v <= (3, 13) else "rnnexp needs Python 3.11 to 3.13 and $(PYTHON) is %d.%d: use make PYTHON=python3.12" % v)'
	$(PYTHON) -m venv $(VENV)
	# torch first and by its exact version: a range in some package would pull another build
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt $(if $(TORCH_INDEX),--index-url $(TORCH_INDEX)) torch==2.13.0
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[dev]"
	@touch $@

run: install
	$(BIN)/rnnexp experiment=quickstart

check: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# one test process per core
PYTEST := $(BIN)/python -m pytest -n auto --dist worksteal

# types beside the tests: mypy takes three quarters of a minute in a fresh clone
test: install
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@$(BIN)/mypy > $(VENV)/types.txt 2>&1 & types=$$!; \
	$(PYTEST) -m "not long"; tests=$$?; \
	wait $$types; types=$$?; cat $(VENV)/types.txt; exit $$((tests | types))

# what `make test` leaves out: the long forms of what it has tried
test-long: install
	$(PYTEST) -m long

test-all: check
	$(PYTEST)

test-fast: check
	$(PYTEST) -m "not slow and not long and not realdata"

format: install
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

readme: install
	$(BIN)/python docs/tables.py
	$(BIN)/python docs/component_pages.py

# site/VERSION, site/latest and a list of versions; SITE=folder for another place
docs: install
	$(BIN)/python docs/build_site.py $(if $(SITE),--site "$(SITE)")

# docs/licences.md, from the packages that are installed
licences: install
	$(BIN)/python docs/licences.py

# kills, flips, full disks, fuzzed settings and files, some thousand of them: twenty minutes
torture: install
	$(BIN)/python tests/faults/torture.py -n auto --dist worksteal

# installs Keras, jax and Lightning too, and writes benchmarks/RESULTS.md
benchmark: install
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[benchmark]"
	$(BIN)/python -m benchmarks

# three studies under outputs/studies/, docs/memory.md and docs/memory.png; stopped, it goes on
memory: install
	$(BIN)/python -m benchmarks.remember

published: install
	$(BIN)/python benchmarks/published.py $(if $(LONG),--long)

clean:
	rm -rf $(VENV) dist build .pytest_cache .mypy_cache .ruff_cache
