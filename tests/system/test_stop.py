# SPDX-License-Identifier: GPL-2.0
"""Stopping a ring: at any moment, with anything under way, and nobody is hurt."""
import os

from load import in_background, verified
from runner import Failure, check

FAULTS = os.path.join(os.path.dirname(os.path.abspath(__file__)),
                      "../../build/tests/faults/moat-fault.ko")


def arm(machine, domain, fault):
    """Have the next visit of a ring struck."""
    if not os.path.exists(FAULTS):
        raise Failure("build the faults first: make faults")
    machine.lab("push", domain, FAULTS, "/tmp/moat-fault.ko")
    machine.sh(domain, "insmod /tmp/moat-fault.ko hits=1; "
               "echo %s >/sys/module/moat_fault/parameters/inject" % fault)


def test_ring_that_is_kicked_while_it_stops(machine):
    """Its poller may find it in a list for as long as the list is walked.

    Three rings on one poller, whose visits take long: the middle one is stopped in the
    middle of a turn, behind a kick (a setting that is written) that the next turn is to
    find. Freed memory is poisoned, so that a ring that is freed too early is noticed.
    """
    machine.allowed_log.append("moat-fault: doze")
    machine.create("poisoned", "storage", "--kernel-args", "slub_debug=FZPU")
    _, middle, _ = [machine.attach(vdev, "null_blk", storage="poisoned")
                        for vdev in ("xvdb", "xvdc", "xvdd")]
    machine.sh("poisoned", "for mode in /sys/bus/xen-backend/devices/vbd-*/moat/mode; do "
               "echo spin >$mode; done")
    arm(machine, "poisoned", "doze@poller")
    for turn in range(4):
        in_background(machine, "poisoned", "kicks-%d" % turn,
                      "while echo spin >%s/mode; do usleep 1000; done" % middle.back.path)
        machine.detach(middle)
        alive = machine.wait_until("poisoned", "[ -s /run/kicks-%d.status ]" % turn)
        check(alive, "the disk is detached, and its settings are still there")
        middle = machine.attach("xvdc", "null_blk", storage="poisoned")
    verified(machine.attach("xvde", "memory:4M", storage="poisoned"), size="64k", depth=4)
