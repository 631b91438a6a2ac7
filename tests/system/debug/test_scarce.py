# SPDX-License-Identifier: GPL-2.0
"""Each allocation that a half makes in a step comes to nothing once.

tests/system/scarce denies, in one domain, the first allocation of the module that was not
denied before; so a step is done again and again, until nothing in it is left to deny. A disk
that could not be attached must be gone without a trace when it is detached; one that was
attached must live, and lose nothing.
"""
import leaks
import own_modules
from load import finished, in_background, verified, verify_loop
from runner import check
from toolstack import Reconnection

CACHED = "null_blk:memory_backed=1,size=16,cache_size=8"
HALVES = {"app": "moat_front", "storage": "moat_back"}
PARAMETERS = "/sys/module/moat_scarce/parameters/"
# Far above what any step has; a half that allocates elsewhere each time is a defect, too.
PLACES = 300
ATTACH_S, RECONNECT_S = 10, 60
# What a half may say when it is out of memory; no report of a debug kernel begins like that.
SAID = [r"^(?!.*(WARNING|BUG|UBSAN)).*(moat|vbd).*(ENOMEM|memory|-12|error -\d+|cannot|fail)",
        r"xenbus.*(error|fail)", r"I/O error"]


class Scarce:
    """The module in one domain, which denies allocations of one half."""

    def __init__(self, machine, domain):
        self.machine, self.domain = machine, domain
        machine.allowed_log.extend(SAID)
        machine.lab("push", domain, own_modules.path("scarce/moat-scarce.ko"),
                    "/tmp/moat-scarce.ko")
        machine.sh(domain, "rmmod moat_scarce 2>/dev/null; insmod /tmp/moat-scarce.ko; "
                   "set -- $(grep '^%s ' /proc/modules); "
                   "echo $2 >%ssize; echo $6 >%sbegin"
                   % (HALVES[domain], PARAMETERS, PARAMETERS))

    def arm(self, on=True):
        """Have the next new allocation denied, or no more."""
        self.machine.sh(self.domain, "echo %s >%sarmed" % ("Y" if on else "N", PARAMETERS))

    def denied(self):
        """How many places were denied so far."""
        return int(self.machine.sh(self.domain, "cat %sdenied" % PARAMETERS))

    def where(self):
        """The stack of the last one, for a report."""
        return self.machine.sh(self.domain, "dmesg | grep -A 24 'moat_scarce: place' | "
                               "tail -n 30 || true")

    def each(self, step):
        """Do a step until it has nothing left to deny; step(denied) says whether it was."""
        for before in range(PLACES):
            self.arm()
            step()
            self.arm(False)
            if self.denied() == before:
                return before
        check(False, "still something to deny after %d times" % PLACES)
        return PLACES


# Both are connected, or one of them has given up.
SETTLED = """
front=/local/domain/$(xl domid app)/device/vbd/51728
case $(xenstore-read $front/state),$(xenstore-read $(xenstore-read $front/backend)/state) in
    4,4|*[56]*) true;;
    *) false;;
esac 2>/dev/null
"""


def attach_somehow(machine, scarce):
    """Attach with an allocation denied; whatever came of it, it can be undone."""
    machine.lab("disk", "attach", "app", "xvdb", "--from", "storage", "--backing", "memory:16M",
                "--no-wait", check=False)
    check(machine.wait_until("dom0", "( %s )" % SETTLED, ATTACH_S), "neither there nor not; "
          + scarce.where())
    scarce.arm(False)
    done = machine.lab("disk", "detach", "app", "xvdb", check=False)
    if done.returncode:
        machine.lab("disk", "detach", "app", "xvdb", "--force", check=False)
    check(machine.wait_until("app", "[ ! -e /dev/xvdb ]"), "it stays; " + scarce.where())


def handshake(machine, domain):
    scarce = Scarce(machine, domain)
    places = scarce.each(lambda: attach_somehow(machine, scarce))
    check(places > 5, "only %d allocations seen" % places)
    disk = machine.attach("xvdb", "memory:16M")
    verified(disk, size="1m")
    disk.detach()


def test_handshake_of_the_front_end(machine):
    handshake(machine, "app")


def test_handshake_of_the_back_end(machine):
    handshake(machine, "storage")


def teardown(machine, domain):
    scarce = Scarce(machine, domain)

    def step():
        scarce.arm(False)
        disk = machine.attach("xvdb", "memory:16M")
        scarce.arm()
        disk.detach()
        check(machine.wait_until("app", "[ ! -e /dev/xvdb ]"), "it stays; " + scarce.where())

    scarce.each(step)


def test_teardown_of_the_front_end(machine):
    teardown(machine, "app")


def test_teardown_of_the_back_end(machine):
    teardown(machine, "storage")


def reconnection(machine, domain, busy):
    """The disk comes back each time, with what was not flushed, under a load if busy."""
    scarce, disk = Scarce(machine, domain), machine.attach("xvdb", CACHED)
    link = Reconnection(disk)

    def step():
        scarce.arm(False)
        if busy:
            before = disk.front.counters()["writes"]
            in_background(machine, "app", "load", verify_loop(disk, 10))
            check(machine.wait_until("app", "[ $(cat %s/ring0/writes) -gt %d ]"
                                     % (disk.front.path, before + 20)), "the load never started")
        else:
            machine.sh("app", "dd if=/dev/urandom of=/dev/xvdb bs=4k count=32 oflag=direct "
                       "2>/dev/null")
        scarce.arm()
        link.cut()
        link.connect()
        check(link.wait("moat-state", "up", RECONNECT_S), "moat-state is %s, moat-trouble %s; %s"
              % (link.read("moat-state"), link.read("moat-trouble"), scarce.where()))
        if busy:
            finished(machine, "app", "load", 120)

    scarce.each(step)
    verified(disk, size="1m")


def test_reconnection_of_the_front_end(machine):
    reconnection(machine, "app", False)


def test_reconnection_of_the_back_end(machine):
    reconnection(machine, "storage", False)


def test_replay_under_load(machine):
    reconnection(machine, "app", True)


def test_nothing_is_lost(machine):
    """No failure on the way has left anything behind."""
    for domain in HALVES:
        text = leaks.found(machine, domain)
        check(not text, "%s: %s" % (domain, text[:4000]))
