# SPDX-License-Identifier: GPL-2.0
"""Exact counts of what domains asked of Xen, from xentrace's records.

A record is a header (28 bits event, 3 bits number of words, 1 bit "has a time"), the
time, the words. Who runs on a processor is known from the scheduler's records.
"""
import struct
from collections import Counter

# Scheduler: run states only. PV: entries from the guest.
MASK = 0x00221000
CPU_CHANGE, LOST = 0x1f003, 0x1f001
RUNSTATE, RUNSTATE_MASK = 0x21001, 0xffc0f
RUNNING, RUNNABLE, BLOCKED = 0, 1, 2
HYPERCALL, PV, PV_MASK = 0x20100d, 0x201000, 0xffff000
PV_NAMES = {3: "trap", 4: "page_fault", 6: "privop"}
CALLS = {1: "mmu_update", 3: "stack_switch", 5: "fpu_taskswitch", 13: "multicall",
         14: "update_va_mapping", 15: "set_timer", 17: "xen_version", 20: "grant_table_op",
         23: "iret", 24: "vcpu_op", 25: "set_segment_base", 26: "mmuext_op", 29: "sched_op",
         32: "event_channel_op", 33: "physdev_op"}
GRANT, ARG_MASK = 20, 0xfffff


class Truncated(Exception):
    """Xen had no room for records: counts would be too low."""


def records(data):
    """(event, words) of every record."""
    at = 0
    while at + 4 <= len(data):
        head, = struct.unpack_from("<I", data, at)
        words, timed = head >> 28 & 7, head >> 31
        at += 4 + 8 * timed
        if at + 4 * words > len(data):
            return
        yield head & 0xfffffff, struct.unpack_from("<%dI" % words, data, at)
        at += 4 * words


def count(data):
    """{domain number: Counter of what it did}; grant_entries has grants, not calls."""
    running, found, cpu = {}, {}, None
    for event, words in records(data):
        if event == CPU_CHANGE:
            cpu = words[0]
            continue
        if event == LOST:
            raise Truncated()
        if event & RUNSTATE_MASK == RUNSTATE & RUNSTATE_MASK:
            domain, old, new = words[0] >> 16, event >> 8 & 3, event >> 4 & 3
            counts = found.setdefault(domain, Counter())
            counts["wakeups"] += old == BLOCKED and new != BLOCKED
            counts["switched_in"] += new == RUNNING
            if new == RUNNING:
                running[cpu] = domain
            elif running.get(cpu) == domain and old == RUNNING:
                running.pop(cpu)
            continue
        if event & PV_MASK != PV or cpu not in running:
            continue
        counts = found.setdefault(running[cpu], Counter())
        if event == HYPERCALL:
            number = words[0] & ARG_MASK
            counts[CALLS.get(number, "hypercall_%d" % number)] += 1
            counts["hypercalls"] += 1
            if number == GRANT and len(words) > 2:
                counts["grant_entries"] += words[2]
        else:
            counts[PV_NAMES.get(event & 0xff, "entry_%d" % (event & 0xff))] += 1
    return found


def slope(few, many, requests):
    """Counts per request: what the longer run has more, so that its start costs nothing."""
    names = set(few) | set(many)
    found = {n: (many.get(n, 0) - few.get(n, 0)) / requests for n in sorted(names)}
    return {n: round(v, 3) for n, v in found.items() if abs(v) >= 0.005}
