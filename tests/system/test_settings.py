# SPDX-License-Identifier: GPL-2.0
"""What an administrator sets on a disk, with a recovery in the middle.

The back end goes and comes in one and the same storage domain (see test_reconnect); the disks
say that they have a volatile cache, and nobody flushes, so that there is much to issue again.
"""
import collections
import os

from load import finished, fio, in_background, stopped, until_told, verify_loop
from runner import Failure, check
from toolstack import Reconnection, connect, cut, not_up

APART = "make test-settings"
CACHED = "null_blk:memory_backed=1,size=16,cache_size=8"
# A turn of a load, and the time until it has come to its end.
TURN_S, END_S = 5, 180
# The front end's own flushes come about, too.
RETAIN_KIB = 512
CGROUP = "/sys/fs/cgroup/limited"
# All combinations, and not only one of each: for `make test-settings LONG=1`.
LONG = os.environ.get("MOAT_LONG") == "1"

# queue: files of the disk's queue directory; group: files of the cgroup that the load runs
# in, or of the root; {dev} is the disk's number.
Setting = collections.namedtuple("Setting", "scheduler mode queue group")
SCHEDULERS = ("none", "mq-deadline", "bfq", "kyber")
QUEUES = ({"nr_requests": 20}, {"nr_requests": 64, "wbt_lat_usec": 1000},
          {"max_sectors_kb": 16, "nomerges": 2}, {"wbt_lat_usec": 75000, "rq_affinity": 2})
GROUPS = ({"io.max": "{dev} wiops=400"}, {"io.max": "{dev} rbps=4000000 wbps=4000000"},
          {"io.bfq.weight": "10"}, {"../io.cost.qos": "{dev} enable=1 ctrl=user"})
MODES = ("spin", "event", "adaptive", "adaptive")
READ = ("fio --name=read --filename=%s --rw=randread --bs=4k --iodepth=4 --ioengine=libaio "
        "--direct=1 --time_based --runtime=%d --thread")
# What freezes a queue, and so waits until nothing is in flight. (A latency of 2 ms would change
# nothing, and freeze nothing: a disk that does not rotate has that from the start.)
FREEZERS = {
    "nr_requests": "echo 20 >/sys/block/{vdev}/queue/nr_requests",
    "scheduler": "echo mq-deadline >/sys/block/{vdev}/queue/scheduler",
    "wbt": "echo 1000 >/sys/block/{vdev}/queue/wbt_lat_usec",
    "io.cost": "echo $(cat /sys/block/{vdev}/dev) enable=1 >/sys/fs/cgroup/io.cost.qos",
}
READ_ALONE = "dd if=%s of=/dev/null bs=4k count=200 iflag=direct 2>/dev/null"
WAITING = "[ $(grep -ls blkdev_read_iter /proc/[0-9]*/stack | wc -l) -ge %d ]"
FROZEN = "[ $(grep -ls blk_mq_freeze_queue_wait /proc/[0-9]*/stack | wc -l) -ge %d ]"


def matrix():
    """Groups of as many settings as there are schedulers: each value once, or each pair."""
    count = len(SCHEDULERS)
    for shift in range(count if LONG else 1):
        yield [Setting(name, MODES[(at + shift) % count], QUEUES[(at + shift) % count],
                       GROUPS[(at + 2 * shift) % count])
               for at, name in enumerate(SCHEDULERS)]


def mount_cgroups(machine):
    machine.sh("app", "cd /sys/fs/cgroup; [ -e cgroup.procs ] || mount -t cgroup2 none .; "
               "cd /sys/fs/cgroup; echo +io >cgroup.subtree_control; mkdir -p %s" % CGROUP)


def attach(machine, count):
    """Disks with a cache that is never flushed; returns them, and their reconnections."""
    disks = [machine.attach("xvd" + letter, CACHED) for letter in "bcdefghi"[:count]]
    for disk in disks:
        disk.front.set("retain_kib", RETAIN_KIB)
    return disks, [Reconnection(disk) for disk in disks]


def apply(machine, disk, setting):
    disk.modes(setting.mode)
    dev = machine.sh("app", "cat /sys/block/%s/dev" % disk.vdev).strip()
    files = {"scheduler": setting.scheduler, **setting.queue}
    script = ["echo %s >/sys/block/%s/queue/%s" % (value, disk.vdev, name)
              for name, value in files.items()]
    # A weight has a file where its scheduler is in use, so this comes behind it.
    script += ["echo %s >%s/%s" % (value.format(dev=dev), CGROUP, name)
               for name, value in setting.group.items()]
    machine.sh("app", "\n".join(script))


def start(machine, disk):
    """A verified load in the cgroup, without a flush."""
    until_told(machine, "app", "load-" + disk.vdev,
               "sh -c 'echo $$ >%s/cgroup.procs; exec %s'" % (CGROUP, verify_loop(disk, TURN_S)))


