#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Later kernels, from Debian's archive: for domains, and to build modules for.

Kernel, headers, and the compiler and tools that go with them are unpacked into a directory of
the cache that is a small system of its own; nothing is installed. A command runs in it with the
current directory as /src, which takes root.

    lab/archive_kernel.py KERNEL                    prints its version and where it is
    lab/archive_kernel.py KERNEL PROGRAM ARG...     runs a program there

KERNEL is the beginning of a version: 6.12, 7.3.
"""

import os
import subprocess
import sys

import cache
import suite
from paths import LabError

SUITES = {"6.12": "trixie", "7.3": "trixie-backports"}
KERNEL = ("linux-image-amd64", "linux-headers-amd64")
# What a build runs, of which nothing can be taken for granted where nothing is installed.
TOOLS = ("base-files", "bash", "coreutils", "dash", "diffutils", "findutils", "gcc", "grep",
         "gzip", "kmod", "libc6-dev", "make", "mawk", "perl-base", "sed", "xz-utils")
RUN = ('mount --bind . "$0/src" && mount -t proc proc "$0/proc" && '
       'exec chroot "$0" sh -c \'cd /src && exec "$@"\' sh "$@"')


def suite_of(kernel):
    """Returns the suite that has a kernel, None for one that is not looked for."""
    for series, name in SUITES.items():
        if is_version(kernel, series):
            return name
    return None


def is_version(version, beginning):
    """Tells whether a version is the one meant by its beginning: 6.1.0-56, but not 6.12, by 6.1."""
    rest = version[len(beginning):]
    return version.startswith(beginning) and (not rest or not rest[0].isalnum())


def finish(root):
    """Makes a system of packages that were only unpacked, and the modules' index."""
    if not os.path.lexists(f"{root}/usr/bin/awk"):
        os.symlink("mawk", f"{root}/usr/bin/awk")
    for name in ("src", "proc"):
        os.makedirs(os.path.join(root, name), exist_ok=True)
    subprocess.run(["depmod", "-b", root, version_in(root)], check=True)


def version_in(root):
    """Returns the version of the kernel in such a directory."""
    return os.listdir(os.path.join(root, "lib/modules"))[0]


def unpacked(kernel):
    """Returns the version of a kernel and the directory that it is in, which kernels/ names."""
    name = suite_of(kernel)
    if not name:
        raise LabError(f"kernel {kernel}: neither here nor one of {', '.join(SUITES)}")
    packages = [f"{package}/{name}" for package in KERNEL]
    root = suite.unpacked_as(name, "kernel", [*packages, *TOOLS], finish)
    version = version_in(root)
    kernels = os.path.dirname(cache.path("kernels/any"))
    cache.made(f"kernels/{version}",
               lambda temp: os.symlink(os.path.relpath(root, kernels), temp))
    return version, root


def run(root, words):
    """Runs a program in that directory; returns its exit status."""
    return subprocess.run(["unshare", "--mount", "sh", "-c", RUN, root, *words],
                          env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
                          check=False).returncode


def main(words):
    """Says which kernel it is, or runs a program beside it."""
    if not words:
        print(__doc__, file=sys.stderr)
        return 2
    try:
        version, root = unpacked(words[0])
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    if len(words) > 1:
        return run(root, words[1:])
    print(version, root)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
