# SPDX-License-Identifier: GPL-2.0
"""Kernel modules of the tests' own, for the kernel that the machine's domains run."""
import os
import subprocess
import sys

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../..")
# Set where that is not Debian's: see `run --debug-kernel`.
VARIABLE = "MOAT_TEST_MODULES"


def use_built(kernel):
    """From here on, those for one of the kernels of lab/built_kernel.py."""
    found = subprocess.run([os.path.join(ROOT, "lab/built_kernel.py"), kernel], check=True,
                           text=True, stdout=subprocess.PIPE).stdout
    folder = os.path.join(ROOT, "build/debug", found.split()[0], "tests")
    if not os.path.isdir(folder):
        sys.exit("there are no modules for the kernel %s: `scripts/modules-for %s` builds them"
                 % (kernel, kernel))
    os.environ[VARIABLE] = folder


def path(name):
    """Where a module is, given as FOLDER/FILE."""
    return os.path.join(os.environ.get(VARIABLE) or os.path.join(ROOT, "build/tests"), name)
