# SPDX-License-Identifier: GPL-2.0
"""Little memory, few grants, many disks: with a recovery in the middle, as test_settings."""
from client import vdev_number
from load import finished, in_background, stopped, until_told
from runner import check
from swapping import PAGES, Swapping, bring
from testbed import Disk
from toolstack import Reconnection, connect, cut, not_up

APART = "make test-settings"
CACHED = "null_blk:memory_backed=1,size=32,cache_size=16"
# A turn of a load, and the time until it has come to its end.
TURN_S, END_S = 5, 240
SIXTEEN = ["xvd" + letter for letter in "abcdefghijklmnop"]
MANY_NAME = "/sys/kernel/config/nullb/many-%s"
MANY = r'''
modprobe null_blk nr_devices=0 2>/dev/null || true
[ -d /sys/kernel/config/nullb ] || mount -t configfs configfs /sys/kernel/config
for vdev in %s; do
    mkdir %s && cd %s
    echo 1 >memory_backed; echo 4 >size; echo 2 >cache_size; echo 1 >power
    # Some kernels name it after its folder.
    for device in /dev/many-$vdev /dev/nullb$(cat index); do
        if [ -b $device ]; then echo $device; fi
    done
done
'''
# On which processors a kernel thread may run.
WHERE = ("for p in /proc/[0-9]*; do [ \"$(cat $p/comm 2>/dev/null)\" != %s ] || "
         "awk '/^Cpus_allowed_list/ { print $2 }' $p/status; done")
# Free blocks of 64 KiB and more; what is left of zone DMA nobody gets who does not ask for it.
LARGE_BLOCKS = ("awk '$4 != \"DMA\" { for (i = 9; i <= NF; i++) n += $i } END { print n + 0 }' "
                "/proc/buddyinfo")
NO_MORE_OF_MANY = "for vdev in %s; do echo 0 >%s/power; rmdir %s; done"


def verified_load(devices, bs, depth, size):
    """The fio command of a verified load without a flush, on all of them at once."""
    return ("fio --rw=randrw --bsrange=%s --iodepth=%d --ioengine=libaio --direct=1 --size=%s "
            "--io_size=1g --time_based --runtime=%d --verify=crc32c --verify_fatal=1 "
            "--verify_backlog=64 --thread --randrepeat=0 " % (bs, depth, size, TURN_S) +
            " ".join("--name=%s --filename=/dev/%s" % (d, d) for d in devices))


def has_written(disk, count):
    """Wait until a disk has carried out so many writes."""
    check(disk.machine.wait_until(
        disk.app, "[ $(cat %s/ring*/writes | awk '{ n += $1 } END { print n }') -gt %d ]"
        % (disk.front.path, count), 60),
        "%s of %s stands still" % (disk.vdev, disk.app))


def move(links):
    """The recovery, of all of them together."""
    cut(links)
    connect(links)
    wrong = not_up(links)
    check(not wrong, wrong)


def test_swap(machine):
    """A domain that swaps for its life, in the mode that takes most of it; and a recovery."""
    machine.create("swapper", "app", "--memory", "320", "--vcpus", "2", "--mode", "spin")
    link = Reconnection(machine.attach("xvda", "nvme:0", app="swapper"))
    load = Swapping(machine, "swapper", "/dev/xvda")
    load.begin()
    move([link])
    load.goes_on()
    load.end()
    machine.destroy("swapper")


def test_few_grants(machine):
    """Four frames of grants, two disks: what is kept gives way to what is to be done."""
    machine.create("cramped", "app", "--vcpus", "2", "--xl", "max_grant_frames=4")
    disks = [machine.attach(vdev, CACHED, app="cramped") for vdev in ("xvda", "xvdb")]
    links = [Reconnection(disk) for disk in disks]
    # Acknowledged by way of one ring, and kept; then the other ring is to have its share.
    in_background(machine, "cramped", "one", "taskset -c 0 dd if=/dev/zero of=/dev/xvda bs=64k "
                  "count=100 oflag=direct; taskset -c 1 dd if=/dev/zero of=/dev/xvda bs=4k "
                  "count=200 oflag=direct")
    finished(machine, "cramped", "one", 60)
    until_told(machine, "cramped", "load",
                  verified_load(["xvda", "xvdb"], "256k-256k", 32, "16m"))
    for disk in disks:
        has_written(disk, disk.front.counters()["writes"])
    move(links)
    stopped(machine, "cramped", "load", END_S)
    machine.destroy("cramped")


def sixteen_disks(machine, *options):
    """A domain with eight processors and sixteen disks."""
    fill = (" ".join(SIXTEEN), MANY_NAME % "$vdev", MANY_NAME % "$vdev")
    devices = machine.sh("storage", MANY % fill).split()
    specs = ", ".join('"vdev=%s,format=raw,backendtype=phy,backend=storage,access=w,target=%s"'
                      % pair for pair in zip(SIXTEEN, devices))
    machine.create("many", "app", "--vcpus", "8", "--memory", "512",
                   "--xl", "disk=[%s]" % specs, *options)
    settled = " && ".join("case $(xenstore-read $front/%d/state) in [456]) true;; *) false;; esac"
                          % vdev_number(vdev) for vdev in SIXTEEN)
    check(machine.wait_until("dom0", "front=/local/domain/%d/device/vbd; %s"
                             % (machine.domid("many"), settled), 90),
          "not all of the disks are connected or refused")
    there = machine.sh("many", "cd /dev; ls xvd?").split()
    check(len(there) == len(SIXTEEN), "there are only %d disks" % len(there))
    return [Disk(machine, "many", vdev, "storage", "") for vdev in there]


