# SPDX-License-Identifier: GPL-2.0
"""A kernel crash in a storage domain stays there."""
from load import in_background, verified, verify_loop
from runner import check
from client import Lost


def test_crash_is_contained(machine):
    """dom0 and the application domain live; another storage domain serves on.

    What becomes of the dead domain's disk is recovery's business.
    """
    machine.create("doomed", "storage")
    machine.create("bystander", "app")
    lost = machine.attach("xvdb", "memory", app="bystander", storage="doomed")
    other = machine.attach("xvdc", "memory")
    in_background(machine, "bystander", "load", verify_loop(lost, 60))
    busy = machine.wait_until(
        "bystander", "[ $(cat %s/ring0/writes) -gt 20 ]" % lost.front.path)
    check(busy, "the load never started")
    machine.allowed_log += [r"panic|sysrq|Call Trace|BUG|I/O error|Oops|fault"]
    try:
        machine.try_sh("doomed", "echo c >/proc/sysrq-trigger")
        check(False, "the storage domain survived a kernel crash")
    except Lost:
        machine.forget("doomed")
    check(machine.sh("bystander", "echo alive").strip() == "alive",
          "the application domain died with its storage domain")
    check(machine.sh("dom0", "xl info | grep -c xen_version").strip() == "1",
          "dom0 does not answer")
    verified(other, bs="4k", depth=4, size="512k")
