# SPDX-License-Identifier: GPL-2.0
"""What guests put on their disks: a mirror, encrypted, with logical volumes on it."""
from lasting_load import Load
from loads import Bank, Writer

DATA, BANK, FOLDER = "/dev/mapper/moat-data", "/dev/mapper/moat-bank", "/mnt/bank"
# The legs are the same from the beginning, also where nobody writes.
BUILD = r'''
export DM_DISABLE_UDEV=1
mkdir -p /run/lvm /run/lock/lvm /run/cryptsetup {folder}
for leg in {legs}; do
    dd if=/dev/zero of=$leg bs=1M count=$(($(blockdev --getsz $leg) >> 11)) oflag=direct 2>/dev/null
done
mdadm --create /dev/md0 --run --level=1 --raid-devices=2 --metadata=1.0 --bitmap=none \
    --assume-clean --homehost=any {legs} >/run/mdadm.out 2>&1
head -c 32 /dev/urandom >/run/key
cryptsetup open --type plain --cipher aes-xts-plain64 --key-size 256 --key-file /run/key \
    /dev/md0 sealed-mirror
lvm pvcreate {only} /dev/mapper/sealed-mirror
lvm vgcreate {only} -s 1M moat /dev/mapper/sealed-mirror
lvm lvcreate {only} -Zn -Wn -y -L {data}M -n data moat
lvm lvcreate {only} -Zn -Wn -y -l 100%FREE -n bank moat
mkfs.ext4 -q -F -E nodiscard {bank}
mount {bank} {folder}
'''
# The legs of a mirror are the same but for md's own record, at the end. By 64 KiB, for 4 took
# minutes.
TEAR_DOWN = r'''
export DM_DISABLE_UDEV=1
umount {folder}
e2fsck -fn {bank}
grep -F '[UU]' /proc/mdstat
lvm vgchange {only} -an moat
cryptsetup close sealed-mirror
size=$(($(cat /sys/block/md0/size) / 128))
mdadm --stop /dev/md0
sums=$(for leg in {legs}; do dd if=$leg bs=64k count=$size iflag=direct 2>/dev/null | md5sum; done)
[ $(echo "$sums" | sort -u | wc -l) = 1 ]
'''
DATA_MIB = 8
# Else it looks at every disk there is.
ONLY = "-q --devices /dev/mapper/sealed-mirror"


class Stacked(Load):
    """A writer and a bank on volumes of an encrypted mirror of two disks of app's."""

    def __init__(self, machine, legs):
        super().__init__(machine, None)
        self.words = {"legs": " ".join(legs), "data": DATA_MIB, "bank": BANK,
                      "folder": FOLDER, "only": ONLY}
        self.accounts = Bank(machine, FOLDER)
        self.writers = [Writer(machine, "stacked", DATA, "--sync")]

    def start(self):
        self.carry()
        self.machine.sh("app", BUILD.format(**self.words), timeout=300)
        self.accounts.start()
        self.begin()

    def goes_on(self, seconds):
        return super().goes_on(seconds) and self.accounts.goes_on(seconds)

    def bank(self):
        """What is wrong with the bank, "" if nothing."""
        return self.accounts.wrong()

    def end(self):
        wrong = self.accounts.stop()
        total = super().end()
        status, out = self.machine.try_sh("app", "set -e" + TEAR_DOWN.format(**self.words),
                                          timeout=300)
        if status or wrong:
            total["corrupt"] += 1
            total["said"] += " ".join([wrong, out.strip() if status else ""]).strip()
        return total
