# SPDX-License-Identifier: GPL-2.0-or-later
# One Makefile, no configure step: Debian 12 is the target. "make help" lists the targets.

VERSION := 0.1
PREFIX ?= /usr/local
BUILD ?= build
CFLAGS ?= -O2 -g
PROVE_JOBS ?= 2
FUZZ_SECONDS ?= 30

.DEFAULT_GOAL := all

# "make deps check": deps ends before anything else is looked at, whatever -j says, because
# pkg-config, clang and others speak only once they are installed. So the rest is a make of its own.
ifneq ($(filter deps,$(MAKECMDGOALS)),)
REST := $(filter-out deps,$(MAKECMDGOALS))
.PHONY: deps $(REST)
deps: ## install the Debian packages of etc/packages.debian (root or sudo, if one is missing)
	@etc/install-packages etc/packages.debian
ifneq ($(REST),)
$(firstword $(REST)): deps
	@+$(MAKE) --no-print-directory $(REST)
$(wordlist 2,$(words $(REST)),$(REST)): $(firstword $(REST))
	@:
endif
else

# -- how things are compiled ----------------------------------------------------------------------

WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes \
	-Wformat=2 -Wwrite-strings -Wundef -Wvla $(if $(CI),-Werror)
PACKAGES := libconfuse sqlite3 libsystemd smartcols libsodium
PKG_CFLAGS := $(shell pkg-config --cflags $(PACKAGES) 2>/dev/null)
PKG_LIBS := $(shell pkg-config --libs $(PACKAGES) 2>/dev/null)
OWN_CFLAGS := -std=c11 -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DSPOOL_VERSION='"$(VERSION)"' \
	-Ilib -pthread $(WARNINGS) $(PKG_CFLAGS)
LIBS := $(PKG_LIBS) -pthread
$(if $(PKG_LIBS),,$(warning Some library is missing; "make deps" installs what is needed))
LINK = $(CC) $(CFLAGS) $(LDFLAGS) -Wl,--as-needed -o $@ $(filter %.o,$^) $(filter %.a,$^)

# One short line per file; "make V=1" shows the commands.
$(if $(V),,.SILENT:)
.SECONDARY:	# objects of tests are kept
SAY = @mkdir -p $(@D); $(if $(V),:,echo) "  $(1)" $(@:$(BUILD)/%=%)

