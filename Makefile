# SPDX-License-Identifier: GPL-2.0
# What people type. Each target is a few lines that call the part that knows.

# The kernel to build for: the newest Debian kernel whose headers are here
# (the machine that builds need not run it).
KVER ?= $(lastword $(sort $(notdir $(patsubst %/build,%,$(wildcard /lib/modules/*/build)))))
BUILD := build

all: modules tools

modules:
	$(MAKE) -C /lib/modules/$(KVER)/build M=$(CURDIR) W=1 modules
	install -d $(BUILD)/modules/$(KVER)
	install -p -m 644 kernel/*/*.ko $(BUILD)/modules/$(KVER)/

tools:
	$(MAKE) -C tools

clean:
	[ -z "$(KVER)" ] || $(MAKE) -C /lib/modules/$(KVER)/build M=$(CURDIR) clean
	rm -rf $(BUILD)/modules $(BUILD)/tools $(BUILD)/tests

.PHONY: all modules tools clean
