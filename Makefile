# make demo: set everything up and show the product. make test: lint, types and tests.
# make prove: faults, crashes, many at once, bad input, every SQLite, a cluster; a table of what was lost.
# make load: three programs at once for a minute, of which none may lose anything.
# make bench: measure it against bare SQLite and the legacy programs, and write bench/results.md; takes ten minutes.
# make docs: the site, in build/docs; a warning is an error. make dist: wheel and sdist in dist/, and both checked.
# All make the virtual environment when pyproject.toml has changed since, and not otherwise; demo without the packages
# that only development needs.
PYTHON ?= python3
BIN = .venv/bin

.PHONY: demo test lint prove load bench docs dist clean docs/cli.md docs/data-model.md docs/screenshots

demo: .venv/program
	$(BIN)/lifeos db demo

test: .venv/ready lint
	$(BIN)/python -m pytest --numprocesses auto --dist worksteal

lint: .venv/ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

prove: .venv/ready
	$(BIN)/python -m tests.prove

load: .venv/ready
	$(BIN)/python bench/three_programs.py 60

bench: .venv/bench-ready
	$(BIN)/python -m bench

.venv/bench-ready: .venv/program
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group bench
	touch .venv/bench-ready

.venv/program: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	$(BIN)/python -m compileall -q cli lifeos_db migrations  # as pip does for what is not editable
	touch .venv/program

.venv/ready: .venv/program
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --group dev
	touch .venv/ready

docs: .venv/ready
	$(BIN)/sphinx-build -W --keep-going -q -E -b html -d build/doctrees docs build/docs

docs/cli.md: .venv/ready
	$(BIN)/python docs/generate_cli.py > $@

docs/data-model.md: .venv/ready
	$(BIN)/python docs/generate_data_model.py

docs/screenshots: .venv/ready
	$(BIN)/python -m docs.screenshots
	$(BIN)/python -m docs.browser_screenshots

dist: .venv/ready
	rm -rf dist
	$(BIN)/python -m build --installer uv --outdir dist
	LIFEOS_DIST=$(CURDIR)/dist $(BIN)/python -m pytest tests/test_wheel.py

clean:
	rm -rf .venv build dist demo-data *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache
