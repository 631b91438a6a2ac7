# SPDX-License-Identifier: GPL-2.0
# moat-create, in dom0: the one program that is linked with libxl. Part of
# tools/Makefile.
#
#   make -C tools check-moat-create   its tests alone

CREATE := $(patsubst %.c,%,$(notdir $(wildcard moat-create/*.c)))
CREATE_LIB := log option
CREATE_OBJS := $(CREATE:%=$(OUT)/moat-create.o/%.o) $(CREATE_LIB:%=$(OUT)/lib.o/%.o)
CREATE_LIBS := -lxenlight -lxentoollog
# the newest form of libxl's calls that every Xen since 4.17 knows
CREATE_API := -DLIBXL_API_VERSION=0x041400

all: $(OUT)/moat-create

$(OUT)/moat-create: $(CREATE_OBJS)
	$(CC) $(CFLAGS) -o $@ $(CREATE_OBJS) $(LDFLAGS) $(CREATE_LIBS)

$(OUT)/moat-create.o/%.o: moat-create/%.c Makefile moat-create/rules.mk
	@mkdir -p $(@D)
	$(CC) $(MOAT_CFLAGS) $(CREATE_API) $(CFLAGS) -c -o $@ $<

check: check-moat-create

check-moat-create: $(TESTS)/moat-create $(OUT)/moat-create
	MOAT_CREATE=$(TESTS)/moat-create $(TOP)/tests/unit/create-tools.py

# With the sanitizers, on a libxl made of files.
$(TESTS)/moat-create: $(filter-out moat-create/pciback.c,$(CREATE:%=moat-create/%.c)) $(TOP)/tests/unit/libxl-fake.c \
		$(CREATE_LIB:%=lib/%.c) $(wildcard moat-create/*.h) moat-create/rules.mk
	@mkdir -p $(@D)
	$(CC) $(filter-out -MMD -MP,$(TEST_CFLAGS)) $(CREATE_API) -o $@ \
		$(filter %.c,$^) -lxentoollog

-include $(CREATE_OBJS:.o=.d)

.PHONY: check-moat-create
