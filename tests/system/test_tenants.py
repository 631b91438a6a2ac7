# SPDX-License-Identifier: GPL-2.0
"""One storage domain, many application domains and disks."""
from doze import doze
from load import (READS, finished, fio, in_background, lasting, stopped, until_told, verified,
                  verify_loop)
from runner import check, takes_long


def test_four_disks_two_domains(machine):
    """All at once, each with its own data, none in another's way."""
    machine.create("app2", "app")
    disks = [machine.attach(vdev, "memory", app=app)
             for app in ("app", "app2") for vdev in ("xvdb", "xvdc")]
    for disk in disks:
        in_background(machine, disk.app, "load-" + disk.vdev, verify_loop(disk, 10))
    for disk in disks:
        finished(machine, disk.app, "load-" + disk.vdev, 180)


@takes_long
def test_one_vcpu_two_spinning_domains(machine):
    """Three spinners on one storage vCPU and its poller: all make progress."""
    machine.create("app2", "app")
    disks = [machine.attach("xvdb", "memory", app=app) for app in ("app", "app2")]
    for disk in disks:
        disk.modes("spin")
        in_background(machine, disk.app, "load", verify_loop(disk, 12, depth=2, bs="4k"))
    for disk in disks:
        finished(machine, disk.app, "load", 240)


def test_no_domain_starves_another(machine):
    """A deep queue beside a shallow one: the shallow one gets its share."""
    machine.create("app2", "app")
    deep = machine.attach("xvdb", "memory", app="app")
    shallow = machine.attach("xvdb", "memory", app="app2")
    until_told(machine, "app", "load", verify_loop(deep, 5, depth=64, bs="64k"))
    busy = machine.wait_until("app", "[ $(cat %s/ring0/writes) -gt 64 ]" % deep.front.path)
    check(busy, "the deep load never started")
    job = fio(shallow, rw="randread", bs="4k", depth=1, size="256k", verify=False,
              timeout=120)
    worst = job["read"]["clat_ns"]["max"] / 1e9
    check(worst < 5, "a read waited %.1f s beside a deep queue" % worst)
    stopped(machine, "app", "load", 180)


def bytes_read(disks):
    return sum(disk.back.counters()["bytes_read"] for disk in disks)


def test_tenants_get_the_same_of_a_poller(machine):
    """However many disks one has, and however large its requests.

    The poller is made so slow that both always have requests waiting.
    """
    machine.create("app2", "app")
    machine.create("dozy", "storage")
    many = [machine.attach(vdev, "null_blk:size=64", storage="dozy")
            for vdev in ("xvdb", "xvdc", "xvdd", "xvde")]
    one = [machine.attach("xvdb", "null_blk:size=64", app="app2", storage="dozy")]
    for disk in many + one:
        bs, depth = ("512k", 8) if disk in many else ("64k", 16)
        lasting(machine, disk.app, "load-" + disk.vdev,
                READS.format(dev=disk.dev, bs=bs, depth=depth, size="64m"))
    for disk in many + one:
        begun = machine.wait_until("dozy", "[ $(cat %s/ring0/reads) -gt 8 ]" % disk.back.path)
        check(begun, "the load of %s in %s never started" % (disk.vdev, disk.app))
    doze(machine, "dozy")
    before = bytes_read(many), bytes_read(one)
    went_on = machine.wait_until("dozy", "[ $(cat %s/ring0/bytes_read) -gt %d ]" % (
        one[0].back.path, before[1] + (4 << 20)), 30)
    got = bytes_read(many) - before[0], bytes_read(one) - before[1]
    check(went_on, "of the smaller load %d bytes were read, and %d of the larger"
          % (got[1], got[0]))
    check(got[1] * 2 > got[0], "four disks got %d bytes while one got %d" % got)
    for disk in many + one:
        stopped(machine, disk.app, "load-" + disk.vdev, 240)


def stands(machine, disk, read):
    """Is nothing of a busy disk held back for some time?"""
    before = disk.back.counters()
    check(machine.wait_until("storage", read % (before["reads"] + 64)), "it stands still")
    return disk.back.counters()["bounded"] == before["bounded"]


def test_little_is_at_a_device_while_another_asks_for_little(machine):
    """Who asks for much then waits in his own ring, and goes on all the same."""
    machine.create("app2", "app")
    deep = machine.attach("xvdb", "null_blk:memory_backed=0,irqmode=2,completion_nsec=10000000,"
                          "size=64")
    shallow = machine.attach("xvdb", "memory", app="app2")
    lasting(machine, "app", "load", READS.format(dev=deep.dev, bs="64k", depth=32, size="64m"))
    read = "[ $(cat %s/ring0/reads) -gt %%d ]" % deep.back.path
    check(machine.wait_until("storage", read % 64), "the deep load never started")
    # The other may still be looked at as a new disk is, for its partitions.
    check(any(stands(machine, deep, read) for _ in range(5)), "it is bounded alone")
    alone = deep.back.counters()["bounded"]
    fio(shallow, rw="randread", bs="4k", depth=1, size="1m", verify=False, timeout=120)
    counters = deep.back.counters()
    check(counters["bounded"] > alone, "it is not bounded beside another")
    check(machine.wait_until("storage", read % (counters["reads"] + 64)), "it stands still")
    check(not shallow.back.counters()["bounded"], "who asks for little is bounded")
    stopped(machine, "app", "load", 120)


def test_slow_disk_does_not_hold_up_a_fast_one(machine):
    """A device that is full blocks its own submitter, not the poller."""
    slow = machine.attach("xvdb", "null_blk:memory_backed=0,irqmode=2,"
                          "completion_nsec=200000000,hw_queue_depth=1,size=16")
    fast = machine.attach("xvdc", "memory")
    lasting(machine, "app", "load", READS.format(dev=slow.dev, bs="4k", depth=16, size="16m"))
    busy = machine.wait_until("storage",
                              "[ $(cat %s/ring0/reads) -gt 0 ]" % slow.back.path)
    check(busy, "the slow load never started")
    job = verified(fast, bs="4k", depth=1, size="256k")
    mean = job["read"]["clat_ns"]["mean"] / 1e9
    check(mean < 0.1, "the fast disk's reads took %.3f s on average" % mean)
    stopped(machine, "app", "load", 120)
