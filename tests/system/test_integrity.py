# SPDX-License-Identifier: GPL-2.0
"""Every byte arrives: random sizes, offsets and depths, all modes and paths."""
from load import fio, verified
from runner import check

MODES = ("event", "spin", "adaptive")


def test_every_mode(machine):
    """Sizes from one sector to beyond an indirect request, at several depths."""
    disk = machine.attach("xvdb", "memory")
    for mode in MODES:
        disk.modes(mode)
        for bs, depth in (("512", 1), ("4k", 32), ("512-300k", 8)):
            verified(disk, bs=bs, depth=depth, size="64k" if bs == "512" else "4m")


def test_every_data_path(machine):
    """The data paths differ in cost, not in result."""
    disk = machine.attach("xvdb", "memory")
    for front in ("persistent", "grant"):
        for back in ("persistent", "map", "copy", "auto"):
            disk.front.set("data_path", front)
            disk.back.set("data_path", back)
            verified(disk, bs="512-128k", depth=8, size="2m")


def test_real_device(machine):
    """The passed-through NVMe, its own driver and interrupt."""
    disk = machine.attach("xvdb", "nvme")
    for mode in MODES:
        disk.modes(mode)
        verified(disk, bs="4k-64k", depth=16, size="4m")


def test_across_connections(machine):
    """What one connection wrote the next one reads, on either data path."""
    disk = machine.attach("xvdb", "nvme")
    machine.sh("app", "dd if=/dev/urandom of=/run/data bs=64k count=64 && "
               "dd if=/run/data of=%s bs=64k oflag=direct conv=fsync" % disk.dev)
    disk.detach()
    disk = machine.attach("xvdb", "nvme")
    code, out = machine.try_sh(
        "app", "dd if=%s bs=64k count=64 iflag=direct | cmp - /run/data" % disk.dev)
    check(code == 0, "another connection reads other data: " + out)


def test_multiple_queues(machine):
    """Two vCPUs, a ring each, several pages a ring."""
    machine.create("app2", "app", "--vcpus", "2")
    machine.create("storage2", "storage", "--vcpus", "2")
    disk = machine.attach("xvdb", "memory", app="app2", storage="storage2")
    rings = machine.sh("app2", "ls -d %s/ring*" % disk.front.path).split()
    check(len(rings) == 2, "expected 2 rings, found %s" % rings)
    for mode in MODES:
        disk.modes(mode)
        verified(disk, bs="4k-64k", depth=16, size="1m",
                 extra=["--numjobs=2", "--offset_increment=1m", "--group_reporting"])


def test_flush(machine):
    """fsync reaches the back end as flushes."""
    disk = machine.attach("xvdb", "nvme")
    before = disk.back.counters()["flushes"]
    fio(disk, rw="write", bs="4k", depth=1, size="256k", verify=False,
        engine="sync", extra=["--fsync=1", "--direct=0"])
    check(disk.back.counters()["flushes"] > before, "no flush arrived at the back end")
