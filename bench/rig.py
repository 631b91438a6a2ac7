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

LOCAL = {
    "null_blk": '''modprobe null_blk nr_devices=0
        mountpoint -q /sys/kernel/config || mount -t configfs configfs /sys/kernel/config
        d=/sys/kernel/config/nullb/local; mkdir $d; echo 1024 >$d/size
        {settings} echo 1 >$d/power
        for f in /dev/local /dev/nullb$(cat $d/index); do [ ! -b $f ] || echo $f; done''',
    "brd": "modprobe brd rd_nr=1 rd_size=65536 max_part=0; echo /dev/ram0",
    "nvme": "ls /dev/nvme0n1",
}


class Rig(Testbed):
    def __init__(self, say, vcpus=1, nvme=False, front=(), back=()):
        """front, back: more module arguments, for the Moat halves."""
        self.vcpus, self.nvme = vcpus, nvme
        more = [word for text in (*front, *back) for word in ("--module-args", text)]
        options = ["--nvme", "2" if nvme else "0", "--no-disk", "--memory", "5G", *KEEP, *more]
        super().__init__(options, say)
        self.shells, self.ways, self.free = {}, {}, {}
        self.spinning = None

    # ---- life ----

    def start(self, stock=True):
        """Boot; a stock pair stands beside the Moat pair where it is wanted."""
        super().up()
        if self.vcpus > 1:
            # The first pair has one vCPU; these take its place.
            for name, kind in (("app", "app"), ("storage", "storage")):
                self.destroy(name)
                self.create(name, kind, "--vcpus", str(self.vcpus), *self.options[5:])
        if stock:
            vcpus = ["--vcpus", str(self.vcpus)]
            self.create("sstorage", "storage", *vcpus, *KEEP,
                        *(["--nvme", "1"] if self.nvme else []), back="stock")
            self.create("sapp", "app", *vcpus, front="stock")
        for domain in self.domains:
            self.bring(domain)
        self.lab("push", "dom0", os.path.join(BUILD, "meter"), METER)
        return self

    def bring(self, domain):
        self.lab("push", domain, os.path.join(BUILD, "load"), LOAD)

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
            self.ways[key] = self.attach(self.next_vdev(way.app), BACKING[device],
                                         app=way.app, storage=way.storage)
        return self.ways.get(key)

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
            self.spinning.modes("event")
            self.spinning = None
        if disk and mode:
            disk.modes(mode)
            self.spinning = disk if mode != "event" else None

    def warm(self, device, ways):
        """Every page of every disk is granted, and mapped, before anything is counted."""
        for way in ways:
            domain, path = self.place(WAY[way], device)
            if way != "local":
                self.sh(domain, "%s -e aio -d 64 -b 262144 -n 64 %s; %s -e aio -d 64 -n 500 %s"
                        % (LOAD, path, LOAD, path))
                if self.disk(WAY[way], device):
                    self.set_mode(self.disk(WAY[way], device), "event")
