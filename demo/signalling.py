# SPDX-License-Identifier: GPL-2.0
"""Event channel against spinning: the same load in both modes, counted request by request."""
import json

from client import Half, vdev_number

SQL = """
PRAGMA synchronous=FULL;
CREATE TABLE IF NOT EXISTS account(id INTEGER PRIMARY KEY, mode TEXT, sum INTEGER);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
INSERT INTO account(mode, sum) SELECT '{mode}', i * i FROM n;
SELECT count(*) FROM account WHERE mode = '{mode}';
PRAGMA integrity_check;
"""

COUNTS = [
    ("events, front end to back end", "front", ("notify_sent",)),
    ("events, back end to front end", "back", ("notify_sent",)),
    ("grant operations, front end", "front", ("grants_issued", "grants_ended")),
    ("grant operations, back end", "back",
     ("grant_maps", "grant_unmaps", "grant_copies")),
    ("times the front end slept", "front", ("sleeps",)),
    ("times the back end slept", "back", ("sleeps",)),
]


class Signalling:
    """A disk of the application domain, its two halves, and the folder it is mounted on."""

    def __init__(self, stage, lab, disk, folder):
        self.stage, self.lab, self.folder = stage, lab, folder
        number = vdev_number(disk)
        self.halves = {
            "front": Half(lab, "app", "/sys/bus/xen/devices/vbd-%d/moat" % number),
            "back": Half(lab, "storage", "/sys/bus/xen-backend/devices/vbd-%d-%d/moat"
                         % (lab.domid("app"), number))}

    def set(self, mode):
        for half in self.halves.values():
            half.set("mode", mode)

    def run(self, mode):
        """A database and a verified load in one mode; counts and rates of it."""
        stage = self.stage
        self.set(mode)
        stage.step("Mode %s: SQLite, every transaction flushed; fio, every byte verified" % mode)
        out = self.lab.lab("exec", "app", "--", "sqlite3", self.folder + "/modes.db",
                           SQL.format(mode=mode, rows=500)).stdout.split()
        stage.expect(out[-2:] == ["500", "ok"], "500 rows in the database, integrity check ok")
        fio = ["fio", "--name=v", "--filename=%s/modes.data" % self.folder, "--size=2m",
               "--ioengine=libaio", "--direct=1", "--thread"]
        # Warm: the file has its blocks, the disk more granted pages than it will need.
        # Flushes: the pages of writes that are not flushed are retained, and not used again.
        self.lab.lab("exec", "app", "--", *fio, "--rw=rw", "--bs=64k", timeout=300)
        fio += ["--rw=randrw", "--bs=4k", "--iodepth=1", "--verify=crc32c", "--verify_fatal=1",
                "--fdatasync=16", "--randrepeat=0", "--output-format=json"]
        before = {k: h.counters() for k, h in self.halves.items()}
        out = self.lab.lab("exec", "app", "--", *fio, timeout=300).stdout
        after = {k: h.counters() for k, h in self.halves.items()}
        job = json.loads(out[out.index("{"):])["jobs"][0]
        stage.expect(job["error"] == 0, "fio read back what it wrote")
        return per_request(before, after), job

    def compare(self):
        """Both modes, and what each costs a request."""
        stage, modes = self.stage, ("event", "spin")
        results = {mode: self.run(mode) for mode in modes}
        stage.step("The two ways of signalling, exact counts for each request")
        stage.say("%-34s" % "4 KiB random, depth 1" + "".join("%10s" % m for m in modes))
        stage.say("%-34s" % "requests" + "".join(
            "%10d" % results[m][0]["requests"] for m in modes))
        for i, (text, _, _) in enumerate(COUNTS):
            stage.say("%-34s" % text + "".join(
                "%10.3f" % results[m][0]["counts"][i] for m in modes))
        stage.say("%-34s" % "mean read latency, us (emulated)" + "".join(
            "%10.0f" % (results[m][1]["read"]["clat_ns"]["mean"] / 1000) for m in modes))
        spin = results["spin"][0]["counts"]
        # Not exactly zero: the journal may want a page more than the warm-up did.
        stage.expect(max(spin[:2]) < 0.005, "spinning: 0.00 events a request, both sides")
        stage.expect(max(spin[2:4]) < 0.005,
                     "spinning: 0.00 grant operations a request, both sides")
        stage.expect(results["event"][0]["counts"][0] > 0, "event channel: events were sent")
        self.set("adaptive")


def per_request(before, after):
    gained = {k: {n: after[k][n] - before[k][n] for n in after[k]} for k in after}
    requests = sum(gained["front"][n] for n in ("reads", "writes", "flushes"))
    counts = [sum(gained[half][n] for n in names) / requests for _, half, names in COUNTS]
    return {"requests": requests, "counts": counts}
