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

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                       "../../build/tests/writer/asker")
# Where it is in the domain.
ASKER = "/run/asker"
BACKING = "null_blk:memory_backed=1,discard=1,size=16"
PARAMS = {"front": {"act": "campaign"}, "back": {}}
# No message for so long: it hangs.
STILL_S = 240
# How seldom it is looked at: that takes time from what it does.
LOOK_S = 15
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

    def state(self):
        """(whether it rests, {what: how many})."""
        resting, *words = self.machine.sh(
            self.name, "cd %s; cat resting counts" % self.params).split()
        return resting == "Y", {key: int(value) for key, value in
                                (word.split("=") for word in words)}

    def counts(self):
        """{what: how many}."""
        return self.state()[1]

    def work(self, messages, look=lambda counts: None, seconds=None):
        """Have it write so many messages more, or for so long; call look now and then.

        What it has begun, it ends. It is asked from here: a shell that loops there gets on
        too slowly beside what it does.
        """
        self.demand(total(self.counts()) + messages)
        end = time.monotonic() + (seconds or 1e9)
        moved, (resting, counts) = time.monotonic(), self.state()
        while not resting:
            look(counts)
            before = counts
            time.sleep(LOOK_S)  # check-ok: sleep: a poll step, bounded by the deadlines below
            resting, counts = self.state()
            if counts != before:
                moved = time.monotonic()
            if time.monotonic() - moved > STILL_S:
                raise Failure("the villain hangs: %s" % counts)
            if time.monotonic() > end:
                self.demand(1)
        look(counts)

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
    LOAD = "until [ -e /run/enough ]; do %s --depth 128 /dev/xvdb || sleep 1; done" % ASKER

    def __init__(self, machine):
        super().__init__(machine)
        self.disk = None

    def create(self):
        self.machine.create(self.name, "storage", "--vcpus", "2", back="stock")

    def serve(self, **params):
        """Have it serve a disk, honestly at first."""
        self.load(**params)
        self.disk = self.machine.attach("xvdb", BACKING, storage=self.name)

    def begin(self, **params):
        """The same, and put a load on it."""
        machine = self.machine
        self.serve(**params)
        node = "/local/domain/%d/device/vbd/%d/state" % (machine.domid("app"),
                                                         vdev_number("xvdb"))
        machine.sh("dom0", "xenstore-chmod %s n%d b%d" % (
            node, machine.domid("app"), machine.domid(self.name)))
        self.disk.front.set("give_up_s", 0)
        machine.sh("app", "rm -f /run/enough")
        machine.lab("push", "app", PROGRAM, ASKER)
        in_background(machine, "app", "attacked", self.LOAD)

    def is_served(self):
        """Now that it is honest: does its disk come back, and move?"""
        if not self.machine.wait_until(
                "dom0", "[ \"$(xenstore-read /local/domain/%d/device/vbd/%d/moat-state)\" = up ]"
                % (self.machine.domid("app"), vdev_number("xvdb")), STILL_S):
            return False
        done, end = self.counts()["good"], time.monotonic() + STILL_S
        while self.counts()["good"] == done:
            if time.monotonic() > end:
                return False
        return True

    def end(self):
        """Take its disk away while it attacks and the disk is in use."""
        self.demand(total(self.counts()) + 10 ** 9)
        self.leave("touch /run/enough; "
                   "while killall -9 asker; do usleep 100000; done 2>/dev/null; true")

    def leave(self, then="true"):
        """Take its disk away, have app do something, and destroy it.

        By force: it would not say that it has closed. xl waits for that nevertheless, takes
        the front end's directory away, fails, and takes away the rest when it is asked again.
        """
        machine = self.machine
        self.detach()
        check(machine.wait_until("app", "! [ -e /sys/block/xvdb ]", DETACH_S),
              "its disk cannot be removed")
        machine.sh("app", then)
        machine.disks.remove(self.disk)
        machine.destroy(self.name)
        self.detach()

    def detach(self):
        self.machine.lab("disk", "detach", "app", "xvdb", "--force", timeout=DETACH_S,
                         check=False)


def is_fresh(machine):
    """Behind it all: an honest disk of the same storage domain, and its data."""
    disk = machine.attach("xvdb", "memory")
    verified(disk)
    machine.detach(disk)


class Neighbour(Alone):
    """A verified load on an honest disk; how far it got is counted in operations."""

    def __init__(self, machine, vdev="xvdc"):
        # One request at a time, so that most of the machine is the villain's.
        super().__init__(machine, "neighbour", vdev, "--sync", "--threads", "1")

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

        def look(counts):
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
