# SPDX-License-Identifier: GPL-2.0
"""Consoles: what the domains and Xen said, and a terminal in a domain."""

import os
import signal
import sys
import termios
import tty

import session
import wire
from paths import LabError

TAIL_LINES = 25


def log_lines(state, domain):
    """Returns the lines of a console: a domain's, dom0's or Xen's.

    dom0 shares the serial line with Xen, whose lines begin with (XEN).
    """
    shared = domain in ("dom0", "xen")
    path = os.path.join(state, "log", "xen.log" if shared else f"{domain}.log")
    try:
        with open(path, "rb") as f:
            text = f.read().decode(errors="replace")
    except FileNotFoundError:
        raise LabError(f"no log of {domain} in {state}") from None
    lines = [line.rstrip("\r") for line in text.removesuffix("\n").split("\n")]
    if shared:
        return [line for line in lines if line.startswith("(XEN)") == (domain == "xen")]
    return lines


def logged(state):
    """Returns all that have a console log."""
    names = ["xen", "dom0"]
    top = os.path.join(state, "log")
    for name in sorted(os.listdir(top)) if os.path.isdir(top) else ():
        base = name.removesuffix(".log")
        if base not in ("xen", "qemu", "keeper"):
            names.append(base)
    return names


def tails(state, count=TAIL_LINES):
    """Returns the last lines of every console, for the report of a lost machine."""
    text = ""
    for name in logged(state):
        try:
            lines = log_lines(state, name)[-count:]
        except LabError:
            continue
        text += f"--- {name}: last {len(lines)} lines ---\n"
        text += "".join(line + "\n" for line in lines)
    return text


class RawTerminal:
    """Standard input without line editing, put back at the end."""

    def __enter__(self):
        self.saved = termios.tcgetattr(0)
        tty.setraw(0)
        return self

    def __exit__(self, *_):
        termios.tcsetattr(0, termios.TCSADRAIN, self.saved)


def send_size(command):
    """Tells the far terminal how large this one is."""
    size = os.get_terminal_size()
    command.send(wire.WINSIZE, wire.PAIR.pack(size.lines, size.columns))


def interactive(state, domain, argv):
    """Runs a command in a domain on this terminal; returns its exit status."""
    if not os.isatty(0):
        raise LabError("standard input is no terminal; use `lab exec`")

    def write(data):
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()

    command = session.Command(state, domain, argv, pty=True)
    try:
        with RawTerminal():
            send_size(command)
            signal.signal(signal.SIGWINCH, lambda *_: send_size(command))
            return command.run(0, write, write).status
    finally:
        command.close()
