# Go 1.26 or newer and make are needed; `make test` sees to the rest.

.NOTPARALLEL:
.PHONY: test install lint pages compose bench soak fuzz vuln run

# Everything that a change must pass. With COUNTERSIGN_REAL_PARTS set, a test
# that lacks its Redis, PostgreSQL or Chromium fails rather than skips. One
# compares times, which the race detector bends.
test: install lint pages compose
	COUNTERSIGN_REAL_PARTS=1 go test -race -timeout 18m ./...
	go test -run TestWhatThereIsIsAnsweredAsLateAsWhatThereIsNot ./api

# What the tests need and this machine lacks.
install:
	.ci/install.sh

lint:
	.ci/format.sh
	go vet ./...
	go tool staticcheck ./...

# The pages' scripts, and what drives the browser.
pages:
	.ci/pages.sh

# Whether the example deployment is well-formed; it starts nothing.
compose:
	if docker compose version >/dev/null 2>&1; then docker compose config -q; \
	else echo "docker compose is not here: docker-compose.yml not looked at"; fi

bench:
	go test -run '^$$' -bench . -benchmem ./...

# Trouble on the way to a delivery service, for SOAK instead of a moment.
SOAK ?= 1m
soak:
	COUNTERSIGN_SOAK=$(SOAK) go test -v -run 'Connections' -timeout 30m ./push/apns

# Each fuzz target for FUZZTIME.
FUZZTIME ?= 5s
fuzz:
	.ci/fuzz.sh $(FUZZTIME)

# Known vulnerabilities in what is called; its database comes over the network.
vuln:
	go run golang.org/x/vuln/cmd/govulncheck@v1.9.0 ./...

run:
	go run ./cmd/countersign demo
