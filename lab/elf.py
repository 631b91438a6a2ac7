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


def needed(program):
    """Returns the names of the libraries that a program itself asks for."""
    run = subprocess.run(["readelf", "-d", program], capture_output=True, text=True,
                         check=True)
    return re.findall(r"\(NEEDED\).*\[(\S+)\]", run.stdout)


def interpreter(program):
    """Returns the path of a program's dynamic loader, None if static."""
    run = subprocess.run(["readelf", "-l", "-W", program], capture_output=True, text=True,
                         check=True)
    match = re.search(r"program interpreter: (\S+)\]", run.stdout)
    return match[1] if match else None


def which(name):
    """Finds a program of the host, in root's directories too."""
    if os.path.isabs(name):
        return name if os.path.exists(name) else None
    for directory in ("/usr/sbin", "/usr/bin", "/sbin", "/bin"):
        path = os.path.join(directory, name)
        if os.path.exists(path):
            return path
    return None
