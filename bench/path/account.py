# SPDX-License-Identifier: GPL-2.0
"""Sums: from blocks that were executed to instructions per request, function by function.

A count is a dictionary {(side, Function): instructions}; the sides are "app" and
"storage", and what Xen executed on the processor of either has a Function of module "xen".
"""
from collections import Counter as Sum


def count(blocks, sides, find):
    """(what was work, what was waiting) of blocks.

    sides: {processor: side}; find: {side: function that finds the Function of an address}.
    """
    work, waiting = Sum(), Sum()
    for block in blocks:
        side = sides.get(block.vcpu)
        if side is None:
            continue
        key = (side, find[side](block.address))
        work[key] += block.insns * (block.count - block.waited)
        if block.waited:
            waiting[key] += block.insns * block.waited
    return work, waiting


def slope(few, many, requests):
    """Instructions per request: a long run less a short one, over the requests that it has more."""
    return {key: (many.get(key, 0) - few.get(key, 0)) / requests
            for key in {*few, *many} if many.get(key, 0) != few.get(key, 0)}


def totals(path):
    """{"app", "storage", "program", "xen"}: sums over the functions of a path."""
    sums = {"app": 0.0, "storage": 0.0, "program": 0.0, "xen": 0.0}
    for (side, function), insns in path.items():
        part = function.module if function.module in ("program", "xen") else side
        sums[part] += insns
    return sums


def by_name(path, least=0.0):
    """{"SIDE MODULE FUNCTION": instructions}, for files; without what is below `least`."""
    found = {"%s %s %s" % (side, function.module, function.name): round(insns, 1)
             for (side, function), insns in path.items() if abs(insns) >= least}
    return dict(sorted(found.items(), key=lambda item: -abs(item[1])))