objects = $(patsubst %.c,$(BUILD)/%.o,$(wildcard $(1)/*.c))
PROGRAMS := $(BUILD)/bin/spoold $(BUILD)/bin/spool-runner $(BUILD)/bin/spoolctl
UNIT := $(patsubst %.c,$(BUILD)/%,$(wildcard tests/unit/test_*.c))
SHIM := $(BUILD)/tests/shim.so
MAN := $(wildcard $(foreach n,1 5 7 8,lib/*.$n spoold/*.$n runner/*.$n tools/*.$n))
SOURCES := $(wildcard lib/*.c spoold/*.c runner/*.c tools/*.c acr-layout/apps/*/src/*.c)
HEADERS := $(wildcard lib/*.h spoold/*.h runner/*.h tools/*.h acr-layout/apps/*/src/*.h)
TEST_SOURCES := $(wildcard tests/*/*.c)

# The share as "spoolctl init" lays it out: acr-layout with its programs built.
ACR := $(BUILD)/share/spool/acr-layout
ACR_FILES := $(shell find acr-layout -type f ! -path '*/src/*' ! -name '*.mk')
-include acr-layout/apps/damper/damper.mk

.PHONY: help all layout units check check-asan lint bench demo fuzz clean
all: layout $(PROGRAMS) ## programs and the layout of a share, into $(BUILD); the default
layout: $(ACR_FILES:acr-layout/%=$(ACR)/%) $(DAMPER:$(BUILD)/acr/%=$(ACR)/%)

$(BUILD)/%.o: %.c
	$(call SAY,CC  )
	$(CC) $(CPPFLAGS) $(OWN_CFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<

$(BUILD)/libspool.a: $(call objects,lib)
	$(call SAY,AR  )
	rm -f $@
	$(AR) rcs $@ $^

$(BUILD)/bin/spoold: $(call objects,spoold) $(BUILD)/libspool.a
	$(call SAY,LINK)
	$(LINK) -linotifytools $(LIBS)

$(BUILD)/bin/spool-runner: $(call objects,runner) $(BUILD)/libspool.a
	$(call SAY,LINK)
	$(LINK) $(LIBS)

$(BUILD)/bin/spoolctl: $(call objects,tools) $(BUILD)/libspool.a
	$(call SAY,LINK)
	$(LINK) $(LIBS)

$(ACR)/%: acr-layout/%
	@mkdir -p $(@D) && cp -p $< $@
$(ACR)/%: $(BUILD)/acr/%
	@mkdir -p $(@D) && cp -p $< $@

# -- tests ----------------------------------------------------------------------------------------

$(BUILD)/tests/unit/test_%: $(BUILD)/tests/unit/test_%.o $(BUILD)/libspool.a
	$(call SAY,LINK)
	$(LINK) -lcmocka $(LIBS)

# A test that needs more than libspool.a names it here: objects, and libraries by "LIBS +=".
$(BUILD)/tests/unit/test_launcher $(BUILD)/tests/unit/test_watchdog $(BUILD)/tests/unit/test_host \
	$(filter $(BUILD)/tests/unit/test_runner_%,$(UNIT)): \
	$(filter-out %/main.o,$(call objects,runner))
$(BUILD)/tests/unit/test_doctor_pulse: $(BUILD)/tools/doctor_pulse.o
$(filter $(BUILD)/tests/unit/test_tools_%,$(UNIT)): \
	$(filter-out %/spoolctl.o,$(call objects,tools))

$(SHIM): tests/tools/shim.c tests/tools/far.c tests/tools/nth.c tests/tools/shim.h
	$(call SAY,LINK)
	$(CC) $(OWN_CFLAGS) -O2 -g -fPIC -shared -o $@ $(filter %.c,$^) -ldl	# without sanitizers

units: $(UNIT) $(SHIM)

# Long ones (high numbers) first. "make check TESTS=tests/spool/t0000-way.sh" runs just that one.
SHELL_TESTS ?= $(shell ls -r tests/spool/t*.sh tests/lint/t-*.sh)
TESTS ?= $(SHELL_TESTS) $(UNIT)
check: all units ## run all tests that need no special machine
	SRCDIR=$(CURDIR) BUILD=$(abspath $(BUILD)) \
		prove -j$(PROVE_JOBS) --timer --exec tests/tools/run-test $(TESTS)

SANITIZE := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all
check-asan: ## the same tests, built with the address, leak and undefined behaviour sanitizers
	+TEST_PATIENCE=3 $(MAKE) BUILD=$(BUILD)-asan CFLAGS='$(SANITIZE)' \
		SHELL_TESTS='$(shell ls -r tests/spool/t[0-4]*.sh)' check

# The laboratory: real NFS and SMB in a virtual machine. LAB_SHORT is what CI runs.
LAB_MEDIA ?= nfs4.2 nfs3 smb
LAB_SCENARIOS ?= $(sort $(notdir $(wildcard tests/lab/t*.sh)))
LAB_SHORT := t10-spine.sh t30-claims.sh
.PHONY: deps-lab lab check-lab check-lab-short
deps-lab: ## install what the laboratory needs besides: QEMU and tools that make its disk
	@etc/install-packages etc/packages.lab

lab: all $(BUILD)/tests/lab/claimrace ## build what "tests/lab/lab" puts into its machine
$(BUILD)/tests/lab/claimrace: $(BUILD)/tests/lab/claimrace.o $(BUILD)/libspool.a
	$(call SAY,LINK)
	$(LINK) $(LIBS)

# One virtual machine, started by the first scenario; each scenario has fresh hosts and a fresh share.
check-lab: lab ## run all scenarios of tests/lab on NFS 4.2, NFS 3 and SMB
	BUILD=$(abspath $(BUILD)) tests/lab/lab up && { \
		BUILD=$(abspath $(BUILD)) prove --timer --comments --exec 'tests/lab/lab scenario' \
			$(foreach m,$(LAB_MEDIA),$(LAB_SCENARIOS:%=$m:%)); \
		status=$$?; tests/lab/lab down; exit $$status; }

check-lab-short: # less of the same
	+COUNT=200 $(MAKE) LAB_SCENARIOS='$(LAB_SHORT)' check-lab

# Needs spin. Each change of the protocol changes its model too: tests/model/README.
.PHONY: check-model check-model-deep
check-model: ## search the models of the protocol for a way to break its promises (3 minutes)
	prove --timer --verbose tests/model/check

check-model-deep: ## larger searches of the same kind (an hour)
	prove --timer --verbose tests/model/check :: deep

$(BUILD)/tests/bench/bench: tests/bench/bench.c
	$(call SAY,LINK)
	$(CC) $(OWN_CFLAGS) -O2 -g -o $@ $<

bench: all $(BUILD)/tests/bench/bench ## measure latency, throughput, memory and idle CPU
	tests/bench/bench.sh $(abspath $(BUILD))

demo: all ## a share in a temporary folder, daemons, the damper computation, its result
	tests/demo/demo.sh $(abspath $(BUILD))

FUZZ := $(patsubst tests/fuzz/%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
fuzz: ## let libFuzzer try each parser for FUZZ_SECONDS
	+$(MAKE) BUILD=$(BUILD)-fuzz CC=clang CFLAGS='$(SANITIZE) -fsanitize=fuzzer-no-link' \
		$(FUZZ:%=$(BUILD)-fuzz/bin/%)
	cd $(BUILD)-fuzz && for f in $(FUZZ); do \
		mkdir -p new/$$f $(CURDIR)/tests/fuzz/corpus/$$f && \
		bin/$$f -max_total_time=$(FUZZ_SECONDS) -max_len=70000 -verbosity=0 -print_final_stats=1 \
			new/$$f $(CURDIR)/tests/fuzz/corpus/$$f || exit 1; done

$(BUILD)/bin/fuzz_%: $(BUILD)/tests/fuzz/fuzz_%.o $(BUILD)/libspool.a
	$(call SAY,LINK)
	$(LINK) -fsanitize=fuzzer $(LIBS)

# -- looking at the source ------------------------------------------------------------------------

.PHONY: lint lint-build lint-text tidy cppcheck format format-check compdb
lint: lint-text format-check lint-build tidy cppcheck ## all checks of the source: compilers, analysers, house rules

lint-text: ## the quick part: shell, spelling, manual pages, house rules
	for check in shell spelling man words length doors layers tree; do \
		echo "  LINT $$check"; tests/lint/$$check || failed=1; done; exit $$failed

lint-build: # the warnings of both compilers; gcc's analyser has its own opinion of cleanup.h
	+$(MAKE) CI=1 CC=gcc BUILD=$(BUILD)-gcc all units
	+$(MAKE) CI=1 CC=clang BUILD=$(BUILD)-clang all units

# The analyser takes cmocka's asserts for functions that return.
$(BUILD)/tidy/tests/%.ok: TIDY_LESS := --checks=-clang-analyzer-*
TIDY := $(patsubst %,$(BUILD)/tidy/%.ok,$(SOURCES) $(TEST_SOURCES))
tidy: $(TIDY)
$(BUILD)/tidy/%.ok: % $(HEADERS) .clang-tidy
	$(call SAY,TIDY)
	clang-tidy --quiet $(TIDY_LESS) $< -- $(OWN_CFLAGS) -include tests/lint/errno.h 2>$@.log || { cat $@.log; exit 1; }
	touch $@

CPPCHECK := --std=c11 -D_GNU_SOURCE -DSPOOL_VERSION='"$(VERSION)"' -Ilib \
	--enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
	--include=/usr/include/uthash.h --include=$(firstword $(wildcard /usr/include/*/sys/queue.h)) \
	--suppress='*:/usr/include/*'
cppcheck:
	echo "  LINT cppcheck"; mkdir -p $(BUILD)/cppcheck
	cppcheck -q -j2 --cppcheck-build-dir=$(BUILD)/cppcheck $(CPPCHECK) $(SOURCES)

format: ## bring all C files into the form of .clang-format
	clang-format -i $(SOURCES) $(HEADERS) $(TEST_SOURCES)

format-check: ## fail if "make format" would change anything
	clang-format --dry-run -Werror $(SOURCES) $(HEADERS) $(TEST_SOURCES)

compdb: ## compile_commands.json for editors
	bear --output compile_commands.json -- $(MAKE) -B BUILD=$(BUILD)-compdb all units

sample-conf: all ## write etc/*.conf anew from the programs' tables of options
	$(BUILD)/bin/spoold --config-sample >etc/spoold.conf
	$(BUILD)/bin/spool-runner --config-sample >etc/runner.conf

# -- installing -----------------------------------------------------------------------------------

# Units name the programs by @BINDIR@. Configuration in /etc is never touched.
.PHONY: install uninstall sample-conf
ROOT = $(DESTDIR)$(PREFIX)
FOLDERS := bin share/spool share/bash-completion/completions lib/systemd/system lib/sysusers.d \
	lib/tmpfiles.d
UNITS := spoold.service spool-runner.service
INSTALLED := $(PROGRAMS:$(BUILD)/%=%) $(foreach m,$(MAN),share/man/man$(lastword $(subst ., ,$m))/$(notdir $m)) \
	share/spool $(UNITS:%=lib/systemd/system/%) lib/sysusers.d/spool.conf lib/tmpfiles.d/spool.conf \
	share/bash-completion/completions/spoolctl
install: all ## into $(DESTDIR)$(PREFIX): programs, manual pages, acr-layout, units, samples
	for f in $(FOLDERS); do install -d "$(ROOT)/$$f" || exit 1; done
	install -m 755 $(PROGRAMS) "$(ROOT)/bin"
	for m in $(MAN); do \
		install -D -m 644 $$m "$(ROOT)/share/man/man$${m##*.}/$${m##*/}" || exit 1; done
	cp -R $(ACR) "$(ROOT)/share/spool"
	install -m 644 etc/spoold.conf etc/runner.conf "$(ROOT)/share/spool"
	for u in $(UNITS); do \
		sed 's|@BINDIR@|$(PREFIX)/bin|' etc/$$u >"$(ROOT)/lib/systemd/system/$$u" || exit 1; done
	install -m 644 etc/spool.sysusers "$(ROOT)/lib/sysusers.d/spool.conf"
	install -m 644 etc/spool.tmpfiles "$(ROOT)/lib/tmpfiles.d/spool.conf"
	install -m 644 etc/spoolctl.bash-completion "$(ROOT)/share/bash-completion/completions/spoolctl"

uninstall: ## remove what install put there
	for f in $(INSTALLED); do rm -rf "$(ROOT)/$$f" || exit 1; done

clean: ## remove everything that was built
	rm -rf $(BUILD) $(addprefix $(BUILD)-,asan clang gcc fuzz compdb) compile_commands.json

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1\t\2/p' Makefile | expand -t 24

-include $(shell find $(BUILD) -type f -name '*.d' 2>/dev/null)
endif
