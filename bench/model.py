# SPDX-License-Identifier: GPL-2.0
"""A prediction for hardware, from exact counts and what each kind of event costs there.

Counts do not depend on how quick a machine is; times under emulation do, and in another
proportion: there an instruction is slow and a wake-up is not. So the time of a request at
depth 1 is put together anew:

    local + path + wake-ups x their cost + hypercalls x theirs + switches x theirs

`local` is the whole request without a split, `path` what a split adds in plain code (ring,
copy, a second block layer). All costs are assumptions for a kind of machine, written down
here to be replaced by measured ones; nothing else is. A depth-1 exchange has everything
one after the other, so the sum is the time.

Whether such a sum is worth anything can be tested where the times are known: with the costs
of the machine that was measured (calibrated()).
"""
CELL = "randread-4096-d1"
WAYS = ("stock", "event", "spin", "adaptive")

# All in microseconds. A wake-up is from the send to the first instruction of the handler.
MACHINES = {
    "shallow idle states, no mitigations":
        {"local": 4, "path": 2, "wakeup": 3, "hypercall": 0.15, "switch": 0.8},
    "usual idle states, mitigations on":
        {"local": 6, "path": 3, "wakeup": 10, "hypercall": 0.5, "switch": 1.5},
    "deep idle states, mitigations on":
        {"local": 6, "path": 3, "wakeup": 25, "hypercall": 0.5, "switch": 1.5},
}


FREE = {"local": 0, "path": 0, "wakeup": 0, "hypercall": 0, "switch": 0}


def calibrated(figures):
    """The costs of the machine itself, in microseconds; None where something was not measured.

    A hypercall and a switch have been measured on their own (bench/meter/costs.c). What a
    split adds in plain code is what mode spin takes longer than no split, less these; a
    wake-up what mode event takes longer than that. The other ways had no part in it.
    """
    measured = figures.data["conditions"].get("costs")
    took = {w: figures.median(CELL, w, "p50_us") for w in ("local", "spin", "event")}
    if not measured or None in took.values():
        return None
    costs = {**FREE, "local": took["local"], **{k: v / 1000 for k, v in measured.items()}}
    found = times(figures, costs)
    wakeups = times(figures, {**FREE, "wakeup": 1})
    if not found or not wakeups.get("event"):
        return None
    costs["path"] = took["spin"] - found["spin"]
    costs["wakeup"] = (took["event"] - found["event"] - costs["path"]) / wakeups["event"]
    return costs


def times(figures, costs):
    """{way: us}, None where the traces are not there."""
    traces = {t["way"]: t["domains"] for t in figures.data["traces"] if t["cell"] == CELL}
    found = {}
    for way in WAYS:
        if way not in traces or "storage" not in traces[way]:
            continue
        us = costs["local"] + costs["path"]
        for role in ("app", "storage"):
            counts = traces[way][role]
            us += costs["wakeup"] * counts.get("wakeups", 0)
            us += costs["hypercall"] * counts.get("hypercalls", 0)
            us += costs["switch"] * (figures.median(CELL, way, "counts.%s_ctxt" % role) or 0)
        found[way] = us
    return found if "stock" in found and "spin" in found else None
