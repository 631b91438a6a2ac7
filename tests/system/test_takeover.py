# SPDX-License-Identifier: GPL-2.0
"""Stock front ends live through the death of their storage domain.

A domain is made anew with the id of the dead one, and goes on with the rings as they are;
the guest sees late answers, and no errors. No moatd here: its part is done by hand.
"""
from load import in_background, finished, stopped, until_told
from runner import check, takes_long
from stock_guest import RINGS, Guest, panicked, paused

# Beside a load that verifies, on another part of the disk: discards and flushes.
TRIM = ("fio --filename={dev} --offset=64m --size=32m --time_based --runtime=5 --thread "
        "--direct=1 --name=trim --rw=randtrim --bs=64k --numjobs=2 "
        "--name=flush --rw=randwrite --bs=4k --ioengine=libaio --iodepth=4 --fdatasync=2")
# So many blocks of 4 KiB, acknowledged and not flushed.
BLOCKS = 512


def lab():
    """The machine these cases need: a stock guest, and a file system in the storage domain."""
    return ["--no-disk", "--front", "stock", "--app-vcpus", "2", *RINGS,
            "--nvme", "2", "--cache-nvme", "1", "--nvme-size", "256M", "--vcpus", "3"]


def test_destroyed_under_load(machine):
    """Deep, of all sizes and kinds, answered out of order, on two rings: again and again."""
    guest = Guest(machine)
    guest.load()
    until_told(machine, "app", "trim", TRIM.format(dev=guest.disk.dev))
    guest.goes_on("discards", 4)
    found = 0
    for _ in range(2):
        moved = guest.count("moved")
        check(moved, "all is answered in order, which shows little")
        guest.replaced(paused)
        found += guest.count("taken_up")
        guest.goes_on()
    check(found, "nothing was ever found unanswered")
    stopped(machine, "app", "trim", 240)
    stopped(machine, "app", "load", 240)


@takes_long
def test_saved_behind_it(machine):
    """A guest whose disk was taken up is saved and restored under its load, as any."""
    guest = Guest(machine)
    guest.load()
    guest.replaced(paused)
    guest.goes_on()
    machine.lab("domain", "save", "app", timeout=180)
    machine.lab("domain", "restore", "app", timeout=180)
    stopped(machine, "app", "load", 240)
    check(not machine.sh("dom0", "xenstore-list $(xenstore-read /local/domain/%d/device/vbd/%d/"
                         "backend) | grep moat-owed || true" % (
                             machine.domid("app"), guest.link.number)).strip(),
          "the new connection has an old note")


def test_panic_under_load(machine):
    """One at a time, where the event of the last answer is what the guest waits for."""
    guest = Guest(machine)
    guest.load(depth=1, bs="4k")
    guest.replaced(panicked)
    guest.goes_on()
    stopped(machine, "app", "load", 240)


def test_another_disk(machine):
    """What is not as it was is not taken up, and not told; put right, it is."""
    guest = Guest(machine, "null_blk:memory_backed=1,size=64,cache_size=8")
    guest.load()
    sectors = "sectors=131072"
    check(guest.owed.startswith(sectors + " "), "moat-offered is " + guest.owed)
    for word, wrong in (("sectors", guest.owed.replace(sectors, "sectors=131080")),
                        ("identity", guest.owed + "of-another"),
                        ("flush", guest.owed.replace("flush=1", "flush=2")),
                        ("note", "sectors=many")):
        guest.link.cut()
        guest.link.take_up(wrong)
        check(guest.link.wait_note("moat-misfit", "'%s: '*" % word), "%s: moat-misfit is %s"
              % (word, guest.link.note("moat-misfit")))
        check(guest.link.note("state") == "2", "%s: state %s" % (word, guest.link.note("state")))
        machine.allowed_log += [r"vbd-.*is left alone"]
        back = "$(xenstore-read %s/backend)" % guest.link.front
        machine.sh("dom0", "xenstore-write %s/moat-owed '%s'" % (back, guest.owed))
        guest.taken_up()
        check(guest.link.note("moat-misfit") is None, "moat-misfit stays")
        guest.goes_on()
    stopped(machine, "app", "load")


def test_cache_inside(machine):
    """A file in the storage domain: what was acknowledged is there behind its death."""
    guest = Guest(machine, "cache:32M")
    check(guest.link.note("moat-cache") == "domain", "moat-cache is %s"
          % guest.link.note("moat-cache"))
    check(guest.link.note("moat-safe") == "1", "not told to be safe")
    machine.sh("app", "dd if=/dev/urandom of=/tmp/data bs=4k count=%d 2>/dev/null; "
               "dd if=/tmp/data of=/dev/xvdb bs=4k oflag=direct 2>/dev/null" % BLOCKS)
    through = guest.count("written_through")
    check(through >= BLOCKS, "%d of %d writes were written through" % (through, BLOCKS))
    guest.replaced(paused)
    machine.sh("app", "dd if=/dev/xvdb of=/tmp/back bs=4k count=%d iflag=direct 2>/dev/null; "
               "cmp /tmp/data /tmp/back" % BLOCKS)


def test_writethrough_is_a_setting(machine):
    """Off: said to be unsafe, at once; on: a drive's own cache is passed by, too."""
    guest = Guest(machine, "cache:32M")
    guest.disk.back.set("writethrough", "off")
    check(guest.link.wait_note("moat-safe", 0), "still told to be safe")
    before = guest.count("written_through")
    machine.sh("app", "dd if=/dev/zero of=/dev/xvdb bs=4k count=8 oflag=direct 2>/dev/null")
    check(guest.count("written_through") == before, "written through all the same")
    guest.disk.back.set("writethrough", "auto")
    check(guest.link.wait_note("moat-safe", 1), "still told to be unsafe")
    guest.disk.detach()
    drive = Guest(machine)
    check(drive.link.note("moat-cache") == "device", "moat-cache is %s"
          % drive.link.note("moat-cache"))
    for setting, written in (("auto", 0), ("on", 8)):
        drive.disk.back.set("writethrough", setting)
        before = drive.count("written_through")
        in_background(machine, "app", "dd", "dd if=/dev/zero of=/dev/xvdb bs=4k count=8 "
                      "oflag=direct")
        finished(machine, "app", "dd")
        got = drive.count("written_through") - before
        check(got == written, "%s: %d written through" % (setting, got))
