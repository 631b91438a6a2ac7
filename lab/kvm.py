# SPDX-License-Identifier: GPL-2.0
"""Finds out whether /dev/kvm can run the lab's hypervisor.

That it opens says little: inside a virtual machine it may run only guests made for it. So
Xen itself is booted, with a module that is no kernel: where everything works it gets as far
as domain 0, and says that it cannot make one. What has once been found out with a QEMU holds
until the host boots: it takes seconds, on a busy host many.
"""

import os
import pathlib
import subprocess
import tempfile
import time

import cache

BOOT_ID = "/proc/sys/kernel/random/boot_id"
DEVICE = "/dev/kvm"
DEADLINE_S = 15
STEP_S = 0.1
REACHED = "Could not construct domain 0"
# QEMU goes on, with the machine stopped, when the kernel could not run it any further.
BROKEN = "KVM internal error"


def command(qemu, xen, module, serial):
    """Returns the command line of a machine that boots Xen and ends."""
    return [*qemu, "-accel", "kvm", "-cpu", "host", "-m", "512",
            "-M", "q35,kernel-irqchip=split", "-nodefaults", "-nographic", "-no-reboot",
            "-kernel", xen, "-append", "console=com1 com1=115200,8n1", "-initrd", module,
            "-serial", f"file:{serial}"]


def text(path):
    """Returns what a file holds so far."""
    try:
        with open(path, encoding="utf-8", errors="replace") as f:
            return f.read()
    except FileNotFoundError:
        return ""


def verdict(serial, errors, ended):
    """Returns (decided, reason): reason is None where Xen has reached its aim."""
    if REACHED in serial:
        return True, None
    if BROKEN in errors:
        return True, "KVM cannot run Xen (an internal error of KVM's)"
    if ended:
        last = errors.strip().splitlines()[-1:] or ["it said nothing"]
        return True, f"QEMU with KVM ended before Xen had booted: {last[0]}"
    return False, None


def watch(qemu, serial, errors):
    """Waits until the machine has shown what it can; returns verdict()'s."""
    deadline = time.monotonic() + DEADLINE_S
    while time.monotonic() < deadline:
        ended = qemu.poll() is not None
        decided, reason = verdict(text(serial), text(errors), ended)
        if decided:
            return True, reason
        time.sleep(STEP_S)  # check-ok: sleep: a poll step, bounded by the deadline above
    return False, f"Xen did not boot with KVM within {DEADLINE_S} s"


def note(qemu, xen):
    """Returns where it stands what was found out: one file for each host, boot and QEMU."""
    with open(BOOT_ID, encoding="ascii") as f:
        boot = f.read()
    program = [(word, os.stat(word).st_mtime_ns) for word in qemu if os.path.isfile(word)]
    return cache.path(f"kvm/{cache.digest(boot, qemu, program, pathlib.Path(xen))}")


def probe(qemu, xen):
    """Returns None where KVM runs the hypervisor in this file, else the reason why not.

    qemu: the words that start QEMU.
    """
    if not os.access(DEVICE, os.R_OK | os.W_OK):
        return f"no usable {DEVICE}"
    known = note(qemu, xen)
    if os.path.exists(known):
        return text(known) or None
    decided, reason = tried(qemu, xen)
    if decided:  # that it took too long, a busy host may have said
        with open(f"{known}.{os.getpid()}", "w", encoding="utf-8") as f:
            f.write(reason or "")
        os.rename(f"{known}.{os.getpid()}", known)
    return reason


def tried(qemu, xen):
    """Boots Xen with KVM; returns verdict()'s."""
    with tempfile.TemporaryDirectory() as directory:
        module, serial, errors = (os.path.join(directory, name)
                                  for name in ("module", "serial", "errors"))
        with open(module, "wb") as f:
            f.write(bytes(4096))
        with open(errors, "wb") as f:
            running = subprocess.Popen(command(qemu, xen, module, serial),
                                       stdin=subprocess.DEVNULL, stdout=f, stderr=f)
        try:
            return watch(running, serial, errors)
        finally:
            running.kill()
            running.wait()
