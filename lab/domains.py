# SPDX-License-Identifier: GPL-2.0
"""Creates and destroys the machine's domains, through xl in dom0."""

import json
import os

import built_kernel
import debian
import images
import machine
import session
from paths import BUILD, LabError

# By the host's clock, of which a machine that lives by its own may need several times as much;
# only what never ends runs into them.
XL_S = 480
SAVE_S = 1200
ATTEMPTS = 3
DOM0_CPU = "0"
BOOT_MS = 480000
RUN = "/run/lab"
# There are no serial ports to be looked for.
DOMAIN_OPTIONS = ("console=hvc0", "rdinit=/init", "rootfstype=ramfs", "8250.nr_uarts=0",
                  *machine.KERNEL_OPTIONS)
# Where Xen does not trust the machine's clock, as in QEMU, it emulates it for PV guests: each
# reading is a trap, tens of them in a request. No hardware of this decade is like that. A
# domain's own --xl may say otherwise: the later line counts.
CLOCK = 'tsc_mode="native"'
# The longest window of mode adaptive is to be worth eight wake-ups (docs/policy.md). Where all
# is emulated a wake-up takes 120 us and more, five times what the default stands for.
EMULATED_WINDOW = "window_max_ns=1000000"
DEFAULTS = {
    "storage": {"memory": 320, "vcpus": 1},
    "app": {"memory": 448, "vcpus": 1},
}
HALVES = {
    ("storage", "moat"): ("moat-common", "moat-back"),
    ("storage", "stock"): ("xen-blkback",),
    ("app", "moat"): ("moat-common", "moat-front"),
    ("app", "stock"): ("xen-blkfront",),
}


def module_arguments(spec):
    """Returns {module: [PARAM=VALUE, ...]} from "MODULE PARAM=VALUE" or "MODULE.PARAM=VALUE".

    Of two values for one parameter the later counts.
    """
    own = HALVES[spec["kind"], spec["half"]][-1]
    found = {own: [EMULATED_WINDOW]} if spec["emulated"] and spec["half"] == "moat" else {}
    for text in spec["module_args"]:
        module, *words = text.replace(".", " ", 1).split()
        found.setdefault(module.replace("_", "-"), []).extend(words)
    if spec["mode"] and spec["half"] == "moat":
        found.setdefault(own, []).append(f"mode={spec['mode']}")
    return found


def app_modules(spec, version):
    """Returns what /etc/lab/load says: one module and its parameters a line."""
    arguments = module_arguments(spec)
    lines = list(images.DOMAIN_MODULES)
    for name in HALVES["app", spec["half"]]:
        file = name
        if spec["half"] == "moat":
            file = f"/lib/modules/moat/{name}.ko"
            if not os.path.exists(os.path.join(images.modules_dir(version), f"{name}.ko")):
                raise LabError(f"{name}.ko is not built: run `make modules`, "
                               "or choose the stock half")
        lines.append(" ".join([file, *arguments.pop(name, [])]))
    lines += [" ".join([name, *words]) for name, words in arguments.items()
              if not name.startswith(("moat-", "xen-blk"))]
    return "".join(line + "\n" for line in lines)


def image_parts(spec, version):
    """Returns the parts of a domain's initramfs."""
    files = {"etc/hostname": spec["name"] + "\n"}
    if spec["kind"] == "storage":
        own = (*HALVES["storage", spec["half"]], *images.KINDS["storage"])
        texts = [" ".join([name, *words]) for name, words in module_arguments(spec).items()
                 if name in own]
        first = images.storage_image(version, spec["half"], texts)
        parts = [first, images.base_part("storage"),
                 images.modules_part("storage", version, first)]
    else:
        files["etc/lab/load"] = app_modules(spec, version)
        parts = [images.base_part("app"), images.modules_part("app", version),
                 images.project_part(version)]
    parts += [images.config_part(files)]
    parts += [images.overlay_part(directory) for directory in spec["overlays"]]
    return [path for path in parts if path]


def kernel_of(spec, options):
    """Returns the version of the kernel that a domain runs."""
    return spec.get("kernel") or options["guest_kernel"]


def shared_parts(options, specs):
    """Returns what is worth carrying into dom0 at boot: kernels and parts of the first domains."""
    parts = [debian.vmlinux(options["guest_kernel"])]
    for spec in specs:
        version = kernel_of(spec, options)
        parts += [path for path in [debian.vmlinux(version), *image_parts(spec, version)]
                  if path not in parts]
    return parts


def bring(state, paths):
    """Copies to dom0's /images those files that are not there yet."""
    have = set(session.check(state, "dom0", ["ls", "/images"], timeout=XL_S).split())
    for path in paths:
        if os.path.basename(path) not in have:
            session.push(state, "dom0", path, f"/images/{os.path.basename(path)}")


