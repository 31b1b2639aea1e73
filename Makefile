# One list of verbs, the same for people and CI. Everything that is made has a stamp, so that a second call does nothing.
PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin/python
SETUP := $(PYTHON) config/local/setup.py
BUILD := DJANGO_SETTINGS_MODULE=config.settings.build $(RUN)

# Set in many build images: Python would compile every module again at each start, and take three times as long.
unexport PYTHONDONTWRITEBYTECODE
# The environment's own packages only.
unexport PYTHONPATH PYTHONHOME

ASSETS := config/assets
ASSET_SOURCES := $(shell find $(ASSETS) -type f -not -path '*/node_modules/*' -not -path '*/dist/*' -not -path '*/collected/*')
CATALOGS := $(wildcard config/locale/*/LC_MESSAGES/*.po)

PLUGINS := -p pytest_django.plugin -p xdist -p _hypothesis_pytestplugin -p time_machine
PYTEST := PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 $(RUN) -m pytest $(PLUGINS)

.PHONY: setup up down reset backup restore test bench screenshots lint types imports migrations translations check lock format
.DEFAULT_GOAL := setup

setup: $(VENV)/.run $(ASSETS)/collected/.stamp $(VENV)/.catalogs ## install everything that an installation runs on

$(VENV)/.run: requirements/run.txt
	@$(SETUP) environment
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@$(SETUP) tests
	@touch $@

$(ASSETS)/node_modules/.stamp: $(ASSETS)/package-lock.json | $(VENV)/.run
	@$(SETUP) packages
	@touch $@

$(ASSETS)/dist/.stamp: $(ASSETS)/node_modules/.stamp $(ASSET_SOURCES)
	@$(SETUP) bundle
	@touch $@

$(ASSETS)/collected/.stamp: $(ASSETS)/dist/.stamp $(VENV)/.run
	@$(SETUP) static
	@touch $@

$(VENV)/.catalogs: $(CATALOGS) $(VENV)/.run
	@$(if $(CATALOGS),$(SETUP) catalogs)
	@touch $@

up: setup ## set up what is missing and run Yosan in the foreground
	@exec $(RUN) -m config.local.supervisor

down: ## stop what `make up` runs
	@if [ -x $(RUN) ]; then $(RUN) -m config.local.state down; fi

reset: ## stop Yosan and delete all its data
	@if [ -x $(RUN) ]; then $(RUN) -m config.local.state reset; fi

backup: setup ## take a dump of the database
	@$(RUN) -m config.local.backup take

restore: setup ## put a dump in the place of the database: make restore FROM=path/to/file.dump
	@$(RUN) -m config.local.backup restore $(FROM)

# Three processes keep two cores busy: many tests wait for servers. Files are handed out in the order of tests/conftest.py.
test: setup $(VENV)/.dev ## the whole suite, browser tests among them
	@$(SETUP) chromium
	$(PYTEST) -n 3 --dist loadfile --no-loadscope-reorder $(ARGS)

# SIZE=small only shows that it runs, in a minute: nothing is kept of it.
SMALL = $(filter small,$(SIZE))
bench: setup $(VENV)/.dev ## measure ingest, pages and forecasts, and keep the figures in docs/benchmarks.md (SIZE=small to try)
	$(RUN) -m benchmarks.ingest $(if $(SMALL),--series 10 --rounds 1 --dry)
	$(RUN) -m benchmarks.cost_files $(if $(SMALL),--rows 20000 --series 50 --dry)
	$(RUN) -m benchmarks.pages $(if $(SMALL),--size small --dry)
	$(RUN) -m benchmarks.forecast $(if $(SMALL),--series 200)
	$(RUN) -m benchmarks.watching $(if $(SMALL),--models 10 --dry)

screenshots: setup $(VENV)/.dev ## take the pictures of the README
	@$(SETUP) chromium
	$(RUN) -m config.local.screenshots

check: lint types imports migrations translations ## everything that a reviewer would rather not say

lint: $(VENV)/.dev
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .

format: $(VENV)/.dev ## put every file into the one form
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

types: $(VENV)/.dev
	$(VENV)/bin/mypy

imports: $(VENV)/.dev
	$(VENV)/bin/lint-imports

migrations: $(VENV)/.dev
	$(BUILD) manage.py makemigrations --check --dry-run

translations: setup $(VENV)/.dev
	$(PYTEST) -q tests/architecture/test_translations.py

lock: ## compile requirements/*.in into locks with hashes and without addresses
	$(VENV)/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q requirements/run.in -o requirements/run.txt
	$(VENV)/bin/uv pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-emit-find-links --no-header -q requirements/dev.in -o requirements/dev.txt
