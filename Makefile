# Sallyport. Everything that is needed is brought here: Node, packages, the policy compiler; see scripts/toolchain/.

SHELL := /bin/sh
.DEFAULT_GOAL := help
export PATH := $(CURDIR)/.toolchain/node/node_modules/.bin:$(PATH)

# Share of the costly cases (mutations, races, swaps) that tests run: 0 < SCALE <= 1.
SCALE ?= 0.1
# More arguments for the program a target starts, e.g. `make test ARGS=src/config`.
ARGS ?=
VITEST = npx --no-install vitest run --reporter=default --reporter=json --outputFile.json=test-results/vitest.json

.PHONY: help node run test test-full check lint format bundles decision bench conformance-opa run-conformance check-deploy package tools test-servers test-clients clean

help: ## show this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-15s %s\n", $$1, $$2 }' $(firstword $(MAKEFILE_LIST))

run: node_modules/.ready ## serve a demo on http://localhost:8080 (AUTH_PORT) and :8181 (POLICY_PORT)
	@MALLOC_ARENA_MAX=1 exec node --max-semi-space-size=4 --no-maglev src/main.ts serve --dev $(ARGS)

test: tools test-servers test-clients ## run all tests, with a share SCALE of the costly ones
	@mkdir -p test-results
	SCALE=$(SCALE) $(VITEST) $(ARGS)

test-full: ## run all tests in full, and check the deployment files
	@$(MAKE) --no-print-directory test SCALE=1
	@$(MAKE) --no-print-directory check-deploy

check: lint .toolchain/opa ## types, style, arrows, contract = policies, routes, bundle = sources
	npx --no-install vitest run test/boundaries.test.ts test/mirror.test.ts test/table.test.ts
	node scripts/build-bundles.ts --check --junit test-results/policies.xml

lint: node_modules/.ready-dev ## types and style only
	npx --no-install tsc --noEmit
	npx --no-install biome check .

format: node_modules/.ready-dev ## write files as the style wants them
	npx --no-install biome check --write .

bundles: node_modules/.ready .toolchain/opa ## build the default bundle from policies/
	node scripts/build-bundles.ts $(ARGS)

decision: node_modules/.ready ## start a new decision: make decision NAME=x
	@case "$(NAME)" in [a-z]*) ;; *) echo "name the decision in snake_case: make decision NAME=device_code" >&2; exit 2;; esac
	node scripts/new-decision.ts "$(NAME)"

bench: node_modules/.ready-dev .toolchain/opa ## measure, beside oidc-provider, OPA's server and the bare policy SDK
	node bench/run.ts $(ARGS)

conformance-opa: node_modules/.ready-dev ## OPA's own test cases, compiled by its Go module, on our WASM host
	node test/conformance/opa/run.ts $(ARGS)

run-conformance: node_modules/.ready-dev ## serve for the OpenID Foundation conformance suite on https://localhost:9443
	@exec node test/conformance/oidf/serve.ts $(ARGS)

check-deploy: .toolchain/kubeconform .toolchain/kustomize ## validate deploy/ strictly against the Kubernetes schemas
	sh scripts/toolchain/check-deploy.sh

package: node_modules/.ready-dev ## build dist/ and pack it: sallyport-<version>.tgz, for npm install elsewhere
	npm pack

clean: ## remove state and results: var/, dist/, coverage/, test-results/, bench/results/
	rm -rf var dist coverage test-results bench/results

tools: node_modules/.ready-dev .toolchain/opa

node:
	@sh scripts/toolchain/node.sh

node_modules/.ready: package-lock.json | node
	npm ci --omit=dev --ignore-scripts --no-audit --no-fund
	@touch $@

node_modules/.ready-dev: package-lock.json | node
	npm ci --ignore-scripts --no-audit --no-fund
	@touch node_modules/.ready $@

.toolchain/opa: tools/go.mod tools/go.sum
	@sh scripts/toolchain/opa.sh

.toolchain/kubeconform .toolchain/kustomize:
	@sh scripts/toolchain/kube-tools.sh $(notdir $@)

test-servers:
	@sh scripts/toolchain/test-servers.sh

test-clients:
	@sh scripts/toolchain/clients.sh
