# SPDX-License-Identifier: GPL-2.0
# moat, in dom0: an ordinary program with shared libraries. Part of
# tools/Makefile.
#
#   make -C tools            build/tools/moat, among others
#   make -C tools check-moat its tests alone

MOAT := $(patsubst %.c,%,$(notdir $(wildcard moat/*.c)))
MOAT_OBJS := $(MOAT:%=$(OUT)/moat.o/%.o) $(OUT)/lib.o/log.o \
	$(OUT)/lib.o/file.o
MOAT_LIBS := -lxenstore -ljansson -lconfig -lncurses -ltinfo -lm

all: $(OUT)/moat

$(OUT)/moat: $(MOAT_OBJS)
	$(CC) $(CFLAGS) -o $@ $(MOAT_OBJS) $(LDFLAGS) $(MOAT_LIBS)

$(OUT)/moat.o/%.o: moat/%.c Makefile moat/rules.mk
	@mkdir -p $(@D)
	$(CC) $(MOAT_CFLAGS) -I$(TOP) -I. $(CFLAGS) -c -o $@ $<

# Unit tests: tests/unit/NAME-tools.c, each with the sources it tests.
MOAT_TEST_NAMES := args text stats event disk
args_SRCS := moat/args.c lib/log.c
text_SRCS := moat/text.c moat/table.c
stats_SRCS := moat/stats.c
event_SRCS := moat/event.c moat/text.c
disk_SRCS := moat/diskspec.c moat/vbd.c moat/xstore.c moat/text.c lib/log.c
MOAT_TESTS := $(MOAT_TEST_NAMES:%=$(TESTS)/%)
MOAT_SCRIPTS := $(patsubst %,$(TOP)/tests/unit/%-tools.py,moat status check metrics completion)

check: check-moat

check-moat: $(MOAT_TESTS) $(TESTS)/moat
	@for t in $(MOAT_TESTS) $(MOAT_SCRIPTS); do \
		echo "== $$t"; MOAT=$(TESTS)/moat $$t; \
		case $$? in 0|77) ;; *) exit 1;; esac; done

# A row of a table of cases may leave out what is nothing.
$(MOAT_TESTS): $(TESTS)/%: $(TOP)/tests/unit/%-tools.c $$($$*_SRCS) moat/rules.mk
	@mkdir -p $(@D)
	$(CC) $(TEST_CFLAGS) -I$(TOP) -Wno-missing-field-initializers -o $@ $< \
		$($*_SRCS) -lcmocka $(MOAT_LIBS)

# The whole program with the sanitizers, for moat-tools.py.
$(TESTS)/moat: $(MOAT:%=moat/%.c) lib/log.c lib/file.c $(wildcard moat/*.h) moat/rules.mk
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(TEST_CFLAGS)) -I$(TOP) -o $@ \
		$(filter %.c,$^) $(MOAT_LIBS)

-include $(MOAT_OBJS:.o=.d) $(MOAT_TESTS:=.d)

.PHONY: check-moat
