# SPDX-License-Identifier: GPL-2.0
"""Leaves out libraries that a program is linked with but does not use in the lab.

Debian's fio loads some 80 MB of libraries for stores such as Ceph and GlusterFS. In an
initramfs they cost memory, and under emulation seconds at every start of the program. In
their place the image gets libraries of the same names with the same symbols, none of
which may be called: each ends the program.
"""

import os
import re
import subprocess

import cache
import elf
from paths import LabError

# Which libraries a program can do without in the lab.
STUBBED = {
    "fio": ("libgfapi.so.0", "libnbd.so.0", "libibverbs.so.1", "librdmacm.so.1",
            "librados.so.2", "librbd.so.1", "libpmemblk.so.1", "libpmem.so.1"),
}
SYMBOL = re.compile(r"\s(?:FUNC|OBJECT)\s+\w+\s+\w+\s+(\S+)\s+(\w+)(?:@+(\S+))?")


def symbols(path, defined):
    """Yields (name, version or None) of a file's dynamic symbols."""
    run = subprocess.run(["readelf", "--dyn-syms", "-W", path], capture_output=True,
                         text=True, check=True)
    for line in run.stdout.splitlines():
        match = SYMBOL.search(line)
        if match and (match[1] != "UND") == defined:
            yield match[2], match[3]


def source(wanted):
    """Returns C text that defines the wanted symbols, and a linker version script."""
    names = "".join(f"void {name}(void) {{ __builtin_trap(); }}\n" for name, _ in wanted)
    script = ""
    for version in sorted({version for _, version in wanted if version}):
        listed = "".join(f"{name}; " for name, have in wanted if have == version)
        script += f"{version} {{ global: {listed}}};\n"
    return names, script


def stub(program, library, real):
    """Returns a stand-in for a library with just the symbols the program wants."""
    have = {name for name, _ in symbols(real, True)}
    wanted = sorted((pair for pair in symbols(program, False) if pair[0] in have),
                    key=lambda pair: (pair[1] or "", pair[0]))
    text, script = source(wanted)

    def make(temp):
        os.makedirs(temp)
        code, versions = os.path.join(temp, "stub.c"), os.path.join(temp, "stub.map")
        for path, content in ((code, text), (versions, script)):
            with open(path, "w", encoding="ascii") as f:
                f.write(content)
        command = ["gcc", "-shared", "-fPIC", "-nostdlib", "-O2", f"-Wl,-soname,{library}",
                   "-o", os.path.join(temp, library), code]
        command += [f"-Wl,--version-script,{versions}"] if script else []
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode:
            raise LabError(f"cannot make a stand-in for {library}:\n{run.stderr}")

    return os.path.join(cache.made(f"stubs/{cache.digest(library, text, script)}", make),
                        library)


def libraries(program):
    """Returns {path in the image: file} for a program's libraries, stand-ins included."""
    stubbed = STUBBED.get(os.path.basename(program), ())
    real = {os.path.basename(path): path for path in elf.libraries(program)}
    found = {}
    for library in elf.needed(program):
        if library in stubbed:
            found[real[library]] = stub(program, library, real[library])
        elif library in real:
            for path in [real[library], *elf.libraries(real[library])]:
                found[path] = path
    loader = elf.interpreter(program)
    if loader:
        found[loader] = loader
    return found
