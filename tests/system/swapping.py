# SPDX-License-Identifier: GPL-2.0
"""A load that makes a domain swap for its life, and knows what its memory must hold."""
import os

from runner import Failure, check

PROGRAM = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                          "../../build/tests/writer/pages")
PAGES = "/run/pages"
# So much memory is wanted that is not there, by so many processes.
MORE_MIB, PROCESSES = 64, 3
# It swaps, once so many pages have gone out.
SWAPPED_OUT, START_S, END_S = 2000, 240, 240
OUT = "$(awk '/^pswpout/ {{ print $2 }}' /proc/vmstat)"
ON = """\
goal=$((%s + {out}))
mkswap {device} >/dev/null
swapon {device}
mib=$(awk '/^MemAvailable/ {{ print int(($2 / 1024 + {more}) / {count}) }}' /proc/meminfo)
: >/run/pages.pids
for n in $(seq {count}); do
    setsid {pages} $mib >/run/pages-$n.out 2>&1 </dev/null &
    echo $! >>/run/pages.pids
done
n=0
until [ %s -gt $goal ]; do n=$((n + 1)); [ $n -lt {turns} ] || exit 1; usleep 200000; done
""" % (OUT, OUT)
# The last words of one that was killed, for want of memory too, are others.
OFF = """\
kill $(cat /run/pages.pids)
n=0
for pid in $(cat /run/pages.pids); do
    while grep -q . /proc/$pid/cmdline 2>/dev/null; do
        n=$((n + 1)); [ $n -lt {turns} ] || exit 1; usleep 200000
    done
done
tail -n 1 /run/pages-*.out
[ $(grep -l '^end: .* 0 wrong$' /run/pages-*.out | wc -l) = {count} ]
swapoff {device}
rm /run/pages*.out /run/pages.pids"""


def on(device, more=MORE_MIB):
    """The script that begins it, and waits until it swaps; PAGES must be there."""
    return ON.format(device=device, more=more, count=PROCESSES, pages=PAGES, out=SWAPPED_OUT,
                     turns=START_S * 5)


def off(device):
    """The script that ends it, and fails if a page was wrong."""
    return OFF.format(device=device, count=PROCESSES, turns=END_S * 5)


def bring(machine, domain):
    """Carry the program into a domain."""
    machine.lab("push", domain, PROGRAM, PAGES)


class Swapping:
    """A domain that swaps to one of its devices."""

    def __init__(self, machine, domain, device):
        self.machine, self.domain, self.device = machine, domain, device

    def begin(self):
        bring(self.machine, self.domain)
        self.machine.sh(self.domain, on(self.device), timeout=2 * START_S)

    def swapped(self):
        """Pages in and out so far."""
        return [int(word) for word in self.machine.sh(
            self.domain, "awk '/^pswp(in|out) / { print $2 }' /proc/vmstat").split()]

    def goes_on(self):
        """Wait until many pages more have gone out, and some come in."""
        have = self.swapped()
        check(self.machine.wait_until(
            self.domain, "awk '/^pswpin/ { i = $2 } /^pswpout/ { o = $2 } "
            "END { exit !(i > %d && o > %d) }' /proc/vmstat"
            % (have[0] + SWAPPED_OUT // 10, have[1] + SWAPPED_OUT), START_S),
            "%s has stopped to swap: %s pages in and out, then %s"
            % (self.domain, have, self.swapped()))

    def end(self):
        status, out = self.machine.try_sh(self.domain, "set -e\n" + off(self.device),
                                          timeout=2 * END_S)
        if status:
            raise Failure("the memory of %s is not right: %s" % (self.domain, out.strip()))
