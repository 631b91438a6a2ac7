# SPDX-License-Identifier: GPL-2.0
"""Loads that go on while storage domains come and go, and check what they were promised.

Plain: a writer that flushes on a partition of the NVMe disk, a writer that never does
on a disk behind a volatile cache, SQLite on ext4. Sealed: a writer on dm-integrity.
"""
import json
import os

from runner import Failure

WRITER = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                      "../../build/tests/writer/writer")
BLOCKS, THREADS = 1024, 3
START_S, STOP_S = 120, 300
PARTITIONS = "label: dos\n,32M\n,32M\n,48M\n"
WRITER_PART, BANK_PART, SEALED_PART = 1, 2, 3

# What a transfer moves from one account to another, all of it or nothing. Now and then the
# bank says what all accounts hold together.
BANK = r'''
mkdir -p /mnt/bank && cd /mnt/bank
sqlite3 bank.db "PRAGMA synchronous=FULL; CREATE TABLE account(id INTEGER PRIMARY KEY,
    sum INTEGER);
    WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
    INSERT INTO account SELECT i, 1000 FROM n;"
cat >/run/bank.awk <<'end'
BEGIN {
    srand(); print "PRAGMA synchronous=FULL; PRAGMA busy_timeout=60000;"
    while (1) {
        sum = int(rand() * 50)
        printf "BEGIN IMMEDIATE; UPDATE account SET sum = sum - %d WHERE id = %d; " \
               "UPDATE account SET sum = sum + %d WHERE id = %d; " \
               "COMMIT;\n",
               sum, 1 + int(rand() * 200), sum, 1 + int(rand() * 200)
        if (++count % 10 == 0)
            print "SELECT 'sum', sum(sum) FROM account;"
    }
}
end
cat >/run/bank.sh <<'end'
mkfifo /run/bank.sql 2>/dev/null
awk -f /run/bank.awk >/run/bank.sql 2>/dev/null &
echo $! >/run/bank.pid
sqlite3 -bail /mnt/bank/bank.db </run/bank.sql >/run/bank.log 2>/run/bank.out
echo $? >/run/bank.status
end
rm -f /run/bank.status
setsid sh /run/bank.sh >/dev/null 2>&1 </dev/null &
'''
# SQLite counts the changes of a file in its header, at byte 24.
BANK_AT = ("dd if=/mnt/bank/bank.db bs=4 skip=6 count=1 2>/dev/null | od -An -tu1 | "
           "awk '{ print (($1 * 256 + $2) * 256 + $3) * 256 + $4 }'")
# Its last line may be half a line.
SUMS = ("sed '$d' /run/bank.log | grep sum | sort -u; "
        "cat /run/bank.status /run/bank.out 2>/dev/null || true")
AUDIT = ('sqlite3 /mnt/bank/bank.db "SELECT \'sum\', sum(sum) FROM account; '
         'PRAGMA integrity_check;"')
GOOD_SUM = "sum|%d" % (200 * 1000)


class Writer:
    """One process of tests/system/writer in the application domain."""

    def __init__(self, machine, name, device, *options):
        self.machine, self.name, self.device, self.options = machine, name, device, options
        self.log = "/run/%s.log" % name

    def start(self):
        self.machine.sh("app", (
            "rm -f /run/{0}.*; cat >/run/{0}.sh <<'end'\n"
            "/run/writer --blocks {3} --threads {4} --log {1} {2} >/run/{0}.out 2>/run/{0}.err &\n"
            "echo $! >/run/{0}.pid; wait $!; echo $? >/run/{0}.status\nend\n"
            "setsid sh /run/{0}.sh >/dev/null 2>&1 </dev/null &").format(
                self.name, self.log, " ".join([*self.options, self.device]), BLOCKS, THREADS))
        if not self.machine.wait_until("app", "[ -s %s -o -s /run/%s.status ]"
                                       % (self.log, self.name), START_S):
            raise Failure("%s does not begin" % self.name)

    def look(self, since=0):
        """(time of its last line in ms, operations, longest since in us, lost, corrupt,
        errors)."""
        line = self.machine.sh("app", "awk '$1 >= %d { if ($3 > l) l = $3; if ($4 > l) l = $4 } "
                               "END { print $1, $5, l + 0, $6, $7, $8 }' %s"
                               % (since, self.log), timeout=180)
        return [int(word) for word in line.split()]

    def stop(self):
        """Have it check everything; return its last words, and what it complained of."""
        self.machine.sh("app", "kill -TERM $(cat /run/%s.pid) || true" % self.name)
        if not self.machine.wait_until("app", "[ -s /run/%s.status ]" % self.name, STOP_S):
            raise Failure("%s does not end" % self.name)
        out = self.machine.sh("app", "cat /run/%s.out; echo; cat /run/%s.err"
                              % (self.name, self.name))
        first, _, said = out.partition("\n")
        try:
            return json.loads(first), said.strip()
        except json.JSONDecodeError:
            return {"lost": 0, "corrupt": 0, "errors": 1}, out


