# SPDX-License-Identifier: GPL-2.0
"""A front end that is left alone: its back end goes, xenstored does not answer or has no
transaction for it, the toolstack forgets it. What it does then without anybody's help, and
what it tells when it can.
"""
import kernel_log
from load import finished, in_background, lasting, stopped, verify_loop
from runner import check
from test_reconnect import CACHED, NO_BACK_END, again, goes_on, up
from toolstack import Reconnection
from watched import HOG, MODULE

# What a disk that fails may make the kernel say.
FAILS = [NO_BACK_END, r"I/O error|Buffer I/O", r"vbd vbd-\d+"]
READ = "dd if=/dev/xvdb of=/dev/null bs=4k count=1 iflag=direct"
# A read that must fail by itself, a little later; its time is bounded by in_background().
READ_FAILS = "while %s; do :; done" % READ


def test_gives_up_by_itself(machine):
    """The back end's directory goes, and nobody names another: an error, not for ever."""
    disk = machine.attach("xvdb", CACHED)
    link = Reconnection(disk)
    disk.front.set("give_up_s", 3)
    machine.allowed_log += FAILS
    in_background(machine, "app", "read", READ_FAILS)
    link.cut()
    finished(machine, "app", "read", 60)
    check(link.wait("moat-state", "failed"), "moat-state is %s" % link.read("moat-state"))
    # A back end that comes too late: dead, the disk goes as any other when it is detached.
    link.connect()
    disk.detach()
    check(machine.wait_until("app", "! [ -e /sys/block/xvdb ]"), "the disk stays")


def test_gives_up_a_ring_that_stands(machine):
    """Nothing is answered, and nobody does anything about it."""
    disk = machine.attach("xvdb", "null_blk:size=1")
    link = Reconnection(disk)
    machine.allowed_log += FAILS
    disk.front.set("stall_s", 1)
    disk.front.set("give_up_s", 2)
    in_background(machine, "app", "read", READ_FAILS)
    goes_on(disk, 0, "reads")
    # A domain that does nothing, and that Xen's watchdog leaves alone.
    watched = "/sys/module/moat_back/parameters/watched"
    machine.sh("storage", "echo 0 >%s" % watched)
    machine.sh("dom0", "xl pause storage")
    try:
        finished(machine, "app", "read", 60)
    finally:
        machine.sh("dom0", "xl unpause storage")
    machine.sh("storage", "echo 1 >%s" % watched)
    check(link.wait("moat-state", "failed"), "moat-state is %s" % link.read("moat-state"))
    disk.detach()
    check(machine.wait_until("app", "! [ -e /sys/block/xvdb ]"), "the disk stays")


def test_a_slow_ring_is_not_given_up(machine):
    """It stands for longer than stall_s each time, and moves: the time begins anew."""
    disk = machine.attach("xvdb", "null_blk:memory_backed=0,irqmode=2,hw_queue_depth=1,"
                          "completion_nsec=3000000000,size=1")
    link = Reconnection(disk)
    disk.front.set("stall_s", 1)
    disk.front.set("give_up_s", 4)
    in_background(machine, "app", "read", READ.replace("count=1", "count=4"))
    check(link.wait("moat-trouble", "'stall '*"), "nothing was told")
    finished(machine, "app", "read", 120)
    check(link.wait("moat-trouble", "''"), "moat-trouble is %s" % link.read("moat-trouble"))
    check(link.read("moat-state") == "up", "moat-state is %s" % link.read("moat-state"))


# Does xenstored answer? A message that reads "domid", written as the kernel takes it.
ANSWERED = ("timeout 3 sh -c 'exec 3<>/dev/xen/xenbus; "
            "printf \"\\002\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\0\\006\\0\\0\\0domid\\0\" >&3; "
            "head -c 16 <&3' >/dev/null")
