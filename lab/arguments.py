# SPDX-License-Identifier: GPL-2.0
"""The lab's command line: one function for each group of verbs."""

import argparse

from paths import default_state

HALVES = ("moat", "stock")


def repeatable(verb, name, **options):
    """Adds an option that may be given several times."""
    verb.add_argument(name, action="append", default=[], **options)


def add_halves(verb):
    """Adds the choice of drivers and their parameters."""
    verb.add_argument("--front", choices=HALVES, default="moat", help="front end (moat)")
    verb.add_argument("--back", choices=HALVES, default="moat", help="back end (moat)")
    verb.add_argument("--mode", choices=("event", "spin", "adaptive"),
                      help="how new disks of the moat half signal")
    repeatable(verb, "--module-args", metavar="'MODULE PARAM=VALUE'")


def add_up(verbs, commands):
    """Adds `up`."""
    verb = verbs.add_parser("up", help="boot a lab, and leave it running")
    verb.set_defaults(run=commands.do_up)
    add_halves(verb)
    verb.add_argument("--accel", choices=("auto", "kvm", "tcg"), default="auto")
    verb.add_argument("--icount", type=int, metavar="SHIFT",
                      help="an emulated machine's clock advances 2^SHIFT ns an instruction, "
                           "whatever the host does")
    verb.add_argument("--cpu", default="", help="QEMU's CPU model")
    verb.add_argument("--qemu", choices=("auto", "own", "system"), default="auto",
                      help="the lab's own QEMU (where it can be had) or the system's; auto: own, "
                           "but for PVH domains")
    verb.add_argument("--vcpus", type=int, default=2, help="the machine's processors (2)")
    verb.add_argument("--memory", default="", help="the machine's memory (4G; 1G more with "
                                                   "--moatd, 2G with --debug-kernel)")
    verb.add_argument("--dom0-memory", type=int, default=1536, metavar="MIB")
    verb.add_argument("--dom0-vcpus", type=int, default=1)
    verb.add_argument("--storage-memory", type=int, default=0, metavar="MIB")
    verb.add_argument("--app-memory", type=int, default=0, metavar="MIB")
    verb.add_argument("--app-vcpus", type=int, default=0)
    verb.add_argument("--pvh", action="store_true", help="app as PVH, with --nvme 0 storage "
                                                         "too, on a CPU model that can")
    verb.add_argument("--debug-kernel", nargs="?", choices=("plain", "kasan"), const="plain",
                      help="a kernel that finds its own bugs, in all domains but dom0")
    repeatable(verb, "--kernel", metavar="[DOMAIN=]KERNEL",
               help="of app, storage or both: the beginning of its version (6.12, 7.3), "
                    "installed here or from Debian's archive; or lean, which is built")
    verb.add_argument("--nvme", type=int, default=1, help="NVMe controllers (1)")
    verb.add_argument("--nvme-size", default="1G", help="size of each (1G)")
    verb.add_argument("--cache-nvme", type=int, metavar="N",
                      help="make a file system on the N-th, for `cache` disks")
    verb.add_argument("--moatd", action="store_true",
                      help="dom0 runs moatd, which watches over the storage domain")
    verb.add_argument("--no-standby", action="store_true", help="moatd keeps no standby")
    repeatable(verb, "--moatd-set", metavar="KEY=VALUE", help="a setting of moatd's")
    repeatable(verb, "--overlay", metavar="DOMAIN=DIR", help="copy DIR onto an image")
    repeatable(verb, "--xen-args", metavar="ARG")
    repeatable(verb, "--kernel-args", metavar="ARG", help="for dom0")
    repeatable(verb, "--qemu-args", metavar="ARG")
    verb.add_argument("--bare", action="store_true", help="dom0 only")
    verb.add_argument("--no-disk", action="store_true", help="attach no disk")
    verb.add_argument("--keep", action="store_true", help="leave a failed boot running")
    verb.add_argument("--quiet", action="store_true", help="print no progress")


def add_exec(verbs, commands):
    """Adds `exec`, `push`, `pull`."""
    verb = verbs.add_parser("exec", help="run a command in a domain")
    verb.set_defaults(run=commands.do_exec)
    verb.add_argument("--timeout", type=float, help="seconds until it is killed")
    verb.add_argument("-n", "--no-stdin", action="store_true")
    verb.add_argument("-t", "--tty", action="store_true", help="on this terminal")
    verb.add_argument("domain")
    # A verb's own name for the rest, as "command" may itself begin with a dash.
    verb.add_argument("command", nargs="...")
    for name, run, source, target in (("push", commands.do_push, "host", "domain"),
                                      ("pull", commands.do_pull, "domain", "host")):
        verb = verbs.add_parser(name, help=f"copy a file or directory, {source} to {target}")
        verb.set_defaults(run=run)
        if name == "push":
            verb.add_argument("--libraries", action="store_true",
                              help="a program: with the libraries it loads")
        verb.add_argument("domain")
        verb.add_argument("source", help=f"path on the {source}")
        verb.add_argument("target", help=f"path on the {target}")


