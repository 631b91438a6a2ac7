# SPDX-License-Identifier: GPL-2.0
"""How a storage domain shows that it lives; and that it ends when it does not."""
from client import Lost, vdev_number
from load import READS, lasting, stopped, verified
from runner import check, takes_long

HEALTH = "/sys/module/moat_back/parameters/health"

# moat-init is process 1: no signal stops it, but the freezer does.
FREEZE_INIT = ("mkdir -p /run/cg; mount -t cgroup2 none /run/cg; mkdir -p /run/cg/x; "
               "echo 1 >/run/cg/x/cgroup.procs; echo 1 >/run/cg/x/cgroup.freeze")


def health(machine, domain="storage"):
    """(poller age, device age) in milliseconds, as dom0 sees them."""
    return tuple(int(word) for word in machine.sh(
        "dom0", "xenstore-read /local/domain/%d/data/moat/health"
        % machine.domid(domain)).split())


def test_health_is_told(machine):
    """An idle domain has nothing to wait for, with a disk or without."""
    node = "/local/domain/%d/data/moat/health" % machine.domid("storage")

    def well():
        fine = machine.wait_until("dom0", '[ "$(xenstore-read %s)" = "0 0" ]' % node)
        check(fine, "health of an idle domain: %d %d" % health(machine))

    well()
    verified(machine.attach("xvdb", "memory"), size="128k")
    well()


@takes_long
def test_slow_device_is_not_a_dead_domain(machine):
    """Seconds for a request: the device's age says so, the pollers' does not.

    With one request at a time in the device, others wait in front of it, in the
    workqueue that may block. It all goes on for longer than the watchdog waits. How
    long the queue is says nothing of the device: eight requests take 24 s.
    """
    disk = machine.attach("xvdb", "null_blk:memory_backed=0,irqmode=2,"
                          "completion_nsec=3000000000,hw_queue_depth=1,size=1")
    lasting(machine, "app", "slow", READS.format(dev=disk.dev, bs="4k", depth=8, size="1m"))
    check(machine.wait_until("storage", "[ $(cat %s/ring0/reads) -gt 0 ]" % disk.back.path),
          "the slow load never started")
    seen, end = [], machine.clock() + 34
    while machine.clock() < end:
        seen.append(health(machine))
        machine.wait_until("dom0", "[ \"$(xenstore-read /local/domain/%d/data/moat/health)\" "
                           "!= '%d %d' ]" % (machine.domid("storage"), *seen[-1]), 2)
    check(max(device for _, device in seen) > 2000, "the device's age is not seen: %s" % seen)
    check(max(device for _, device in seen) < 12000,
          "a long queue looks like a dead device: %s" % seen)
    check(max(poller for poller, _ in seen) < 1000, "the pollers look sick: %s" % seen)
    stopped(machine, "app", "slow", 120)
    check(machine.wait_until("dom0", "xenstore-read /local/domain/%d/data/moat/health "
                             "| grep -qx '[0-9]* 0'" % machine.domid("storage")),
          "the device has answered all, and its age is still %d" % health(machine)[1])


def test_watchdog_ends_a_domain_that_does_not_serve(machine):
    """Xen does it, in about thirty seconds; also for a domain that was saved before."""
    machine.create("doomed", "storage")
    machine.lab("domain", "save", "doomed", timeout=240)
    machine.lab("domain", "restore", "doomed", timeout=240)
    domid = machine.domid("doomed")
    # Beats of a second each, for longer than the watchdog waits: it is fed.
    beat = "$(xenstore-read /local/domain/%d/data/moat/heartbeat)" % domid
    first = int(machine.sh("dom0", "echo " + beat))
    check(machine.wait_until("dom0", "[ %s -ge %d ]" % (beat, first + 34), 120),
          "it does not live for 34 beats")
    alive = machine.sh("doomed", "cat /sys/module/moat_back/parameters/watched")
    check(alive.strip() == "1", "the watchdog does not run")
    start = machine.clock()
    try:
        machine.try_sh("doomed", FREEZE_INIT + "; sleep 100", timeout=200)
        check(False, "a domain without a living moat-init lives on")
    except Lost:
        machine.forget("doomed")
    took = machine.clock() - start
    check(20 < took < 95, "it took %d s" % took)
    check("Watchdog timer fired for domain %d" % domid in machine.lab("log", "xen").stdout,
          "it was not the watchdog")


