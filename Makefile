# The targets that matter are listed by "make". Everything runs with Go alone;
# the tools are Go modules, pinned in testdata/tools/go.mod.
SHELL         := bash
.DEFAULT_GOAL := help

GO       ?= go
BIN      := bin
FUZZTIME ?= 30s
SOAK     ?= 10000

# What --version and pod_count_exporter_build_info say. .promu.yml sets the same
# five. A tree without .git builds too; BUILD_USER names no person or machine,
# and BUILD_DATE is the commit's, so that one commit gives one binary.
in_git      := $(wildcard .git)
VERSION     ?= $(shell cat VERSION)
revision     = $(or $(if $(in_git),$(shell git rev-parse --verify --quiet HEAD 2>/dev/null)),unknown)
build_date   = $(or $(if $(in_git),$(shell TZ=UTC git log -1 --format=%cd --date=format-local:%Y%m%d-%H:%M:%S 2>/dev/null)),$(shell date -u +%Y%m%d-%H:%M:%S))
REVISION    ?= $(revision)
BRANCH      ?= $(or $(if $(in_git),$(shell git branch --show-current 2>/dev/null)),unknown)
BUILD_USER  ?= make
BUILD_DATE  ?= $(build_date)
version_pkg := github.com/prometheus/common/version
LDFLAGS      = -s -w \
	-X $(version_pkg).Version=$(VERSION) \
	-X $(version_pkg).Revision=$(REVISION) \
	-X $(version_pkg).Branch=$(BRANCH) \
	-X $(version_pkg).BuildUser=$(BUILD_USER) \
	-X $(version_pkg).BuildDate=$(BUILD_DATE)

# The revision is stamped above, so Go's own look at the repository is off: it
# fails where git refuses the checkout's owner.
build_flags = -trimpath -buildvcs=false -ldflags '$(LDFLAGS)'

# What is downloaded is not listed, and what takes longer than five seconds says what
# it is. Times are those of two cores on which nothing is compiled yet.
go        := $(CURDIR)/scripts/quietly $(GO)
compiling  = $(CURDIR)/scripts/quietly -m 'Compiling $(1), which takes about $(2) on two cores the first time.' $(GO)

# A target that takes minutes says so first. "make help" has the same.
comma  := ,
hash   := \#
notice  = $(shell awk -F ':.*$(hash)$(hash) ' '$$1 == "$(1)" && /minute|hour/ { print "make $(1): " $$2 }' $(firstword $(MAKEFILE_LIST)))
$(foreach goal,$(MAKECMDGOALS),$(if $(call notice,$(goal)),$(info $(call notice,$(goal)))))

tools_mod    := $(CURDIR)/testdata/tools/go.mod
tool         := $(go) tool -modfile=$(tools_mod)
modules      := $(dir $(wildcard go.mod mixin/*/go.mod testdata/*/go.mod))
code_modules := $(filter-out testdata/tools/ testdata/alertmanager/ testdata/actionlint/ testdata/operator/,$(modules))

# Programs of others that the mixin's checks and the end-to-end tests run. The
# tags leave out Prometheus's pages and all of its service discoveries but one,
# which would double the build.
tool_build := build -trimpath -buildvcs=false -tags netgo,remove_all_sd,enable_kubernetes_sd -ldflags '-s -w'
jsonnet    := $(BIN)/jsonnet $(BIN)/jsonnetfmt
prometheus := $(BIN)/promtool $(BIN)/prometheus
alerting   := $(BIN)/alertmanager

$(jsonnet): testdata/tools/go.mod
	@CGO_ENABLED=0 $(call compiling,$(@F),half a minute) -C testdata/tools $(tool_build) -o $(CURDIR)/$@ github.com/google/go-jsonnet/cmd/$(@F)

$(BIN)/kustomize: testdata/tools/go.mod
	@CGO_ENABLED=0 $(call compiling,kustomize,a minute) -C testdata/tools $(tool_build) -o $(CURDIR)/$@ sigs.k8s.io/kustomize/kustomize/v5

