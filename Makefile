# lstmviz: `make run` opens the app, `make test` runs the tests; both prepare what they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK := 1

.DEFAULT_GOAL := help
.PHONY: help run test test-slow check lint types contracts translations pictures bench scale classics samples format wheel clean \
	system-libraries system-libraries-test

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

run: $(VENV)/.run system-libraries ## open the app with a sample (with no display: draw it into lstmviz-run/)
	@if [ -n "$$DISPLAY$$WAYLAND_DISPLAY" ] || [ "$$(uname)" = Darwin ]; then \
		$(BIN)/lstmviz --sample reber; \
	else \
		echo "No display here: drawing the window off screen instead."; \
		$(BIN)/lstmviz pictures --sample reber --out lstmviz-run; \
	fi

test: $(VENV)/.dev system-libraries-test ## run the tests (slow ones excepted)
	$(BIN)/python -m pytest -q -n 2 --dist worksteal -m "not slow"

test-slow: $(VENV)/.dev system-libraries-test ## run the slow tests
	$(BIN)/python -m pytest -q -m slow --timeout=1200

check: lint types contracts translations ## lint, types, import contracts, translations

lint: $(VENV)/.dev ## ruff, and the five largest files, classes and functions
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	@$(BIN)/python scripts/largest.py

types: $(VENV)/.dev ## mypy, strict
	$(BIN)/mypy

contracts: $(VENV)/.dev ## the import contracts of the design
	$(BIN)/lint-imports

translations: $(VENV)/.dev ## fail on a missing or stale translation
	$(BIN)/python scripts/translations.py check

pictures: $(VENV)/.dev system-libraries ## draw the README's pictures anew
	QT_QPA_PLATFORM=offscreen $(BIN)/python scripts/pictures.py

bench: $(VENV)/.dev system-libraries ## print every benchmark
	$(BIN)/python benchmarks/record.py
	QT_QPA_PLATFORM=offscreen $(BIN)/python benchmarks/frames.py
	QT_QPA_PLATFORM=offscreen $(BIN)/python benchmarks/start.py
	$(BIN)/python benchmarks/training.py
	$(BIN)/python benchmarks/export.py
	QT_QPA_PLATFORM=offscreen $(BIN)/python benchmarks/scale.py --quick

scale: $(VENV)/.dev system-libraries ## record a million steps of 1,024 units and look at them: 40 GB of disk, half an hour
	QT_QPA_PLATFORM=offscreen $(BIN)/python benchmarks/scale.py

classics: $(VENV)/.dev ## train the tasks of the literature, and print our numbers beside the published ones
	$(BIN)/python benchmarks/classics.py

samples: $(VENV)/.dev ## make the sample sequences and train the sample nets again
	$(BIN)/python samples/make_sequences.py
	$(BIN)/python samples/make_nets.py

format: $(VENV)/.dev ## format the code
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

wheel: $(VENV)/.dev ## build dist/*.whl
	$(BIN)/python -m pip wheel -q --no-deps --no-build-isolation -w dist .

clean: ## remove what was made, .venv too
	rm -rf $(VENV) dist build lstmviz-run .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache

system-libraries:
	@sh scripts/system_libraries.sh

system-libraries-test:
	@sh scripts/system_libraries.sh test

$(VENV)/.python:
	@$(PYTHON) --version >/dev/null 2>&1 || \
		{ echo "There is no $(PYTHON) here; lstmviz needs Python 3.11 or later. Try: make PYTHON=python3.12 run"; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "lstmviz needs Python 3.11 or later; $(PYTHON) is $$($(PYTHON) --version). Try: make PYTHON=python3.12 run"; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ echo "Python's venv module is missing. On Debian or Ubuntu: apt-get install python3-venv"; exit 1; }
	@touch $@

$(VENV)/.run: $(VENV)/.python pyproject.toml constraints.txt
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[all]'
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[all,dev]'
	@touch $@
