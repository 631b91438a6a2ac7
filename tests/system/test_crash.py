# SPDX-License-Identifier: GPL-2.0
"""A kernel crash in a storage domain stays there."""
from load import in_background, verified, verify_loop
from runner import check


def test_crash_is_contained(machine):
    """dom0 and the application domain live; another storage domain serves on.

    What becomes of the dead domain's disk is recovery's business.
    """
    machine.create("doomed", "storage")
    lost = machine.attach("xvdb", "memory", storage="doomed")
    other = machine.attach("xvdc", "memory")
    in_background(machine, "app", "load", verify_loop(lost, 60))
    busy = machine.wait_until(
        "app", "[ $(cat %s/ring0/writes) -gt 20 ]" % lost.front.path)
    check(busy, "the load never started")
    machine.allowed_log += [r"panic|sysrq|Call Trace|BUG|I/O error|Oops|fault"]
    machine.try_sh("doomed", "echo 1 >/proc/sys/kernel/sysrq; echo c >/proc/sysrq-trigger")
    dead = machine.wait_until("dom0", "! xl list doomed 2>/dev/null | grep -q '[rb]-----'")
    check(dead, "the storage domain did not die")
    check(machine.sh("app", "echo alive").strip() == "alive", "app died with it")
    check(machine.sh("dom0", "xl info | grep -c xen_version").strip() == "1",
          "dom0 does not answer")
    verified(other, bs="4k", depth=4, size="512k")