$(prometheus): testdata/tools/go.mod
	@CGO_ENABLED=0 $(call compiling,$(@F),five minutes) -C testdata/tools $(tool_build) -o $(CURDIR)/$@ github.com/prometheus/prometheus/cmd/$(@F)

$(alerting): testdata/alertmanager/go.mod
	@CGO_ENABLED=0 $(call compiling,$(@F),three minutes) -C testdata/alertmanager $(tool_build) -o $(CURDIR)/$@ github.com/prometheus/alertmanager/cmd/$(@F)

$(BIN)/kubectl: testdata/node/go.mod
	@$(call compiling,kubectl,four minutes) -C testdata/node build -buildvcs=false -ldflags '-s -w' -o $(CURDIR)/$@ k8s.io/kubernetes/cmd/kubectl

$(BIN)/helm: testdata/helm/go.mod
	@CGO_ENABLED=0 $(call compiling,helm,four minutes) -C testdata/helm $(tool_build) -o $(CURDIR)/$@ helm.sh/helm/v4/cmd/helm

$(BIN)/helm-docs: testdata/helm/go.mod
	@CGO_ENABLED=0 $(call compiling,helm-docs,a minute) -C testdata/helm $(tool_build) -o $(CURDIR)/$@ github.com/norwoodj/helm-docs/cmd/helm-docs

.PHONY: help
help: ## list the targets
	@awk -F ':.*## ' '/^[a-z][a-z0-9-]*:.*## / { printf "%-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

.PHONY: build
build: ## build the exporter, the kubectl plugin and the simulated cluster into bin/
	@CGO_ENABLED=0 $(call compiling,the exporter$(comma) the kubectl plugin and the simulated cluster,two minutes) build $(build_flags) -o $(BIN)/ ./cmd/...

.PHONY: run
run: ## run the exporter on a simulated cluster until Ctrl-C (PORT=10120)
	@CGO_ENABLED=0 $(call compiling,the exporter and the simulated cluster,two minutes) build $(build_flags) -o $(BIN)/ ./cmd/pod_count_exporter ./cmd/kubesim
	@scripts/run $(BIN)

.PHONY: demo
demo: build $(prometheus) $(alerting) ## run it with Prometheus, Alertmanager and two simulated clusters until Ctrl-C (first build: 10 minutes)
	@scripts/demo $(BIN)

# Go turns cgo off by itself where it finds no C compiler, and the race detector
# needs one. It makes the longest tests run a share of their cases only, so those
# run once more without it, and say how many cases there were.
.PHONY: test
test: ## run every test that needs no control plane, with the race detector (11 minutes)
	@if [ "$$($(GO) env CGO_ENABLED)" = 1 ]; then race=-race; else \
		echo "no C compiler found: testing without the race detector"; fi; \
	set -ex -o pipefail; $(go) test $$race -timeout 30m ./... && \
	$(go) test -timeout 30m -v -run 'FaultMatrix|FaultsOfLargePages|Neighbours|RandomClusters|NothingLeaks|RandomHistories' ./collector ./collector/podcount | grep -v -E '^ *(=== |--- PASS: .*/)'

.PHONY: mixin
mixin: $(jsonnet) ## write mixin/generated anew from the mixin's sources
	$(BIN)/jsonnetfmt -i $$(find mixin -name '*.libsonnet')
	scripts/mixin generate $(BIN)

.PHONY: mixin-check
mixin-check: $(jsonnet) $(BIN)/promtool ## check and test alerts, rules and dashboards (first time: 7 minutes)
	scripts/mixin check $(BIN)
	$(go) -C mixin/lint test ./...

.PHONY: mixin-mutate
mixin-mutate: $(jsonnet) $(BIN)/promtool ## change each alert in many small ways, and see a test notice (an hour; MUTATE_FLAGS='-only PodCountStale')
	scripts/mixin mutate $(BIN) $(MUTATE_FLAGS)

