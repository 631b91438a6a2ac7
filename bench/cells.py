# SPDX-License-Identifier: GPL-2.0
"""What is measured: the ways to a disk, the devices, and the cells of the matrix.

A cell is one job; it is measured on every way in every round. `part` names the machine
it needs: see run's PARTS.
"""
from collections import namedtuple

# A way: the domain of the application, the one of the driver (None: no split), and what
# the Moat halves on it are set to.
Way = namedtuple("Way", "key text app storage mode")

WAYS = [
    Way("local", "local, no split", "app", None, None),
    Way("stock", "stock: xen-blkfront, xen-blkback", "sapp", "sstorage", None),
    Way("event", "moat, event channel", "app", "storage", "event"),
    Way("spin", "moat, spinning", "app", "storage", "spin"),
    Way("adaptive", "moat, adaptive", "app", "storage", "adaptive"),
    Way("front-event", "moat-front on stock, event", "app", "sstorage", "event"),
    Way("front-spin", "moat-front on stock, spin", "app", "sstorage", "spin"),
    Way("front-adaptive", "moat-front on stock, adaptive", "app", "sstorage", "adaptive"),
    Way("back-event", "stock on moat-back, event", "sapp", "storage", "event"),
    Way("back-spin", "stock on moat-back, spin", "sapp", "storage", "spin"),
    Way("back-adaptive", "stock on moat-back, adaptive", "sapp", "storage", "adaptive"),
]
WAY = {way.key: way for way in WAYS}
MAIN = ("local", "stock", "event", "spin", "adaptive")
MODES = ("event", "spin", "adaptive")

# What a storage domain makes of it (see lab/disks.py).
BACKING = {"null_blk": "null_blk:size=1024", "brd": "brd:64M", "nvme": "nvme:0"}

KIB = 1024
DEFAULTS = {"tool": "lean", "engine": "", "rw": "randread", "bs": 4 * KIB, "depth": 1,
            "jobs": 1, "fsync": False, "iopoll": False, "devices": ("null_blk",),
            "part": "main", "quick": False, "traced": False}
Cell = namedtuple("Cell", ["key", "text", *DEFAULTS])

KINDS = {"randread": "random read", "randwrite": "random write", "read": "sequential read",
         "write": "sequential write"}
ALL = ("null_blk", "brd", "nvme")


def size_text(size):
    for unit, name in ((KIB * KIB, "MiB"), (KIB, "KiB")):
        if size % unit == 0:
            return "%d %s" % (size // unit, name)
    return "%d B" % size


def cell(**options):
    """A cell, with a key and a text made of what it is."""
    c = {**DEFAULTS, **options}
    c["engine"] = c["engine"] or ("sync" if c["depth"] == 1 else "aio")
    key, text = [c["rw"], str(c["bs"]), "d%d" % c["depth"]], [
        size_text(c["bs"]), KINDS[c["rw"]] + ",", "depth %d" % c["depth"]]
    if c["jobs"] > 1:
        key.append("j%d" % c["jobs"])
        text.append("in %d jobs" % c["jobs"])
    for name, word, words in (("fsync", "fsync", ", fsync each"),
                              ("iopoll", "iopoll", ", IOPOLL")):
        if c[name]:
            key.append(word)
            text[-1] += words
    if c["engine"] == "io_uring":
        key.append("uring")
        text[-1] += ", io_uring"
    if c["tool"] == "fio":
        key.append("fio")
        text[-1] += " (fio)"
    if c["part"] != "main":
        key.append(c["part"])
    return Cell("-".join(key), " ".join(text), **c)


def _cells():
    for depth in (1, 4, 16, 64):
        some = {1: ALL, 16: ALL}.get(depth, ("null_blk",))
        yield cell(depth=depth, devices=some, quick=depth != 4, traced=depth != 4)
        yield cell(depth=depth, rw="randwrite", devices=some)
    yield cell(bs=512)
    for bs in (64 * KIB, KIB * KIB):
        for rw in ("read", "write"):
            yield cell(bs=bs, rw=rw, depth=4, devices=ALL if rw == "read" else ("null_blk",))
    yield cell(jobs=4, depth=4)
    yield cell(rw="randwrite", fsync=True, devices=ALL)
    yield cell(depth=16, engine="io_uring")
    for depth in (1, 16, 64):
        yield cell(depth=depth, tool="fio", quick=depth == 1)
    for depth in (1, 16):
        yield cell(part="queues", jobs=2, depth=depth)
    yield cell(part="iopoll", engine="io_uring")
    yield cell(part="iopoll", engine="io_uring", iopoll=True)
    yield cell(part="tenants")
    for bs in (KIB // 2, 4 * KIB, 16 * KIB, 64 * KIB, 256 * KIB):
        yield cell(part="copy", bs=bs)
        yield cell(part="copy", bs=bs, rw="randwrite")
    for depth in (16, 64):
        yield cell(part="batches", depth=depth)
    for options in ({"depth": 1}, {"depth": 16}, {"depth": 1, "fsync": True},
                    {"depth": 4, "bs": 64 * KIB, "rw": "write"}, {"depth": 16, "rw": "randread"}):
        yield cell(**{"part": "retention", "rw": "randwrite", **options})


CELLS = list(_cells())
CELL = {c.key: c for c in CELLS}

# --part copy: the settings of the front end's and the back end's data path.
Path = namedtuple("Path", "key text front back")
PATHS = [
    Path("persistent", "persistent grant and copy", "persistent", "auto"),
    Path("map", "grant map", "grant", "map"),
    Path("copy", "grant copy", "grant", "copy"),
]

# --part batches: how many requests of a batch the front end shows before it is whole, and how
# many the back end takes at once.
Batch = namedtuple("Batch", "mode early budget")
BATCHES = {"%s, %s" % (mode, name): Batch(mode, early, budget)
           for mode in ("event", "adaptive")
           for name, early, budget in (("whole", 1000, 32), ("in parts", 4, 4))}

# --part retention: KiB of acknowledged, unflushed writes that the front end keeps, by way.
RETENTIONS = {"retained": 16384, "unretained": 0}
VOLATILE = "null_blk:size=64,memory_backed=1,cache_size=16"

# --part recovery: how a storage domain is replaced.
RECOVERIES = {"standby": "crash, a standby is ready", "cold": "crash, no standby",
              "takeover": "crash, a stock front end", "upgrade": "moat upgrade"}
# What a domain takes that is made for the purpose: until its kernel runs, then until what that
# says in bench/recovery.py.
BOOTS = {"create": "created", "kernel": "kernel, to its first program",
         "init": "moat-init, modules", "disk": "device, disk"}
