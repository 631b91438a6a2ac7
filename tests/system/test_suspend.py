# SPDX-License-Identifier: GPL-2.0
"""xl save and xl restore under load: nothing is lost."""
from load import lasting, stopped, verify_loop
from runner import check, takes_long


def save_and_restore(machine, mode):
    disk = machine.attach("xvdb", "memory")
    disk.modes(mode)
    lasting(machine, "app", "load", verify_loop(disk))
    busy = machine.wait_until(
        "app", "[ $(cat %s/ring0/writes) -gt 50 ]" % disk.front.path)
    check(busy, "the load never started")
    machine.lab("domain", "save", "app", timeout=180)
    machine.lab("domain", "restore", "app", timeout=180)
    writes = disk.front.counters()["writes"]
    check(machine.wait_until("app", "[ $(cat %s/ring0/writes) -gt %d ]"
                             % (disk.front.path, writes + 50)), "it does not go on")
    stopped(machine, "app", "load", 180)
    machine.disks.remove(disk)
    machine.lab("disk", "detach", "app", "xvdb", timeout=60)


def test_save_and_restore_event(machine):
    save_and_restore(machine, "event")


@takes_long
def test_save_and_restore_spin(machine):
    save_and_restore(machine, "spin")
