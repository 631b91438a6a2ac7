#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Kernels of the lab's domains that are built, once, from Debian's source, and cached.

`lean` is what image/kernel/config is for: a storage domain's. The debug kernels are for all
domains but dom0: `plain` runs as PV and PVH, with everything that finds a kernel's bugs but KASAN;
`kasan` has that too, and runs as PVH only. What each has, and why, stands in the fragments. A
version names what it was built from, so that modules can be built for no other.

    lab/built_kernel.py VARIANT      builds it where needed, prints its version and directory
"""

import glob
import os
import pathlib
import subprocess
import sys

import cache
import debian
from paths import LAB, ROOT, LabError

SOURCE = "linux-source-6.1"
FOLDER = os.path.join(ROOT, "image", "kernel")
BUILD = os.path.join(FOLDER, "build")
STORAGE = os.path.join(FOLDER, "config")
# Fragments of lab/kernels, on top of a storage domain's own.
VARIANTS = {"lean": ("lean",), "plain": ("tests", "debug"), "kasan": ("tests", "debug", "kasan")}
DEBUG = ("plain", "kasan")
PVH_ONLY = "kasan"
PROGRAMS = ("bison", "flex", "bc")
BUILD_S = 3 * 3600      # twenty minutes of processor time, and hosts are shared
# Red zones and owners of slab objects are on by configuration, this is not.
DEBUG_OPTIONS = ("page_poison=1", "page_owner=on")


def configs(variant):
    """Returns the fragments of a variant's configuration."""
    return [pathlib.Path(STORAGE),
            *(pathlib.Path(LAB, "kernels", name) for name in VARIANTS[variant])]


def tarball():
    """Returns the source, packed as Debian has it."""
    return pathlib.Path(debian.unpacked(SOURCE), "usr/src", f"{SOURCE}.tar.xz")


def suffix(variant):
    """Returns what a variant's version has behind the kernel's own."""
    key = cache.digest(*configs(variant), pathlib.Path(BUILD), tarball())[:8]
    return f"{debian.BUILT}{variant}-{key}"


def built(variant):
    """Returns the version of a variant that is in the cache, None where there is none."""
    found = glob.glob(cache.path(f"kernels/*{suffix(variant)}"))
    return os.path.basename(found[0]) if found else None


def build(variant):
    """Builds a variant into the cache; returns its version."""
    missing = [name for name in PROGRAMS if not any(
        os.path.exists(os.path.join(place, name)) for place in os.get_exec_path())]
    if missing:
        target = f"debug-kernel DEBUG={variant}" if variant in DEBUG else variant
        raise LabError(f"kernel {variant}: needs {', '.join(missing)}: run `make {target}`")
    work = cache.path(f"kernels/work{suffix(variant)}")
    with cache.locked(work):
        return built(variant) or build_in(work, variant)


def build_in(work, variant):
    """Builds a variant in the directory work, which then goes; returns its version."""
    cache.remove(work)
    os.makedirs(work)
    print(f"lab: building kernel {variant}: some twenty minutes of processor time",
          file=sys.stderr, flush=True)
    try:
        subprocess.run(["tar", "-xJf", tarball(), "-C", work], check=True)
        target = os.path.join(work, "target")
        run = subprocess.run(
            [BUILD, os.path.join(work, SOURCE), os.path.join(work, "objects"), suffix(variant),
             target, *configs(variant)],
            stdout=subprocess.PIPE, text=True, timeout=BUILD_S, check=False)
        if run.returncode:
            raise LabError(f"kernel {variant}: not built, see above")
        version = run.stdout.split()[-1]
        os.rename(target, cache.path(f"kernels/{version}"))
    finally:
        cache.remove(work)
    return version


def version(variant):
    """Returns a variant's version, building it where needed."""
    return built(variant) or build(variant)


def main(words):
    """Says a variant's version and where it is."""
    if len(words) != 1 or words[0] not in VARIANTS:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        found = version(words[0])
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    print(found, debian.kernel_root(found))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
