# SPDX-License-Identifier: GPL-2.0
"""The emulated machine: QEMU's command line, and what it needs."""

import os
import subprocess

import debian
import kvm
from paths import LabError

NVME_SLOT = 4  # the first controller; each further one takes the next slot
AGENT_SLOT = 3
# PVH domains need hardware virtualisation; QEMU emulates AMD's well enough for Xen.
PVH_CPU = "qemu64,+svm,+npt"

# XPTI and the speculation barriers flush the emulated TLB at every entry of a PV kernel,
# which halves all speeds under emulation. Only the lab leaves them out: real hosts keep
# theirs.
XEN_OPTIONS = ("console=com1", "com1=115200,8n1", "spec-ctrl=no", "xpti=no", "bootscrub=off",
               "loglvl=info", "guest_loglvl=info", "dom0_vcpus_pin")
# The clock needs no watching: it is the host's, and a loaded host makes the watch noisy. Tests
# of the kernel's ciphers are a twentieth of a boot.
KERNEL_OPTIONS = ("mitigations=off", "tsc=nowatchdog", "sysrq_always_enabled", "loglevel=6",
                  "cryptomgr.notests=1")
# A bounce buffer is made anew of pages that the machine has side by side; that of 64 MiB, which
# dom0 would have by itself, takes as long as unpacking its image.
DOM0_OPTIONS = ("console=hvc0", "rdinit=/init", "rootfstype=ramfs", "swiotlb=4096",
                *KERNEL_OPTIONS)


def accelerator(wanted, qemu):
    """Decides between kvm and tcg for a QEMU that qemu starts; returns (name, reason)."""
    if wanted == "tcg":
        return "tcg", "asked for"
    reason = kvm.probe(qemu, debian.xen_binary())
    if reason is None:
        return "kvm", "a probe booted Xen"
    if wanted == "kvm":
        raise LabError(f"KVM was asked for: {reason}")
    return "tcg", reason


def emulated(options):
    """Does software do all that a processor would?"""
    return options["accelerator"] == "tcg"


def size_bytes(text):
    """Turns 512M, 2G or a plain number of MiB into bytes."""
    units = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40}
    try:
        if text[-1:].upper() in units:
            return int(text[:-1]) * units[text[-1].upper()]
        return int(text) << 20
    except ValueError:
        raise LabError(f"{text}: not a size (512M, 2G, ...)") from None


def nvme_address(index):
    """Returns the PCI address of a controller."""
    return f"0000:00:{NVME_SLOT + index:02x}.0"


def serial(index):
    """Returns a controller's serial number, by which its disk can be known."""
    return f"moat{index}"


def escaped(text):
    """Doubles commas, as QEMU's option lists want them."""
    return text.replace(",", ",,")


def xen_options(options):
    """Returns Xen's command line."""
    own = (f"dom0_mem={options['dom0_memory']}M,max:{options['dom0_memory']}M",
           f"dom0_max_vcpus={options['dom0_vcpus']}")
    return " ".join([*XEN_OPTIONS, *own, *options["xen_args"]])


def accelerator_arguments(options):
    """Returns the arguments that depend on the accelerator."""
    if options["accelerator"] == "kvm":
        return ["-accel", "kvm", "-cpu", options["cpu"] or "host"]
    cpu = ["-cpu", options["cpu"] or "Westmere"]
    if options["icount"] is None:
        return ["-accel", "tcg,thread=multi,tb-size=512", *cpu]
    # One processor runs at a time, and the clock goes by what was executed.
    return ["-accel", "tcg,thread=single,tb-size=512", "-icount", f"shift={options['icount']}",
            *cpu]


def qemu_arguments(options, files):
    """Returns QEMU's command line; paths of state are relative to the state directory."""
    dom0 = " ".join([*DOM0_OPTIONS, *options["kernel_args"]])
    modules = f"{files['kernel']} {escaped(dom0)},{files['dom0']}"
    arguments = [
        *options["qemu"]["command"], "-name", "moat-lab", "-nodefaults", "-nographic",
        "-no-reboot",
        *accelerator_arguments(options),
        "-M", "q35,kernel-irqchip=split", "-smp", str(options["vcpus"]),
        "-m", str(options["memory"]),
        # The storage domain's DMA is confined by this IOMMU. It must come first.
        "-device", "intel-iommu,intremap=on,caching-mode=on",
        "-kernel", files["xen"], "-append", xen_options(options), "-initrd", modules,
        "-serial", "file:log/xen.log",
        "-qmp", "unix:qmp.sock,server=on,wait=off",
        "-chardev", "socket,id=agent,path=agent.sock",
        "-device", f"virtio-serial-pci,bus=pcie.0,addr={AGENT_SLOT:#x}",
        "-device", "virtserialport,chardev=agent,name=agent",
    ]
    for index in range(options["nvme"]):
        arguments += [
            "-drive", f"file=nvme{index}.img,if=none,id=nvme{index},format=raw,"
                      "discard=unmap",
            "-device", f"nvme,drive=nvme{index},serial={serial(index)},bus=pcie.0,"
                       f"addr={NVME_SLOT + index:#x}"]
    return arguments + options["qemu_args"]


def make_disks(state, options):
    """Makes the controllers' empty disks, sparse; those of the last machine go."""
    for index in range(options["nvme"]):
        path = os.path.join(state, f"nvme{index}.img")
        if os.path.exists(path):
            os.unlink(path)
        with open(path, "wb") as f:
            f.truncate(size_bytes(options["nvme_size"]))
        if index == options["cache_nvme"]:
            # A small journal: each domain that takes the disk over replays it.
            subprocess.run(["/usr/sbin/mkfs.ext4", "-q", "-F", "-J", "size=4", path],
                           check=True)
