# SPDX-License-Identifier: GPL-2.0
"""A disk is what it is, never what it is called.

Two controllers, or two files, change names while the back end is away, as they may in a
domain that boots anew. What was acknowledged and not flushed must not reach the other.
"""
from runner import check
from toolstack import Reconnection

# Two partitions of 16 MiB.
TABLE = "start=2048,size=32768\\nstart=65536,size=32768\\n"
BLOCKS = 32


def lab():
    """The machine these cases need: two NVMe disks, and one with a file system."""
    return ["--no-disk", "--nvme", "3", "--cache-nvme", "2"]


def partitioned(machine):
    """The same table on both disks."""
    for number in (0, 1):
        disk = machine.attach("xvdb", "nvme:%d" % number)
        machine.sh("app", "printf '%s' | sfdisk -q /dev/xvdb" % TABLE)
        disk.detach()
        device = "/dev/nvme%dn1" % number
        seen = machine.wait_until("storage", "[ -b %sp2 ] || { blockdev --rereadpt %s; false; }"
                                  % (device, device))
        check(seen, "no %sp2" % device)


def unflushed(machine, dev):
    """Writes that only the disk's cache may have; the front end keeps them."""
    machine.sh("app", "dd if=/dev/urandom of=/tmp/data bs=4k count=%d 2>/dev/null; "
               "dd if=/tmp/data of=%s bs=4k oflag=direct 2>/dev/null" % (BLOCKS, dev))


def bytes_on(machine, device):
    """How many bytes are not 0 where the writes would be."""
    return machine.sh("storage", "dd if=%s bs=4k count=%d 2>/dev/null | tr -d '\\0' | wc -c"
                      % (device, BLOCKS)).strip()


def refused(link, params, meanwhile="true"):
    """It does not go on with another disk; meanwhile: what happens while nobody serves."""
    link.cut()
    link.machine.sh("storage", meanwhile)
    link.connect(params=params)
    # By then the front end has forgotten what it said of the one before.
    there = link.machine.wait_until(
        "dom0", "[ \"$(xenstore-read $(xenstore-read %s/backend)/state)\" = 4 ]" % link.front)
    check(there, "the back end of %s does not connect" % params)
    check(link.wait("moat-trouble", "'refused '*"), "%s was taken for the disk that was "
          "here; moat-state is %s" % (params, link.read("moat-state")))


def taken(link, meanwhile="true", **params):
    """It goes on with its own disk, and what was acknowledged is there."""
    link.cut()
    link.machine.sh("storage", meanwhile)
    link.connect(**params)
    check(link.wait("moat-state", "up"), "the right disk was not taken: moat-state is %s, "
          "moat-trouble %s" % (link.read("moat-state"), link.read("moat-trouble")))
    link.machine.sh("app", "dd if=%s bs=4k count=%d iflag=direct 2>/dev/null | cmp - /tmp/data"
                    % (link.disk.dev, BLOCKS))


def test_controllers_change_names(machine):
    """A partition of the same number, of a disk that has got the name of another."""
    machine.allowed_log.append(r"not the disk that was here|connecting disk")
    partitioned(machine)
    disk = machine.attach("xvdb", "path:/dev/nvme0n1p1")
    link = Reconnection(disk)
    unflushed(machine, disk.dev)
    for other in ("/dev/nvme1n1p1", "/dev/nvme0n1p2", "/dev/nvme1n1"):
        before = bytes_on(machine, other)
        refused(link, other)
        check(bytes_on(machine, other) == before, "writes for nvme0n1p1 are on " + other)
    taken(link)


def test_files_change_names(machine):
    """A file of another name is the same disk; another of its name is not."""
    machine.allowed_log.append(r"not the disk that was here|connecting disk")
    disk = machine.attach("xvdc", "cache:16M")
    link = Reconnection(disk)
    file = link.keys["params"]
    unflushed(machine, disk.dev)
    refused(link, file, "mv %s %s.old; truncate -s 16M %s" % (file, file, file))
    check(bytes_on(machine, file) == "0", "writes for another file are on " + file)
    taken(link, params=file + ".old")
    taken(link, "mv %s.old %s" % (file, file))
