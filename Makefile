# SPDX-License-Identifier: GPL-2.0
# What people type. Each target is a few lines that call the part that knows.

# The kernel to build for: the one that runs, else the newest here that is supported.
KVER ?= $(shell scripts/kver)
BUILD := build
# What using the lab takes.
LAB := setup modules tools

all: modules tools

# The main job: boot a whole Xen machine and watch an isolated driver at work.
run: $(LAB) faults
	demo/run

# Everything that can be proven here: host tests, the length of the path, then the real machine.
test: test-host test-path test-system

# Without Xen: units, fuzzers, the model, and proof that each of them can fail.
test-host: setup
	$(MAKE) -C tests test

# Each fuzzer for ten minutes (FUZZ_LONG_SECONDS=).
fuzz: setup
	$(MAKE) -C tests fuzz

# Style and lint; says file, line and rule.
check: setup
	scripts/check

# AGAIN=N: on a host that is not ours alone, N cases may be tried a second time.
AGAIN ?= 0
test-system: $(LAB) hostile faults
	tests/system/run --again $(AGAIN)

# The cases that are left out of test-system, because `make test` is to be over soon.
test-long: $(LAB) hostile faults
	tests/system/run --long --again $(AGAIN)

# What hosts and guests set, with a recovery in the middle: too long for test-system.
# LONG=1: every scheduler with every other setting, not only each once.
test-settings: $(LAB) faults
	MOAT_LONG=$(LONG) tests/system/run --again $(AGAIN) --only settings. \
		--only settings_memory. --only settings_recovery. \
		--only settings_pvh.

# Short runs of the hostile campaign, in both directions.
test-hostile: $(LAB) hostile faults
	tests/system/run --again $(AGAIN) --only hostile_campaign.

# The system tests on debug kernels (DEBUG=plain or kasan), and what only they can show: leaks,
# each allocation failed once. Hours; docs/debug.md says what came of it. ONLY='--only TEXT'.
DEBUG ?= plain
test-debug: debug-modules
	tests/system/run --debug-kernel $(DEBUG) --again $(AGAIN) $(ONLY)

# Built once, and cached: twenty minutes of processor time.
debug-kernel: setup
	scripts/setup kernel
	lab/built_kernel.py $(DEBUG)

# A storage domain's own kernel, and all modules for it: `lab/lab up --kernel storage=lean`.
lean: $(LAB)
	scripts/setup kernel
	scripts/modules-for lean
	@lab/built_kernel.py lean | (read -r version root && echo \
		"for a real host: image/build --kver $$version --kernel-root $$root")

debug-modules: tools debug-kernel
	scripts/modules-for $(DEBUG)
	$(MAKE) -C tests/system/writer

# Whether the modules build for each kernel that is supported; those of Debian's archive are
# fetched, and not installed (as root). What is built is for `lab/lab up --kernel`; with a target
# of its own, guests and storage domains run it.
KERNELS ?= 6.12 7.3
kernels: setup modules
	for kernel in $(KERNELS); do scripts/modules-for $$kernel || exit; done

test-kernels: kernels tools
	tests/system/run --again $(AGAIN) --only kernels. --only kernels_watched.

