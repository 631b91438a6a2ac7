# SPDX-License-Identifier: GPL-2.0
"""One front end follows another at the same node, and what the one before left there.

As with kexec: the one before took no leave. The front end that follows is the stock one,
which knows nothing of Moat's keys and takes none away.
"""
from client import vdev_number
from load import verified
from runner import check

BUS = "/sys/bus/xen"
PARAMETERS = "/sys/module/moat_back/parameters"


class Node:
    """The xenstore node of a disk whose stock front end goes and comes back."""

    def __init__(self, disk):
        self.disk, self.machine = disk, disk.machine
        self.number = vdev_number(disk.vdev)
        self.front = ("/local/domain/%d/device/vbd/%d"
                      % (self.machine.domid(disk.app), self.number))
        self.keys = [(key, self.machine.sh("dom0", "xenstore-read %s/%s" % (self.front, key))
                      .strip()) for key in ("backend", "backend-id", "virtual-device",
                                            "device-type")]

    def back_state(self, state):
        """Wait until the back end is in a state."""
        found = self.machine.wait_until(
            "dom0", "[ \"$(xenstore-read %s/state)\" = %d ]" % (dict(self.keys)["backend"],
                                                               state))
        check(found, "the back end never came to state %d" % state)

    def leave(self):
        """The front end goes, and the back end has seen it."""
        self.machine.sh(self.disk.app, "echo 0 >%s/drivers_autoprobe" % BUS)
        self.machine.sh("dom0", "xenstore-rm " + self.front)
        gone = self.machine.wait_until(
            self.disk.app, "! [ -e %s/devices/vbd-%d ]" % (BUS, self.number))
        check(gone, "the front end's device stays")
        self.back_state(6)

    def begin(self, keys=()):
        """Another's device comes, with keys that it finds; the back end has made its offer."""
        pairs = "".join(" %s/%s '%s'" % (self.front, *pair) for pair in [*self.keys, *keys])
        self.machine.sh("dom0", "xenstore-write %s ''; xenstore-chmod %s n%d r%d; "
                        "xenstore-write %s/state 1%s" % (
                            self.front, self.front, self.machine.domid(self.disk.app),
                            self.machine.domid(self.disk.storage), self.front, pairs))
        self.back_state(2)
        there = self.machine.wait_until(
            self.disk.app, "[ -e %s/devices/vbd-%d ]" % (BUS, self.number))
        check(there, "no device for the front end")

    def come(self):
        """It goes on from the offer until the disk is there."""
        self.machine.sh(self.disk.app, "echo 1 >%s/drivers_autoprobe; "
                        "echo vbd-%d >%s/drivers/vbd/bind" % (BUS, self.number, BUS))
        there = self.machine.wait_until(self.disk.app, "[ -b %s ]" % self.disk.dev)
        check(there, "no disk; the log of the back end: " +
              self.machine.sh(self.disk.storage, "dmesg | tail -n 3"))

    def read(self, key):
        """A key of the back end's."""
        return self.machine.sh("dom0", "xenstore-read %s/%s"
                               % (dict(self.keys)["backend"], key)).strip()


def stock_disk(machine, *options):
    machine.create("stockapp", "app", *options, front="stock")
    return machine.attach("xvdb", "memory", app="stockapp")


def test_rings_of_an_earlier_front_end(machine):
    """The name of a ring's key goes by ring-page-order, not by which keys are there."""
    disk = stock_disk(machine)
    node = Node(disk)
    node.leave()
    node.begin([("ring-ref0", 1), ("ring-ref1", 1)])
    node.come()
    verified(disk, size="256k")


def moat_keys(machine):
    """What moat-front adds to its directory, as pairs."""
    disk = machine.attach("xvdc", "memory")
    front = "/local/domain/%d/device/vbd/%d" % (machine.domid("app"), vdev_number("xvdc"))
    text = machine.sh("dom0", "for key in $(xenstore-list %s); do case $key in *moat-*) "
                      "echo $key $(xenstore-read %s/$key);; esac; done" % (front, front))
    disk.detach()
    keys = [tuple(line.split(None, 1)) for line in text.splitlines() if " " in line]
    check([k for k, _ in keys if k.startswith("feature-")], "moat-front told nothing: " + text)
    return keys


def test_moat_keys_of_an_earlier_front_end(machine):
    """A stock front end is not believed to be Moat's for the keys that Moat's left."""
    keys = moat_keys(machine)
    disk = stock_disk(machine)
    node = Node(disk)
    node.leave()
    node.begin(keys)
    node.come()
    verified(disk, bs="512-100k", size="2m")
    check(disk.back.counters()["errors"] == 0, "requests ended in errors")


def test_units_of_blocks_are_refused(machine):
    """A front end that counts in blocks of 4096 bytes would read and write elsewhere."""
    machine.allowed_log.append("cannot serve what the front end asks for|vbd")
    machine.create("stockapp", "app", front="stock")
    disk = machine.attach("xvdb", "null_blk:memory_backed=1,size=16,blocksize=4096",
                          app="stockapp")
    node = Node(disk)
    node.leave()
    node.begin([("feature-large-sector-size", 1)])
    machine.sh(disk.app, "echo 1 >%s/drivers_autoprobe; echo vbd-%d >%s/drivers/vbd/bind"
               % (BUS, node.number, BUS))
    node.back_state(6)
    check(machine.try_sh(disk.app, "[ -b %s ]" % disk.dev)[0] != 0, "it was served")
    node.leave()
    node.begin()
    node.come()
    verified(disk, size="256k")


def test_what_was_offered_counts(machine):
    """Limits that sink between the offer and the answer are for the next connection."""
    disk = stock_disk(machine, "--vcpus", "2", "--module-args",
                      "xen-blkfront max_queues=2 max_ring_page_order=2")
    node = Node(disk)
    names = ("max_queues", "max_ring_page_order")
    was = [machine.sh("storage", "cat %s/%s" % (PARAMETERS, name)).strip() for name in names]

    def limit(*values):
        machine.sh("storage", "; ".join("echo %s >%s/%s" % (value, PARAMETERS, name)
                                        for name, value in zip(names, values)))

    try:
        node.leave()
        limit(2, 2)
        node.begin()
        limit(1, 1)
        node.come()
        rings = machine.sh("storage", "ls -d %s/ring* | wc -l" % disk.back.path).strip()
        check(rings == "2", "%s rings, though two were offered" % rings)
        verified(disk, size="256k")
        node.leave()
        node.begin()
        check(node.read("multi-queue-max-queues") == "1", "the new limit is not offered")
        node.come()
    finally:
        limit(*was)
