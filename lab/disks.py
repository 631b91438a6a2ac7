# SPDX-License-Identifier: GPL-2.0
"""Disks: makes a backing device in a back-end domain, and attaches and detaches it.

A backing is one of
  nvme[:N]              the N-th namespace-1 device of the domain's NVMe controllers
  memory[:SIZE]         null_blk that keeps its data, 64M
  null_blk[:KEY=VALUE,...]  null_blk with configfs settings (size in MiB, blocksize, ...)
  brd[:SIZE]            a RAM disk; all RAM disks of a domain have the size of the first
  loop:SIZE             a loop device on a file in the domain's memory
  cache:SIZE            a file on the NVMe disk of `up --cache-nvme`, through the page cache
  qdisk:SIZE            a file in dom0, served by QEMU's back end in dom0
  path:FILE             a device that is there already, or that appears later
"""

import json
import os

import domains
import machine
import qdisk
import session
from paths import LabError, LostError

MAKE_S = 480        # as domains.XL_S
MEMORY_MIB = 64
BRD_DISKS = 8
PLAIN = {"readonly": False, "cdrom": False, "wait": True, "xl": []}

MAKE = {
    "nvme": '''
        left=600
        until [ -b /dev/nvme$1n1 ]; do
            left=$((left - 1)); [ $left -gt 0 ] || exit 1; usleep 50000
        done
        echo /dev/nvme$1n1''',
    "null_blk": '''
        modprobe null_blk nr_devices=0 2>/dev/null
        [ -d /sys/kernel/config/nullb ] || mount -t configfs configfs /sys/kernel/config
        dir=/sys/kernel/config/nullb/$1
        mkdir $dir || exit 1
        shift
        for setting; do
            echo "${setting#*=}" >$dir/${setting%%=*} || { rmdir $dir; exit 1; }
        done
        echo 1 >$dir/power || { rmdir $dir; exit 1; }
        for device in /dev/${dir##*/} /dev/nullb$(cat $dir/index); do
            [ -b $device ] && echo $device && exit
        done
        exit 1''',
    "brd": '''
        [ -b /dev/ram0 ] || modprobe brd rd_nr=$3 rd_size=$(($2 / 1024)) max_part=0 || exit 1
        mkdir -p /run/lab-brd
        n=0
        until mkdir /run/lab-brd/$n 2>/dev/null; do
            n=$((n + 1)); [ $n -lt $3 ] || exit 1
        done
        echo $n >/run/lab-brd/$n/index
        echo /dev/ram$n''',
    "loop": '''
        modprobe loop 2>/dev/null
        mkdir -p /run/lab-loop && truncate -s $2 /run/lab-loop/$1 || exit 1
        device=$(losetup -f) && losetup $device /run/lab-loop/$1 && echo $device''',
    "cache": '''
        left=200
        until grep -q " /dev/lab-cache " /proc/mounts; do
            left=$((left - 1)); [ $left -gt 0 ] || exit 1; usleep 50000
        done
        # moat-init makes the loop device, in the domain that replaces this one too.
        truncate -s $2 /dev/lab-cache/$1 && sync && echo /dev/lab-cache/$1''',
    "qdisk": 'mkdir -p /run/lab-loop && truncate -s $2 /run/lab-loop/$1 && '
             'echo /run/lab-loop/$1',
    "path": 'echo $1',
}
REMOVE = {
    "null_blk": 'echo 0 >/sys/kernel/config/nullb/$1/power; rmdir /sys/kernel/config/nullb/$1',
    "brd": 'blockdev --flushbufs $2; rm -r /run/lab-brd/${2#/dev/ram}',
    "loop": 'losetup -d $2; rm -f /run/lab-loop/$1',
    "cache": 'rm -f /dev/lab-cache/$1',
    "qdisk": 'rm -f /run/lab-loop/$1',
}


def shell(state, domain, script, *arguments):
    """Runs a script of ours in a domain; returns what it printed."""
    status, out, err = session.run(state, domain, ["sh", "-c", script, "sh", *arguments],
                                   timeout=MAKE_S)
    if status:
        raise LabError(f"{domain}: cannot make a backing device of {' '.join(arguments)}: "
                       f"{err.decode(errors='replace').strip() or 'it did not appear'}")
    return out.decode().strip()


