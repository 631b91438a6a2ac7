# SPDX-License-Identifier: GPL-2.0
"""Each allocation that a half makes in a step comes to nothing once.

tests/system/scarce denies, in one domain, the first allocation of the module that was not
denied before; so a step is done again and again, until nothing in it is left to deny. A disk
that could not be attached must be gone without a trace when it is detached; one that was
attached must live, and lose nothing. A failure that the disk gets over is told at the end,
with all others.

A step has a hundred places and more. For runs that must be short, MOAT_BURST=N denies so many in
one step, the next one when the half tries again, and MOAT_PLACES=FIRST,COUNT takes COUNT steps from
the FIRST place on, in the order in which they are met. (A driver's probe is not tried again, and
what xenbus tells of it is told once: there a burst means that nobody hears of the failure.)
"""
import os

import leaks
import own_modules
from load import finished, in_background, verified, verify_loop
from runner import Failure, check
from test_leaks import target_of
from toolstack import Reconnection

CACHED = "null_blk:memory_backed=1,size=16,cache_size=8"
HALVES = {"app": "moat_front", "storage": "moat_back"}
PARAMETERS = "/sys/module/moat_scarce/parameters/"
# Far above what any step has; a half that allocates elsewhere each time is a defect, too.
PLACES = 400
FIRST, COUNT = map(int, os.environ.get("MOAT_PLACES", "0,%d" % PLACES).split(","))
BURST = int(os.environ.get("MOAT_BURST", "1"))
ATTACH_S, RECONNECT_S = 5, 15
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
        machine.sh(domain, "rmmod moat_scarce 2>/dev/null || true; insmod /tmp/moat-scarce.ko; "
                   "set -- $(grep '^%s ' /proc/modules); cd %s; "
                   "echo $2 >size; echo $6 >begin; echo %d >skip"
                   % (HALVES[domain], PARAMETERS, FIRST))

    def arm(self):
        """Have the next new allocations denied."""
        self.machine.sh(self.domain, "dmesg -c >/dev/null; echo %d >%sarmed"
                        % (BURST, PARAMETERS))

    def disarm(self):
        """Deny nothing. Return: how many places were denied so far."""
        return int(self.machine.sh(self.domain, "cd %s; echo 0 >armed; cat denied" % PARAMETERS))

    def where(self):
        """The stacks of those that were denied last, for a report."""
        return self.machine.sh(self.domain, "dmesg | grep 'moat_scarce: ' || true")

    def each(self, name, step, recover):
        """Do a step until it has nothing left to deny.

        step(): arms and disarms; recover(): fails where there is harm that lasts.
        Return: how many places there were.
        """
        wrong, before = [], 0
        for _ in range(COUNT):
            try:
                step()
            except Failure as failure:
                self.disarm()
                wrong.append("%s\n%s" % (failure, self.where()))
                self.machine.say(wrong[-1])
                recover(wrong)
            denied = self.disarm()
            if denied == before:
                break
            before = denied
            self.machine.say("%s of %s: %d" % (name, HALVES[self.domain], denied))
        check(not wrong, "\n".join(wrong))
        check(before < PLACES, "still something to deny after %d times" % before)
        self.machine.say("%s of %s: %d places" % (name, HALVES[self.domain], before))
        return before


DISK = "format=raw,backendtype=phy,backend=storage,vdev=xvdb,access=w,target="
FRONT = "front=/local/domain/$(xl domid app)/device/vbd/51728\n"
# Both are connected, or one of them has given up. An attach that xl gives up has failed, too.
ATTACH = FRONT + """
xl block-attach app "$0$1" || exit 0
n=0
while [ $n -lt $2 ]; do
    n=$((n + 1))
    back=$(xenstore-read $front/backend)
    case $(xenstore-read $front/state),$(xenstore-read $back/state) in
        4,4|*[56]*) exit 0;;
    esac
    usleep 100000
done 2>/dev/null
echo "neither there nor not: states $(xenstore-read $front/state), $(xenstore-read $back/state)"
"""
# By force where it does not go otherwise; and then as if it had never been.
DETACH = FRONT + """
back=$(xenstore-read $front/backend 2>/dev/null)
xl block-detach app xvdb || xl block-detach --force app xvdb
n=0
while xenstore-exists $front || xenstore-exists $back; do
    n=$((n + 1))
    [ $n -lt $2 ] || { echo "nodes that stay:"; xenstore-ls -f $front; xenstore-ls -f $back; exit; }
    usleep 100000
done 2>/dev/null
"""


