# SPDX-License-Identifier: GPL-2.0
"""What a kernel log says that it should not.

The log of every domain is part of every result: a line here fails the test
even if all data arrived. The judgement is made on the console text, not on
log levels, because a domain that died can no longer be asked for them.
"""
import re

# What is never right. Each is a phrase the kernel or Xen uses for a defect.
BAD = re.compile(
    r"\bWARNING:|\bBUG\b|\bOops\b|general protection fault|Call Trace"
    r"|INFO: task .* blocked|rcu: INFO|rcu_sched .*stall|soft lockup"
    r"|Kernel panic|I/O error|Buffer I/O|EXT4-fs error|XFS .*(orruption|error)"
    r"|blk_update_request|critical .* error|possible .* locking"
    r"|unregister_netdevice|list_(add|del) corruption|refcount_t"
    r"|still .*allocated|objects remaining|page_count|bad page"
    # What only a debug kernel finds; lockdep, KASAN, KFENCE and slub say BUG or WARNING.
    r"|\bUBSAN\b|pagealloc: |kmemleak: \d+ new|INFO: trying to register non-static key"
    r"|DEBUG_LOCKS_WARN_ON|turning off the locking correctness validator"
    r"|d\d+v\d+ .*(Unhandled|fault|violation)|Bad grant|grant.*(bad|invalid)"
    r"|moat.*(violat|broke|fail|error|cannot)|xenbus.*(error|fail)",
    re.IGNORECASE)

# What matches above and is right all the same, with the reason.
KNOWN = [
    # Xen's own choice of APIC error vector, printed at boot.
    r"APIC error interrupt|ENABLING IO-APIC IRQs",
    # The passed-through NVMe cannot have MSI-X under pcifront here.
    r"nvme.*(msi|irq)|pcifront.*msi|pciback.*error enabling MSI",
    # QEMU has no such table; Linux says so at error level.
    r"ACPI (BIOS )?Error|ACPI Exception|AE_NOT_FOUND",
    # No microcode, no RTC wake-up, no EDAC on the emulated machine.
    r"hpet|rtc_cmos|MCE|microcode|EDAC",
    r"unable to .*(perf|PMU)|Performance Events",
    r"spectre|Speculat|MDS|retbleed|mitigation",
    # Moat's modules are signed by nobody here, and the first of a domain is told.
    r"module verification failed: signature and/or required key missing",
    r"error_code=0x0*$|errors=remount|no errors|0 errors|error handling",
]

# What a machine whose storage domain is killed and replaced may say, besides.
RECOVERY = [
    r"\(XEN\).*(d\d+|dom\d+|domain|grant|watchdog)",   # of the one that dies
    r"moat-front|vbd vbd-\d+",                         # the front end tells what it does
    r"pciback|xen_pciback|pci-\d+",                    # a device taken from a dead driver
]

# Whole reports that are right all the same: from the first word of one to the end of its stack,
# in which the function stands that is to blame, and none of Moat's.
REPORT = r"WARNING: %s(?:(?!</TASK>|\bmoat_).)*\b%s\+0x(?:(?!\bmoat_).)*?</TASK>"
KNOWN_REPORTS = re.compile("|".join(REPORT % pair for pair in [
    # Lockdep, in a PV domain's next processor: that its APIC id is another than the firmware's is
    # told where RCU does not watch yet.
    ("suspicious RCU usage", "cpu_bringup"),
    # Lockdep, as a domain suspends: xenstored's answers and watches are locked out in one order
    # there, and in another where a program has set a watch through /dev/xen/xenbus.
    ("possible circular locking dependency", "xs_suspend"),
]), re.DOTALL)


def complaints(text, allowed=()):
    """Return the lines of a log that fail a test.

    allowed: patterns of lines that this one test provokes on purpose.
    """
    text = KNOWN_REPORTS.sub("", text)
    fine = re.compile("|".join(list(KNOWN) + list(allowed)), re.IGNORECASE)
    return [line.strip() for line in text.splitlines()
            if BAD.search(line) and not fine.search(line)]
