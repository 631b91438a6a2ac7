#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""moat status: what it calls wrong, and how it tells people and programs."""

import copy
import json
import os
import re
import unittest

from fake_store import DEADLINE
from moat_case import Case, DEGRADED, DOWN, FAILED, NO_DAEMON, OK, STATUS, TOP, event

FAILURE = event("failed", text="create failed with status 1")
DISK = STATUS["storage"][0]["disks"][0]

# What is changed in a storage domain that is well: what it is called, what is said of it.
WRONG = (
    ({"state": "gave-up", "domid": None}, DOWN, "gave-up", "given up"),
    ({"state": "waiting", "domid": None, "why": "crash"}, DOWN, "waiting", "crash"),
    ({"state": "recovering", "why": "heartbeat"}, DOWN, "recovering", "heartbeat"),
    ({"state": "absent", "domid": None}, DOWN, "absent", "no such domain"),
    ({"state": "foreign"}, DOWN, "foreign", "not Moat's"),
    ({"state": "suspended"}, DOWN, "suspended", "being saved"),
    ({"state": "booting"}, DOWN, "booting", "not booted"),
    ({"held": True}, DEGRADED, "held", "as it was told"),
    ({"held": True, "state": "held", "verdict": "it crashed"}, DOWN, "held", "told: it crashed"),
    ({"state": "enchanted"}, DEGRADED, "state", "'enchanted'"),
    ({"standby": None}, DEGRADED, "no-standby", "wait for a boot"),
    ({"standby": None, "failure": FAILURE}, DEGRADED, "no-standby", "status 1"),
    ({"standby": None, "standby_gave_up": True}, DEGRADED, "no-standby", "one after the other"),
    ({"pci": [{"device": "0000:00:04.0", "domid": None}]}, DEGRADED, "device-away",
     "no domain has"),
    ({"pci": [{"device": "0000:00:04.0", "domid": 9}]}, DEGRADED, "device-away", "domain 9 has"),
    ({"heartbeat_age_ms": 6000}, DEGRADED, "silent", "6.0 s"),
    ({"health": {"poller_ms": 2500, "device_ms": 0}}, DEGRADED, "poller", "2.5 s"),
    ({"health": {"poller_ms": 0, "device_ms": 30000}}, DEGRADED, "device", "30.0 s"),
    ({"disks": [{**DISK, "moat_state": "failed"}]}, DEGRADED, "disk-failed", "all its I/O fails"),
    ({"disks": [{**DISK, "trouble": "refused another disk"}]}, DEGRADED, "disk-trouble",
     "refused another disk"),
    ({"disks": [{**DISK, "hotplug": "error", "front_state": 1}]}, DEGRADED, "disk-refused",
     "/dev/nvme0n1"),
    ({"disks": [{**DISK, "back_state": 5, "recovery": False}]}, DEGRADED, "disk-stranded",
     "cannot recover"),
    ({"disks": [{**DISK, "backend_domid": 3}]}, DEGRADED, "disk-stranded", "nobody serves"),
    ({"disks": [{**DISK, "back_state": 2, "misfit": "sectors 8 are fewer"}]}, DEGRADED,
     "disk-misfit", "leaves it alone: sectors 8"),
)

# ... and what is no trouble.
RIGHT = (
    {}, {"held": False}, {"standby": None, "standby_wanted": False}, {"state": "upgrading"},
    {"standby": {"domid": 8, "state": "booting"}}, {"failure": FAILURE}, {"crashes": 4},
    {"disks": []}, {"pci": []}, {"heartbeat_age_ms": 2000},
    {"disks": [{**DISK, "recovery": False, "moat_state": None}]},
    # a guest that has not loaded its driver yet
    {"disks": [{**DISK, "front_state": 1, "back_state": 2, "moat_state": None}]},
)


def well(name="storage", **changes):
    storage = copy.deepcopy(STATUS["storage"][0])
    storage["disks"] = storage["disks"][:1]
    storage.update(name=name, **changes)
    return storage


