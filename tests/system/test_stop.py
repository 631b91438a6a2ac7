# SPDX-License-Identifier: GPL-2.0
"""Stopping a ring: at any moment, with anything under way, and nobody is hurt."""
from doze import doze
from load import in_background, verified
from runner import check


def test_ring_that_is_kicked_while_it_stops(machine):
    """Its poller may find it in a list for as long as the list is walked.

    Three rings on one poller, whose visits take long: the middle one is stopped in the
    middle of a turn, behind a kick (a setting that is written) that the next turn is to
    find. Freed memory is poisoned, so that a ring that is freed too early is noticed.
    """
    machine.create("poisoned", "storage", "--kernel-args", "slub_debug=FZPU")
    _, middle, _ = [machine.attach(vdev, "null_blk", storage="poisoned")
                        for vdev in ("xvdb", "xvdc", "xvdd")]
    machine.sh("poisoned", "for mode in /sys/bus/xen-backend/devices/vbd-*/moat/mode; do "
               "echo spin >$mode; done")
    doze(machine, "poisoned")
    for turn in range(3):
        in_background(machine, "poisoned", "kicks-%d" % turn,
                      "while echo spin >%s/mode; do usleep 1000; done" % middle.back.path)
        machine.detach(middle)
        alive = machine.wait_until("poisoned", "[ -s /run/kicks-%d.status ]" % turn)
        check(alive, "the disk is detached, and its settings are still there")
        middle = machine.attach("xvdc", "null_blk", storage="poisoned")
    verified(machine.attach("xvde", "memory:4M", storage="poisoned"), size="64k", depth=4)


def test_what_has_not_begun_never_does(machine):
    """A guest ends with minutes of work in its ring; its disk is free again soon.

    Meanwhile nobody sleeps as a hung task does, which would end the storage domain.
    """
    machine.create("patient", "storage")
    machine.create("busy", "app")
    machine.sh("patient", "echo 20 >/proc/sys/kernel/hung_task_timeout_secs")
    disk = machine.attach("xvdb", "null_blk:memory_backed=0,irqmode=2,"
                          "completion_nsec=2000000000,hw_queue_depth=1,size=64",
                          app="busy", storage="patient")
    in_background(machine, "busy", "load",
                  "fio --name=load --filename=%s --rw=randread --bs=4k --iodepth=128 "
                  "--ioengine=libaio --direct=1 --size=64m --thread" % disk.dev)
    begun = machine.wait_until("patient", "[ $(cat %s/ring0/reads) -gt 0 ]" % disk.back.path,
                               60)
    check(begun, "the load never started")
    domid = machine.domid("busy")
    machine.destroy("busy")
    gone = machine.wait_until(
        "patient", "! ls -d /sys/bus/xen-backend/devices/vbd-%d-* 2>/dev/null" % domid, 60)
    check(gone, "the disk of a guest that is gone still works for it")


def discards(machine):
    """(number, sectors) of what the device behind app's xvdb was told to discard."""
    stat = machine.sh("storage", "cat /sys/block/app-xvdb/stat").split()
    return int(stat[11]), int(stat[13])


def test_discards_are_cut_up(machine):
    """A discard of all of the disk goes to the device in pieces, and is done wholly."""
    disk = machine.attach("xvdb", "null_blk:memory_backed=1,discard=1,size=1024")
    before = discards(machine)
    machine.sh("app", "blkdiscard " + disk.dev)
    count, sectors = (after - was for after, was in zip(discards(machine), before))
    check(sectors == 1024 * 2048, "%d sectors were discarded" % sectors)
    check(count >= 8, "in %d pieces: it cannot be stopped in between" % count)
    check(disk.back.counters()["errors"] == 0, "the discard failed")
