# SPDX-License-Identifier: GPL-2.0
"""Event, spin, adaptive: what they promise, in exact counts."""
from load import finished, fio, in_background, lasting, stopped, verify_loop
from runner import check
from toolstack import Reconnection

EVENTS = ("notify_sent", "events")
GRANTS = ("grant_maps", "grant_unmaps", "grant_copies", "grants_issued", "grants_ended")


def per_request(half, run):
    """What the counters of a half gained per request while run() ran."""
    before = half.counters()
    run()
    after = half.counters()
    gained = {k: after[k] - before[k] for k in after}
    requests = gained["reads"] + gained["writes"] + gained["flushes"]
    check(requests > 0, "no request was counted")
    return {k: v / requests for k, v in gained.items()}


def test_steady_spin_sends_no_event(machine):
    """With persistent grants: no event and no grant call, on either side."""
    disk = machine.attach("xvdb", "memory")
    disk.front.set("data_path", "persistent")
    disk.back.set("data_path", "persistent")
    disk.modes("spin")

    def load():
        fio(disk, rw="randrw", bs="4k", depth=8, size="4m", verify=False)
    # A read and a write of 64 KiB take more pages each than the load can have
    # in flight: behind them every page it will use is granted and mapped.
    fio(disk, rw="randrw", bs="64k", depth=8, size="4m", verify=False)
    for half in (disk.front, disk.back):
        got = per_request(half, load)
        for name in EVENTS + GRANTS:
            check(got[name] == 0, "%s of the %s: %.3f a request, expected none"
                  % (name, half.domain, got[name]))


def test_event_mode_sends_events(machine):
    """The other way of signalling is really another: events do flow."""
    disk = machine.attach("xvdb", "memory")
    disk.modes("event")
    got = per_request(disk.front, lambda: fio(disk, rw="randread", bs="4k", depth=1,
                                              size="1m", verify=False))
    check(got["notify_sent"] > 0.9, "front end: %.2f events sent a request at depth 1"
          % got["notify_sent"])
    check(got["events"] > 0.9, "front end: %.2f events received" % got["events"])
    check(got["spin_hits"] == 0, "it spun in mode event")


def test_a_batch_is_worked_on_before_it_is_whole(machine):
    """Requests that come 16 at a time are shown, and taken, four at a time.

    A push shows so many, and a visit that found work took so many: a batch of 16 costs
    four of them at least, and fewer where the setting lets it go as a whole. How many
    answers a visit pushes is the disk's doing, and is not looked at.
    """
    disk = machine.attach("xvdb", "memory")
    disk.modes("event")
    sides = ((disk.front, "/sys/module/moat_front/parameters/early",
              ("notify_sent", "notify_suppressed")),
             (disk.back, "/sys/module/moat_back/parameters/budget", ("events", "spin_hits")))
    was = [machine.sh(half.domain, "cat " + setting).strip() for half, setting, _ in sides]

    def steps(half, setting, counters, at_once):
        machine.sh(half.domain, "echo %d >%s" % (at_once, setting))
        got = per_request(half, lambda: fio(
            disk, rw="randread", bs="4k", depth=16, size="1m", verify=False,
            extra=["--iodepth_batch_%s=16" % which for which in
                   ("submit", "complete_min", "complete_max")]))
        return sum(got[name] for name in counters)

    try:
        for side in sides:
            # Leaves the setting at 64: the other side then gets whole batches.
            parts, whole = steps(*side, 4), steps(*side, 64)
            check(parts >= 0.24 and whole < 0.8 * parts,
                  "%s: %.3f steps a request, %.3f in whole batches"
                  % (side[0].domain, parts, whole))
    finally:
        for (half, setting, _), value in zip(sides, was):
            machine.sh(half.domain, "echo %s >%s" % (value, setting))


def test_idle_adaptive_costs_nothing(machine):
    """Within a second of its last request an adaptive disk sleeps, both sides.

    The second is the promise, the three behind it are what is observed. No ring
    is looked at; the storage domain's pollers wake once a second, for the ping
    by which they show that they live, and for nothing else.
    """
    disk = machine.attach("xvdb", "memory")
    disk.modes("adaptive")
    fio(disk, rw="randread", bs="4k", depth=4, size="1m", verify=False)
    quiet = "cat %s/ring*/spin_misses %s/ring*/sleeps"
    for half in (disk.front, disk.back):
        look = quiet % (half.path, half.path)
        machine.sh(half.domain, "sleep 1; %s >/run/a; sleep 3; %s >/run/b; cmp /run/a /run/b"
                   % (look, look))
    pid = machine.sh("storage", "for c in /proc/[0-9]*/comm; do name=$(cat $c || true); "
                     "[ \"$name\" != moat-back/0 ] || echo $c; done").split("/")[2]
    turns = "sed -n 's/^voluntary.*:[^0-9]*//p' /proc/%s/status; cat /proc/uptime; " % pid
    before, begun, _, after, ended, _ = machine.sh(
        "storage", turns + "sleep 5; " + turns).split()
    woken, seconds = int(after) - int(before), float(ended) - float(begun)
    check(1 <= woken <= seconds + 2,
          "the poller of an idle disk woke %d times in %.1f s" % (woken, seconds))


