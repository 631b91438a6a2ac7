# SPDX-License-Identifier: GPL-2.0
"""The tables of the report, as lists of words: how they look is the reporter's business."""
import statistics
from collections import namedtuple

import model
import targets
from cells import BATCHES, BOOTS, CELL, KINDS, MAIN, PATHS, RECOVERIES, RETENTIONS, WAYS, size_text
from events import PHASES
from results import WAITING

# note: one line below the table.
Table = namedtuple("Table", "title head rows note")

WAY_TEXT = {w.key: w.text for w in WAYS}
PATH_TEXT = {p.key: p.text for p in PATHS}
ORDER = [w.key for w in WAYS] + [p.key for p in PATHS] + list(BATCHES)
LEAN = list(targets.LEAN.values())
NONE = "-"
SMALL = 0.05
FUNCTIONS = 16          # shown of a profile

COUNTS = [
    ("events sent by the front end", "front_sent"),
    ("events sent by the back end", "back_sent"),
    ("grant operations, front end", "front_grants"),
    ("grant operations, back end", "back_grants"),
    ("interrupts of the disk, application", "app_disk_irqs"),
    ("interrupts of the disk, storage", "storage_disk_irqs"),
    ("context switches, application", "app_ctxt"),
    ("context switches, storage", "storage_ctxt"),
]
TRACED = [
    ("hypercalls", "hypercalls"), ("event-channel calls", "event_channel_op"),
    ("grant-table calls", "grant_table_op"), ("grants in them", "grant_entries"),
    ("vCPU wake-ups", "wakeups"), ("times switched to", "switched_in"),
    ("privileged instructions emulated", "privop"), ("page faults", "page_fault"),
]


def number(value):
    """Three significant figures, no exponents."""
    if value is None:
        return NONE
    if abs(value) >= 100:
        return "%.0f" % value
    return "%.1f" % value if abs(value) >= 10 else "%.2f" % value


def cell_text(key):
    return CELL[key].text if key in CELL else key


def ways_of(figures, cells, device, among=None):
    """All ways that any of the cells has, in their usual order; among: of these only."""
    found = {w for cell in cells for w in figures.ways(cell, device)}
    return [w for w in ORDER if w in found and (among is None or w in among)]


def rates(figures, device, part, title, among=None):
    """IOPS: median, least and most; the ratio to stock below."""
    cells = figures.cells(device, part)
    ways = ways_of(figures, cells, device, among)
    rows = []
    for cell in cells:
        row = [cell_text(cell)]
        for way in ways:
            middle, spread = (f(cell, way, "iops", device) for f in
                              (figures.median, figures.spread))
            ratio = figures.ratio(cell, way, "stock", device)
            row.append(NONE if middle is None else "%s (%s to %s)%s" % (
                number(middle), number(spread[0]), number(spread[1]),
                "" if ratio is None or way == "stock" else "; x %.2f" % ratio))
        rows.append(row)
    return Table(title, ["IOPS", *ways], rows,
                 "Median, least and most of all rounds; x: times stock, the median of the "
                 "ratios within each round.")


def halves(figures):
    """A Moat half with a stock other half: times stock."""
    ways = [w.key for w in WAYS if w.key not in MAIN]
    rows = []
    for device in figures.devices():
        for cell in figures.cells(device, "main"):
            ratios = [figures.ratio(cell, way, "stock", device) for way in ways]
            if any(ratios):
                rows.append([cell_text(cell), device, *map(number, ratios)])
    return Table("One half Moat's: times stock", ["IOPS", "", *ways], rows,
                 "front: moat-front on xen-blkback; back: xen-blkfront on moat-back. The median "
                 "of the ratios within each round.")


def latencies(figures, device, part, title, among=None):
    cells = figures.cells(device, part)
    ways = ways_of(figures, cells, device, among)
    rows = []
    for cell in cells:
        for name, text in (("mean_us", "mean"), ("p50_us", "p50"), ("p99_us", "p99"),
                           ("p999_us", "p99.9")):
            rows.append([cell_text(cell) if name == "mean_us" else "", text] + [
                number(figures.median(cell, way, name, device)) for way in ways])
    return Table(title, ["latency, us", "", *ways], rows, "")