.PHONY: mixin-types
mixin-types: ## hold the dashboards against Grafana's own types (needs npm)
	npm --prefix mixin/types ci --no-audit --no-fund
	npm --prefix mixin/types run check

chart_tools := $(BIN)/helm $(BIN)/helm-docs $(BIN)/kustomize
chart_test  := BIN_DIR=$(CURDIR)/$(BIN) $(go) -C testdata/helm test -count=1

.PHONY: chart
chart: build $(chart_tools) ## write the Helm chart's README and golden renderings anew (first time: 8 minutes)
	$(chart_test) -run 'Readme|Golden|Notes' -update .

.PHONY: chart-check
chart-check: build $(chart_tools) ## check the Helm chart: renderings, refusals, the kustomize base beside it (first time: 8 minutes)
	$(chart_test) .

.PHONY: screenshots
screenshots: $(BIN)/prometheus ## draw the dashboards into docs/images (needs npm and Chromium; first time: 7 minutes)
	scripts/screenshots $(BIN)

# A plain build of Kubernetes says that it is v0.0.0, which Helm takes it for.
kubernetes_version = $$($(go) list -C testdata/controlplane -m -f '{{.Version}}' k8s.io/kubernetes)

.PHONY: browser
browser: build ## test the status page in a real Chromium (needs npm; installs Debian's Chromium where it is missing; 2 minutes, first time: 6)
	scripts/browser $(BIN)

.PHONY: browser-pictures
browser-pictures: build ## take pictures of the status page into docs/images (needs npm and Chromium; 3 minutes)
	scripts/browser $(BIN) pictures

.PHONY: controlplane
controlplane: build
	@$(call compiling,a kube-apiserver and etcd,six minutes) build -C testdata/controlplane -buildvcs=false -ldflags "-X k8s.io/component-base/version.gitVersion=$(kubernetes_version)" -o $(CURDIR)/$(BIN)/controlplane .

# Both suites, one after the other: some of their tests say how long something takes.
# With E2E_FLAGS='-run NAME' each runs what it has of that name. A node is Linux.
.PHONY: e2e
e2e: ## all end-to-end tests: e2e-api, then e2e-node (31 minutes; first time: an hour)
	@$(MAKE) e2e-api
	@if [ "$$(uname -s)" = Linux ]; then $(MAKE) e2e-node; else echo 'SKIPPED: make e2e-node, as a node needs Linux' >&2; [ -z "$$CI" ]; fi

.PHONY: e2e-api
e2e-api: controlplane $(jsonnet) $(prometheus) $(alerting) $(BIN)/kustomize $(BIN)/helm $(BIN)/kubectl ## test the binaries against a real kube-apiserver, etcd, Prometheus and Alertmanager (16 minutes; first time: 30)
	$(go) test -C testdata/controlplane ./...
	$(go) mod download -modfile=$(tools_mod) github.com/prometheus-operator/prometheus-operator
	BIN_DIR=$(CURDIR)/$(BIN) \
	CONTROLPLANE_BIN=$(CURDIR)/$(BIN)/controlplane EXPORTER_BIN=$(CURDIR)/$(BIN)/pod_count_exporter \
	CRD_DIR="$$($(go) list -modfile=$(tools_mod) -m -f '{{.Dir}}' github.com/prometheus-operator/prometheus-operator)/example/prometheus-operator-crd" \
	$(go) test -tags e2e -count=1 -timeout 30m $(E2E_FLAGS) ./e2e

# The programs of a cluster. They are built as the control plane is, so that what
# is compiled for the one serves the other; what runs in containers is static.
node_dir        := $(CURDIR)/$(BIN)/node
node_kubernetes := $(addprefix k8s.io/kubernetes/cmd/,kube-apiserver kube-controller-manager kube-scheduler kube-proxy kubelet kubectl)

