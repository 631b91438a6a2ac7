# SPDX-License-Identifier: GPL-2.0
"""The parts of the benchmark: each boots the machine it needs and fills in results."""
import contextlib
import itertools
import os
import tempfile
import time

import fairness as crowded
import measure
import recovery
import sampler
import xentrace
from client import CommandError, Lost
from cells import BATCHES, CELL, MAIN, MODES, PATHS, RECOVERIES, RETENTIONS, VOLATILE, WAY
from measure import LOAD, Meter, command
from rig import Rig
from runner import Failure

MULTIQUEUE = "null_blk:size=1024,submit_queues=2"
# How many requests the two runs of a trace have.
TRACE_FEW, TRACE_MANY = 500, 2500
TRACE = "/run/trace"
TRACE_START = '''rm -f {0}; xentrace -D -S 256 -e {1:#x} {0} >/dev/null 2>&1 &
    echo $! >{0}.pid; n=0
    until [ -s {0} ] || [ $n -ge 200 ]; do n=$((n + 1)); usleep 20000; done
    [ -s {0} ]'''
TRACE_STOP = '''p=$(cat {0}.pid); kill -INT $p; n=0
    while kill -0 $p 2>/dev/null && [ $n -lt 200 ]; do n=$((n + 1)); usleep 20000; done
    ! kill -0 $p 2>/dev/null'''
IDLE_DISKS = (1, 16, 64)
IDLE_S = 5
LAST = 12       # lines of a log


def machine(bench, module_args=(), **options):
    """A machine for a part; module_args: what its modules are given, besides."""
    return running(bench, Rig(bench.say, emulated_tsc=bench.args.emulated_tsc,
                              module_args=[*bench.args.module_args, *module_args], **options))


@contextlib.contextmanager
def running(bench, rig):
    """It is up; its logs are judged when the part is over."""
    try:
        rig.start()
        bench.begin_part(rig)
        yield rig
        bench.end_part(rig)
    except (Lost, CommandError, Failure):
        last_words(bench, rig)
        raise
    finally:
        rig.down()


def last_words(bench, rig):
    """What the consoles said last, when something went wrong."""
    for domain in ("xen", *rig.domains):
        lines = rig.lab("log", domain, check=False).stdout.splitlines()[-LAST:]
        bench.say("\n".join(["the last of the log of %s:" % domain, *lines]))


def rounds(bench, seconds_each=0):
    """The numbers of the rounds, until there is no time for another."""
    first = max([r["round"] for r in bench.data["runs"]], default=-1) + 1
    for number in range(first, first + bench.args.rounds):
        since = time.monotonic() - bench.begin
        if bench.args.minutes and number > first and \
                since + seconds_each > 60 * bench.args.minutes:
            bench.say("no time for another round")
            return
        begin = time.monotonic()
        yield number
        seconds_each = time.monotonic() - begin


def turned(ways, number):
    """Another one comes first in each round."""
    at = number % len(ways)
    return [*ways[at:], *ways[:at]]


def can(cell, way, device):
    """Not every way has every cell."""
    if cell.iopoll and way.key == "stock":
        return False            # xen-blkfront knows no polling
    return not (cell.tool == "fio" and way.key == "local" and device == "nvme")


def main(bench):
    """The matrix: all ways and devices, one vCPU in each domain."""
    devices = bench.devices()
    with machine(bench, nvme="nvme" in devices) as rig:
        meter, ways, cells = Meter(rig), bench.ways(), bench.cells("main")
        for device in devices:
            if device != "nvme":
                rig.warm(device, [w.key for w in ways])
        bench.data["conditions"]["costs"] = measure.costs(rig)
        if not bench.args.no_trace:
            traces(bench, rig, [c for c in cells if c.traced], ways)
        for number in rounds(bench):
            for cell in cells:
                for device in (d for d in devices if d in cell.devices):
                    for way in (w for w in turned(ways, number) if can(cell, w, device)):
                        bench.measure(meter, cell, way, device, number)
            bench.save()


