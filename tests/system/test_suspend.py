# SPDX-License-Identifier: GPL-2.0
"""xl save and xl restore under load: nothing is lost."""
from load import finished, in_background, verify_loop
from runner import check


def save_and_restore(machine, mode):
    disk = machine.attach("xvdb", "memory")
    disk.modes(mode)
    in_background(machine, "app", "load", verify_loop(disk, 20))
    busy = machine.wait_until(
        "app", "[ $(cat %s/ring0/writes) -gt 50 ]" % disk.front.path)
    check(busy, "the load never started")
    machine.lab("domain", "save", "app", timeout=180)
    machine.lab("domain", "restore", "app", timeout=180)
    finished(machine, "app", "load", 180)
    machine.disks.remove(disk)
    machine.lab("disk", "detach", "app", "xvdb", timeout=60)


def test_save_and_restore_event(machine):
    save_and_restore(machine, "event")


def test_save_and_restore_spin(machine):
    save_and_restore(machine, "spin")
