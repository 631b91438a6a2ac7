# SPDX-License-Identifier: GPL-2.0
"""A results file: JSON with the conditions, every single run, and nothing computed.

    conditions   where, when and of what; the command
    runs         [{part, cell, device, way, round, iops, ..., cpu_us, counts, hist}]
    traces       [{cell, device, way, domains: {role: counts per request}}]
    profiles     [{cell, device, way, role, iops, samples: {function: how often}}]
    idle         [{way, disks, cpu, memory_kib}]
    recovery     [{way, round, phases: {phase_ms}, boot: {part_ms}, pause_ms, others}]
    fairness     [{device, way, busy, round, iops, p50_us, p99_us, beside_bytes}]

What is said of a cell is the median over its rounds; runs during which the host was
busy with something else (`others`) are left out where there are quiet ones.
"""
import json
import os
import re
import statistics
import subprocess
import time

from cells import WAYS

FORMAT = 1
LISTS = ("runs", "traces", "profiles", "idle", "recovery", "fairness")
# In a profile, in place of a function.
WAITING = "(waiting)"
WAY_ORDER = [way.key for way in WAYS]
QUIET = 0.25    # processors that others may use during a run
ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")


def said(*command):
    return subprocess.run(command, capture_output=True, text=True, check=False,
                          cwd=ROOT).stdout.strip()


def host():
    with open("/proc/cpuinfo", encoding="ascii", errors="replace") as f:
        model = re.search(r"^model name\s*: (.*)", f.read(), re.M)
    return {"cpu": model[1] if model else "", "cores": os.cpu_count(),
            "kernel": os.uname().release,
            "fio": said("fio", "--version")}


def conditions(rig, command):
    """Everything that someone needs to know who wants the same figures."""
    options = json.loads(rig.lab("status", "--json").stdout)["options"]
    xen = dict(re.findall(r"^(xen_version|xen_commandline|nr_cpus|xen_scheduler|release)\s*: (.*)",
                          rig.sh("dom0", "xl info"), re.M))
    return {"date": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "command": command,
            "commit": said("git", "rev-parse", "--short=12", "HEAD"),
            "changed": bool(said("git", "status", "--porcelain", "-uno")),
            "accelerator": options["accelerator"], "xen": xen,
            "host": {**host(), "qemu": options["qemu"]["version"]},
            "guest_kernel": options["kernel"],
            "guest_options": rig.sh("app", "cat /proc/cmdline").strip(),
            "clocksource": rig.sh("app", "cat /sys/devices/system/clocksource/clocksource0/"
                                  "current_clocksource").strip(),
            "vcpus": rig.sh("dom0", "xl vcpu-list | awk '{ print $1, $3, $4, $7 }'").strip()}


def new(conditions_):
    return {"format": FORMAT, "conditions": conditions_, **{name: [] for name in LISTS}}


def load(path):
    with open(path, encoding="utf-8") as f:
        data = json.load(f)
    if data.get("format") != FORMAT:
        raise ValueError("%s: not a results file of format %d" % (path, FORMAT))
    return {**{name: [] for name in LISTS}, **data}


def save(data, path):
    """A line for each run, so that two files can be compared by eye as well."""
    os.makedirs(os.path.dirname(os.path.abspath(path)), exist_ok=True)
    lines = ['{"format": %d, "conditions": %s' % (
        data["format"], json.dumps(data["conditions"], indent=1))]
    for name in LISTS:
        rows = ",\n".join(json.dumps(row, separators=(",", ":")) for row in data[name])
        lines.append('"%s": [\n%s\n]' % (name, rows))
    with open(path + ".new", "w", encoding="utf-8") as f:
        f.write(",\n".join(lines) + "}\n")
    os.rename(path + ".new", path)


def quiet(runs):
    """Those that were not disturbed, or all of them."""
    return [r for r in runs if r.get("others", 0) <= QUIET] or runs


