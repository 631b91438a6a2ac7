# SPDX-License-Identifier: GPL-2.0
"""Where a domain's time goes, function by function.

bench/meter/sampler looks from dom0 at where the vCPU is, so the parts of the kernel that
have interrupts off are seen as they are, which a profiler inside would not.
"""
import bisect
import contextlib
import json
import os

from measure import lean_command
from results import WAITING
from rig import BUILD

SAMPLER = "/run/sampler"
MS = 3000               # of looking at one domain
SPARE_MS = 300          # the load outlasts the looking
NAMES = {"user": "(the program)", "waiting": WAITING}
UNKNOWN = "(unknown)"


class Symbols:
    """The kernel of a domain, by address."""

    def __init__(self, kallsyms):
        found = []
        for line in kallsyms.splitlines():
            words = line.split()
            if words[1] in "tTwW":
                found.append((int(words[0], 16), " ".join(words[2:])))
        found.sort()
        self.starts = [a for a, _ in found]
        self.names = [n for _, n in found]

    def name(self, address):
        at = bisect.bisect_right(self.starts, address) - 1
        return self.names[at] if at >= 0 else UNKNOWN


def histogram(text, symbols):
    """{function: samples} of what the sampler printed."""
    found = {}
    for line in text.splitlines():
        count, address = line.split()
        name = NAMES.get(address) or symbols.name(int(address, 16))
        found[name] = found.get(name, 0) + int(count)
    return found


class Profiler:
    """Takes profiles of loads on a rig."""

    def __init__(self, rig):
        self.rig, self.symbols = rig, {}
        rig.lab("push", "dom0", os.path.join(BUILD, "sampler"), SAMPLER)
        # Else dom0 does not get the processor before who has it now had it for 1 ms, or
        # waits: whoever runs for less at a time would never be seen to run.
        rig.sh("dom0", "xl sched-credit2 -s -r 0")

    def symbols_of(self, domain):
        if domain not in self.symbols:
            self.symbols[domain] = Symbols(self.rig.sh(domain, "cat /proc/kallsyms"))
        return self.symbols[domain]

    @contextlib.contextmanager
    def beside_dom0(self, domain):
        """The domain has dom0's processor, all others another one; behind it all is as it was."""
        dom0 = self.rig.shell("dom0")
        before = dom0.run("xl vcpu-list | awk 'NR > 1 && $2 != 0 { print $2, $3, $7 }'")
        places = [line.split() for line in before.splitlines()]
        pin = "xl vcpu-pin %s %s %s"
        dom0.run("; ".join(pin % (number, vcpu, "0" if int(number) == self.rig.domid(domain)
                                  else "1") for number, vcpu, _ in places))
        yield
        dom0.run("; ".join(pin % tuple(place) for place in places))

    def run(self, cell, way, device):
        """[a profile of each domain that takes part]: see results.py."""
        rig = self.rig
        domain, path = rig.place(way, device)
        rig.set_mode(rig.disk(way, device), way.mode)
        roles = {"app": domain, **({"storage": way.storage} if way.storage else {})}
        found = []
        for role, name in roles.items():
            symbols = self.symbols_of(name)
            with self.beside_dom0(name):
                seen, iops = self.look(name, domain, lean_command(cell, path, MS + SPARE_MS))
            found.append({"cell": cell.key, "device": device, "way": way.key, "role": role,
                          "iops": iops, "samples": histogram(seen, symbols)})
        return found

    def look(self, domain, app, command):
        """Look at a domain during a load; (what the sampler said, the load's rate)."""
        load = self.rig.shell(app)
        load.start(command)
        seen = self.rig.shell("dom0").run("%s %d %d" % (SAMPLER, self.rig.domid(domain), MS))
        text = load.finish()
        return seen, round(json.loads(text[text.index("{"):])["iops"])
