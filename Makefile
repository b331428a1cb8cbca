# A thin front on Meson. `make` alone tells what there is.
BUILD ?= build

help:
	@echo "make build     compile into $(BUILD)/"
	@echo "make check     every test (scripts/test)"
	@echo "make quick     the tests without the sanitizer half"
	@echo "make asan      build-san/: clang, ASan, UBSan, fuzzers"
	@echo "make tsan      build-tsan/: the unit tests under TSan"
	@echo "make coverage  build-cov/: line coverage of the unit tests"
	@echo "make cross     libarms for armhf and s390x, its tests under qemu-user"
	@echo "make fuzz      every fuzzer, ten minutes each"
	@echo "make bench     every benchmark"
	@echo "make format    clang-format over the tree"
	@echo "make layers    which folder may include which"
	@echo "make docs      refresh the generated documents"
	@echo "make clean     remove the build directories"

$(BUILD)/build.ninja:
	@scripts/bootstrap
	meson setup $(BUILD)

build: $(BUILD)/build.ninja
	ninja -C $(BUILD)

check:
	scripts/test

quick:
	scripts/test --quick

asan:
	@scripts/bootstrap --fuzz
	test -f build-san/build.ninja || CC=clang meson setup build-san -Dfuzz=true -Dfail_points=true \
		-Db_sanitize=address,undefined -Db_lundef=false
	ninja -C build-san

tsan:
	test -f build-tsan/build.ninja || meson setup build-tsan -Db_sanitize=thread
	ninja -C build-tsan
	meson test -C build-tsan --suite unit --timeout-multiplier 4

coverage:
	@command -v gcovr >/dev/null || { echo "make coverage needs the package gcovr"; exit 1; }
	test -f build-cov/build.ninja || meson setup build-cov -Db_coverage=true
	ninja -C build-cov
	meson test -C build-cov --suite unit
	ninja -C build-cov coverage-text

cross:
	scripts/cross

fuzz:
	scripts/fuzz

bench:
	scripts/bench all

format:
	scripts/check-format --fix

layers:
	scripts/check-layers

docs: build
	scripts/gen-docs

clean:
	rm -rf build build-bench build-san build-tsan build-cov build-cross-* build-sysroot

.PHONY: help build check quick asan tsan coverage cross fuzz bench format layers docs clean
