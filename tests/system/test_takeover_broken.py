# SPDX-License-Identifier: GPL-2.0
"""What a takeover is made of, and what a stock guest sees where a part of it is missing.

A storage domain dies at a bad moment: one answer of a deep load has not been given, though later
ones have, and the event of another's last answer has not been sent. The same again with back
ends that keep no journal, send no event when they take a ring up, or answer writes that
only their own cache has.
"""
import own_modules
from load import stopped, until_told, verify_loop
from runner import check
from stock_guest import Guest, paused

MODULE = own_modules.path("faults/moat-fault.ko")
PARAMETERS = "/sys/module/moat_fault/parameters"
# A run of the load ends with its last answer, so not before that comes.
RUN_S = 15
BLOCKS = 512


def lab():
    """The machine these cases need: a stock guest, and a file system in the storage domain."""
    return ["--no-disk", "--front", "stock", "--nvme", "2", "--cache-nvme", "1",
            "--nvme-size", "256M", "--vcpus", "3"]


def arm(machine):
    """Bring the injector of faults into the storage domain that there is now."""
    machine.lab("push", "storage", MODULE, "/run/moat-fault.ko")
    machine.sh("storage", "insmod /run/moat-fault.ko hits=1")


def inject(machine, fault, ring="/"):
    machine.sh("storage", "cd %s; printf %s >of; echo %s >inject" % (PARAMETERS, ring, fault))


def strikes(machine, fault, seconds=60):
    check(machine.wait_until("storage", "dmesg | grep -q 'moat-fault: %s strikes'" % fault,
                             seconds), "%s does not strike" % fault)


class Moment:
    """A guest with two disks, and the worst moment for their storage domain to die."""

    def __init__(self, machine):
        self.machine = machine
        self.deep = Guest(machine)
        self.single = Guest(machine, "cache:16M", vdev="xvdc")
        arm(machine)

    def ring(self, guest):
        return "/vbd/%d/%d" % (guest.link.app, guest.link.number)

    def load(self, guest, name, depth, bs):
        until_told(self.machine, "app", name, verify_loop(guest.disk, RUN_S, depth, bs))
        guest.goes_on()

    def comes(self, fault):
        """An event is lost; fault: what becomes of an answer, and of those behind it."""
        machine = self.machine
        # The only one that is sent events.
        self.load(self.single, "single", 1, "4k")
        inject(machine, "mute")
        strikes(machine, "mute")
        self.load(self.deep, "deep", 8, "4k-64k")
        inject(machine, fault, self.ring(self.deep))
        # What else is in flight is answered at once; fio soon waits for the one that is not.
        strikes(machine, fault)

    def replaced(self, *others, mute=False):
        """It dies; mute: its successor does not send the event of a ring that it takes up."""
        self.deep.born(self.deep.die(paused))
        if mute:
            arm(self.machine)
            inject(self.machine, "mute")
        for guest in (self.single, self.deep, *others):
            guest.link.take_up(guest.owed)
            guest.taken_up()
        if mute:
            strikes(self.machine, "mute", 1)

    def answered(self):
        """How much of the single one's the domain that there is now has answered."""
        return self.single.count("reads") + self.single.count("writes")


def test_nothing_is_missing(machine):
    """Both loads go on, and find what they wrote."""
    moment = Moment(machine)
    moment.comes("hold-back")
    moment.replaced()
    check(moment.deep.count("taken_up"), "nothing was found unanswered")
    moment.single.goes_on()
    moment.deep.goes_on()
    machine.sh("app", "touch /run/single.stop /run/deep.stop")
    stopped(machine, "app", "single", 240)
    stopped(machine, "app", "deep", 240)


def test_each_part_is_missed(machine):
    """No journal, no event, no writing through: each on a disk of its own, and noticed."""
    machine.unjudged.add("app")
    moment = Moment(machine)
    cached = Guest(machine, "cache:16M", vdev="xvdd")
    cached.disk.back.set("writethrough", "off")
    moment.comes("forget")
    machine.sh("app", "dd if=/dev/urandom of=/run/data bs=4k count=%d 2>/dev/null; "
               "dd if=/run/data of=/dev/xvdd bs=4k oflag=direct 2>/dev/null" % BLOCKS)
    moment.replaced(cached, mute=True)

    check(machine.wait_until("app", "dmesg | grep -q 'xvdb disabled for further use'", 60),
          "without a journal the front end finds nothing wrong")
    status, _ = machine.try_sh("app", "dd if=/dev/xvdd bs=4k count=%d iflag=direct 2>/dev/null | "
                               "cmp - /run/data" % BLOCKS)
    check(status == 1, "what was in a cache is there without having been written through")
    check(moment.answered() == 0, "without an event the load goes on")
    # It was the event alone: with some it does.
    inject(machine, "storm", moment.ring(moment.single))
    moment.single.disk.back.set("mode", "spin")
    moment.single.goes_on("reads")
    machine.destroy("app")