# In dom0; its agent cannot open a session with another domain meanwhile.
SILENCE = ("kill -STOP $(pidof xenstored); n=0; while [ $n -lt 400 ]; do n=$((n + 1)); "
           "sleep 0.1; done; kill -CONT $(pidof xenstored)")


def test_gives_up_without_xenstored(machine):
    """It breaks while dom0 is silent: the application hears of it all the same."""
    disk = machine.attach("xvdb", CACHED)
    link = Reconnection(disk)
    machine.allowed_log += FAILS + kernel_log.RECOVERY
    machine.lab("push", "storage", MODULE, "/tmp/moat-fault.ko")
    disk.front.set("give_up_s", 4)
    machine.sh("storage", "[ -d /sys/module/moat_fault ] || insmod /tmp/moat-fault.ko; cd "
               "/sys/module/moat_fault/parameters; echo 1 >hits; echo bad-id >inject")
    # It waits for the silence, and strikes the fault by its first read.
    in_background(machine, "app", "read", "while %s; do :; done; %s; ! %s"
                  % (ANSWERED, READ_FAILS, ANSWERED))
    in_background(machine, "dom0", "silence", SILENCE)
    finished(machine, "dom0", "silence", 100)
    finished(machine, "app", "read", 60)
    check(link.wait("moat-state", "failed"), "moat-state is %s" % link.read("moat-state"))


class Hog:
    """All transactions of a domain, taken for a while."""

    def __init__(self, machine, domain="app"):
        self.machine = machine
        self.domain = domain

    def __enter__(self):
        self.machine.lab("push", self.domain, HOG, "/tmp/moat-hog.ko")
        self.machine.sh(self.domain, "insmod /tmp/moat-hog.ko transactions=1")

    def __exit__(self, *unused):
        self.machine.sh(self.domain, "rmmod moat-hog")


def test_told_once_it_can_be(machine):
    """What could not be told for want of a transaction is told later."""
    disk = machine.attach("xvdb", CACHED)
    link = Reconnection(disk)
    with Hog(machine):
        link.write("moat-hold", "1")
        # What it would tell stands in the driver by now: it is quiesced.
        in_background(machine, "app", "read", READ)
        check(machine.wait_until("app", "pidof dd"), "the read never started")
        check(not link.wait("moat-state", "held", 3), "it had a transaction after all")
    check(link.wait("moat-state", "held"), "moat-state is %s" % link.read("moat-state"))
    machine.sh("dom0", "xenstore-rm %s/moat-hold" % link.front)
    up(link)
    finished(machine, "app", "read", 60)


def test_connects_once_it_can(machine):
    """A reconnection that fails for a passing reason is tried again, and is no refusal."""
    disk = machine.attach("xvdb", CACHED)
    link = Reconnection(disk)
    machine.allowed_log += [r"vbd vbd-\d+"]
    lasting(machine, "app", "load", verify_loop(disk))
    goes_on(disk, 0)
    with Hog(machine):
        link.cut()
        link.connect()
        check(not link.wait("moat-state", "up", 3), "it had a transaction after all")
    up(link, 40)
    check(link.read("moat-trouble") is None, "moat-trouble is %s" % link.read("moat-trouble"))
    stopped(machine, "app", "load", 120)


def test_answers_once_it_can(machine):
    """A question that came while there was no transaction is not forgotten."""
    disk = machine.attach("xvdb", "null_blk:size=1")
    link = Reconnection(disk)
    machine.allowed_log += [r"not answered yet"]
    stats = "case \"$(xenstore-read %s/moat-stats)\" in 'later '*) ;; *) false; esac" % link.front
    with Hog(machine):
        link.write("moat-ask", "later")
        check(not machine.wait_until("dom0", stats, 3), "it had a transaction after all")
    check(machine.wait_until("dom0", stats), "it was forgotten")
    check(link.read("moat-ask") is None, "the question stays")


