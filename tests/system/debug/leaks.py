# SPDX-License-Identifier: GPL-2.0
"""What a domain with a debug kernel has lost of its memory."""

KMEMLEAK = "/sys/kernel/debug/kmemleak"
DEBUGFS = "[ -e %s ] || mount -t debugfs debugfs /sys/kernel/debug; " % KMEMLEAK
# What is younger kmemleak takes for on its way to where it belongs: 5 s, and a second that
# scans are apart from what they look at. A pointer that only a register held is in memory
# again by then: what a second look still finds is lost.
AGE_S = 6
SCAN_S = 300
SETTLE = "sync; echo 3 >/proc/sys/vm/drop_caches; "


def found(machine, domain):
    """What kmemleak reports of a domain, with the stacks of who allocated it."""
    scan = "echo scan >%s; " % KMEMLEAK
    return machine.sh(domain, "%s%ssleep %d; %scat %s" % (DEBUGFS, scan, AGE_S, scan, KMEMLEAK),
                      timeout=SCAN_S).strip()


def unused_kib(machine, domain):
    """The memory that nothing holds, caches dropped: what is not in slabs counts, too."""
    text = machine.sh(domain, SETTLE + "grep MemFree: /proc/meminfo")
    return int(text.split()[1])
