# SPDX-License-Identifier: GPL-2.0
"""A shell in a domain that stays: a measurement cannot wait for a new one each time."""
import os
import select
import subprocess
import time

from client import LAB, CommandError, Lost

MARK = "@@bench@@"


class Shell:
    """Runs scripts in a domain one after the other, through one `lab exec`."""

    def __init__(self, domain):
        self.domain, self.pending = domain, b""
        self.child = subprocess.Popen([LAB, "exec", domain, "--", "sh"], bufsize=0,
                                      stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                      stderr=subprocess.STDOUT)

    def start(self, script):
        """Have the script begin."""
        text = "{ %s\n} </dev/null 2>&1; echo %s $?\n" % (script, MARK)
        try:
            self.child.stdin.write(text.encode())
        except OSError as e:
            raise Lost("%s: its shell is gone: %s" % (self.domain, self.read_rest())) from e

    def finish(self, timeout=60):
        """What it printed; CommandError if its last command failed."""
        deadline = time.monotonic() + timeout
        while not self.ended():
            left = deadline - time.monotonic()
            if left <= 0 or not select.select([self.child.stdout], [], [], left)[0]:
                raise Lost("%s: no answer in %d s" % (self.domain, timeout))
            data = os.read(self.child.stdout.fileno(), 1 << 16)
            if not data:
                raise Lost("%s: its shell is gone: %s" % (self.domain, self.read_rest()))
            self.pending += data
        text, _, status = self.pending.decode(errors="replace").rpartition(MARK)
        self.pending = b""
        if int(status):
            raise CommandError("%s: exit %s\n%s" % (self.domain, status.strip(), text))
        return text

    def run(self, script, timeout=60):
        self.start(script)
        return self.finish(timeout)

    def ended(self):
        at = self.pending.rfind(MARK.encode())
        return at >= 0 and self.pending.endswith(b"\n")

    def read_rest(self):
        return self.pending[-2000:].decode(errors="replace")

    def close(self):
        self.child.stdin.close()
        try:
            self.child.wait(10)
        except subprocess.TimeoutExpired:
            self.child.kill()
            self.child.wait()
        self.child.stdout.close()
