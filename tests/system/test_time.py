# SPDX-License-Identifier: GPL-2.0
"""Time that counts is time that a domain was given: who loops is found by what it ran,
and who waits for a processor is left alone."""
import os

import kernel_log
from kinds import KINDS
from load import in_background, lasting, stopped, verify_loop
from runner import check, takes_long
from watched import DETECT_S, Watched, lab_options

WORK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../build/tests/time")
# A processor for the storage domain, and for all who are in its way.
CPU = 1
CROWD = 6
BEATS = 20


def lab():
    """The machine these cases need. A boot may take its time on a loaded host."""
    return lab_options(os.path.join(WORK, "overlay"),
                       ("busy_limit=3", "boot_limit=180", "probe_limit=120"),
                       cache=False) + ["--no-standby"]


def begin(machine):
    """A disk with a verified load on it."""
    machine.unjudged.add("storage")
    machine.allowed_log.extend(kernel_log.RECOVERY)
    disk = machine.attach("xvdb", "nvme:0")
    return disk, Watched(machine, standby=False)


def load(machine, disk):
    lasting(machine, "app", "load", verify_loop(disk))
    check(machine.wait_until("app", "[ $(cat %s/ring0/writes) -gt 20 ]" % disk.front.path),
          "the load never started")


def test_loop(machine):
    """Interrupts off, for ever: by what its vCPU runs, not by the clock nor by Xen."""
    disk, watched = begin(machine)
    try:
        watched.prepare(KINDS["loop-irq-off"])
        load(machine, disk)
        mark = watched.events.mark()
        watched.inject(KINDS["loop-irq-off"])
        event = watched.events.wait(mark, ["condemned"], DETECT_S)
        check(event and event["text"].startswith("it runs, and"), "moatd says: %s" % event)
        event = watched.recovered(mark)
        check(event and event["event"] == "recovered" and not event.get("left"),
              "moatd says: %s" % event)
        stopped(machine, "app", "load", 240)
    finally:
        watched.close()


@takes_long
def test_overcommitted(machine):
    """Two vCPUs on one processor, with six busy ones of another domain: no false alarm."""
    disk, watched = begin(machine)
    try:
        mark = watched.events.mark()
        machine.sh("dom0", "sed -i 's/^vcpus *=.*/vcpus=2/' /run/lab/storage.cfg && "
                   "moat restart --yes --no-wait storage")
        event = watched.recovered(mark)
        check(event and event["event"] == "recovered", "moatd says: %s" % event)
        machine.create("crowd", "app", "--vcpus", str(CROWD), "--cpus", str(CPU))
        machine.sh("dom0", "xl vcpu-pin storage all %d" % CPU)
        check(machine.sh("dom0", "xl vcpu-list storage | grep -c ^storage").strip() == "2",
              "the storage domain has not two vCPUs")
        mark = watched.events.mark()
        in_background(machine, "crowd", "crowd", "for n in $(seq %d); do "
                      "(while :; do :; done) & done; wait" % CROWD)
        load(machine, disk)
        beat = "$(xenstore-read /local/domain/%d/data/moat/heartbeat)" % machine.domid("storage")
        first = int(machine.sh("dom0", "echo " + beat))
        check(machine.wait_until("dom0", "[ %s -ge %d ]" % (beat, first + BEATS), 240),
              "not %d beats in four minutes" % BEATS)
        alarm = watched.events.wait(mark, ["condemned"], 0)
        check(not alarm, "moatd says: %s" % alarm)
        machine.destroy("crowd")
        stopped(machine, "app", "load", 240)
    finally:
        watched.close()