def cpu(figures, device="null_blk", among=None):
    """CPU time per request, by domain."""
    cells = [c for c in figures.cells(device, "main") if not c.endswith("fio")]
    ways = ways_of(figures, cells, device, among)
    rows = []
    for cell in cells:
        for name, text in (("app", "application"), ("storage", "storage domain"),
                           ("dom0", "dom0"), ("xen", "on no account"),
                           (None, "together")):
            values = [figures.cpu(cell, w, device) if not name else
                      figures.median(cell, w, "cpu_us." + name, device) for w in ways]
            rows.append([cell_text(cell) if name == "app" else "", text,
                         *map(number, values)])
    return Table("CPU time per request, %s" % device, ["us", "", *ways], rows,
                 "By Xen's account of each domain; what Xen does in a domain's hypercall is in "
                 "that domain's time. On no account: processors were not idle, but Xen wrote "
                 "the time to no domain (under emulation that comes and goes, and is a "
                 "domain's all the same).")


def counts(figures, among=None):
    """What Moat, Linux and Xen have counted."""
    cells = [c for c in LEAN if c in figures.cells()]
    ways = ways_of(figures, cells, "null_blk", among)
    rows = []
    for cell in cells:
        for i, (text, name) in enumerate(COUNTS):
            rows.append([cell_text(cell) if not i else "", text] + [
                number(figures.median(cell, w, "counts." + name)) for w in ways])
    return Table("Counts per request", ["", "", *ways], rows,
                 "Events and grants by Moat's own counters (stock has none; its calls are in "
                 "the next table); the rest by Linux.")


def traced(figures, among=None):
    """What xentrace saw, of the application and the storage domain."""
    found = {(t["cell"], t["way"]): t["domains"] for t in figures.data["traces"]}
    cells = list(dict.fromkeys(cell for cell, _ in found))
    ways = [w for w in among or ORDER if any((c, w) in found for c in cells)]
    rows = []
    for cell in cells:
        for role, who in (("app", "application"), ("storage", "storage")):
            for text, name in TRACED:
                roles = [found.get((cell, w), {}) for w in ways]
                values = [r[role].get(name, 0) if role in r else None for r in roles]
                if any(abs(v or 0) >= SMALL for v in values):
                    rows.append([cell_text(cell) if role == "app" and text == "hypercalls"
                                 else "", "%s, %s" % (text, who), *map(number, values)])
    return Table("Counts per request, by xentrace", ["", "", *ways], rows,
                 "Of runs of their own, not timed: the difference of a long and a short one, "
                 "so that a program's start does not count. What is below 0.05 everywhere "
                 "is left out.")


def profiled(figures):
    """Where the time of a request goes: the functions that have most of it, on any way."""
    found = {(p["cell"], p["way"], p["role"]) for p in figures.data["profiles"]}
    cells = [c for c in LEAN if any(c == cell for cell, _, _ in found)]
    ways = [w for w in ORDER if any(w == way for _, way, _ in found)]
    rows = []
    for cell in cells:
        for role, who in (("app", "application"), ("storage", "storage domain")):
            spent = [figures.profile(cell, w, role) for w in ways]
            if not any(spent):
                continue
            names = {name for s in spent if s for name in s} - {WAITING}
            most = {name: max(s.get(name, 0) for s in spent if s) for name in names}
            shown = sorted(most, key=lambda name: (-most[name], name))[:FUNCTIONS]
            title = "%s, %s" % (cell_text(cell), who)
            for text, of in (("busy", lambda s: sum(s.values()) - s.get(WAITING, 0)),
                             *((name, lambda s, name=name: s.get(name, 0)) for name in shown)):
                rows.append([title if text == "busy" else "", text, *(
                    NONE if s is None else number(of(s)) for s in spent)])
    return Table("Where the time goes: us per request", ["", "", *ways], rows,
                 "What of the time of a request the domain's vCPU was seen in a function, by "
                 "bench/meter/sampler; the %d functions that have most on any way." % FUNCTIONS)


