# make demo: set up, then run the main job.   make test: set up, then pass the tests.

# The first Python that is new enough; PYTHON=… chooses another.
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	$$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && echo $$p && break; done)
BIN := .venv/bin
# Processes that test: one more than there are processors, as tests of screens wait for half of their time.
TESTERS ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) + 1)')
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
# One set of pins for every platform, with hashes and without the address of any index.
LOCK := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	--custom-compile-command "make lock" --no-emit-index-url --no-emit-find-links

.PHONY: demo test check lint types imports wheel lock clean

demo: .venv/.ready
	$(BIN)/auth0-migrate demo

# What is compiled is kept, also where PYTHONDONTWRITEBYTECODE is set: the tests start hundreds of processes.
test: .venv/.ready-dev
	PYTHONDONTWRITEBYTECODE= $(BIN)/python -m pytest --numprocesses $(TESTERS) --dist worksteal

check: lint types imports test wheel

lint: .venv/.ready-dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: .venv/.ready-dev
	$(BIN)/mypy

imports: .venv/.ready-dev
	$(BIN)/lint-imports

# Builds the wheel, installs it in an environment of its own, does a small migration and knows columns by their values.
wheel: .venv/.ready-dev
	rm -rf build/smoke
	$(BIN)/python -m build --no-isolation --wheel --outdir build/smoke/dist .
	$(PYTHON) -m venv build/smoke/venv
	build/smoke/venv/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes -r requirements.txt
	build/smoke/venv/bin/python -m pip --disable-pip-version-check --quiet install --no-deps build/smoke/dist/*.whl
	cd build/smoke && venv/bin/auth0-migrate --version && venv/bin/auth0-migrate demo --users 200 --quiet --json
	cd build/smoke && printf 'key,contact\n1,ada@example.com\n2,bob@example.com\n' > users.csv && \
		venv/bin/auth0-migrate inspect users.csv --json | tail -n 1 | grep '"email": "contact"'

lock: .venv/.ready-dev
	$(LOCK) pyproject.toml --extra practice -o requirements.txt
	$(LOCK) --group build -c requirements.txt -o requirements-build.txt
	$(LOCK) pyproject.toml --group dev -c requirements.txt -c requirements-build.txt -o requirements-dev.txt

clean:
	rm -rf .venv build dist

.venv/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed; name it with: make PYTHON=/path/to/python" >&2; exit 1; }
	$(PYTHON) -m venv .venv

.venv/.ready: requirements.txt requirements-build.txt pyproject.toml | .venv/bin/python
	$(PIP) install --require-hashes -r requirements.txt -r requirements-build.txt
	$(PIP) install --no-deps --no-build-isolation --editable .
	touch $@

.venv/.ready-dev: requirements-dev.txt pyproject.toml | .venv/.ready
	$(PIP) install --require-hashes -r requirements-dev.txt
	touch $@