def backing_arguments(kind, detail, name):
    """Returns the real kind and the arguments of its MAKE script."""
    if kind == "memory":
        size = machine.size_bytes(detail) >> 20 if detail else MEMORY_MIB
        return "null_blk", [name, "memory_backed=1", f"size={size}"]
    if kind == "null_blk":
        return kind, [name, *(word for word in detail.split(",") if word)]
    if kind == "nvme":
        return kind, [detail or "0"]
    if kind == "path" and detail:
        return kind, [detail]
    if kind in ("brd", "loop", "cache", "qdisk") and (detail or kind == "brd"):
        size = machine.size_bytes(detail or f"{MEMORY_MIB}M")
        return kind, [name, str(size), str(BRD_DISKS)]
    raise LabError(f"{kind}:{detail}: not a backing device (see lab/README.md)")


def make_backing(state, storage, text, name):
    """Makes a backing device; returns (kind, its path in the domain)."""
    kind, _, detail = text.partition(":")
    kind, arguments = backing_arguments(kind, detail, name)
    if kind == "qdisk" and storage != "dom0":
        raise LabError("qdisk runs in dom0 only: --from dom0")
    return kind, shell(state, storage, MAKE[kind], *arguments)


def saved(state, app, vdev):
    """Returns the path of what the lab remembers of a disk."""
    return os.path.join(state, "disks", f"{app}.{vdev}.json")


def attach(state, app, vdev, storage, backing, options):
    """Makes a backing device in storage and attaches it to app as vdev."""
    name = f"{app}-{vdev}"
    kind, target = make_backing(state, storage, backing, name)
    os.makedirs(os.path.join(state, "disks"), exist_ok=True)
    with open(saved(state, app, vdev), "w", encoding="utf-8") as f:
        json.dump({"app": app, "vdev": vdev, "storage": storage, "backing": backing,
                   "kind": kind, "name": name, "target": target}, f)
    if kind == "qdisk":
        qdisk.start(state, app)
    words = ["format=raw", f"backendtype={'qdisk' if kind == 'qdisk' else 'phy'}",
             f"backend={'Domain-0' if storage == 'dom0' else storage}", f"vdev={vdev}",
             f"access={'r' if options['readonly'] or options['cdrom'] else 'w'}"]
    words += ["devtype=cdrom"] if options["cdrom"] else []
    words += [*options["xl"], f"target={target}"]  # the target must come last
    try:
        domains.attach(state, app, vdev, ",".join(words), options["wait"])
    except LabError:
        forget(state, app, vdev)
        raise
    return target


def forget(state, app, vdev):
    """Takes a disk's backing device away, where its domain still lives."""
    path = saved(state, app, vdev)
    if not os.path.exists(path):
        return
    with open(path, encoding="utf-8") as f:
        disk = json.load(f)
    os.unlink(path)
    script = REMOVE.get(disk["kind"])
    if script:
        try:
            session.run(state, disk["storage"],
                        ["sh", "-c", script, "sh", disk["name"], disk["target"]],
                        timeout=MAKE_S, wait_ms=0)
        except LostError:
            pass  # a domain that is gone took its devices with it


def detach(state, app, vdev, force=False):
    """Detaches a disk, and takes its backing device away."""
    # xl takes the option only before its arguments, and says nothing of one behind them.
    command = ["xl", "block-detach", *(["--force"] if force else []), app, vdev]
    session.check(state, "dom0", command, timeout=domains.XL_S)
    forget(state, app, vdev)


def remembered(state):
    """Returns all disks that were attached through the lab."""
    found = []
    top = os.path.join(state, "disks")
    for entry in sorted(os.listdir(top)) if os.path.isdir(top) else ():
        with open(os.path.join(top, entry), encoding="utf-8") as f:
            found.append(json.load(f))
    return found


def forget_domain(state, name):
    """A domain is gone, and with it its disks and those it served."""
    for disk in remembered(state):
        if disk["storage"] == name:
            os.unlink(saved(state, disk["app"], disk["vdev"]))
        elif disk["app"] == name:
            forget(state, name, disk["vdev"])
