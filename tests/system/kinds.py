# SPDX-License-Identifier: GPL-2.0
"""The kinds of faults: what each does, how it is asked for, what may come of it.

docs/faults.md is the page for people; its table is checked against this one.
"""
import collections

# end: "dead" where the domain must be replaced without help; "alive" where it may
#   as well go on serving, wrong inside or not.
# corrupts: it may write wrong bytes to the disk, or read them from it.
Kind = collections.namedtuple("Kind", "name source end corrupts text")

KINDS = {kind.name: kind for kind in (
    Kind("null", "module", "dead", False, "null pointer dereferenced"),
    Kind("text", "module", "dead", True, "a page of the kernel's code overwritten"),
    Kind("data", "module", "alive", True, "4096 random words of memory overwritten"),
    Kind("page-table", "module", "dead", True, "a page table entry overwritten"),
    Kind("use-after-free", "module", "alive", True, "freed memory written to"),
    Kind("double-free", "module", "dead", True, "memory freed twice"),
    Kind("stack", "module", "dead", False, "stack overflow"),
    Kind("divide", "module", "dead", False, "division by zero"),
    Kind("bug", "module", "dead", False, "BUG()"),
    Kind("panic", "module", "dead", False, "panic()"),
    Kind("loop", "module", "dead", False, "endless loop, interrupts on"),
    Kind("loop-irq-off", "module", "dead", False, "endless loop, interrupts off"),
    Kind("deadlock", "module", "dead", False, "a lock of the block layer taken twice"),
    Kind("sleep", "module", "dead", False, "the poller thread sleeps for ever"),
    Kind("lost-irq", "module", "dead", False, "the controller's interrupt is off"),
    Kind("swallow", "module", "dead", False, "finished requests are never answered"),
    Kind("memory", "module", "dead", False, "all memory is used up"),
    Kind("ring", "module", "alive", True, "bits of waiting requests flipped in the ring"),
    Kind("bad-id", "module", "dead", False, "an answer to a request that there is not"),
    Kind("doubled", "module", "dead", False, "a request answered twice"),
    Kind("bad-status", "module", "dead", False, "an answer with a status that there is not"),
    Kind("overrun", "module", "dead", False, "the ring's producer index runs away"),
    Kind("storm", "module", "alive", False, "events without end"),
    Kind("init-kill", "module", "dead", False, "moat-init is killed"),
    Kind("init-stop", "module", "dead", False, "moat-init's heartbeat is stopped"),
    Kind("lie", "module", "silent", True, "a write is not done, and said to be"),
    Kind("misplace", "module", "silent", True, "a write goes to another place"),
    Kind("pci-remove", "domain", "dead", False, "the PCI device vanishes"),
    Kind("pci-detach", "dom0", "dead", False, "dom0 takes the PCI device away"),
    Kind("pause", "dom0", "dead", False, "the domain is paused"),
    Kind("destroy", "dom0", "dead", False, "the domain is destroyed"),
    Kind("twice", "dom0", "dead", False, "the domain is destroyed, and its successor too"),
    Kind("starve", "dom0", "alive", False, "the domain gets 1 % of a processor"),
    Kind("moatd-kill", "dom0", "dead", False, "moatd is killed together with a crash"),
)}

# What breaks the protocol. A stock front end gives its disk up for that, on its own: where there
# is one, these strike in the rings of another guest.
BREACHES = ("ring", "bad-id", "doubled", "bad-status", "overrun")

# Which domain has the name: its id may be the one of the domain before.
WHO = "xenstore-read /local/domain/$(xl domid {domain} 2>/dev/null)/vm 2>/dev/null"
SCRIPTS = {
    # The device's driver is unbound, as when it is pulled out.
    "pci-remove": "sync; for device in /sys/bus/pci/devices/*; do "
                  "[ -e $device/nvme ] && exec sh -c \"echo 1 >$device/remove\"; done; exit 1",
    "pci-detach": "xl pci-detach --force {domain} {pci} || xl pci-detach {domain} {pci}",
    "pause": "xl pause {domain}",
    "destroy": "xl destroy {domain}",
    # The successor goes at any time from its first step to behind its last.
    "twice": "old=$(" + WHO + "); xl destroy {domain}; n=0; "
             "until new=$(" + WHO + ") && [ \"$new\" != \"$old\" ]; do "
             "n=$((n + 1)); [ $n -lt 200 ] || exit 1; usleep 100000; done; "
             "usleep $((RANDOM * 300)); xl destroy {domain}",
    "starve": "xl sched-credit2 -d {domain} -c 1",
    "moatd-kill": "kill -9 $(cat /run/lab/moatd.pid)",
}
