# The only way to run things. `make help` lists the targets.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

PYTHON := python3.11
VENV := .venv
BIN := $(VENV)/bin
CODE := operator server dev tests bench examples
export PYTHONDONTWRITEBYTECODE := 1
TEST ?= tests
PARTS := test-backups test-node test-faults test-control-plane test-fast
# Each part keeps for itself how it ended, for dev/again.
PYTEST = $(BIN)/pytest $(TEST) -q --durations=10 -o cache_dir=.pytest_cache/$@
# A part of the tests may have none of one half (pytest's exit status 5); all of them may not.
NONE_OF_A_PART := || { code=$$?; [ $$code = 5 ] && [ $(TEST) != tests ]; }

.PHONY: help tools check test $(PARTS) format manifests lock images cluster-up cluster-down cluster-status demo bench soak clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  \033[1m%-19s\033[0m %s\n", $$1, $$2}' $(MAKEFILE_LIST)

$(VENV)/installed: requirements/dev.txt
	@if ! $(PYTHON) -c 'import ensurepip, venv' 2>/dev/null; then \
	  echo "make: installing python3.11 with venv (Debian packages)" >&2; \
	  apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends python3.11 python3.11-venv >/dev/null; fi
	@echo "make: installing the locked Python dependencies into $(VENV)" >&2
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --only-binary :all: -r requirements/dev.txt
	@touch $@

/usr/lib/postgresql/15/bin/postgres:
	@echo "make: installing PostgreSQL 15 (Debian package)" >&2
	@apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends postgresql-15 postgresql-client-15 >/dev/null

/usr/bin/redis-server:
	@echo "make: installing Redis (Debian package)" >&2
	@apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends redis-server >/dev/null

/usr/bin/chromium:
	@echo "make: installing Chromium (Debian packages)" >&2
	@apt-get -qq update && DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends chromium fonts-dejavu-core >/dev/null

tools: $(VENV)/installed /usr/lib/postgresql/15/bin/postgres /usr/bin/redis-server /usr/bin/chromium
	@node -e 'process.exit(parseInt(process.versions.node) >= 20 ? 0 : 1)' 2>/dev/null && command -v npm >/dev/null || { \
	  echo "make: Node.js 20 or newer with npm is needed, first on PATH: https://nodejs.org/en/download" >&2; exit 1; }
	@command -v go >/dev/null || { \
	  echo "make: Go is needed, first on PATH: https://go.dev/dl" >&2; exit 1; }

check: $(VENV)/installed ## All static checks: lint, format, types, import contracts
	$(BIN)/ruff check $(CODE)
	$(BIN)/ruff format --check $(CODE)
	$(BIN)/mypy
	PYTHONPATH=operator:server $(BIN)/lint-imports
	PYTHONPATH=operator $(BIN)/python -m authly_operator.crdgen --check
	$(BIN)/python dev/derived --check

test: tools ## Every test, on real parts: the five parts below side by side (root needed)
	@echo "make: five parts run side by side; each prints when it is through" >&2
	@rm -rf .pytest_cache/test-*/v/authly
	@$(MAKE) --no-print-directory --jobs=5 --keep-going --output-sync=target $(PARTS) || $(BIN)/python dev/again $(PARTS)

test-fast: tools ## Every test that needs no cluster
	$(PYTEST) -m 'not node and not control_plane' $(NONE_OF_A_PART)

test-control-plane: tools ## Every test on a real kube-apiserver with its controllers, but those of the next two
	$(PYTEST) -m 'control_plane and not node and not faults and not backups' $(NONE_OF_A_PART)

test-faults: tools ## Every test of an operator that is killed, refused, or cut off
	$(PYTEST) -m faults $(NONE_OF_A_PART)

test-backups: tools ## Every test of backups and restores as resources
	$(PYTEST) -m backups $(NONE_OF_A_PART)

test-node: tools ## Every test on a whole node, with pods and images
	$(PYTEST) -m node $(NONE_OF_A_PART)

format: $(VENV)/installed ## Let ruff rewrite what it can
	$(BIN)/ruff check --fix $(CODE)
	$(BIN)/ruff format $(CODE)

manifests: $(VENV)/installed ## Generate crds/, the chart's copy of them and docs/api.md from the models
	PYTHONPATH=operator $(BIN)/python -m authly_operator.crdgen
	$(BIN)/python dev/derived

images: ## Build the container images and print their archives
	$(PYTHON) dev/images build

cluster-up: ## Start the embedded single-node Kubernetes
	$(PYTHON) dev/cluster up

cluster-down: ## Stop it and leave nothing behind
	$(PYTHON) dev/cluster down

cluster-status: ## What runs, and how to reach it
	$(PYTHON) dev/cluster status

demo: ## A whole server at work: deploy, sign in, get tokens (CONTEXT=name: in a cluster of yours)
	$(PYTHON) dev/demo --context "$(CONTEXT)"

bench: $(VENV)/installed /usr/lib/postgresql/15/bin/postgres ## What a request costs, as ratios to bare handlers (CASES="words of their names")
	PYTHONPATH=.:dev:server:operator $(BIN)/python -m bench $(CASES)

soak: $(VENV)/installed /usr/lib/postgresql/15/bin/postgres ## Half an hour of load while database and processes come and go
	PYTHONPATH=.:dev:server:operator $(BIN)/python -m bench.soak

lock: ## Resolve the Python dependencies again, with hashes (needs uv)
	uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url \
	  pyproject.toml --extra dev --no-emit-package authly -o requirements/dev.txt
	for extra in operator server; do \
	  uv pip compile --quiet --python-version 3.11 --generate-hashes --no-header --no-annotate --no-emit-index-url \
	    pyproject.toml --extra $$extra -c requirements/dev.txt -o requirements/$$extra.txt; done

clean: ## Remove what the targets made in this checkout
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache artifacts
