#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Packages of another Debian suite, unpacked into the cache; nothing is installed.

The mirror that the machine's own apt sources name has the other suites too. A private apt
configuration downloads from there: which packages is left to apt's own resolver. A suite of
this release (bookworm-backports) is built for this system's libraries, so only what the
system lacks is fetched. Programs of another release bring everything along, the C library
included, and are started by their own loader.

    lab/suite.py SUITE PACKAGE                    prints where it is unpacked
    lab/suite.py SUITE PACKAGE PROGRAM ARG...     runs a program of it
"""

import glob
import os
import platform
import subprocess
import sys
import tempfile
import time

import cache
from paths import LabError

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
DEADLINE_S = 240        # for everything, on a slow mirror
SILENCE_S = 15          # a mirror that says nothing for so long is not there
LOADER = "ld-linux-x86-64.so.2"
LIBRARIES = "x86_64-linux-gnu"


def own_release():
    """Returns the code name of the release that this system is."""
    return platform.freedesktop_os_release()["VERSION_CODENAME"]


def mirror():
    """Returns the address that this system's own apt sources name for its release."""
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)", "Created-By: Packages",
               f"Release: {own_release()}", "Component: main"]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    addresses = run.stdout.split()
    if not addresses:
        raise LabError(f"no apt source of this machine names {own_release()} main")
    return addresses[0]


def release_of(suite):
    """Returns the release that a suite belongs to: bookworm for bookworm-backports."""
    return suite.partition("-")[0]


def is_own(suite):
    """Tells whether a suite's programs run with this system's libraries."""
    return release_of(suite) == own_release()


class Apt:
    """An apt of our own, which shares nothing with the system's but its mirror and keys."""

    def __init__(self, directory, suite):
        self.ends = time.monotonic() + DEADLINE_S
        self.archives = os.path.join(directory, "archives")
        sources = os.path.join(directory, "sources.list")
        lists = os.path.join(directory, "lists")
        for path in (self.archives, lists):
            os.makedirs(os.path.join(path, "partial"))
        address = mirror()
        with open(sources, "w", encoding="ascii") as f:
            for name in sorted({release_of(suite), suite}):
                f.write(f"deb [signed-by={KEYRING}] {address} {name} main\n")
        # What is installed counts only where it can be used.
        status = "/var/lib/dpkg/status" if is_own(suite) else "/dev/null"
        self.options = [
            f"Dir::Etc::SourceList={sources}", "Dir::Etc::SourceParts=/dev/null",
            "Dir::Etc::Preferences=/dev/null", "Dir::Etc::PreferencesParts=/dev/null",
            f"Dir::State::Lists={lists}", f"Dir::State::status={status}",
            f"Dir::Cache::archives={self.archives}", "Dir::Cache::pkgcache=",
            "Dir::Cache::srcpkgcache=", "Acquire::Languages=none", "Acquire::Retries=1",
            f"Acquire::http::Timeout={SILENCE_S}", f"Acquire::https::Timeout={SILENCE_S}",
            # The cache may lie where apt's own user cannot write.
            *(["APT::Sandbox::User=root"] if os.geteuid() == 0 else [])]

    def __call__(self, *arguments):
        """Runs apt-get; a failure or a mirror too slow is a LabError."""
        command = ["apt-get", "-q"]
        for option in self.options:
            command += ["-o", option]
        try:
            run = subprocess.run([*command, *arguments], capture_output=True, text=True,
                                 timeout=max(1, self.ends - time.monotonic()), check=False,
                                 stdin=subprocess.DEVNULL)
        except subprocess.TimeoutExpired:
            raise LabError(f"apt-get {arguments[0]}: not done within {DEADLINE_S} s") from None
        errors = [line for line in run.stderr.splitlines() if line.startswith("E:")]
        if run.returncode:
            raise LabError(f"apt-get {arguments[0]}: {(errors or [run.stderr])[0]}")


def download(apt, packages):
    """Downloads packages, PACKAGE or PACKAGE/SUITE, and what they need; returns the files."""
    apt("update", "-o", "APT::Update::Error-Mode=any")
    apt("install", "--download-only", "--yes", "--no-install-recommends", "--reinstall",
        "-o", "Debug::NoLocking=true",  # nothing of the system's is touched
        *packages)
    return sorted(glob.glob(os.path.join(apt.archives, "*.deb")))


def unpacked(suite, package):
    """Returns the directory below which a package of a suite and its libraries are."""
    return unpacked_as(suite, package, [f"{package}/{suite}"])


def unpacked_as(suite, name, packages, finish=None):
    """Returns the directory below which packages of a suite, and what they need, are.

    It is cached under name; finish(directory) completes it before anybody sees it.
    """

    def make(temp):
        os.makedirs(temp)
        print(f"lab: downloading {name} of {suite}", file=sys.stderr, flush=True)
        with tempfile.TemporaryDirectory(prefix="lab-apt-") as private:
            for deb in download(Apt(private, suite), packages):
                subprocess.run(["dpkg-deb", "-x", deb, temp], check=True)
        if finish:
            finish(temp)

    return cache.made(f"suites/{suite}/{name}", make)


def library_directories(root):
    """Returns the directories with libraries below root, those in private places too."""
    tops = [os.path.join(root, top, LIBRARIES) for top in ("lib", "usr/lib")]
    return [path for top in tops if os.path.isdir(top)
            for path in [top, *sorted({os.path.dirname(library) for library in
                                       glob.glob(f"{top}/*/*.so.*")})]]


def loader_paths(root, suite):
    """Returns where the loader may be that starts a suite's programs."""
    if is_own(suite):
        return [f"/lib64/{LOADER}"]
    return [os.path.join(root, place, LOADER)
            for place in ("lib64", "usr/lib64", f"lib/{LIBRARIES}", f"usr/lib/{LIBRARIES}")]


def command(root, suite, program):
    """Returns the words that start a program of what unpacked() gave.

    program is a name, or a path below root.
    """
    places = [program] if "/" in program else [f"{place}/{program}" for place in
                                               ("usr/bin", "usr/sbin", "bin", "sbin")]
    found = [path for path in (os.path.join(root, place) for place in places)
             if os.path.isfile(path)]
    if not found:
        raise LabError(f"no program {program} in {root}")
    loaders = [path for path in loader_paths(root, suite) if os.path.exists(path)]
    if not loaders:
        raise LabError(f"no loader in {root}")
    return [loaders[0], "--library-path", ":".join(library_directories(root)), found[0]]


def main(words):
    """Unpacks a package, and says where or runs a program of it."""
    if len(words) < 2:
        print(__doc__, file=sys.stderr)
        return 2
    suite, package, *program = words
    try:
        root = unpacked(suite, package)
        if not program:
            print(root)
            return 0
        started = command(root, suite, program[0])
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return 1
    os.execv(started[0], [*started, *program[1:]])


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
