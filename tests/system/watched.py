# SPDX-License-Identifier: GPL-2.0
"""A machine with moatd: faults are injected, and what moatd did is read from its events."""
import os
import subprocess
import time

import own_modules
from client import CommandError, Lost
from events import Events
from kinds import BREACHES, KINDS, SCRIPTS
from runner import Failure

FAULT = "faults/moat-fault.ko"
MODULE = own_modules.path(FAULT)
HOG = own_modules.path("faults/moat-hog.ko")
IN_DOMAIN = "/lib/moat-fault.ko"
STORAGE = "storage"
# By the host's clock, of which a machine with a domain that loops may need five times its own
# (tests/system/run); and a recovery may take a second successor.
DETECT_S, RECOVER_S, ALIVE_S, STANDBY_S, PROGRESS_S = 400, 900, 20, 600, 60
# So often it is looked at what is told of nowhere.
LOOK_S = 5
# Calls that a fault lets pass, at most: a few seconds of the load.
HITS = 50
IS_READY = ("[ \"$(xenstore-read /local/domain/$(xl domid %s-standby 2>/dev/null)"
            "/data/moat/state 2>/dev/null)\" = ready ]" % STORAGE)


def overlay(folder):
    """Make a folder that holds what a storage domain's image is to have, besides."""
    target = os.path.join(folder, IN_DOMAIN.lstrip("/"))
    os.makedirs(os.path.dirname(target), exist_ok=True)
    subprocess.run(["strip", "-g", "-o", target, own_modules.path(FAULT)],
                   check=True)
    return folder


def lab_options(folder, settings=(), cache=True, nvme=1, lean=False):
    """What `lab up` is given for a machine that can be watched.

    settings: moatd's, "KEY=VALUE". cache: with a second controller, for disks behind a
    volatile cache; without, nvme is how many there are. lean: storage domains run the kernel
    of `make lean`. Three processors: while a standby boots or takes over, dom0 and it need
    one, and the application domain goes on on another.
    """
    controllers = ["2", "--cache-nvme", "1"] if cache else [str(nvme)]
    if lean:
        own_modules.use_built("lean")
    return [*(["--kernel", STORAGE + "=lean"] if lean else []),
            "--vcpus", "3", "--no-disk", "--moatd", "--nvme", *controllers, "--nvme-size", "512M",
            "--overlay", STORAGE + "=" + overlay(folder),
            *(word for text in settings for word in ("--moatd-set", text))]


