# SPDX-License-Identifier: GPL-2.0
"""Where things are: the sources, the cache that all labs share, one lab's state."""

import os

LAB = os.path.dirname(os.path.realpath(__file__))
ROOT = os.path.dirname(LAB)
BUILD = os.environ.get("MOAT_BUILD", os.path.join(ROOT, "build"))
CACHE = os.environ.get("MOAT_LAB_CACHE", os.path.join(BUILD, "lab-cache"))


class LabError(Exception):
    """Something a person can read and act on; printed without a traceback."""


class LostError(LabError):
    """A machine or a domain went away while something was waiting for it."""


def default_state():
    """Returns the state directory of the lab that commands mean by default."""
    return os.environ.get("MOAT_LAB", os.path.join(BUILD, "lab"))


def modules_dir(version):
    """Returns where `make modules` leaves the project's modules."""
    return os.environ.get("MOAT_MODULES", os.path.join(BUILD, "modules", version))
