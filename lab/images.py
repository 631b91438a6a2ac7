# SPDX-License-Identifier: GPL-2.0
"""Makes the initramfs images of the lab's domains.

An image is a list of parts (cpio archives, see cpio.py), each cached under the hash of
what it was made from: programs, kernel modules, the project's modules, a domain's
configuration, the user's overlay.
"""

import glob
import os
import pathlib
import shutil
import subprocess
import tempfile

import archive_kernel
import cache
import cpio
import debian
import elf
import stubs
from paths import LAB, ROOT, LabError, modules_dir

XEN_BIN = "/usr/lib/xen-4.17/bin"
XEN_PROGRAMS = ("xl", "xenstored", "xenconsoled", "xenconsole", "xen-init-dom0",
                "libxl-save-helper", "lsevtchn", "xenctx", "xentop", "xenperf", "xentrace")
XENSTORE_PROGRAMS = ("xenstore-ls", "xenstore-read", "xenstore-write", "xenstore-list",
                     "xenstore-rm", "xenstore-exists", "xenstore-chmod", "xenstore-watch")
APP_PROGRAMS = ("fio", "sqlite3", "mount", "umount", "blkid", "losetup", "blkdiscard",
                "blockdev", "sfdisk", "partx", "fallocate", "mkfs.ext4", "e2fsck",
                "fsck.ext4", "tune2fs", "dumpe2fs", "resize2fs", "mkfs.xfs", "xfs_repair",
                "xfs_growfs", "xfs_db", "xfs_io", "sha256sum", "setpriv", "taskset",
                "integritysetup", "cryptsetup", "dmsetup", "lvm", "mdadm")

DOM0_MODULES = ("xen-evtchn", "xen-gntdev", "xen-privcmd", "xenfs", "virtio_pci",
                "virtio_console", "xen-pciback", "xen-blkback", "loop", "brd", "null_blk")
DOMAIN_MODULES = ("xen-evtchn", "xen-gntdev", "xen-gntalloc", "xen-privcmd", "xenfs")
APP_MODULES = DOMAIN_MODULES + ("xen-blkfront", "ext4", "xfs", "crc32c_generic", "null_blk",
                                "brd", "loop", "dm-mod", "dm-integrity", "dm-crypt", "xts", "ecb",
                                "raid1", "bfq", "kyber-iosched")
STORAGE_MODULES = DOMAIN_MODULES + ("xen-pcifront", "nvme", "xen-blkback", "null_blk", "brd",
                                    "loop", "ext4", "crc32c_generic")
KINDS = {"dom0": DOM0_MODULES, "storage": STORAGE_MODULES, "app": APP_MODULES}

XEN_LIBRARIES = ("-lxenvchan", "-lxenctrl", "-lxengnttab", "-lxenevtchn", "-lxencall",
                 "-lxenforeignmemory", "-lxendevicemodel", "-lxenstore", "-lxentoollog",
                 "-lxentoolcore", "-lpthread")
XL_CONF = 'autoballoon="off"\nclaim_mode=0\n'
LOADED = "etc/moat/modules"
PASSWD = "root:x:0:0:root:/root:/bin/sh\n"


def compiled(name, directory):
    """Compiles the C files of a directory of the lab into one static program."""
    sources = sorted(glob.glob(os.path.join(LAB, directory, "*.c")))
    headers = sorted(glob.glob(os.path.join(LAB, directory, "*.h")))
    key = cache.digest(*map(pathlib.Path, sources + headers), *XEN_LIBRARIES)

    def make(temp):
        command = ["gcc", "-std=gnu11", "-O2", "-Wall", "-static", "-o", temp, *sources,
                   *XEN_LIBRARIES]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
        if run.returncode:
            raise LabError(f"cannot compile {name}:\n{run.stderr}")

    return cache.made(f"programs/{name}-{key}", make)


def part(name, archive_inputs, fill):
    """Returns the cached archive for these inputs, or has fill(archive) make it."""
    makers = (cpio.__file__, stubs.__file__, __file__)
    key = cache.digest(*map(pathlib.Path, makers), *archive_inputs)

    def make(temp):
        archive = cpio.Archive()
        fill(archive)
        archive.write(temp)

    return cache.made(f"parts/{name}-{key}.cpio", make)


def add_busybox(archive):
    """Adds busybox and a link for every applet that has no real program."""
    busybox = elf.which("busybox")
    if not busybox or elf.libraries(busybox):
        raise LabError("no static busybox; run scripts/setup")
    archive.file("bin/busybox", busybox)
    run = subprocess.run([busybox, "--list"], capture_output=True, text=True, check=True)
    for applet in sorted(set(run.stdout.split()) - {"busybox"}):
        archive.link(f"bin/{applet}", "busybox")


