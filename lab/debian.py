# SPDX-License-Identifier: GPL-2.0
"""Debian's parts of the machine: the hypervisor, the kernel and its modules.

They are taken from the host where its packages are installed, else downloaded and
unpacked into the cache: installing a hypervisor would change what the host boots.
"""

import glob
import gzip
import lzma
import os
import pathlib
import re
import shutil
import struct
import subprocess
import zlib

import archive_kernel
import cache
from paths import ROOT, LabError

XEN_PACKAGE = "xen-hypervisor-4.17-amd64"
XEN_FILE = "boot/xen-4.17-amd64.gz"
BUILT = "-moat-"        # in the versions of kernels that are no package's (built_kernel.py)
# What later kernels have without a module.
OPTIONAL = ("crc32c_generic",)
BOOT_PROTOCOL = 0x206
BOOT_SETUP_SECTORS = 0x1F1
BOOT_VERSION = 0x206
BOOT_PAYLOAD = 0x248
# An ELF file's header: where its program headers are, their size and number, and what tells
# of sections. In a program header: type, place and size in the file.
ELF_PHOFF, ELF_PHENTSIZE, ELF_PHNUM = 0x20, 0x36, 0x38
ELF_SHOFF, ELF_SHNUM, ELF_SHSTRNDX = 0x28, 0x3C, 0x3E
PH_OFFSET, PH_FILESZ, PT_LOAD = 0x08, 0x20, 1


def numbers(version):
    """Returns what sorts Debian's kernel versions by age."""
    return [int(n) for n in re.findall(r"\d+", version)]


def kernel_version():
    """Returns the version of the kernel that `make modules` builds for."""
    run = subprocess.run([os.path.join(ROOT, "scripts/kver")], capture_output=True, text=True,
                         check=False)
    if run.returncode:
        raise LabError(run.stderr.strip())
    return run.stdout.strip()


def chosen_kernel(wanted):
    """Returns the version of a kernel for domains, given the beginning of it.

    One that is installed here, or in the cache; else one of Debian's archive.
    """
    places = ("/lib/modules", os.path.dirname(cache.path("kernels/any")))
    found = [name for place in places if os.path.isdir(place) for name in os.listdir(place)
             if archive_kernel.is_version(name, wanted) and
             os.path.isdir(os.path.join(place, name)) and BUILT not in name]
    return max(found, key=numbers) if found else archive_kernel.unpacked(wanted)[0]


def unpacked(package, finish=None):
    """Downloads a Debian package and unpacks it into the cache; returns the directory.

    finish(directory) completes it before anybody sees it.
    """

    def make(temp):
        os.makedirs(temp)
        print(f"lab: downloading {package}", flush=True)
        run = subprocess.run(["apt-get", "download", "-q", package], cwd=temp,
                             capture_output=True, text=True, check=False)
        debs = glob.glob(os.path.join(temp, "*.deb"))
        if run.returncode or not debs:
            raise LabError(f"apt-get download {package} failed:\n{run.stderr}")
        subprocess.run(["dpkg-deb", "-x", debs[0], temp], check=True)
        os.unlink(debs[0])
        if finish:
            finish(temp)

    return cache.made(f"packages/{package}", make)


def xen_binary():
    """Returns the hypervisor, unpacked as QEMU's multiboot loader wants it."""
    packed = "/" + XEN_FILE
    if not os.path.exists(packed):
        packed = os.path.join(unpacked(XEN_PACKAGE), XEN_FILE)

    def make(temp):
        with gzip.open(packed) as source, open(temp, "wb") as target:
            shutil.copyfileobj(source, target)

    return cache.made(f"xen/{cache.digest(pathlib.Path(packed))}", make)


def kernel_image(root, version):
    """Returns the kernel's file, which later packages have beside the modules; or None."""
    for place in (f"boot/vmlinuz-{version}", f"lib/modules/{version}/vmlinuz"):
        path = pathlib.Path(root, place)
        if path.exists():
            return path
    return None


def kernel_root(version):
    """Returns the directory below which a kernel's files are, Debian's or one that was built."""
    built = cache.path(f"kernels/{version}")
    if os.path.isdir(built):
        return built
    if kernel_image("/", version) and os.path.isdir(f"/lib/modules/{version}/kernel"):
        return "/"

    def index(directory):
        subprocess.run(["depmod", "-b", directory, version], check=True)

    return unpacked(f"linux-image-{version}", index)


def build_directory(version):
    """Returns what modules for a kernel are built with."""
    top = cache.path(f"kernels/{version}")
    return f"{top if os.path.isdir(top) else ''}/lib/modules/{version}/build"