def simple(bench, part, ways, settings="", backing=None, **options):
    """A part that differs in the machine only."""
    with machine(bench, **options) as rig:
        if backing:
            rig.backing = {**rig.backing, "null_blk": backing}
        meter = Meter(rig)
        if "local" in ways:
            rig.place(WAY["local"], "null_blk", settings)
        rig.warm("null_blk", ways)
        for number in rounds(bench):
            for cell in bench.cells(part):
                for way in (WAY[w] for w in turned(ways, number) if
                            can(cell, WAY[w], "null_blk")):
                    bench.measure(meter, cell, way, "null_blk", number)
            bench.save()


def queues(bench):
    """Two vCPUs in every domain, and a queue for each."""
    simple(bench, "queues", MAIN, "echo 2 >$d/submit_queues;", MULTIQUEUE, vcpus=2)


def iopoll(bench):
    """io_uring that polls, on a queue of its own."""
    simple(bench, "iopoll", MAIN, "echo 1 >$d/poll_queues;",
           module_args=["moat-front poll_queues=1", "moat-back max_queues=2"])


def tenants(bench):
    """One application domain at depth 1 beside one at depth 64, on one storage domain."""
    cell = CELL["randread-4096-d1-tenants"]
    with machine(bench) as rig:
        rig.create("app-b", "app", "--memory", "320", front="moat")
        rig.create("sapp-b", "app", "--memory", "320", front="stock")
        rig.new_logs()
        meter = Meter(rig)
        ways = [WAY[w] for w in MAIN if w != "local"]
        for way in ways:
            beside = way._replace(app=way.app + "-b")
            rig.disk(way, "null_blk")
            rig.disk(beside, "null_blk")
        rig.warm("null_blk", [w.key for w in ways])
        for number in rounds(bench):
            for way in turned(ways, number):
                neighbour(bench, rig, meter, cell, way, number)
            bench.save()


def neighbour(bench, rig, meter, cell, way, number):
    """A run with a busy neighbour; its own rate stands beside it."""
    beside = rig.disk(way._replace(app=way.app + "-b"), "null_blk")
    if way.mode:
        rig.tell(beside, way.mode)
    other = rig.shell(beside.app)
    # Longer than the run, and what comes before it: the run must not outlast it.
    other.start("%s -e aio -d 64 -t %d %s" % (LOAD, 4 * bench.args.ms, beside.dev))
    bench.measure(meter, cell, way, "null_blk", number)
    text = other.finish()
    bench.data["runs"][-1]["neighbour_iops"] = float(text.split('"iops": ')[1].split(",")[0])
    if way.mode:
        rig.tell(beside, "event")


def copy(bench):
    """What becomes of the bytes: three data paths, by the size of a request."""
    way = WAY["event"]
    with machine(bench) as rig:
        disks = {}
        for front in ("persistent", "grant"):
            rig.sh("app", "echo %s >/sys/module/moat_front/parameters/data_path" % front)
            disks[front] = rig.attach(rig.next_vdev("app"), rig.backing["null_blk"])
            disks[front].modes(way.mode)
        rig.sh(
            "app", "for d in %s; do %s -e aio -d 16 -b 262144 -n 64 $d; done >/dev/null"
            % (" ".join(d.dev for d in disks.values()), LOAD))
        meter = Meter(rig)
        for number in rounds(bench):
            for cell in bench.cells("copy"):
                for path in turned(PATHS, number):
                    disk = disks[path.front]
                    disk.back.set("data_path", path.back)
                    rig.ways[way.app, way.storage, "null_blk"] = disk
                    bench.measure(meter, cell, way, "null_blk", number, path.key)
            bench.save()


def batches(bench):
    """Does one end work on the first requests of a batch while the other has the rest?"""
    script = "echo %%d >/sys/module/%s/parameters/%s"
    front, back = (script % names for names in (("moat_front", "early"),
                                                ("moat_back", "budget")))
    with machine(bench) as rig:
        rig.warm("null_blk", ["stock", "event"])
        meter = Meter(rig)
        for number in rounds(bench):
            for cell in bench.cells("batches"):
                for key in turned(["stock", *BATCHES], number):
                    way = WAY["stock"]
                    if key in BATCHES:
                        way = WAY[BATCHES[key].mode]
                        rig.shell("app").run(front % BATCHES[key].early)
                        rig.shell("storage").run(back % BATCHES[key].budget)
                    bench.measure(meter, cell, way, "null_blk", number, key)
            bench.save()