def kernel_options(spec, options):
    """Returns a domain's kernel command line."""
    debug = built_kernel.DEBUG_OPTIONS if options["debug"] else ()
    # A PV kernel with a PCI device bounces DMA; set up late, it gets only 4 MiB for that.
    bounce = ["iommu=soft", "swiotlb=16384"] if spec["kind"] == "storage" else []
    return [*DOMAIN_OPTIONS, *debug, *bounce, *spec["kernel_args"]]


def config_text(spec, options, kernel, ramdisk, cpus):
    """Returns the domain's xl configuration."""
    lines = [f'name="{spec["name"]}"', f'kernel="/images/{kernel}"',
             f'ramdisk="{ramdisk}"', f"memory={spec['memory']}",
             f"vcpus={spec['vcpus']}", f'cpus="{cpus}"',
             f"extra=\"{' '.join(kernel_options(spec, options))}\"",
             f'on_crash="{spec["on_crash"]}"', 'on_reboot="destroy"',
             f'type="{"pvh" if spec["pvh"] else "pv"}"', CLOCK, *spec["xl"]]
    if spec["kind"] == "storage":
        lines += ["driver_domain=1"]
    if spec["pci"]:
        devices = ", ".join(f'"{address},permissive=1"' for address in spec["pci"])
        lines += [f"pci=[{devices}]"]
    elif spec["standby"]:
        lines += ['passthrough="enabled"', "e820_host=1"]
    return "\n".join(lines) + "\n"


def default_memory(kind, options):
    """Returns a domain's memory: a debug kernel remembers something about each object."""
    return DEFAULTS[kind]["memory"] * (2 if options["debug"] else 1)


def default_cpus(kind, vcpus, machine_vcpus):
    """Keeps storage domains on the last pCPUs, and all others off the very last."""
    last = machine_vcpus - 1
    if kind == "storage":
        return f"{max(min(1, last), machine_vcpus - vcpus)}-{last}"
    return f"0-{max(0, last - 1)}"


def saved(state, name):
    """Returns the path of what the lab remembers of a domain."""
    return os.path.join(state, "domains", f"{name}.json")


def with_domid(state, domid):
    """Returns the command that creates a domain with an id that is given."""
    program = os.path.join(BUILD, "tools", "moat-create")
    if not os.path.exists(program):
        raise LabError(f"{program}: not built; run `make tools`")
    bring(state, [program])
    return f"/images/moat-create --domid {domid} --unpause"


def create(state, spec, options, boot_cpus=None):
    """Builds a domain's image, and has xl create it; its agent comes up later.

    Returns the description with all defaults filled in.
    """
    name, config = spec["name"], f"{RUN}/{spec['name']}.cfg"
    spec, ramdisk = leave(state, spec, options, config, boot_cpus)
    maker = with_domid(state, spec["domid"]) if spec["domid"] else "xl create -q"
    script = (f"{maker} {config}; status=$?; rm -f {ramdisk}; exit $status")
    session.check(state, "dom0", ["sh", "-c", script], timeout=XL_S)
    with open(saved(state, name), "w", encoding="utf-8") as f:
        json.dump(spec, f, indent=1)
    return spec


def leave(state, spec, options, config, boot_cpus=None):
    """Builds a domain's image, and leaves in dom0 all that xl creates the domain of.

    Returns the description with all defaults filled in, and the image's path in dom0.
    """
    version = kernel_of(spec, options)
    kernel = debian.vmlinux(version)
    vcpus = spec["vcpus"] or DEFAULTS[spec["kind"]]["vcpus"]
    spec = {**spec, "memory": spec["memory"] or default_memory(spec["kind"], options),
            "vcpus": vcpus,
            "cpus": spec["cpus"] or default_cpus(spec["kind"], vcpus, options["vcpus"])}
    parts = image_parts(spec, version)
    bring(state, [kernel, *parts])
    ramdisk = config.removesuffix(".cfg") + ".cpio"
    text = config_text(spec, options, os.path.basename(kernel), ramdisk,
                       boot_cpus or spec["cpus"])
    session.check(state, "dom0", ["@put", config, "644"], data=text.encode(), timeout=XL_S)
    names = " ".join(f"/images/{os.path.basename(path)}" for path in parts)
    session.check(state, "dom0", ["sh", "-c", f"cat {names} >{ramdisk}"], timeout=XL_S)
    return spec, ramdisk


