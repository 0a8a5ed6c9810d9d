# make demo   from nothing to masks on real ultrasound: the core alone, no torch
# make open   the workspace page in the browser, on the bundled examples; OPEN=FILE or FOLDER opens yours
# make test   the checks and the tests, in an environment of their own
# make docs   the site, built strictly into site/, in an environment of its own
# make node-client   the client in JavaScript, installed and held against Python; needs Node 20 and npm
#
# They set up what they need under .venv-demo, .venv and .venv-docs, once, and again when pyproject.toml changes.
# Another interpreter: make test PYTHON=/usr/bin/python3.12

PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$p"; break; }; done)
DEMO := .venv-demo
VENV := .venv
DOCS := .venv-docs
TORCH := torch==2.13.0
EXTRAS := train,dicom,nifti,hdf5,web,nninteractive,itksnap,cluster,test
SOURCES := $(shell find src -type f -not -path '*/__pycache__/*' 2>/dev/null)

OPEN ?=

.PHONY: demo open test docs node-client lint types clean python

demo: $(DEMO)/.installed
	@$(DEMO)/bin/uniultra demo

open: $(DEMO)/.with-page
	@$(DEMO)/bin/uniultra open $(if $(OPEN),"$(OPEN)")

# The page's server, and what writes DICOM and NIfTI from it.
$(DEMO)/.with-page: $(DEMO)/.installed
	@$(DEMO)/bin/python -m pip install --quiet --disable-pip-version-check ".[web,dicom,nifti]"
	@touch $@

# The notice that is silenced is an advertisement of the theme's, about what may follow it.
docs: $(DOCS)/.installed
	@NO_MKDOCS_2_WARNING=1 $(DOCS)/bin/python -m mkdocs build --strict --quiet
	@echo "Look at: $(CURDIR)/site/index.html; its search needs a server: python3 -m http.server -d site --bind 127.0.0.1"

node-client: $(DEMO)/.installed
	@command -v npm >/dev/null || { echo "no npm found; install Node 20 or newer" >&2; exit 2; }
	@cd examples/node && npm ci --ignore-scripts --no-audit --no-fund
	@$(DEMO)/bin/python examples/node/compare.py

# The closing line of pytest comes last. One process a core; a file's tests stay together, with what they share.
test: $(VENV)/.installed
	@$(MAKE) --no-print-directory lint types
	@$(VENV)/bin/python -m pytest -n logical --dist loadfile --no-loadscope-reorder

FORMAT := to format these files: $(VENV)/bin/python -m ruff format .
lint: $(VENV)/.installed
	@echo "== ruff"
	@$(VENV)/bin/python -m ruff check .
	@$(VENV)/bin/python -m ruff format --check . || { echo "$(FORMAT)" >&2; exit 1; }
	@echo "== oxlint"
	@$(VENV)/bin/oxlint --quiet --deny-warnings src examples

types: $(VENV)/.installed
	@echo "== mypy"
	@$(VENV)/bin/python -m mypy

# Not editable: what the demo runs is the wheel, which must carry the weights and the example images.
$(DEMO)/.installed: pyproject.toml $(SOURCES)
	@$(MAKE) --no-print-directory python >/dev/null
	@$(DEMO)/bin/python -m pip --version >/dev/null 2>&1 || { echo "== creating $(DEMO)" && "$(PYTHON)" -m venv --clear $(DEMO); }
	@echo "== installing the core into $(DEMO) (about 390 MB the first time)"
	@$(DEMO)/bin/python -m pip install --quiet --disable-pip-version-check .
	@touch $@

# torch first and by itself: it is by far the largest, and this pins what the tests were written against.
$(VENV)/.installed: pyproject.toml
	@$(MAKE) --no-print-directory python >/dev/null
	@$(VENV)/bin/python -m pip --version >/dev/null 2>&1 || { echo "== creating $(VENV)" && "$(PYTHON)" -m venv --clear $(VENV); }
	@echo "== installing $(TORCH) into $(VENV)"
	@$(VENV)/bin/python -m pip install --disable-pip-version-check "$(TORCH)"
	@echo "== installing uniultra[$(EXTRAS)] into $(VENV) (some minutes the first time)"
	@$(VENV)/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[$(EXTRAS)]"
	@touch $@

$(DOCS)/.installed: pyproject.toml
	@$(MAKE) --no-print-directory python >/dev/null
	@$(DOCS)/bin/python -m pip --version >/dev/null 2>&1 || { echo "== creating $(DOCS)" && "$(PYTHON)" -m venv --clear $(DOCS); }
	@echo "== installing uniultra[docs] into $(DOCS)"
	@$(DOCS)/bin/python -m pip install --quiet --disable-pip-version-check --editable ".[docs]"
	@touch $@

# Prints the interpreter that the environments are made with, or one line that says what is missing.
HELP := UniUltra needs Python 3.11 or newer; install one, or name it: make PYTHON=/path/to/python3.12
python:
	@command -v "$(PYTHON)" >/dev/null || { echo "no Python found$(if $(PYTHON), as $(PYTHON)). $(HELP)" >&2; exit 2; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "$(PYTHON) is too old. $(HELP)" >&2; exit 2; }
	@echo "$(PYTHON)"

clean:
	rm -rf $(VENV) $(DEMO) $(DOCS) site examples/node/node_modules build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
