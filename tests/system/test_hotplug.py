# SPDX-License-Identifier: GPL-2.0
"""Disks come and go, domains die; nothing is left behind."""
from client import vdev_number
from load import in_background, lasting, stopped, verified, verify_loop
from runner import check

# Going over begins when the state is written; it takes some ms until the watch on the old
# back end has been given up.
GOING_OVER_US = range(0, 40000, 4000)


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


def test_taken_away_while_going_over(machine):
    """Neither the removal nor the change of back ends waits for the other for ever."""
    # xenbus, of a directory that has gone meanwhile: under a disk that goes over, or one that
    # the state written last has made anew.
    machine.allowed_log += [r"vbd-51728: (2 reading other end|xenbus: resume \(talk_to)",
                            r"talk_to_otherend on device/vbd/51728 failed",
                            r"probe of vbd-51728 failed with error -2"]
    for delay in GOING_OVER_US:
        disk = machine.attach("xvdb", "memory")
        front = "/local/domain/%d/device/vbd/%d" % (machine.domid("app"), vdev_number("xvdb"))
        machine.sh("dom0", "(usleep %d; xenstore-rm %s) & xenstore-write %s/state 1; wait"
                   % (delay, front, front))
        gone = machine.wait_until("app", "[ ! -e /sys/block/xvdb ]")
        check(gone, "the disk stays; its directory went after %d us" % delay)
        machine.lab("disk", "detach", "app", "xvdb", "--force", check=False)
        machine.disks.remove(disk)


def test_load_runs_through_other_disks_coming_and_going(machine):
    disk = machine.attach("xvdb", "memory")
    lasting(machine, "app", "load", verify_loop(disk))
    for _ in range(2):
        machine.attach("xvdc", "memory").detach()
    stopped(machine, "app", "load", 120)


XL_ATTACH = ("xl block-attach %s 'format=raw,backendtype=phy,backend=storage,vdev=%s,"
             "access=rw,target=%s'")


class Node:
    """A back-end node of a disk that xl alone has attached."""

    def __init__(self, machine, app, vdev, target):
        self.machine, self.app, self.vdev = machine, app, vdev
        self.path = "/local/domain/%d/backend/vbd/%d/%d" % (
            machine.domid("storage"), machine.domid(app), vdev_number(vdev))
        machine.sh("dom0", XL_ATTACH % (app, vdev, target))

    def read(self, key):
        return self.machine.sh("dom0", "xenstore-read %s/%s" % (self.path, key)).strip()

    def becomes(self, status):
        there = self.machine.wait_until(
            "dom0", "[ \"$(xenstore-read %s/hotplug-status)\" = %s ]" % (self.path, status), 60)
        check(there, "%s of %s is not %s" % (self.vdev, self.app, status))

    def detach(self):
        self.machine.try_sh("dom0", "timeout 60 xl block-detach %s %s" % (self.app, self.vdev))
        gone = self.machine.wait_until("dom0", "! xenstore-read %s" % self.path, 60)
        check(gone, "the node of %s is still there" % self.vdev)


def test_disk_of_another_vm(machine):
    """A second writer is told at once that he is none, unless he is of the same VM."""
    machine.allowed_log.append("is in use by vbd")
    machine.create("second", "app")
    disk = machine.attach("xvdb", "memory")
    app, second, storage = map(machine.domid, ("app", "second", "storage"))
    target = machine.sh("dom0", "xenstore-read /local/domain/%d/backend/vbd/%d/%d/params"
                        % (storage, app, vdev_number("xvdb"))).strip()
    node = Node(machine, "second", "xvdb", target)
    node.becomes("error")
    check("may not compare" in node.read("hotplug-error"), node.read("hotplug-error"))
    verified(disk, bs="4k", depth=4, size="256k")
    node.detach()
    # As while it migrates on this host: the same VM, which the storage domain may know.
    machine.sh("dom0", "vm=$(xenstore-read /local/domain/%d/vm); "
               "xenstore-write /local/domain/%d/vm $vm; for n in %d %d; do "
               "xenstore-chmod /local/domain/$n/vm n0 r$n r%d; done"
               % (app, second, app, second, storage))
    node = Node(machine, "second", "xvdb", target)
    node.becomes("connected")
    seen = machine.wait_until("second", "[ -b /dev/xvdb ]")
    check(seen, "the other node of one VM does not connect")
    node.detach()


def test_device_that_is_not_there(machine):
    """It is told; and the disk can be taken away again."""
    machine.allowed_log.append("there is no such device")
    before = nodes(machine, "storage")
    node = Node(machine, "app", "xvdb", "/dev/not-there")
    node.becomes("error")
    check("there is no such device" in node.read("hotplug-error"), node.read("hotplug-error"))
    node.detach()
    check(nodes(machine, "storage") == before, "the detach left back-end nodes")
