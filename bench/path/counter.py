# SPDX-License-Identifier: GPL-2.0
"""The counter inside QEMU (plugin.c), for Python: its socket and its dumps."""
import os
import socket
import tempfile
from collections import namedtuple

SOCKET = "path.sock"        # in the lab's state directory, where QEMU runs
TIMEOUT_S = 60
SHIFT = 0                   # an instruction takes 2^SHIFT ns of the machine's time

# What a processor executed of a block: `waited` of the `count` executions only waited.
Block = namedtuple("Block", "vcpu address insns count waited")


def qemu_args(plugin):
    """The lab's options that load the counter, into a machine whose time is what it executes:
    what else the host does changes nothing. The system's QEMU, with which was recorded: how
    long a processor's turn is differs between versions.
    """
    return ["--qemu", "system", "--accel", "tcg", "--icount", str(SHIFT), "--qemu-args=-plugin",
            "--qemu-args=%s,control=%s" % (os.path.abspath(plugin), SOCKET)]


def parse(text):
    """The blocks of a dump."""
    found = []
    for line in text.splitlines():
        vcpu, address, insns, count, waited = line.split()
        found.append(Block(int(vcpu), int(address, 16), int(insns), int(count), int(waited)))
    return found


class Counter:
    """Talks to the counter of a running lab."""

    def __init__(self, state):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(TIMEOUT_S)
        # A socket's name may be 107 bytes long, and a state directory's path is longer.
        fd = os.open(state, os.O_PATH)
        try:
            self.socket.connect("/proc/self/fd/%d/%s" % (fd, SOCKET))
        finally:
            os.close(fd)
        self.answers = self.socket.makefile("r")

    def tell(self, *lines):
        """Have all commands done; ValueError says which one was refused, and why."""
        self.socket.sendall("".join(line + "\n" for line in lines).encode())
        for line in lines:
            answer = self.answers.readline().strip()
            if answer != "ok":
                raise ValueError("%s: %s" % (line, answer or "the counter is gone"))

    def watch(self, vcpu, symbols, harmless, watched):
        """Say which code of a processor's domain only looks: see plugin.c.

        harmless: a regular expression for kernel functions; watched: names of modules.
        """
        lines = ["forget %d" % vcpu]
        lines += ["clock %d %x %x" % (vcpu, low, high)
                  for low, high in symbols.ranges("ktime_get")]
        lines += ["harmless %d %x %x" % (vcpu, *span) for span in symbols.ranges(harmless)]
        for module in watched:
            lines += ["watched %d %x %x" % (vcpu, *span) for span in symbols.module(module)]
        self.tell(*lines, "judge %d" % vcpu)

    def start(self):
        """Count from here on."""
        self.tell("start")

    def read(self):
        """[Block, ...] since start()."""
        with tempfile.NamedTemporaryFile("r", encoding="ascii") as f:
            self.tell("dump " + f.name)
            return parse(f.read())

    def close(self):
        self.answers.close()
        self.socket.close()
