# SPDX-License-Identifier: GPL-2.0
"""A front end that means harm gets errors, and in the end no connection."""
import os

from load import finished, in_background, verify_loop
from runner import Failure, check

MODULE = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                      "../../build/tests/hostile/moat-hostile.ko")


def hostile_domain(machine):
    """An application domain with the hostile front end in place of ours."""
    if not os.path.exists(MODULE):
        raise Failure("build the hostile front end first: make hostile")
    machine.create("villain", "app")
    machine.lab("push", "villain", MODULE, "/tmp/moat-hostile.ko")
    machine.sh("villain", "rmmod moat_front; insmod /tmp/moat-hostile.ko")


def attack(machine, storage):
    """Let it attack a disk of a storage domain; return what it said."""
    hostile_domain(machine)
    backing = "null_blk:memory_backed=1,discard=1,size=16"
    machine.lab("disk", "attach", "villain", "xvdb", "--from", storage, "--backing",
                backing, "--no-wait")
    ended = machine.wait_until(
        "villain", "dmesg | grep -q 'hostile: the back end has closed'", 60)
    said = machine.sh("villain", "dmesg | grep -o 'hostile: .*'")
    check(ended, "the connection was not closed:\n" + said)
    check(", 0 surprises" in said, said)
    breaches = machine.sh(storage, "dmesg | grep -c 'too many requests'").strip()
    check(breaches == "1", "a breach of the protocol is one line in the log, not "
          + breaches)
    machine.destroy("villain")


# What the attack makes the logs say, and should.
EXPECTED = r"moat-back.*too many requests|hostile:|\(XEN\).*(grant|gref|d\d+v\d+)"


def test_attack_on_mapped_pages(machine):
    """Another front end of the same storage domain notices nothing."""
    machine.allowed_log.append(EXPECTED)
    other = machine.attach("xvdc", "memory")
    in_background(machine, "app", "load", verify_loop(other, 25))
    attack(machine, "storage")
    finished(machine, "app", "load", 120)


def test_attack_on_copied_pages(machine):
    machine.allowed_log.append(EXPECTED)
    machine.create("copying", "storage", "--module-args", "moat-back data_path=copy")
    attack(machine, "copying")
