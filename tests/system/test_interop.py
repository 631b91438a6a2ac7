# SPDX-License-Identifier: GPL-2.0
"""Each half on the stock other half; every pair passes the same data test."""
from load import verified
from runner import check

MODES = ("event", "spin", "adaptive")


def pair(machine, front, back):
    """A disk between a front end and a back end of the given kinds."""
    app, storage = "app", "storage"
    if front == "stock":
        app = "stockapp"
        machine.create(app, "app", front="stock")
    if back == "stock":
        storage = "stockstore"
        machine.create(storage, "storage", back="stock")
    return machine.attach("xvdb", "memory", app=app, storage=storage)


def same_data_test(disk):
    for mode in MODES:
        disk.modes(mode)
        verified(disk, bs="512-100k", depth=8, size="2m")
        verified(disk, bs="4k", depth=1, size="512k")


def test_moat_on_stock(machine):
    disk = pair(machine, "moat", "stock")
    for path in ("persistent", "grant"):
        disk.front.set("data_path", path)
        same_data_test(disk)


def test_stock_on_moat(machine):
    disk = pair(machine, "stock", "moat")
    for path in ("persistent", "map", "copy"):
        disk.back.set("data_path", path)
        same_data_test(disk)


def test_stock_on_stock(machine):
    """Not ours, but it shows that the test itself is fair."""
    verified(pair(machine, "stock", "stock"), bs="512-100k", depth=8, size="2m")


def test_moat_on_qdisk(machine):
    """QEMU's user-space back end, in dom0: another implementation altogether."""
    disk = machine.attach("xvdb", "qdisk:16M", storage="dom0")
    for mode in MODES:
        disk.front.set("mode", mode)
        verified(disk, bs="512-100k", depth=8, size="2m")


def test_32_bit_layout(machine):
    """A front end that announces x86_32-abi, as a 32-bit guest's does."""
    machine.create("app32", "app", "--module-args", "moat-front protocol=x86_32-abi")
    disk = machine.attach("xvdb", "memory", app="app32")
    said = machine.sh("dom0", "xenstore-read /local/domain/%d/device/vbd/51728/protocol"
                      % machine.domid("app32")).strip()
    check(said == "x86_32-abi", "the front end announced " + said)
    same_data_test(disk)
