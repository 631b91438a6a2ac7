# SPDX-License-Identifier: GPL-2.0
"""Loads that check their own data: fio with verification, and checksums."""
import json

from runner import Failure

# Longer than any case.
LASTS_S = 3600
# The fio command of reads, for lasting().
READS = ("fio --name=reads --filename={dev} --rw=randread --bs={bs} --iodepth={depth} "
         "--ioengine=libaio --direct=1 --size={size} --io_size=100g --thread")


def block_size(bs):
    """fio has one option for a size and another for a range of sizes."""
    return ("--bsrange=" if "-" in bs else "--bs=") + bs


def fio(disk, rw="randwrite", bs="4k", depth=16, size="16m", engine="libaio",
        verify=True, extra=(), timeout=240, target=None):
    """Run fio on a disk (or target); return its result; fail on any error.

    Writes are read back and verified by fio itself, block by block.
    """
    args = ["fio", "--name=load", "--filename=" + (target or disk.dev), "--rw=" + rw,
            block_size(bs), "--iodepth=%d" % depth,
            "--ioengine=" + engine, "--size=" + size, "--direct=1",
            "--output-format=json", "--randrepeat=0", "--thread"]
    if verify:
        args += ["--verify=crc32c", "--verify_fatal=1", "--do_verify=1"]
    done = disk.machine.lab("exec", disk.app, "--", *args, *extra, timeout=timeout,
                            check=False)
    if done.returncode:
        raise Failure("fio %s bs=%s on %s: exit %d\n%s" % (
            rw, bs, disk.dev, done.returncode, done.stderr[-1500:]))
    job = json.loads(done.stdout[done.stdout.index("{"):])["jobs"][0]
    if job["error"]:
        raise Failure("fio %s on %s: error %d" % (rw, disk.dev, job["error"]))
    return job


def verified(disk, bs="4k", depth=16, size="8m", **more):
    """Random writes, all read back: the data test every combination passes."""
    job = fio(disk, bs=bs, depth=depth, size=size, **more)
    if not job["write"]["total_ios"] or not job["read"]["total_ios"]:
        raise Failure("fio on %s did no I/O" % disk.dev)
    return job


def in_background(machine, domain, name, command):
    """Start a command in a domain; its exit status will stand in /run/NAME.status."""
    machine.sh(domain, "cd /run; rm -f {0}.status {0}.begun {0}.stop; (set +e; {1}; "
               "echo $? >/run/{0}.status) >/run/{0}.out 2>&1 </dev/null &".format(name, command))


def finished(machine, domain, name, seconds=120):
    """Wait for in_background(); fail unless the command succeeded."""
    if not machine.wait_until(domain, "[ -s /run/%s.status ]" % name, seconds):
        raise Failure("%s in %s did not end within %d s" % (name, domain, seconds))
    status = machine.sh(domain, "cat /run/%s.status" % name).strip()
    if status != "0":
        raise Failure("%s in %s: exit %s\n%s" % (
            name, domain, status, machine.sh(domain, "tail -n 20 /run/%s.out" % name)))


def until_told(machine, domain, name, command):
    """in_background(), again and again until stopped(): a host may be as slow as it likes."""
    in_background(machine, domain, name,
                  "touch /run/{0}.begun; (until [ -e /run/{0}.stop ]; do {1} || exit 1; done)"
                  .format(name, command))


def lasting(machine, domain, name, command):
    """in_background(): fio that goes on without a gap until stopped(), where its rate counts.

    command: without an end of its own.
    """
    in_background(machine, domain, name, "{1} --time_based --runtime={2} --trigger-file=/run/"
                  "{0}.stop --exec_prerun='touch /run/{0}.begun'".format(name, command, LASTS_S))


def stopped(machine, domain, name, seconds=120):
    """Have until_told() or lasting() come to its end; fail unless each command succeeded."""
    # Told before it has begun fio calls that an error.
    if not machine.wait_until(domain, "[ -e /run/%s.begun ]" % name, seconds):
        raise Failure("%s in %s has not begun within %d s" % (name, domain, seconds))
    machine.sh(domain, "touch /run/%s.stop" % name)
    finished(machine, domain, name, seconds)


def verify_loop(disk, seconds=None, depth=8, bs="512-64k", batch=1):
    """The fio command of a verified load of so many seconds; None: for lasting().

    batch: so many requests are submitted with one call.
    """
    bound = "--time_based --runtime=%d " % seconds if seconds else ""
    return ("fio --name=loop --filename=%s --rw=randrw %s --iodepth=%d "
            "--ioengine=libaio --direct=1 --size=8m --io_size=1g %s"
            "--verify=crc32c --verify_fatal=1 --verify_backlog=64 --thread "
            "--randrepeat=0 --iodepth_batch=%d --iodepth_batch_complete_max=%d"
            % (disk.dev, block_size(bs), depth, bound, batch, batch))
