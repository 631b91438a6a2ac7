# SPDX-License-Identifier: GPL-2.0
"""One measurement: a load on one way, and what it cost everyone meanwhile."""
import json
import os
import re
import time

from rig import BUILD, LOAD, METER

TICK_S = 1 / os.sysconf("SC_CLK_TCK")
WARM = 100
COSTS = "/run/costs"
STAT = "cat /proc/stat; cat /proc/interrupts; "
COUNTERS = "cd %s && grep -H . ring*/* | grep -v latency"

# What a counter of Moat's, or a sum of them, is called per request: (name, half, counters).
MOAT = [
    ("front_sent", "front", ("notify_sent",)),
    ("back_sent", "back", ("notify_sent",)),
    ("front_grants", "front", ("grants_issued", "grants_ended")),
    ("back_grants", "back", ("grant_maps", "grant_unmaps", "grant_copies")),
    ("front_sleeps", "front", ("sleeps",)),
    ("back_sleeps", "back", ("sleeps",)),
]
RW = {"randread": "read", "randwrite": "write", "read": "read", "write": "write"}


def lean_command(cell, path, ms):
    words = [LOAD, "-e", cell.engine, "-d", str(cell.depth), "-j", str(cell.jobs), "-b",
             str(cell.bs), "-t", str(ms), "-W", str(max(WARM, 2 * cell.depth))]
    words += ["-w"] if "write" in cell.rw else []
    words += ["-q"] if not cell.rw.startswith("rand") else []
    words += ["-f"] if cell.fsync else []
    words += ["-p"] if cell.iopoll else []
    return " ".join([*words, path])


def fio_command(cell, path, ms):
    return ("fio --name=bench --filename=%s --rw=%s --bs=%d --iodepth=%d --ioengine=libaio "
            "--direct=1 --runtime=%.1f --time_based --randrepeat=0 --thread "
            "--output-format=json" % (path, cell.rw, cell.bs, cell.depth, 2 * ms / 1000))


def command(cell, path, ms):
    return (fio_command if cell.tool == "fio" else lean_command)(cell, path, ms)


def lean_result(text):
    said = json.loads(text[text.index("{"):])
    result = {k: said[k] for k in ("iops", "requests", "issued", "seconds", "hist")}
    for name in ("mean", "p50", "p99", "p999"):
        result[name + "_us"] = said[name + "_ns"] / 1000
    return result


def fio_result(text, rw):
    job = json.loads(text[text.index("{"):])["jobs"][0]
    if job["error"]:
        raise ValueError("fio: error %d" % job["error"])
    said = job[RW[rw]]
    at = said["clat_ns"]["percentile"]
    return {"iops": said["iops"], "requests": said["total_ios"], "issued": said["total_ios"],
            "seconds": said["runtime"] / 1000, "mean_us": said["clat_ns"]["mean"] / 1000,
            "p50_us": at["50.000000"] / 1000, "p99_us": at["99.000000"] / 1000,
            "p999_us": at["99.900000"] / 1000}


def parse_stat(text):
    """Context switches and interrupts of a domain, those of its disks on their own."""
    disk = 0
    for line in text.splitlines():
        match = re.match(r"\s*\d+:((?:\s+\d+)+)\s+(.*)", line)
        if match and re.search(r"xen-dyn.*-event\s+(blkif|moat-back|xvd)", match[2]):
            disk += sum(int(n) for n in match[1].split())
    return {"ctxt": int(re.search(r"^ctxt (\d+)", text, re.M)[1]),
            "irqs": int(re.search(r"^intr (\d+)", text, re.M)[1]), "disk_irqs": disk}


def parse_counters(text):
    """Moat's counters, summed over the rings."""
    total = {}
    for line in text.splitlines():
        match = re.fullmatch(r"ring\d+/(\w+):(\d+)", line)
        if match:
            total[match[1]] = total.get(match[1], 0) + int(match[2])
    return total


class Host:
    """What else the host does: it is not ours alone."""

    def __init__(self, qemu):
        self.qemu = qemu

    def read(self):
        with open("/proc/stat", encoding="ascii") as f:
            words = [int(n) for n in f.readline().split()[1:]]
        busy = sum(words[:8]) - words[3] - words[4]
        with open("/proc/%d/stat" % self.qemu, encoding="ascii") as f:
            own = f.read().rpartition(")")[2].split()
        return time.monotonic(), (busy - int(own[11]) - int(own[12])) * TICK_S

    def others(self, before):
        """Processors that others used since, on average."""
        now = self.read()
        return round(max(0.0, (now[1] - before[1]) / (now[0] - before[0])), 2)


