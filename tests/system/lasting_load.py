# SPDX-License-Identifier: GPL-2.0
"""Loads that go on while storage domains come and go, and check what they were promised.

Plain: a writer that flushes on a partition of the NVMe disk, a writer that never does
on a disk behind a volatile cache, SQLite on ext4. Sealed: a writer on dm-integrity. Together:
those of several guests.
"""
import contextlib
import os

import loads
from loads import Bank, Writer
from runner import Failure

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                       "../../build/tests/writer/writer")
PARTITIONS = "label: dos\n,32M\n,32M\n,48M\n,160M\n"
WRITER_PART, BANK_PART, SEALED_PART = 1, 2, 3


class Load:
    """What all loads have in common: some writers, and a bank perhaps, of one guest."""

    accounts = None

    def __init__(self, machine, disk, domain="app"):
        self.machine, self.disk, self.domain, self.writers = machine, disk, domain, []
        self.seen = {"lost": 0, "corrupt": 0, "errors": 0}

    def carry(self):
        self.machine.lab("push", self.domain, PROGRAM, loads.WRITER)

    def begin(self):
        """Start the writers, and wait until they get on."""
        for writer in self.writers:
            writer.start()
        if not self.goes_on(60):
            raise Failure("the load does not begin")

    def signal(self, name):
        files = ["/run/%s.pid" % writer.name for writer in self.writers]
        files += ["/run/bank.pid"] * bool(self.accounts)
        self.machine.sh(self.domain, "kill -%s $(cat %s)" % (name, " ".join(files)))

    @contextlib.contextmanager
    def resting(self):
        """Nothing new is begun meanwhile; behind it, the load goes on."""
        self.signal("STOP")
        try:
            yield
        finally:
            self.signal("CONT")
        if not self.goes_on(60):
            raise Failure("the load does not go on behind a rest")

    def now(self):
        """The time in the guest, in ms; for window()."""
        return max(look[0] for look in loads.looks(self.writers))

    def goes_on(self, seconds):
        """Wait until every writer has done something more; False if one does not."""
        more = ("[ $(tail -n 1 %s | cut -d ' ' -f 5) -gt %d ]" % (writer.log, look[1] + 20)
                for writer, look in zip(self.writers, loads.looks(self.writers)))
        return self.machine.wait_until(self.domain, " && ".join(more), seconds)

    def window(self, since):
        """The longest pauses since then, and what went wrong since the last call:
        {pause_ms by writer, lost, corrupt, errors}."""
        looks = loads.looks(self.writers, since)
        found = {key: sum(look[at] for look in looks)
                 for at, key in enumerate(self.seen, 3)}
        new = {key: found[key] - self.seen[key] for key in found}
        self.seen = found
        return {"pause_ms": {writer.name: look[2] // 1000
                             for writer, look in zip(self.writers, looks)}, **new}

    def end(self):
        """Stop the writers: {lost, corrupt, errors, said, lost_by writer}."""
        total = {"lost": 0, "corrupt": 0, "errors": 0, "said": "", "lost_by": {}}
        for writer in self.writers:
            words, said = writer.stop()
            for key in ("lost", "corrupt", "errors"):
                total[key] += words[key]
            total["said"] += said
            total["lost_by"][writer.name] = words["lost"]
        return total


class Plain(Load):
    """Writers and a bank, on disks that are what they seem."""

    def __init__(self, machine, disk="xvdb", cached="xvdc", domain="app"):
        super().__init__(machine, disk, domain)
        self.accounts = Bank(machine, "/mnt/bank", domain)
        self.writers = [
            Writer(machine, "flushing", "/dev/%s%d" % (disk, WRITER_PART), "--sync",
                   domain=domain),
            Writer(machine, "trusting", "/dev/" + cached, domain=domain)]

    def start(self):
        self.carry()
        device = "/dev/%s%d" % (self.disk, BANK_PART)
        self.machine.sh(self.domain, "mkfs.ext4 -q -F -E nodiscard {0} && mkdir -p /mnt/bank && "
                        "mount {0} /mnt/bank".format(device), timeout=300)
        self.accounts.start()
        self.begin()

    def goes_on(self, seconds):
        if not super().goes_on(seconds):
            return False
        return self.accounts.goes_on(seconds)

    def bank(self):
        """What is wrong with the bank, "" if nothing."""
        return self.accounts.wrong()

    def end(self):
        wrong = self.accounts.stop()
        total = super().end()
        status, out = self.machine.try_sh(
            self.domain, "umount /mnt/bank && e2fsck -fn /dev/%s%d" % (self.disk, BANK_PART),
            timeout=240)
        if status:
            wrong += " e2fsck: " + out.strip()
        if wrong:
            total["corrupt"] += 1
            total["said"] += wrong
        return total


