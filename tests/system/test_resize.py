# SPDX-License-Identifier: GPL-2.0
"""The device grows under load: the disk follows, and no request fails."""
from load import fio, lasting, stopped, verify_loop
from runner import check


def test_grow_under_load(machine):
    disk = machine.attach("xvdb", "loop:16M")
    lasting(machine, "app", "load", verify_loop(disk))
    machine.sh("storage", "f=$(cat /sys/block/loop0/loop/backing_file); "
               "truncate -s 32M $f && losetup -c /dev/loop0")
    grown = machine.wait_until("app", "[ $(cat /sys/block/xvdb/size) = 65536 ]")
    check(grown, "the front end still has " +
          machine.sh("app", "cat /sys/block/xvdb/size"))
    stopped(machine, "app", "load", 120)
    fio(disk, bs="64k", depth=4, size="4m", extra=["--offset=20m"])
