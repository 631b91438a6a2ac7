# SPDX-License-Identifier: GPL-2.0
"""The frames that the host and the agents exchange; the twin of agent/link.h."""

import struct

OPEN, STDIN, STDOUT, STDERR, EXIT, CREDIT, SIGNAL, LOST, WINSIZE, PING, PONG, HELLO = \
    range(1, 13)

OPEN_PTY = 1
WINDOW = 262144
MAX = 65536
CHUNK = 32768

HEADER = struct.Struct("<III")
PAIR = struct.Struct("<II")
WORD = struct.Struct("<I")


def frame(kind, session=0, payload=b""):
    """Returns the bytes of one frame."""
    return HEADER.pack(len(payload), session, kind) + payload


def open_payload(target, argv, wait_ms, flags=0):
    """Returns what an OPEN frame carries: the domain and the command."""
    words = [target, *argv]
    text = b"".join(w.encode("utf-8", "surrogateescape") + b"\0" for w in words)
    if len(text) + PAIR.size > MAX:
        raise ValueError("command too long")
    return PAIR.pack(wait_ms, flags) + text


class Parser:
    """Cuts a byte stream into frames."""

    def __init__(self):
        self.pending = bytearray()

    def feed(self, data):
        """Takes bytes; yields (kind, session, payload) for every whole frame."""
        self.pending += data
        at = 0
        while len(self.pending) - at >= HEADER.size:
            length, session, kind = HEADER.unpack_from(self.pending, at)
            if length > MAX:
                raise ValueError("frame too long: the stream is out of step")
            end = at + HEADER.size + length
            if len(self.pending) < end:
                break
            yield kind, session, bytes(self.pending[at + HEADER.size:end])
            at = end
        del self.pending[:at]