def payload(image):
    """Returns the ELF kernel inside a bzImage, given the image's bytes."""
    if struct.unpack_from("<H", image, BOOT_VERSION)[0] < BOOT_PROTOCOL + 2:
        raise LabError("kernel image too old: it does not say where its payload is")
    offset, length = struct.unpack_from("<II", image, BOOT_PAYLOAD)
    start = (image[BOOT_SETUP_SECTORS] + 1) * 512 + offset
    packed = image[start:start + length]
    if packed.startswith(b"\xfd7zXZ"):
        return lzma.LZMADecompressor(format=lzma.FORMAT_XZ).decompress(packed)
    if packed.startswith(b"\x28\xb5\x2f\xfd"):
        # Behind it stands how large it is unpacked.
        return subprocess.run(["zstd", "-dcq"], input=packed[:-4], stdout=subprocess.PIPE,
                              check=True).stdout
    if packed.startswith(b"\x1f\x8b"):
        return zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(packed)
    raise LabError("kernel image packed in a way the lab does not know")


def without_zeros(kernel):
    """Returns an ELF kernel without the zeros at its end, which a loader makes by itself.

    Debian's has 23 MB of them, a third of the file, and each boot of dom0 unpacks it.
    """
    found = bytearray(kernel)
    table, = struct.unpack_from("<Q", found, ELF_PHOFF)
    size, count = struct.unpack_from("<HH", found, ELF_PHENTSIZE)
    loads = [header for header in range(table, table + size * count, size)
             if struct.unpack_from("<I", found, header)[0] == PT_LOAD]
    last = max(loads, key=lambda header: struct.unpack_from("<Q", found, header + PH_OFFSET))
    start, = struct.unpack_from("<Q", found, last + PH_OFFSET)
    length, = struct.unpack_from("<Q", found, last + PH_FILESZ)
    used = len(found[start:start + length].rstrip(b"\0"))
    struct.pack_into("<Q", found, last + PH_FILESZ, used)
    struct.pack_into("<Q", found, ELF_SHOFF, 0)  # sections stood behind it
    struct.pack_into("<HH", found, ELF_SHNUM, 0, 0)
    return found[:start + used]


def vmlinux(version):
    """Returns the unpacked kernel: Xen and xl would take seconds to unpack it."""
    image = kernel_image(kernel_root(version), version)
    if not image:
        raise LabError(f"no kernel {version} in {kernel_root(version)}")

    def make(temp):
        with open(temp, "wb") as f:
            f.write(without_zeros(payload(image.read_bytes())))

    return cache.made(f"vmlinux/{cache.digest(image, pathlib.Path(__file__))}", make)


def plain(path):
    """Returns the path of a module that is not packed."""
    return path.removesuffix(".xz")


def module(path):
    """Returns a module's bytes, unpacked."""
    with (lzma.open if path.endswith(".xz") else open)(path, "rb") as f:
        return f.read()


class Modules:
    """The kernel package's modules and what each needs."""

    def __init__(self, version):
        self.version = version
        self.top = os.path.join(kernel_root(version), "lib/modules", version)
        self.needs = {}
        self.paths = {}
        self.builtin = set()
        self._read_dep()

    def _read_dep(self):
        with open(os.path.join(self.top, "modules.dep"), encoding="ascii") as f:
            for line in f:
                path, _, needs = line.partition(":")
                self.paths[self.name(path)] = path
                self.needs[path] = needs.split()
        with open(os.path.join(self.top, "modules.builtin"), encoding="ascii") as f:
            self.builtin = {self.name(line.strip()) for line in f}

    @staticmethod
    def name(path):
        """Returns a module's name from its file's path."""
        return os.path.basename(plain(path)).removesuffix(".ko").replace("-", "_")

    def closure(self, names):
        """Returns the files, relative to top, of modules and all they need."""
        wanted = []
        for name in names:
            path = self.paths.get(name.replace("-", "_"))
            if not path and (name in OPTIONAL or name.replace("-", "_") in self.builtin):
                continue
            if not path:
                raise LabError(f"kernel {self.version} has no module {name}")
            for item in [path] + self.needs[path]:
                if item not in wanted:
                    wanted.append(item)
        return wanted

    def aliases(self, paths):
        """Returns the alias lines of these modules, so that the kernel can ask for them.

        Not for Xen's buses: which driver serves a disk is chosen, not found by alias.
        """
        names = {self.name(path) for path in paths}
        with open(os.path.join(self.top, "modules.alias"), encoding="ascii") as f:
            lines = [line for line in f if line.split()[-1].replace("-", "_") in names
                     and not line.startswith(("alias xen:", "alias xen-backend:"))]
        return "".join(lines)
