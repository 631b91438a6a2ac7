# SPDX-License-Identifier: GPL-2.0
"""A half that means harm gets errors, and in the end no connection; its neighbour notices
nothing. test_hostile_campaign.py has random ones."""
import villain
from load import lasting, stopped, verify_loop
from runner import check


def shots(machine, storage):
    """Let it send its table of wrong requests to a disk of a storage domain."""
    front = villain.VillainFront(machine)
    front.create()
    front.begin(storage, act="shots")
    ended = machine.wait_until(
        "villain", "dmesg | grep -q 'hostile: the back end has closed'", 60)
    said = machine.sh("villain", "dmesg | grep -o 'hostile: .*'")
    check(ended, "the connection was not closed:\n" + said)
    check(", 0 surprises" in said, said)
    breaches = machine.sh(storage, "dmesg | grep -c 'too many requests'").strip()
    check(breaches == "1", "a breach of the protocol is one line in the log, not "
          + breaches)
    front.end()


def test_attack_on_mapped_pages(machine):
    """Another front end of the same storage domain notices nothing."""
    machine.allowed_log += villain.ALLOWED["front"]
    machine.create("mapping", "storage")
    other = machine.attach("xvdc", "memory", storage="mapping")
    lasting(machine, "app", "load", verify_loop(other))
    shots(machine, "mapping")
    stopped(machine, "app", "load", 120)


def test_attack_on_copied_pages(machine):
    machine.allowed_log += villain.ALLOWED["front"]
    machine.create("copying", "storage", "--module-args", "moat-back data_path=copy")
    shots(machine, "copying")
