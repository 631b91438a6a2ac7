# SPDX-License-Identifier: GPL-2.0
"""What one tenant has in flight is bounded, and its neighbour sees no error."""
from load import READS, lasting, stopped, verified
from runner import check, takes_long

# A device that takes four seconds for whatever it is given, all at once; with five null_blk
# itself would give up.
SLOW = "null_blk:memory_backed=0,irqmode=2,completion_nsec=4000000000,hw_queue_depth=512,size=512"
# Each of its requests brings pages of its own, and needs as many mappings.
GREEDY = ("xen-blkfront feature_persistent=0 max_indirect_segments=128 max_ring_page_order=%d "
          "max_queues=1")
MODULE = "/sys/module/moat_back/parameters/"


def greedy(machine, storage, order, depth, *options):
    """A guest that has a slow disk read @depth requests of 512 KiB at once, in the background."""
    machine.create("greedy", "app", "--module-args", GREEDY % order, *options, front="stock")
    disk = machine.attach("xvdb", SLOW, app="greedy", storage=storage)
    lasting(machine, "greedy", "load",
            READS.format(dev=disk.dev, bs="512k", depth=depth, size="512m"))
    bounded = machine.wait_until(storage, "[ $(cat %s/ring0/bounded) -gt 0 ]" % disk.back.path,
                                 60)
    check(bounded, "nothing bounds what is in flight")
    return disk


@takes_long
def test_mappings_run_out(machine):
    """Xen's table of mappings is small; what one guest may have of it is smaller yet.

    Then the bounds are lifted and the table does run out: requests wait for room in it.
    """
    machine.create("small", "storage", "--xl", "max_maptrack_frames=24")
    disk = greedy(machine, "small", 3, 256, "--memory", "512")
    neighbour = machine.attach("xvdb", "memory", storage="small")
    neighbour.back.set("data_path", "map")
    verified(neighbour, size="256k", depth=4)
    machine.sh("small", "for name in disk_pages tenant_pages; do echo 1000000 >%s$name; done"
               % MODULE)
    full = machine.wait_until("small", "[ $(cat %s/ring0/deferrals) -gt 0 ]" % disk.back.path,
                              60)
    check(full, "the table never ran out")
    verified(neighbour, size="64k", depth=4)
    stopped(machine, "greedy", "load", 120)
    for name in ("greedy", "app"):
        half = disk.back if name == "greedy" else neighbour.back
        check(half.counters()["errors"] == 0, "%s was answered with errors" % name)


def test_memory_would_run_out(machine):
    """Copied pages are the storage domain's own: more are wanted than it has."""
    machine.create("copying", "storage", "--module-args", "moat-back data_path=copy")
    disk = greedy(machine, "copying", 4, 512, "--memory", "640")
    neighbour = machine.attach("xvdb", "memory", storage="copying")
    verified(neighbour, size="256k", depth=4)
    stopped(machine, "greedy", "load", 120)
    check(disk.back.counters()["errors"] == 0, "requests were answered with errors")
