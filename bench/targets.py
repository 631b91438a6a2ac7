# SPDX-License-Identifier: GPL-2.0
"""What Moat set out to reach (issues 3, section 6, 4, section 3, and 10, section 4), and
whether the figures say it has."""
import statistics
from collections import namedtuple

Target = namedtuple("Target", "text wanted got met")

LEAN = {1: "randread-4096-d1", 16: "randread-4096-d16", 64: "randread-4096-d64"}
FIO = "randread-4096-d1-fio"
ZERO = 0.005
IDLE = 0.005    # of a processor


def ratio_target(text, wanted, value):
    """A ratio that is to be at least so much; nothing where it was not measured."""
    if value is None:
        return []
    return [Target(text, "at least %.2f" % wanted, "%.2f" % value, value >= wanted)]


def against_stock(figures):
    """Adaptive and event against stock, in single cells and in the worst one."""
    found = ratio_target("adaptive / stock, 4 KiB random read, depth 1, lean", 2.2,
                         figures.ratio(LEAN[1], "adaptive", "stock"))
    found += ratio_target("the same with fio", 1.4, figures.ratio(FIO, "adaptive", "stock"))
    for depth in (16, 64):
        found += ratio_target("adaptive / stock, depth %d, lean" % depth, 1.4,
                              figures.ratio(LEAN[depth], "adaptive", "stock"))
    for way, wanted in (("event", 1.0), ("adaptive", 0.95)):
        value, where = worst(figures, way)
        found += ratio_target("%s / stock in the worst cell%s" % (way, where), wanted, value)
    return found


def worst(figures, way):
    """(least ratio to stock, where)."""
    ratios = [(figures.ratio(cell, way, "stock", device), cell, device)
              for device in figures.devices() for cell in figures.cells(device)]
    ratios = [r for r in ratios if r[0] is not None]
    if not ratios:
        return None, ""
    value, cell, device = min(ratios)
    return value, " (%s, %s)" % (cell, device)


def against_local(figures):
    found = []
    for depth, wanted in ((1, 0.5), (16, 0.8), (64, 0.8)):
        found += ratio_target("adaptive / local, depth %d, lean" % depth, wanted,
                              figures.ratio(LEAN[depth], "adaptive", "local"))
    return found


def costs(figures):
    """CPU and the tail: adaptive not above stock."""
    found = []
    for depth in (16, 64):
        both = [figures.cpu(LEAN[depth], way) for way in ("adaptive", "stock")]
        if None not in both:
            found.append(Target("adaptive: CPU per request, depth %d" % depth,
                                "at most %.0f us (stock)" % both[1], "%.0f us" % both[0],
                                both[0] <= both[1]))
    for depth in LEAN:
        both = [figures.median(LEAN[depth], way, "p999_us") for way in ("adaptive", "stock")]
        if None not in both:
            found.append(Target("adaptive: p99.9, depth %d" % depth,
                                "at most %.0f us (stock)" % both[1], "%.0f us" % both[0],
                                both[0] <= both[1]))
    return found


def idle(figures):
    """64 idle disks against one."""
    cpu = {}
    for disks in sorted({r["disks"] for r in figures.data["idle"] if r["way"] == "adaptive"}):
        used = figures.idle(disks, "adaptive")
        cpu[disks] = used["app"] + used["storage"]
    if len(cpu) < 2:
        return []
    most, least = max(cpu), min(cpu)
    more = cpu[most] - cpu[least]
    return [Target("adaptive: CPU of %d idle disks beyond that of %d" % (most, least),
                   "none (below %.1f %%)" % (100 * IDLE), "%.2f %%" % (100 * more),
                   more < IDLE)]


def recoveries(figures):
    """The longest wait of any request: a standby's beside a cold restart's, and so on."""
    found = []
    for way, other, text, limit in (
            ("standby", "cold", "a crash with a standby / a cold restart", 0.2),
            ("takeover", "standby", "a takeover / a crash with a standby", 1.5),
            ("upgrade", "standby", "an upgrade / a crash with a standby", 0.5)):
        ratios = figures.waits(way, other)
        if ratios:
            value = statistics.median(ratios)
            found.append(Target("longest wait: " + text, "at most %.2f" % limit,
                                "%.2f" % value, value <= limit))
    return found


def silence(figures):
    """Spinning asks nothing of Xen."""
    found = []
    for names, text in ((("front_sent", "back_sent"), "events"),
                        (("front_grants", "back_grants"), "grant operations")):
        values = [figures.median(LEAN[d], "spin", "counts." + n) for d in LEAN for n in names]
        values = [v for v in values if v is not None]
        if values:
            found.append(Target("spin: %s per request, either side, any depth" % text, "0.00",
                                "%.2f" % max(values), max(values) < ZERO))
    return found


def fairness(figures):
    """A small reader's rate and latency beside others, against those alone."""
    found = []
    for crowd in figures.crowds():
        device, way, busy = crowd
        rates, late = (figures.crowded_out(crowd, n) for n in ("iops", "p99_us"))
        if not busy or not rates:
            continue
        # Beside one it is to have a third; beside more, its share.
        least, rate = 1 / 3 if busy == 1 else 1 / (busy + 1), statistics.median(rates)
        found.append(Target("%s, %s: a small reader's rate beside %d greedy guests / alone"
                            % (device, way, busy), "at least %.2f" % least, "%.2f" % rate,
                            rate >= least))
        if busy == 1:
            value = statistics.median(late)
            found.append(Target("%s, %s: its p99 beside one / alone" % (device, way),
                                "at most 3", "%.2f" % value, value <= 3))
    return found


def judge(figures):
    """All targets that the results say something about."""
    return [target for rule in (against_stock, against_local, costs, idle, silence,
                                 recoveries, fairness)
            for target in rule(figures)]
