# Everything that a fresh machine needs: `make demo`, `make test`. Only python3 with venv and pip
# must be there; uv is used for speed where it is.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
DEV_INSTALLED := $(VENV)/.dev-installed
INSTALL := $(if $(shell command -v uv),uv pip install --python $(BIN)/python,$(BIN)/pip install --disable-pip-version-check)

export RAY_AUTH_MODE ?= disabled
# Threads of torch that spin while they wait starve whatever runs beside them.
export OMP_WAIT_POLICY ?= PASSIVE

.PHONY: demo check test chaos lint lock clean install install-dev help

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*##/\t/'

$(BIN)/python:
	@$(PYTHON) -c 'import sys; ok = (3, 11) <= sys.version_info[:2] <= (3, 14); sys.exit(not ok and f"error: {sys.executable} is Python {sys.version.split()[0]}; expected 3.11 to 3.14. Set PYTHON=...")'
	$(PYTHON) -m venv $(VENV)

$(INSTALLED): requirements.lock pyproject.toml | $(BIN)/python
	$(INSTALL) -q --require-hashes -r requirements.lock
	$(INSTALL) -q --no-deps --no-build-isolation -e .
	@touch $@

$(DEV_INSTALLED): requirements-dev.lock $(INSTALLED)
	$(INSTALL) -q --require-hashes -r requirements-dev.lock
	@touch $@

install: $(INSTALLED)  ## what the jobs need
install-dev: $(DEV_INSTALLED)  ## what the checks and tests need as well

demo: $(INSTALLED)  ## the whole way on a small world of its own, offline, in minutes
	$(BIN)/python jobs/demo.py --output demo_output

lint: $(DEV_INSTALLED)  ## format, lint, types, floors
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports

check: lint  ## lint and the quick tests, under 3 minutes
	$(BIN)/pytest -q -m "not ray and not slow"

# Jobs as users run them wait for Ray most of the time: they run beside all other tests. The longest
# of them waits for a store that fails, and goes with the others so that both halves take as long.
test: lint  ## lint and all tests
	@$(BIN)/pytest tests/end_to_end --ignore tests/end_to_end/test_bucket.py > $(VENV)/end_to_end.log 2>&1 & jobs=$$!; status=0; \
	$(BIN)/pytest --ignore-glob 'tests/end_to_end/test_[!b]*' || status=1; \
	wait $$jobs || status=1; cat $(VENV)/end_to_end.log; exit $$status

chaos: $(DEV_INSTALLED)  ## kills at random moments and new random examples: long
	CHAOS=1 $(BIN)/pytest tests/end_to_end/chaos_generate.py tests/end_to_end/chaos_fit_teacher.py \
		tests/end_to_end/chaos_train.py tests/end_to_end/test_convert.py \
		tests/end_to_end/test_generate.py tests/end_to_end/test_bucket.py \
		tests/end_to_end/test_cluster.py tests/deployment tests/training/test_launch.py \
		-s --timeout 3600
	HYPOTHESIS_PROFILE=new $(BIN)/pytest -q -m "not ray and not slow"

lock:  ## resolve the lock files again (needs uv)
	sh scripts/lock.sh

clean:  ## remove the environment and the demo's output
	rm -rf $(VENV) demo_output
