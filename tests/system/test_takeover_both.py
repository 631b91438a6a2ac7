# SPDX-License-Identifier: GPL-2.0
"""Both kinds of guest on one storage domain that moatd replaces: under its domid.

The stock front end is taken over; Moat's, beside it, connects anew. Neither load notices
anything but a pause.
"""
import json
import os

import kernel_log
from kinds import KINDS
from load import stopped, until_told, verify_loop
from runner import check, takes_long
from watched import DETECT_S, Watched, lab_options

WORK = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                    "../../build/tests/takeover-both")
# So a host that is not ours alone may take its time.
SETTINGS = ("crash_window=5", "probe_limit=120", "boot_limit=180")
# Found out by a crash, with nobody there to see it; by silence. And by nothing that is left.
ENDS, GONE = ("moatd-kill", "pause"), ("destroy",)
# Reads and writes that a disk has completed.
DONE = "awk '{ print $1 + $5 }' /sys/block/%s/stat"


def lab():
    """The machine these cases need; a standby would be of no use."""
    return [*lab_options(os.path.join(WORK, "overlay"), SETTINGS), "--no-standby",
            "--front", "stock"]


class Slot:
    """A storage domain with a stock guest's disk and a Moat guest's, both under load."""

    def __init__(self, machine):
        self.machine = machine
        machine.domains["app"]["front"] = "stock"
        machine.unjudged.add("storage")
        machine.allowed_log += kernel_log.RECOVERY
        machine.create("app2", "app")
        machine.attach("xvdb", "nvme:0")
        machine.attach("xvdb", "cache:32M", app="app2")
        self.watched = Watched(machine, standby=False)
        self.domid = machine.domid("storage")
        for disk in machine.disks:
            until_told(machine, disk.app, "load", verify_loop(disk, 5))
        self.go_on()

    def told(self, key):
        """A word of each disk, by its guest, as moatd says, which may have much else to do."""
        asked = self.machine.wait_until("dom0", "moat status --json >/run/status.json", 120)
        check(asked, "moatd does not answer")
        storage, = json.loads(self.machine.sh("dom0", "cat /run/status.json"))["storage"]
        return {disk["domain"]: disk[key] for disk in storage["disks"]}

    def go_on(self):
        """All loads have done something, from now on."""
        for disk in self.machine.disks:
            done = DONE % disk.vdev
            so_far = int(self.machine.sh(disk.app, done))
            check(self.machine.wait_until(disk.app, "[ $(%s) -gt %d ]" % (done, so_far + 20), 120),
                  "the load of %s stands still" % disk.app)

    def replaced(self, mark, name, *disks):
        """moatd's event of a replacement: so many disks, and the domid as it was."""
        event = self.watched.recovered(mark)
        check(event and event["event"] == name and not event.get("left") and
              event["new_domid"] == self.domid and event["disks"] in (disks or (2,)),
              "domain %d, moatd says: %s" % (self.domid, event))

    def dies(self):
        """The storage domain does nothing any more, and moatd is at it; return a mark of before."""
        mark = self.watched.events.mark()
        self.watched.inject(KINDS["pause"])
        check(self.watched.events.wait(mark, ["condemned"], DETECT_S), "its end goes unnoticed")
        return mark

    def end(self):
        for disk in self.machine.disks:
            stopped(self.machine, disk.app, "load", 300)


def replaced_under_both(machine, ends, verb, name):
    """One end after another, then on purpose; libxl finds all that it knows where it was."""
    slot = Slot(machine)
    try:
        covers = slot.told("cover")
        check(covers == {"app": "takeover", "app2": "takeover"}, "covered by %s" % covers)
        for end in ends:
            slot.watched.prepare(KINDS[end])
            mark = slot.watched.events.mark()
            slot.watched.inject(KINDS[end])
            slot.replaced(mark, "recovered")
            slot.go_on()
        mark = slot.watched.events.mark()
        machine.sh("dom0", "moat %s --no-wait storage" % verb)
        slot.replaced(mark, name)
        slot.go_on()
        slot.end()
    finally:
        slot.watched.close()
    for disk in list(machine.disks):
        machine.detach(disk)


def test_dies_and_is_replaced_under_both(machine):
    """Two faults, and an upgrade."""
    replaced_under_both(machine, ENDS, "upgrade", "upgraded")


@takes_long
def test_goes_and_is_replaced_under_both(machine):
    """Destroyed by somebody, and restarted by wish."""
    replaced_under_both(machine, GONE, "restart", "recovered")


@takes_long
def test_guest_goes_meanwhile(machine):
    """While it has no back end the stock guest is saved, and restored behind; then destroyed."""
    slot = Slot(machine)
    try:
        # What waits for a disk cannot be frozen, and after 20 s Linux calls a save off.
        stopped(machine, "app", "load", 300)
        mark = slot.dies()
        machine.lab("domain", "save", "app", timeout=240)
        slot.replaced(mark, "recovered", 1, 2)
        machine.lab("domain", "restore", "app", timeout=240)
        until_told(machine, "app", "load", verify_loop(machine.disks[0], 5))
        slot.go_on()
        mark = slot.dies()
        machine.destroy("app")
        slot.replaced(mark, "recovered", 1, 2)
        slot.go_on()
        check(slot.told("back_state") == {"app2": 4}, "moatd says %s" % slot.told("back_state"))
        slot.end()
    finally:
        slot.watched.close()
