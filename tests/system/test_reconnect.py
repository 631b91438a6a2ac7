# SPDX-License-Identifier: GPL-2.0
"""The front end goes over to another back end: what it keeps, what it says.

The back end goes and comes in one and the same storage domain, whose device keeps its
data: so what is issued again, and what the application sees, is the front end's doing
alone. test_recovery has whole domains die.
"""
import kernel_log
from load import READS, finished, fio, in_background, lasting, stopped, until_told, verify_loop
from runner import check
from toolstack import Reconnection
from watched import HOG, MODULE

# A device that says it has a volatile cache.
CACHED = "null_blk:memory_backed=1,size=64,cache_size=8"
# So many blocks of so many KiB, acknowledged and not flushed.
UNFLUSHED = "dd if=/dev/urandom of=/dev/xvdb bs=%dk count=%d oflag=direct 2>/dev/null"
# A ring, and for reads and for writes what the largest request takes; and little more.
FEW_GRANTS = 1 + 2 * 65 + 20
# How long a guest is without memory.
HOG_S = 40
# How often a ring is broken, each time at one of so many calls.
BREAKS, HITS = 6, 20
# A load that goes on behind them is begun anew so often.
TURN_S = 15
# The front end's word for it, and xenbus's.
NO_BACK_END = r"no back end for|talk_to_otherend"


def up(link, seconds=20):
    check(link.wait("moat-state", "up", seconds),
          "moat-state is %s, moat-trouble %s" % (link.read("moat-state"),
                                                 link.read("moat-trouble")))


def goes_on(disk, so_far, kind="writes"):
    check(disk.machine.wait_until("app", "[ $(cat %s/ring*/%s | awk '{ n += $1 } END "
                                  "{ print n }') -gt %d ]" % (disk.front.path, kind, so_far + 20)),
          "the load stands still")


def again(link):
    link.cut()
    link.connect()
    up(link)


def test_reconnect_under_load(machine):
    """In every mode and with grants of both kinds, under a load that verifies its data."""
    disk = machine.attach("xvdb", CACHED)
    link = Reconnection(disk)
    for mode, path in (("event", "persistent"), ("spin", "grant"), ("adaptive", "persistent")):
        disk.modes(mode)
        disk.front.set("data_path", path)
        before = disk.front.counters()
        lasting(machine, "app", "load", verify_loop(disk, batch=4))
        goes_on(disk, before["writes"])
        again(link)
        replays = disk.front.counters()["replays"] - before["replays"]
        check(replays > 0, "mode %s: nothing was issued again" % mode)
        stopped(machine, "app", "load", 120)


def test_break_within_a_batch(machine):
    """The back end breaks the protocol while a batch is on its way: all of it is issued."""
    machine.allowed_log.extend(kernel_log.RECOVERY)
    disk = machine.attach("xvdb", CACHED)
    link = Reconnection(disk)
    machine.lab("push", "storage", MODULE, "/tmp/moat-fault.ko")
    machine.sh("storage", "[ -d /sys/module/moat_fault ] || insmod /tmp/moat-fault.ko; "
               "echo %d >/sys/module/moat_fault/parameters/hits" % HITS)
    until_told(machine, "app", "load", verify_loop(disk, TURN_S, 32, "4k", batch=32))
    for _ in range(BREAKS):
        goes_on(disk, disk.front.counters()["writes"])
        machine.sh("storage", "echo overrun >/sys/module/moat_fault/parameters/inject")
        check(link.wait("moat-trouble", "protocol*"), "the breach went unnoticed")
        again(link)
    stopped(machine, "app", "load")


def test_retained_until_flushed(machine):
    """Acknowledged writes are issued again; flushed ones are not."""
    disk = machine.attach("xvdb", CACHED)
    link = Reconnection(disk)
    write = "dd if=/dev/urandom of=/dev/xvdb bs=4k count=32 oflag=direct 2>/dev/null"
    for flush, expected in (("", 32), ("; blockdev --flushbufs /dev/xvdb; "
                                       "dd if=/dev/null of=/dev/xvdb conv=fsync,notrunc "
                                       "2>/dev/null", 0)):
        machine.sh("app", write + flush)
        before = disk.front.counters()["replays"]
        again(link)
        got = disk.front.counters()["replays"] - before
        check(got == expected, "%d writes issued again%s, expected %d"
              % (got, " behind a flush" if flush else "", expected))


