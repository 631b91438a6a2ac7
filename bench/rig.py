# SPDX-License-Identifier: GPL-2.0
"""The machine that is measured: a lab with a Moat and a stock domain on either side.

    app      moat-front      storage    moat-back
    sapp     xen-blkfront    sstorage   xen-blkback

Each pair of an application and a storage domain has a disk of its own for each device,
so that one boot has every way there is, and rounds can go from one to the next.
"""
import os
import string

from cells import BACKING, WAY
from shell import Shell
from testbed import Testbed

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
BUILD = os.path.join(ROOT, "build", "bench")
LOAD, METER = "/run/load", "/run/meter"

# Giving up pages that went unused for a minute is no request's cost, and would be counted
# as one; the same for both back ends.
KEEP = ["--module-args", "moat-back persistent_unused_seconds=0",
        "--module-args", "xen-blkback persistent_grant_unused_seconds=0"]

# What Xen does with the clock of a PV guest, left to itself; the lab says otherwise.
EMULATED_TSC = ["--xl", 'tsc_mode="default"']

LOCAL = {
    "null_blk": '''modprobe null_blk nr_devices=0
        [ -d /sys/kernel/config/nullb ] || mount -t configfs configfs /sys/kernel/config
        d=/sys/kernel/config/nullb/local; mkdir $d; echo 1024 >$d/size
        {settings} echo 1 >$d/power
        for f in /dev/local /dev/nullb$(cat $d/index); do [ ! -b $f ] || echo $f; done''',
    "brd": "modprobe brd rd_nr=1 rd_size=65536 max_part=0; echo /dev/ram0",
    "nvme": "ls /dev/nvme0n1",
}


# The domains of a rig.
ALL = ("storage", "sstorage", "app", "sapp")


class Rig(Testbed):
    def __init__(self, say, vcpus=1, nvme=False, module_args=(), emulated_tsc=False):
        """module_args: "MODULE KEY=VALUE", in all domains."""
        super().__init__(["--bare", "--memory", "5G", "--nvme", "2" if nvme else "0"], say=say)
        self.nvme, self.backing = nvme, dict(BACKING)
        more = [word for text in module_args for word in ("--module-args", text)]
        self.plain = ["--vcpus", str(vcpus), *KEEP, *more, *(EMULATED_TSC if emulated_tsc else [])]
        self.shells, self.ways, self.free, self.vdevs = {}, {}, {}, {}
        self.spinning = None

    # ---- life ----

    def start(self, only=ALL):
        """Boot both pairs, or only some of their domains."""
        super().up()
        self.domains = {}
        for number, (name, half) in enumerate((("storage", "moat"), ("sstorage", "stock"))):
            if name in only:
                self.create(name, "storage", *(["--nvme", str(number)] if self.nvme else []),
                            back=half)
        for name, half in (("app", "moat"), ("sapp", "stock")):
            if name in only:
                self.create(name, "app", front=half)
        self.lab("push", "dom0", os.path.join(BUILD, "meter"), METER)
        self.say("%s are up" % ", ".join(self.domains))
        return self

    def create(self, name, kind, *options, **half):
        super().create(name, kind, *self.plain, *options, **half)
        self.lab("push", name, os.path.join(BUILD, "load"), LOAD)

    def down(self):
        for shell in self.shells.values():
            shell.close()
        self.shells = {}
        super().down()

    def shell(self, domain):
        """The shell that stays in a domain."""
        if domain not in self.shells:
            self.shells[domain] = Shell(domain)
        return self.shells[domain]

    # ---- disks ----

    def next_vdev(self, app):
        self.free.setdefault(app, iter("xvd" + c for c in string.ascii_lowercase[1:]))
        return next(self.free[app])

    def disk(self, way, device):
        """The disk of a way, None where there is no split; attached on first use."""
        key = (way.app, way.storage, device)
        if way.storage and key not in self.ways:
            if device == "nvme":
                self.release(way.storage)
            if key not in self.vdevs:
                self.vdevs[key] = self.next_vdev(way.app)
            self.ways[key] = self.attach(self.vdevs[key], self.backing[device], app=way.app,
                                         storage=way.storage)
            self.fill(way.app, self.ways[key].dev)
        return self.ways.get(key)

    def release(self, storage):
        """A real device is served to one application domain at a time: moat-init sees to it."""
        for key in [k for k in self.ways if k[1:] == (storage, "nvme")]:
            if self.spinning is self.ways[key]:
                self.spinning = None
            self.detach(self.ways.pop(key))

    def fill(self, domain, path):
        """Every page of the disk is granted, and mapped, before anything is counted."""
        self.sh(domain, "%s -e aio -d 64 -b 262144 -n 64 %s; %s -e aio -d 64 -n 500 %s"
                % (LOAD, path, LOAD, path))

    def place(self, way, device, settings=""):
        """(domain, device file) that a load of this way is given."""
        if way.storage:
            return way.app, self.disk(way, device).dev
        # There is no third controller: where its driver is, there is no split either.
        domain = "storage" if device == "nvme" else way.app
        key = ("local", device)
        if key not in self.ways:
            script = LOCAL[device].format(settings=settings)
            self.ways[key] = self.sh(domain, script).split()[-1]
        return domain, self.ways[key]

    def halves(self, disk):
        """The Moat halves of a disk, by name."""
        found = {}
        if disk and self.front(disk.app) == "moat":
            found["front"] = disk.front
        if disk and self.back(disk.storage) == "moat":
            found["back"] = disk.back
        return found

    def set_mode(self, disk, mode):
        """A disk's mode; what spun before must not steal its processor."""
        if self.spinning and self.spinning is not disk:
            self.tell(self.spinning, "event")
            self.spinning = None
        if disk and mode:
            self.tell(disk, mode)
            self.spinning = disk if mode != "event" else None

    def tell(self, disk, mode):
        """As Disk.modes(), by the shells that are there."""
        for half in self.halves(disk).values():
            self.shell(half.domain).run("echo %s >%s/mode" % (mode, half.path))

    def warm(self, device, ways):
        """Attach and fill all disks, and leave them quiet."""
        for way in (WAY[w] for w in ways):
            self.place(way, device)
            if self.disk(way, device):
                self.set_mode(self.disk(way, device), "event")
