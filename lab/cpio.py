# SPDX-License-Identifier: GPL-2.0
"""Writes initramfs archives (cpio, newc) without root and without a temporary tree.

The kernel unpacks several archives one after the other, later files replacing earlier
ones, so an image is a list of parts and only a changed part is made again. Parts are
not compressed: unpacking costs more under emulation than loading does.
"""

import os
import stat

ALIGN = 4
TRAILER = "TRAILER!!!"
MAGIC = b"070701"
HEADER_BYTES = 110


class Archive:
    """A tree of entries, written in an order that has parents before children."""

    def __init__(self):
        self.entries = {}

    def _parents(self, path):
        parent = os.path.dirname(path)
        if parent and parent not in self.entries:
            self.directory(parent)

    def directory(self, path, mode=0o755):
        """Adds a directory and, where missing, those above it."""
        path = path.strip("/")
        if path in self.entries:
            return
        self._parents(path)
        self.entries[path] = (stat.S_IFDIR | mode, None)

    def data(self, path, content, mode=0o644):
        """Adds a file with the given bytes."""
        path = path.strip("/")
        self._parents(path)
        self.entries[path] = (stat.S_IFREG | mode, content)

    def file(self, path, source, mode=None):
        """Adds a copy of the file at source."""
        with open(source, "rb") as f:
            content = f.read()
            if mode is None:
                mode = stat.S_IMODE(os.fstat(f.fileno()).st_mode)
        self.data(path, content, mode)

    def link(self, path, target):
        """Adds a symbolic link."""
        path = path.strip("/")
        self._parents(path)
        self.entries[path] = (stat.S_IFLNK | 0o777, target.encode())

    def tree(self, source, at=""):
        """Adds everything below the directory source, links kept as they are."""
        for top, dirs, files in os.walk(source):
            below = os.path.join(at, os.path.relpath(top, source))
            for name in sorted(dirs + files):
                full = os.path.join(top, name)
                path = os.path.normpath(os.path.join(below, name))
                if os.path.islink(full):
                    self.link(path, os.readlink(full))
                elif os.path.isdir(full):
                    self.directory(path, stat.S_IMODE(os.stat(full).st_mode))
                elif os.path.isfile(full):
                    self.file(path, full)

    def write(self, target):
        """Writes the archive to the path target, whole or not at all."""
        temp = f"{target}.{os.getpid()}"
        with open(temp, "wb") as f:
            self.write_to(f)
        os.rename(temp, target)

    def write_to(self, f):
        """Writes the archive to an open file."""
        for number, (path, (mode, content)) in enumerate(self.entries.items(), 1):
            f.write(entry(path, mode, content or b"", number))
        f.write(entry(TRAILER, 0, b"", 0))


def padded(data):
    """Pads to the format's alignment."""
    return data + b"\0" * (-len(data) % ALIGN)


def entry(path, mode, content, inode):
    """Returns one entry: header of eight-digit hex fields, name, content."""
    name = path.encode() + b"\0"
    fields = (inode, mode, 0, 0, 1, 0, len(content), 0, 0, 0, 0, len(name), 0)
    header = MAGIC + b"".join(b"%08X" % field for field in fields)
    return padded(header + name) + padded(content)


def read(path, wanted):
    """Returns {name: content} of the wanted files of an archive."""
    found = {}
    with open(path, "rb") as f:
        while True:
            header = f.read(HEADER_BYTES)
            if len(header) < HEADER_BYTES or header[:6] != MAGIC:
                return found
            size, name_size = int(header[54:62], 16), int(header[94:102], 16)
            name = f.read(name_size + -(HEADER_BYTES + name_size) % ALIGN)
            content = f.read(size + -size % ALIGN)[:size]
            name = name[:name_size - 1].decode()
            if name == TRAILER:
                return found
            if name in wanted:
                found[name] = content