.PHONY: node-programs
node-programs: build
	@mkdir -p $(node_dir)
	@$(call compiling,the programs of a cluster,six minutes) build -C testdata/node -buildvcs=false -ldflags "-s -w -X k8s.io/component-base/version.gitVersion=$(kubernetes_version)" -o $(node_dir)/ $(node_kubernetes)
	$(go) build -C testdata/node -buildvcs=false -ldflags '-s -w' -o $(node_dir)/etcd go.etcd.io/etcd/server/v3
	CGO_ENABLED=0 $(go) build -C testdata/node -buildvcs=false -ldflags '-s -w' -o $(node_dir)/ ./pause
	$(go) build -C testdata/node -buildvcs=false -o $(CURDIR)/$(BIN)/onenode .

.PHONY: operator
operator: node-programs
	@CGO_ENABLED=0 $(call compiling,the Prometheus operator,three minutes) -C testdata/operator $(tool_build) -o $(node_dir)/prometheus-operator github.com/prometheus-operator/prometheus-operator/cmd/operator
	CGO_ENABLED=0 $(go) -C testdata/operator $(tool_build) -o $(node_dir)/ github.com/prometheus-operator/prometheus-operator/cmd/prometheus-config-reloader

.PHONY: node
node: node-programs ## run a real one-node cluster that has the exporter's image, until Ctrl-C (needs root, containerd, runc, nftables and CNI plugins; first build: 12 minutes)
	$(BIN)/onenode --bin=$(BIN)/node --image=pod_count_exporter:$(VERSION)=$(BIN)/pod_count_exporter $(NODE_FLAGS)

.PHONY: e2e-node
e2e-node: operator $(prometheus) $(alerting) $(BIN)/kustomize $(BIN)/helm ## roll deploy/kubernetes and the Helm chart out on a one-node cluster, with the Prometheus operator (15 minutes; first time: 30)
	BIN_DIR=$(CURDIR)/$(BIN) OPERATOR_DIR="$$($(go) list -C testdata/operator -m -f '{{.Dir}}' github.com/prometheus-operator/prometheus-operator)" \
	$(go) test -tags e2e -count=1 -timeout 40m -parallel 5 -v $(E2E_FLAGS) ./e2e/node

CONTAINERS ?= docker

.PHONY: image
image: ## build the container image from the Dockerfile (needs a container engine and its registry; CONTAINERS=podman)
	$(CONTAINERS) build --build-arg VERSION='$(VERSION)' --build-arg REVISION='$(REVISION)' --build-arg BRANCH='$(BRANCH)' \
		--build-arg BUILD_DATE='$(BUILD_DATE)' --tag pod_count_exporter:$(VERSION) .

# Bench scenarios; testdata/bench/README.md describes them.
BENCH ?= counts growth isolation fleet plugin watch hour

.PHONY: bench
bench: controlplane $(BIN)/kubectl ## measure the exporter against other ways to count, and with many clusters (BENCH=counts; first time: 10 minutes before it begins)
	@$(call compiling,the bench,a minute) build -C testdata/bench -buildvcs=false -o $(CURDIR)/$(BIN)/bench .
	@set -e; for scenario in $(BENCH); do echo; echo "=== $$scenario"; \
		$(BIN)/bench -controlplane $(BIN)/controlplane -exporter $(BIN)/pod_count_exporter -plugin $(BIN)/kubectl-pod_count -kubectl $(BIN)/kubectl -scenario $$scenario $(BENCH_FLAGS); \
	done

