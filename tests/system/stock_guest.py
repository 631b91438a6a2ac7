# SPDX-License-Identifier: GPL-2.0
"""A stock guest with a disk, and ends of the storage domain that it is on."""
import kernel_log
from client import CommandError, Lost
from load import until_told, verify_loop
from runner import check
from toolstack import Takeover

# Two rings, as a guest with two processors makes, whatever the storage domain has.
RINGS = ["--module-args", "moat-back max_queues=2"]
# As moatd does: libxl would ask a dead domain to let its devices go, one after the other.
TAKE_DEVICES = """
of=/local/domain/0/backend/pci/{id}
for key in $(xenstore-list $of/0 | grep '^dev-'); do
    xenstore-rm /libxl/pci/$(xenstore-read $of/0/$key | tr ':.' '--')/domid || true
done
for node in $of /local/domain/{id}/device/pci /libxl/{id}/device/pci; do
    xenstore-rm $node || true
done
"""
LET_GO = "! [ -e /sys/bus/xen-backend/devices/pci-{id}-0 ]"
# An xl create that stays behind acts on a domid, whoever has it.
GONE = ("! xl domid storage >/dev/null 2>&1 && "
        "! grep -qs 'storage[.]cfg' /proc/[0-9]*/cmdline")


class Guest:
    """A stock guest's disk, and the storage domain that it is on."""

    def __init__(self, machine, backing="nvme", *options, app="app"):
        self.machine = machine
        machine.domains[app]["front"] = "stock"
        self.disk = machine.attach("xvdb", backing, *options, app=app)
        self.link = Takeover(self.disk)
        self.cache = machine.sh("storage",
                                "grep -o 'lab.cache=[^ ]*' /proc/cmdline || true").split()
        check(self.link.wait_note("moat-offered", "?*"), "nothing is noted of the disk")
        self.owed = self.link.note("moat-offered")

    def count(self, name):
        return self.disk.back.counters()[name]

    def load(self, depth=16, bs="4k-256k"):
        until_told(self.machine, self.disk.app, "load", verify_loop(self.disk, 10, depth, bs, 4))
        self.goes_on()

    def goes_on(self, name="writes", more=20):
        so_far = self.count(name)
        check(self.machine.wait_until(
            self.disk.storage, "[ $(cat %s/ring*/%s | awk '{ n += $1 } END { print n }') -gt %d ]"
            % (self.disk.back.path, name, so_far + more), 60), "the load stands still")

    def die(self, how):
        """The storage domain's end; return its id."""
        domid = self.machine.domid("storage")
        self.machine.allowed_log += kernel_log.RECOVERY
        how(self.machine)
        self.machine.sh("dom0", TAKE_DEVICES.format(id=domid))
        check(self.machine.wait_until("dom0", LET_GO.format(id=domid)), "pciback does not let go")
        self.machine.try_sh("dom0", "xl destroy storage")
        check(self.machine.wait_until("dom0", GONE, 60), "the storage domain is still there")
        return domid

    def born(self, domid):
        """Another one with its id."""
        self.machine.lab("domain", "create", "storage", "--kind", "storage", "--nvme", "0",
                         "--nvme", "1", "--domid", str(domid), *RINGS,
                         *(word for text in self.cache for word in ("--kernel-args", text)),
                         timeout=300)

    def taken_up(self):
        check(self.link.wait_note("state", 4), "not taken up: state %s, moat-misfit %s"
              % (self.link.note("state"), self.link.note("moat-misfit")))
        check(self.link.read("state") == "4", "the front end has left its state")
        check(self.link.note("moat-owed") is None, "the old note is still there")

    def replaced(self, how):
        """It dies, and the next one takes the disk up."""
        self.born(self.die(how))
        self.link.take_up(self.owed)
        self.taken_up()


def paused(machine):
    """From outside, in the middle of whatever it does: from here on it does nothing."""
    machine.sh("dom0", "xl pause storage")


def panicked(machine):
    """From inside."""
    machine.allowed_log += [r"sysrq|Kernel panic - not syncing: sysrq|Call Trace:"]
    try:
        machine.try_sh("storage", "echo c >/proc/sysrq-trigger")
    except (CommandError, Lost):
        pass
