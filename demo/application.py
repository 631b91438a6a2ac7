# SPDX-License-Identifier: GPL-2.0
"""The application: three programs on ext4 on the isolated disk, which verify all they read.

A writer of blocks that say what they are, SQLite moving money between accounts, fio writing
and verifying over and over; and a file that nobody touches.
"""
import os

import loads
from client import CommandError
from loads import Bank, Writer

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                       "../build/tests/writer/writer")

FIO = r'''
rm -f /run/fio.*; echo 0 >/run/fio.passes
cat >/run/fio.sh <<'end'
status=0; n=0
while [ $status = 0 ] && [ ! -e /run/fio.stop ]; do
    fio --name=v --filename={folder}/fio.data --rw=randrw --bs=4k --size=1m --iodepth=4 \
        --ioengine=libaio --direct=1 --verify=crc32c --verify_fatal=1 --thread \
        --randrepeat=0 --rate_iops=60 >/run/fio.out 2>&1
    status=$?
    [ $status != 0 ] || n=$((n + 1))
    echo $n >/run/fio.passes
done
echo $status >/run/fio.status
end
setsid sh /run/fio.sh >/dev/null 2>&1 </dev/null &
'''


class Application:
    def __init__(self, stage, lab, folder, domain="app"):
        self.stage, self.lab, self.folder, self.domain = stage, lab, folder, domain
        self.writer = Writer(lab, "writer", folder + "/writer.data", "--sync", domain=domain)
        self.bank = Bank(lab, folder, domain)
        self.sum = None

    def start(self):
        if not os.path.exists(PROGRAM):
            raise CommandError("%s is not built; run `make faults`" % PROGRAM)
        self.lab.lab("push", self.domain, PROGRAM, loads.WRITER)
        self.lab.sh(self.domain, "cd %s && dd if=/dev/zero of=writer.data bs=64k count=%d "
                    "conv=fsync 2>/dev/null && dd if=/dev/urandom of=kept.data bs=64k "
                    "count=64 conv=fsync 2>/dev/null" % (self.folder, loads.BLOCKS // 16))
        self.sum = self.checksum()
        self.bank.start()
        self.lab.sh(self.domain, FIO.format(folder=self.folder))
        self.writer.start()
        if not self.bank.goes_on(60):
            raise CommandError("the bank does not begin")

    def checksum(self):
        """Of the file that nobody touches, read from the disk."""
        return self.lab.sh(self.domain, "sync; echo 3 >/proc/sys/vm/drop_caches; "
                           "sha256sum <%s/kept.data" % self.folder, timeout=300).split()[0]

    def end(self):
        """Stop all programs, and have each look at all it has."""
        stage = self.stage
        self.lab.sh(self.domain, ": >/run/fio.stop")
        words, said = self.writer.stop()
        stage.say(said)
        stage.expect(not (words["lost"] or words["corrupt"] or words["errors"]),
                     "writer: %d operations; %d blocks verified; %d lost, %d corrupt, %d errors"
                     % (words.get("operations", 0), loads.BLOCKS, words["lost"],
                        words["corrupt"], words["errors"]))
        changes, wrong = self.bank.at(), self.bank.stop()
        stage.expect(not wrong, "SQLite: %d transactions; the sum of all accounts is right, "
                     "integrity check ok %s" % (changes, wrong))
        ended = self.lab.wait_until(self.domain, "[ -s /run/fio.status ]", 120)
        status, passes = self.lab.sh(
            self.domain, "cat /run/fio.status /run/fio.passes 2>/dev/null || true").split()[:2] \
            if ended else ("none", "0")
        if not stage.expect(status == "0" and int(passes) > 0,
                            "fio: %s runs, each read back what it wrote" % passes):
            stage.say(self.lab.sh(self.domain, "cat /run/fio.out"))
        stage.expect(self.checksum() == self.sum,
                     "a file written before the first fault has the same SHA-256")