# vet and golangci-lint see the end-to-end tests too, whose build tag hides them
# from a plain run (.golangci.yml sets it).
.PHONY: lint
lint: ## check format, vet, golangci-lint, shell scripts, workflows and that every go.mod is tidy (3 minutes; first time, and most of it to compile the linter and Kubernetes: 17)
	@unformatted=$$(gofmt -l $$(find . -name '*.go' -not -path './bin/*')); \
	if [ -n "$$unformatted" ]; then echo "not formatted (make fmt):"; echo "$$unformatted"; exit 1; fi
	@set -e; for m in $(modules); do echo "tidy $$m"; $(go) -C $$m mod tidy -diff; done
	@set -e; for m in $(code_modules); do echo "lint $$m"; (cd $$m; \
		$(go) vet -tags e2e ./...; $(tool) golangci-lint run --config $(CURDIR)/.golangci.yml ./...); done
	shellcheck scripts/* .ci/run cmd/kubectl-pod_count/kubectl_complete-pod_count
	$(go) tool -modfile=$(CURDIR)/testdata/actionlint/go.mod actionlint

.PHONY: vulncheck
vulncheck: ## look for known vulnerabilities in what is linked in (needs the Go vulnerability database; first time: 5 minutes)
	@scripts/vulncheck $(tool) || [ $$? -eq 77 ]

.PHONY: fmt
fmt: ## format all Go code (first time, to compile the linter: 5 minutes)
	@set -e; for m in $(code_modules); do (cd $$m; \
		$(tool) golangci-lint fmt --config $(CURDIR)/.golangci.yml ./...); done

.PHONY: golden
golden: ## write the golden files and the references in docs/ anew from what the code does now
	$(go) test ./collector ./collector/page ./cmd/kubectl-pod_count ./cmd/pod_count_exporter -run Golden -count=1 -update

.PHONY: fuzz
fuzz: ## run each fuzz target for FUZZTIME (30s, and 5 minutes for all)
	@set -e -o pipefail; for dir in $$(grep -rl --include='*_test.go' '^func Fuzz' . | xargs -n1 dirname | sort -u); do \
		for target in $$(grep -ho --include='*_test.go' '^func Fuzz[A-Za-z0-9_]*' $$dir/*_test.go | cut -c6-); do \
			echo "$$dir $$target"; $(go) test $$dir -run '^$$' -fuzz "^$$target$$" -fuzztime $(FUZZTIME); \
		done; done

.PHONY: soak
soak: ## count SOAK (10000) random clusters with faults and compare each with its oracle (up to an hour)
	SOAK=$(SOAK) $(go) test -run RandomClusters -count=1 -timeout 60m ./collector/...

# Packages whose tests are tested. The reasons of the mutants that live are in
# testdata/mutants/README.md.
MUTATE ?= collector/podcount collector/store

.PHONY: mutate
mutate: ## change the core's code in small ways, one at a time, and see its tests fail (hours; MUTATE=collector/store)
	scripts/mutate $(GO) $(MUTATE)

DIST ?= dist

$(BIN)/release: testdata/release/go.mod $(wildcard testdata/release/*.go)
	@$(go) -C testdata/release build -buildvcs=false -o $(CURDIR)/$@ .

# Two builds of one commit are the same to the byte: the time is the commit's, and what
# else they say does not come from the environment, nor from a branch, which a tag's
# checkout does not have. A tree that is not the commit's says so.
release release-one: VERSION = $(shell cat VERSION)
release release-one: REVISION = $(revision)$(if $(shell git status --porcelain),-dirty)
release release-one: BRANCH = v$(VERSION)
release release-one: BUILD_USER = make
release release-one: BUILD_DATE = $(build_date)
release_flags = -version '$(VERSION)' -commit '$(REVISION)' -date "$$(git log -1 --format=%ct)" -ldflags '$(LDFLAGS)' -out '$(DIST)'

.PHONY: release
release: committed $(BIN)/release ## build binaries, tarballs, bills of materials, image archive and checksums into dist/ (3 minutes)
	$(BIN)/release $(release_flags)

.PHONY: committed
committed:
	@changes=$$(git status --porcelain); [ -z "$$changes" ] || { \
		printf 'make release: there are changes that are not committed:\n%s\n' "$$changes" >&2; exit 1; }

.PHONY: release-one
release-one: $(BIN)/release
	$(BIN)/release $(release_flags) -platform linux/amd64

.PHONY: release-check
release-check: $(BIN)/release ## build a release twice, in two checkouts and with two caches, and compare (6 minutes)
	scripts/release-check $(MAKE) $(BIN)/release

.PHONY: clean
clean: ## remove what the targets built
	rm -rf $(BIN) $(DIST)
