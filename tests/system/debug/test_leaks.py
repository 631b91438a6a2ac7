# SPDX-License-Identifier: GPL-2.0
"""A disk that comes and goes takes nothing with it."""
import json
import os

import leaks
from runner import check

DOMAINS = ("app", "storage")
ROUNDS = int(os.environ.get("MOAT_ROUNDS", "1000"))
# The first rounds fill what the kernel keeps for later, such as partial slabs.
WARM_UP = 20
# Less than a page a round, as kmemleak does not see pages; and what the kernel keeps of its own.
LOST_KIB = 1024 + ROUNDS
ROUND_S = 60

# Directly, without the lab: attach, wait for both halves, detach, wait until it has gone.
CYCLE = '''
front=/local/domain/$(xl domid app)/device/vbd/51728
await() {
    left=300
    until eval "$1"; do
        left=$((left - 1)); [ $left -gt 0 ] || { echo "round $n: $1"; exit 1; }
        usleep 100000
    done
}
n=0
while [ $n -lt $1 ]; do
    n=$((n + 1))
    xl block-attach app "format=raw,backendtype=phy,backend=storage,vdev=xvdb,access=w,target=$2" \
        || exit 1
    await '[ "$(xenstore-read $front/state 2>/dev/null)" = 4 ]'
    xl block-detach app xvdb || exit 1
    await '! xenstore-exists $front 2>/dev/null'
done
'''


def target_of(machine, disk):
    """The device of a disk in its storage domain."""
    known = json.loads(machine.lab("status", "--json").stdout)["disks"]
    return next(d["target"] for d in known if (d["app"], d["vdev"]) == (disk.app, disk.vdev))


def cycle(machine, rounds, target):
    """Attach and detach a disk so often."""
    done = machine.lab("exec", "dom0", "--", "sh", "-c", CYCLE, "sh", str(rounds), target,
                       timeout=120 + rounds * ROUND_S, check=False)
    check(not done.returncode, done.stdout + done.stderr)


def nodes(machine):
    """How many nodes xenstore has below both domains."""
    return machine.sh("dom0", "for d in app storage; do "
                      "xenstore-ls -f /local/domain/$(xl domid $d) | wc -l; done").split()


def test_attach_and_detach_a_thousand_times(machine):
    disk = machine.attach("xvdb", "memory:16M")
    target = target_of(machine, disk)
    machine.sh("dom0", "xl block-detach app xvdb")
    check(machine.wait_until("app", "[ ! -e /dev/xvdb ]"), "the disk stays")
    cycle(machine, WARM_UP, target)
    before, unused = nodes(machine), [leaks.unused_kib(machine, d) for d in DOMAINS]
    cycle(machine, ROUNDS, target)
    check(nodes(machine) == before, "xenstore has kept something")
    for domain, had in zip(DOMAINS, unused):
        lost = had - leaks.unused_kib(machine, domain)
        check(lost < LOST_KIB, "%s has %d KiB less than before" % (domain, lost))
    machine.sh("dom0", "xl block-attach app 'format=raw,backendtype=phy,backend=storage,"
               "vdev=xvdb,access=w,target=%s'" % target)
    check(machine.wait_until("app", "[ -b /dev/xvdb ]"), "the last attach came to nothing")


def test_nothing_is_lost(machine):
    """Not in all that the machine has done so far, either."""
    for domain in DOMAINS:
        text = leaks.found(machine, domain)
        check(not text, "%s: %s" % (domain, text[:4000]))
