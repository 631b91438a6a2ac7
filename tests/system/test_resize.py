# SPDX-License-Identifier: GPL-2.0
"""The device grows: the disk follows, asked for something or not, and no request fails."""
from load import fio, lasting, stopped, verify_loop
from runner import check


def grow(machine, mib):
    machine.sh("storage", "f=$(cat /sys/block/loop0/loop/backing_file); "
               "truncate -s %dM $f && losetup -c /dev/loop0" % mib)
    grown = machine.wait_until("app", "[ $(cat /sys/block/xvdb/size) = %d ]" % (mib * 2048))
    check(grown, "the front end still has " +
          machine.sh("app", "cat /sys/block/xvdb/size"))


def test_grow(machine):
    disk = machine.attach("xvdb", "loop:16M")
    grow(machine, 24)
    lasting(machine, "app", "load", verify_loop(disk))
    grow(machine, 32)
    stopped(machine, "app", "load", 120)
    fio(disk, bs="64k", depth=4, size="4m", extra=["--offset=20m"])
