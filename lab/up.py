# SPDX-License-Identifier: GPL-2.0
"""Boots a lab: images, accelerator, QEMU, dom0, the two default domains and a disk."""

import fcntl
import json
import os
import shutil
import subprocess
import sys
import time

import cache
import debian
import disks
import domains
import images
import machine
import moatd
import qemu
import session
from paths import LAB, LabError

BOOT_MS = 720000
DOM0_IMAGE = "dom0.cpio"


class Progress:
    """Says what happens, with the seconds since the start."""

    def __init__(self, quiet=False):
        self.start = time.monotonic()
        self.quiet = quiet

    def __call__(self, text):
        if not self.quiet:
            print(f"lab: {time.monotonic() - self.start:5.1f}s  {text}", flush=True)


def is_up(state):
    """Tells whether a keeper holds the lock of the state directory."""
    try:
        with open(os.path.join(state, "lock"), encoding="ascii") as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def keeper_pid(state):
    """Returns the process that keeps a lab which is up."""
    with open(os.path.join(state, "lock"), encoding="ascii") as lock:
        return int(lock.read())


def prepare(state, options, specs, say):
    """Makes the state directory and all files that QEMU is given."""
    if is_up(state):
        raise LabError(f"a lab is up in {state}: `lab down` first, or --state another")
    clear(state)
    for name in ("log", "domains"):
        os.makedirs(os.path.join(state, name))
    version = options["kernel"]
    say(f"images for kernel {version}")
    own = [images.base_part("dom0"), images.modules_part("dom0", version),
           images.config_part({"etc/lab/load": dom0_modules(options)})]
    if options["moatd"]:
        own.append(images.tools_part(moatd.programs()))
    images.write_dom0(os.path.join(state, DOM0_IMAGE), own,
                      domains.shared_parts(options, specs))
    files = {"xen": debian.xen_binary(), "kernel": debian.vmlinux(version),
             "dom0": DOM0_IMAGE}
    machine.make_disks(state, options)
    cache.prune()
    with open(os.path.join(state, "machine.json"), "w", encoding="utf-8") as f:
        json.dump({"options": options, "qemu": machine.qemu_arguments(options, files)}, f,
                  indent=1)


def clear(state):
    """Empties the state directory of the last machine; touches no other directory."""
    if not os.path.isdir(state) or not os.listdir(state):
        return
    if not os.path.exists(os.path.join(state, "log")):
        raise LabError(f"{state} is no lab's state directory, and not empty")
    shutil.rmtree(state)


def dom0_modules(options):
    """Returns dom0's module list; pciback takes the NVMe controllers from the start."""
    hidden = "".join(f"({machine.nvme_address(i)})" for i in range(options["nvme"]))
    lines = [f"{name} hide={hidden}" if name == "xen-pciback" else name
             for name in ("xen-evtchn", "xen-gntdev", "xen-privcmd", "xenfs", "virtio_pci",
                          "virtio_console", "xen-blkback", "xen-pciback")]
    return "".join(line + "\n" for line in lines)


def start_keeper(state):
    """Starts the background process; returns when it listens."""
    with open(os.path.join(state, "log", "keeper.log"), "wb") as log:
        keeper = subprocess.Popen([sys.executable, os.path.join(LAB, "keeper.py"), state],
                                  stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                  start_new_session=True)
    deadline = time.monotonic() + 30
    while not os.path.exists(os.path.join(state, "lab.sock")):
        if keeper.poll() is not None or time.monotonic() > deadline:
            with open(log.name, encoding="utf-8", errors="replace") as f:
                raise LabError(f"the keeper did not start:\n{f.read()}")
        time.sleep(0.02)  # check-ok: sleep: a poll step, bounded by the deadline above
    return keeper


def up(state, options, specs, disk, say):
    """Boots everything; Ctrl-C or a failure on the way leaves nothing running."""
    options["qemu"] = qemu.chosen(options["qemu"], options["cpu"])
    say(f"QEMU {options['qemu']['version']} ({options['qemu']['reason']})")
    name, reason = machine.accelerator(options["accelerator"], options["qemu"]["command"])
    say(f"accelerator: {name} ({reason})")
    options["accelerator"] = name
    specs = [{**spec, "emulated": machine.emulated(options)} for spec in specs]
    prepare(state, options, specs, say)
    keeper = start_keeper(state)
    try:
        boot(state, options, specs, say)
    except BaseException as error:
        if not (options["keep"] and isinstance(error, LabError)):
            keeper.terminate()
            keeper.wait()
        raise
    if disk:
        disks.attach(state, *disk, disks.PLAIN)
        say(f"{disk[0]} has /dev/{disk[1]}, served by {disk[2]} from {disk[3]}")
    if options["moatd"]:
        moatd.start(state, specs[0], options)
        say("moatd watches over storage")
    say("ready")


def boot(state, options, specs, say):
    """Waits for dom0, then creates the domains and waits for their agents."""
    session.check(state, "dom0", ["true"], timeout=BOOT_MS / 1000)
    say("dom0 is up")
    # One after the other: a storage domain that scans its PCI bus needs a quick dom0.
    for spec in specs:
        domains.create_ready(state, spec, options)
        say(f"{spec['name']} is up ({spec['half']} {spec['kind']} half)")


def machine_options(state):
    """Returns the options of the machine that is up."""
    try:
        with open(os.path.join(state, "machine.json"), encoding="utf-8") as f:
            return json.load(f)["options"]
    except FileNotFoundError:
        raise LabError(f"no lab in {state}") from None