class Status(Case):
    def setUp(self):
        super().setUp()
        self.daemon = self.moatd()

    def tell(self, *storage):
        self.daemon.answers["status"] = {"ok": True, "storage": list(storage)}

    def test_well(self):
        for changes in RIGHT:
            with self.subTest(changes=changes):
                self.tell(well(**changes), well("other"))
                self.assertEqual(self.moat("status", "-x")[0], "All is well.\n")
                told = json.loads(self.moat("status", "-x", "--json")[0])
                self.assertEqual(told, {"version": 1, "condition": "ok", "storage": []})
        self.assertEqual(self.terminal("status", "-x"), (OK, "All is well.\n"))
        self.tell()
        self.assertEqual(self.moat("status", "-x")[0], "All is well.\n")

    def test_wrong(self):
        for changes, status, word, text in WRONG:
            with self.subTest(changes=changes):
                self.tell(well("other"), well(**changes))
                told = json.loads(self.moat("status", "-x", "--json", status=status)[0])
                self.assertEqual(told["condition"], "down" if status == DOWN else "degraded")
                storage, = told["storage"]      # and not the other
                self.assertEqual((storage["name"], storage["condition"]),
                                 ("storage", told["condition"]))
                problem, = storage["problems"]
                self.assertEqual(problem["problem"], word)
                self.assertIn(text, problem["text"])
                self.assertGreater(len(problem["advice"]), 10)
                self.assertNotIn("STORAGE", problem["advice"])
                self.assertEqual(problem["vdev"], "xvda" if "disk-" in word else None)
                out, _ = self.moat("status", "-x", status=status)
                self.assertIn(problem["text"], out)
                self.assertIn(problem["advice"], out)
                self.assertEqual(len(out.splitlines()), 2)
                # whoever does not ask for it gets no other exit status
                self.moat("status")

    def test_worst(self):
        self.tell(well(state="absent"), well("other", standby=None), well("third"))
        self.moat("status", "-x", status=DOWN)
        self.moat("status", "-x", "other", status=DEGRADED)
        self.moat("status", "-x", "third")

    def test_no_daemon(self):
        self.daemon.stop()
        self.fails(["status", "-x"], NO_DAEMON, "not running")

    def test_state(self):
        """In the table "degraded" takes the place of "ready", and says why."""
        self.tell(well(standby=None, disks=[{**DISK, "moat_state": "failed"}] * 2))
        self.assertIn("  degraded: no-standby, disk-failed  ", self.moat("status")[0])

    def test_terminal(self):
        self.tell(well(standby=None, failure=FAILURE), *STATUS["storage"])
        for columns in 80, 50:
            status, shown = self.terminal("status", columns=columns)
            self.assertEqual(status, OK)
            lines = shown.splitlines()
            self.assertEqual([line for line in lines if len(line) > columns], [])
            for word in ("storage: degraded: no-standby", "  standby     none",
                         "  problem     ", "  to do       ", "backup: recovering: gone, asked to",
                         "  pci         0000:00:05.0(away)", "disk        app (2) xvda: up"):
                self.assertIn(word, shown)
            self.assertNotIn("\x1b", shown)
        # a line that was folded says the same
        folded = re.sub(r"\n {14}", " ", self.terminal("status", columns=50)[1])
        for line in self.terminal("status", columns=1000)[1].splitlines():
            self.assertIn(line.strip(), folded)
        status, shown = self.terminal("status", "-x", "storage")
        self.assertEqual(status, DEGRADED)
        self.assertNotIn("  disk ", shown)
        self.assertIn("STORAGE", self.terminal("status", "--table", columns=200)[1])

    def test_names(self):
        self.tell(well("a b"), well("c"), {}, 5)
        self.assertEqual(self.moat("status", "--names")[0], "a b\nc\n")


class Wait(Case):
    def test_until_it_serves(self):
        """Neither moatd nor the storage domain is there when it begins."""
        process = self.start("wait", "--wait", str(3 * DEADLINE), "storage")
        storage = well(state="absent", domid=None)
        daemon = self.moatd(status={"ok": True, "storage": [storage, well("other")]})
        daemon.wait("status")
        storage["state"] = "booting"
        daemon.requests.clear()
        daemon.wait("status")
        self.assertIsNone(process.poll())
        storage.update(state="ready", domid=7, standby=None)    # degraded, but it serves
        self.assertEqual(self.end(process, OK), ("", ""))

    def test_all_or_one(self):
        self.moatd(status={"ok": True, "storage": [well(), well("other", state="gave-up")]})
        self.moat("wait", "storage")
        self.fails(["wait", "--wait", "0.3"], DOWN, "all storage domains: not within 0.3 s")
        self.fails(["wait", "--wait", "0.3", "other"], DOWN, "other: not within 0.3 s", "status -x")
        self.fails(["wait", "nobody"], FAILED, "no storage domain 'nobody'")

    def test_no_daemon(self):
        self.fails(["wait", "--wait", "0.3"], NO_DAEMON, "moatd has not answered")


class Manual(Case):
    """moat-json(5) is a promise: what stands there is told, what is told stands there."""

    def keys(self, value):
        if isinstance(value, dict):
            for key, below in value.items():
                yield key
                yield from self.keys(below)
        elif isinstance(value, list):
            for below in value:
                yield from self.keys(below)

    def test_keys_and_words(self):
        with open(os.path.join(TOP, "tools", "moat", "moat-json.5"), encoding="utf-8") as page:
            text = page.read()
        documented = set(re.findall(r"^\.(?:It )?Va (\w+)", text, re.M) +
                         re.findall(r"^\.It Va \w+ , (\w+)", text, re.M))
        self.moatd(status={"ok": True, "storage": [well(), well(standby=None)]})
        told = set(self.keys(json.loads(self.moat("status", "--json")[0])))
        self.assertEqual(told - documented, set())
        words = set(re.findall(r"^\.It Cm (\S+)", text, re.M))
        self.assertEqual({word for _, _, word, _ in WRONG} - words, set())
        self.assertIn("version 1", re.sub(r"\s+", " ", text).lower())


if __name__ == "__main__":
    unittest.main(verbosity=1)
