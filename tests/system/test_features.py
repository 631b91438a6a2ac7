# SPDX-License-Identifier: GPL-2.0
"""What blkif offers beside reading and writing."""
import villain
from load import fio, verified
from runner import check


def test_discard(machine):
    """Discarded blocks of a device that zeroes them read back as zeroes."""
    disk = machine.attach("xvdb", "null_blk:memory_backed=1,discard=1,size=16")
    machine.sh("app", "tr '\\0' x </dev/zero | dd of=%s bs=64k count=32 oflag=direct "
               "iflag=fullblock" % disk.dev)
    machine.sh("app", "blkdiscard -o 65536 -l 131072 %s" % disk.dev)
    got = machine.sh("app", "dd if=%s bs=64k count=4 iflag=direct 2>/dev/null | tr x 1 | "
                     "tr '\\0' 0 | cut -c1 ; for i in 0 1 2 3; do dd if=%s bs=64k skip=$i "
                     "count=1 iflag=direct 2>/dev/null | tr -d x | wc -c; done"
                     % (disk.dev, disk.dev)).split()[-4:]
    check(got == ["0", "65536", "65536", "0"],
          "bytes that are not x, by 64 KiB block: %s" % got)
    check(disk.back.counters()["discards"] > 0, "no discard reached the back end")


def test_read_only(machine):
    disk = machine.attach("xvdb", "memory", "--readonly")
    fio(disk, rw="randread", bs="4k", depth=4, size="1m", verify=False)
    ro = machine.sh("app", "cat /sys/block/xvdb/ro").strip()
    check(ro == "1", "the disk does not say that it is read-only")
    code, _ = machine.try_sh("app", "dd if=/dev/zero of=%s bs=4k count=1 oflag=direct"
                             % disk.dev)
    check(code != 0, "a write to a read-only disk succeeded")


def test_flush_is_not_done_after_all(machine):
    """A back end that offers flushes and does none: as on a disk without a cache nothing is
    kept until one, and none fails, be it an application's or of the front end's own."""
    machine.allowed_log.append("does not do flush after all")
    back = villain.VillainBack(machine)
    back.create()
    back.serve(flushless=1)
    disk, cache = back.disk, "/sys/block/xvdb/queue/write_cache"
    write = "dd if=/dev/zero of=/dev/xvdb bs=4k count=32 oflag=direct 2>/dev/null"

    def kept():
        before = disk.front.counters()["retained"]
        machine.sh("app", write)
        return disk.front.counters()["retained"] - before

    check(kept() == 32, "writes are not kept at first")
    # Its budget is spent, and it flushes.
    machine.sh("app", "dd if=/dev/zero of=/dev/xvdb bs=64k count=128 oflag=direct 2>/dev/null")
    got = kept()
    check(not got, "%d writes are kept until a flush that does nothing" % got)
    machine.sh("app", "dd if=/dev/null of=/dev/xvdb conv=fsync,notrunc 2>/dev/null")
    said = machine.sh("app", "cat " + cache).strip()
    check(said == "write through", "the block layer goes on flushing: " + said)
    check(not kept(), "writes are kept again")
    back.leave()


def test_4096_byte_blocks(machine):
    disk = machine.attach("xvdb", "null_blk:memory_backed=1,blocksize=4096,size=16")
    size = machine.sh("app", "cat /sys/block/xvdb/queue/logical_block_size").strip()
    check(size == "4096", "logical block size " + size)
    for mode in ("event", "spin"):
        disk.modes(mode)
        verified(disk, bs="4k-256k", depth=8, size="4m")
    done = machine.lab("exec", "app", "--", "fio", "--name=small", "--rw=read", "--bs=512",
                       "--size=4k", "--direct=1", "--filename=" + disk.dev, check=False)
    check(done.returncode != 0, "a 512-byte read of a 4096-byte disk succeeded")


def test_cdrom_is_refused(machine):
    """With a clear error, and without harm to the next disk."""
    machine.allowed_log.append(r"CD-ROM|cdrom|vbd-?.*\b22\b|xenbus.*fatal")
    machine.lab("disk", "attach", "app", "xvdd", "--from", "storage", "--backing",
                "memory", "--cdrom", "--no-wait", timeout=120, check=False)
    said = machine.wait_until(
        "dom0", "xl dmesg >/dev/null; xenstore-ls -f | grep -i 'error.*cd-\\?rom'")
    check(said, "no error about the CD-ROM in xenstore")
    machine.lab("disk", "detach", "app", "xvdd", timeout=120, check=False)
    verified(machine.attach("xvdb", "memory"), bs="4k", depth=4, size="256k")


def test_partitions(machine):
    disk = machine.attach("xvdb", "memory")
    machine.sh("app", "printf 'start=2048,size=4096\\n' | sfdisk -q %s" % disk.dev)
    seen = machine.wait_until("app", "[ -b %s1 ]" % disk.dev)
    check(seen, "no %s1 after partitioning" % disk.dev)
