# `make demo`, `make down`, `make test`, `make check`, `make url`: each installs first what it needs.

PYTHON := .venv/bin/python
LOCAL := PYTHONPATH=plugins $(PYTHON) -m perennial.local
INSTALLED := .venv/.installed
SPARK := .venv-spark/.installed
# Two files at a time, the longest first.
TWO := --numprocesses 2 --dist loadfile --no-loadscope-reorder

.DEFAULT_GOAL := help
.PHONY: help install demo up down status url store-url env test test-long test-disturbed test-spark soak check audit sbom format schemas reference dataset bench lock spark

help: ## Show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "make %-14s %s\n", $$1, $$2}' Makefile

install: $(INSTALLED) ## Make .venv, with exactly the packages of requirements.txt
	@:

demo: $(INSTALLED) ## Start everything and run the round trip on the demo's data
	@$(LOCAL) demo

up: $(INSTALLED) ## Start everything
	@$(LOCAL) up

down: ## Stop everything; the data stays
	@if [ -x $(PYTHON) ]; then $(LOCAL) down; fi

status: $(INSTALLED) ## Say how each process is
	@$(LOCAL) status

url: $(INSTALLED) ## Print the UI's address, user and password
	@$(LOCAL) url

store-url: $(INSTALLED) ## Print a read-only PostgreSQL URL of the store
	@$(LOCAL) store-url

env: $(INSTALLED) ## Print exports for a shell that is to talk to the stack: eval "$$(make -s env)"
	@$(LOCAL) env

test: $(INSTALLED) ## Run the tests
	@$(PYTHON) -m pytest $(TWO)

test-long: $(INSTALLED) ## Run all the tests, also those that take minutes, and more kills and random data than usual
	@PERENNIAL_LONG=1 $(PYTHON) -m pytest $(TWO) -m ""

# Whatever runs on Apache Spark by default runs on its cluster here.
test-spark: $(SPARK) ## Run the tests on Spark on a cluster: a master and two workers, processes of this machine
	@PERENNIAL_SPARK_WORKERS=2 $(PYTHON) -m pytest -m "" -k "not sail" tests/lake/spark tests/hooks/test_spark.py tests/value \
		tests/stages/test_value_spark.py tests/stages/test_rfm.py

test-disturbed: $(INSTALLED) ## Kill and restart the deployment's processes in the middle of their work (a quarter of an hour)
	@$(PYTHON) -m pytest -s tests/deploy/disturbed.py

soak: $(INSTALLED) ## Stream for an hour (MINUTES=60), and see that nothing leaks; results go to SOAK=soak
	@PYTHONPATH=plugins:tests $(PYTHON) -m soak --minutes "$(or $(MINUTES),60)" --results "$(or $(SOAK),soak)"

check: $(INSTALLED) ## Check format, style and types
	@.venv/bin/ruff format --check .
	@.venv/bin/ruff check .
	@.venv/bin/mypy

# The tools are no part of the product: uv runs them from environments of their own.
TOOL := .venv/bin/uv tool run --quiet --from

audit: $(INSTALLED) ## Look for known weaknesses in our packages (it asks PyPI), and for suspicious code
	@$(TOOL) bandit==1.9.4 bandit --quiet --configfile pyproject.toml --recursive plugins dags deploy docs
	@$(TOOL) pip-audit==2.10.1 pip-audit --disable-pip --no-deps --require-hashes --strict --requirement requirements.txt

sbom: $(INSTALLED) ## Write sbom.json, the list of our packages with their hashes (CycloneDX)
	@$(TOOL) cyclonedx-bom==7.5.0 cyclonedx-py requirements requirements.txt --pyproject pyproject.toml \
		--output-reproducible --output-format JSON --output-file sbom.json

format: $(INSTALLED) ## Format the code and mend what can be mended by itself
	@.venv/bin/ruff format .
	@.venv/bin/ruff check --fix .

schemas: $(INSTALLED) ## Write the JSON Schemas of the documents, for editors
	@PYTHONPATH=plugins $(PYTHON) -m perennial.schemas

reference: $(INSTALLED) ## Write docs/reference from the code
	@PYTHONPATH=plugins:docs $(PYTHON) -m generator

dataset: $(INSTALLED) ## FILE=orders.csv NAME=orders: write include/datasets/orders.yaml for a file of your own
	@PYTHONPATH=plugins $(PYTHON) -m perennial.propose "$(FILE)" "$(NAME)"

bench: $(INSTALLED) ## Run all benchmarks at small scale
	@set -e; for script in $$(grep -l "\.main(" benchmarks/*.py); do echo "$$script"; $(PYTHON) "$$script" --scale small; done

spark: $(SPARK) ## Make .venv-spark with Apache Spark (500 MB), for the tests that run on it; it needs Java
	@:

lock: $(INSTALLED) ## Resolve requirements.in into requirements.txt; UPGRADE=--upgrade takes newer versions
	@.venv/bin/uv pip compile --universal --generate-hashes --python-version 3.11 --quiet $(UPGRADE) \
		--custom-compile-command "make lock" requirements.in -o requirements.txt

# The version of the client in requirements.txt. A test run without it skips what needs Apache Spark.
$(SPARK): requirements.txt | $(INSTALLED)
	@set -eu; \
	version=$$(sed -n 's/^pyspark-client==\([^ ;]*\).*/\1/p' requirements.txt); \
	.venv/bin/uv venv --quiet --clear --python $(PYTHON) .venv-spark; \
	.venv/bin/uv pip install --quiet --python .venv-spark/bin/python "pyspark==$$version"; \
	touch $@

# pip's only job is to fetch uv, at the version and with the hashes of the lock; uv installs the rest in seconds.
$(INSTALLED): requirements.txt
	@set -eu; \
	for python in $${PYTHON3:-python3.13 python3.12 python3.11 python3}; do \
		"$$python" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
			&& break || python=; \
	done; \
	if [ -z "$$python" ]; then \
		echo "Perennial needs Python 3.11, 3.12 or 3.13; none was found. 'make install PYTHON3=/path/to/python3'" >&2; exit 1; \
	fi; \
	if ! "$$python" -c 'import venv, ensurepip' 2>/dev/null; then \
		echo "$$python cannot make virtual environments: install its venv module (Debian, Ubuntu: python3-venv)" >&2; exit 1; \
	fi; \
	if [ ! -x $(PYTHON) ] || ! $(PYTHON) -m pip --version >/dev/null 2>&1; then \
		echo "Making .venv with $$("$$python" --version)"; "$$python" -m venv --clear .venv; \
	fi; \
	awk '/^uv==/{on = 1} on{print; if (!/\\$$/) exit}' requirements.txt >.venv/uv.txt; \
	$(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r .venv/uv.txt; \
	echo "Installing $$(grep -c '^[a-z0-9].*==' requirements.txt) packages"; \
	.venv/bin/uv pip install --quiet --python $(PYTHON) --require-hashes --compile-bytecode -r requirements.txt; \
	touch $@
