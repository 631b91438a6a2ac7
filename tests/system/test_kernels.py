# SPDX-License-Identifier: GPL-2.0
"""Other kernels than dom0's: stock guests that are taken over, and both halves of Moat on them.

The kernels come from Debian's archive, and Moat's modules for them from `make test-kernels`.
"""
from load import lasting, stopped, verify_loop
from runner import check
from stock_guest import RINGS, Guest, panicked
from toolstack import Reconnection

APART = "test-kernels"

# A device that says it has a volatile cache.
CACHED = "null_blk:memory_backed=1,size=64,cache_size=8"


def lab():
    """Room for three guests, and a processor that PVH ones can run on."""
    return ["--no-disk", "--front", "stock", "--kernel", "app=6.12", *RINGS,
            "--nvme", "2", "--cache-nvme", "1", "--nvme-size", "256M", "--vcpus", "3",
            "--memory", "6G", "--cpu", "qemu64,+svm,+npt"]


def guest(machine, name, backing, *options):
    """A stock guest beside app, with a disk."""
    machine.create(name, "app", *options, front="stock")
    return Guest(machine, backing, app=name)


def taken_over(machine, guests):
    """All of them at once, under load."""
    for each in guests:
        each.load()
    first = guests[0]
    first.born(first.die(panicked))
    for each in guests:
        each.link.take_up(each.owed)
    for each in guests:
        each.taken_up()
        each.goes_on()
    for each in guests:
        stopped(machine, each.disk.app, "load", 240)


def test_stock_guests_of_6_12(machine):
    """PV and PVH, their own front ends."""
    taken_over(machine, [Guest(machine),
                         guest(machine, "pvh", "cache:32M", "--kernel", "6.12", "--pvh")])


def test_stock_guest_of_7_3(machine):
    """Whose xenbus watches what becomes of its front end's state."""
    taken_over(machine, [guest(machine, "seven", "nvme", "--kernel", "7.3")])


def halves(machine, back, front):
    """Moat's halves, each on a kernel: connected, used, gone over to another back end."""
    machine.create("back", "storage", "--kernel", back)
    machine.create("front", "app", "--kernel", front)
    disk = machine.attach("xvdb", CACHED, app="front", storage="back")
    link = Reconnection(disk)
    lasting(machine, "front", "load", verify_loop(disk, batch=4))
    for mode in ("event", "spin", "adaptive"):
        disk.modes(mode)
        before, writes = (disk.front.counters()[name] for name in ("replays", "writes"))
        check(machine.wait_until("front", "[ $(cat %s/ring0/writes) -gt %d ]"
                                 % (disk.front.path, writes + 20)), "the load stands still")
        link.cut()
        link.connect()
        check(link.wait("moat-state", "up", 60), "moat-state is %s, moat-trouble %s"
              % (link.read("moat-state"), link.read("moat-trouble")))
        check(disk.front.counters()["replays"] > before, "nothing was issued again")
    stopped(machine, "front", "load", 240)
    disk.detach()
    for name in ("front", "back"):
        machine.destroy(name)


def test_both_halves_on_6_12(machine):
    halves(machine, "6.12", "6.12")


def test_front_half_on_7_3(machine):
    """Whose xenbus removes a device that is with somebody and whose state is put back."""
    halves(machine, "6.1", "7.3")


def test_both_halves_on_7_3(machine):
    halves(machine, "7.3", "7.3")


def test_halves_of_different_kernels(machine):
    halves(machine, "6.12", "6.1")
    halves(machine, "6.1", "6.12")
