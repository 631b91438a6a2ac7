# SPDX-License-Identifier: GPL-2.0
"""What a domain with a debug kernel has lost of its memory."""

DEBUGFS = "mountpoint -q /sys/kernel/debug || mount -t debugfs debugfs /sys/kernel/debug; "
KMEMLEAK = "/sys/kernel/debug/kmemleak"
# A pointer that only a register held is on its way back into memory: what a second look
# still finds is lost.
SCANS = 2
SCAN_S = 300
SETTLE = "sync; echo 3 >/proc/sys/vm/drop_caches; "


def found(machine, domain):
    """What kmemleak reports of a domain, with the stacks of who allocated it."""
    scan = "echo scan >%s; " % KMEMLEAK
    return machine.sh(domain, DEBUGFS + scan * SCANS + "cat " + KMEMLEAK,
                      timeout=SCAN_S).strip()


def unused_kib(machine, domain):
    """The memory that nothing holds, caches dropped: what is not in slabs counts, too."""
    text = machine.sh(domain, SETTLE + "grep MemFree: /proc/meminfo")
    return int(text.split()[1])