def add_programs(archive, programs):
    """Adds programs of the host at their own paths, with their libraries."""
    for path in programs:
        archive.file(path, path)
        archive.entries.pop(f"bin/{os.path.basename(path)}", None)
        if elf.is_elf(path):
            for target, library in stubs.libraries(path).items():
                archive.file(target, library)


def program_paths(kind):
    """Returns the host's programs that an image of this kind holds."""
    if kind == "dom0":
        names = [f"{XEN_BIN}/{name}" for name in XEN_PROGRAMS] + list(XENSTORE_PROGRAMS)
    elif kind == "app":
        names = list(APP_PROGRAMS)
    else:
        names = []
    found = {name: elf.which(name) for name in names}
    missing = [name for name, path in found.items() if not path]
    if missing:
        raise LabError(f"this host lacks {', '.join(missing)}; run scripts/setup")
    return list(found.values())


def tools_part(programs):
    """Returns a part with programs of ours, given as {path in the image: file}."""

    def fill(archive):
        for target, path in programs.items():
            archive.file(target, path, 0o755)
            for name, library in stubs.libraries(path).items() if elf.is_elf(path) else ():
                archive.file(name, library)

    return part("tools", [repr(sorted(programs)), *map(pathlib.Path, programs.values())], fill)


def programs_part(name, programs):
    """Returns a part with some of the host's programs and their libraries."""
    return part(name, [pathlib.Path(p) for p in programs],
                lambda archive: add_programs(archive, programs))


def init_files(kind):
    """Returns {path in the image: file} of the scripts that start an image of a kind.

    A storage domain's process 1 is moat-init, from image/; the lab adds only a program
    that moat-init starts.
    """
    init = os.path.join(LAB, "init")
    if kind == "dom0":
        return {"init": f"{init}/dom0", "etc/xen/scripts/block": f"{init}/block"}
    if kind == "storage":
        return {"etc/moat/run.d/lab": f"{init}/storage",
                "etc/moat/run.d/lab-cache": f"{init}/cache"}
    return {"init": f"{init}/domain"}


def base_part(kind):
    """Returns the part with the userland: busybox, agent, init, programs."""
    agent = compiled("lab-agent", "agent")
    scripts = init_files(kind)
    programs = program_paths(kind)
    inputs = [kind, *(pathlib.Path(p) for p in [agent, *scripts.values(), *programs])]

    def fill(archive):
        for path in ("proc", "sys", "dev", "run", "tmp", "root", "mnt", "var/log", "var/tmp"):
            archive.directory(path)
        add_busybox(archive)
        add_programs(archive, programs)
        for path, script in scripts.items():
            archive.file(path, script, 0o755)
        archive.file("lab/lab-agent", agent, 0o755)
        archive.data("etc/passwd", PASSWD.encode())
        archive.data("etc/filesystems", b"ext4\nxfs\n*\n")  # busybox's mount tries these
        if kind == "dom0":
            add_dom0(archive)

    return part(f"base-{kind}", inputs, fill)


def add_dom0(archive):
    """Adds what the Xen tools look for besides their libraries."""
    for name in XEN_PROGRAMS:
        archive.link(f"usr/sbin/{name}", f"{XEN_BIN}/{name}")
    # libxl aborts in pthread_cancel when this library cannot be loaded.
    unwinder = "/lib/x86_64-linux-gnu/libgcc_s.so.1"
    archive.file(unwinder, unwinder)
    archive.data("etc/xen/xl.conf", XL_CONF.encode())
    archive.link("var/run", "/run")
    archive.link("var/lock", "/run/lock")


def modules_part(kind, version, below=None):
    """Returns the part with the kernel's own modules and their index.

    below is image/'s archive with modules of its own, whose index the new one continues;
    then the list of what is loaded gets the lab's own module too.
    """
    modules = debian.Modules(version)
    top = f"lib/modules/{version}"
    paths = modules.closure(KINDS[kind])
    files = {f"{top}/{debian.plain(path)}": os.path.join(modules.top, path) for path in paths}
    texts = {f"{top}/modules.dep": "".join(
        f"{debian.plain(path)}: {' '.join(map(debian.plain, modules.needs[path]))}\n"
        for path in paths),
             f"{top}/modules.alias": modules.aliases(paths)}
    if below:
        older = cpio.read(below, [*texts, LOADED])
        for path in texts:
            texts[path] += older[path].decode()
        # Its bug is not known of later kernels.
        if not archive_kernel.suite_of(version):
            files[f"{top}/lab/lab-msix.ko"] = msix_module(version)
            texts[f"{top}/modules.dep"] += "lab/lab-msix.ko:\n"
            texts[LOADED] = older[LOADED].decode().replace("xen-pcifront\n",
                                                           "xen-pcifront\nlab-msix\n")
    inputs = [version, repr(texts), *map(pathlib.Path, files.values())]

    def fill(archive):
        for path, file in files.items():
            archive.data(path, debian.module(file))
        for path, text in texts.items():
            archive.data(path, text.encode())

    return part(f"modules-{kind}", inputs, fill)


