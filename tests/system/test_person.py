# SPDX-License-Identifier: GPL-2.0
"""A person has a storage domain in hand: moat hold, and what is left of a crash."""
import json
import os

import kernel_log
from kinds import KINDS
from load import stopped, until_told, verify_loop
from runner import check
from watched import STORAGE, Watched, lab_options

# Two dumps of a domain take long.
APART = "tests/system/run --only person."

WORK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../build/tests/person")
ROUND_S = 5


def lab():
    """The machine these cases need; the runner asks."""
    return lab_options(os.path.join(WORK, "overlay"), ("crash_window=5", "probe_limit=60"),
                       cache=False)


def status(machine):
    return json.loads(machine.sh("dom0", "moat status --json " + STORAGE))["storage"][0]


def test_held(machine):
    """A domain that crashes is left to be looked at, and what it said last is kept."""
    machine.unjudged.add(STORAGE)
    machine.allowed_log.extend(kernel_log.RECOVERY)
    machine.attach("xvdb", "nvme:0")
    disk, watched = machine.disks[-1], Watched(machine)
    try:
        until_told(machine, disk.app, "load", verify_loop(disk, ROUND_S))
        check(machine.wait_until(disk.app, "[ $(cat %s/ring0/writes) -gt 20 ]" % disk.front.path),
              "the load never started")
        # one that lives goes on while its memory is written to a file
        mark, domid = watched.events.mark(), status(machine)["domid"]
        machine.sh("dom0", "moat hold %s; xl dump-core %s /dev/null" % (STORAGE, STORAGE),
                   timeout=600)
        watched.prepare(KINDS["null"])
        watched.inject(KINDS["null"])
        check(machine.wait_until("dom0", "moat status --json | grep -q '\"state\": \"held\"'", 90),
              "moatd does not see it")
        machine.sh("dom0", "xl dump-core %s /dev/null" % STORAGE, timeout=600)
        held = status(machine)
        check((held["domid"], held["verdict"]) == (domid, "it crashed"), held)
        check(not watched.events.wait(mark, ["condemned"], 0), "it is condemned all the same")
        machine.sh("dom0", "moat resume " + STORAGE)
        event = watched.recovered(mark)
        check(event and event["event"] == "recovered" and event["why"] == "crash" and
              not event["left"], "moatd says: %s" % event)
        stopped(machine, disk.app, "load", 180)
        console = watched.events.wait(mark, ["condemned"], 0)["console"]
        said = machine.sh("dom0", "cat " + console)
        for words in "console's ring\n", "end of /var/log/xen/console/guest-", "Kernel panic":
            check(words in said, "%s: no %r in\n%s" % (console, words, said[-4096:]))
    finally:
        watched.close()
