#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""What many disks cost moatd: reads of xenstore, counted; see moatd_case.py.

$GUESTS, $DISKS and $STORAGES make it larger or smaller: guests, disks of each, storage
domains, among which each guest's disks are shared out in turn.
"""

import os
import re
import signal
import sys
import time
import unittest

from moatd_case import Moatd

GUESTS, DISKS, STORAGES = (int(os.environ.get(name, value)) for name, value in (
    ("GUESTS", 50), ("DISKS", 10), ("STORAGES", 8)))
DISK = re.compile(r"(?:libxl/|domain/|backend/vbd/)(\d+)/(?:device/vbd/)?(\d+)(?:/|$)")
BEAT = "/local/domain/%d/data/moat/heartbeat"


class Scale(Moatd):
    """STORAGES storage domains with a standby each; their hosts are slow, so they get time."""

    beat, boot, probe = 60, 60, 60
    count = STORAGES

    def setUp(self):
        self.storages = {f"storage{n}": f"0000:{n + 1:02x}:00.0" for n in range(self.count)}
        super().setUp()

    def before(self):
        self.world.TICK, self.world.BEAT = 0.1, 1
        for bdf in self.storages.values():
            self.world.touch(f"assignable.{bdf}")

    def begin(self):
        self.wait(lambda: all((s["standby"] or {}).get("state") == "ready"
                              for s in self.all()), "all standbys")
        self.guests = [self.world.make_domain(f"guest{n}", "app") for n in range(GUESTS)]
        self.domids = {name: self.world.domid(name) for name in self.storages}

    def all(self):
        return self.ask(command="status")["storage"]

    def wait(self, condition, what, seconds=120):
        super().wait(condition, what, seconds)

    def reads(self):
        """All that moatd has read, its own notes too."""
        return sum(list(self.world.store.asked.values()))

    def attach(self):
        """Each guest's disks, on STORAGES storage domains in turn, but for those there are not.

        Returns [(guest, device)].
        """
        disks = []
        for number, guest in enumerate(self.guests):
            for turn in range(DISKS):
                storage = self.domids.get(f"storage{(number + turn) % STORAGES}")
                disk = guest, 51712 + 16 * turn
                if storage:
                    self.world.attach(*disk, storage)
                    disks.append(disk)
        self.wait(lambda: all(self.world.store.read(f"/libxl/{guest}/device/vbd/{device}/"
                                                    "moat-served") for guest, device in disks),
                  "all disks noted as served")
        return disks

    def beats(self, count):
        """So many seconds go by, for a storage domain, too."""
        path = BEAT % self.domids["storage0"]
        first = int(self.world.store.read(path))
        self.wait(lambda: int(self.world.store.read(path)) >= first + count, f"{count} beats")

    def recover(self, disks):
        """The first storage domain crashes. Returns the event and what was read until then:
        of its disks, of others' (both for each disk), of all; and the seconds it took."""
        first, began = self.domids["storage0"], time.monotonic()
        own = {disk for disk in disks if self.backend(*disk) == first}
        before = self.world.store.asked.copy()
        self.world.end_domain(first, "crashed")
        self.wait(lambda: self.events("recovered"), "recovered")
        seconds = time.monotonic() - began
        read = self.world.store.asked - before
        event, = self.events("recovered")
        self.assertEqual((event["left"], event["disks"]), (0, len(own)))
        by_disk = [(DISK.search(path), n) for path, n in read.items()]
        mine = sum(n for at, n in by_disk if at and tuple(map(int, at.groups())) in own)
        all_disks = sum(n for at, n in by_disk if at)
        return (event, mine / len(own), (all_disks - mine) / max(len(disks) - len(own), 1),
                sum(read.values()), seconds)

    def backend(self, guest, device):
        return int(self.world.store.read(f"/local/domain/{guest}/device/vbd/{device}/backend-id"))

    def check_recovery(self, disks):
        event, mine, others, total, seconds = self.recover(disks)
        print(f"recovery of one with {event['disks']} disks of {len(disks)}: {mine:.0f} reads of "
              f"each, {others:.1f} of each other, {total} of all, in {seconds:.1f} s",
              file=sys.stderr)
        self.assertLessEqual(mine, 120)
        self.assertLessEqual(others, max(seconds, 1))     # as when nothing happens


class Alone(Scale):
    """The first storage domain has the same disks, and there is no other."""

    count = 1

    def test_recovery(self):
        self.check_recovery(self.attach())


class Many(Scale):
    def test_many(self):
        before, began = self.reads(), time.monotonic()
        disks = self.attach()
        cost = (self.reads() - before) / len(disks)
        print(f"{len(disks)} disks of {GUESTS} guests on {STORAGES} storage domains\n"
              f"first connection: {cost:.1f} reads a disk, in {time.monotonic() - began:.1f} s",
              file=sys.stderr)
        self.assertLessEqual(cost, 30)
        before, began = self.reads(), time.monotonic()
        self.beats(35)      # longer than anything is believed without another look
        idle = (self.reads() - before) / len(disks) / (time.monotonic() - began)
        print(f"idle: {idle:.2f} reads a disk and second", file=sys.stderr)
        self.assertLessEqual(idle, 1)
        self.check_recovery(disks)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    sys.exit(unittest.main())
