# SPDX-License-Identifier: GPL-2.0
"""The lab's command line."""

import argparse
import os
import signal
import sys
import time

import session
import debian
import domains
import machine
import up
from paths import LabError, LostError, default_state

STATUS_ERROR = 1
STATUS_LOST = 75
DOWN_S = 15


def spec(name, kind, half, args, **more):
    """Returns the description of a domain that domains.create() takes."""
    base = {"name": name, "kind": kind, "half": half, "memory": 0, "vcpus": 0, "cpus": "",
            "mode": args.mode, "module_args": args.module_args, "kernel_args": [],
            "overlays": [], "pci": [], "standby": False, "pvh": False, "xl": []}
    return {**base, **more}


def do_up(args):
    """Boots a lab."""
    options = {
        "kernel": debian.kernel_version(), "accelerator": args.accel, "cpu": args.cpu,
        "vcpus": args.vcpus, "memory": machine.size_bytes(args.memory) >> 20,
        "dom0_memory": args.dom0_memory, "dom0_vcpus": 1, "nvme": args.nvme,
        "nvme_size": args.nvme_size, "xen_args": args.xen_args,
        "kernel_args": args.kernel_args, "qemu_args": args.qemu_args,
        "keep": args.keep}
    specs = []
    if not args.bare:
        pci = [machine.nvme_address(0)] if args.nvme else []
        specs = [spec("storage", "storage", args.back, args, pci=pci),
                 spec("app", "app", args.front, args)]
    disk = ("app", "xvda", "storage", "/dev/nvme0n1") if specs and args.nvme else None
    up.up(args.state, options, specs, None if args.no_disk else disk, up.Progress())
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
        time.sleep(0.05)  # a poll step, bounded by the deadline above
    return 0


def do_exec(args):
    """Runs a command in a domain; its exit status becomes ours."""
    command = session.Command(args.state, args.domain, args.command)
    try:
        source = None if args.no_stdin else sys.stdin.fileno()
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
    """Copies a file into a domain."""
    session.push(args.state, args.domain, args.source, args.target)
    return 0


def do_pull(args):
    """Copies a file out of a domain."""
    session.pull(args.state, args.domain, args.source, args.target)
    return 0


def do_log(args):
    """Prints a domain's console, or Xen's."""
    name = "xen" if args.domain == "dom0" else args.domain
    try:
        with open(os.path.join(args.state, "log", f"{name}.log"), "rb") as f:
            lines = f.read().splitlines(keepends=True)
    except FileNotFoundError:
        raise LabError(f"no log of {args.domain}") from None
    if name == "xen":
        lines = [line for line in lines
                 if line.startswith(b"(XEN)") == (args.domain == "xen")]
    sys.stdout.buffer.write(b"".join(lines))
    return 0


def parser():
    """Returns the command line's grammar."""
    top = argparse.ArgumentParser(prog="lab", description=__doc__)
    top.add_argument("--state", default=default_state(), help="the lab's directory")
    verbs = top.add_subparsers(dest="verb", required=True)
    verb = verbs.add_parser("up", help="boot a lab")
    verb.set_defaults(run=do_up)
    halves = ("moat", "stock")
    verb.add_argument("--front", choices=halves, default="stock", help="app's front end")
    verb.add_argument("--back", choices=halves, default="stock", help="storage's back end")
    verb.add_argument("--mode", help="mode parameter of the moat modules")
    verb.add_argument("--module-args", action="append", default=[],
                      metavar="MODULE.PARAM=VALUE")
    verb.add_argument("--accel", choices=("auto", "kvm", "tcg"), default="auto")
    verb.add_argument("--cpu", default="", help="QEMU CPU model")
    verb.add_argument("--vcpus", type=int, default=2, help="the machine's processors")
    verb.add_argument("--memory", default="3G", help="the machine's memory")
    verb.add_argument("--dom0-memory", type=int, default=1024, metavar="MIB")
    verb.add_argument("--nvme", type=int, default=1, help="number of NVMe controllers")
    verb.add_argument("--nvme-size", default="1G")
    verb.add_argument("--xen-args", action="append", default=[])
    verb.add_argument("--kernel-args", action="append", default=[])
    verb.add_argument("--qemu-args", action="append", default=[])
    verb.add_argument("--keep", action="store_true", help="a failed boot is left running")
    verb.add_argument("--bare", action="store_true", help="dom0 only")
    verb.add_argument("--no-disk", action="store_true", help="attach no disk")
    verbs.add_parser("down", help="end the lab").set_defaults(run=do_down)
    verb = verbs.add_parser("exec", help="run a command in a domain")
    verb.set_defaults(run=do_exec)
    verb.add_argument("--timeout", type=float, help="seconds until it is killed")
    verb.add_argument("-n", "--no-stdin", action="store_true")
    verb.add_argument("domain")
    verb.add_argument("command", nargs=argparse.REMAINDER)
    for name, run in (("push", do_push), ("pull", do_pull)):
        verb = verbs.add_parser(name, help=run.__doc__)
        verb.set_defaults(run=run)
        verb.add_argument("domain")
        verb.add_argument("source")
        verb.add_argument("target")
    verb = verbs.add_parser("log", help="print a console: xen, dom0 or a domain")
    verb.set_defaults(run=do_log)
    verb.add_argument("domain")
    return top


def main(argv):
    """Runs one verb; returns the exit status."""
    args = parser().parse_args(argv)
    args.state = os.path.abspath(args.state)
    if getattr(args, "command", None) and args.command[0] == "--":
        args.command.pop(0)
    try:
        return args.run(args)
    except LostError as error:
        print(f"lab: LOST: {error}", file=sys.stderr)
        return STATUS_LOST
    except LabError as error:
        print(f"lab: {error}", file=sys.stderr)
        return STATUS_ERROR
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
