# SPDX-License-Identifier: GPL-2.0
"""The control side of the back end: who gets a disk, and who waits for whom."""
import test_identity
from client import vdev_number
from load import finished, in_background, verified
from runner import check, takes_long
from test_identity import partitioned
from toolstack import Reconnection

# The same machine.
lab = test_identity.lab


# Who waits for a disk before it gives it up is in a state that no watchdog minds.
WAITS_IDLE = ("for task in /proc/[0-9]*; do grep -qs moat_queue_stop $task/stack && "
              "grep -qs '^State:.I' $task/status && exit 0; done; exit 1")


class Node:
    """A back end's directory, as dom0 sees it."""

    def __init__(self, machine, vdev, app="app", storage="storage"):
        self.machine, self.storage = machine, storage
        self.app, self.number = machine.domid(app), vdev_number(vdev)
        self.path = ("/local/domain/%d/backend/vbd/%d/%d"
                     % (machine.domid(storage), self.app, self.number))
        self.error = ("/local/domain/%d/error/backend/vbd/%d/%d/error"
                      % (machine.domid(storage), self.app, self.number))

    def write(self, key, value):
        self.machine.sh("dom0", "xenstore-write %s/%s '%s'" % (self.path, key, value))

    def read(self, key):
        return self.machine.sh("dom0", "xenstore-read %s/%s" % (self.path, key)).strip()

    def name_device(self, device):
        """What moat-init would not do: give the kernel's back end a device that is in use."""
        refused = self.machine.wait_until(
            "dom0", "xenstore-read %s/hotplug-error 2>/dev/null | grep -q 'in use'" % self.path)
        check(refused, "moat-init has not refused %s" % device)
        self.write("physical-device",
                   self.machine.sh(self.storage, "stat -c %%t:%%T %s" % device).strip())

    def told(self, words, seconds=20):
        """Wait until the back end has told of an error."""
        said = self.machine.wait_until(
            "dom0", "xenstore-read %s 2>/dev/null | grep -q '%s'" % (self.error, words), seconds)
        check(said, "never told: " + words)


def kept_out(machine, vdev, device, *options):
    """Attach a second node to a device that is in use; it must not get it."""
    machine.lab("disk", "attach", "app", vdev, "--from", "storage", "--backing",
                "path:" + device, "--no-wait", *options)
    node = Node(machine, vdev)
    there = machine.wait_until("dom0", "[ \"$(xenstore-read %s/state)\" = 2 ]" % node.path)
    check(there, "the second node's back end is in state " + node.read("state"))
    return node


def let_in(machine, vdev):
    there = machine.wait_until("app", "[ -b /dev/%s ]" % vdev)
    machine.lab("disk", "detach", "app", vdev, timeout=60)
    check(there, "%s did not get the device that had become free" % vdev)


def test_one_writer(machine):
    """A second writer waits, whoever names the device to it; then its turn comes."""
    machine.allowed_log.append("device is in use")
    disk = machine.attach("xvdb", "nvme:1")
    node = kept_out(machine, "xvdc", "/dev/nvme1n1")
    node.name_device("/dev/nvme1n1")
    node.told("in use")
    verified(disk, size="256k")
    disk.detach()
    let_in(machine, "xvdc")


def test_no_reader_beside_a_writer(machine):
    """Not even where one has the whole device and the other a partition."""
    machine.allowed_log.append("device is in use")
    partitioned(machine)
    for held, wanted in (("/dev/nvme0n1p1", "/dev/nvme0n1"), ("/dev/nvme1n1", "/dev/nvme1n1p2")):
        disk = machine.attach("xvdb", "path:" + held)
        node = kept_out(machine, "xvdc", wanted, "--readonly")
        node.name_device(wanted)
        node.told("in use")
        disk.detach()
        let_in(machine, "xvdc")


def test_readers_side_by_side(machine):
    """Whole device and partition, and a partition beside another that is written."""
    partitioned(machine)
    for vdev, device, options in (("xvdb", "/dev/nvme0n1", ["--readonly"]),
                                  ("xvdc", "/dev/nvme0n1p1", ["--readonly"]),
                                  ("xvdd", "/dev/nvme1n1p1", []),
                                  ("xvde", "/dev/nvme1n1p2", ["--readonly"])):
        machine.attach(vdev, "path:" + device, *options)


def test_removal_waits_for_no_disk(machine):
    """A back end goes while its disk stands still: others come and go meanwhile.

    And nobody is given the disk before what was under way on it is over.
    """
    disk = machine.attach("xvdc", "cache:16M")
    link = Reconnection(disk)
    loop = machine.sh("storage", "grep -l %s /sys/block/loop*/loop/backing_file"
                      % link.keys["params"]).split("/")[3]
    machine.sh("storage", "fsfreeze --freeze /dev/lab-cache")
    try:
        in_background(machine, "app", "write", "dd if=/dev/zero of=/dev/xvdc bs=4k count=64 "
                      "oflag=direct")
        stuck = "grep -q '[1-9]' /sys/block/%s/inflight" % loop
        check(machine.wait_until("storage", stuck), "no write is under way")
        link.cut()
        verified(machine.attach("xvdd", "memory"), size="128k")
        check(machine.try_sh("storage", stuck)[0] == 0, "the disk did not stand still")
        check(machine.try_sh("storage", WAITS_IDLE)[0] == 0, "a hung task, in the kernel's eyes")
        link.connect()
        verified(machine.disks[-1], size="128k")
        check(link.read("moat-state") == "waiting", "moat-state is %s beside a write of before"
              % link.read("moat-state"))
    finally:
        machine.sh("storage", "fsfreeze --unfreeze /dev/lab-cache")
    check(link.wait("moat-state", "up"), "moat-state is %s" % link.read("moat-state"))
    finished(machine, "app", "write", 60)


