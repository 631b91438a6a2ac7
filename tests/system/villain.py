# SPDX-License-Identifier: GPL-2.0
"""A half of a disk that means harm, and the neighbour that must not notice.

The kernel modules are in tests/system/hostile; docs/hostile.md says what they do.
"""
import os
import time

import own_modules
from client import vdev_number
from hostile_results import answered, total
from lasting_load import Alone
from load import in_background, verified
from runner import Failure, check

BACKING = "null_blk:memory_backed=1,discard=1,size=16"
PARAMS = {"front": {"act": "campaign"}, "back": {}}
# No message for so long: it hangs.
STILL_S = 240
# So long may the attacked disk take to go.
DETACH_S = 120
# By so many operations of the neighbour's its rate before the attack is known.
BEFORE = 100
# What a breach of the protocol may leave in the log of the half that found it, and what
# Xen says of grants that are none.
ALLOWED = {
    "front": [r"vbd.*(too many requests|cannot (serve|take up)|mapping in shared page)",
              r"moat-back.*too many requests|hostile:", r"\(XEN\).*(grant|gref|d\d+v\d+)"],
    "back": [r"vbd-51728|hostile:", r"(I/O|operation not supported|critical \w+) error.*dev xvdb",
             r"block xvdb: the back end", r"\(XEN\).*(grant|gref|d\d+v\d+)"],
}


def module(name):
    path = own_modules.path("hostile/%s.ko" % name)
    if not os.path.exists(path):
        raise Failure("build the hostile halves first: make hostile")
    return path


class Villain:
    """A domain with a hostile half in it."""
    name, kernel_module, rival = "villain", None, None

    def __init__(self, machine):
        self.machine = machine
        self.params = "/sys/module/%s/parameters" % self.kernel_module.replace("-", "_")

    def load(self, **params):
        self.machine.lab("push", self.name, module(self.kernel_module), "/tmp/hostile.ko")
        self.machine.sh(self.name, "rmmod %s; insmod /tmp/hostile.ko %s" % (
            self.rival, " ".join("%s=%s" % pair for pair in params.items())))

    def counts(self):
        """{what: how many}."""
        text = self.machine.sh(self.name, "cat %s/counts" % self.params)
        return {key: int(value) for key, value in
                (word.split("=") for word in text.split())}

    def work(self, messages, look=lambda: None, seconds=None):
        """Have it write so many messages more, or for so long; call look now and then.

        What it has begun, it ends.
        """
        self.demand(total(self.counts()) + messages)
        end = time.monotonic() + (seconds or 1e9)
        moved, before = time.monotonic(), None
        while not self.machine.wait_until(
                self.name, "grep -q Y %s/resting" % self.params, 10):
            look()
            counts = self.counts()
            if counts != before:
                moved, before = time.monotonic(), counts
            if time.monotonic() > end:
                self.demand(1)
            if time.monotonic() - moved > STILL_S:
                raise Failure("the villain hangs: %s" % counts)
        look()

    def demand(self, messages):
        self.machine.sh(self.name, "echo %d >%s/messages" % (messages, self.params))



class VillainFront(Villain):
    """An application domain with two vCPUs and a hostile front end."""
    kernel_module, rival = "moat-hostile-front", "moat_front"

    def create(self):
        self.machine.create(self.name, "app", "--vcpus", "2")

    def begin(self, storage="storage", **params):
        """Let it attack a disk of a storage domain."""
        self.load(**params)
        self.machine.lab("disk", "attach", self.name, "xvdb", "--from", storage,
                         "--backing", BACKING, "--no-wait")

    def is_served(self):
        """Nobody uses its disk."""
        return True

    def end(self):
        self.machine.destroy(self.name)


