# SPDX-License-Identifier: GPL-2.0
"""What moatd did, for programs that use a lab with moatd: its events, as they come."""
import json
import queue
import subprocess
import threading
import time

from client import LAB

# Of a recovery, in their order; an event has them as {"detect_ms": ...}.
PHASES = ("detect", "destroy", "pci", "probe", "reconnect", "replay")
FILE = "/var/log/moat/events"
# From a file, so that moatd may die; or from moatd itself, which is quicker.
BY_FILE = ("sh", "-c", "mkdir -p ${0%/*}; touch $0; exec tail -n +1 -f $0", FILE)
BY_MOATD = ("moat", "events", "--json", "--follow")


class Lines:
    """A command in a domain that goes on; each line of it is given to a function."""

    def __init__(self, domain, command, take):
        self.process = subprocess.Popen([LAB, "exec", "-n", domain, "--", *command],
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                                        text=True, errors="replace")
        self.take = take
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        for line in self.process.stdout:
            self.take(line)

    def close(self):
        self.process.kill()
        self.process.wait()


class Events:
    """moatd's events; the first ones are those that happened before.

    told: a function that is given each one too, at once, in another thread.
    """

    def __init__(self, command=BY_FILE, told=None):
        self.seen, self.fresh, self.told = [], queue.Queue(), told
        self.lines = Lines("dom0", command, self._line)

    def _line(self, line):
        try:
            event = json.loads(line)
        except json.JSONDecodeError:
            return
        self.fresh.put(event)
        if self.told:
            self.told(event)

    def close(self):
        self.lines.close()

    def _take(self, timeout):
        try:
            self.seen.append(self.fresh.get(timeout=max(timeout, 0.01)))
            return True
        except queue.Empty:
            return False

    def mark(self):
        """The place behind all that has happened so far."""
        while self._take(0):
            pass
        return len(self.seen)

    def wait(self, since, names, seconds):
        """The first event behind a mark with one of the names; None if none comes."""
        deadline = time.monotonic() + seconds
        while True:
            for event in self.seen[since:]:
                if event["event"] in names:
                    return event
            if not self._take(deadline - time.monotonic()) and \
                    time.monotonic() >= deadline:
                return None

    def place(self, event):
        return self.seen.index(event) + 1