class Alone(Load):
    """Only one writer, on a whole disk; it flushes if it is told to ("--sync")."""

    def __init__(self, machine, name, disk, *options, domain="app"):
        super().__init__(machine, disk, domain)
        self.writers = [Writer(machine, name, "/dev/" + disk, *options, domain=domain)]

    def start(self):
        self.carry()
        self.begin()


class Several(Load):
    """Writers that never flush, one on each of some devices: {name: device}."""

    def __init__(self, machine, devices):
        super().__init__(machine, None)
        self.writers = [Writer(machine, name, device) for name, device in devices.items()]

    def start(self):
        self.carry()
        self.begin()


class Sealed(Load):
    """A writer on dm-integrity: a wrong byte is an error there, or was never read."""

    def __init__(self, machine, disk="xvdb", domain="app"):
        super().__init__(machine, disk, domain)
        self.writers = [Writer(machine, "sealed", "/dev/mapper/sealed", "--sync",
                               domain=domain)]

    def start(self):
        self.carry()
        device = "/dev/%s%d" % (self.disk, SEALED_PART)
        self.machine.sh(self.domain, (
            "export DM_DISABLE_UDEV=1; mkdir -p /run/cryptsetup; "
            "dd if=/dev/zero of={0} bs=64k count=16 2>/dev/null; "
            "integritysetup format -q --no-wipe --journal-size 2M {0} && "
            "integritysetup open {0} sealed").format(device), timeout=240)
        self.begin()

    def end(self):
        total = super().end()
        self.machine.sh(self.domain, "DM_DISABLE_UDEV=1 integritysetup close sealed",
                        timeout=240)
        return total


class Together:
    """Loads of several guests, by what the writers of each are called in front of their names."""

    def __init__(self, parts):
        self.parts = parts
        self.seen = {"lost": 0, "corrupt": 0, "errors": 0}

    def start(self):
        for load in self.parts.values():
            load.start()

    @contextlib.contextmanager
    def resting(self):
        with contextlib.ExitStack() as all_of_them:
            for load in self.parts.values():
                all_of_them.enter_context(load.resting())
            yield

    def now(self):
        """Each guest has a clock of its own."""
        return {name: load.now() for name, load in self.parts.items()}

    def goes_on(self, seconds):
        return all(load.goes_on(seconds) for load in self.parts.values())

    def window(self, since):
        total = {"pause_ms": {}, "lost": 0, "corrupt": 0, "errors": 0}
        for name, load in self.parts.items():
            found = load.window(since[name])
            for writer, pause in found.pop("pause_ms").items():
                total["pause_ms"][name + writer] = pause
            for key, count in found.items():
                total[key] += count
        self.seen = {key: sum(load.seen[key] for load in self.parts.values())
                     for key in self.seen}
        return total

    def bank(self):
        """What is wrong with the banks, "" if nothing."""
        return " ".join(filter(None, (load.bank() for load in self.parts.values())))

    def end(self):
        total = {"lost": 0, "corrupt": 0, "errors": 0, "said": ""}
        for load in self.parts.values():
            for key, found in load.end().items():
                if key in total:
                    total[key] += found
        return total


def partition(machine, disk="xvdb", domain="app"):
    """Cut the NVMe disk into the parts that the loads use."""
    machine.sh(domain, "printf '%s' | sfdisk -q /dev/%s"
               % (PARTITIONS.replace("\n", "\\n"), disk))
    if not machine.wait_until(domain, "[ -b /dev/%s%d ]" % (disk, SEALED_PART), 20):
        raise Failure("the partitions of %s of %s do not appear" % (disk, domain))
