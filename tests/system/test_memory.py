# SPDX-License-Identifier: GPL-2.0
"""The front end where memory and grants are short: it goes on, and takes no more than its share."""
from load import finished, fio, in_background, lasting, stopped, verified
from runner import check, takes_long

# A device that says it has a volatile cache.
CACHED = "null_blk:memory_backed=1,size=64,cache_size=8"
# Pages of a budget of 1 MiB; and what a ring of 32 and the reserves may need besides.
BUDGET, BESIDES = 256, 2 * 65 + 2 * 32
# For how long a page that nobody uses stays mapped; and the time in which the front end is to
# have looked at it again: after 5, 10, 20 s and so on.
UNUSED = "/sys/module/moat_back/parameters/persistent_unused_seconds"
GIVEN_BACK_S = 300
# KiB that are free; of what a burst takes, so much may be other things.
FREE = ("echo 3 >/proc/sys/vm/drop_caches; "
        "sed -n 's/MemFree: *\\([0-9]*\\) kB/\\1/p' /proc/meminfo")
OTHER_KIB = 1024
# A disk to swap to, and room for more than there is memory.
SWAP_ON = ("mkswap /dev/xvda >/dev/null && swapon /dev/xvda && mkdir -p /run/t && "
           "mount -t tmpfs -o size=400m t /run/t")
# Three files there: what does not fit is swapped.
SWAPPED = ("fio --name=swapped --directory=/run/t --numjobs=3 --size=110m --rw=randrw --bs=4k "
           "--verify=crc32c --verify_fatal=1 --verify_backlog=256 --thread --ioengine=psync "
           "--fallocate=none")
SWAP_OFF = "umount /run/t; swapoff /dev/xvda"
# It swaps in a mode, by so many reads: before they begin, the files are only written.
SWAPPED_IN = 50


def test_small_writes_cost_pages(machine):
    """Writes of a sector hold a page each, and the budget knows."""
    disk = machine.attach("xvdb", CACHED)
    disk.front.set("retain_kib", BUDGET * 4)
    fio(disk, rw="randwrite", bs="512", depth=16, size="2m", verify=False)
    counters = disk.front.counters()
    granted = counters["grants_issued"] - counters["grants_ended"]
    check(granted <= BUDGET + BESIDES, "%d pages are granted, of a budget of %d"
          % (granted, BUDGET))
    check(counters["flushes"], "4096 writes, no flush")


@takes_long
def test_unused_pages_are_given_back(machine):
    """What a burst needed does not stay granted, also of a disk that nobody uses any more."""
    machine.sh("storage", "echo 1 >%s" % UNUSED)
    disk = machine.attach("xvdb", "null_blk:memory_backed=1,size=64")
    fio(disk, rw="randwrite", bs="4k", depth=1, size="64k", verify=False)
    before = int(machine.sh("app", FREE))
    fio(disk, rw="randwrite", bs="256k", depth=16, size="8m", verify=False)
    took = before - int(machine.sh("app", FREE))
    check(took > 2 * OTHER_KIB, "a burst of 4 MiB in flight took %d KiB" % took)
    back = machine.wait_until("app", "[ $(%s) -gt %d ]" % (FREE, before - OTHER_KIB),
                              GIVEN_BACK_S)
    check(back, "of %d KiB that a burst took, %d have not come back" % (
        took, before - int(machine.sh("app", FREE))))
    verified(disk, bs="4k-256k", depth=8)
    machine.sh("storage", "echo 60 >%s" % UNUSED)


def few_grants(machine, **more):
    """A domain with two processors and the grants of four frames."""
    machine.create("app2", "app", "--vcpus", "2", "--xl", "max_grant_frames=4", **more)


def test_few_grants(machine):
    """What one ring retains is flushed for the other; nobody waits for ever."""
    few_grants(machine)
    disk = machine.attach("xvdb", CACHED, app="app2")
    in_background(machine, "app2", "writes",
                  "taskset -c 0 dd if=/dev/zero of=/dev/xvdb bs=64k count=100 oflag=direct && "
                  "taskset -c 1 dd if=/dev/zero of=/dev/xvdb bs=4k count=200 oflag=direct && "
                  "taskset -c 0 dd if=/dev/zero of=/dev/xvdb bs=256k count=100 oflag=direct")
    finished(machine, "app2", "writes", 120)
    verified(disk, bs="512-256k", depth=32)


def test_few_grants_many_disks(machine):
    """They share what there is: all of them work at once."""
    few_grants(machine)
    disks = [machine.attach("xvd" + letter, "null_blk:memory_backed=1,size=16,cache_size=8",
                            app="app2") for letter in "bcdefg"]
    for disk in disks:
        in_background(machine, "app2", "load-" + disk.vdev,
                      "fio --name=load --filename=%s --rw=randwrite --bsrange=512-64k "
                      "--iodepth=16 --ioengine=libaio --direct=1 --size=4m --verify=crc32c "
                      "--verify_fatal=1 --thread" % disk.dev)
    for disk in disks:
        finished(machine, "app2", "load-" + disk.vdev, 180)


def test_swap(machine):
    """A domain that swaps goes on in every mode, and comes to an end with the data that it had.

    Swap never flushes: what it writes is retained until pages are short. Whoever spins leaves
    the processor to those that need it.
    """
    machine.create("app2", "app", "--memory", "320", "--vcpus", "2", "--mode", "spin")
    disk = machine.attach("xvda", "nvme:0", app="app2")
    machine.sh("app2", SWAP_ON)
    lasting(machine, "app2", "swapped", SWAPPED)
    for mode in ("spin", "event", "adaptive"):
        disk.front.set("mode", mode)
        so_far = disk.back.counters()["reads"]
        check(machine.wait_until("storage", "[ $(cat %s/ring0/reads) -gt %d ]"
                                 % (disk.back.path, so_far + SWAPPED_IN), 120),
              "in mode %s it does not swap" % mode)
    stopped(machine, "app2", "swapped", 300)
    machine.sh("app2", SWAP_OFF)
