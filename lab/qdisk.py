# SPDX-License-Identifier: GPL-2.0
"""QEMU's block back end (qdisk) in dom0, carried there when it is first wanted.

A process serves one front-end domain. libxl starts it only for a domain whose first
configuration has such a disk; for disks attached later the lab does.
"""

import os

import images
import session
from paths import LabError

QEMU = "/usr/libexec/xen-qemu-system-i386"
CARRY_S = 120
START = '''
    id=$(xl domid "$1") || exit 1
    pid=/run/lab/qdisk.$id.pid
    [ -e $pid ] && kill -0 $(cat $pid) 2>/dev/null ||
    $2 -xen-domid $id -xen-attach -name "$1" -M xenpv -nodefaults -no-user-config \\
        -nographic -monitor null -serial null -parallel null -daemonize -pidfile $pid || exit 1
    # Without this libxl refuses the disk; with it, libxl ends QEMU with the domain.
    xenstore-write /local/domain/$id/image/device-model-pid $(cat $pid)
'''


def carry(state):
    """Copies QEMU and its libraries into dom0, once."""
    if not session.run(state, "dom0", ["test", "-x", QEMU])[0]:
        return
    if not os.path.exists(QEMU):
        raise LabError("this host lacks qemu-system-xen; run scripts/setup")
    part = images.programs_part("qdisk", [QEMU])
    session.push(state, "dom0", part, "/run/lab/qdisk.cpio")
    session.check(state, "dom0", ["sh", "-c", "cd / && cpio -idu </run/lab/qdisk.cpio && "
                                  "rm /run/lab/qdisk.cpio"], timeout=CARRY_S)


def start(state, app):
    """Makes sure that a process serves app's disks."""
    carry(state)
    session.check(state, "dom0", ["sh", "-c", START, "sh", app, QEMU], timeout=CARRY_S)
