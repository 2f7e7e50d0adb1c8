# Cairn: `make run` shows it, `make test` proves it. Both install what is missing first and say what they do.

# One build cache for every checkout, so that a fresh clone does not compile the world again.
export CARGO_TARGET_DIR ?= $(HOME)/.cache/cairn/target

DISPLAY_AT_HAND := $(or $(DISPLAY),$(WAYLAND_DISPLAY))
UI_SOURCES := $(shell find ui -path ui/node_modules -prune -o -path ui/dist -prune -o -type f -print)

.PHONY: run test fuzz release package setup-run setup-test lint unit types clean help

help:
	@echo "make run      build Cairn, start a cluster of two servers and open the designer (or play the story without a display)"
	@echo "make test     run every test, lint and check"
	@echo "make fuzz     throw odd bytes at all that reads them, for CAIRN_FUZZ_SECONDS each (60)"
	@echo "make release  build the optimised programs (20 to 45 minutes the first time)"
	@echo "make package  make Debian packages of the optimised build (PROFILE=dev: of the development build)"
	@echo "make types    generate the TypeScript types of the UI from Rust"

run: setup-run ui/dist/.built
	@echo "==> Building Cairn"
	@cargo build --locked -p cairn $(if $(DISPLAY_AT_HAND),-p cairn-designer)
	@$(CARGO_TARGET_DIR)/debug/cairn tour --samples flows-sample $(TOUR_ARGS)

release: setup-run ui/dist/.built
	cargo build --locked --release -p cairn $(if $(DISPLAY_AT_HAND),-p cairn-designer)

test: setup-test ui/dist/.built
	@scripts/test

fuzz: setup-test
	@CAIRN_FUZZ_SECONDS=$${CAIRN_FUZZ_SECONDS:-60} \
		cargo nextest run --locked -p flow-components -E 'test(/^fuzz::/)' --success-output final

# `make package PROFILE=dev` makes the packages from the development build: larger and slower, and there at once.
PROFILE ?= release
package: setup-test ui/dist/.built
	cargo build --locked --profile $(PROFILE) -p cairn -p cairn-designer
	@packaging/package $(CARGO_TARGET_DIR)/$(PROFILE:dev=debug) $(CARGO_TARGET_DIR)/package
	@echo "The packages are in $(CARGO_TARGET_DIR)/package"

types:
	cargo run --locked -q -p designer --example generate-types

setup-run:
	@scripts/setup run

setup-test:
	@scripts/setup test

# The UI is embedded in the programs, so it is built before them.
ui/dist/.built: ui/node_modules/.installed $(UI_SOURCES)
	@echo "==> Building the user interface"
	@cd ui && npm run --silent build
	@touch $@

ui/node_modules/.installed: ui/package-lock.json
	@echo "==> Installing the npm packages of the user interface"
	@cd ui && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

clean:
	rm -rf ui/dist ui/node_modules
	cargo clean
