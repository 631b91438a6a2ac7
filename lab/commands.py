# SPDX-License-Identifier: GPL-2.0
"""The lab's verbs."""

import json
import os
import signal
import sys
import time

import arguments
import built_kernel
import console
import debian
import disks
import domains
import files
import machine
import session
import status
import up
from paths import LabError, LostError

STATUS_ERROR = 1
STATUS_LOST = 75
DOWN_S = 15


def new_spec(name, kind, half, args, **more):
    """Returns the description of a domain that domains.create() takes."""
    base = {"name": name, "kind": kind, "half": half, "memory": 0, "vcpus": 0, "cpus": "",
            "mode": args.mode, "module_args": args.module_args, "kernel_args": [],
            "overlays": [], "pci": [], "standby": False, "pvh": False, "xl": [],
            "on_crash": "destroy", "emulated": False, "domid": 0, "kernel": None}
    return {**base, **more}


def machine_options(args):
    """Returns what machine.json remembers of the command line."""
    version = debian.kernel_version()
    return {
        "kernel": version, "guest_kernel": guest_kernel(args) or version,
        "debug": args.debug_kernel, "accelerator": args.accel, "qemu": args.qemu,
        "icount": args.icount,
        "cpu": args.cpu or (machine.PVH_CPU if args.pvh else ""),
        "vcpus": args.vcpus,
        "memory": machine_memory(args),
        "moatd": moatd_options(args), "cache_nvme": args.cache_nvme,
        "dom0_memory": args.dom0_memory, "dom0_vcpus": args.dom0_vcpus, "nvme": args.nvme,
        "nvme_size": args.nvme_size, "xen_args": args.xen_args,
        "kernel_args": args.kernel_args, "qemu_args": args.qemu_args, "keep": args.keep,
        "overlays": overlays(args.overlay)}


def guest_kernel(args):
    """Returns the version of the debug kernel for all domains but dom0, None for dom0's."""
    return built_kernel.version(args.debug_kernel) if args.debug_kernel else None


def machine_memory(args):
    """Returns the machine's memory, which moatd's standby and debug kernels add to, in MiB."""
    gigabytes = 4 + bool(args.moatd) + 2 * bool(args.debug_kernel)
    return machine.size_bytes(args.memory or f"{gigabytes}G") >> 20


def moatd_options(args):
    """Returns what is asked of moatd, None where it does not run."""
    if not args.moatd:
        return None
    if args.bare or not args.nvme:
        raise LabError("--moatd needs a storage domain with an NVMe controller")
    return {"set": args.moatd_set, "standby": not args.no_standby}


def storage_nvme(args):
    """Returns which controllers the storage domain gets: the first, or all of them."""
    if args.cache_nvme is not None and not 0 <= args.cache_nvme < args.nvme:
        raise LabError(f"--cache-nvme {args.cache_nvme}: there are {args.nvme} controllers")
    count = args.nvme if args.moatd or args.cache_nvme is not None else min(args.nvme, 1)
    return [machine.nvme_address(number) for number in range(count)]


def overlays(texts):
    """Turns DOMAIN=DIR options into {domain: [absolute directories]}."""
    found = {}
    for text in texts:
        name, equals, directory = text.partition("=")
        if not equals:
            raise LabError(f"--overlay {text}: not DOMAIN=DIR")
        found.setdefault(name, []).append(os.path.abspath(directory))
    return found


def kernels(texts):
    """Turns [DOMAIN=]KERNEL options into {domain: version}, "" for every domain."""
    found = {}
    for text in texts:
        name, _, wanted = text.rpartition("=")
        found[name] = (built_kernel.version(wanted) if wanted in built_kernel.VARIANTS else
                       debian.chosen_kernel(wanted))
    return found


def do_up(args):
    """Boots a lab."""
    if args.debug_kernel == built_kernel.PVH_ONLY and (args.nvme or not args.pvh):
        raise LabError(f"--debug-kernel {args.debug_kernel} runs as PVH, which takes no PCI "
                       "device: --pvh --nvme 0")
    options = machine_options(args)
    specs = []
    if not args.bare:
        # A PVH domain can be given no PCI device.
        specs = [new_spec("storage", "storage", args.back, args, pci=storage_nvme(args),
                          pvh=args.pvh and not args.nvme,
                          on_crash="preserve" if args.moatd else "destroy"),
                 new_spec("app", "app", args.front, args, pvh=args.pvh,
                          vcpus=args.app_vcpus)]
    versions = kernels(args.kernel)
    for spec in specs:
        spec["overlays"] = options["overlays"].get(spec["name"], [])
        spec["kernel"] = versions.get(spec["name"], versions.get(""))
        spec["memory"] = getattr(args, f"{spec['kind']}_memory")
        if spec["kind"] == "storage" and args.cache_nvme is not None:
            spec["kernel_args"] = [f"lab.cache={machine.serial(args.cache_nvme)}"]
    disk = ("app", "xvda", "storage", "nvme") if specs and args.nvme else None
    up.up(args.state, options, specs, None if args.no_disk else disk,
          up.Progress(args.quiet))
    return 0


def do_down(args):
    """Ends a lab; no error when none is up."""
    if not up.is_up(args.state):
        return 0
    pid = up.keeper_pid(args.state)
    os.kill(pid, signal.SIGTERM)
    deadline = time.monotonic() + DOWN_S
    while up.is_up(args.state):
        if time.monotonic() > deadline:
            os.kill(pid, signal.SIGKILL)  # QEMU dies with it
            deadline += DOWN_S
        time.sleep(0.05)  # check-ok: sleep: a poll step, bounded by the deadline above
    return 0