# A front end made of a shell: it asks for rings that are not there, again and again. What it
# counts is how often it was given an answer within the time.
FLOOD = """
front={front} back={back} end=$(($(date +%s) + {seconds})) n=0
say() {{ xenstore-write $front/state $1; }}
until_back() {{
    until [ "$(xenstore-read $back/state)" = $1 ]; do
        [ $(date +%s) -lt $end ] || return 1
    done
}}
while [ $(date +%s) -lt $end ]; do
    say 1; until_back 2 || break
    xenstore-write $front/ring-ref 16777215 $front/event-channel 1 $front/state 3
    until_back 5 || break
    say 6; until_back 6 || break
    n=$((n + 1))
done
echo $n
"""
FLOOD_S = 12
# Three that cost nothing, rests of 100 ms to 1.6 s, and then one in two seconds.
FLOOD_MOST = 3 + 5 + FLOOD_S // 2


@takes_long
def test_flood_of_connections(machine):
    """Attempts that come to nothing become rare, and so do the lines that they cost."""
    machine.allowed_log.append(r"moat-back.*mapping in shared page|moat-back.*cannot take up|"
                               r"\(XEN\).*(grant|gref|d\d+v\d+)")
    machine.create("flooder", "app")
    machine.sh("flooder", "rmmod moat_front")
    machine.lab("disk", "attach", "flooder", "xvdb", "--from", "storage", "--backing", "memory",
                "--no-wait")
    node = Node(machine, "xvdb", "flooder")
    front = "/local/domain/%d/device/vbd/%d" % (node.app, node.number)
    named = machine.wait_until("dom0", "xenstore-read %s/physical-device" % node.path)
    check(named, "the device was never named")
    before = machine.sh("storage", "dmesg | grep -c 'moat-back vbd' || true").strip()
    count = int(machine.sh("dom0", FLOOD.format(front=front, back=node.path, seconds=FLOOD_S),
                           timeout=FLOOD_S + 60).split()[-1])
    lines = int(machine.sh("storage", "dmesg | grep -c 'moat-back vbd' || true")) - int(before)
    check(3 <= count <= FLOOD_MOST, "%d attempts in %d s" % (count, FLOOD_S))
    check(lines <= count + 1, "%d lines in the log for %d attempts" % (lines, count))
    verified(machine.attach("xvdc", "memory"), size="128k")
    machine.destroy("flooder")


def test_device_turns_read_only(machine):
    """Writes fail from then on, before they reach it; and are done again afterwards."""
    machine.allowed_log.append(r"I/O error, dev xvdb|critical .* error, dev xvdb")
    disk = machine.attach("xvdb", "memory")
    device = machine.sh("storage", "ls /dev/*app-xvdb").strip()
    write = "dd if=/dev/zero of=/dev/xvdb bs=4k count=1 oflag=direct 2>/dev/null"
    machine.sh("app", write)
    machine.sh("storage", "blockdev --setro " + device)
    check(machine.wait_until("app", "! " + write), "a read-only device is written to")
    written = "awk '{print $7}' /sys/block/${0##*/}/stat"
    before = machine.sh("storage", written.replace("${0##*/}", device.rsplit("/", 1)[-1]))
    check(machine.try_sh("app", write)[0] != 0, "a read-only device is written to")
    after = machine.sh("storage", written.replace("${0##*/}", device.rsplit("/", 1)[-1]))
    check(before == after, "a write has reached a read-only device")
    machine.sh("app", "dd if=/dev/xvdb of=/dev/null bs=4k count=1 iflag=direct 2>/dev/null")
    machine.sh("storage", "blockdev --setrw " + device)
    check(machine.wait_until("app", write), "a device that can be written again is not")
    disk.detach()


def test_zoned_device_is_refused(machine):
    """Front ends know nothing of zones: a clear error, and it goes with the disk."""
    machine.allowed_log.append(r"zoned|cannot serve|CD-ROM|xenbus|null_blk")
    machine.lab("disk", "attach", "app", "xvdb", "--from", "storage", "--backing",
                "null_blk:memory_backed=1,size=64,zoned=1,zone_size=4", "--no-wait")
    node = Node(machine, "xvdb")
    node.told("zoned")
    machine.lab("disk", "detach", "app", "xvdb", timeout=60, check=False)
    gone = machine.wait_until("dom0", "! xenstore-exists %s" % node.error.rsplit("/", 2)[0])
    check(gone, "an error of before is still in xenstore")
