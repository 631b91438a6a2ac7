# SPDX-License-Identifier: GPL-2.0
"""Kernel modules of the tests' own, for the kernel that the machine's domains run."""
import os

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
# Set where that is not Debian's: see `run --debug-kernel`.
VARIABLE = "MOAT_TEST_MODULES"


def path(name):
    """Where a module is, given as FOLDER/FILE."""
    return os.path.join(os.environ.get(VARIABLE) or os.path.join(ROOT, "build/tests"), name)