def add_consoles(verbs, commands):
    """Adds `log` and `console`."""
    verb = verbs.add_parser("log", help="print a console: xen, dom0 or a domain's")
    verb.set_defaults(run=commands.do_log)
    verb.add_argument("domain")
    verb = verbs.add_parser("console", help="a shell in a domain, on this terminal")
    verb.set_defaults(run=commands.do_console)
    verb.add_argument("--kernel", action="store_true", help="its Xen console instead")
    verb.add_argument("domain")


def add_domain(verbs, commands):
    """Adds `domain create`, `destroy`, `save`, `restore`, `migrate`."""
    group = verbs.add_parser("domain", help="create, destroy, save, restore, migrate domains")
    group = group.add_subparsers(dest="what", required=True)
    verb = group.add_parser("create", help="create a domain and wait until it is up")
    verb.set_defaults(run=commands.do_domain_create)
    verb.add_argument("name")
    verb.add_argument("--kind", choices=("storage", "app"), required=True)
    add_halves(verb)
    verb.add_argument("--memory", type=int, default=0, metavar="MIB")
    verb.add_argument("--vcpus", type=int, default=0)
    verb.add_argument("--cpus", default="", help="physical processors, as in xl.cfg")
    verb.add_argument("--kernel", default="", help="its kernel, as for `up`")
    verb.add_argument("--nvme", type=int, action="append", default=[], metavar="N",
                      help="pass the N-th NVMe controller through")
    verb.add_argument("--standby", action="store_true",
                      help="ready for a PCI device that is attached later")
    verb.add_argument("--pvh", action="store_true")
    verb.add_argument("--domid", type=int, default=0, metavar="N",
                      help="the id that it is to have, through moat-create")
    repeatable(verb, "--disk", metavar="VDEV=BACKING[@DOMAIN]",
               help="attach a disk, as `disk attach` does")
    repeatable(verb, "--overlay", metavar="DIR")
    repeatable(verb, "--kernel-args", metavar="ARG")
    repeatable(verb, "--xl", metavar="LINE", help="a line for the xl configuration")
    verb.add_argument("--no-wait", action="store_true")
    for name, run in (("destroy", commands.do_domain_destroy),
                      ("save", commands.do_domain_save),
                      ("restore", commands.do_domain_restore),
                      ("migrate", commands.do_domain_migrate)):
        verb = group.add_parser(name, help=run.__doc__)
        verb.set_defaults(run=run)
        verb.add_argument("name")


def add_disk(verbs, commands):
    """Adds `disk attach` and `disk detach`."""
    group = verbs.add_parser("disk", help="attach and detach disks")
    group = group.add_subparsers(dest="what", required=True)
    verb = group.add_parser("attach", help="make a backing device and attach it")
    verb.set_defaults(run=commands.do_disk_attach)
    verb.add_argument("app")
    verb.add_argument("vdev", help="xvdb, ...")
    verb.add_argument("--from", dest="storage", default="storage", metavar="DOMAIN")
    verb.add_argument("--backing", default="nvme",
                      help="nvme[:N] memory[:SIZE] null_blk[:KEY=VALUE,...] brd[:SIZE] "
                           "loop:SIZE cache:SIZE qdisk:SIZE path:FILE")
    verb.add_argument("--readonly", action="store_true")
    verb.add_argument("--cdrom", action="store_true")
    repeatable(verb, "--xl", metavar="KEY=VALUE", help="for xl's disk specification")
    verb.add_argument("--no-wait", action="store_true")
    verb = group.add_parser("detach", help="detach a disk")
    verb.set_defaults(run=commands.do_disk_detach)
    verb.add_argument("app")
    verb.add_argument("vdev")
    verb.add_argument("--force", action="store_true")


def parser(commands):
    """Returns the grammar; commands is the module with the do_... functions."""
    top = argparse.ArgumentParser(prog="lab", description="A Xen machine inside QEMU.")
    top.add_argument("--state", default=default_state(),
                     help="the lab's directory ($MOAT_LAB, build/lab)")
    verbs = top.add_subparsers(dest="verb", required=True)
    add_up(verbs, commands)
    verbs.add_parser("down", help="end the lab").set_defaults(run=commands.do_down)
    verb = verbs.add_parser("status", help="say what the lab is doing")
    verb.set_defaults(run=commands.do_status)
    verb.add_argument("--json", action="store_true")
    add_exec(verbs, commands)
    add_consoles(verbs, commands)
    add_domain(verbs, commands)
    add_disk(verbs, commands)
    return top
