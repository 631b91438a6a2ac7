# SPDX-License-Identifier: GPL-2.0
"""The machine on which fairness is measured: one reader, and guests that ask for all.

The reader asks for 4 KiB at a time. Each of the others has four disks, and on each of them
64 requests of 512 KiB in flight. All are served by one storage domain with one vCPU.
"""
import json
import os

from shell import Shell
from testbed import Testbed

BUILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "build", "bench")
LOAD = "/run/load"
BUSY = (0, 1, 8)
DISKS = ("xvdb", "xvdc", "xvdd", "xvde")
BACKING = "null_blk:size=64"
READER = LOAD + " -e sync -W 200 -t %d %s"
GREEDY = "for d in %s; do " + LOAD + " -e aio -d 64 -b 524288 -t %d $d >/dev/null & done; wait"
# How much longer than the reader the others are at it: they begin first, and end last.
BEYOND_MS = 20000


class Crowd(Testbed):
    """Boots with one reader, and takes in more guests when it is told to."""

    def __init__(self, say, module_args=()):
        super().__init__(["--no-disk", "--memory", "8G",
                          *(word for text in module_args for word in ("--module-args", text))],
                         say)
        self.busy, self.shells, self.reader = {}, {}, None

    def start(self):
        super().up()
        self.reader = self.attach("xvdb", BACKING)
        self.enter("app")
        self.shells["app"].run(READER % (500, self.reader.dev))

    def enter(self, name):
        self.lab("push", name, os.path.join(BUILD, "load"), LOAD)
        self.shells[name] = Shell(name)

    def down(self):
        for shell in self.shells.values():
            shell.close()
        super().down()

    def crowd(self, count):
        """Have so many guests beside the reader's."""
        for number in range(len(self.busy), count):
            name = "busy%d" % number
            self.create(name, "app", "--memory", "384")
            self.busy[name] = [self.attach(vdev, BACKING, app=name) for vdev in DISKS]
            self.enter(name)

    def measure(self, count, milliseconds):
        """The reader's figures beside so many guests, and what these had meanwhile."""
        guests = list(self.busy)[:count]
        for name in guests:
            self.shells[name].start(GREEDY % (" ".join(d.dev for d in self.busy[name]),
                                              milliseconds + BEYOND_MS))
        for name in guests:
            for disk in self.busy[name]:
                self.wait_until("storage", "[ $(cat %s/ring0/reads) -gt 0 ]" % disk.back.path, 60)
        text = self.shells["app"].run(READER % (milliseconds, self.reader.dev), timeout=120)
        for name in guests:
            self.shells[name].finish(timeout=300)
        said = json.loads(text)
        return {"busy": count, "iops": said["iops"], "p50_us": said["p50_ns"] / 1000,
                "p99_us": said["p99_ns"] / 1000}