class Meter:
    """Measures loads on a rig."""

    def __init__(self, rig):
        self.rig = rig
        self.host = Host(find_qemu(rig))
        text = rig.sh("dom0", "xl list | awk 'NR > 1 { print $2, $1 }'")
        self.names = {number: name for number, name in
                      (line.split() for line in text.splitlines())}

    def look(self, way, disk, domain):
        """All counters there are, of each side that the way has."""
        seen = {}
        halves = self.rig.halves(disk)
        for side, name, half in (("app", domain, "front"), ("storage", way.storage, "back")):
            if not name:
                continue
            script = STAT
            if half in halves:
                script += COUNTERS % halves[half].path
            text = self.rig.shell(name).run(script)
            seen[side] = {**parse_stat(text), **parse_counters(text)}
        return seen

    def run(self, cell, way, device, ms):
        """One measurement; a dictionary for the results."""
        rig = self.rig
        domain, path = rig.place(way, device)
        disk = rig.disk(way, device)
        rig.set_mode(disk, way.mode)
        host = self.host.read()
        before = self.look(way, disk, domain)
        cpu = json.loads(rig.shell("dom0").run(METER))
        text = rig.shell(domain).run(command(cell, path, ms), 60 + ms / 100)
        used = cpu_used(cpu, json.loads(rig.shell("dom0").run(METER)), self.names)
        after = self.look(way, disk, domain)
        result = fio_result(text, cell.rw) if cell.tool == "fio" else lean_result(text)
        requests = result.pop("issued")
        result["cpu_us"] = cpu_by_role(used, requests, domain, way.storage)
        result["counts"] = per_request(before, after, requests)
        result["others"] = self.host.others(host)
        return rounded(result)

    def idle(self, seconds):
        """(seconds, nanoseconds of each domain) of doing nothing but wait."""
        shell = self.rig.shell("dom0")
        before = json.loads(shell.run(METER))
        # busybox has no other way to wait for so long; nothing else is waited for.
        shell.run("sleep %d" % seconds, seconds + 30)
        after = json.loads(shell.run(METER))
        return (after["now"] - before["now"]) / 1e9, cpu_used(before, after, self.names)


def costs(rig):
    """{"hypercall", "switch"}: what they take on this machine, in nanoseconds."""
    rig.lab("push", "dom0", os.path.join(BUILD, "costs"), COSTS)
    return json.loads(rig.sh("dom0", COSTS))


def find_qemu(rig):
    """QEMU is a child of the lab's keeper."""
    keeper = json.loads(rig.lab("status", "--json").stdout)["pid"]
    with open("/proc/%d/task/%d/children" % (keeper, keeper), encoding="ascii") as f:
        return int(f.read().split()[0])


def cpu_used(before, after, names):
    """Nanoseconds of each domain, and of Xen where it ran for none of them."""
    used = {names.get(n, n): t - before["domains"].get(n, 0)
            for n, t in after["domains"].items()}
    whole = (after["now"] - before["now"]) * len(after["idle"])
    idle = sum(after["idle"]) - sum(before["idle"])
    used["xen"] = whole - idle - sum(used.values())
    return used


def cpu_by_role(used, requests, app, storage):
    """Microseconds per request: application, storage domain, dom0, other domains, Xen.

    What Xen does in a hypercall counts as the calling domain's time; "xen" is what it
    does between domains.
    """
    roles = {"app": 0.0, "storage": 0.0, "dom0": 0.0, "xen": 0.0, "other": 0.0}
    known = {app: "app", storage: "storage", "Domain-0": "dom0", "xen": "xen"}
    for name, ns in used.items():
        roles[known.get(name, "other")] += ns / 1000 / requests
    return roles


def per_request(before, after, requests):
    """Counts per request; one that cannot be counted on this way is not there."""
    gained = {side: {k: after[side][k] - before[side].get(k, 0) for k in after[side]}
              for side in after}
    counts = {}
    for side in gained:
        for name in ("ctxt", "irqs", "disk_irqs"):
            counts["%s_%s" % (side, name)] = gained[side][name] / requests
    for name, half, counters in MOAT:
        side = {"front": "app", "back": "storage"}[half]
        if all(c in gained.get(side, ()) for c in counters):
            counts[name] = sum(gained[side][c] for c in counters) / requests
    return counts


def rounded(value):
    """Four significant figures are all that a measurement has."""
    if isinstance(value, dict):
        return {k: rounded(v) for k, v in value.items()}
    if isinstance(value, float):
        return float("%.4g" % value)
    return value
