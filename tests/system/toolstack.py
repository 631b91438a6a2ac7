# SPDX-License-Identifier: GPL-2.0
"""The toolstack's part of a reconnection, by hand: for tests of the front end alone.

docs/recovery.md, "Reconnect", says what is written; moatd does it for real.
"""
from client import vdev_number


class Reconnection:
    """Moves a disk to a back end, in the domain where it is or in another."""

    def __init__(self, disk):
        self.disk, self.machine = disk, disk.machine
        self.app = self.machine.domid(disk.app)
        self.number = vdev_number(disk.vdev)
        self.front = "/local/domain/%d/device/vbd/%d" % (self.app, self.number)
        self.keys = {}
        for key in ("params", "mode", "type", "device-type", "dev", "removable",
                    "bootable", "discard-enable"):
            status, text = self.machine.try_sh(
                "dom0", "xenstore-read $(xenstore-read %s/backend)/%s" % (self.front, key))
            if not status:
                self.keys[key] = text.strip()

    def read(self, key):
        """A key of the front end's, or None."""
        status, text = self.machine.try_sh("dom0", "xenstore-read %s/%s" % (self.front, key))
        return None if status else text.strip()

    def write(self, key, value):
        """Write a key of the front end's, as the toolstack."""
        self.machine.sh("dom0", "xenstore-write %s/%s '%s'" % (self.front, key, value))

    def wait(self, key, pattern, seconds=20):
        """Wait until a key of the front end's looks like a shell pattern."""
        return self.machine.wait_until(
            "dom0", "case \"$(xenstore-read %s/%s 2>/dev/null)\" in %s) true;; *) false;; esac"
            % (self.front, key, pattern), seconds)

    def cut(self):
        """Take the back end away, as the death of its domain does."""
        self.machine.sh("dom0", "old=$(xenstore-read %s/backend); xenstore-rm $old; "
                        "true" % self.front)
        gone = ("! [ -e /sys/bus/xen-backend/devices/vbd-%d-%d ]" % (self.app, self.number))
        self.machine.wait_until(self.disk.storage, gone)

    def connect(self, **changes):
        """Give the disk a back end in its storage domain."""
        domid = self.machine.domid(self.disk.storage)
        new = "/local/domain/%d/backend/vbd/%d/%d" % (domid, self.app, self.number)
        keys = dict(self.keys, frontend=self.front, online=1, **{"frontend-id": self.app})
        keys.update(changes)
        pairs = " ".join("%s/%s '%s'" % (new, k, v) for k, v in keys.items())
        # What is written below a directory gets its permissions. The rest is one
        # transaction: a back end that still saw its front end connected would take up
        # the old rings.
        self.machine.sh("dom0", "xenstore-write %s ''; xenstore-chmod %s n%d r%d; "
                        "xenstore-write %s %s/state 1 "
                        "%s/state 1 %s/moat-state waiting %s/backend %s "
                        "%s/backend-id %d" % (
                            new, new, domid, self.app, pairs, new, self.front, self.front,
                            self.front, new, self.front, domid))