def test_a_discard_that_cannot_be_repeated(machine):
    """The next back end knows none: nothing is lost by that, and no flush fails for it."""
    disk = machine.attach("xvdb", CACHED + ",discard=1")
    link = Reconnection(disk)
    machine.sh("app", "blkdiscard -o 0 -l 1048576 /dev/xvdb; " + UNFLUSHED % (4, 8))
    before = disk.front.counters()["replays"]
    link.cut()
    link.connect(**{"discard-enable": 0})
    up(link)
    machine.sh("app", "dd if=/dev/null of=/dev/xvdb conv=fsync,notrunc 2>/dev/null")
    got = disk.front.counters()["replays"] - before
    check(got >= 9, "%d changes issued again, not 8 writes and a discard" % got)


def test_fewer_segments(machine):
    """The next back end takes smaller requests: what was in flight is cut to size."""
    disk = machine.attach("xvdb", CACHED)
    link = Reconnection(disk)
    most = "/sys/module/moat_back/parameters/max_indirect_segments"
    usual = machine.sh("storage", "cat " + most).strip()
    lasting(machine, "app", "load", verify_loop(disk, depth=4, bs="256k"))
    for segments in (0, usual):
        goes_on(disk, disk.front.counters()["writes"])
        link.cut()
        machine.sh("storage", "echo %s >%s" % (segments, most))
        link.connect()
        up(link)
    stopped(machine, "app", "load", 120)


def test_scheduler(machine):
    """An I/O scheduler, as udev rules set them: own flushes and replays go past it."""
    disk = machine.attach("xvdb", CACHED)
    link = Reconnection(disk)
    machine.sh("app", "echo mq-deadline >/sys/block/xvdb/queue/scheduler")
    disk.front.set("retain_kib", 256)
    fio(disk, rw="randwrite", bs="16k", depth=8, size="8m")
    flushes = disk.front.counters()["flushes"]
    check(flushes >= 16, "%d flushes for 8 MiB through 256 KiB" % flushes)
    disk.front.set("retain_kib", 16384)
    machine.sh("app", UNFLUSHED % (4, 32))
    before = disk.front.counters()["replays"]
    again(link)
    got = disk.front.counters()["replays"] - before
    check(got >= 32, "%d writes issued again, at least 32 were not flushed" % got)
    lasting(machine, "app", "load", verify_loop(disk))
    goes_on(disk, disk.front.counters()["writes"])
    again(link)
    stopped(machine, "app", "load", 60)


def test_nobody_to_spin_for(machine):
    """In mode spin, too: where nobody answers any more no processor is spent on looking."""
    disk = machine.attach("xvdb", CACHED)
    link = Reconnection(disk)
    disk.modes("spin")
    lasting(machine, "app", "load", verify_loop(disk))
    goes_on(disk, disk.front.counters()["writes"])
    sleeps = disk.front.counters()["sleeps"]
    link.cut()
    check(machine.wait_until("app", "[ $(cat %s/ring0/sleeps) -gt %d ]"
                             % (disk.front.path, sleeps)), "the poller never sleeps")
    link.connect()
    up(link)
    stopped(machine, "app", "load", 120)


def test_frozen_in_recovery(machine):
    """The queue is frozen while there is no back end: the replay needs nothing of it."""
    disk = machine.attach("xvdb", CACHED)
    link = Reconnection(disk)
    machine.sh("app", UNFLUSHED % (4, 32))
    lasting(machine, "app", "load", verify_loop(disk))
    goes_on(disk, disk.front.counters()["writes"])
    link.cut()
    in_background(machine, "app", "freeze", "echo 16 >/sys/block/xvdb/queue/nr_requests")
    check(machine.wait_until("app", "grep -qs blk_mq_freeze_queue_wait /proc/[0-9]*/stack"),
          "the queue was not frozen")
    link.connect()
    up(link)
    finished(machine, "app", "freeze", 60)
    stopped(machine, "app", "load", 120)


