# SPDX-License-Identifier: GPL-2.0
"""What grew from one file of paths to another, and which functions it was."""
from collections import namedtuple

import ledger

LIMIT = 0.03            # of the domains' own instructions
NAMED = 12              # functions, at most
SMALL = 1.0             # instructions per request: no growth worth a line

# One way in both files; `functions` are those that changed, [(name, before, now), ...], the
# largest growth first.
Change = namedtuple("Change", "rw depth way before now functions")


def cells(data):
    """[(rw, depth, way)] of a file, depth as the file has it."""
    return [(rw, depth, way) for rw, group in ledger.GROUP.items()
            for depth, found in data[group].items() for way in found]


def functions(data, rw, depth, way):
    """{name: instructions} of the domains' own functions."""
    found = data["functions"].get(rw, {}).get(depth, {}).get(way, {})
    return {name: insns for name, insns in found.items()
            if name.split()[1] not in ("xen", "program")}


def changes(old, new):
    """[Change, ...] of what both files have."""
    both = set(cells(old))
    return [change(old, new, *key) for key in cells(new) if key in both]


def change(old, new, rw, depth, way):
    before, now = (ledger.own(data[ledger.GROUP[rw]][depth][way]) for data in (old, new))
    was, are = functions(old, rw, depth, way), functions(new, rw, depth, way)
    found = [(name, was.get(name, 0.0), are.get(name, 0.0)) for name in {*was, *are}]
    found = [f for f in found if abs(f[2] - f[1]) >= SMALL]
    found.sort(key=lambda f: (f[1] - f[2], f[0]))
    return Change(rw, int(depth), way, before, now, found)


def share(change_):
    """By which share of what it was a way's path grew."""
    return (change_.now - change_.before) / change_.before if change_.before else 0.0


def line(c):
    return "%-5s depth %2d %-14s %8.0f -> %8.0f  %+6.2f %%" % (
        c.rw, c.depth, c.way, c.before, c.now, 100 * share(c))


def grown(c):
    """Lines that name the functions that grew most."""
    more = [f for f in c.functions if f[2] > f[1]][:NAMED]
    return ["    %+8.1f  (%.1f -> %.1f)  %s" % (now - was, was, now, name)
            for name, was, now in more]


def judge(old, new, limit=LIMIT):
    """(lines that say what changed, lines on each way that grew by more than the limit)."""
    said, wrong = [], []
    for c in changes(old, new):
        said.append(line(c))
        if share(c) > limit:
            wrong += [line(c), *grown(c)]
    return said, wrong
