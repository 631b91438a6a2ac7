# SPDX-License-Identifier: GPL-2.0
"""The lab for programs: a thin client of lab/lab.

Tests, benches and the demo use the machine through this. Nothing here knows
QEMU or Xen's internals: each method is a verb of the lab, so that what a
program does a person can type.
"""
import os
import subprocess

LAB = os.path.join(os.path.dirname(os.path.abspath(__file__)), "lab")
LOST = 75
# A deadline of the host's only finds what hangs: the machine may be so much slower than a test
# thinks of.
PATIENCE = 4


class Lost(Exception):
    """The machine or a domain is gone; the text holds its last lines."""


class CommandError(Exception):
    """A command in a domain failed; the text is what it printed."""


class Half:
    """One half of a disk: its settings and counters in sysfs."""

    def __init__(self, machine, domain, path):
        self.machine, self.domain, self.path = machine, domain, path

    def get(self, name):
        return self.machine.sh(self.domain, "cat %s/%s" % (self.path, name)).strip()

    def set(self, name, value):
        self.machine.sh(self.domain, "echo %s >%s/%s" % (value, self.path, name))

    def counters(self):
        """Every counter, summed over the rings."""
        text = self.machine.sh(
            self.domain, "cd %s && grep -H . ring*/* | grep -v latency" % self.path)
        total = {}
        for line in text.splitlines():
            name, value = line.split("/", 1)[1].split(":")
            total[name] = total.get(name, 0) + int(value)
        return total


def vdev_number(vdev):
    """The number of a virtual device: xvdb is 51728 (Xen's vbd numbering)."""
    return (202 << 8) + 16 * (ord(vdev[3]) - ord("a"))

# Looks until a condition holds, so often and so long at most.
WAIT = ("n=0; read wait_began wait_idle </proc/uptime; until %s; do n=$((n+1)); "
        "read wait_now wait_idle </proc/uptime; [ $n -lt %d ] && "
        "[ $((${wait_now%%.*} - ${wait_began%%.*})) -lt %d ] || exit 9; sleep 0.1; done")


class Lab:
    """The verbs of a lab; which one, the environment's MOAT_LAB says."""
    # Every deadline is multiplied by it: domains with a debug kernel are slow.
    pace = 1

    def lab(self, *args, timeout=120, check=True, show=False, stdin=None):
        """Run a verb of the lab; Lost if the machine or the domain is gone."""
        timeout *= self.pace * PATIENCE
        try:
            done = subprocess.run([LAB, *args], timeout=timeout, text=True,
                                  input=stdin, errors="replace",
                                  stdout=None if show else subprocess.PIPE,
                                  stderr=None if show else subprocess.PIPE)
        except subprocess.TimeoutExpired as e:
            raise Lost("no answer to `lab %s` in %d s" % (" ".join(args), timeout)) from e
        if done.returncode == LOST:
            raise Lost((done.stderr or "")[-4000:])
        if check and done.returncode:
            raise CommandError("lab %s: exit %d\n%s%s" % (
                " ".join(args), done.returncode, done.stdout or "", done.stderr or ""))
        return done

    def sh(self, domain, script, timeout=120):
        """Run a shell script in a domain; return what it printed."""
        return self.lab("exec", domain, "--", "sh", "-ec", script, timeout=timeout).stdout

    def try_sh(self, domain, script, timeout=120):
        """As sh(), but return (exit status, output and errors)."""
        done = self.lab("exec", domain, "--", "sh", "-c", script, timeout=timeout,
                        check=False)
        return done.returncode, done.stdout + done.stderr

    def wait_until(self, domain, condition, seconds=20):
        """Wait in the domain until a shell condition holds; False if it never does.

        The seconds are those between two looks, for the host may be slow, and a look take
        long; but it takes no more than three times as many in all.
        """
        loop = WAIT % (condition, seconds * self.pace * 10, seconds * self.pace * 3)
        return self.try_sh(domain, loop, timeout=seconds * 4 + 30)[0] == 0

    def clock(self):
        """Seconds of the machine's own, which on a busy host are longer."""
        return float(self.sh("dom0", "cut -d ' ' -f 1 /proc/uptime"))

    def domid(self, domain):
        return int(self.sh("dom0", "xl domid " + domain))
