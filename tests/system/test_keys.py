# SPDX-License-Identifier: GPL-2.0
"""What a front end writes into its directory of xenstore, and that it takes it along."""
from client import vdev_number
from load import verified
from runner import check
from test_reconnect import CACHED, again
from toolstack import Reconnection

DRIVER = "/sys/bus/xen/drivers/moat-front"
PARAMETERS = "/sys/module/moat_back/parameters/"
# What only Moat writes, and what describes rings.
OURS = ("moat-state", "moat-trouble", "moat-mode", "moat-stats", "feature-moat-recovery",
        "feature-moat-readonly-grants", "moat-connection")
RINGS = ("ring-ref", "queue-", "event-channel", "ring-page-order", "multi-queue-num-queues")


def keys(machine, front):
    """Names of all keys below a front end's directory."""
    text = machine.sh("dom0", "xenstore-ls -f %s | sed 's/ = .*//'" % front)
    return [line[len(front) + 1:] for line in text.splitlines() if line.startswith(front + "/")]


def starting(names, starts):
    return [n for n in names if n.startswith(starts)]


def test_rings_of_other_shapes(machine):
    """Many rings of many pages, one of one, and back: no key of another shape stays."""
    old = {name: machine.sh("storage", "cat %s" % PARAMETERS + name).strip()
           for name in ("max_ring_page_order", "max_queues")}
    shapes = ((1, 0, {"ring-ref", "event-channel"}),
              (1, 2, {"ring-ref0", "ring-ref1", "ring-ref2", "ring-ref3", "event-channel",
                      "ring-page-order"}),
              (2, 0, {"queue-0", "queue-0/ring-ref", "queue-0/event-channel", "queue-1",
                      "queue-1/ring-ref", "queue-1/event-channel", "multi-queue-num-queues"}),
              (1, 0, {"ring-ref", "event-channel"}))
    try:
        # The first connection decides how many there can be.
        machine.sh("storage", "echo 2 >%smax_queues" % PARAMETERS)
        machine.create("shapes", "app", "--vcpus", "2", "--module-args",
                       "moat-front ring_order=2")
        disk = machine.attach("xvdb", CACHED, app="shapes")
        link = Reconnection(disk)
        for queues, order, expected in shapes:
            machine.sh("storage", "echo %d >%smax_queues; echo %d >%smax_ring_page_order"
                       % (queues, PARAMETERS, order, PARAMETERS))
            again(link)
            found = set(starting(keys(machine, link.front), RINGS))
            check(found == expected, "%d rings of order %d: %s" % (queues, order, found))
            verified(disk, size="256k")
    finally:
        for name, value in old.items():
            machine.sh("storage", "echo %s >%s" % (value, PARAMETERS + name))


def test_leaving_takes_all_keys_along(machine):
    """The driver goes and comes: in between there is nothing of it."""
    disk = machine.attach("xvdb", "memory")
    link = Reconnection(disk)
    device = "vbd-%d" % vdev_number("xvdb")
    check(set(OURS[:1] + OURS[2:3] + OURS[4:5]) <= set(keys(machine, link.front)),
          "where are they: %s" % keys(machine, link.front))
    machine.sh("app", "echo %s >%s/unbind" % (device, DRIVER))
    left = starting(keys(machine, link.front), OURS + RINGS + ("protocol", "feature-"))
    check(not left, "left behind: %s" % left)
    machine.sh("app", "echo %s >%s/bind" % (device, DRIVER))
    check(machine.wait_until("app", "[ -b /dev/xvdb ]"), "it did not come again")
    check(link.wait("moat-state", "up"), "moat-state is %s" % link.read("moat-state"))
    verified(disk, size="256k")


def test_closed_is_not_able(machine):
    """A disk that has closed, while its directory stays, is none that could be served."""
    disk = machine.attach("xvdb", "memory")
    link = Reconnection(disk)
    back = machine.sh("dom0", "xenstore-read %s/backend" % link.front).strip()
    machine.sh("dom0", "xenstore-write %s/online 0 %s/state 5" % (back, back))
    check(link.wait("state", "6"), "the front end does not close")
    left = starting(keys(machine, link.front), OURS)
    check(not left, "left behind: %s" % left)


def test_two_names_of_one_disk(machine):
    """hdb is xvdb: the second is refused with a reason, the first is unharmed."""
    machine.allowed_log += [r"vbd vbd-\d+: .*there is a disk of this name already"]
    disk = machine.attach("xvdb", "memory")
    device = machine.sh("storage", "ls /dev/nullb* /dev/app-xvdb 2>/dev/null | head -n 1").strip()
    number = (3 << 8) + 64
    machine.try_sh("dom0", "timeout 20 xl block-attach app 'format=raw,backend=storage,vdev=hdb,"
                   "access=w,target=%s'" % device)
    error = "/local/domain/%d/error/device/vbd/%d/error" % (machine.domid("app"), number)
    said = machine.wait_until("dom0", "xenstore-read %s | grep -q '^17 xvdb: .*already'" % error)
    check(said, "xenstore says %s" % machine.try_sh("dom0", "xenstore-read %s" % error)[1])
    machine.try_sh("dom0", "timeout 30 xl block-detach --force app hdb")
    verified(disk, size="256k")


def test_settings_outlive_a_back_end(machine):
    """What an administrator has set in sysfs stays through a recovery."""
    disk = machine.attach("xvdb", CACHED)
    link = Reconnection(disk)
    queue = "/sys/block/xvdb/queue/"
    want = {"max_sectors_kb": "64", "write_cache": "write through"}
    plain = {name: machine.sh("app", "cat " + queue + name).strip() for name in want}
    check(plain["write_cache"] == "write back", "the cache is %s" % plain["write_cache"])
    again(link)
    for name, value in plain.items():
        got = machine.sh("app", "cat " + queue + name).strip()
        check(got == value, "%s was %s, and is %s" % (name, value, got))
    for name, value in want.items():
        machine.sh("app", "echo %s >%s" % (value, queue + name))
    for _ in range(2):
        again(link)
        for name, value in want.items():
            got = machine.sh("app", "cat " + queue + name).strip()
            check(got == value, "%s was set to %s, and is %s" % (name, value, got))


def test_parameters_are_bounded(machine):
    """As a disk's own files are."""
    for name, value in (("window_max_ns", 2000000000), ("window_min_ns", 2000000000),
                        ("stall_s", 4000), ("give_up_s", 3000000), ("retain_kib", 2000000)):
        path = "/sys/module/moat_front/parameters/" + name
        before = machine.sh("app", "cat " + path)
        status, _ = machine.try_sh("app", "echo %d >%s" % (value, path))
        check(status and machine.sh("app", "cat " + path) == before,
              "%s can be %d" % (name, value))
