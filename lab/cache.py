# SPDX-License-Identifier: GPL-2.0
"""Artefacts cached by content: a key is the hash of everything that went into one.

Nothing in the cache is ever changed; a maker writes under another name and renames, so
two labs may fill it at once.
"""

import contextlib
import fcntl
import hashlib
import os
import shutil
import time

from paths import CACHE

KEEP_DAYS = 3


def digest(*inputs):
    """Hashes strings, bytes and the contents of files (given as os.PathLike)."""
    total = hashlib.sha256()
    for item in inputs:
        if isinstance(item, os.PathLike):
            with open(item, "rb") as f:
                part = hashlib.file_digest(f, "sha256").digest()
        else:
            data = item if isinstance(item, bytes) else str(item).encode()
            part = hashlib.sha256(data).digest()
        total.update(part)
    return total.hexdigest()[:24]


def path(name):
    """Returns the place of an artefact in the cache, making the directory."""
    full = os.path.join(CACHE, name)
    os.makedirs(os.path.dirname(full), exist_ok=True)
    return full


@contextlib.contextmanager
def locked(full):
    """Holds the lock of an artefact, given its path."""
    with open(full + ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def made(name, make):
    """Returns the artefact called name, calling make(temporary path) when missing."""
    full = path(name)
    if os.path.exists(full):
        os.utime(full)  # prune() goes by the last use
        return full
    with locked(full):
        if os.path.exists(full):
            return full
        temp = f"{full}.{os.getpid()}.new"
        remove(temp)
        try:
            make(temp)
            os.rename(temp, full)
        finally:
            remove(temp)  # what could not be made leaves nothing
    return full


def remove(full):
    """Takes away a file or a directory, if it is there."""
    if os.path.isdir(full):
        shutil.rmtree(full)
    elif os.path.exists(full):
        os.unlink(full)


def prune():
    """Forgets image parts that no lab has used for some days."""
    oldest = time.time() - KEEP_DAYS * 86400
    with os.scandir(os.path.dirname(path("parts/any"))) as entries:
        for entry in entries:
            if entry.stat().st_mtime < oldest and not entry.name.endswith(".lock"):
                os.unlink(entry.path)
