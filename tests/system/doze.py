# SPDX-License-Identifier: GPL-2.0
"""Pollers that take their time: each visit of a ring takes 10 ms, for good."""
import os

import own_modules
from runner import Failure

MODULE = own_modules.path("faults/moat-fault.ko")


def doze(machine, domain):
    """Have the pollers of a storage domain do so from now on."""
    if not os.path.exists(MODULE):
        raise Failure("build the faults first: make faults")
    machine.allowed_log.append("moat-fault: doze")
    machine.lab("push", domain, MODULE, "/tmp/moat-fault.ko")
    machine.sh(domain, "insmod /tmp/moat-fault.ko hits=1; "
               "echo doze@poller >/sys/module/moat_fault/parameters/inject")
