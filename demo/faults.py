# SPDX-License-Identifier: GPL-2.0
"""Faults of the storage domain, and a live view of what moatd and the application see."""
import collections
import os
import queue
import time

from client import CommandError, Lost
from events import BY_MOATD, PHASES, Events, Lines

MODULE = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                      "../build/tests/faults/moat-fault.ko")
STORAGE = "storage"
OUTCOMES = ("recovered", "upgraded", "gave-up", "upgrade-aborted")
OUTCOME_S, STANDBY_S = 180, 180
SLOT_MS, LINE_MS = 100, 1000
# busybox's date knows no fractions.
CLOCK = """adjtimex | awk '/tv_sec/ { s = $2 } /tv_usec/ { printf "%d.%06d", s, $2 }'"""

# inject: what is written into the fault injector; None: `moat upgrade`.
Fault = collections.namedtuple("Fault", "title inject short outcome text words")

FAULTS = (
    Fault("Crash: the driver writes where it must not", "text@driver", "wild write", "recovered",
          "As the driver begins a request, it starts to overwrite the kernel's code, byte by\n"
          "byte. The page is read-only, so the first byte is a page fault, and that a panic;\n"
          "nothing wrong is written to memory or disk.",
          ("unable to handle page fault", "supervisor write", "Kernel panic")),
    Fault("Hang: the driver loops for ever, interrupts off", "loop-irq-off@irq", "endless loop",
          "recovered",
          "The driver's interrupt handler does not return. The kernel around it is stuck and\n"
          "can tell nobody; that must be noticed from outside.", ("strikes",)),
    Fault("Upgrade: a new storage domain, on purpose", None, "upgrade", "upgraded",
          "$ moat upgrade storage\n"
          "How a new kernel or driver goes in under a running application. A fresh standby is\n"
          "booted first; then the disks are drained, and it takes over.", ()),
)
# No standby can have the domid that such a guest has given its pages to.
STOCK = FAULTS[0]._replace(
    title="The same crash, under a guest that has nothing of Moat's", short="stock guest",
    text="Its own block front end, Linux' xen-blkfront, can follow to no other domain. So a\n"
         "domain is made anew under the dead one's id, and goes on with the rings as they are.")

# What came of one: moatd's last event, when it was asked for (ms, the application's clock),
# and the longest that any request waited.
Row = collections.namedtuple("Row", "fault event since pause_ms")


class Pauses:
    """Everything the application did, in slots of 100 ms, and the faults on the way."""

    def __init__(self):
        self.slots, self.rows, self.standby = [], [], []

    def silence(self, since, until):
        """The longest time in that span in which nothing was completed: (begin, end)."""
        best, begin = (since, since), None
        for slot in self.slots:
            if not since < slot[0] <= until or slot[1]:
                begin = None
                continue
            begin = begin or slot[0] - SLOT_MS
            if slot[0] - begin > best[1] - best[0]:
                best = (begin, slot[0])
        return best


