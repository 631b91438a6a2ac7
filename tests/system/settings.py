# SPDX-License-Identifier: GPL-2.0
"""What an administrator may have set when a fault strikes: for the campaign.

docs/campaign.md says what they are to people; its list is checked against this one.
"""
import collections

import swapping

# on, off: scripts; off fails where something went wrong meanwhile. on is given the disks.
# stacked: no setting of a disk, but a load of another kind.
Setting = collections.namedtuple("Setting", "name where on off text")

SWAP_DEVICE = "/dev/xvdb4"
STACKED = "stacked"
PROCESSORS = "processors"
DISKS = "for disk in xvdb xvdc; do queue=/sys/block/$disk/queue; %s; done"
CGROUP = "/sys/fs/cgroup/limited"
# Into the group go the loads that run; out of it, to the root, with its end.
ENTER = ("cd /sys/fs/cgroup; [ -e cgroup.procs ] || mount -t cgroup2 none . && "
         "cd /sys/fs/cgroup; echo +io >cgroup.subtree_control; mkdir -p limited; "
         "for pid in $(cat /run/*.pid); do echo $pid >limited/cgroup.procs || true; done; ")
LEAVE = ("cd /sys/fs/cgroup; for pid in $(cat limited/cgroup.procs); do "
         "echo $pid >cgroup.procs || true; done; rmdir limited")
# One processor goes and comes for as long as the file is there.
CPU = "/sys/devices/system/cpu/cpu1/online"
CHURN_ON = ("touch /run/churn; (while [ -e /run/churn ]; do echo 0 >{0}; usleep 500000; "
            "echo 1 >{0}; usleep 500000; done) >/dev/null 2>&1 </dev/null &").format(CPU)
CHURN_OFF = ("rm /run/churn; n=0; until [ $(cat %s) = 1 ]; do n=$((n + 1)); "
             "[ $n -lt 100 ] || exit 1; usleep 100000; done" % CPU)


def scheduler(name):
    return Setting(name, "app", DISKS % ("echo %s >$queue/scheduler" % name),
                   DISKS % "echo none >$queue/scheduler", "I/O scheduler %s" % name)


SETTINGS = {setting.name: setting for setting in (
    scheduler("mq-deadline"),
    scheduler("bfq"),
    scheduler("kyber"),
    Setting("nr_requests", "app",
            DISKS % "cat $queue/nr_requests >/run/$disk.nr; echo 20 >$queue/nr_requests",
            DISKS % "cat /run/$disk.nr >$queue/nr_requests", "queues of twenty requests"),
    Setting("wbt", "app", DISKS % "echo 1000 >$queue/wbt_lat_usec",
            DISKS % "echo -1 >$queue/wbt_lat_usec", "writes throttled at 1 ms"),
    Setting("io.max", "app",
            ENTER + DISKS % "echo $(cat /sys/block/$disk/dev) wiops=200 riops=200 >limited/io.max",
            LEAVE, "200 reads and writes a second"),
    Setting("io.cost", "app",
            ENTER + DISKS % "echo $(cat /sys/block/$disk/dev) enable=1 >io.cost.qos",
            DISKS % "echo $(cat /sys/block/$disk/dev) enable=0 >/sys/fs/cgroup/io.cost.qos" +
            "; " + LEAVE, "shares by cost"),
    Setting("swap", "app", swapping.on(SWAP_DEVICE), swapping.off(SWAP_DEVICE),
            "the domain swaps to the disk, for its life"),
    Setting("balloon", "dom0", "xl mem-set app 384m", "xl mem-set app 448m",
            "64 MiB of memory are taken from the domain"),
    Setting(PROCESSORS, "app", CHURN_ON, CHURN_OFF,
            "a processor of the domain goes and comes all the time"),
    Setting(STACKED, None, None, None, "RAID 1, dm-crypt and LVM on the disks"),
)}


def apply(machine, setting):
    """Have it so; the loads are running."""
    machine.sh(setting.where, setting.on, timeout=2 * swapping.START_S)


def undo(machine, setting):
    """Have it as before; what went wrong meanwhile, "" if nothing."""
    status, out = machine.try_sh(setting.where, "set -e; " + setting.off,
                                 timeout=2 * swapping.END_S)
    return "setting %s: %s" % (setting.name, out.strip()) if status else ""
