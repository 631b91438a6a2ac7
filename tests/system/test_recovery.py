# SPDX-License-Identifier: GPL-2.0
"""The driver dies in a few ways, and the load notices nothing but a pause.

And what it would notice if the front end did not keep what is acknowledged and unflushed.

tests/system/campaign does the same with all kinds of faults, many times.
"""
import os

import kernel_log
import results
from kinds import KINDS
from lasting_load import Alone, Plain, partition
from load import finished, in_background, lasting, stopped, verify_loop
from runner import check, takes_long
from watched import Watched, lab_options

WORK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../build/tests/recovery")
# One for each way of being found out: a crash, with nobody there to see it; a front end that
# complains; a poller that does not answer. test_time has an endless loop.
QUICK = {"moatd-kill": ("crash",), "overrun": ("protocol",)}
SLOW = {"sleep": ("poller",)}


def lab():
    """The machine these cases need; the runner asks. A crash loop is what they are."""
    return lab_options(os.path.join(WORK, "overlay"), ("crash_window=5", "probe_limit=60"))


def ready(machine, *disks):
    machine.unjudged.add("storage")
    machine.allowed_log.extend(kernel_log.RECOVERY)
    for vdev, backing in disks:
        machine.attach(vdev, backing)


def lives_through(machine, kinds):
    """Writers, a bank and a file system, over one fault after another."""
    ready(machine, ("xvdb", "nvme:0"), ("xvdc", "cache:32M"))
    partition(machine)
    watched, load = Watched(machine), Plain(machine)
    try:
        load.start()
        for name, why in kinds.items():
            record = watched.suffer(KINDS[name], load)
            record["said"] += load.bank()
            check(not results.bad(record) and not record["said"] and
                  record["detected"] in why, "%s: %s" % (name, record))
        total = load.end()
        check(not (total["lost"] or total["corrupt"] or total["errors"]),
              "at the end: %s" % total)
    finally:
        watched.close()


def test_driver_dies_unnoticed(machine):
    """Found out at once."""
    lives_through(machine, QUICK)


@takes_long
def test_poller_sleeps_unnoticed(machine):
    """Found out after some seconds."""
    lives_through(machine, SLOW)


@takes_long
def test_without_retention_writes_are_lost(machine):
    """The counter-test: the cache really forgets, and the load really notices."""
    ready(machine, ("xvdc", "cache:32M"))
    machine.disks[-1].front.set("retain_kib", 0)
    watched, load = Watched(machine), Alone(machine, "trusting", "xvdc")
    # Where each request comes by: one that is not flushed may not reach the NVMe for long.
    fault = KINDS["null"]._replace(name="null@driver")
    try:
        load.start()
        record = watched.suffer(fault, load)
        check(record["recovered"] and record["detected"] == "crash" and
              not record["corrupt"] and not record["errors"], record)
        check(record["lost"] + load.end()["lost"], "no write was lost without retention")
    finally:
        watched.close()


def busy(machine, disk):
    """A verified load in the background, that has begun."""
    writes = disk.front.counters()["writes"]
    lasting(machine, disk.app, "load-" + disk.vdev, verify_loop(disk))
    check(machine.wait_until(disk.app, "[ $(cat %s/ring0/writes) -gt %d ]"
                             % (disk.front.path, writes + 20)),
          "the load on %s of %s never started" % (disk.vdev, disk.app))


@takes_long
def test_two_domains_recover_together(machine):
    """Three disks of two domains, one storage domain that is gone: nobody is left behind."""
    ready(machine, ("xvdb", "nvme:0"), ("xvdc", "cache:16M"))
    machine.create("app2", "app")
    machine.attach("xvdb", "cache:16M", app="app2")
    watched = Watched(machine)
    try:
        for disk in machine.disks:
            busy(machine, disk)
        mark = watched.events.mark()
        watched.inject(KINDS["destroy"])
        event = watched.recovered(mark)
        check(event and event["event"] == "recovered" and event["disks"] == 3 and
              not event["left"], "moatd says: %s" % event)
        for disk in machine.disks:
            stopped(machine, disk.app, "load-" + disk.vdev, 180)
    finally:
        watched.close()


def test_no_false_alarm(machine):
    """Slow is not dead: on one crowded processor, and while a domain sleeps in a file."""
    ready(machine, ("xvdb", "nvme:0"))
    disk, watched = machine.disks[-1], Watched(machine)
    mark = watched.events.mark()
    crowd = "for d in app storage; do xl vcpu-pin $d all 0; done"
    spread = "for d in app storage; do xl vcpu-pin $d all 1-2; done"
    try:
        machine.sh("dom0", crowd)
        in_background(machine, "dom0", "hog", "timeout 25 sh -c 'while :; do :; done'; true")
        in_background(machine, "app", "hog", "timeout 25 sh -c 'while :; do :; done'; true")
        busy(machine, disk)
        for domain in ("dom0", "app"):
            finished(machine, domain, "hog", 120)
        machine.lab("domain", "save", "app", timeout=180)
        machine.lab("domain", "restore", "app", timeout=180)
        stopped(machine, "app", "load-xvdb", 180)
        busy(machine, disk)
        stopped(machine, "app", "load-xvdb", 120)
        machine.sh("dom0", spread)
        alarm = watched.events.wait(mark, ["condemned"], 0)
        check(not alarm, "moatd says: %s" % alarm)
    finally:
        watched.close()