class Live:
    """The storage domain of a lab with moatd, watched while it fails under an application."""

    def __init__(self, stage, lab, application):
        self.stage, self.lab, self.application = stage, lab, application
        self.feed, self.pauses = queue.Queue(), Pauses()
        self.events = Events(BY_MOATD, lambda event: self.feed.put(("event", event)))
        self.ticks = None
        self.ahead = self.measure_clocks()

    def follow(self):
        """Begin to read what the writer says every 100 ms."""
        application = self.application
        self.ticks = Lines(application.domain,
                           ("tail", "-n", "+1", "-f", application.writer.log), self._slot)

    def close(self):
        self.events.close()
        if self.ticks:
            self.ticks.close()

    def _slot(self, line):
        words = line.split()
        if len(words) == 8:
            slot = [int(word) for word in words]
            self.pauses.slots.append(slot)
            self.feed.put(("slot", slot))

    def measure_clocks(self):
        """By how many ms the application's clock is ahead of dom0's."""
        def ahead_of_us(domain):
            best = None
            for _ in range(3):
                begin = time.monotonic()
                there = float(self.lab.sh(domain, CLOCK))
                end = time.monotonic()
                if best is None or end - begin < best[0]:
                    best = (end - begin, there - (begin + end) / 2)
            return best[1]
        return round(1000 * (ahead_of_us(self.application.domain) - ahead_of_us("dom0")))

    def app_ms(self, event):
        """When it happened, by the application's clock."""
        return event["time"] * 1000 + self.ahead

    # ---- one fault ----

    def standby_ready(self, mark=0):
        """Wait for the standby that becomes ready behind a mark."""
        begin = time.monotonic()
        self.stage.expect(self.events.wait(mark, ["standby-ready"], STANDBY_S),
                          "a standby is ready (waited for %.0f s)" % (time.monotonic() - begin))

    def standby_boots(self):
        """When standbys were booted: [(begin, end)], by the application's clock."""
        self.events.mark()
        begun, boots = {}, []
        for event in self.events.seen:
            if event["event"] == "standby-created":
                begun[event["domid"]] = self.app_ms(event)
            elif event["event"] == "standby-ready" and event["domid"] in begun:
                boots.append((begun[event["domid"]], self.app_ms(event)))
        return boots

    def arm(self):
        """Get the injector ready, so that asking for a fault is quick."""
        self.lab.lab("push", STORAGE, MODULE, "/run/moat-fault.ko")
        self.lab.sh(STORAGE, "insmod /run/moat-fault.ko hits=1")

    def strike(self, fault):
        """Do it, or have it done; the domain may be gone before it has answered."""
        try:
            if fault.inject:
                self.lab.sh(STORAGE, "echo %s >/sys/module/moat_fault/parameters/inject"
                            % fault.inject)
            else:
                self.lab.sh("dom0", "moat upgrade --no-wait " + STORAGE)
        except Lost:
            pass

    def suffer(self, fault):
        """One fault, and what came of it; return a mark behind its end."""
        self.stage.step(fault.title)
        self.stage.say(fault.text)
        if fault.inject:
            self.arm()
        said = len(self.lab.lab("log", STORAGE).stdout)
        mark, since = self.events.mark(), self.application.writer.look()[0]
        while not self.feed.empty():
            self.feed.get()
        self.stage.say("   time  requests of the writer completed, one number for each 100 ms")
        self.strike(fault)
        event = self.watch(since)
        if fault.words:
            self.last_words(fault, said)
        self.stage.expect(event and event["event"] == fault.outcome and not event.get("left"),
                          "%s, and the application goes on" % fault.outcome)
        pause = self.application.writer.look(since)[2] / 1000
        self.pauses.rows.append(Row(fault, event or {}, since, pause))
        self.stage.say("      longest wait of any request of the application: %.1f s"
                       % (pause / 1000))
        self.events.mark()
        return self.events.place(event) if event else mark

    def last_words(self, fault, said):
        log = self.lab.lab("log", STORAGE).stdout[said:]
        lines = [line for line in log.splitlines() if any(w in line for w in fault.words)]
        self.stage.say("its last words:")
        for line in lines[:4]:
            self.stage.say("  " + line[:96])

    # ---- the live view ----

    def watch(self, since):
        """Print what happens until moatd is done and requests are answered again."""
        outcome, seconds, deadline = None, {}, time.monotonic() + OUTCOME_S
        while time.monotonic() < deadline:
            try:
                kind, what = self.feed.get(timeout=1)
            except queue.Empty:
                continue
            if kind == "event":
                self.show_event(what, since)
                outcome = what if what["event"] in OUTCOMES else outcome
                continue
            at = (what[0] - since - 1) // LINE_MS
            seconds.setdefault(at, []).append(what)
            if at - 1 in seconds:
                self.show_second(at - 1, seconds.pop(at - 1))
                if outcome and what[0] > self.app_ms(outcome) + LINE_MS and what[1]:
                    return outcome
        return outcome

    def show_event(self, event, since):
        at = (self.app_ms(event) - since) / 1000
        text = ": ".join(word for word in (event["event"], event.get("why"), event.get("text"))
                         if word)
        self.stage.say("%+5.1f s  moatd: %s (domain %s%s)" % (
            at, text, event.get("domid"),
            " -> %s" % event["new_domid"] if event.get("new_domid") else ""))
        if event.get("phases"):
            self.stage.say("         moatd: " + ", ".join(
                "%s %d ms" % (phase, event["phases"][phase + "_ms"]) for phase in PHASES
                if phase + "_ms" in event["phases"]))

    def show_second(self, at, slots):
        oldest = max(slot[3] for slot in slots) / 1e6
        self.stage.say("%+5.1f s %s%s" % (
            at * LINE_MS / 1000, " ".join("%3d" % slot[1] for slot in slots),
            "   waiting for %.1f s" % oldest if oldest > 0.5 else ""))

    # ---- all of them ----

    def table(self):
        self.stage.say("%-14s %-10s" % ("ms", "noticed by") + "".join("%10s" % p for p in PHASES) +
                       "%9s %12s" % ("together", "longest wait"))
        for fault, event, _, pause in self.pauses.rows:
            phases = [event.get("phases", {}).get(p + "_ms") for p in PHASES]
            self.stage.say("%-14s %-10s" % (fault.short, event.get("why", "-")) + "".join(
                "%10s" % ("-" if ms is None else ms) for ms in phases) +
                "%9d %12d" % (sum(ms or 0 for ms in phases), pause))

    def run(self):
        if not os.path.exists(MODULE):
            raise CommandError("%s is not built; run `make faults`" % MODULE)
        for fault in FAULTS:
            mark = self.suffer(fault)
            if fault is not FAULTS[-1]:
                self.standby_ready(mark)
        self.pauses.standby = self.standby_boots()
