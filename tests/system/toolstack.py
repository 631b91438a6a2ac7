# SPDX-License-Identifier: GPL-2.0
"""The toolstack's part of a reconnection, by hand: for tests of the front end alone.

docs/recovery.md, "Reconnect", says what is written; moatd does it for real.
"""
from client import vdev_number


# What the toolstack writes into a back end's directory, as far as a disk has it.
KEYS = ("params", "mode", "type", "device-type", "dev", "removable", "bootable",
        "discard-enable")


class Reconnection:
    """Moves a disk to a back end, in the domain where it is or in another."""

    def __init__(self, disk):
        self.disk, self.machine = disk, disk.machine
        self.app = self.machine.domid(disk.app)
        self.number = vdev_number(disk.vdev)
        self.front = "/local/domain/%d/device/vbd/%d" % (self.app, self.number)
        said = self.machine.sh(
            "dom0", "back=$(xenstore-read %s/backend); for key in %s; do "
            "value=$(xenstore-read $back/$key 2>/dev/null) && echo $key=$value; done; true"
            % (self.front, " ".join(KEYS)))
        self.keys = dict(line.split("=", 1) for line in said.splitlines())

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
        cut([self])

    def connect(self, **changes):
        """Give the disk a back end in its storage domain."""
        self.machine.sh("dom0", self.connect_script(**changes))

    def connect_script(self, **changes):
        """What connect() does, as a script for dom0."""
        new = "/local/domain/$new/backend/vbd/%d/%d" % (self.app, self.number)
        keys = dict(self.keys, frontend=self.front, online=1, **{"frontend-id": self.app})
        keys.update(changes)
        pairs = " ".join("%s/%s '%s'" % (new, k, v) for k, v in keys.items())
        # What is written below a directory gets its permissions. The rest is one
        # transaction: a back end that still saw its front end connected would take up
        # the old rings.
        return ("new=$(xl domid %s); xenstore-write %s ''; xenstore-chmod %s n$new r%d; "
                "xenstore-write %s %s/state 1 "
                "%s/state 1 %s/moat-state waiting %s/backend %s "
                "%s/backend-id $new\n" % (
                    self.disk.storage, new, new, self.app, pairs, new, self.front, self.front,
                    self.front, new, self.front))


class Takeover(Reconnection):
    """Has a back end take up the rings of a front end that knows of nothing.

    The new domain has the id of the one before. The front end's keys stay as they are.
    """

    def note(self, key):
        """A key of the back end's, or None."""
        status, text = self.machine.try_sh("dom0", "xenstore-read $(xenstore-read %s/backend)/%s"
                                           % (self.front, key))
        return None if status else text.rstrip("\n")

    def wait_note(self, key, pattern, seconds=60):
        """Wait until a key of the back end's looks like a shell pattern."""
        return self.machine.wait_until(
            "dom0", "case \"$(xenstore-read $(xenstore-read %s/backend)/%s 2>/dev/null)\" in "
            "%s) true;; *) false;; esac" % (self.front, key, pattern), seconds)

    def take_up(self, owed):
        """Make the back end's directory anew, with what its front end was given."""
        new = "/local/domain/$id/backend/vbd/%d/%d" % (self.app, self.number)
        keys = dict(self.keys, frontend=self.front, online=1, **{
            "frontend-id": self.app, "moat-owed": owed})
        pairs = " ".join("%s/%s '%s'" % (new, k, v) for k, v in keys.items())
        # Whoever the id belonged to may read nothing any more. Until it has a state the new
        # directory is nobody's.
        self.machine.sh("dom0", "id=$(xl domid %s); xenstore-chmod -r %s n%d r$id; "
                        "xenstore-write %s ''; xenstore-chmod %s n$id r%d; "
                        "xenstore-write %s %s/state 1" % (
                            self.disk.storage, self.front, self.app, new, new, self.app,
                            pairs, new))


def cut(links):
    """Take the back ends of some disks away, all at once."""
    machine = links[0].machine
    machine.sh("dom0", "".join("xenstore-rm $(xenstore-read %s/backend) || true\n" % link.front
                               for link in links))
    for link in links:
        gone = "! [ -e /sys/bus/xen-backend/devices/vbd-%d-%d ]" % (link.app, link.number)
        machine.wait_until(link.disk.storage, gone)


def connect(links):
    """Give some disks back ends, all at once."""
    links[0].machine.sh("dom0", "".join(link.connect_script() for link in links))


def not_up(links, seconds=60):
    """Wait until all are up; what is wrong with those that are not, a line for each."""
    wrong = []
    for link in links:
        if not link.wait("moat-state", "up", seconds):
            wrong.append("%s of %s: moat-state %s, moat-trouble %s" % (
                link.disk.vdev, link.disk.app, link.read("moat-state"),
                link.read("moat-trouble")))
            seconds = 1     # the others have had their time
    return "\n".join(wrong)
