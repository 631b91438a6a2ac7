# SPDX-License-Identifier: GPL-2.0
"""A guest with Linux 7 and moat-front, on a machine with moatd: from domain to domain."""
import os

from kinds import KINDS
from load import stopped
from runner import check
from test_recovery import WORK, busy, ready
from watched import Watched, lab_options

APART = "make test-kernels"


def lab():
    """The machine this needs: moatd, a standby, and a guest of another kernel."""
    return [*lab_options(os.path.join(WORK, "overlay"), ("probe_limit=60",)),
            "--kernel", "app=7.3"]


def replaced(watched, act):
    """Have the storage domain replaced by another under the load."""
    mark = watched.events.mark()
    act()
    event = watched.recovered(mark)
    check(event and event["event"] in ("recovered", "upgraded") and not event.get("left"),
          "moatd says: %s" % event)
    watched.used = mark


def test_recovers_on_7_3(machine):
    """Its xenbus removes a device that it takes for vanished: none does."""
    ready(machine, ("xvdb", "nvme:0"), ("xvdc", "cache:16M"))
    watched = Watched(machine)
    try:
        for disk in machine.disks:
            busy(machine, disk)
        replaced(watched, lambda: watched.inject(KINDS["destroy"]))
        watched.standby_ready()
        replaced(watched, lambda: machine.sh("dom0", "moat upgrade --no-wait storage"))
        for disk in machine.disks:
            stopped(machine, disk.app, "load-" + disk.vdev, 180)
        check(machine.try_sh("app", "dmesg | grep 'state reset occurred'")[0],
              "xenbus took a device for vanished")
    finally:
        watched.close()
