# All set-up goes into .venv (and node_modules of the interop peer and of web/); a second call finds it done.
SHELL := bash
.SHELLFLAGS := -euo pipefail -c
.NOTPARALLEL:
.DEFAULT_GOAL := help
.PHONY: help run demo test check docs web web-check web-test web-types bench soak vectors fuzz wheel lock clean

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
PEER := tests/interop/peer
export PATH := $(CURDIR)/$(BIN):$(PATH)
export PIP_DISABLE_PIP_VERSION_CHECK := 1

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: .venv/ready ## start your node, for screens at http://127.0.0.1:8470
	@python scripts/build_web.py --try
	@swarmnode run

demo: .venv/demo ## two people's nodes and two relays talking; DEMO_EXIT=1 ends by itself
	@python scripts/demo.py

test: check .venv/system .venv/peer docs web-check web-test web ## everything: set-up, check, docs, tests
	pytest --numprocesses auto || python scripts/second_look.py $$?

check: .venv/ready ## format, lint, types, imports
	ruff format --check
	ruff check
	mypy
	lint-imports

docs: .venv/ready ## run the examples of the documents, in their order
	pytest -p no:randomly $(wildcard README.md protocol/README.md docs protocol/spec)

web: .venv/web ## build the web client, which the node serves
	@[ ! -e $< ] || python scripts/build_web.py

web-check: .venv/web ## its types and lint
	@[ ! -e $< ] || npm run --silent --prefix web check

web-test: .venv/web ## its unit tests
	@[ ! -e $< ] || npm run --silent --prefix web test

web-types: .venv/ready ## write its types anew from the node's API
	python scripts/web_types.py web/src/api/types.gen.ts

bench: .venv/ready ## measure all, and write docs/benchmarks*.md
	for program in tests/bench/*.py; do python $$program; done

soak: .venv/ready ## the long form: SEEDS=1000 of the simulator, tests between processes
	python tests/sim/run.py --seeds $(SEEDS)
	SWARMNODE_SOAK=1 pytest tests/e2e tests/bridges tests/node/bridging

SEEDS := 1000

vectors: .venv/ready ## run the published MLS vectors, and make our own anew: nothing may change
	python -m swarm_protocol.mls.vectors tests/vectors/external/mls
	python -m vectors.generate
	git diff --exit-code --stat -- protocol/vectors

fuzz: .venv/ready ## feed mutated input, SECONDS=60 of it
	@pip install --quiet --require-hashes --only-binary :all: -r requirements/fuzz.txt \
		|| echo 'atheris cannot be installed here: see above. The fuzzer does without it.'
	python tests/fuzz/run.py $(SECONDS)

SECONDS := 60

wheel: .venv/ready ## build the wheel into dist/ and try it in an environment of its own
	rm -rf dist
	hatchling build -t wheel -d dist
	python scripts/try_wheel.py dist/*.whl

lock: .venv/ready ## pin dependencies anew; LOCK=--upgrade takes newer ones that are a week old
	uv pip compile $(UV_LOCK) --extra dev pyproject.toml -o requirements/dev.txt
	uv pip compile $(UV_LOCK) -c requirements/dev.txt pyproject.toml -o requirements/run.txt
	uv pip compile $(UV_LOCK) -c requirements/dev.txt --extra fuzz pyproject.toml -o requirements/fuzz.txt
	uv pip compile $(UV_LOCK) requirements/node.in -o requirements/node.txt
	uv pip compile $(UV_LOCK) requirements/hub.in -o requirements/hub.txt
	uv pip compile $(UV_LOCK) requirements/mail.in -o requirements/mail.txt
	uv pip compile $(UV_LOCK) requirements/synapse.in -o requirements/synapse.txt

UV_LOCK = --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --exclude-newer '1 week' \
	--custom-compile-command 'make lock' $(LOCK)

clean: ## remove all that the set-up and the tools made
	rm -rf .venv dist web/dist web/node_modules $(PEER)/node_modules .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache

.venv/ready: pyproject.toml requirements/dev.txt scripts/set_up_python
	scripts/set_up_python "$(PYTHON)"
	touch $@

.venv/system: .venv/ready scripts/set_up_system scripts/system_packages
	scripts/set_up_system $@

.venv/demo: .venv/ready scripts/set_up_demo scripts/system_packages
	@scripts/set_up_demo $@

.venv/web: .venv/ready requirements/node.txt scripts/set_up_web web/package-lock.json
	scripts/set_up_web $@

.venv/peer: .venv/ready requirements/node.txt scripts/set_up_peer $(wildcard $(PEER)/package-lock.json)
	scripts/set_up_peer $(PEER) $@