class VillainBack(Villain):
    """A storage domain with two vCPUs and a hostile back end, which serves app's xvdb.

    It is let write the "state" of its front end, which is the toolstack's: so a broken
    connection is begun anew at once.
    """
    kernel_module, rival = "moat-hostile-back", "xen_blkback"
    # Errors are what it answers with, and the application asks again.
    LOAD = ("sleep 100000 </dev/xvdb & echo $! >/run/opener.pid; until [ -e /run/enough ]; do "
            "fio --filename=/dev/xvdb --direct=1 --ioengine=libaio --iodepth=32 --thread "
            "--size=15m --time_based --runtime=3600 --continue_on_error=all --randrepeat=0 "
            "--name=data --rw=randrw --bssplit=4k/90:32k/8:128k/2 --fdatasync=64 "
            "--name=trim --rw=randtrim --bs=64k --iodepth=2; done")

    def __init__(self, machine):
        super().__init__(machine)
        self.disk = None

    def create(self):
        self.machine.create(self.name, "storage", "--vcpus", "2", back="stock")

    def begin(self, **params):
        """Have it serve a disk, honestly at first, and put a load on it."""
        machine = self.machine
        self.load(**params)
        self.disk = machine.attach("xvdb", BACKING, storage=self.name)
        node = "/local/domain/%d/device/vbd/%d/state" % (machine.domid("app"),
                                                         vdev_number("xvdb"))
        machine.sh("dom0", "xenstore-chmod %s n%d b%d" % (
            node, machine.domid("app"), machine.domid(self.name)))
        self.disk.front.set("give_up_s", 0)
        machine.sh("app", "rm -f /run/enough")
        in_background(machine, "app", "attacked", self.LOAD)

    def is_served(self):
        """Now that it is honest: does its disk come back, and move?"""
        if not self.machine.wait_until(
                "dom0", "[ \"$(xenstore-read /local/domain/%d/device/vbd/%d/moat-state)\" = up ]"
                % (self.machine.domid("app"), vdev_number("xvdb")), STILL_S):
            return False
        done = self.counts()["good"]
        return self.machine.wait_until(
            self.name, "[ $(sed 's/.*good=\\([0-9]*\\).*/\\1/' %s/counts) -gt %d ]"
            % (self.params, done), STILL_S)

    def end(self):
        """Take its disk away while it attacks and the disk is in use.

        By force: it would not say that it has closed.
        """
        machine = self.machine
        self.demand(total(self.counts()) + 10 ** 9)
        machine.lab("disk", "detach", "app", "xvdb", "--force", timeout=DETACH_S)
        check(machine.wait_until("app", "! [ -e /sys/block/xvdb ]", DETACH_S),
              "the attacked disk cannot be removed")
        machine.sh("app", "touch /run/enough; kill $(cat /run/opener.pid); "
                   "while killall -9 fio; do usleep 100000; done 2>/dev/null; true")
        machine.disks.remove(self.disk)
        machine.destroy(self.name)


def is_fresh(machine):
    """Behind it all: an honest disk of the same storage domain, and its data."""
    disk = machine.attach("xvdb", "memory")
    verified(disk)
    machine.detach(disk)


class Neighbour(Alone):
    """A verified load on an honest disk; how far it got is counted in operations."""

    def __init__(self, machine, vdev="xvdc"):
        super().__init__(machine, "neighbour", vdev, "--sync")

    def start(self):
        self.machine.attach(self.disk, "memory")
        super().start()

    def look(self):
        """(time in ms, operations so far)."""
        return tuple(self.writers[0].look()[:2])

    def rate(self):
        """Operations a second, of the next ones."""
        ms, had = self.look()
        check(self.machine.wait_until("app", "[ $(tail -n 1 %s | cut -d ' ' -f 5) -gt %d ]" % (
            self.writers[0].log, had + BEFORE), STILL_S), "the neighbour stands still")
        now, have = self.look()
        return 1000 * (have - had) / (now - ms)


class Attack:
    """A villain and its neighbour on a machine that is up."""

    def __init__(self, machine, direction, seed):
        self.machine, self.direction, self.seed = machine, direction, seed
        self.villain = {"front": VillainFront, "back": VillainBack}[direction](machine)
        self.neighbour = Neighbour(machine)
        self.allowed = ALLOWED[direction]

    def lines(self):
        """How long the attacked domain's kernel log is."""
        attacked = {"front": "storage", "back": "app"}[self.direction]
        return len(self.machine.lab("log", attacked).stdout.splitlines())

    def run(self, messages, say, seconds=None):
        """Write so many messages, or for so long; return the record but for the logs."""
        began, lines = time.monotonic(), self.lines()
        # Before the neighbour: two processors are few to boot a domain on beside a load.
        self.villain.create()
        self.neighbour.start()
        self.villain.begin(seed=self.seed, **PARAMS[self.direction])
        before = self.neighbour.rate()
        beside, (ms, had) = answered(self.villain.counts()), self.neighbour.look()

        def look():
            counts = self.villain.counts()
            say("%8d messages, %d connections, %d broken; neighbour %d" % (
                total(counts), counts["connected"], counts["broken"],
                self.neighbour.look()[1] - had), flush=True)

        self.villain.work(messages, look, seconds)
        counts = self.villain.counts()
        record = {"direction": self.direction, "seed": self.seed, "counts": counts,
                  "said": "", "log": [], "fresh": False}
        if not self.villain.is_served():
            record["said"] = "the attacked disk does not come back; "
        now, have = self.neighbour.look()
        beside = answered(self.villain.counts()) - beside
        record.update(took_s=round(time.monotonic() - began), lines=self.lines() - lines,
                      time=int(time.time()))
        self.villain.end()
        is_fresh(self.machine)
        record["fresh"] = True
        words = self.neighbour.end()
        record["neighbour"] = {"operations": have - had, "ms": now - ms, "beside": beside,
                               "before": round(before, 1),
                               **{key: words[key] for key in ("lost", "corrupt", "errors")}}
        record["said"] += words["said"]
        self.machine.clean_up()
        return record
