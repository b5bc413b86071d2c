# Plain `make` prints the targets. Only Go and make are needed for demo and test.
GO ?= go
BIN ?= bin
# Stripped static binaries; CGO is wanted by the race detector only.
export CGO_ENABLED ?= 0
# No revision is stamped, so that equal sources give equal digests in leaderboards.
BUILD_FLAGS := -trimpath -buildvcs=false -ldflags='-s -w'
PLUGINS := $(notdir $(wildcard plugins/dataset-* plugins/recommender-* plugins/llm-*))
# Programs pinned in tools/go.mod, built on first use.
TOOL = $$(CGO_ENABLED=0 $(GO) -C tools tool -n $(1))

.PHONY: help build demo test race vet lint generate check-generated check-results publish-results bench difficulty scale fuzz cross clean

help: ## print this list
	@echo "alignuser: benchmark recommenders with simulated users"; echo
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## (.*)/  make \1\t\2/' | expand -t 24

build: ## build the host and its plugins into bin/
	@echo "building the host and $(words $(PLUGINS)) plugins into $(BIN)/ (the first time takes a few minutes)"
	@$(GO) build $(BUILD_FLAGS) -o $(BIN)/ ./harness/cmd/alignuser
	@for p in $(PLUGINS); do echo "  plugin $$p"; $(GO) build $(BUILD_FLAGS) -o $(BIN)/ ./plugins/$$p || exit 1; done

demo: build ## build, run the quickstart suite on planted users, show its leaderboard
	@$(BIN)/alignuser run benchmarks/quickstart.toml

test: ## run every test
	@echo "testing every package (the first time also builds them: a few minutes)"
	$(GO) test -timeout 30m ./...

race: ## run every test under the race detector (needs a C compiler)
	CGO_ENABLED=1 $(GO) test -timeout 40m -race -short ./...

vet: ## go vet, for Linux, macOS and Windows
	$(GO) vet ./...
	GOOS=darwin GOARCH=arm64 $(GO) vet ./...
	GOOS=windows GOARCH=amd64 $(GO) vet ./...

lint: ## golangci-lint with gofumpt (.golangci.yml)
	@echo "linting (the first time builds the linters: a few minutes)"
	$(call TOOL,golangci-lint) run ./...

generate: ## regenerate the Go of the contract and the assembly of the matrix kernel
	./sdk/proto/generate.sh
	./plugins/internal/dense/avo/generate.sh

check-generated: ## buf lint; fail if generated code is stale or the contract breaks its released image
	./sdk/proto/generate.sh --check
	./plugins/internal/dense/avo/generate.sh --check

check-results: build ## rerun the published suites and compare with results/ (DATA=folder that holds ml-100k, ml-1m)
	./.ci/check-results $(DATA)

publish-results: build ## rerun the published suites and replace results/ (DATA=folder that holds ml-100k, ml-1m)
	./.ci/check-results --write $(DATA)

difficulty: build ## the curve of docs/truth.md: how well agents and nDCG agree with the truth (half an hour)
	@./.ci/difficulty

bench: ## Go benchmarks of the plugin boundary (docs/benchmarks.md)
	$(GO) test -run '^$$' -bench . -benchtime 2s ./sdk/... ./harness/... ./plugins/...

scale: build ## time and memory of a run on 0.1, 1 and 10 million planted interactions (Linux, some minutes)
	@./.ci/scale

fuzz: ## fuzz every parser for ten seconds each
	./.ci/fuzz

cross: ## compile for every platform
	@for t in linux/amd64 linux/arm64 darwin/arm64 windows/amd64; do \
		echo "  $$t"; GOOS=$${t%/*} GOARCH=$${t#*/} $(GO) build -o /dev/null ./harness/cmd/alignuser && \
		GOOS=$${t%/*} GOARCH=$${t#*/} $(GO) build ./plugins/... || exit 1; done

clean: ## remove what make built
	rm -rf $(BIN)