def do_status(args):
    """Says what the lab is doing."""
    result = status.gather(args.state)
    print(json.dumps(result, indent=1) if args.json else status.text(result))
    return 0 if result["up"] and not result["lost"] else STATUS_ERROR


def do_exec(args):
    """Runs a command in a domain; its exit status becomes ours."""
    if args.command and args.command[0] == "--":
        args.command.pop(0)
    if not args.command:
        raise LabError("exec: no command")
    if args.tty:
        return console.interactive(args.state, args.domain, args.command)
    command = session.Command(args.state, args.domain, args.command)
    try:
        source = None if args.no_stdin or sys.stdin is None else sys.stdin.fileno()
        end = command.run(source, raw_writer(1), raw_writer(2), args.timeout)
    finally:
        command.close()
    return end.status


def raw_writer(fd):
    """Returns a function that writes all of its bytes to a descriptor."""

    def write(data):
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view):]

    return write


def do_push(args):
    """Copies a file or a directory into a domain."""
    files.push(args.state, args.domain, args.source, args.target, args.libraries)
    return 0


def do_pull(args):
    """Copies a file or a directory out of a domain."""
    files.pull(args.state, args.domain, args.source, args.target)
    return 0


def do_log(args):
    """Prints a domain's console, dom0's or Xen's."""
    sys.stdout.write("".join(line + "\n" for line in console.log_lines(args.state,
                                                                        args.domain)))
    return 0


def do_console(args):
    """Opens a terminal: a shell in the domain, or its Xen console."""
    if not args.kernel:
        return console.interactive(args.state, args.domain, ["sh", "-i"])
    print("lab: the console of the kernel; leave with Ctrl-]", file=sys.stderr)
    return console.interactive(args.state, "dom0", ["xl", "console", args.domain])


def do_domain_create(args):
    """Creates one more domain in a lab that is up."""
    options = up.machine_options(args.state)
    half = args.back if args.kind == "storage" else args.front
    spec = new_spec(args.name, args.kind, half, args, memory=args.memory, vcpus=args.vcpus,
                    cpus=args.cpus, kernel_args=args.kernel_args, pvh=args.pvh,
                    overlays=[os.path.abspath(d) for d in args.overlay], xl=args.xl,
                    pci=[machine.nvme_address(n) for n in args.nvme], standby=args.standby,
                    domid=args.domid, emulated=machine.emulated(options),
                    kernel=args.kernel and debian.chosen_kernel(args.kernel))
    if args.pvh and spec["emulated"] and "svm" not in options["cpu"]:
        raise LabError(f"--pvh needs a machine booted with --cpu {machine.PVH_CPU}")
    if args.no_wait and not args.disk:
        domains.create(args.state, spec, options)
    else:
        domains.create_ready(args.state, spec, options)
    for text in args.disk:
        vdev, _, backing = text.partition("=")
        backing, _, storage = backing.partition("@")
        disks.attach(args.state, args.name, vdev, storage or "storage", backing,
                     disks.PLAIN)
    return 0


def do_domain_destroy(args):
    """Destroys a domain at once, as a crash would."""
    domains.destroy(args.state, args.name)
    disks.forget_domain(args.state, args.name)
    return 0


def do_domain_save(args):
    """Suspends a domain to a file in dom0."""
    domains.save(args.state, args.name, f"{domains.RUN}/{args.name}.save")
    return 0


def do_domain_restore(args):
    """Brings a suspended domain back."""
    domains.restore(args.state, args.name, f"{domains.RUN}/{args.name}.save")
    return 0


def do_domain_migrate(args):
    """Moves a domain to this same machine, while it runs."""
    domains.migrate(args.state, args.name)
    return 0


def do_disk_attach(args):
    """Makes a backing device and attaches it."""
    options = {"readonly": args.readonly, "cdrom": args.cdrom, "wait": not args.no_wait,
               "xl": args.xl}
    target = disks.attach(args.state, args.app, args.vdev, args.storage, args.backing, options)
    print(f"{args.app} has /dev/{args.vdev}, served by {args.storage} from {target}")
    return 0


def do_disk_detach(args):
    """Detaches a disk and takes its backing device away."""
    disks.detach(args.state, args.app, args.vdev, args.force)
    return 0


def unknown_domain(args, error):
    """Tells a mistyped name from a domain that is no more."""
    if not str(error).startswith("no such domain") or not hasattr(args, "domain"):
        return False
    return args.domain not in domains.remembered(args.state)


def main(argv):
    """Runs one verb; returns the exit status."""
    args = arguments.parser(sys.modules[__name__]).parse_args(argv)
    args.state = os.path.abspath(args.state)
    for number in (signal.SIGTERM, signal.SIGHUP):  # end as with Ctrl-C: nothing is left
        signal.signal(number, signal.default_int_handler)
    try:
        return args.run(args)
    except LostError as error:
        if unknown_domain(args, error):
            print(f"lab: {error}", file=sys.stderr)
            return STATUS_ERROR
        print(f"lab: LOST: {error}\n{console.tails(args.state)}lab: LOST: {error}",
              file=sys.stderr)
        return STATUS_LOST
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return STATUS_ERROR
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        return STATUS_ERROR
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