def test_back_end_tells_once_it_can(machine):
    """A back end that cannot say what it is to say for a while is none that fails."""
    disk = machine.attach("xvdb", CACHED)
    link = Reconnection(disk)
    machine.allowed_log += [r"not told yet|cannot tell what is to be told"]
    lasting(machine, "app", "load", verify_loop(disk))
    goes_on(disk, 0)
    with Hog(machine, "storage"):
        # The same back end, anew: moat-init has nothing to say to that.
        machine.sh("dom0", "xenstore-write %s/moat-state waiting %s/state 1"
                   % (link.front, link.front))
        check(not link.wait("moat-state", "up", 3), "it had a transaction after all")
    up(link, 40)
    check(link.read("moat-trouble") is None, "moat-trouble is %s" % link.read("moat-trouble"))
    stopped(machine, "app", "load", 120)


def test_what_has_gone_is_not_written_to(machine):
    """A back end whose directory goes while it has something to tell does not bring it back."""
    disk = machine.attach("xvdb", CACHED)
    link = Reconnection(disk)
    machine.allowed_log += [r"not told yet|cannot tell what is to be told"]
    back = link.read("backend")
    with Hog(machine, "storage"):
        machine.sh("dom0", "xenstore-write %s/moat-state waiting %s/state 1"
                   % (link.front, link.front))
        check(not link.wait("moat-state", "up", 2), "it had a transaction after all")
        machine.sh("dom0", "xenstore-rm " + back)
    check(not machine.wait_until("dom0", "xenstore-exists " + back, 3), "it came back")
    link.connect()
    up(link)


def test_many_disks_at_once(machine):
    """More disks than a domain may have transactions, all at once: each is up."""
    disks = [machine.attach("xvd" + c, "null_blk:size=1,memory_backed=1")
             for c in "bcdefghijklm"]
    links = [Reconnection(disk) for disk in disks]
    for link in links:
        link.cut()
    for link in links:
        link.connect()
    for link in links:
        up(link, 60)


def test_restored_domain_can_recover(machine):
    """A saved and restored domain says anew what it can do, and does it."""
    disk = machine.attach("xvdb", CACHED)
    disk.front.set("mode", "event")
    lasting(machine, "app", "load", verify_loop(disk))
    goes_on(disk, 0)
    machine.lab("domain", "save", "app", timeout=180)
    machine.lab("domain", "restore", "app", timeout=180)
    link = Reconnection(disk)
    up(link)
    check(link.read("feature-moat-recovery") == "1", "it does not say that it can recover")
    check(link.wait("moat-mode", "event"), "moat-mode is %s" % link.read("moat-mode"))
    again(link)
    stopped(machine, "app", "load", 180)
    machine.disks.remove(disk)
    machine.lab("disk", "detach", "app", "xvdb", timeout=60)


def test_a_storm_of_states(machine):
    """A back end that writes its state again and again is looked at now and then."""
    disk = machine.attach("xvdb", "memory")
    link = Reconnection(disk)
    writes = 300
    back = link.machine.sh("dom0", "xenstore-read %s/backend" % link.front).strip()
    trace = "/sys/kernel/tracing"
    machine.sh("app", "mount -t tracefs none %s 2>/dev/null || true; "
               "echo p:moatread xenbus_read >%s/kprobe_events; "
               "echo 1 >%s/events/kprobes/moatread/enable" % (trace, trace, trace))
    machine.sh("dom0", "n=0; while [ $n -lt %d ]; do xenstore-write %s/state 4; "
               "n=$((n + 1)); done" % (writes, back), timeout=240)
    reads = int(machine.sh("app", "awk '/moatread/ { print $2 }' %s/kprobe_profile; "
                           "echo 0 >%s/events/kprobes/moatread/enable; "
                           "echo >%s/kprobe_events" % (trace, trace, trace)))
    # xenbus itself reads the state once for each.
    check(reads < 4 * writes, "%d reads for %d writes" % (reads, writes))
    up(link)