class Watched:
    """The storage domain of a machine with moatd, and the faults it is given.

    aim: the guest in whose rings the protocol is broken; None: in anybody's, and there is no
    guest but one.
    """

    def __init__(self, machine, standby=True, aim=None):
        self.machine, self.standby, self.aim = machine, standby, aim
        self.events, self.used = Events(), None
        if standby:
            self.standby_is_there()

    def close(self):
        self.events.close()

    def standby_is_there(self):
        """Wait for a standby that is ready."""
        if not self.machine.wait_until("dom0", IS_READY, STANDBY_S):
            raise Failure("the standby does not become ready")

    def prepare(self, kind):
        """Get ready what a fault needs, so that asking for it is quick."""
        if kind.source != "module" and kind.name != "moatd-kill":
            return
        aimed = self.aim and kind.name in BREACHES
        rings = "/vbd/%d/" % self.machine.domid(self.aim) if aimed else "/"
        self.machine.sh(STORAGE, "cd /sys/module; [ -d moat_fault ] || insmod %s; "
                        "cd moat_fault/parameters; echo %d >hits; printf %s >of"
                        % (IN_DOMAIN, HITS if kind.source == "module" else 1, rings))

    def ask_for(self, name):
        """Write a kind into the injector; the domain may die of it at once."""
        try:
            self.machine.sh(STORAGE, "echo %s >/sys/module/moat_fault/parameters/inject" % name)
        except Lost:
            pass

    def inject(self, kind):
        if kind.source == "module":
            self.ask_for(kind.name)
            return
        if kind.name == "moatd-kill":
            self.ask_for("null")
        where = STORAGE if kind.source == "domain" else "dom0"
        script = SCRIPTS[kind.name].format(domain=STORAGE, pci="00:04.0")
        try:
            self.machine.try_sh(where, script, timeout=60)
        except Lost:
            pass

    def recovered(self, mark):
        """The event of a recovery that is complete, or None."""
        return self.events.wait(mark, ["recovered", "upgraded", "gave-up"], RECOVER_S)

    def standby_ready(self):
        """Before a fault: the standby that the last one used up is replaced by another."""
        if self.standby and self.used is not None and \
                not self.events.wait(self.used, ["standby-ready"], STANDBY_S):
            raise Failure("the standby does not become ready")

    def restart(self):
        """Replace a storage domain that lives on with something broken in it."""
        mark = self.events.mark()
        self.machine.sh("dom0", "moat restart --yes --no-wait " + STORAGE)
        return self.recovered(mark)

    def new_record(self, kind, sealed=False):
        return {"kind": kind, "sealed": sealed, "standby": bool(self.standby),
                "detected": None, "phases": {}, "recovered": False, "said": ""}

    def connections(self):
        """A script for dom0: the numbers of the connections that the guest has."""
        return ("for n in $(xenstore-list {0}); do xenstore-read {0}/$n/moat-connection; done "
                "2>/dev/null | tr '\\n' ' '".format(
                    "/local/domain/%d/device/vbd" % self.machine.domid(self.aim or "app")))

    def upgrade(self, load):
        """Have it replaced by a new one under a load; a record as of a fault."""
        since, mark = load.now(), self.events.mark()
        record = self.new_record("upgrade")
        load.window(since)
        self.machine.sh("dom0", "moat upgrade --no-wait " + STORAGE)
        record.update(self.judge(self.recovered(mark), load))
        record.update(load.window(since))
        return record

    def suffer(self, kind, load):
        """Inject one fault under a load; return what came of it, as one record."""
        self.standby_ready()
        self.prepare(kind)
        since, mark = load.now(), self.events.mark()
        self.used = mark
        record = self.new_record(kind.name, kind.corrupts)
        load.window(since)
        if self.aim and kind.name in BREACHES:
            record.update(self.breach(kind, load))
            record.update(load.window(since))
            return record
        before = self.machine.sh("dom0", self.connections()) if kind.name in BREACHES else ""
        self.inject(kind)
        if kind.end != "dead" and not self.events.wait(mark, ["condemned"], ALIVE_S):
            record["detected"] = "not"
            record["recovered"] = load.goes_on(PROGRESS_S)
            record.update(load.window(since))
            again = self.restart()
            record["recovered"] &= bool(again and again["event"] == "recovered")
        else:
            record.update(self.outcome(mark, load, before))
            record.update(load.window(since))
        return record

    def outcome(self, mark, load, before):
        """What came of a fault that somebody has to notice.

        before: the guest's connections, where it is a breach of the protocol. A VM that has
        complained three times lately is not believed any more: its disk alone is connected
        anew, moatd tells of it once in a while, and no standby is used up.
        """
        verdicts, deadline = ["condemned", "gave-up"], time.monotonic() + DETECT_S
        noticed = self.events.wait(mark, verdicts, LOOK_S)
        while not noticed and time.monotonic() < deadline:
            anew = before and self.machine.sh("dom0", self.connections()) != before
            noticed = self.events.wait(mark, verdicts, LOOK_S)
            if anew and not noticed:
                self.used = None
                return {"recovered": load.goes_on(2 * PROGRESS_S), "detected": "protocol"}
        return self.judge(noticed and self.recovered(mark), load)

    def breach(self, kind, load):
        """One of several guests complains: its disk is connected anew, and no other's moved."""
        mark, look = self.events.mark(), self.connections()
        before = self.machine.sh("dom0", look)
        self.inject(kind)
        noticed = self.machine.wait_until("dom0", "[ \"$(%s)\" != \"%s\" ]" % (look, before),
                                          DETECT_S if kind.end == "dead" else ALIVE_S)
        goes_on = load.goes_on(2 * PROGRESS_S)
        moved = self.events.wait(mark, ["condemned"], 0)
        return {"recovered": goes_on and not moved,
                "detected": "protocol" if noticed else "not",
                "said": ("" if goes_on else "the load stands still; ") +
                        ("all were moved; " if moved else "")}

    def judge(self, event, load):
        """Was that a recovery, and does the load go on behind it?"""
        if not event or event["event"] == "gave-up":
            return {"recovered": False, "detected": event and "gave up",
                    "said": "no recovery; "}
        goes_on = load.goes_on(PROGRESS_S)
        left = event.get("left", 0)
        return {"recovered": goes_on and not left, "detected": event["why"],
                "phases": event["phases"],
                "said": ("" if goes_on else "the load stands still; ") +
                        ("%s disks left; " % left if left else "")}


def kind_of(name):
    try:
        return KINDS[name]
    except KeyError:
        raise CommandError("no such kind of fault: %s (there are %s)"
                           % (name, ", ".join(KINDS))) from None