def predicted(figures):
    """What the counts say of a machine where events cost what they cost there."""
    rows = []
    for name, costs in model.MACHINES.items():
        times = model.times(figures, costs)
        if times:
            rows.append([name, ", ".join("%s %g" % c for c in costs.items()), *(
                number(times[w]) if w in times else NONE for w in model.WAYS),
                "%.1f" % (times["stock"] / times["spin"])])
    return Table("A prediction for hardware: us of a request at depth 1", [
        "machine", "costs put in, us", *model.WAYS, "stock / spin"], rows,
        "Computed from the counts above and costs that were assumed, not measured: see "
        "bench/model.py.")


def tested(figures):
    """The same sum with this machine's costs, beside what was measured."""
    costs = model.calibrated(figures)
    if not costs:
        return Table("", [], [], "")
    times = model.times(figures, costs)
    rows = [[way, number(times[way]), number(figures.median(model.CELL, way, "p50_us")),
             "what the costs were taken from" if way in ("spin", "event") else "a test"]
            for way in model.WAYS if way in times]
    return Table("The same sum for this machine: us of a request at depth 1", [
        "", "by the sum", "measured, p50", ""], rows, "Costs, us: %s. Hypercall and switch were "
        "measured on their own, local without a split; path and wake-up are from modes spin and "
        "event." % ", ".join("%s %s" % (name, number(c)) for name, c in costs.items()))


def judged(figures):
    rows = [[t.text, t.wanted, t.got, "met" if t.met else "MISSED"]
            for t in targets.judge(figures)]
    return Table("Targets", ["", "wanted", "measured", ""], rows, "")


def copy(figures):
    """Time and CPU by the size of a request, for each data path."""
    cells = figures.cells(part="copy")
    rows = []
    for cell in cells:
        c = CELL[cell]
        row = [KINDS[c.rw], size_text(c.bs)]
        for path in PATHS:
            row.append("%s / %s" % (number(figures.median(cell, path.key, "mean_us")),
                                    number(figures.cpu(cell, path.key))))
        rows.append(row)
    return Table("Copy overhead: mean latency / CPU time, us", ["", "size",
                 *(p.text for p in PATHS)], rows, "Depth 1, mode event on both sides.")


def idle(figures):
    memory = {(r["disks"], r["way"]): r["memory_kib"] for r in figures.data["idle"]}
    rows = []
    for disks, way in sorted(memory, key=lambda key: (key[0], ORDER.index(key[1]))):
        used = figures.idle(disks, way)
        rows.append(["%d" % disks, way,
                     *("%.2f %%" % (100 * used[k]) for k in ("app", "storage", "dom0")),
                     *("%.1f" % (memory[disks, way][k] / 1024) for k in ("app", "storage"))])
    return Table("Idle disks", ["disks", "way", "CPU application", "CPU storage", "CPU dom0",
                                "MiB application", "MiB storage"], rows,
                 "CPU as a share of one processor, everything else of the domain included, the "
                 "median of all rounds; memory: what was free in the domain before the first "
                 "disk, less what is.")


def retention(figures):
    """Rate and CPU with acknowledged writes kept until they are flushed, and without."""
    rows = []
    for cell in figures.cells(part="retention"):
        ratio = figures.ratio(cell, "retained", "unretained")
        rows.append([cell_text(cell), *(number(figures.median(cell, w, "iops"))
                                        for w in RETENTIONS),
                     NONE if ratio is None else "%.2f" % ratio,
                     *(number(figures.cpu(cell, w)) for w in RETENTIONS),
                     *(number(figures.median(cell, w, "counts.front_grants"))
                       for w in RETENTIONS)])
    return Table("Retention: a disk with a volatile cache", ["", "IOPS, kept", "not kept", "ratio",
                 "CPU, us, kept", "not kept", "grant operations a request, kept", "not kept"],
                 rows, "Kept: %d KiB of acknowledged, unflushed writes; mode adaptive. Ratio: "
                 "the median of the ratios within each round." % RETENTIONS["retained"])


def seconds(values):
    """Median, least and most of some milliseconds."""
    if not values:
        return NONE
    return "%.1f (%.1f to %.1f)" % tuple(
        v / 1000 for v in (statistics.median(values), min(values), max(values)))