def sixteen_disks_go_on(machine, disks):
    """All of them at once, over a recovery; and the end of the domain."""
    links = [Reconnection(disk) for disk in disks]
    until_told(machine, "many", "load",
               verified_load([disk.vdev for disk in disks], "4k-64k", 8, "4m"))
    for disk in disks:
        has_written(disk, 20)
    move(links)
    for disk in disks:
        has_written(disk, disk.front.counters()["writes"])
    stopped(machine, "many", "load", END_S)
    machine.destroy("many")
    machine.sh("storage", NO_MORE_OF_MANY % (" ".join(SIXTEEN), MANY_NAME % "$vdev",
                                             MANY_NAME % "$vdev"))


def sixteen_with_less(machine, frames):
    """In so few frames of grants the later ones have less, and say so."""
    disks = sixteen_disks(machine, "--xl", "max_grant_frames=%d" % frames)
    check("few pages or grants are left" in machine.sh("many", "dmesg"),
          "nobody says that it has less")
    sixteen_disks_go_on(machine, disks)


def test_sixteen_disks(machine):
    """Of one domain with eight processors, in the grants that a domain has by default."""
    disks = sixteen_disks(machine)
    check("grants are left" not in machine.sh("many", "dmesg"), "the default is called few grants")
    sixteen_disks_go_on(machine, disks)


def test_sixteen_disks_few_grants(machine):
    """In a sixteenth of that."""
    sixteen_with_less(machine, 4)


def test_sixteen_disks_hardly_any_grants(machine):
    """In the fewest that Linux 6.1 starts with: gnttab_init() uses a table of size 0 with one."""
    sixteen_with_less(machine, 2)


def test_large_rings_without_large_pieces(machine):
    """Rings of sixteen pages, in a domain that has much free memory and no such piece."""
    machine.create("pieces", "app", "--memory", "320", "--module-args",
                   "moat-front ring_order=4")
    disk = machine.attach("xvda", CACHED, app="pieces")
    link = Reconnection(disk)
    check(link.read("ring-page-order") == "4", "no large ring")
    bring(machine, "pieces")
    machine.sh("pieces", "echo 0 >/proc/sys/vm/compact_unevictable_allowed")
    in_background(machine, "pieces", "holes", PAGES + " --holes "
                  "$(awk '/^MemAvailable/ { print int($2 * 0.8 / 1024) }' /proc/meminfo)")
    check(machine.wait_until("pieces", "grep -q ready /run/holes.out", 60), "no holes")
    until_told(machine, "pieces", "load", verified_load(["xvda"], "4k-64k", 8, "8m"))
    has_written(disk, 20)
    check(machine.wait_until("pieces", "[ $(%s) -lt 4 ]" % LARGE_BLOCKS),
          "large pieces are left: " + machine.sh("pieces", "cat /proc/buddyinfo"))
    move([link])
    stopped(machine, "pieces", "load", END_S)
    machine.destroy("pieces")


# As a guest's udev does; in a storage domain it is moat-init's.
USE = "echo 1 >/sys/devices/system/cpu/cpu1/online; "


def test_processors_and_memory_come_and_go(machine):
    """In both domains: before the back end goes, while it is away, and behind it."""
    machine.create("storage2", "storage", "--vcpus", "2")
    machine.create("app2", "app", "--vcpus", "2")
    disk = machine.attach("xvda", CACHED, app="app2", storage="storage2")
    link = Reconnection(disk)

    def resize(vcpus, app_mib, storage_mib):
        machine.sh("dom0", "xl vcpu-set app2 {0}; xl vcpu-set storage2 {0}; "
                   "xl mem-set app2 {1}m; xl mem-set storage2 {2}m"
                   .format(vcpus, app_mib, storage_mib))
        for domain, use in (("app2", USE if vcpus > 1 else ""), ("storage2", "")):
            check(machine.wait_until(domain, "%s[ $(nproc) = %d ]" % (use, vcpus), 60),
                  "%s does not get to %d processors" % (domain, vcpus))

    until_told(machine, "app2", "load", verified_load(["xvda"], "4k-64k", 8, "8m"))
    has_written(disk, 20)
    resize(1, 400, 280)
    resize(2, 448, 320)
    has_written(disk, disk.front.counters()["writes"] + 20)
    # What waits for the next back end has begun on the processor that goes.
    in_background(machine, "app2", "pinned",
                  "taskset -c 1 dd if=/dev/xvda of=/dev/null bs=4k iflag=direct 2>/dev/null")
    check(machine.wait_until("app2", "[ $(cat %s/ring1/reads) -gt 20 ]" % disk.front.path),
          "the second ring is not used")
    cut([link])
    resize(1, 400, 280)
    connect([link])
    wrong = not_up([link])
    check(not wrong, wrong)
    has_written(disk, disk.front.counters()["writes"] + 20)
    resize(2, 448, 320)
    for domain, name in (("app2", "moat/1"), ("storage2", "moat-back/1")):
        where = machine.sh(domain, WHERE % name).strip()
        check(where == "1", "the poller %s of %s may run on %s" % (name, domain, where))
    finished(machine, "app2", "pinned", END_S)
    stopped(machine, "app2", "load", END_S)
    machine.destroy("app2")
    machine.destroy("storage2")
