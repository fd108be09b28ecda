# Docker Network Explorer. `make run` and `make test` each do all set-up themselves; run again, they only do what has changed.
python := .venv/bin/python
export PORT ?= 8000

.PHONY: help setup run instructor test test-unit test-engine test-browser test-attacks test-faults test-broken test-endings test-pages test-stand-ins test-engines test-vm record-vm check bench churn \
  fuzz pictures format clean labdoctor parts vulnerabilities pins

help: ## this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 22

run: ## everything, until Ctrl-C; ends its start with the page's address (PORT=8000)
	@setup/run.sh

instructor: ## asks for a name and a password, and makes who can teach classes
	@setup/instructor.sh

test: ## all tests: unit, engine, browser
	@setup/test.sh unit engine browser

test-unit: ## tests that need neither an engine nor a browser
	@setup/test.sh unit

test-engine: ## tests on real Docker hosts (root)
	@setup/test.sh engine

test-browser: ## tests in Chromium on a running installation (root)
	@setup/test.sh browser

test-attacks: ## every attack, the slow ones too, and the table of them: var/attacks.md (root)
	@setup/test.sh attacks attacks-unit attacks-browser

test-faults: ## every fault, and the table of them: var/faults.md (root; up to an hour; ONLY=words of pytest's -k)
	@setup/faults.sh $(if $(ONLY),"$(ONLY)")

test-broken: ## 500 random broken networks, on what the explorer says of them (root; half an hour; COUNT=500 DEAF=6 SEED=number ONLY=number)
	@EXPLORER_BROKEN_NETWORKS="$(or $(COUNT),500)" EXPLORER_BROKEN_DEAF="$(DEAF)" EXPLORER_BROKEN_SEED="$(or $(SEED),$(shell date +%j))" EXPLORER_BROKEN_ONLY="$(ONLY)" \
	  setup/test.sh broken

test-endings: ## every way a packet can end, with both versions of Docker Engine, and the table of them: var/endings.md (root; half an hour)
	@setup/test.sh endings

test-stand-ins: setup ## every stand-in image, built and run on hosts, and images of a registry on the loopback (root; ten minutes)
	@setup/packages.sh setup/debian-packages.txt setup/debian-packages-registry.txt && setup/test.sh stand-ins

test-pages: ## Docker's pages about networks, typed on hosts of both versions, and the table of them: var/docker-pages.md (root; half an hour)
	@setup/test.sh pages

test-engines: ## hosts of packages as Docker publishes them, from a directory and an apt repository (root; some ten minutes)
	@setup/test.sh engines

test-vm: setup ## a node on Debian's own kernel, emulated: labdoctor, bridge, ipvlan (root; half an hour and more)
	@rm -rf var/vm && setup/packages.sh setup/debian-packages.txt setup/debian-packages-vm.txt && tests/vm/run.sh tests/vm/play.sh var/vm

record-vm: setup ## the same, and keeps what was seen for nodes without ipvlan
	@setup/packages.sh setup/debian-packages.txt setup/debian-packages-vm.txt && tests/vm/record.sh

check: setup ## format, lint, types, import contracts, migrations, lessons, front end
	@setup/check.sh

bench: setup ## measured figures, each with its baseline
	@$(python) -m bench

churn: setup ## sandboxes that open and close while parts are killed: what leaks is in var/churn.md (root; MINUTES=60 SEED=number)
	@$(python) -m bench.churn --minutes "$(or $(MINUTES),60)" $(if $(SEED),--seed $(SEED))

fuzz: setup ## every parser of hostile input, given anything (SECONDS=60 each, TARGET=one of them)
	@setup/fuzz.sh "$(or $(SECONDS),60)" "$(TARGET)"

pictures: setup ## every page at three widths, light and dark, into var/pictures (root; DIR=elsewhere ONLY=word)
	@$(python) -m tests.browser.pictures "$(or $(DIR),var/pictures)" --only "$(ONLY)"

parts: setup ## the software bill of materials (SBOM) of Python, npm, Debian and the images: var/parts.cdx.json
	@$(python) manage.py images && $(python) manage.py parts --out var/parts.cdx.json

vulnerabilities: setup ## known vulnerabilities of all parts, offline (FILES="PyPI.zip npm.zip Debian.zip" in the OSV form)
	@$(python) manage.py vulnerabilities $(FILES)

pins: setup ## renews every pinned version
	@setup/pins.sh

labdoctor: setup ## what this node can do, and the cure for what it cannot
	@$(python) manage.py labdoctor

setup: ## packages, Python, front end, for development and tests
	@setup/all.sh dev

format: setup ## rewrites what a formatter can
	@$(python) -m ruff format . && $(python) -m ruff check --fix-only -q . && npm run --silent format --if-present

clean: ## removes what was built here (not the database: that is var/)
	rm -rf .venv node_modules static/build .ruff_cache .mypy_cache .pytest_cache .import_linter_cache var/setup var/static
