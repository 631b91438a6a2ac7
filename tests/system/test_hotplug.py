# SPDX-License-Identifier: GPL-2.0
"""Disks come and go, domains die; nothing is left behind."""
from load import finished, in_background, verified, verify_loop
from runner import check


def nodes(machine, storage):
    """Back-end nodes of a storage domain in xenstore."""
    return machine.sh("dom0", "xenstore-ls /local/domain/%d/backend 2>/dev/null | "
                      "grep -c 'frontend-id' || true" % machine.domid(storage)).strip()


def test_attach_and_detach(machine):
    """Again and again, with I/O in between; xenstore is clean behind each."""
    before = nodes(machine, "storage")
    for _ in range(4):
        disk = machine.attach("xvdb", "memory")
        verified(disk, bs="4k", depth=4, size="256k")
        disk.detach()
        gone = machine.wait_until("app", "[ ! -e /dev/xvdb ]")
        check(gone, "/dev/xvdb is still there after the detach")
        check(nodes(machine, "storage") == before, "the detach left back-end nodes")


def test_application_domain_dies_under_load(machine):
    """xl destroy with requests in flight: the storage domain goes on serving."""
    machine.create("victim", "app")
    disk = machine.attach("xvdb", "memory", app="victim")
    other = machine.attach("xvdc", "memory")
    in_background(machine, "victim", "load", verify_loop(disk, 60))
    busy = machine.wait_until(
        "storage", "[ $(cat %s/ring0/reads) -gt 50 ]" % disk.back.path)
    check(busy, "the load never reached the back end")
    machine.destroy("victim")
    verified(other, bs="4k", depth=8, size="1m")


def test_disk_in_use_is_not_torn_away(machine):
    """A mounted disk survives a polite detach; unmounted, it goes."""
    disk = machine.attach("xvdb", "memory")
    machine.sh("app", "mkfs.ext4 -q -F %s && mkdir -p /mnt/t && mount %s /mnt/t"
               % (disk.dev, disk.dev))
    machine.try_sh("dom0", "timeout 30 xl block-detach app xvdb")
    machine.sh("app", "echo still here >/mnt/t/f && sync && umount /mnt/t")
    gone = machine.wait_until("app", "[ ! -e %s ]" % disk.dev)
    check(gone, "the detach was never carried out after the unmount")
    machine.lab("disk", "detach", "app", "xvdb", check=False)
    machine.disks.remove(disk)


def test_load_runs_through_other_disks_coming_and_going(machine):
    disk = machine.attach("xvdb", "memory")
    in_background(machine, "app", "load", verify_loop(disk, 12))
    for _ in range(2):
        machine.attach("xvdc", "memory").detach()
    finished(machine, "app", "load", 120)