def unflushed_and_alone(machine):
    """A disk with 32 unflushed writes and no back end, in a guest that is to run short."""
    disk = machine.attach("xvdb", CACHED)
    link = Reconnection(disk)
    machine.lab("push", "app", HOG, "/tmp/moat-hog.ko")
    machine.sh("app", UNFLUSHED % (64, 32))
    link.cut()
    link.write("backend", "/local/domain/0/backend/vbd/none/0")
    machine.allowed_log += [NO_BACK_END, "not connected, to be tried again"]
    check(link.wait("moat-state", "waiting"), "moat-state is %s" % link.read("moat-state"))
    return disk, link


def test_shortage_in_replay(machine):
    """Grants for nobody at first, and then for one large request at a time."""
    disk, link = unflushed_and_alone(machine)
    machine.sh("app", "insmod /tmp/moat-hog.ko leave=4")
    before = disk.front.counters()["replays"]
    try:
        link.connect()
        check(link.wait("moat-trouble", "'shortage '*"), "moat-trouble is %s"
              % link.read("moat-trouble"))
        machine.sh("app", "echo %d >/sys/module/moat_hog/parameters/leave" % FEW_GRANTS)
        up(link)
        got = disk.front.counters()["replays"] - before
        check(got == 32, "%d writes issued again, 32 were not flushed" % got)
    finally:
        machine.sh("app", "rmmod moat-hog")