@takes_long
def test_going_down_is_no_crash(machine):
    """An orderly end stops the watchdog; so does whoever takes the promise back."""
    machine.create("leaving", "storage")
    # moat-init gives it with its first beat, and would do so after us.
    check(machine.wait_until("leaving", "[ $(cat /sys/module/moat_back/parameters/watched) "
                             "= 1 ]"), "moat-init does not promise to ping")
    machine.sh("leaving", "echo 0 >/sys/module/moat_back/parameters/watched")
    machine.sh("leaving", FREEZE_INIT)
    check(machine.sh("leaving", "sleep 34; echo alive").strip() == "alive", "it died")
    machine.sh("leaving", "echo 0 >/run/cg/x/cgroup.freeze")
    machine.sh("leaving", "echo 1 >/sys/module/moat_back/parameters/watched")
    machine.sh("dom0", "xl shutdown leaving")
    gone = machine.wait_until("dom0", "! xl domid leaving 2>/dev/null", 30)
    check(gone, "xl shutdown did not end the domain")
    machine.forget("leaving")
    machine.lab("domain", "destroy", "leaving", check=False)


def test_what_can_be_a_crash_is_one(machine):
    """Every sysctl of the image exists in this kernel, and is in force."""
    wrong = machine.sh(
        "storage", "while IFS='=' read -r key value; do "
        "file=/proc/sys/$(echo $key | tr . /); "
        "[ \"$(cat $file)\" = \"$value\" ] || echo $key: $(cat $file 2>&1), not $value; "
        "done </etc/moat/sysctl; grep -c . /etc/moat/sysctl")
    lines = wrong.split("\n")
    check(int(lines[-2]) >= 10, "the image has no sysctls")
    check(len(lines) == 2, wrong)


def test_toolstack_sets_mode_and_reads_counters(machine):
    """moat-set-mode and moat-ask, in the back end's directory."""
    disk = machine.attach("xvdb", "memory")
    node = "/local/domain/%d/backend/vbd/%d/%d/" % (
        machine.domid("storage"), machine.domid("app"), vdev_number("xvdb"))

    def ask(key, word):
        machine.sh("dom0", "xenstore-write %s%s '%s'" % (node, key, word))
        answered = machine.wait_until("dom0", "! xenstore-exists %s%s" % (node, key))
        check(answered, "%s=%s was not answered" % (key, word))

    def key(name):
        return machine.try_sh("dom0", "xenstore-read %s%s" % (node, name))[1].strip()

    for mode in ("spin", "event", "adaptive"):
        ask("moat-set-mode", mode)
        check(disk.back.get("mode") == mode, "xenstore's %s was not applied" % mode)
        check(key("moat-mode") == mode, "moat-mode is %s, not %s" % (key("moat-mode"), mode))
    ask("moat-set-mode", "sometimes")
    check(disk.back.get("mode") == key("moat-mode") == "adaptive", "nonsense was applied")
    disk.back.set("mode", "spin")
    told = machine.wait_until("dom0", "[ $(xenstore-read %smoat-mode) = spin ]" % node)
    check(told, "a change in sysfs is not told")

    verified(disk, size="256k")
    ask("moat-ask", "now-1")
    word, *pairs = key("moat-stats").split()
    check(word == "now-1", "moat-stats answers %s" % word)
    sums = {name: int(value) for name, value in (pair.split("=") for pair in pairs)}
    took = [sums.pop(name) for name in list(sums) if name.startswith("latency_")]
    count = disk.back.counters()
    check(set(sums) == set(count), "names: %s" % (set(sums) ^ set(count)))
    check(sum(took) == sum(sums[name] for name in ("reads", "writes", "flushes", "discards")),
          "the histogram counts other requests: %s, %s" % (took, sums))
    for name in ("reads", "writes", "bytes_written"):
        check(sums[name] == count[name] > 0, "%s: %d told, %d counted"
              % (name, sums[name], count[name]))
    ask("moat-ask", "no spaces")
    ask("moat-ask", "x" * 33)
    check(key("moat-stats").split()[0] == "now-1", "a bad word was answered")
    ask("moat-ask", "x" * 32)
    check(key("moat-stats").split()[0] == "x" * 32, "a long word was not answered")
