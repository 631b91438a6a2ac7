# SPDX-License-Identifier: GPL-2.0
"""By which clock the lab's machines live: their own, or the host's."""

# Four nanoseconds an instruction: about what this takes on a host that does nothing else. On a
# busy one the machine's seconds are longer, and no deadline of Linux's or libxl's in it is
# missed for that. Its processors take turns, so nothing is at the same time in a strict sense.
# A debug kernel executes four times as much.
ICOUNT, DEBUG_ICOUNT = 2, 0
MACHINE, HOST = "machine", "host"


def add(parser, default=MACHINE, of=""):
    """Adds the option that chooses one; of: what it is for, if not for everything."""
    parser.add_argument("--clock", choices=(MACHINE, HOST), default=default,
                        help=of + "machine: an emulated machine's clock goes by what it executes; "
                        "host: the host's (default: %(default)s)")


def options(clock, debug=False):
    """What `lab up` is given for a clock."""
    return ["--icount", str(DEBUG_ICOUNT if debug else ICOUNT)] if clock == MACHINE else []
