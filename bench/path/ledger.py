# SPDX-License-Identifier: GPL-2.0
"""A file of paths, build/bench/path.json:

    {"unit": "instructions per request", "kernel": "6.1.0-56-amd64",
     "depths": {"64": {"event": {"app": N, "storage": N, "xen": N, ...}, ...}, ...},
     "writes": {"64": ...},
     "functions": {"read": {"64": {"event": {"app moat_front queue_take": N, ...}}}, ...}}

"depths" are reads. Of several runs the one in the middle counts.
"""
import json

import account

UNIT = "instructions per request"
GROUP = {"read": "depths", "write": "writes"}
LEAST = 0.5     # of a function, to be listed
PARTS = ("app", "storage", "xen", "program")


def new(kernel=""):
    return {"unit": UNIT, "kernel": kernel, "depths": {}, "writes": {}, "functions": {}}


def load(path):
    with open(path, encoding="utf-8") as f:
        found = json.load(f)
    if found.get("unit") != UNIT:
        raise ValueError("%s: no file of paths" % path)
    return found


def save(data, path):
    with open(path, "w", encoding="utf-8") as f:
        json.dump(data, f, indent=1)
        f.write("\n")


def trimmed(data, least):
    """The same without Xen's and the program's functions, and without small ones."""
    def keep(functions):
        return {name: insns for name, insns in functions.items()
                if insns >= least and name.split()[1] not in ("xen", "program")}

    return {**data, "functions": {
        rw: {depth: {way: keep(functions) for way, functions in found.items()}
             for depth, found in depths.items()} for rw, depths in data["functions"].items()}}


def own(sums):
    """What the domains themselves executed."""
    return sums["app"] + sums["storage"]


def add(data, rw, depth, way, runs):
    """Take up [(work, waiting), ...] of one way; return its entry."""
    runs = sorted(runs, key=lambda run: own(account.totals(run[0])))
    work, waiting = runs[len(runs) // 2]
    sums = [account.totals(run[0]) for run in runs]
    entry = {part: round(account.totals(work)[part], 1) for part in PARTS}
    waited = account.totals(waiting)
    entry["waiting"] = {part: round(waited[part], 1) for part in ("app", "storage")}
    entry["least"], entry["most"] = (round(own(s), 1) for s in (sums[0], sums[-1]))
    data[GROUP[rw]].setdefault(str(depth), {})[way] = entry
    data["functions"].setdefault(rw, {}).setdefault(str(depth), {})[way] = \
        account.by_name(work, LEAST)
    return entry


def text(entry):
    return ("app %7.0f  storage %7.0f  xen %7.0f  waiting %8.0f / %8.0f  (%.0f to %.0f)"
            % (entry["app"], entry["storage"], entry["xen"], entry["waiting"]["app"],
               entry["waiting"]["storage"], entry["least"], entry["most"]))
