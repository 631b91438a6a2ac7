# SPDX-License-Identifier: GPL-2.0
"""Whose code stands at an address: Xen's, the kernel's, a module's, a program's."""
import bisect
import re
from collections import namedtuple

# A function; `module` is "xen", "kernel", a module's name or "program".
Function = namedtuple("Function", "module name")

# In a PV domain Xen has a part of every address space (xen/include/asm-x86/config.h).
XEN = range(0xffff800000000000, 0xffff880000000000)
KERNEL_HALF = 1 << 63
MODULES = 0xffffffffc0000000
PROGRAM = Function("program", "(the program)")
UNKNOWN = "(unknown)"


class Table:
    """Symbols in the order of their addresses."""

    def __init__(self, text, default):
        """text: as /proc/kallsyms; default: the module of a symbol that names none."""
        found = {}
        for line in text.splitlines():
            words = line.split()
            if len(words) > 2 and words[1] in "tTwW":
                module = words[3].strip("[]") if len(words) > 3 else default
                # Of several names for one address the first stays; but a real name is
                # better than one that the compiler or a linker script made.
                address, function = int(words[0], 16), Function(module, words[2])
                if address not in found or found[address].name.startswith(("__pfx_", ".")):
                    found[address] = function
        self.starts = sorted(found)
        self.functions = [found[a] for a in self.starts]

    def find(self, address):
        """The function at an address, None below the first."""
        at = bisect.bisect_right(self.starts, address) - 1
        return self.functions[at] if at >= 0 else None

    def spans(self, wanted):
        """[(low, high)] of all functions for which wanted(function)."""
        ends = [*self.starts[1:], self.starts[-1] + 1] if self.starts else []
        return [(low, high) for low, high, function in zip(self.starts, ends, self.functions)
                if wanted(function)]


class Symbols:
    """What one domain, and Xen below it, may execute."""

    def __init__(self, kallsyms, xensyms):
        self.kernel, self.xen = Table(kallsyms, "kernel"), Table(xensyms, "xen")

    def find(self, address):
        if address < KERNEL_HALF:
            return PROGRAM
        if address in XEN:
            return self.xen.find(address) or Function("xen", UNKNOWN)
        found = self.kernel.find(address)
        if not found or (address >= MODULES) != (found.module != "kernel"):
            return Function("module" if address >= MODULES else "kernel", UNKNOWN)
        return found

    def ranges(self, pattern):
        """[(low, high)] of the kernel functions whose names match a pattern in full."""
        full = re.compile(pattern)
        return self.kernel.spans(lambda f: f.module == "kernel" and full.fullmatch(f.name))

    def module(self, name):
        """[(low, high)] of a module's functions."""
        return self.kernel.spans(lambda f: f.module == name)