def test_switching_under_load(machine):
    """Both halves change mode every few milliseconds, out of step, under load."""
    disk = machine.attach("xvdb", "memory")
    in_background(machine, "app", "load", verify_loop(disk, 15))
    flip = ("while [ ! -e /run/stop ]; do for m in event spin adaptive; do "
            "echo $m >%s/mode; usleep %d; done; done")
    machine.sh("app", "rm -f /run/stop")
    machine.sh("storage", "rm -f /run/stop")
    in_background(machine, "app", "flip", flip % (disk.front.path, 5000))
    in_background(machine, "storage", "flip", flip % (disk.back.path, 7000))
    finished(machine, "app", "load", 180)
    for domain in ("app", "storage"):
        machine.sh(domain, "touch /run/stop")
        finished(machine, domain, "flip", 30)
    for half in (disk.front, disk.back):
        count = half.counters()
        check(count["protocol_errors"] == 0 and count["errors"] == 0,
              "%s: %s" % (half.domain, count))


def test_poll_queues(machine):
    """io_uring with IOPOLL: the caller looks, on a ring that is never armed."""
    machine.create("app2", "app", "--module-args", "moat-front poll_queues=1")
    machine.create("storage2", "storage", "--vcpus", "2")
    disk = machine.attach("xvdb", "memory", app="app2", storage="storage2")
    rings = machine.sh("app2", "ls -d %s/ring*" % disk.front.path).split()
    check(len(rings) == 2, "expected a ring for polled requests, found %s" % rings)
    disk.front.set("mode", "event")
    fio(disk, rw="randrw", bs="4k", depth=4, size="2m", engine="io_uring",
        extra=["--hipri"])
    ring1 = {name: int(machine.sh("app2", "cat %s/%s" % (rings[1], name)))
             for name in ("reads", "writes", "events", "arms", "spin_hits")}
    check(ring1["reads"] and ring1["writes"] and ring1["spin_hits"],
          "nothing was polled for: %s" % ring1)
    check(ring1["events"] == ring1["arms"] == 0,
          "the polled ring was armed: %s" % ring1)


def test_recovery_waits_for_no_poller(machine):
    """Whoever polls stands still: what he had in flight is answered all the same."""
    machine.create("app2", "app", "--module-args", "moat-front poll_queues=1")
    machine.create("storage2", "storage", "--vcpus", "2")
    disk = machine.attach("xvdb", "memory", app="app2", storage="storage2")
    link = Reconnection(disk)
    disk.front.set("stall_s", 0)
    lasting(machine, "app2", "load", "fio --name=polled --filename=/dev/xvdb --rw=randread "
            "--bs=4k --iodepth=4 --ioengine=io_uring --hipri --direct=1 --size=8m "
            "--io_size=100g --thread")
    check(machine.wait_until("app2", "[ $(cat %s/ring1/reads) -gt 100 ]" % disk.front.path),
          "nothing is polled for")
    machine.sh("app2", "kill -STOP $(pidof fio)")
    link.cut()
    link.connect()
    came = link.wait("moat-state", "up")
    machine.sh("app2", "kill -CONT $(pidof fio)")
    check(came, "moat-state is %s" % link.read("moat-state"))
    stopped(machine, "app2", "load", 60)


def test_settings_refuse_nonsense(machine):
    """A bad value is refused and changes nothing."""
    disk = machine.attach("xvdb", "memory")
    for half in (disk.front, disk.back):
        for name, bad in (("mode", "sometimes"), ("data_path", "teleport"),
                          ("window_max_ns", "-1"), ("window_max_ns", "99999999999"),
                          ("relax_every", "x")):
            before = half.get(name)
            code, _ = machine.try_sh(half.domain, "echo %s >%s/%s" % (bad, half.path, name))
            check(code != 0, "%s accepted %s=%s" % (half.domain, name, bad))
            check(half.get(name) == before, "%s changed %s to %s"
                  % (half.domain, name, half.get(name)))


def test_tracepoints_fire(machine):
    """A request can be followed by the static tracepoints of both halves."""
    disk = machine.attach("xvdb", "memory")
    for domain, system in (("app", "moat_front"), ("storage", "moat_back")):
        machine.sh(domain, "cd /sys/kernel/tracing; [ -e trace ] || mount -t tracefs t .; "
                   "cd /sys/kernel/tracing; echo >trace; echo 1 >events/%s/enable" % system)
    fio(disk, rw="randread", bs="4k", depth=1, size="64k", verify=False)
    for domain, system, events in (
            ("app", "moat_front", ("moat_front_issue", "moat_front_answer")),
            ("storage", "moat_back", ("moat_back_take", "moat_back_answer"))):
        trace = machine.sh(domain, "cd /sys/kernel/tracing; echo 0 >events/%s/enable; "
                           "cat trace" % system)
        for event in events:
            check(trace.count(event) >= 16, "%s: %d of %s in the trace, expected 16"
                  % (domain, trace.count(event), event))
