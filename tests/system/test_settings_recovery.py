# SPDX-License-Identifier: GPL-2.0
"""What guests and hosts set, on a machine with moatd whose storage domain dies.

The NVMe disks have a volatile cache; what is not flushed, the front end keeps.
"""
import contextlib
import os

import kernel_log
import results
from kinds import KINDS
from lasting_load import Several
from runner import check
from stack import Stacked
from toolstack import Reconnection
from watched import Watched, lab_options

APART = "make test-settings"
WORK = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../build/tests/settings")
# MiB: what is saved or moves is copied, all of it.
GUEST_MEMORY = "256"
# The first strikes in the driver, so only under a load.
FAULT, IDLE_FAULT = KINDS["panic"], KINDS["destroy"]
PART_START, PART_SECTORS = 2048, 65536


def lab():
    """The machine these cases need; the runner asks. A crash loop is what they are.

    As a guest is copied, nobody else gets a processor for long: that is no hang.
    """
    return lab_options(os.path.join(WORK, "overlay"), ("crash_window=5", "probe_limit=120"),
                       cache=False, nvme=2) + [
        "--app-memory", GUEST_MEMORY, "--module-args", "moat-back watchdog_s=60"]


def ready(machine, *disks):
    machine.unjudged.add("storage")
    machine.allowed_log.extend(kernel_log.RECOVERY)
    return [machine.attach(vdev, backing) for vdev, backing in disks]


def get_ready(watched, load):
    """Wait for another standby, if one has been used up; the load rests as it boots."""
    if watched.used is not None:
        with load.resting():
            watched.standby_ready()


def survive(watched, load, stands=False):
    """The fault, a recovery, and a load that has seen neither an error nor a loss.

    stands: the load does not get on yet, for a disk that is refused."""
    if not stands:
        get_ready(watched, load)
    record = watched.suffer(IDLE_FAULT if stands else FAULT, load)
    check(not results.bad(record) and not record["said"], record)


def end(load):
    total = load.end()
    check(not (total["lost"] or total["corrupt"] or total["errors"]), "at the end: %s" % total)


def strike(watched, fault=FAULT):
    """A fault, and moatd is at it; returns the mark from which on its events tell."""
    watched.standby_ready()
    mark = watched.used = watched.events.mark()
    watched.prepare(fault)
    watched.inject(fault)
    check(watched.events.wait(mark, ["condemned"], 60), "the fault went unnoticed")
    return mark


@contextlib.contextmanager
def in_recovery(machine, watched, load):
    """The storage domain has died; behind the block, it has been replaced, and all goes on.

    Nothing is under way, for Linux freezes its processes before it suspends: one that waits
    for a disk cannot be frozen, and after 20 s the kernel calls it off. There is much to be
    issued again, though.
    """
    get_ready(watched, load)
    with load.resting():
        check(machine.wait_until("app", "awk '{ exit $1 + $2 }' /sys/block/xvdb/inflight"),
              "the load does not rest")
        yield strike(watched, IDLE_FAULT)


@contextlib.contextmanager
def loaded(machine):
    """A controller's disk under a load that trusts it, and moatd, watched; good to the end."""
    ready(machine, ("xvdb", "nvme:0"))
    watched, load = Watched(machine), Several(machine, {"trusting": "/dev/xvdb"})
    try:
        load.start()
        yield watched, load
        end(load)
    finally:
        watched.close()


def test_saved_and_restored(machine):
    """The guest is saved and restored before a recovery, in the midst of another, and behind."""
    with loaded(machine) as (watched, load):
        machine.lab("domain", "save", "app", timeout=180)
        machine.lab("domain", "restore", "app", timeout=180)
        check(load.goes_on(60), "the load stands still behind the restore")
        survive(watched, load)
        with in_recovery(machine, watched, load) as mark:
            machine.lab("domain", "save", "app", timeout=180)
            check(watched.recovered(mark), "no recovery while the guest sleeps")
            machine.lab("domain", "restore", "app", timeout=180)
        survive(watched, load)


def test_stacked(machine):
    """RAID 1 over disks of two storage domains, dm-crypt on it, LVM on that; one dies.

    The guest loses and gets a processor and memory meanwhile.
    """
    machine.destroy("app")
    machine.create("app", "app", "--vcpus", "2", "--memory", "480")
    ready(machine, ("xvdb", "nvme:0"))
    machine.create("storage2", "storage")
    machine.attach("xvdc", "memory:90M", storage="storage2")
    machine.sh("app", "printf 'start=%d,size=%d\\n' | sfdisk -q /dev/xvdb"
               % (PART_START, 180 << 10))
    check(machine.wait_until("app", "[ -b /dev/xvdb1 ]"), "no partition")
    watched, load = Watched(machine), Stacked(machine, ("/dev/xvdb1", "/dev/xvdc"))
    try:
        load.start()
        machine.sh("dom0", "xl vcpu-set app 1; xl mem-set app 440m")
        survive(watched, load)
        machine.sh("dom0", "xl vcpu-set app 2; xl mem-set app 480m")
        check(load.goes_on(60), "the load stands still")
        end(load)
    finally:
        watched.close()


def make_partition(machine, disk):
    """One partition, known to the storage domain too."""
    machine.sh("app", "printf 'start=%d,size=%d\\n' | sfdisk -q %s"
               % (PART_START, PART_SECTORS, disk.dev))
    disk.detach()
    device = "/dev/nvme%sn1" % disk.backing.partition(":")[2]
    check(machine.wait_until("storage", "blockdev --rereadpt %s && [ -b %sp1 ]"
                             % (device, device)), "no partition on " + device)


def swap_names(machine):
    """What the second controller is called the first will be, in the next domain."""
    machine.sh("dom0", "sed -i 's/\\(\"0000:00:0..0\"\\), \\(\"0000:00:0..0\"\\)/\\2, \\1/' "
               "/etc/moat/moatd.conf; kill -9 $(cat /run/lab/moatd.pid)")
    check(machine.wait_until("dom0", "moat status >/dev/null 2>&1"), "moatd does not come back")


def first_controller(machine):
    return machine.sh("storage", "cat /sys/class/nvme/nvme0/serial").strip()


def test_names_change_places(machine):
    """Two controllers swap their names in a recovery: a disk is what it is all the same.

    Refused is right, as long as it is said, and what is kept reaches the right disk later.
    """
    for vdev, backing in (("xvdb", "nvme:0"), ("xvdc", "nvme:1")):
        make_partition(machine, *ready(machine, (vdev, backing)))
    disks = ready(machine, ("xvdb", "path:/dev/nvme0n1p1"), ("xvdc", "path:/dev/nvme1n1p1"))
    links = [Reconnection(disk) for disk in disks]
    watched = Watched(machine)
    load = Several(machine, {"first": "/dev/xvdb", "second": "/dev/xvdc"})
    machine.allowed_log.append(r"not the disk that was here|connecting disk")
    try:
        load.start()
        before = first_controller(machine)
        swap_names(machine)
        check(watched.recovered(strike(watched)), "no recovery")
        check(first_controller(machine) != before, "the controllers have kept their names")
        if all(link.read("moat-state") == "up" for link in links):
            check(load.goes_on(60), "the load stands still")
        else:
            for link in links:
                check(link.wait("moat-trouble", "'refused '*", 5), "%s: moat-state %s"
                      % (link.disk.vdev, link.read("moat-state")))
            swap_names(machine)
            survive(watched, load, stands=True)
        end(load)
    finally:
        watched.close()
