# SPDX-License-Identifier: GPL-2.0
"""A debug kernel sees defects, so that its silence elsewhere means something."""
import re

import kernel_log
import leaks
import own_modules
from runner import check

COMMIT = "/sys/module/moat_defect/parameters/commit"
KASAN = r"BUG: KASAN: \S+ in "
# What each defect is reported as. Locks come first: lockdep ends with its first report, and with
# the allocator's.
REPORTS = {
    "lock-order": r"WARNING: possible circular locking dependency",
    "atomic-sleep": r"BUG: (sleeping function called|scheduling while atomic)",
    "write-behind": KASAN + r"|BUG kmalloc-\S+ .*Redzone overwritten|BUG: KFENCE: ",
    "write-freed": KASAN + r"|BUG kmalloc-\S+ .*Poison overwritten|BUG: KFENCE: ",
    "shift": r"UBSAN: shift-out-of-bounds",
    "list-twice": r"WARNING: .* lib/list_debug\.c",
    "freed-work": r"WARNING: .*debug_print_object|ODEBUG: free active",
}


def reported(machine, domain, name):
    """The lines of its log that a defect has caused."""
    machine.sh(domain, "dmesg -c >/dev/null; echo %s >%s" % (name, COMMIT))
    return machine.sh(domain, "dmesg")


def test_defects_are_seen(machine):
    machine.create("culprit", "app")
    machine.unjudged.add("culprit")
    machine.lab("push", "culprit", own_modules.path("defects/moat-defect.ko"), "/tmp/defect.ko")
    machine.sh("culprit", "insmod /tmp/defect.ko")
    for name, pattern in REPORTS.items():
        log = reported(machine, "culprit", name)
        found = [line for line in kernel_log.complaints(log) if re.search(pattern, line)]
        check(found, "%s: not seen, or not taken for a defect:\n%s" % (name, log))
    machine.sh("culprit", "echo leak >" + COMMIT)
    check("moat_defect" in leaks.found(machine, "culprit"), "the leak was not seen")
    machine.destroy("culprit")
    machine.unjudged.discard("culprit")