# The disk is up, or its back end has closed.
SETTLED = """
case $(xenstore-read FRONT/moat-state),$(xenstore-read $(xenstore-read FRONT/backend)/state) in
    up,*|*,[56]) true;;
    *) false;;
esac 2>/dev/null
"""


class Attaching:
    """A disk that comes and goes, below the lab: over and over on one device."""

    def __init__(self, machine):
        self.machine = machine
        disk = machine.attach("xvdb", "memory:16M")
        self.target = target_of(machine, disk)
        self.detach()

    def script(self, text, what):
        """Run a script in dom0, which says what is wrong."""
        done = self.machine.lab("exec", "dom0", "--", "sh", "-c", text, DISK, self.target,
                                str(ATTACH_S * self.machine.pace * 10), check=False)
        said = (done.stdout + done.stderr).strip()
        check(not done.returncode, "%s: %s" % (what, said))
        return said

    def attach(self):
        said = self.script(ATTACH, "attach")
        check("neither there" not in said, said)

    def detach(self):
        said = self.script(DETACH, "detach")
        check("nodes that stay" not in said, said)
        check(self.machine.wait_until("app", "[ ! -e /dev/xvdb ]"), "the device stays")

    def recover(self, wrong):
        """What has failed so far must not keep the next one away."""
        try:
            self.detach()
            self.attach()
            self.detach()
        except Failure as failure:
            check(False, "\n".join([*wrong, "and for good: %s" % failure]))


def handshake(machine, domain):
    scarce, disk = Scarce(machine, domain), Attaching(machine)

    def step():
        scarce.arm()
        disk.attach()
        scarce.disarm()
        disk.detach()

    places = scarce.each("handshake", step, disk.recover)
    check(places > 5, "only %d allocations seen" % places)


def test_handshake_of_the_front_end(machine):
    handshake(machine, "app")


def test_handshake_of_the_back_end(machine):
    handshake(machine, "storage")


def teardown(machine, domain):
    scarce, disk = Scarce(machine, domain), Attaching(machine)

    def step():
        scarce.disarm()
        disk.attach()
        check(machine.wait_until("app", "[ -b /dev/xvdb ]"), "it does not come")
        scarce.arm()
        disk.detach()

    scarce.each("teardown", step, disk.recover)


def test_teardown_of_the_front_end(machine):
    teardown(machine, "app")


def test_teardown_of_the_back_end(machine):
    teardown(machine, "storage")


def reconnection(machine, domain, busy):
    """The disk comes back each time, with what was not flushed, under a load if busy."""
    scarce, disk = Scarce(machine, domain), machine.attach("xvdb", CACHED)
    link = Reconnection(disk)

    def back_state():
        return machine.try_sh("dom0", "xenstore-read $(xenstore-read %s/backend)/state"
                              % link.front)[1].strip()

    def connect(wrong=()):
        link.cut()
        link.connect()
        machine.wait_until("dom0", "(%s)" % SETTLED.replace("FRONT", link.front), RECONNECT_S)
        # One that could not even begin says so, and it is for the toolstack to make another.
        if back_state() in ("5", "6"):
            machine.say("the back end has closed, and is made anew:\n" + scarce.where())
            scarce.disarm()
            link.cut()
            link.connect()
        check(link.wait("moat-state", "up", RECONNECT_S), "\n".join(
            [*wrong, "moat-state is %s, moat-trouble %s, states %s, %s" % (
                link.read("moat-state"), link.read("moat-trouble"), link.read("state"),
                back_state())]))

    def step():
        if busy:
            before = disk.front.counters()["writes"]
            in_background(machine, "app", "load", verify_loop(disk, 10))
            check(machine.wait_until("app", "[ $(cat %s/ring0/writes) -gt %d ]"
                                     % (disk.front.path, before + 20)), "the load never started")
        else:
            machine.sh("app", "dd if=/dev/urandom of=/dev/xvdb bs=4k count=32 oflag=direct "
                       "2>/dev/null")
        scarce.arm()
        connect()
        scarce.disarm()
        if busy:
            finished(machine, "app", "load", 120)

    def recover(wrong):
        connect(wrong)
        if busy:
            finished(machine, "app", "load", 120)

    scarce.each("reconnection", step, recover)
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
