# make demo    set up, build, and show the whole story on this machine (DEMO_EXIT=1: end by itself)
# make test    set up, build, and pass the tests
# make build   the release binaries, in build/release/bin
# make bench   measure beside the peers, on this machine, in this run
# make check   format, layers, links, scripts, the console's types, self-contained headers
# Each installs what it lacks (Debian 12 packages, npm) and says what it installs.

JOBS ?= $(shell nproc)
.PHONY: all build test demo bench check fuzz tsan clean setup-build setup-test setup-bench setup-check

all: build

setup-build:
	@tools/setup build
setup-test:
	@tools/setup build test
setup-bench:
	@tools/setup build test bench
setup-check:
	@tools/setup build check

build: setup-build web/dist/index.html
	cmake --preset release >/dev/null
	cmake --build --preset release --target programs -j$(JOBS)

web/dist/index.html: $(shell find web/src web/index.html web/package-lock.json web/vite.config.ts 2>/dev/null)
	@tools/setup build
	cd web && npm ci --no-audit --no-fund --loglevel=error && npm run build

demo: build
	@tools/setup build demo $(if $(filter 1,$(MUSTER_TPM)),tpm)
	@apps/demo/run

test: setup-test web/dist/index.html
	tests/run

bench: setup-bench build
	bench/run

check: setup-check web/dist/index.html
	tools/check

tsan: setup-test web/dist/index.html
	cmake --preset tsan >/dev/null
	cmake --build --preset tsan -j$(JOBS)
	ctest --preset tsan

# FUZZ_SECONDS for each target, one after the other.
FUZZ_SECONDS ?= 300
fuzz: setup-test
	tools/fuzz $(FUZZ_SECONDS)

clean:
	rm -rf build web/dist web/node_modules tests/e2e/node_modules