def boots(figures, ways):
    """What a new domain took until it had its disk, in those ways that need one."""
    found = {w: [r["boot"] for r in figures.recoveries(w).values() if r.get("boot")] for w in ways}
    if not any(found.values()):
        return []
    return [["pci and probe: " + text, *(seconds([boot[part + "_ms"] for boot in found[w]])
                                         for w in ways)] for part, text in BOOTS.items()]


def recovery(figures):
    """Where the time of a recovery goes."""
    ways = [w for w in RECOVERIES if figures.recoveries(w)]
    rows = [[phase, *(seconds([r["phases"][phase + "_ms"]
                               for r in figures.recoveries(w).values()
                               if phase + "_ms" in r["phases"]]) for w in ways)]
            for phase in PHASES]
    rows.append(["longest wait of a request", *(seconds(
        [r["pause_ms"] for r in figures.recoveries(w).values()]) for w in ways)])
    rows += boots(figures, ways)
    rounds = max((len(figures.recoveries(w)) for w in ways), default=0)
    return Table("Recovery: s, median (least to most)", ["", *(RECOVERIES[w] for w in ways)],
                 rows if ways else [], "Rounds: %d; one NVMe controller, a writer that "
                 "flushes. The wait is what the writer itself saw." % rounds)


def tenants(figures):
    cells = figures.cells(part="tenants")
    rows = []
    for cell in cells:
        for way in ways_of(figures, [cell], "null_blk"):
            rows.append([way, *(number(figures.median(cell, way, n)) for n in
                         ("iops", "p50_us", "p99_us", "p999_us", "neighbour_iops"))])
    return Table("Two tenants: depth 1 beside depth 64", ["", "IOPS at depth 1", "p50, us",
                 "p99, us", "p99.9, us", "IOPS of the neighbour"], rows, "")


def spread(values):
    """The median, and the least and the most where they differ."""
    if not values:
        return NONE
    text = "%.2f" % statistics.median(values)
    return text if len(values) == 1 else "%s (%.2f to %.2f)" % (text, min(values), max(values))


def fairness(figures):
    """A small reader beside guests that ask for all; alone is what it is held against."""
    rows = []
    for crowd in figures.crowds():
        device, way, busy = crowd
        rows.append([device, way, "%d beside" % busy if busy else "alone",
                     *(number(statistics.median(figures.crowded(crowd, n).values()))
                       for n in ("iops", "p50_us", "p99_us")),
                     *(spread(figures.crowded_out(crowd, n)) if busy else NONE
                       for n in ("iops", "p99_us"))])
    return Table("A reader of 4 KiB at depth 1 beside guests with four disks, 512 KiB, depth 64",
                 ["", "", "", "IOPS", "p50, us", "p99, us", "IOPS, of alone",
                  "p99, of alone"], rows,
                 "Medians; ratios within each round, with the least and the most. One storage "
                 "domain with one vCPU; the time is what the machine executed.")


def parts(figures):
    """What is not of the matrix."""
    found = []
    for part, title in (("queues", "Two vCPUs, two queues"), ("iopoll", "IOPOLL"),
                        ("batches", "Batches, whole and in parts")):
        found += [rates(figures, "null_blk", part, title),
                  latencies(figures, "null_blk", part, title + ": latency")]
    return [*found, tenants(figures), fairness(figures), copy(figures), retention(figures),
            idle(figures), recovery(figures)]


def brief(figures):
    """What the answer rests on: without the latencies of other devices, and mixed halves."""
    found = [judged(figures)]
    found += [rates(figures, device, "main", "Rates, " + device, MAIN)
              for device in figures.devices()]
    found += [halves(figures), latencies(figures, "null_blk", "main", "Latency, null_blk", MAIN),
              cpu(figures, among=MAIN), counts(figures, MAIN), traced(figures, MAIN),
              profiled(figures), predicted(figures), tested(figures), *parts(figures)]
    return [t for t in found if t.rows]


def everything(figures):
    """All tables that the results have something for."""
    found = [judged(figures)]
    for device in figures.devices():
        found += [rates(figures, device, "main", "Rates, " + device),
                  latencies(figures, device, "main", "Latency, " + device)]
    found += [cpu(figures), counts(figures), traced(figures), profiled(figures),
              predicted(figures), tested(figures), *parts(figures)]
    return [t for t in found if t.rows]