class Figures:
    """The medians of a results file."""

    def __init__(self, data):
        self.data, self.table = data, {}
        for run in data["runs"]:
            key = run["cell"], run["device"], run["way"]
            self.table.setdefault(key, []).append(run)

    def runs(self, cell, way, device="null_blk"):
        return quiet(self.table.get((cell, device, way), []))

    def values(self, cell, way, name, device="null_blk"):
        """Of all rounds; name: "iops", or "cpu_us.app" for what lies deeper."""
        found = []
        for run in self.runs(cell, way, device):
            value = run
            for word in name.split("."):
                value = value.get(word) if value is not None else None
            if value is not None:
                found.append(value)
        return found

    def median(self, cell, way, name, device="null_blk"):
        values = self.values(cell, way, name, device)
        return statistics.median(values) if values else None

    def spread(self, cell, way, name, device="null_blk"):
        """(least, most)."""
        values = self.values(cell, way, name, device)
        return (min(values), max(values)) if values else None

    def cpu(self, cell, way, device="null_blk"):
        """CPU time per request of all that take part, in microseconds: the median.

        "xen" is what Xen gave to no domain's account, yet the processors were not idle.
        """
        sums = [sum(run["cpu_us"][k] for k in ("app", "storage", "dom0", "xen"))
                for run in self.runs(cell, way, device)]
        return statistics.median(sums) if sums else None

    def ratio(self, cell, way, other, device="null_blk", name="iops"):
        """Of two ways; the median of the ratio in each round, which were neighbours in time."""
        mine = {r["round"]: r for r in self.runs(cell, way, device)}
        its = {r["round"]: r for r in self.runs(cell, other, device)}
        both = [mine[n][name] / its[n][name] for n in mine if n in its and its[n][name]]
        return statistics.median(both) if both else None

    def cells(self, device="null_blk", part=None):
        """The cells that were measured on a device, in their order."""
        found = []
        for run in self.data["runs"]:
            if run["device"] == device and run["cell"] not in found and \
                    part in (None, run["part"]):
                found.append(run["cell"])
        return found

    def ways(self, cell, device="null_blk"):
        return [way for c, d, way in self.table if (c, d) == (cell, device)]

    def devices(self):
        return list(dict.fromkeys(device for _, device, _ in self.table))

    def profile(self, cell, way, role):
        """{function: us per request} of a domain, or None.

        What the vCPU spends waiting is in it, under WAITING.
        """
        total, us = {}, []
        for p in self.data["profiles"]:
            if (p["cell"], p["way"], p["role"]) == (cell, way, role):
                us.append(1e6 / p["iops"])
                for name, count in p["samples"].items():
                    total[name] = total.get(name, 0) + count
        if not us:
            return None
        each = statistics.median(us) / sum(total.values())
        return {name: count * each for name, count in total.items()}

    def idle(self, disks, way):
        """{domain: share of a processor} with so many idle disks, the median of all rounds."""
        rows = [r["cpu"] for r in self.data["idle"] if (r["disks"], r["way"]) == (disks, way)]
        return {role: statistics.median(r[role] for r in rows) for role in rows[0]} \
            if rows else None

    def crowds(self):
        """[(device, way, beside how many guests)] that the small reader was measured with."""
        return sorted({(r["device"], r["way"], r["busy"]) for r in self.data["fairness"]},
                      key=lambda c: (c[0] != "null_blk", c[0], WAY_ORDER.index(c[1]), c[2]))

    def crowded(self, crowd, name):
        """{round: its figure of that name}, in such a crowd."""
        return {r["round"]: r[name] for r in self.data["fairness"]
                if (r["device"], r["way"], r["busy"]) == crowd}

    def crowded_out(self, crowd, name):
        """By how much that is more than alone, in each round."""
        alone = self.crowded((*crowd[:2], 0), name)
        return [value / alone[number] for number, value in self.crowded(crowd, name).items()
                if alone.get(number)]

    def recoveries(self, way):
        """{round: record} of a way to recover."""
        return {r["round"]: r for r in quiet([r for r in self.data["recovery"]
                                              if r["way"] == way])}

    def waits(self, way, other):
        """A way's longest waits by another's, in each round."""
        mine, its = self.recoveries(way), self.recoveries(other)
        return [mine[n]["pause_ms"] / its[n]["pause_ms"] for n in mine if n in its]

    def hist(self, cell, way, device="null_blk"):
        """All rounds' histograms in one: [(upper limit in us, share up to there)]."""
        total = {}
        for run in self.runs(cell, way, device):
            for limit, count in run.get("hist", ()):
                total[limit] = total.get(limit, 0) + count
        whole, below, points = sum(total.values()), 0, []
        for limit in sorted(total):
            below += total[limit]
            points.append((limit / 1000, below / whole))
        return points