# A front end and a back end that mean harm, for the system tests.
hostile: kver
	$(MAKE) -C /lib/modules/$(KVER)/build M=$(CURDIR)/tests/system/hostile W=1 modules
	install -d $(BUILD)/tests/hostile
	install -p -m 644 tests/system/hostile/*.ko $(BUILD)/tests/hostile/

# Faults in a storage domain, and the load that must not notice them.
faults: kver
	$(MAKE) -C /lib/modules/$(KVER)/build M=$(CURDIR)/tests/system/faults W=1 modules
	install -d $(BUILD)/tests/faults
	install -p -m 644 tests/system/faults/*.ko $(BUILD)/tests/faults/
	$(MAKE) -C tests/system/writer

# N random faults under a verified load (SEED=, KINDS=, RESULTS=, ARGS=).
N ?= 20
RESULTS ?= $(BUILD)/campaign/results.jsonl
campaign: $(LAB) faults
	tests/system/campaign $(N) --results $(RESULTS) $(if $(SEED),--seed $(SEED)) \
		$(if $(KINDS),--kinds $(KINDS)) $(ARGS)

# N hostile messages each way, beside a neighbour that must not notice (SEED=, ARGS=), in runs
# of half a million.
HOSTILE_RESULTS ?= $(BUILD)/hostile/results.jsonl
hostile-campaign: N := 100000
hostile-campaign: $(LAB) hostile faults
	tests/system/hostile_campaign $(N) --results $(HOSTILE_RESULTS) \
		$(if $(SEED),--seed $(SEED)) $(ARGS)

# The evaluation: every way to a disk, measured side by side (QUICK=1: the main table, in
# under ten minutes; ARGS= for bench/run).
bench: $(LAB) bench-load
	bench/run $(if $(QUICK),--quick) --out $(BUILD)/bench/results.json $(ARGS); status=$$?; \
		bench/report $(BUILD)/bench/results.json && exit $$status

bench-load: setup
	$(MAKE) -C bench/load
	$(MAKE) -C bench/meter

# Instructions per request, on every way to a disk (ARGS= for bench/path/run). The short run of
# `make test` fails where a way's path is longer than recorded; path-record renews what is.
path: $(LAB) path-counter
	bench/path/run --out $(BUILD)/bench/path.json $(ARGS)
	bench/path/report $(BUILD)/bench/path.json

test-path: $(LAB) path-counter
	bench/path/check

path-record: $(LAB) path-counter
	bench/path/check --record

path-counter: bench-load
	$(MAKE) -C bench/path

# What a request and its answer cost on the bare machine, in every mode, against a
# bounced cache line and a library's ring: two minutes, best on an idle machine (ARGS=).
bench-ring: setup
	$(MAKE) -C bench/ring run

# Packages for Debian: moat-dkms, moat and moat-storage, in build/deb; no root, no network.
deb: setup-deb
	packaging/deb

setup-deb:
	scripts/setup build deb

# For Fedora, in build/rpm, as far as that can be done here: built, not installed.
rpm:
	scripts/setup build rpm
	packaging/rpm

# They are built, installed in a Debian of their own, and purged; takes root and a mirror.
SUITE ?=
test-deb: setup-deb
	tests/packages/run $(SUITE)

# The tools, for dom0: programs, man pages, unit, an example to start from. Builds nothing.
PREFIX ?= /usr
UNITDIR ?= $(PREFIX)/lib/systemd/system
install:
	@[ -x $(BUILD)/tools/moatd ] || { echo 'install: make tools comes first' >&2; exit 1; }
	install -d $(DESTDIR)$(PREFIX)/sbin $(DESTDIR)$(PREFIX)/share/man/man5 \
		$(DESTDIR)$(PREFIX)/share/man/man8 $(DESTDIR)$(UNITDIR) \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions \
		$(DESTDIR)$(PREFIX)/share/zsh/vendor-completions \
		$(DESTDIR)$(PREFIX)/share/moat $(DESTDIR)/etc/moat \
		$(DESTDIR)$(PREFIX)/lib/moat/xendomains \
		$(DESTDIR)$(UNITDIR)/xendomains.service.d
	install -p -m 755 $(BUILD)/tools/moat $(BUILD)/tools/moatd $(BUILD)/tools/moat-create \
		$(DESTDIR)$(PREFIX)/sbin/
	install -p -m 644 tools/moatd/moatd.conf.5 tools/moat/moat-json.5 \
		$(DESTDIR)$(PREFIX)/share/man/man5/
	install -p -m 644 tools/moat/moat.8 tools/moatd/moatd.8 tools/moat-init/moat-init.8 \
		tools/moat-create/moat-create.8 $(DESTDIR)$(PREFIX)/share/man/man8/
	install -p -m 644 tools/moatd/moatd.service tools/moatd/moat-storage.service \
		$(DESTDIR)$(UNITDIR)/
	install -p -m 644 tools/moatd/xendomains.conf \
		$(DESTDIR)$(UNITDIR)/xendomains.service.d/moat.conf
	install -p -m 755 tools/moatd/storage-service $(DESTDIR)$(PREFIX)/lib/moat/
	install -p -m 755 tools/moatd/xendomains-xen $(DESTDIR)$(PREFIX)/lib/moat/xendomains/xen
	install -p -m 644 tools/moat/moat-metrics.service tools/moat/moat-metrics.timer \
		$(DESTDIR)$(UNITDIR)/
	install -p -m 644 tools/moat/moat-grafana.json $(DESTDIR)$(PREFIX)/share/moat/
	install -p -m 644 tools/moat/moat.bash-completion \
		$(DESTDIR)$(PREFIX)/share/bash-completion/completions/moat
	install -p -m 644 tools/moat/moat.zsh-completion \
		$(DESTDIR)$(PREFIX)/share/zsh/vendor-completions/_moat
	install -p -m 644 tools/moatd/moatd.conf.example $(DESTDIR)/etc/moat/

# Installs what a fresh Debian 12 lacks; does nothing where nothing is missing.
setup:
	scripts/setup

# Only what building takes.
setup-build:
	scripts/setup build

# Says in one line what is wrong, where there is no kernel to build for.
kver: setup-build
	@scripts/kver >/dev/null

modules: kver
	$(MAKE) -C /lib/modules/$(KVER)/build M=$(CURDIR) W=1 MOAT_STRICT=1 modules
	install -d $(BUILD)/modules/$(KVER)
	install -p -m 644 kernel/*/*.ko $(BUILD)/modules/$(KVER)/

tools: setup-build
	$(MAKE) -C tools

clean:
	kver=$$(scripts/kver) && $(MAKE) -C /lib/modules/$$kver/build M=$(CURDIR) clean || true
	rm -rf $(addprefix $(BUILD)/,modules deb debug tools tests bench/ring*)

.PHONY: all run test kernels test-kernels test-host test-system test-long test-settings \
	test-hostile test-debug debug-kernel debug-modules lean hostile faults campaign \
	hostile-campaign bench bench-load bench-ring path test-path path-record path-counter fuzz \
	check setup setup-build setup-deb deb rpm test-deb kver modules tools install clean
