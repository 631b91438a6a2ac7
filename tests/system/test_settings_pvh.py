# SPDX-License-Identifier: GPL-2.0
"""The same for PVH guests, which need a processor of another model."""
import test_settings_recovery
from runner import check
from swapping import Swapping
from test_settings_recovery import GUEST_MEMORY, in_recovery, loaded, ready, strike, survive
from watched import Watched

APART = "make test-settings"
# Hardware virtualisation, emulated: the lab's own choice for `up --pvh`.
CPU = "qemu64,+svm,+npt"


def lab():
    """The machine these cases need; the runner asks."""
    return test_settings_recovery.lab() + ["--cpu", CPU]


def test_migrated(machine):
    """The guest moves to where it is, as between two hosts: before a recovery, in one, behind.

    A PVH guest: Debian's Xen cannot tell what a PV guest writes as it is copied.
    """
    machine.destroy("app")
    machine.create("app", "app", "--pvh", "--memory", GUEST_MEMORY)
    with loaded(machine) as (watched, load):
        machine.lab("domain", "migrate", "app", timeout=600)
        check(load.goes_on(60), "the load stands still behind the migration")
        survive(watched, load)
        with in_recovery(machine, watched, load) as mark:
            machine.lab("domain", "migrate", "app", timeout=600)
            check(watched.recovered(mark), "no recovery while the guest moves")
        machine.lab("domain", "migrate", "app", timeout=600)
        check(load.goes_on(60), "the load stands still behind the last migration")
        survive(watched, load)


def test_swaps(machine):
    """A PVH guest that swaps for its life, while its storage domain dies."""
    ready(machine)
    machine.create("pvh", "app", "--pvh", "--memory", "320", "--vcpus", "2")
    machine.attach("xvda", "nvme:1", app="pvh")
    watched, load = Watched(machine), Swapping(machine, "pvh", "/dev/xvda")
    try:
        load.begin()
        event = watched.recovered(strike(watched))
        check(event and event["event"] == "recovered" and not event["left"],
              "moatd says: %s" % event)
        load.goes_on()
        load.end()
        machine.destroy("pvh")
    finally:
        watched.close()
