# SPDX-License-Identifier: GPL-2.0
"""Finds what a dynamic program needs to run inside an image."""

import os
import re
import subprocess

from paths import LabError

LIBRARY = re.compile(r"(?:=>\s+)?(/\S+)\s+\(0x")


def libraries(program):
    """Returns the paths of the shared libraries that a program loads, none if static."""
    run = subprocess.run(["ldd", program], capture_output=True, text=True, check=False)
    missing = re.findall(r"(\S+) => not found", run.stdout)
    if missing:
        raise LabError(f"{program} needs {', '.join(missing)}, which this host lacks")
    return LIBRARY.findall(run.stdout)


def is_elf(path):
    """Tells an ELF file from a script."""
    with open(path, "rb") as f:
        return f.read(4) == b"\x7fELF"


def closure(programs):
    """Returns the files that the programs need besides themselves, each once."""
    found = []
    for program in programs:
        if not is_elf(program):
            continue
        for library in libraries(program):
            if library not in found:
                found.append(library)
    return found


def which(name):
    """Finds a program of the host, in root's directories too."""
    if os.path.isabs(name):
        return name if os.path.exists(name) else None
    for directory in ("/usr/sbin", "/usr/bin", "/sbin", "/bin"):
        path = os.path.join(directory, name)
        if os.path.exists(path):
            return path
    return None