def msix_module(version):
    """Returns the lab's own kernel module, see msix/lab-msix.c."""
    source = pathlib.Path(LAB, "msix", "lab-msix.c")

    def make(temp):
        os.makedirs(temp)
        shutil.copy(source, temp)
        with open(os.path.join(temp, "Kbuild"), "w", encoding="ascii") as f:
            f.write("obj-m := lab-msix.o\n")
        run = subprocess.run(["make", "-s", "-C", debian.build_directory(version),
                              f"M={temp}", "modules"], capture_output=True, text=True,
                             check=False)
        if run.returncode:
            raise LabError(f"cannot build lab-msix:\n{run.stdout}{run.stderr}")

    made = cache.made(f"msix/{cache.digest(version, source)}", make)
    return os.path.join(made, "lab-msix.ko")


def storage_image(version, back, module_args):
    """Has image/build make a storage domain's initramfs, as for a real Xen host."""
    options = ["--kver", version, "--kernel-root", debian.kernel_root(version), "--back", back,
               "--modules", "nvme", "--moat-modules", modules_dir(version)]
    for text in module_args:
        options += ["--module-args", text]
    out = cache.path(f"storage/{cache.digest(repr(options))}")
    command = [os.path.join(ROOT, "image", "build"), "--out", out, *options]
    with cache.locked(out):
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise LabError(f"image/build failed:\n{run.stdout}{run.stderr}")
    made = os.path.join(out, "initramfs")
    target = cache.path(f"parts/storage-{cache.digest(pathlib.Path(made))}.cpio")
    if not os.path.exists(target):
        shutil.copyfile(made, f"{target}.{os.getpid()}")
        os.rename(f"{target}.{os.getpid()}", target)
    return target


def project_part(version):
    """Returns the part with the project's modules, or None when none are built.

    Without what only a debugger reads, which is nine tenths of them: each domain is built
    with all of its image, and unpacks it.
    """
    files = sorted(glob.glob(os.path.join(modules_dir(version), "*.ko")))
    if not files:
        return None

    def fill(archive):
        with tempfile.TemporaryDirectory() as stripped:
            for path in files:
                name = os.path.basename(path)
                small = os.path.join(stripped, name)
                subprocess.run(["strip", "--strip-debug", "-o", small, path], check=True)
                archive.file(f"lib/modules/moat/{name}", small, 0o644)

    return part("project", [pathlib.Path(p) for p in files], fill)


def overlay_part(directory):
    """Returns the part with a user's directory, and the libraries its programs need."""
    if not os.path.isdir(directory):
        raise LabError(f"overlay {directory}: no such directory")
    archive = cpio.Archive()
    archive.tree(directory)
    for path, (mode, content) in list(archive.entries.items()):
        if content is not None and mode & 0o111 and content.startswith(b"\x7fELF"):
            for target, library in stubs.libraries(os.path.join(directory, path)).items():
                if target.strip("/") not in archive.entries:
                    archive.file(target, library)
    inputs = [f"{path}:{mode}:{cache.digest(content or b'')}"
              for path, (mode, content) in archive.entries.items()]
    return part("overlay", inputs, lambda empty: empty.entries.update(archive.entries))


def config_part(files):
    """Returns the part with one domain's configuration: {path: text}."""

    def fill(archive):
        for path, text in sorted(files.items()):
            archive.data(path, text.encode())

    return part("config", [repr(sorted(files.items()))], fill)


def write_dom0(target, own, carried):
    """Writes dom0's image to target: its own parts, and what it needs for other domains.

    Too large, and too quickly made, to be worth a place in the cache.
    """
    archive = cpio.Archive()
    for path in carried:
        archive.file(f"images/{os.path.basename(path)}", path)
    with open(target, "wb") as f:
        for path in own:
            with open(path, "rb") as source:
                shutil.copyfileobj(source, f, 1 << 20)
        archive.write_to(f)
