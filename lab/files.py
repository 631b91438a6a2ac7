# SPDX-License-Identifier: GPL-2.0
"""Carries files, directories and programs with their libraries to and from domains."""

import os
import subprocess
import tempfile

import elf
import session
import stubs
from paths import LabError

COPY_S = 600


def push_directory(state, domain, source, target):
    """Copies a directory's contents into a domain, which must have tar."""
    with tempfile.TemporaryFile() as f:
        subprocess.run(["tar", "-C", source, "-c", "."], stdout=f, check=True)
        f.seek(0)
        run_tar(state, domain, f"mkdir -p '{target}' && tar -C '{target}' -x", f.fileno(), None)


def pull_directory(state, domain, source, target):
    """Copies a domain's directory to the host."""
    with tempfile.TemporaryFile() as f:
        run_tar(state, domain, f"tar -C '{source}' -c .", None, f)
        f.seek(0)
        os.makedirs(target, exist_ok=True)
        subprocess.run(["tar", "-C", target, "-x"], stdin=f, check=True)


def run_tar(state, domain, script, source, sink):
    """Runs tar in a domain on a descriptor of ours, or into a file of ours."""
    err = bytearray()
    command = session.Command(state, domain, ["sh", "-c", script])
    try:
        end = command.run(source, sink.write if sink else lambda data: None, err.extend,
                          COPY_S)
    finally:
        command.close()
    if end.status:
        raise LabError(f"{domain}: {script}: {err.decode(errors='replace').strip()}")


def push(state, domain, source, target, libraries=False):
    """Copies a file or a directory into a domain; libraries: also what a program loads."""
    if os.path.isdir(source):
        push_directory(state, domain, source, target)
        return
    session.push(state, domain, source, target)
    if libraries and elf.is_elf(source):
        for path, library in stubs.libraries(source).items():
            if session.run(state, domain, ["test", "-e", path])[0]:
                session.push(state, domain, library, path)


def pull(state, domain, source, target):
    """Copies a domain's file or directory to the host."""
    if not session.run(state, domain, ["test", "-d", source])[0]:
        pull_directory(state, domain, source, target)
    else:
        session.pull(state, domain, source, target)
