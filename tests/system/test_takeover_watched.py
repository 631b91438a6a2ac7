# SPDX-License-Identifier: GPL-2.0
"""A stock guest's disk on a machine with moatd: nobody's hand is needed."""
import json

import kernel_log
from events import Events
from load import stopped, until_told
from runner import check, takes_long
from stock_guest import Guest, panicked

RECOVER_S = 480


def lab():
    """The machine these cases need: moatd, and a guest that has nothing of Moat's."""
    return ["--no-disk", "--front", "stock", "--moatd", "--no-standby", "--vcpus", "3",
            "--nvme-size", "256M",
            # a boot on a host that is not ours alone
            "--moatd-set", "boot_limit=180", "--moatd-set", "probe_limit=120"]


def cover(machine):
    """What moat status says of the disk: how it is covered, and why not."""
    status = json.loads(machine.sh("dom0", "moat status --json"))
    disk, = (disk for storage in status["storage"] for disk in storage["disks"])
    return disk["cover"], disk.get("cover_why")


@takes_long
def test_crashes(machine):
    """Panics under a verified load: the same domid, and the load goes on."""
    machine.allowed_log += kernel_log.RECOVERY
    guest = Guest(machine)
    check(guest.link.wait_note("moat-safe", 1), "not told to be safe")
    events = Events()
    try:
        guest.load()
        check(cover(machine)[0] == "takeover", "moat status says %s: %s" % cover(machine))
        for _ in range(2):
            domid, mark = machine.domid("storage"), events.mark()
            panicked(machine)
            event = events.wait(mark, ["recovered", "gave-up", "left-alone"], RECOVER_S)
            check(event and event["event"] == "recovered" and not event.get("left"),
                  "moatd said: %s" % event)
            check(event["new_domid"] == domid,
                  "domain %s came for %s" % (event["new_domid"], domid))
            guest.taken_up()
            guest.goes_on()
        stopped(machine, "app", "load", 240)
    finally:
        events.close()


def test_restart(machine):
    """moat restart, of one that lives."""
    machine.allowed_log += kernel_log.RECOVERY
    guest = Guest(machine)
    events = Events()
    try:
        until_told(machine, "app", "load", "dd if=/dev/xvdb of=/dev/null bs=64k count=64 "
                   "iflag=direct")
        guest.goes_on("reads")
        mark = events.mark()
        machine.sh("dom0", "moat restart --yes --no-wait storage")
        event = events.wait(mark, ["recovered", "gave-up", "left-alone"], RECOVER_S)
        check(event and event["event"] == "recovered" and not event.get("left"),
              "moatd said: %s" % event)
        guest.taken_up()
        guest.goes_on("reads")
        stopped(machine, "app", "load")
    finally:
        events.close()