def retention(bench):
    """What it costs to keep acknowledged writes until they are flushed, by the mix."""
    way = WAY["adaptive"]
    with machine(bench) as rig:
        rig.backing = {**rig.backing, "null_blk": VOLATILE}
        disk, meter = rig.disk(way, "null_blk"), Meter(rig)
        for number in rounds(bench):
            for cell in bench.cells("retention"):
                for key in turned(list(RETENTIONS), number):
                    disk.front.set("retain_kib", RETENTIONS[key])
                    bench.measure(meter, cell, way, "null_blk", number, key)
            bench.save()


def profiles(bench):
    """Where the time of a request goes, function by function."""
    with machine(bench) as rig:
        ways = [w for w in bench.ways() if w.key in MAIN]
        rig.warm("null_blk", [w.key for w in ways])
        profiler = sampler.Profiler(rig)
        for number in range(bench.args.rounds):
            for cell in (c for c in bench.cells("main") if c.traced):
                for way in turned(ways, number):
                    found = profiler.run(cell, way, "null_blk")
                    bench.data["profiles"] += found
                    bench.say("profiled %-28s %-9s %8d IOPS" % (cell.text, way.key,
                                                                found[0]["iops"]))
            bench.save()


def idle(bench):
    """What disks cost that do nothing: CPU of every domain, and memory."""
    with machine(bench) as rig:
        meter = Meter(rig)
        free = {d: memory(rig, d) for d in rig.domains}
        attached = 0
        for disks in IDLE_DISKS:
            for number in range(attached, disks):
                for app, storage in (("app", "storage"), ("sapp", "sstorage")):
                    rig.lab("disk", "attach", app, vdev_name(number), "--from", storage,
                            "--backing", "null_blk:size=64", timeout=180)
            attached = disks
            used = {d: free[d] - memory(rig, d) for d in rig.domains}
            for number in range(bench.args.rounds):
                for way in turned(["stock", *MODES], number):
                    idle_run(bench, rig, meter, WAY[way], disks, used)
            bench.save()


def idle_run(bench, rig, meter, way, disks, used):
    """Set all disks to a mode and look at the clock for a while."""
    script = "for m in %s; do echo %s >$m; done"
    if way.mode:
        rig.sh("app", script % ("/sys/bus/xen/devices/vbd-*/moat/mode", way.mode))
        rig.sh("storage", script % ("/sys/bus/xen-backend/devices/vbd-*/moat/mode", way.mode))
    seconds, cpu = meter.idle(IDLE_S)
    roles = {"app": cpu[way.app], "storage": cpu[way.storage], "dom0": cpu["Domain-0"]}
    bench.data["idle"].append({
        "way": way.key, "disks": disks,
        "cpu": {k: round(v / 1e9 / seconds, 4) for k, v in roles.items()},
        "memory_kib": {"app": used[way.app], "storage": used[way.storage]}})
    bench.say("%2d idle disks, %-9s %s" % (disks, way.key, ", ".join(
        "%s %.1f %%" % (k, 100 * v / 1e9 / seconds) for k, v in roles.items())))
    if way.mode:
        rig.sh("app", script % ("/sys/bus/xen/devices/vbd-*/moat/mode", "event"))
        rig.sh("storage", script % ("/sys/bus/xen-backend/devices/vbd-*/moat/mode", "event"))


def restarts(bench):
    """What an application waits for: a crash with a standby, without, under a front end that
    cannot follow; an upgrade."""
    guarded = recovery.Guarded(bench.say, bench.args.lean_kernel, bench.args.clock)
    with running(bench, guarded) as rig:
        first = max([r["round"] for r in bench.data["recovery"]], default=-1) + 1
        host = measure.Host(measure.find_qemu(rig))
        for number in range(first, first + bench.args.rounds):
            for way in turned(list(RECOVERIES), number):
                before = host.read()
                record = {"way": way, "round": number, **rig.recover(way),
                          "others": host.others(before)}
                bench.data["recovery"].append(record)
                bench.say("%-8s longest wait %5.1f s: %s" % (
                    way, record["pause_ms"] / 1000, ", ".join("%s %d" % item for item in (
                        *record["phases"].items(), *record["boot"].items()))))
            bench.save()
        wrong = rig.end()
        if wrong:
            bench.bad.append("recovery: " + wrong)