def test_no_memory(machine):
    """No more than what is kept for emergencies is free: who waits for memory would wait for ever.

    The guest's programs are not asked anything meanwhile, as they may wait for it.
    """
    disk, link = unflushed_and_alone(machine)
    before = disk.front.counters()["replays"]
    hogged = "[ \"$(xenstore-read /local/domain/%d/data/moat-hog 2>/dev/null)\" = %%d ]" % link.app
    machine.sh("app", "insmod /tmp/moat-hog.ko pages_s=%d" % HOG_S)
    check(machine.wait_until("dom0", hogged % 1), "the memory was never taken")
    link.connect()
    up(link, HOG_S // 2)
    check(machine.try_sh("dom0", hogged % 1)[0] == 0, "there was memory again")
    check(machine.wait_until("dom0", hogged % 0, HOG_S + 20), "the memory was never given back")
    got = disk.front.counters()["replays"] - before
    check(got == 32, "%d writes issued again, 32 were not flushed" % got)
    machine.sh("app", "rmmod moat-hog")


def test_budget_makes_it_flush(machine):
    """More than the budget holds goes through, by flushes of the front end's own."""
    disk = machine.attach("xvdb", CACHED)
    disk.front.set("retain_kib", 256)
    fio(disk, rw="randwrite", bs="16k", depth=8, size="8m")
    flushes = disk.front.counters()["flushes"]
    check(flushes >= 16, "%d flushes for 8 MiB through 256 KiB" % flushes)
    fio(disk, rw="randwrite", bs="512k", depth=2, size="4m")


def test_hold(machine):
    """Held, it is at rest and nothing is only in the cache; released, it goes on."""
    disk = machine.attach("xvdb", CACHED)
    link = Reconnection(disk)
    lasting(machine, "app", "load", verify_loop(disk))
    check(machine.wait_until("app", "[ $(cat %s/ring0/writes) -gt 20 ]" % disk.front.path),
          "the load never started")
    link.write("moat-hold", "1")
    check(link.wait("moat-state", "held"), "moat-state is %s" % link.read("moat-state"))
    before = disk.front.counters()
    again(link)
    check(disk.front.counters()["replays"] == before["replays"],
          "a disk at rest had something to issue again")
    machine.sh("dom0", "xenstore-rm %s/moat-hold" % link.front)
    link.write("moat-hold", "1")
    check(link.wait("moat-state", "held"), "it was not held a second time")
    machine.sh("dom0", "xenstore-rm %s/moat-hold" % link.front)
    up(link)
    stopped(machine, "app", "load", 60)


def test_give_up(machine):
    """No back end within the limit: an error, and the disk can be detached."""
    disk = machine.attach("xvdb", CACHED)
    link = Reconnection(disk)
    disk.front.set("give_up_s", 2)
    machine.allowed_log += [NO_BACK_END, r"I/O error|Buffer I/O"]
    link.cut()
    link.write("backend", "/local/domain/0/backend/vbd/none/0")
    check(link.wait("moat-state", "waiting"), "moat-state is %s" % link.read("moat-state"))
    status, _ = machine.try_sh("app", "dd if=/dev/xvdb of=/dev/null bs=4k count=1 iflag=direct")
    check(status != 0, "a read without a back end succeeded")
    check(link.wait("moat-state", "failed"), "moat-state is %s" % link.read("moat-state"))
    machine.sh("dom0", "xenstore-rm %s" % link.front)
    check(machine.wait_until("app", "! [ -e /sys/block/xvdb ]"), "the disk stays")
    machine.lab("disk", "detach", "app", "xvdb", "--force", check=False)
    machine.disks.remove(disk)


def test_what_is_shown_of_the_connection_before(machine):
    """Closing and Closed of one that has not heard of the new beginning are no wishes.

    Closing is the toolstack's wish where it does not want the device any more.
    """
    disk = machine.attach("xvdb", CACHED)
    link = Reconnection(disk)
    # In dom0, where nobody serves it.
    other = "/local/domain/0/backend/vbd/%d/%d" % (link.app, link.number)

    def go_over(state, online):
        machine.sh("dom0", "xenstore-write %s ''; xenstore-chmod %s n0 r%d; xenstore-write "
                   "%s/frontend %s %s/frontend-id %d %s/state %d %s/online %d; xenstore-write "
                   "%s/state 1 %s/moat-state ? %s/backend %s %s/backend-id 0" % (
                       other, other, link.app, other, link.front, other, link.app, other, state,
                       other, online, link.front, link.front, link.front, other, link.front))

    for state in (5, 6):
        link.cut()
        go_over(state, online=1)
        check(link.wait("moat-state", "waiting"), "moat-state is %s" % link.read("moat-state"))
        check(not machine.wait_until("app", "! [ -e /sys/block/xvdb ]", 1),
              "a state of before, %d, ends the disk" % state)
        link.connect()
        up(link)
        machine.sh("dom0", "xenstore-rm " + other)
    link.cut()
    go_over(5, online=0)
    check(machine.wait_until("app", "! [ -e /sys/block/xvdb ]"), "the disk stays")
    machine.sh("dom0", "xenstore-rm %s; xenstore-rm %s" % (link.front, other))
    machine.lab("disk", "detach", "app", "xvdb", "--force", check=False)
    machine.disks.remove(disk)


def test_stall_is_told(machine):
    """A device that takes its time: a suspicion, and withdrawn when it answers."""
    disk = machine.attach("xvdb", "null_blk:memory_backed=0,irqmode=2,"
                          "completion_nsec=3000000000,hw_queue_depth=1,size=1")
    link = Reconnection(disk)
    disk.front.set("stall_s", 1)
    in_background(machine, "app", "read",
                  "dd if=/dev/xvdb of=/dev/null bs=4k count=1 iflag=direct")
    check(link.wait("moat-trouble", "'stall '*"), "nothing was told")
    finished(machine, "app", "read", 60)
    check(link.wait("moat-trouble", "''"), "moat-trouble is still %s"
          % link.read("moat-trouble"))
    check(link.read("moat-state") == "up", "moat-state is %s" % link.read("moat-state"))


def test_another_disk_is_refused(machine):
    """A smaller device is not the disk that was here; the right one is taken."""
    disk = machine.attach("xvdb", "loop:16M")
    link = Reconnection(disk)
    device = machine.sh("storage", "truncate -s 8M /run/small; d=$(losetup -f); "
                        "losetup $d /run/small; echo $d").strip()
    machine.allowed_log += [r"not the disk that was here|connecting disk"]
    lasting(machine, "app", "load", verify_loop(disk))
    link.cut()
    link.connect(params=device)
    check(link.wait("moat-trouble", "'refused '*"), "a smaller disk was taken")
    link.cut()
    link.connect()
    up(link)
    check(link.read("moat-trouble") is None, "moat-trouble is %s" % link.read("moat-trouble"))
    stopped(machine, "app", "load", 60)
    machine.sh("storage", "losetup -d %s; rm /run/small" % device)


def announced(machine, link, sectors):
    """The back end says another size, which its device does not have."""
    machine.sh("dom0", "back=$(xenstore-read %s/backend); "
               "xenstore-write $back/sectors %d $back/state 4" % (link.front, sectors))
    check(machine.wait_until("app", "[ $(cat /sys/block/xvdb/size) = %d ]" % sectors),
          "the size is not taken")


def test_size_of_a_back_end_that_breaks(machine):
    """What it said counts against its successor only if it kept the protocol to its end."""
    machine.allowed_log += kernel_log.RECOVERY + [r"not the disk that was here|connecting disk"]
    disk = machine.attach("xvdb", "loop:16M")
    link = Reconnection(disk)
    machine.lab("push", "storage", MODULE, "/tmp/moat-fault.ko")
    machine.sh("storage", "[ -d /sys/module/moat_fault ] || insmod /tmp/moat-fault.ko; "
               "echo 1 >/sys/module/moat_fault/parameters/hits")
    lasting(machine, "app", "load", verify_loop(disk))
    goes_on(disk, 0)
    announced(machine, link, 65536)
    machine.sh("storage", "echo overrun >/sys/module/moat_fault/parameters/inject")
    check(link.wait("moat-trouble", "protocol*"), "the breach went unnoticed")
    again(link)
    size = machine.sh("app", "cat /sys/block/xvdb/size").strip()
    check(size == "32768", "its size is %s" % size)
    stopped(machine, "app", "load", 120)
    announced(machine, link, 65536)
    link.cut()
    link.connect()
    check(link.wait("moat-trouble", "'refused '*"), "a smaller disk was taken")
    device = link.keys["params"]
    machine.sh("storage", "truncate -s 32M $(cat /sys/block/%s/loop/backing_file) && "
               "losetup -c %s" % (device.rsplit("/", 1)[1], device))
    again(link)


def test_saved_without_a_back_end(machine):
    """The domain is saved while its back end is dead, and goes on when restored."""
    disk = machine.attach("xvdb", CACHED)
    link = Reconnection(disk)
    lasting(machine, "app", "load", verify_loop(disk))
    check(machine.wait_until("app", "[ $(cat %s/ring0/writes) -gt 20 ]" % disk.front.path),
          "the load never started")
    link.cut()
    machine.lab("domain", "save", "app", timeout=180)
    machine.lab("domain", "restore", "app", timeout=180)
    stopped(machine, "app", "load", 180)
    machine.disks.remove(disk)
    machine.lab("disk", "detach", "app", "xvdb", timeout=60)


def test_unplugged_without_a_back_end(machine):
    """Taken away by force while nobody serves it: whoever waits gets an error."""
    disk = machine.attach("xvdb", CACHED)
    link = Reconnection(disk)
    machine.allowed_log += [r"I/O error"]
    link.cut()
    in_background(machine, "app", "read",
                  "! dd if=/dev/xvdb of=/dev/null bs=4k count=1 iflag=direct")
    check(machine.wait_until("app", "pidof dd"), "the read never started")
    machine.disks.remove(disk)
    machine.lab("disk", "detach", "app", "xvdb", "--force", timeout=60, check=False)
    finished(machine, "app", "read", 60)
    check(machine.wait_until("app", "! [ -e /sys/block/xvdb ]"), "the disk stays")


def test_vanished_disk_is_waited_for(machine):
    """What a driver fails as it loses its device is no answer: the next one's counts."""
    disk = machine.attach("xvdb", "null_blk:size=16")
    link = Reconnection(disk)
    machine.allowed_log += [r"the disk has gone|has lost its device"]
    power = "echo %d >/sys/kernel/config/nullb/app-xvdb/power"
    lasting(machine, "app", "load",
            READS.format(dev=disk.dev, bs="4k", depth=8, size="16m"))
    check(machine.wait_until("app", "[ $(cat %s/ring0/reads) -gt 20 ]" % disk.front.path),
          "the load never started")
    machine.sh("storage", power % 0)
    check(link.wait("moat-trouble", "'device '*"), "moat-trouble is %s"
          % link.read("moat-trouble"))
    link.cut()
    machine.sh("storage", power % 1)
    link.connect()
    up(link)
    stopped(machine, "app", "load", 60)