class Load:
    """What both loads have in common: some writers."""

    def __init__(self, machine, disk):
        self.machine, self.disk, self.writers = machine, disk, []
        self.seen = {"lost": 0, "corrupt": 0, "errors": 0}

    def carry(self):
        self.machine.lab("push", "app", WRITER, "/run/writer")

    def begin(self):
        """Start the writers, and wait until they get on."""
        for writer in self.writers:
            writer.start()
        if not self.goes_on(60):
            raise Failure("the load does not begin")

    def now(self):
        """The time in the application domain, in ms."""
        return max(writer.look()[0] for writer in self.writers)

    def goes_on(self, seconds):
        """Wait until every writer has done something more; False if one does not."""
        for writer in self.writers:
            have = writer.look()[1]
            if not self.machine.wait_until(
                    "app", "[ $(tail -n 1 %s | cut -d ' ' -f 5) -gt %d ]"
                    % (writer.log, have + 20), seconds):
                return False
        return True

    def window(self, since):
        """The longest pauses since then, and what went wrong since the last call:
        {pause_ms by writer, lost, corrupt, errors}."""
        looks = {w.name: w.look(since) for w in self.writers}
        found = {key: sum(look[at] for look in looks.values())
                 for at, key in enumerate(self.seen, 3)}
        new = {key: found[key] - self.seen[key] for key in found}
        self.seen = found
        return {"pause_ms": {name: look[2] // 1000 for name, look in looks.items()}, **new}

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

    def __init__(self, machine, disk="xvdb", cached="xvdc"):
        super().__init__(machine, disk)
        self.writers = [
            Writer(machine, "flushing", "/dev/%s%d" % (disk, WRITER_PART), "--sync"),
            Writer(machine, "trusting", "/dev/" + cached)]

    def start(self):
        self.carry()
        self.machine.sh("app", "mkfs.ext4 -q -F -E nodiscard /dev/{0}{1} && mkdir -p /mnt/bank && "
                        "mount /dev/{0}{1} /mnt/bank".format(self.disk, BANK_PART), timeout=300)
        self.machine.sh("app", BANK)
        self.begin()

    def goes_on(self, seconds):
        if not super().goes_on(seconds):
            return False
        have = int(self.machine.sh("app", BANK_AT))
        return self.machine.wait_until("app", "[ $(%s) -gt %d ]" % (BANK_AT, have + 2), seconds)

    def bank(self):
        """What is wrong with the bank, "" if nothing."""
        said = self.machine.sh("app", SUMS).strip()
        return "" if said in ("", GOOD_SUM) else "bank: " + said

    def audit(self):
        """The same when it is closed, down to every page of it."""
        status, out = self.machine.try_sh("app", AUDIT, timeout=240)
        good = not status and out.split() == [GOOD_SUM, "ok"]
        return "" if good else "bank: " + out.strip()

    def end(self):
        wrong = self.bank()
        self.machine.sh("app", "kill $(cat /run/bank.pid)")
        if not self.machine.wait_until("app", "[ -s /run/bank.status ]", 60):
            wrong += " bank: does not end"
        wrong += self.audit()
        total = super().end()
        status, out = self.machine.try_sh(
            "app", "umount /mnt/bank && e2fsck -fn /dev/%s%d" % (self.disk, BANK_PART),
            timeout=240)
        if status:
            wrong += " e2fsck: " + out.strip()
        if wrong:
            total["corrupt"] += 1
            total["said"] += wrong
        return total


class Trusting(Load):
    """Only the writer that never flushes."""

    def __init__(self, machine, cached="xvdc"):
        super().__init__(machine, cached)
        self.writers = [Writer(machine, "trusting", "/dev/" + cached)]

    def start(self):
        self.carry()
        self.begin()


class Sealed(Load):
    """A writer on dm-integrity: a wrong byte is an error there, or was never read."""

    def __init__(self, machine, disk="xvdb"):
        super().__init__(machine, disk)
        self.writers = [Writer(machine, "sealed", "/dev/mapper/sealed", "--sync")]

    def start(self):
        self.carry()
        device = "/dev/%s%d" % (self.disk, SEALED_PART)
        self.machine.sh("app", (
            "export DM_DISABLE_UDEV=1; mkdir -p /run/cryptsetup; "
            "dd if=/dev/zero of={0} bs=64k count=16 2>/dev/null; "
            "integritysetup format -q --no-wipe --journal-size 2M {0} && "
            "integritysetup open {0} sealed").format(device), timeout=240)
        self.begin()

    def end(self):
        total = super().end()
        self.machine.sh("app", "DM_DISABLE_UDEV=1 integritysetup close sealed", timeout=240)
        return total


def partition(machine, disk="xvdb"):
    """Cut the NVMe disk into the parts that the loads use."""
    machine.sh("app", "printf '%s' | sfdisk -q /dev/%s" % (PARTITIONS.replace("\n", "\\n"),
                                                           disk))
    if not machine.wait_until("app", "[ -b /dev/%s%d ]" % (disk, SEALED_PART), 20):
        raise Failure("the partitions of %s do not appear" % disk)