def fairness(bench):
    """What a small reader has beside guests that ask for all that there is."""
    modes = [mode for mode in MODES if mode in (bench.args.ways or MODES)]
    devices = [d for d in crowded.DEVICES if d in (bench.args.devices or crowded.DEVICES)]
    counts = [n for n in crowded.BUSY if not n or n in (bench.args.beside or crowded.BUSY)]
    with running(bench, crowded.Crowd(bench.say, devices, counts[-1],
                                      bench.args.module_args)) as rig:
        for device in devices:
            rig.crowd(device, max(counts[-1], 1))
        first = max([r["round"] for r in bench.data["fairness"]], default=-1) + 1
        for number in range(first, first + bench.args.rounds):
            for device, mode, count in itertools.product(devices, turned(modes, number), counts):
                record = {"round": number, **rig.measure(device, mode, count, bench.args.ms)}
                bench.data["fairness"].append(record)
                bench.say("%-8s %-8s beside %d: %7.0f IOPS, p99 %8.0f us; they had %5.0f MiB" % (
                    device, mode, count, record["iops"], record["p99_us"],
                    record["beside_bytes"] / 2**20))
            bench.save()


def memory(rig, domain):
    """Free memory of a domain, in KiB."""
    return int(rig.sh(domain, "awk '/^MemFree/ { print $2 }' /proc/meminfo"))


def vdev_name(number):
    """xvdb, ..., xvdz, xvdaa, ..."""
    number += 1
    letters = chr(ord("a") + number % 26)
    return "xvd" + (chr(ord("a") + number // 26 - 1) if number >= 26 else "") + letters


# ---- counting with xentrace ----

def traces(bench, rig, cells, ways):
    """Hypercalls, wake-ups and switches per request, apart from the timed runs."""
    for cell in cells:
        for way in ways:
            try:
                found = trace(rig, cell, way)
            except xentrace.Truncated:
                bench.say("trace of %s, %s: Xen's buffers were too small" % (cell.key, way.key))
                continue
            bench.data["traces"].append({"cell": cell.key, "device": "null_blk",
                                         "way": way.key, "domains": found})
            bench.say("counted %-30s %-14s %s" % (cell.text, way.key, ", ".join(
                "%s: %.2f calls" % (role, counts.get("hypercalls", 0))
                for role, counts in found.items())))
    bench.save()


def trace(rig, cell, way):
    """{role: counts per request} of a cell on a way."""
    domain, path = rig.place(way, "null_blk")
    rig.set_mode(rig.disk(way, "null_blk"), way.mode)
    roles = {"app": rig.domid(domain), "dom0": 0}
    if way.storage:
        roles["storage"] = rig.domid(way.storage)
    few, many = (trace_once(rig, domain, "%s -n %d" % (command(cell, path, 0), n))
                 for n in (TRACE_FEW, TRACE_MANY))
    return {role: xentrace.slope(few.get(n, {}), many.get(n, {}), TRACE_MANY - TRACE_FEW)
            for role, n in roles.items()}


def trace_once(rig, domain, load):
    dom0 = rig.shell("dom0")
    dom0.run(TRACE_START.format(TRACE, xentrace.MASK))
    try:
        rig.shell(domain).run(load)
    finally:
        dom0.run(TRACE_STOP.format(TRACE))
    with tempfile.TemporaryDirectory() as folder:
        target = os.path.join(folder, "trace")
        rig.lab("pull", "dom0", TRACE, target)
        with open(target, "rb") as f:
            return xentrace.count(f.read())


PARTS = {"main": main, "queues": queues, "iopoll": iopoll, "tenants": tenants, "copy": copy,
         "batches": batches, "retention": retention, "profile": profiles,
         "idle": idle, "recovery": restarts, "fairness": fairness}
