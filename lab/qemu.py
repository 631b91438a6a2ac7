# SPDX-License-Identifier: GPL-2.0
"""Which QEMU the lab runs.

Debian 12's (7.2) crashes about once in twenty times that a PCI device changes hands, in its
memory code. So the lab has one of its own, of a later version, in its cache; where that cannot
be had the system's must do. And for PVH domains: on 10.0's emulation of AMD's virtualisation
Linux halts as it starts, for good (Xen takes the domain for one that has ended); on 7.2's it runs.
"""

import os
import re
import subprocess

import suite
from paths import LabError

SUITE = "bookworm-backports"
PACKAGE = "qemu-system-x86"
PROGRAM = "qemu-system-x86_64"
DATA = ("usr/share/qemu", "usr/share/seabios")
START_S = 30
AUTO, OWN, SYSTEM = "auto", "own", "system"
VIRTUALISATION = "svm"


def version(command):
    """Returns the version that a QEMU says it is; a LabError where it does not start."""
    try:
        run = subprocess.run([*command, "--version"], capture_output=True, text=True,
                             stdin=subprocess.DEVNULL, timeout=START_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LabError(f"{command[0]}: {error}") from None
    match = re.search(r"version (\d+(?:\.\d+)+)", run.stdout)
    if run.returncode or not match:
        raise LabError(f"{command[-1]}: does not start: {run.stderr.strip()[:200]}")
    return match[1]


def own():
    """Returns the words that start the lab's own QEMU."""
    root = suite.unpacked(SUITE, PACKAGE)
    data = [word for path in DATA for word in ("-L", os.path.join(root, path))]
    return [*suite.command(root, SUITE, PROGRAM), *data]


def chosen(wanted, cpu=""):
    """Decides between the lab's own QEMU and the system's, for a CPU model.

    Returns {"command": words, "version": text, "reason": text}.
    """
    reason = "the system's"
    if wanted == AUTO and VIRTUALISATION in cpu:
        wanted, reason = SYSTEM, f"the system's, whose {VIRTUALISATION} PVH domains can run on"
    if wanted == SYSTEM:
        return {"command": [PROGRAM], "version": version([PROGRAM]), "reason": reason}
    try:
        command = own()
        return {"command": command, "version": version(command), "reason": SUITE}
    except LabError as error:
        reason = f"the system's, as there is none of {SUITE}: {error}"
    return {"command": [PROGRAM], "version": version([PROGRAM]), "reason": reason}
