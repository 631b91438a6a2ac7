# SPDX-License-Identifier: GPL-2.0
"""The machine on which recoveries are measured: one NVMe controller, and moatd.

A writer that flushes has the disk all the time, and says how long its slowest request took;
moatd says how long each phase did, and the kernel of a domain that was made for the purpose
where its boot went. A guest with a stock front end has the disk where a takeover is measured.
"""
import os
import re

import clock
import kernel_log
from kinds import KINDS
from lasting_load import Alone
from runner import Failure
from testbed import Testbed
from watched import STORAGE, Watched, lab_options

BUILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "build", "bench")
CRASH = KINDS["panic"]
# Crash after crash is what is wanted here, and no pause between two.
SETTINGS = ("crash_window=5", "crash_loop=20", "probe_limit=60")
COVER_S = 60
COVERED = "moat status --json | grep -q '\"cover\": *\"takeover\"'"
# What the kernel of a domain that has booted says at the end of each part of it.
MARKS = {"kernel": "Run /init as init process", "init": "moat-init: ready",
         "disk": "moat-init: vbd .* serving "}
# moatd comes back as it does behind a kill -9, with what the file says by then.
STANDBY = '''sed -i 's/standby = .*;/standby = {0};/' /etc/moat/moatd.conf
    old=$(cat /run/lab/moatd.pid); kill -9 $old; n=0
    until [ "$(cat /run/lab/moatd.pid)" != $old ] && moat status >/dev/null 2>&1; do
    n=$((n + 1)); [ $n -lt 200 ] || exit 1; usleep 100000; done'''


def boot_phases(log, phases):
    """Of a recovery in which a domain booted: {"create_ms": ..., and one for each mark}.

    Its creation is what is left of moatd's phases, from the end of the old domain to where it
    has the disks.
    """
    ends = {}
    for name, words in MARKS.items():
        found = re.search(r"^\[ *([0-9.]+)\] " + words, log, re.MULTILINE)
        if not found:
            return {}
        ends[name] = round(float(found.group(1)) * 1000)
    took = {"create_ms": phases.get("pci_ms", 0) + phases.get("probe_ms", 0) - ends["disk"]}
    last = 0
    for name, end in ends.items():
        took[name + "_ms"], last = end - last, end
    return took


class Guarded(Testbed):
    """Boots, and has one recovery after another.

    lean: with a kernel of the storage domain's own; by_clock: see tests/system/clock.py.
    """

    def __init__(self, say, lean=False, by_clock=clock.HOST):
        super().__init__([*lab_options(os.path.join(BUILD, "overlay"), SETTINGS, cache=False,
                                       lean=lean), *clock.options(by_clock)], say=say)
        self.unjudged.add(STORAGE)
        self.allowed_log = list(kernel_log.RECOVERY)
        self.watched = self.load = self.disk = None

    def start(self):
        super().up()
        self.create("stock", "app", front="stock")
        self.watched = Watched(self)
        self.give("app")

    def down(self):
        if self.watched:
            self.watched.close()
        super().down()

    def give(self, guest):
        """The disk is a guest's, and a load runs on it."""
        self.disk = self.attach("xvdb", "nvme:0", app=guest)
        self.load = Alone(self, "flushing", "xvdb", "--sync", domain=guest)
        self.load.start()

    def end(self):
        """What is wrong with the load, "" if nothing."""
        total = self.load.end()
        wrong = {key: total[key] for key in self.load.seen if total[key]}
        return "%s %s" % (wrong, total["said"]) if wrong else ""

    def take(self):
        """The disk is nobody's; fail if the load saw anything wrong."""
        wrong = self.end()
        if wrong:
            raise Failure("the load: " + wrong)
        self.detach(self.disk)

    # ---- the four ----

    def recover(self, way):
        """{phases, pause_ms} of one recovery."""
        self.watched.standby_is_there()
        record = {"standby": self.crash, "cold": self.crash_cold,
                  "takeover": self.take_over, "upgrade": self.upgrade}[way]()
        if not record["recovered"]:
            raise Failure("%s: %s" % (way, record))
        return {"phases": record["phases"], "boot": record.get("boot", {}),
                "pause_ms": max(record["pause_ms"].values())}

    def crash(self):
        return self.watched.suffer(CRASH, self.load)

    def crash_cold(self):
        """The same without a standby; one is made again behind it."""
        self.sh("dom0", STANDBY.format("false"))
        self.sh("dom0", "xl destroy %s-standby" % STORAGE)
        self.watched.standby = False
        try:
            return self.suffer_boot()
        finally:
            self.watched.standby = True
            self.sh("dom0", STANDBY.format("true"))

    def take_over(self):
        """The same under a front end that is not Moat's, for which a standby is of no use."""
        self.take()
        self.give("stock")
        if not self.wait_until("dom0", COVERED, COVER_S):
            raise Failure("no takeover: " + self.sh("dom0", "moat status"))
        self.watched.standby = False
        try:
            return self.suffer_boot()
        finally:
            self.watched.standby = True
            self.take()
            self.give("app")

    def suffer_boot(self):
        """A crash, behind which a domain boots; the record says how long it took to what."""
        record = self.watched.suffer(CRASH, self.load)
        record["boot"] = boot_phases(self.sh(STORAGE, "dmesg"), record["phases"])
        return record

    def upgrade(self):
        return self.watched.upgrade(self.load)
