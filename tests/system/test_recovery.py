# SPDX-License-Identifier: GPL-2.0
"""The driver dies in a few ways, and the load notices nothing but a pause.

And what it would notice if the front end did not keep what is acknowledged and unflushed.

tests/system/campaign does the same with all kinds of faults, many times.
"""
import os

import kernel_log
import results
from kinds import KINDS
from lasting_load import Plain, Trusting, partition
from runner import check
from watched import Watched, lab_options

WORK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../build/tests/recovery")
# One for each way of being found out: a crash, with nobody there to see it; a heartbeat that
# stands still, if not Xen's watchdog; a front end that complains.
SOME = {"moatd-kill": ("crash",), "loop-irq-off": ("heartbeat", "crash"),
        "overrun": ("protocol",)}


def lab():
    """The machine these cases need; the runner asks. A crash loop is what they are."""
    return lab_options(os.path.join(WORK, "overlay"), "--moatd-set", "crash_window=5",
                       "--moatd-set", "probe_limit=60")


def ready(machine, *disks):
    machine.unjudged.add("storage")
    machine.allowed_log.extend(kernel_log.RECOVERY)
    for vdev, backing in disks:
        machine.attach(vdev, backing)


def test_driver_dies_unnoticed(machine):
    """Writers, a bank and a file system, over one fault after another."""
    ready(machine, ("xvdb", "nvme:0"), ("xvdc", "cache:32M"))
    partition(machine)
    watched, load = Watched(machine), Plain(machine)
    try:
        load.start()
        for name, why in SOME.items():
            record = watched.suffer(KINDS[name], load)
            record["said"] += load.bank()
            check(not results.bad(record) and not record["said"] and
                  record["detected"] in why, "%s: %s" % (name, record))
        total = load.end()
        check(not (total["lost"] or total["corrupt"] or total["errors"]),
              "at the end: %s" % total)
    finally:
        watched.close()


def test_without_retention_writes_are_lost(machine):
    """The counter-test: the cache really forgets, and the load really notices."""
    ready(machine, ("xvdc", "cache:32M"))
    machine.disks[-1].front.set("retain_kib", 0)
    watched, load = Watched(machine), Trusting(machine)
    try:
        load.start()
        record = watched.suffer(KINDS["null"], load)
        check(record["recovered"] and record["detected"] == "crash" and
              not record["corrupt"] and not record["errors"], record)
        check(record["lost"] + load.end()["lost"], "no write was lost without retention")
    finally:
        watched.close()
