# SPDX-License-Identifier: GPL-2.0
"""What the tests of moat, the whole program, have in common: a place for it to run, and a
moatd with two storage domains.

$MOAT names another moat than the one in build/.
"""

import fcntl
import os
import pty
import select
import struct
import subprocess
import tempfile
import termios
import time
import unittest

from fake_moatd import Drivers, Moatd
from fake_store import DEADLINE, Store

TOP = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
MOAT = os.path.realpath(os.environ.get("MOAT", os.path.join(TOP, "build", "tools", "moat")))
OK, FAILED, USAGE, NO_DAEMON, DEGRADED, DOWN = range(6)
HOSTILE = "a\x1b[2J\nb"

PHASES = {"detect_ms": 3, "destroy_ms": 40, "pci_ms": 120, "probe_ms": 300,
          "reconnect_ms": 42, "replay_ms": 7}


def event(name, storage="storage", ident=1, **more):
    return {"id": ident, "time": 1764033898.125 + ident, "storage": storage,
            "event": name, "domid": 7, **more}


EVENTS = [event("created"), event("condemned", ident=2, why="crash", text="it is gone"),
          event("recovered", ident=3, why="crash", new_domid=8, disks=2, phases=PHASES)]

STATUS = {"ok": True, "storage": [
    {"name": "storage", "state": "ready", "why": None, "domid": 7,
     "standby": {"domid": 8, "state": "booting"},
     "pci": [{"device": "0000:00:04.0", "domid": 7}],
     "heartbeat_age_ms": 420, "health": {"poller_ms": 0, "device_ms": 3},
     "disks": [
         {"domain": "app", "domid": 2, "vdev": "xvda", "device": 51712, "backend_domid": 7,
          "front_state": 4, "back_state": 4, "hotplug": "connected", "recovery": True,
          "cover": "standby", "cover_why": None, "misfit": None,
          "moat_state": "up", "trouble": None, "mode": "w", "params": "/dev/nvme0n1"},
         {"domain": "old", "domid": 12, "vdev": "xvdb", "device": 51728, "backend_domid": 7,
          "front_state": 4, "back_state": 2, "hotplug": None, "recovery": False,
          "cover": "not", "cover_why": "takeover is off", "misfit": None,
          "moat_state": None, "trouble": "stall " + HOSTILE, "mode": "r",
          "params": "/dev/x"}],
     "wish": None, "recoveries": 3, "crashes": 1, "last": EVENTS[2],
     "standby_wanted": True, "failure": None},
    {"name": "backup", "state": "recovering", "why": "gone", "domid": None, "standby": None,
     "pci": [{"device": "0000:00:05.0", "domid": 9}], "heartbeat_age_ms": None,
     "health": None, "disks": [], "wish": "restart", "recoveries": 0, "crashes": 0,
     "last": None, "standby_wanted": True, "failure": None}]}


class Case(unittest.TestCase):
    """A directory, and moat run with everything it asks in there."""

    maxDiff = None

    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="moat-tools.")
        self.addCleanup(temporary.cleanup)
        self.dir = temporary.name
        self.socket = os.path.join(self.dir, "moatd.sock")
        self.bin = os.path.join(self.dir, "bin")
        os.mkdir(self.bin)
        self.environment = {
            "MOATD_SOCKET": self.socket, "XENSTORED_PATH": os.path.join(self.dir, "xenstore"),
            "MOAT_EVENTS": os.path.join(self.dir, "events"), "TZ": "UTC",
            "PATH": self.bin + ":" + os.environ["PATH"], "TERM": "xterm"}

    def moatd(self, **answers):
        daemon = Moatd(self.socket, answers)
        self.addCleanup(daemon.remove)
        return daemon

    def start(self, *words):
        return subprocess.Popen([MOAT, *words], env=self.environment, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                                stderr=subprocess.PIPE)

    def end(self, process, status):
        out, err = process.communicate(timeout=3 * DEADLINE)
        self.assertEqual(process.returncode, status, f"{process.args}\n{out}{err}")
        for text in out, err:
            self.assertNotIn("\x1b", text)
        return out, err

    def moat(self, *words, status=OK):
        return self.end(self.start(*words), status)

    def fails(self, words, status, *texts):
        """Its stdout is empty, its stderr has the texts."""
        out, err = self.moat(*words, status=status)
        self.assertEqual(out, "")
        for text in texts:
            self.assertIn(text, err)

    def script(self, name, text):
        """A program that moat finds first."""
        path = os.path.join(self.bin, name)
        with open(path, "w", encoding="utf-8") as out:
            out.write("#!/bin/sh\n" + text + "\n")
        os.chmod(path, 0o755)

    def terminal(self, *words, columns=80, typed=b""):
        """Runs it on a terminal; returns its status and what a person sees."""
        pid, fd = pty.fork()
        if pid == 0:
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
            os.execve(MOAT, [MOAT, *words], self.environment)
        os.write(fd, typed)
        shown, deadline = b"", time.monotonic() + 3 * DEADLINE
        try:
            while select.select([fd], [], [], deadline - time.monotonic())[0]:
                more = os.read(fd, 65536)
                if not more:
                    break
                shown += more
        except OSError:         # which is how the other end of a terminal closes
            pass
        finally:
            os.close(fd)
        _, status = os.waitpid(pid, 0)
        return os.waitstatus_to_exitcode(status), shown.decode().replace("\r\n", "\n")


class Xenstore(Case):
    """Commands that look into xenstore: app is domain 5, storage 3."""

    FRONT = "/local/domain/5/device/vbd/51712"
    BACK = "/local/domain/3/backend/vbd/5/51712"

    def setUp(self):
        super().setUp()
        self.store = Store(self.environment["XENSTORED_PATH"])
        self.addCleanup(self.store.listener.close)
        self.store.write({"/local/domain/0/name": "Domain-0",
                          "/local/domain/3/name": "storage", "/local/domain/5/name": "app",
                          "/local/domain/11/name": "7"})
        self.disk(5, 3, 51712, "xvda")

    def disk(self, front, back, number, dev, kind="vbd"):
        fore = f"/local/domain/{front}/device/vbd/{number}"
        aft = f"/local/domain/{back}/backend/{kind}/{front}/{number}"
        self.store.write({fore + "/backend": aft, fore + "/state": "4", aft + "/state": "4",
                          aft + "/dev": dev})
        return fore, aft

    def drivers(self, rates=None, front="event", back="event"):
        """Moat's drivers in the halves of xvda that have a mode."""
        halves = {}
        for path, mode in (self.FRONT, front), (self.BACK, back):
            if mode:
                halves[path] = rates or {}
                self.store.write({path + "/moat-mode": mode})
        drivers = Drivers(self.store, halves)
        self.addCleanup(drivers.stop)
        return drivers

    def modes(self):
        return tuple(self.store.read(path + "/moat-mode") for path in (self.FRONT, self.BACK))

    def keys(self, *names):
        with self.store.lock:
            return [p for p in self.store.nodes if p.rsplit("/", 1)[1] in names]
