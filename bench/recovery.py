# SPDX-License-Identifier: GPL-2.0
"""The machine on which recoveries are measured: one NVMe controller, and moatd.

A writer that flushes runs in the application domain all the time, and says how long its
slowest request took; moatd says how long each phase did.
"""
import os

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
# moatd comes back as it does behind a kill -9, with what the file says by then.
STANDBY = '''sed -i 's/standby = .*;/standby = {0};/' /etc/moat/moatd.conf
    old=$(cat /run/lab/moatd.pid); kill -9 $old; n=0
    until [ "$(cat /run/lab/moatd.pid)" != $old ] && moat status >/dev/null 2>&1; do
    n=$((n + 1)); [ $n -lt 200 ] || exit 1; usleep 100000; done'''


class Guarded(Testbed):
    """Boots, and has one recovery after another."""

    def __init__(self, say):
        super().__init__(lab_options(os.path.join(BUILD, "overlay"), SETTINGS, cache=False),
                         say)
        self.unjudged.add(STORAGE)
        self.allowed_log = list(kernel_log.RECOVERY)
        self.watched = self.load = None

    def start(self):
        super().up()
        self.attach("xvdb", "nvme:0")
        self.watched = Watched(self)
        self.load = Alone(self, "flushing", "xvdb", "--sync")
        self.load.start()

    def down(self):
        if self.watched:
            self.watched.close()
        super().down()

    def end(self):
        """What is wrong with the load, "" if nothing."""
        total = self.load.end()
        wrong = {key: total[key] for key in self.load.seen if total[key]}
        return "%s %s" % (wrong, total["said"]) if wrong else ""

    # ---- the three ----

    def recover(self, way):
        """{phases, pause_ms} of one recovery."""
        self.watched.standby_is_there()
        record = {"standby": self.crash, "cold": self.crash_cold,
                  "upgrade": self.upgrade}[way]()
        if not record["recovered"]:
            raise Failure("%s: %s" % (way, record))
        return {"phases": record["phases"], "pause_ms": max(record["pause_ms"].values())}

    def crash(self):
        return self.watched.suffer(CRASH, self.load)

    def crash_cold(self):
        """The same without a standby; one is made again behind it."""
        self.sh("dom0", STANDBY.format("false"))
        self.sh("dom0", "xl destroy %s-standby" % STORAGE)
        self.watched.standby = False
        try:
            return self.watched.suffer(CRASH, self.load)
        finally:
            self.watched.standby = True
            self.sh("dom0", STANDBY.format("true"))

    def upgrade(self):
        return self.watched.upgrade(self.load)
