# SPDX-License-Identifier: GPL-2.0
"""The machine on which fairness is measured: one reader, and guests that ask for all.

The reader asks for 4 KiB at a time. Each of the others has four disks, and on each of them
64 requests of 512 KiB in flight. All are served by one storage domain with one vCPU. It has a
processor for itself, and so has the reader: what is measured is what the storage domain
gives to whom, and not what Xen does among guests that share a processor.

The machine's clock goes by what is executed (bench/path has it so, too), so that nothing
else that the host does is measured. Its processors take turns then: each that has something
to do makes the others slower. So the processor of the others is kept busy while the
reader is alone, too. That of the storage domain is idle then, now and then, and is not beside
others: what is said is rather too bad than too good.

An emulated controller will not do for that: how long it takes is the host's time. A device
is either a null_blk of his own for each disk, which is as quick as its submitter; or it is
`serial`, one that all disks share and that does one request after another, in a tenth of a
millisecond each: there what others have put into its queue stands before the reader.
"""
import json
import os

from shell import Shell
from testbed import Testbed

BUILD = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "build", "bench")
LOAD = "/run/load"
BUSY = (0, 1, 8)
VDEVS = {"null_blk": ("xvdb", "xvdc", "xvdd", "xvde"), "serial": ("xvdf", "xvdg", "xvdh", "xvdi")}
DEVICES = tuple(VDEVS)
OTHERS_CPU, STORAGE_CPU, READER_CPU = "0", "1", "2"
BLOCK, DEPTH = 512 << 10, 64
# Of each disk, before anything is counted: every page has been granted, and mapped, by then.
WARM = 2 * DEPTH * BLOCK
OWN_MIB, BUSY_MIB = 3072, 384
WARM_S, LONG_S = 600, 3600
READER = LOAD + " -e sync -W 50 -t %d %s"
GREEDY = ("pids=; for d in %s; do " + LOAD + " -e aio -d %d -b %d -t %d $d >/dev/null 2>&1 & "
          'pids="$pids $!"; done')
BUSY_ONLY = "while :; do :; done & pids=$!"
NO_MORE = "kill $pids; wait; true"
SERIAL = '''modprobe null_blk nr_devices=0
    [ -d /sys/kernel/config/nullb ] || mount -t configfs configfs /sys/kernel/config
    mkdir /sys/kernel/config/nullb/serial; cd /sys/kernel/config/nullb/serial
    echo 64 >size; echo 2 >irqmode; echo 100000 >completion_nsec; echo 1 >hw_queue_depth
    echo 1 >power; for f in /dev/serial /dev/nullb$(cat index); do [ ! -b $f ] || echo $f; done'''


class Crowd(Testbed):
    """Boots with one reader, and takes in more guests and disks when it is told to."""

    def __init__(self, say, devices=DEVICES, most=BUSY[-1], module_args=()):
        self.devices = devices
        super().__init__(["--bare", "--icount", "0", "--vcpus", "3",
                          "--memory", "%dM" % (OWN_MIB + most * BUSY_MIB), "--nvme", "0"], say=say)
        self.more = [word for text in module_args for word in ("--module-args", text)]
        self.shells, self.guests, self.own, self.reader = {}, [], {}, {}
        self.serial = None

    # ---- life ----

    def start(self):
        super().up()
        self.domains = {}
        self.create("storage", "storage", "--cpus", STORAGE_CPU, *self.more)
        self.shells["storage"] = Shell("storage")
        self.enter("app", READER_CPU)
        if "serial" in self.devices:
            self.serial = self.sh("storage", SERIAL).split()[-1]
        for device in self.devices:
            self.reader[device] = self.add(device, VDEVS[device][0], "app")

    def enter(self, name, cpu, *options):
        """A guest more, with the load and a shell."""
        self.create(name, "app", "--cpus", cpu, *self.more, *options)
        self.lab("push", name, os.path.join(BUILD, "load"), LOAD)
        self.shells[name] = Shell(name)

    def down(self):
        for shell in self.shells.values():
            shell.close()
        super().down()

    # ---- disks ----

    def add(self, device, vdev, guest):
        """A disk more; readers may share a device."""
        if device == "serial":
            return self.attach(vdev, "path:" + self.serial, "--readonly", app=guest)
        return self.attach(vdev, "null_blk:size=64", app=guest)

    def crowd(self, device, count):
        """Have so many guests beside the reader's, with disks of that device."""
        for number in range(count):
            name = "busy%d" % number
            if name not in self.guests:
                self.enter(name, OTHERS_CPU, "--memory", str(BUSY_MIB))
                self.guests.append(name)
            if (name, device) not in self.own:
                self.own[name, device] = [self.add(device, vdev, name)
                                          for vdev in VDEVS[device]]

    def greedy(self, device, count):
        """The disks of so many guests, by guest."""
        return {name: self.own[name, device] for name in self.guests[:count]}

    def tell(self, disks, mode):
        """Have disks signal so, on both sides."""
        for disk in disks:
            for half in (disk.front, disk.back):
                self.shells[half.domain].run("echo %s >%s/mode" % (mode, half.path))

    # ---- measuring ----

    def had(self, disks):
        """Bytes that each of the disks was given so far."""
        if not disks:
            return []
        text = self.shells["storage"].run("cat " + " ".join(
            disk.back.path + "/ring0/bytes_read" for disk in disks))
        return [int(word) for word in text.split()]

    def begin(self, disks):
        """Have the others begin; until they are beyond what only the beginning costs."""
        if not disks:
            self.shells[self.guests[0]].run(BUSY_ONLY)
            return
        everything = [disk for own in disks.values() for disk in own]
        enough = " && ".join("[ $(cat %s/ring0/bytes_read) -gt %d ]" % (disk.back.path, had + WARM)
                             for disk, had in zip(everything, self.had(everything)))
        for name, own in disks.items():
            self.shells[name].run(GREEDY % (" ".join(d.dev for d in own), DEPTH, BLOCK,
                                            1000 * LONG_S))
        self.shells["storage"].run("until %s; do usleep 10000; done" % enough, timeout=WARM_S)

    def measure(self, device, mode, count, milliseconds):
        """The reader's figures beside so many guests, and what these had meanwhile."""
        reader, disks = self.reader[device], self.greedy(device, count)
        everything = [disk for own in disks.values() for disk in own]
        self.tell([reader, *everything], mode)
        self.begin(disks)
        before = sum(self.had(everything))
        text = self.shells["app"].run(READER % (milliseconds, reader.dev), timeout=300)
        beside = sum(self.had(everything)) - before
        for name in disks or self.guests[:1]:
            self.shells[name].run(NO_MORE, timeout=300)
        self.tell([reader, *everything], "event")
        said = json.loads(text)
        return {"device": device, "way": mode, "busy": count, "beside_bytes": beside,
                "iops": said["iops"], "p50_us": said["p50_ns"] / 1000,
                "p99_us": said["p99_ns"] / 1000}