def go_on(disks, have):
    """Wait until each of the disks has carried out some more writes."""
    for disk in disks:
        check(disk.machine.wait_until(
            "app", "[ $(cat %s/ring*/writes | awk '{ n += $1 } END { print n }') -gt %d ]"
            % (disk.front.path, have.get(disk, 0) + 20), 60),
            "the load on %s stands still" % disk.vdev)


def told(disk, setting):
    return "%s: %s" % (disk.vdev, setting)


def test_schedulers_and_limits(machine):
    """Every scheduler, with other settings and limits besides; one recovery for all."""
    mount_cgroups(machine)
    for settings in matrix():
        disks, links = attach(machine, len(settings))
        for disk, setting in zip(disks, settings):
            apply(machine, disk, setting)
            start(machine, disk)
        go_on(disks, {})
        cut(links)
        connect(links)
        wrong = not_up(links)
        check(not wrong, "%s\n%s" % (wrong, "\n".join(map(told, disks, settings))))
        go_on(disks, {disk: disk.front.counters()["writes"] for disk in disks})
        for disk, setting in zip(disks, settings):
            stopped(machine, "app", "load-" + disk.vdev, END_S)
            counters = disk.front.counters()
            check(counters["flushes"] > 0, "no flush of its own, %s" % told(disk, setting))
            check(counters["replays"] > 0, "no replay, %s" % told(disk, setting))
            disk.detach()


def test_queue_frozen_in_a_recovery(machine):
    """Set while the back end is away: waits for the recovery, and the recovery not for it."""
    mount_cgroups(machine)
    disks, links = attach(machine, len(FREEZERS))
    for disk in disks:
        disk.front.set("give_up_s", 180)
        # Retained, and then reads in flight.
        machine.sh("app", "dd if=/dev/urandom of=%s bs=16k count=20 oflag=direct 2>/dev/null"
                   % disk.dev)
        until_told(machine, "app", "read-" + disk.vdev, READ_ALONE % disk.dev)
        check(machine.wait_until("app", "[ $(cat %s/ring0/reads) -gt 20 ]" % disk.front.path),
              "the load never started")
    cut(links)
    # Else a queue could be frozen at once, between two reads.
    check(machine.wait_until("app", WAITING % len(disks), 60), "not all of the loads wait")
    for disk, command in zip(disks, FREEZERS.values()):
        in_background(machine, "app", "freeze-" + disk.vdev, command.format(vdev=disk.vdev))
    if not machine.wait_until("app", FROZEN % len(disks), 60):
        raise Failure("not all of the queues are frozen: %s" % machine.try_sh(
            "app", "grep -s . /run/freeze-*; grep -hs blk_ /proc/[0-9]*/stack")[1])
    connect(links)
    wrong = not_up(links)
    check(not wrong, "%s\nfrozen in turn by: %s" % (wrong, ", ".join(FREEZERS)))
    for disk in disks:
        finished(machine, "app", "freeze-" + disk.vdev, 60)
        stopped(machine, "app", "read-" + disk.vdev, END_S)


def test_shared_and_read_only(machine):
    """Two domains with one disk, and a disk that nobody may write, over one recovery."""
    machine.create("app2", "app")
    disk = machine.attach("xvdb", "memory")
    device = machine.sh("dom0", "xenstore-read $(xenstore-read %s/backend)/params"
                        % Reconnection(disk).front).strip()
    link = Reconnection(disk)
    cut([link])
    link.connect(mode="w!")
    check(link.wait("moat-state", "up"), "a shared disk does not come up")
    other = machine.attach("xvdb", "path:" + device, "--no-wait", app="app2")
    shared = Reconnection(other)
    cut([shared])
    shared.connect(mode="w!")
    check(shared.wait("moat-state", "up"), "a disk cannot be shared")
    readonly = machine.attach("xvdc", "memory", "--readonly")
    links = [link, shared, Reconnection(readonly)]
    for each in links[:2]:
        each.keys["mode"] = "w!"
    halves = {disk: "--offset=0", other: "--offset=16m"}
    for each, offset in halves.items():
        until_told(machine, each.app, "load-" + each.vdev,
                   verify_loop(each, TURN_S) + " " + offset)
    until_told(machine, "app", "read", READ % (readonly.dev, TURN_S))
    for each in halves:
        check(machine.wait_until(each.app, "[ $(cat %s/ring0/writes) -gt 20 ]"
                                 % each.front.path), "the load never started")
    cut(links)
    connect(links)
    wrong = not_up(links)
    check(not wrong, wrong)
    for each in halves:
        stopped(machine, each.app, "load-" + each.vdev, END_S)
    stopped(machine, "app", "read", END_S)
    check(machine.sh("app", "cat /sys/block/xvdc/ro").strip() == "1", "may be written now")
    fio(readonly, rw="randread", bs="4k", depth=4, size="1m", verify=False)
