# The same text for GNU make and bmake.
PY = python3
BIN = .venv/bin
ARGS =
SEED =

.PHONY: help demo venv fmt lint types test sim prove golden docs man check bench clean

help:
	@grep -E '^## ' Makefile | sed 's/^## //'

## demo     the main job on the simulated pair, from a bare checkout
demo: venv
	$(BIN)/converge lab demo

## test     the tests; ARGS='-k carp' for some of them
test: venv
	$(BIN)/pytest -m 'not slow and not freebsd' $(ARGS)

## venv     virtual environment with the development tools
venv: .venv/ready
.venv/ready: pyproject.toml
	$(PY) -m venv .venv
	$(BIN)/pip install -q --disable-pip-version-check -e '.[dev]'
	touch .venv/ready

## fmt      rewrite in the house format
fmt: venv
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

## lint     format, style and import contracts; rewrites nothing
lint: venv
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports

## types    mypy, strict
types: venv
	$(BIN)/mypy

## sim      the simulated pair over many seeds; SEED=7 repeats one
sim: venv
	export SEED='$(SEED)'; $(BIN)/pytest -m slow $${SEED:+--hypothesis-seed=$$SEED} $(ARGS)

## prove    every way in which the pair can go on, one fault and one late step; seconds
prove: venv
	$(BIN)/converge prove -c desired/mysql-pair.toml --faults 1 --late 1

## golden   rewrite the expected texts; read the diff before you commit it
golden: venv
	$(BIN)/pytest -m 'not slow and not freebsd' --update tests/test_plans.py tests/test_desired_errors.py tests/test_tutorial.py tests/lab/test_replay.py

## docs     rewrite the generated reference and the man pages
docs: man
	$(BIN)/python docs/generate.py

## man      rewrite the man pages, docs/man/
man: venv
	$(BIN)/python docs/man.py

## check    what a reviewer will run
check: lint types test

## bench    how long a command takes to start and to decide
bench: venv
	$(BIN)/python tests/bench.py

clean:
	rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