def create_ready(state, spec, options):
    """Creates a domain and waits until it and its PCI devices work.

    While a domain scans its PCI bus it shares dom0's processor: on another one it sends
    its next request while pciback still looks at the last, pciback then finds an event
    without a request, and Linux delays the events of such a channel by up to a second.
    Where pciback answers later than pcifront waits, all the same, the domain sees a device
    that is not like that. Only a new domain helps.
    """
    if not spec["pci"]:
        create(state, spec, options)
        wait_up(state, spec["name"])
        return
    for attempt in range(1, ATTEMPTS + 1):
        made = create(state, spec, options, DOM0_CPU)
        wait_up(state, spec["name"])
        if has_disks(state, spec):
            session.check(state, "dom0", ["xl", "vcpu-pin", spec["name"], "all", made["cpus"]],
                          timeout=XL_S)
            return
        if attempt < ATTEMPTS:
            destroy(state, spec["name"])
    raise LabError(f"{spec['name']}: its NVMe driver found no disk, in {ATTEMPTS} domains")


def has_disks(state, spec):
    """Waits for the disk of every NVMe controller of a domain."""
    names = [f"/dev/nvme{number}n1" for number in range(len(spec["pci"]))]
    script = ("left=200; for disk; do until [ -b $disk ]; do left=$((left - 1)); "
              "[ $left -gt 0 ] || exit 1; usleep 50000; done; done")
    status, _, _ = session.run(state, spec["name"], ["sh", "-c", script, "sh", *names],
                               timeout=XL_S)
    return not status


def wait_up(state, name):
    """Waits until a domain's agent answers."""
    session.check(state, name, ["true"], timeout=BOOT_MS / 1000, wait_ms=BOOT_MS)


def destroy(state, name):
    """Destroys a domain; one that has just died by itself is waited for."""
    script = ('xl domid "$0" >/dev/null 2>&1 || exit 3; said=$(xl destroy "$0" 2>&1); '
              "left=600; while xl domid \"$0\" >/dev/null 2>&1; do "
              'left=$((left - 1)); [ $left -gt 0 ] || { echo "$said" >&2; exit 1; }; '
              "usleep 100000; done")
    known = os.path.exists(saved(state, name))
    status, _, err = session.run(state, "dom0", ["sh", "-c", script, name], timeout=XL_S)
    if known:
        os.unlink(saved(state, name))
    if status == 3 and not known:
        raise LabError(f"no domain {name}")
    if status not in (0, 3):
        raise LabError(f"{name} cannot be destroyed: {err.decode(errors='replace')}")


def save(state, name, path):
    """Suspends a domain to a file in dom0."""
    session.check(state, "dom0", ["xl", "save", name, path], timeout=SAVE_S)


def restore(state, name, path):
    """Brings a domain back from a file in dom0, and waits for its agent."""
    session.check(state, "dom0", ["xl", "restore", path], timeout=SAVE_S)
    session.check(state, "dom0", ["rm", path], timeout=XL_S)
    wait_up(state, name)


def migrate(state, name):
    """Has xl migrate a domain to where it is, and waits for its agent."""
    # An empty -s: what follows is no host, but the receiver's command itself.
    session.check(state, "dom0", ["xl", "migrate", "-s", "", name, "xl migrate-receive"],
                  timeout=SAVE_S)
    wait_up(state, name)


def remembered(state):
    """Returns what the lab remembers of its domains, by name."""
    found = {}
    top = os.path.join(state, "domains")
    for entry in sorted(os.listdir(top)) if os.path.isdir(top) else ():
        with open(os.path.join(top, entry), encoding="utf-8") as f:
            found[entry.removesuffix(".json")] = json.load(f)
    return found


def attach(state, app, vdev, disk, wait=True):
    """Attaches a disk, and waits until the application domain has it.

    xl waits ten seconds for the back end, which a starved machine does not see pass. It
    leaves the disk as it is then, which comes all the same.
    """
    status, _, err = session.run(state, "dom0", ["xl", "block-attach", app, disk],
                                 timeout=XL_S)
    if status and not (wait and b"unable to add device" in err):
        raise LabError(f"xl block-attach {app} {disk}: exit status {status}: "
                       f"{err.decode(errors='replace').strip()}")
    if not wait:
        return
    script = ("left=1200; until [ -b /dev/$0 ]; do left=$((left - 1)); "
              "[ $left -gt 0 ] || exit 1; usleep 50000; done")
    status, _, _ = session.run(state, app, ["sh", "-c", script, vdev], timeout=XL_S)
    if status:
        raise LabError(f"{app}: {vdev} was attached but did not appear within 60 s; "
                       f"xenstore says:\n{states(state, app, vdev)}")


def vdev_number(vdev):
    """Returns the number of a virtual device: xvdb is 51728."""
    return (202 << 8) + 16 * (ord(vdev[3]) - ord("a"))


def states(state, app, vdev):
    """Returns the xenstore view of a disk, for error reports."""
    script = ('front=/local/domain/$(xl domid "$0")/device/vbd/$1; xenstore-ls -f $front; '
              "xenstore-ls -f $(xenstore-read $front/backend)")
    return session.run(state, "dom0", ["sh", "-c", script, app, str(vdev_number(vdev))],
                       timeout=XL_S)[1].decode()
