#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""moatd, and storage domains that are given much or little time; see moatd_case.py."""

import signal
import sys
import unittest

from moatd_case import Moatd

NOTE = "/moat/storage/storage/domid"    # read in each full look, of which there is one a second


class Time(Moatd):
    standby = "false"

    def looks(self, count):
        """Time goes by, for moatd too."""
        asked = self.world.store.asked
        first = asked[NOTE]
        self.wait(lambda: asked[NOTE] >= first + count, f"{count} looks")


class Given(Time):
    """heartbeat_limit is 2 s."""

    def test_starved(self):
        """One that gets no processor is not hung, however long it is silent."""
        storage = self.storage()
        with self.world.lock:
            self.world.run_on(storage, [(0.02, True), (0, False)])
            self.world.hang(storage)
        self.looks(4)
        self.assertEqual(self.events("condemned"), [], self.log())
        self.world.hang(storage, False)
        self.whole()
        # and one that could run, and does not, is
        with self.world.lock:
            self.world.run_on(storage, [(0.02, True), (0, True)])
            self.world.hang(storage)
        self.wait(lambda: self.events("recovered"), "recovered")
        event, = self.events("condemned")
        self.assertEqual((event["why"], event["text"]),
                         ("heartbeat", "its heartbeat stands still"))

    def test_last_resort(self):
        """But nobody is waited for without end."""
        with self.world.lock:
            self.world.run_on(self.storage(), [(0, False)])
            self.world.hang(self.storage())
        self.wait(lambda: self.events("recovered"), "recovered")
        event, = self.events("recovered")
        self.assertEqual(event["why"], "heartbeat")
        self.assertGreaterEqual(event["phases"]["detect_ms"], 6000)


class Busy(Time):
    """heartbeat_limit is out of reach."""

    beat = 20

    def test_loop(self):
        """A vCPU that runs for two seconds, and nothing comes of it."""
        with self.world.lock:
            self.world.run_on(self.storage(), [(1, False), (0, True)])
            self.world.hang(self.storage())
        self.wait(lambda: self.events("recovered"), "recovered")
        event, = self.events("condemned")
        self.assertEqual((event["why"], event["text"]),
                         ("heartbeat", "it runs, and its heartbeat stands still"))
        event, = self.events("recovered")
        self.assertGreaterEqual(event["phases"]["detect_ms"], 1900)
        self.assertLess(event["phases"]["detect_ms"], 15000)
        self.whole()

    def test_works(self):
        """One that runs all the time and serves is left alone."""
        self.world.run_on(self.storage(), [(1, False), (1, False)])
        self.looks(6)
        self.assertEqual(self.events("condemned"), [], self.log())


class SlowBoot(Moatd):
    """Longer than boot_limit, 5 s, as there is a twentieth of a processor for it."""

    def before(self):
        self.world.BOOT = 6.5
        self.world.vcpus = [(0.05, False)]

    def test_boot(self):
        self.whole()
        self.assertEqual(self.events("condemned") + self.events("standby-lost"), [])


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    sys.exit(unittest.main())
