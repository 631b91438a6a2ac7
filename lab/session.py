# SPDX-License-Identifier: GPL-2.0
"""Talks to a lab's keeper: runs a command in a domain and carries its streams."""

import os
import select
import signal
import socket
import time

import wire
from paths import LabError, LostError

WAIT_MS = 60000  # for a domain's agent to come up
SESSION = 1


def connect(state):
    """Connects to the keeper, through a short name for a possibly long path."""
    directory = None
    try:
        directory = os.open(state, os.O_PATH | os.O_DIRECTORY)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.connect(f"/proc/self/fd/{directory}/lab.sock")
    except OSError as error:
        raise LostError(f"no lab is up in {state}") from error
    finally:
        if directory is not None:
            os.close(directory)
    return sock


class Exit:
    """How a command ended: its exit status, or the signal that killed it."""

    def __init__(self, kind, value):
        self.signal = value if kind else None
        self.status = 128 + value if kind else value


class Command:
    """One command in one domain."""

    def __init__(self, state, domain, argv, wait_ms=WAIT_MS, pty=False):
        self.sock = connect(state)
        self.parser = wire.Parser()
        self.domain = domain
        self.window = wire.WINDOW
        self.frames = []
        flags = wire.OPEN_PTY if pty else 0
        self.send(wire.OPEN, wire.open_payload(domain, argv, wait_ms, flags))

    def send(self, kind, payload=b""):
        """Sends one frame of this session."""
        try:
            self.sock.sendall(wire.frame(kind, SESSION, payload))
        except OSError as error:
            raise LostError("the machine is lost: the lab's keeper has ended") from error

    def fill(self):
        """Reads frames from the keeper; its end without a word is a loss too."""
        try:
            data = self.sock.recv(1 << 18)
        except OSError:
            data = b""
        if not data:
            raise LostError("the machine is lost: the lab's keeper has ended")
        self.frames.extend(self.parser.feed(data))

    def signal(self, number):
        """Sends a signal to the command and all its children."""
        self.send(wire.SIGNAL, wire.WORD.pack(number))

    def give_input(self, source):
        """Sends a piece of input; returns False at its end."""
        data = os.read(source, min(wire.CHUNK, self.window))
        self.send(wire.STDIN, data)
        self.window -= len(data)
        return bool(data)

    def take(self, kind, payload, sinks):
        """Handles one frame; returns the Exit when it was the last."""
        if kind == wire.LOST:
            raise LostError(payload.decode(errors="replace"))
        if kind == wire.EXIT:
            return Exit(*wire.PAIR.unpack(payload))
        if kind == wire.CREDIT:
            self.window += wire.PAIR.unpack(payload)[1]
        elif kind in sinks:
            sinks[kind](payload)
            self.send(wire.CREDIT, wire.PAIR.pack(kind, len(payload)))
        return None

    def run(self, source, out, err, timeout=None):
        """Carries streams until the command ends.

        source is a descriptor or None; out and err take bytes. Raises LostError when the
        domain or the machine went away, LabError when the time is over.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        sinks = {wire.STDOUT: out, wire.STDERR: err}
        if source is None:
            self.send(wire.STDIN)
        while True:
            while self.frames:
                kind, _, payload = self.frames.pop(0)
                end = self.take(kind, payload, sinks)
                if end:
                    return end
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                self.signal(signal.SIGKILL)
                raise LabError(f"{self.domain}: no end after {timeout} s; killed")
            watch = [self.sock]
            if source is not None and self.window:
                watch.append(source)
            ready, _, _ = select.select(watch, [], [], left)
            if source in ready and not self.give_input(source):
                source = None
            if self.sock in ready:
                self.fill()

    def close(self):
        """Leaves; a command that still runs is stopped by the keeper."""
        self.sock.close()


def run(state, domain, argv, data=b"", timeout=None, wait_ms=WAIT_MS):
    """Runs a command to its end; returns (status, stdout, stderr) as bytes."""
    out, err = bytearray(), bytearray()
    command = Command(state, domain, argv, wait_ms)
    reader = None
    try:
        if data:
            reader = feeder(data)
        end = command.run(reader, out.extend, err.extend, timeout)
    finally:
        command.close()
        if reader is not None:
            os.close(reader)
    return end.status, bytes(out), bytes(err)


def feeder(data):
    """Returns a descriptor from which data can be read."""
    fd = os.memfd_create("lab-input")
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view):]
    os.lseek(fd, 0, os.SEEK_SET)
    return fd


def check(state, domain, argv, **options):
    """Runs a command that must succeed; returns its output as text."""
    status, out, err = run(state, domain, argv, **options)
    if status:
        said = (err or out).decode(errors="replace").strip()
        raise LabError(f"{domain}: {' '.join(argv)}: exit status {status}: {said}")
    return out.decode(errors="replace")


def push(state, domain, source, target, timeout=600):
    """Copies a file of the host into a domain, with its mode."""
    fd = os.open(source, os.O_RDONLY)
    mode = oct(os.fstat(fd).st_mode & 0o7777)[2:]
    err = bytearray()
    command = Command(state, domain, ["@put", target, mode])
    try:
        end = command.run(fd, lambda data: None, err.extend, timeout)
    finally:
        command.close()
        os.close(fd)
    if end.status:
        raise LabError(f"push to {domain}: {err.decode(errors='replace').strip()}")


def pull(state, domain, source, target, timeout=600):
    """Copies a domain's file to the host."""
    temp = f"{target}.lab-pull.{os.getpid()}"
    err = bytearray()
    try:
        with open(temp, "wb") as f:
            command = Command(state, domain, ["@get", source])
            try:
                end = command.run(None, f.write, err.extend, timeout)
            finally:
                command.close()
        if end.status:
            raise LabError(f"pull from {domain}: {err.decode(errors='replace').strip()}")
        os.rename(temp, target)
    finally:
        if os.path.exists(temp):
            os.unlink(temp)
