# Five words: make demo | check | test | notebooks | bench. Each sets up what is missing first.
# Needs Python 3.11 or newer, make and a C++ compiler; without a compiler one is installed into the
# environment. uv is used where it is there, pip otherwise: the same pins, from uv.lock.

VENV ?= .venv
DEMO ?= demo-output
FUZZ_EXAMPLES ?= 1000
PROPERTIES := $(shell grep -rl "^@given" tests)
PEERS := .venv-peers
NOTEBOOKS ?= $(wildcard notebooks/*.ipynb)

BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
UV := $(shell command -v uv 2>/dev/null)
CXX_FOUND := $(shell command -v $${CXX:-c++} || command -v g++ || command -v clang++)
ZIG := ziglang==0.17.1

SOURCES := pyproject.toml CMakeLists.txt $(wildcard forecasting/kernels/cpp/*) $(VENV)/.packages

.PHONY: always help demo check test nightly notebooks bench install lowest sanitize mutants lock clean

help:
	@echo "make demo       backtest on real data; writes tables, plots and a page into $(DEMO)/"
	@echo "make check      format, lint, types, floors, pins"
	@echo "make test       the tests; PYTEST_ARGS='-k croston' narrows them"
	@echo "make nightly    what takes minutes: kill loops, edited files, bits in new processes, new random inputs, all of lowest"
	@echo "make notebooks  run every notebook; STORE=1 keeps the new pictures in it"
	@echo "make bench      the figures in benchmarks/, measured here"
	@echo "make lowest     the tests with the lowest versions that pyproject.toml allows"
	@echo "make sanitize   the kernels under AddressSanitizer and UndefinedBehaviorSanitizer"
	@echo "make mutants    small faults put into windows, metrics, alignment, writer: does a test notice?"
	@echo "make lock       new pins from pyproject.toml (needs uv)"
	@echo "make clean      remove what was built here, the environments too"

demo: install
	$(BIN)/forecasting backtest data/m3_monthly_dated.parquet --h 12 --n-windows 3 --level 80 95 \
		--models naive snaive ets theta prophet sktime-structural ridge lightgbm --baseline snaive \
		--n-jobs 2 --output $(DEMO)

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -q tests/test_floors.py tests/test_packaging.py

test: install
	$(BIN)/python -m pytest --numprocesses=auto --dist=worksteal $(PYTEST_ARGS)

nightly: install
	$(BIN)/python -m pytest --numprocesses=auto --dist=loadfile -m nightly $(PYTEST_ARGS)
	FUZZ_EXAMPLES=$(FUZZ_EXAMPLES) $(BIN)/python -m pytest --numprocesses=auto --dist=worksteal $(PROPERTIES)
	$(MAKE) --no-print-directory lowest

notebooks: install
	printf "%s\n" $(NOTEBOOKS) | sort -r | xargs -n 1 -P 2 $(BIN)/jupyter-execute --timeout=600 $(if $(STORE),--inplace)

bench: install $(PEERS)/.installed
	$(BIN)/python -m benchmarks

# --- the environment: made once, made again when the pins or the compiled sources change ---------

install: $(VENV)/.built

$(VENV)/.pinned: requirements.txt
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer found. Install one, or say where it is:" \
		"make PYTHON=/path/to/python3.11"; exit 1; }
	test -e $(BIN)/python || $(PYTHON) -m venv $(VENV)
ifdef UV
	UV_PROJECT_ENVIRONMENT=$(VENV) $(UV) sync --quiet --frozen --inexact --all-extras --no-install-project
else
	$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
endif
	touch $@

# Built without isolation, by the pinned tools, into a folder that is kept: a changed kernel compiles alone.
BUILD = --no-build-isolation --no-deps --editable . --config-settings build-dir=build/$(notdir $(VENV))

# An editable install knows the packages that were there when it was made: a new one makes it again.
$(VENV)/.packages: always
	@mkdir -p $(VENV)
	@find forecasting -name __init__.py | sort | cmp -s - $@ || find forecasting -name __init__.py | sort > $@

always:

$(VENV)/.built: $(VENV)/.pinned $(SOURCES) $(if $(CXX_FOUND),,$(BIN)/zig-c++)
	$(if $(CXX_FOUND),,CXX=$(abspath $(BIN)/zig-c++)) \
	$(if $(UV),$(UV) pip install --quiet --python $(BIN)/python,$(BIN)/python -m pip install --quiet \
		--disable-pip-version-check) $(BUILD)
	touch $@

$(BIN)/zig-c++: $(VENV)/.pinned
	@echo "No C++ compiler found (c++, g++, clang++): taking the one in the package $(ZIG). The first"
	@echo "build with it takes two minutes. To use your own: apt-get install g++, or CXX=/path/to/it."
	$(if $(UV),$(UV) pip install --quiet --python $(BIN)/python,$(BIN)/python -m pip install --quiet \
		--disable-pip-version-check) $(ZIG)
	printf '#!/bin/sh\nexec "%s" -m ziglang c++ "$$@"\n' "$(abspath $(BIN)/python)" > $@
	chmod +x $@

# --- the lowest versions -------------------------------------------------------------------------

LOWEST := .venv-lowest

$(LOWEST)/.built: tests/lowest.txt $(SOURCES)
	test -e $(LOWEST)/bin/python || $(or $(shell command -v python3.11),$(PYTHON)) -m venv $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check -r tests/lowest.txt
	$(LOWEST)/bin/python -m pip install --quiet --disable-pip-version-check \
		$(subst $(notdir $(VENV)),$(LOWEST),$(BUILD))
	touch $@

lowest: $(LOWEST)/.built
	$(LOWEST)/bin/python -m pytest --numprocesses=auto --dist=worksteal $(PYTEST_ARGS)

# --- what the benchmarks are measured against, apart because it pins other versions ----------------

$(PEERS)/.installed: benchmarks/peers.txt
	test -e $(PEERS)/bin/python || $(PYTHON) -m venv $(PEERS)
	$(PEERS)/bin/python -m pip install --quiet --disable-pip-version-check -r benchmarks/peers.txt
	touch $@

# --- the kernels under AddressSanitizer and UndefinedBehaviorSanitizer ------------------------------

KERNELS := forecasting/kernels/cpp

SANITIZED := build/sanitized
SANITIZER = $(if $(CXX_FOUND),$(firstword $(CXX_FOUND)),$(BIN)/zig-c++) -std=c++17 -g -O1 -ffp-contract=off -w \
	-Wno-psabi -pthread -fsanitize=address,undefined -fno-sanitize-recover=all -D_GLIBCXX_ASSERTIONS -I$(KERNELS)
OBJECTS := $(SANITIZED)/sanitize.o $(patsubst $(KERNELS)/%.cpp,$(SANITIZED)/%.o, \
	$(filter-out %door.cpp %module.cpp,$(wildcard $(KERNELS)/*.cpp)))

$(SANITIZED)/%.o: $(KERNELS)/%.cpp $(wildcard $(KERNELS)/*.hpp)
	@mkdir -p $(@D)
	$(SANITIZER) -c $< -o $@

$(SANITIZED)/sanitize.o: tests/kernels/sanitize.cpp $(wildcard $(KERNELS)/*.hpp)
	@mkdir -p $(@D)
	$(SANITIZER) -c $< -o $@

$(SANITIZED)/sanitize: $(OBJECTS)
	$(SANITIZER) $^ -o $@

sanitize:
	@$(MAKE) --no-print-directory --jobs=$(shell nproc 2>/dev/null || echo 2) $(SANITIZED)/sanitize
	$(SANITIZED)/sanitize

# --- mutation testing; MUTANTS='--group windows --sample 0' takes every mutant of one group -----------

mutants: install
	$(BIN)/python tests/mutants.py $(MUTANTS)

# --- pins ------------------------------------------------------------------------------------------

EXPORT := --all-extras --no-emit-project --no-header --no-annotate --format requirements-txt
LOW := --resolution lowest-direct --python-version 3.11 --all-extras --group test --group build --no-header

lock:
	uv lock
	uv export --quiet --frozen $(EXPORT) --output-file requirements.txt
	uv pip compile --quiet $(LOW) pyproject.toml --output-file tests/lowest.txt

clean:
	rm -rf build $(VENV) $(LOWEST) $(PEERS) $(DEMO) .mypy_cache .ruff_cache .pytest_cache .hypothesis
