#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""moat, the whole program, against a made-up moatd, xenstore and xl.

tests/unit/fake_moatd.py is the moatd, and the drivers that answer in xenstore.
"""

import copy
import fcntl
import json
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import threading
import time
import unittest

from fake_store import DEADLINE
from moat_case import (Case, EVENTS, FAILED, HOSTILE, MOAT, NO_DAEMON, OK, PHASES, STATUS,
                       USAGE, Xenstore, event)

COMMANDS = ("status check wait restart upgrade adopt hold resume attach detach mode top events "
            "metrics").split()

STATUS_TEXT = """\
STORAGE  STATE                               DOMAIN  STANDBY      PCI                 HEARTBEAT\
  POLLER  DEVICE  DISKS  RECOVERIES  LAST
storage  degraded: disk-trouble                   7  booting (8)  0000:00:04.0           420 ms\
    0 ms    3 ms      2           3  2025-11-25 01:25:01 recovered: crash, 512 ms
backup   recovering: gone, asked to restart       -  -            0000:00:05.0(away)          -\
       -       -      0           0  -

APPLICATION  DOMAIN  DISK  STORAGE  ACCESS      FRONT      BACK       STATE           TARGET\
        COVER    TROUBLE
app               2  xvda  storage  read-write  connected  connected  up              /dev/nvme0n1\
  standby  -
old              12  xvdb  storage  read-only   connected  init-wait  cannot recover  /dev/x\
        not      stall a?[2J?b
"""

EVENTS_TEXT = """\
WHEN                 STORAGE  EVENT      DOMAIN  NEW  DISKS  DETECT  DESTROY  PCI  PROBE\
  RECONNECT  REPLAY  TOTAL  WHY
2025-11-25 01:24:59  storage  created         7    -      -       -        -    -      -\
          -       -      -  -
2025-11-25 01:25:00  storage  condemned       7    -      -       -        -    -      -\
          -       -      -  crash: it is gone
2025-11-25 01:25:01  storage  recovered       7    8      2       3       40  120    300\
         42       7    512  crash
"""


class Words(Case):
    def test_help(self):
        out, _ = self.moat("--help")
        for name in COMMANDS:
            self.assertIn(f"\n  {name} ", out)
            text, _ = self.moat(name, "--help")
            self.assertTrue(text.startswith(f"Usage: moat {name} "), text)
            self.assertLessEqual(max(map(len, text.split("\n"))), 80, text)

    def test_help_as_a_word(self):
        self.assertEqual(self.moat("help"), self.moat("--help"))
        self.assertEqual(self.moat("help", "mode"), self.moat("mode", "--help"))
        self.fails(["help", "bogus"], USAGE, "no command 'bogus'")

    def test_guess(self):
        for word, meant in (("stauts", "status"), ("restrat", "restart"), ("to", "top"),
                            ("event", "events")):
            self.fails([word], USAGE, f"no command '{word}'", f"Did you mean '{meant}'?")
        for word in "list", "x" * 100, "":
            _, err = self.moat(word, status=USAGE)
            self.assertNotIn("Did you mean", err)

    def test_version(self):
        self.assertRegex(self.moat("--version")[0], r"^moat \d")

    def test_not_understood(self):
        for words, text in (
                ([], "Usage: moat"), (["bogus"], "no command 'bogus'"),
                (["--bogus"], "unknown option '--bogus'"),
                (["--timeout", "x", "status"], "not a number of seconds"),
                (["status", "a", "b"], "one word too many: 'b'"),
                (["restart"], "STORAGE is missing"), (["attach", "a"], "VDEV is missing"),
                (["mode", "--json", "a"], "VDEV is missing"),
                (["mode", "a", "b", "spun"], "neither event, spin nor adaptive: spun"),
                (["mode", "a", "b", "--back"], "for setting"),
                (["events", "-n", "0"], "not a number from 1 up: '0'"),
                (["events", "--follow", "--file", "x"], "not to a file"),
                (["restart", "--wait", "-3", "x"], "not a number of seconds"),
                (["top", "-d", "0"], "not a number of seconds")):
            with self.subTest(words=words):
                self.fails(words, USAGE, text)

    def test_full_disk(self):
        with open("/dev/full", "w", encoding="utf-8") as full:
            done = subprocess.run([MOAT, "--help"], stdout=full, stderr=subprocess.PIPE,
                                  env=self.environment, check=False)
            self.moatd(status=STATUS)
            done = subprocess.run([MOAT, "status"], stdout=full, stderr=subprocess.PIPE,
                                  env=self.environment, check=False)
        self.assertEqual(done.returncode, FAILED)
        self.assertIn(b"cannot write", done.stderr)


class Daemon(Case):
    """What moatd answers, or does not."""

    WAYS = (["status"], ["restart", "storage"], ["upgrade", "storage"],
            ["restart", "--no-wait", "storage"], ["events", "--follow"])

    def test_not_running(self):
        for words in self.WAYS:
            with self.subTest(words=words):
                self.fails(words, NO_DAEMON, "moatd is not running",
                           "systemctl start moatd", self.socket)
        self.moatd().stop()
        self.assertTrue(os.path.exists(self.socket))
        self.fails(["status"], NO_DAEMON, "moatd is not running")
        self.fails(["--socket", self.dir + "/" + "x" * 200, "status"], NO_DAEMON, "too long")

    def test_bad_answers(self):
        daemon = self.moatd()
        for answer, text in (
                (b"", "hung up"), (b'{"ok":tr', "hung up"), (b"not json\n", "not moatd"),
                (b"[1]\n", "not moatd"), (b'{"ok":true\n', "not moatd"), (b"\n", "not moatd"),
                (b"\0\0\n", "not moatd"), (b"{}\n", "not moatd"), (b'{"ok":1}\n', "not moatd"),
                (b'{"ok":"yes"}\n', "not moatd"), (b"x" * (17 << 20), "not moatd")):
            for words in self.WAYS if answer in (b"", b"not json\n") else self.WAYS[:1]:
                with self.subTest(answer=answer[:20], words=words):
                    daemon.answers = dict.fromkeys(
                        ("status", "restart", "upgrade", "events", "watch"), answer)
                    self.fails(words, NO_DAEMON, text)

    def test_silence(self):
        self.moatd(status=None, watch=None)
        for words in ["status"], ["restart", "x"], ["events", "--follow"]:
            self.fails(["--timeout", "0.2", *words], NO_DAEMON,
                       "does not answer within 0.2 s")

    def test_takes_no_connections(self):
        """A moatd that hangs while others wait for it: nobody waits longer than he said."""
        listener = socket.socket(socket.AF_UNIX)
        self.addCleanup(listener.close)
        listener.bind(self.socket)
        listener.listen(0)
        first = socket.socket(socket.AF_UNIX)
        self.addCleanup(first.close)
        first.connect(self.socket)
        for words in ["status"], ["events", "--follow"]:
            self.fails(["--timeout", "0.2", *words], NO_DAEMON, "does not answer within 0.2 s")

    def test_refused(self):
        daemon = self.moatd()
        daemon.answers.update(dict.fromkeys(
            ("status", "restart", "upgrade"), {"ok": False, "error": "no: " + HOSTILE}))
        for words in self.WAYS[:4]:
            self.fails(words, FAILED, "moat: moatd: no: a?[2J?b")
        daemon.answers["status"] = {"ok": False}
        self.fails(["status"], FAILED, "no reason")

    def test_status(self):
        daemon = self.moatd(status=STATUS)
        self.assertEqual(self.moat("status")[0], STATUS_TEXT)
        told = json.loads(self.moat("status", "--json")[0])
        self.assertEqual((told["version"], told["condition"]), (1, "down"))
        for ours, theirs in zip(told["storage"], STATUS["storage"], strict=True):
            self.assertEqual(ours, {**ours, **theirs})
        one = json.loads(self.moat("status", "--json", "backup")[0])["storage"]
        self.assertEqual([storage["name"] for storage in one], ["backup"])
        self.assertNotIn("backup", self.moat("status", "storage")[0])
        self.fails(["status", "nobody"], FAILED, "no storage domain 'nobody'", "storage, backup")
        daemon.answers["status"] = {"ok": True, "storage": []}
        self.assertIn("No storage domain", self.moat("status")[0])

    def test_status_of_another_kind(self):
        """Fields that are missing or of another type are shown as nothing."""
        daemon = self.moatd(status={"ok": True, "storage": [
            {}, 5, {"name": 1, "disks": {}, "pci": ["0000:00:04.0", 7], "health": []},
            {"disks": [1, {}, {"mode": []}], "last": "x", "standby": "y"}]})
        out, _ = self.moat("status")
        self.assertEqual(len(out.split("\n")), 1 + 4 + 1 + 1 + 3 + 1)
        daemon.answers["status"] = {"ok": True}
        self.fails(["status"], FAILED, "no list")

    def test_events(self):
        daemon = self.moatd(events={"ok": True, "events": EVENTS})
        self.assertEqual(self.moat("events")[0], EVENTS_TEXT)
        lines = self.moat("events", "--json", "-n", "2")[0].split("\n")
        self.assertEqual([json.loads(line) for line in lines[:-1]], EVENTS[1:])
        daemon.answers["events"] = {"ok": True, "events": EVENTS + [5, {}, {"event": "x"}]}
        out, err = self.moat("events")
        self.assertEqual(out, EVENTS_TEXT)
        self.assertIn("3 of the events could not be understood", err)

    def test_events_on_a_terminal(self):
        self.moatd(events={"ok": True, "events": EVENTS + [
            event("failed", ident=4, text="pci-attach failed with status 1: " + "x " * 60)]})
        for columns in 80, 50:
            _, shown = self.terminal("events", columns=columns)
            self.assertLessEqual(max(map(len, shown.splitlines())), columns)
            lines = shown.replace("\n" + " " * 21, " ").splitlines()
            self.assertEqual(lines[:3], [
                "2025-11-25 01:24:59  storage: created",
                "2025-11-25 01:25:00  storage: condemned: crash: it is gone",
                "2025-11-25 01:25:01  storage: recovered: crash (domain 7 -> 8), 2 disks "
                "512 ms: detect 3, destroy 40, pci 120, probe 300, reconnect 42, replay 7"])
            self.assertIn("status 1: x x x", lines[3])
        self.assertIn("WHEN ", self.terminal("events", "--table", columns=200)[1])

    def test_events_file(self):
        self.fails(["events"], NO_DAEMON, "not running", "No such file")
        with open(self.environment["MOAT_EVENTS"], "w", encoding="utf-8") as out:
            out.write("".join(json.dumps(e) + "\n" for e in EVENTS))
            out.write('\n{"id": 4, "ti')
        out, err = self.moat("events")
        self.assertEqual(out, EVENTS_TEXT)
        self.assertIn("not running", err)
        self.assertIn("1 line of the file left out", err)
        out, err = self.moat("events", "-n1", "--json", "--file",
                             self.environment["MOAT_EVENTS"])
        self.assertEqual(json.loads(out), EVENTS[2])
        self.assertNotIn("not running", err)

    def test_follow(self):
        daemon = self.moatd(events={"ok": True, "events": EVENTS[:1]})
        process = self.start("events", "--follow")
        daemon.wait("events")
        daemon.event(**EVENTS[1])
        daemon.event(**EVENTS[2])
        for _ in range(4):
            line = process.stdout.readline()
        self.assertIn("recovered", line)
        daemon.stop()
        _, err = self.end(process, NO_DAEMON)
        self.assertIn("moatd has ended", err)


class Action(Case):
    def setUp(self):
        super().setUp()
        self.daemon = self.moatd(restart={"ok": True}, upgrade={"ok": True}, status=STATUS)

    def begin(self, *words):
        process = self.start(*words)
        self.assertEqual(self.daemon.wait(words[0])["storage"], "storage")
        return process

    def test_recovered(self):
        process = self.begin("restart", "storage")
        self.daemon.event(**event("recovered", storage="other"))
        self.daemon.event(**EVENTS[1])
        self.daemon.event(**EVENTS[2])
        out, _ = self.end(process, OK)
        self.assertEqual(out, """\
2025-11-25 01:25:00  storage: condemned: crash: it is gone
2025-11-25 01:25:01  storage: recovered: crash (domain 7 -> 8), 2 disks
  detect            3 ms
  destroy          40 ms
  pci             120 ms
  probe           300 ms
  reconnect        42 ms
  replay            7 ms
  total           512 ms
""")

    def test_upgraded_as_json(self):
        process = self.begin("upgrade", "--json", "storage")
        self.daemon.event(**EVENTS[0])
        self.daemon.event(**event("upgraded"))
        out, _ = self.end(process, OK)
        self.assertEqual([json.loads(line)["event"] for line in out.split("\n")[:-1]],
                         ["created", "upgraded"])

    def test_gave_up(self):
        for name in "gave-up", "upgrade-aborted":
            process = self.begin("restart", "storage")
            self.daemon.event(**event(name, text="too often"))
            self.assertIn(f"{name}: too often", self.end(process, FAILED)[0])
            self.daemon.requests.clear()
            self.daemon.watchers.clear()

    def test_no_wait(self):
        self.assertEqual(self.moat("restart", "--no-wait", "storage"), ("", ""))
        self.assertEqual(self.daemon.requests[-1], {"command": "restart", "storage": "storage"})
        self.assertNotIn("watch", [request["command"] for request in self.daemon.requests])

    def stock(self):
        """Another disk, of a front end that cannot recover."""
        status = copy.deepcopy(STATUS)
        disk = status["storage"][0]["disks"][1]
        disk.update(back_state=4, trouble=None)
        self.daemon.answers["status"] = status
        return disk

    def asked(self):
        return [r["command"] for r in self.daemon.requests if r["command"] != "status"]

    def test_would_lose_a_disk(self):
        """Nobody's disk is lost by mistake: without a yes moatd is asked for nothing."""
        self.stock()
        _, err = self.moat("restart", "--no-wait", "storage", status=FAILED)
        for text in "old would lose its disk xvdb", "--yes", "storage is left as it is":
            self.assertIn(text, err)
        for typed in b"\n", b"n\n", b"yess\n", b"\x04":
            status, shown = self.terminal("restart", "--no-wait", "storage", typed=typed)
            self.assertEqual(status, FAILED)
            self.assertIn("[y/N]", shown)
        self.assertEqual(self.asked(), [])
        for typed in b"y\n", b"YES\n":
            self.assertEqual(self.terminal("restart", "--no-wait", "storage", typed=typed)[0], OK)
            self.assertEqual(self.asked(), ["restart"])
            self.daemon.requests.clear()
        self.moat("restart", "--yes", "--no-wait", "storage")
        self.assertEqual(self.asked(), ["restart"])

    def test_loses_no_disk(self):
        """What is lost already, or never was connected, is no reason to ask."""
        for changes in {"back_state": 6}, {"backend_domid": 3}, {"front_state": 1}, \
                {"recovery": True}, {"cover": "takeover", "cover_why": None}:
            self.stock().update(changes)
            with self.subTest(changes=changes):
                self.moat("restart", "--no-wait", "storage")

    def test_nobody(self):
        self.fails(["restart", "nobody"], FAILED, "no storage domain 'nobody'", "storage, backup")
        self.assertEqual(self.asked(), [])

    def test_not_all_up(self):
        process = self.begin("restart", "storage")
        self.daemon.event(**event("recovered", left=2, disks=3))
        self.assertIn("2 disks not up in time", self.end(process, FAILED)[0])

    def test_orders(self):
        for order in "adopt", "hold", "resume":
            self.daemon.answers[order] = {"ok": True}
            self.assertEqual(self.moat(order, "storage"), ("", ""))
            self.assertEqual(self.daemon.requests.pop(), {"command": order, "storage": "storage"})
            self.daemon.answers[order] = {"ok": False, "error": "it is known to be"}
            self.fails([order, "storage"], FAILED, "moatd: it is known to be")
            self.fails([order], USAGE, "STORAGE is missing")

    def test_patience(self):
        self.fails(["restart", "--wait", "0.3", "storage"], FAILED, "not done within 0.3 s")

    def test_moatd_restarts_meanwhile(self):
        """What a new moatd has done meanwhile is told, what was told is not again."""
        now = time.time() + 1
        process = self.begin("restart", "storage")
        told = event("condemned", time=now)
        done = event("recovered", time=now + 1, phases=PHASES)
        self.daemon.event(**told)
        self.assertIn("condemned", process.stdout.readline())
        self.daemon.remove()
        self.assertIn("lost moatd", process.stdout.readline())
        self.moatd(events={"ok": True, "events": [EVENTS[2], told, done]})
        out, _ = self.end(process, OK)
        self.assertNotIn("condemned", out)
        self.assertEqual(out.count("recovered"), 1)

    def test_moatd_stays_away(self):
        process = self.begin("restart", "--wait", "1", "storage")
        self.daemon.event(**EVENTS[1])
        self.assertIn("condemned", process.stdout.readline())
        self.daemon.remove()
        _, err = self.end(process, FAILED)
        self.assertIn("not done within 1 s", err)


class Mode(Xenstore):
    def test_show(self):
        self.drivers(front="spin", back="adaptive")
        expected = ("HALF   DOMAIN       MODE\n"
                    "front  app (5)      spin\n"
                    "back   storage (3)  adaptive\n")
        for words in ("app", "xvda"), ("5", "51712"):
            self.assertEqual(self.moat("mode", *words), (expected, ""))
        self.assertEqual(json.loads(self.moat("mode", "--json", "app", "xvda")[0]),
                         {"front": "spin", "back": "adaptive"})

    def test_set(self):
        self.drivers()
        out, err = self.moat("mode", "app", "xvda", "spin")
        self.assertEqual(self.modes(), ("spin", "spin"))
        self.assertEqual((out.count(" spin"), err), (2, ""))
        self.moat("mode", "--front", "app", "xvda", "adaptive")
        self.assertEqual(self.modes(), ("adaptive", "spin"))
        self.moat("mode", "app", "xvda", "event", "--back")
        self.assertEqual(self.modes(), ("adaptive", "event"))
        self.assertEqual(self.keys("moat-set-mode"), [])

    def test_busy_store(self):
        self.drivers()
        with self.store.lock:
            self.store.busy_commits = 3
        self.moat("mode", "app", "xvda", "spin")
        self.assertEqual(self.modes(), ("spin", "spin"))

    def test_stock_half(self):
        self.drivers(back=None)
        out, err = self.moat("mode", "app", "xvda", "spin")
        self.assertIn("back   storage (3)  not a Moat driver", out)
        self.assertIn("back half of xvda (domain storage): not a Moat driver", err)
        self.assertEqual(self.modes(), ("spin", None))
        out, _ = self.moat("mode", "app", "xvda", "event", "--back", status=FAILED)
        self.store.remove(self.FRONT + "/moat-mode")
        _, err = self.moat("mode", "app", "xvda", "event", status=FAILED)
        self.assertEqual(err.count("not a Moat driver"), 2)
        self.assertEqual(self.keys("moat-set-mode"), [])

    def test_driver_that_does_not_answer(self):
        self.store.write({self.FRONT + "/moat-mode": "event"})
        start = time.monotonic()
        _, err = self.moat("mode", "app", "xvda", "spin", status=FAILED)
        self.assertGreater(time.monotonic() - start, 2.9)
        self.assertIn("front half of xvda (domain app): did not answer within 3 s", err)
        self.assertEqual(self.keys("moat-set-mode"), [])

    def test_driver_that_does_not_obey(self):
        drivers = self.drivers()
        drivers.act = lambda path: self.store.drop(path + "/moat-set-mode")
        _, err = self.moat("mode", "app", "xvda", "spin", status=FAILED)
        self.assertEqual(err.count("did not take mode spin, it is event"), 2)

    def test_hostile_backend_key(self):
        """A front end that points elsewhere: nothing is written there, or shown."""
        for path in "/local/domain/0", "/local/domain/3/backend/vbd/6/51712", "/tool":
            self.store.write({self.FRONT + "/backend": path, path + "/moat-mode": "event",
                              self.FRONT + "/moat-mode": HOSTILE})
            out, err = self.moat("mode", "app", "xvda", "spin", "--back", status=FAILED)
            self.assertIn("back half of xvda: there is none now", err)
            self.assertIn("a?[2J?b", out)
        self.assertEqual(self.keys("moat-set-mode"), [])

    def test_nobody(self):
        self.fails(["mode", "nobody", "xvda"], FAILED, "no domain 'nobody'")
        self.fails(["mode", "7", "xvda"], FAILED, "no domain '7'")
        self.fails(["mode", "app", "xvdz"], FAILED, "domain 'app' has no disk 'xvdz'")
        self.environment["XENSTORED_PATH"] = self.dir + "/nowhere"
        self.fails(["mode", "app", "xvda"], FAILED, "cannot reach xenstore", "dom0")


class Attach(Xenstore):
    def xl(self, status=0):
        """An xl that writes its words down, and ends with a status."""
        log = os.path.join(self.dir, "xl.log")
        path = os.path.join(self.bin, "xl")
        with open(path, "w", encoding="utf-8") as out:
            out.write(f'#!/bin/sh\nprintf "%s\\n" "$@" >{log}\n'
                      f'[ {status} = 0 ] || echo xl speaks >&2\nexit {status}\n')
        os.chmod(path, 0o755)
        return log

    def words(self, log):
        with open(log, encoding="utf-8") as text:
            return text.read().split("\n")[:-1]

    def test_attach(self):
        log = self.xl()
        spec = "format=raw,backendtype=phy,backend=storage,vdev=xvdb,access={},target=/dev/a,b"
        self.moat("attach", "app", "xvdb", "storage", "/dev/a,b")
        self.assertEqual(self.words(log), ["block-attach", "5", spec.format("w")])
        self.moat("attach", "5", "xvdb", "storage", "/dev/a,b", "--readonly")
        self.assertEqual(self.words(log), ["block-attach", "5", spec.format("r")])

    def test_detach(self):
        log = self.xl()
        self.moat("detach", "app", "xvda")
        self.assertEqual(self.words(log), ["block-detach", "5", "51712"])

    def test_failures(self):
        log = self.xl(status=9)
        for words, status, text in (
                (["attach", "nobody", "xvdb", "storage", "/d"], FAILED, "no domain 'nobody'"),
                (["attach", "app", "xvdb", "nobody", "/d"], FAILED, "no domain 'nobody'"),
                (["attach", "app", "xvda", "storage", "/d"], FAILED, "a disk 'xvda' already"),
                (["attach", "app", "xvd,b", "storage", "/d"], USAGE, "VDEV must be"),
                (["attach", "app", "xvdb", "storage", "d"], USAGE, "TARGET must be"),
                (["detach", "app", "xvdq"], FAILED, "no disk 'xvdq'")):
            with self.subTest(words=words):
                self.fails(words, status, text)
        self.assertFalse(os.path.exists(log))
        for words in ["attach", "app", "xvdb", "storage", "/d"], ["detach", "app", "xvda"]:
            self.fails(words, FAILED, "xl speaks", "failed with status 9")

    def test_no_xl(self):
        self.environment["PATH"] = self.bin
        self.fails(["detach", "app", "xvda"], FAILED, "cannot run xl")


class Top(Xenstore):
    RATES = {"reads": 30000, "writes": 10000, "bytes_read": 120e6, "bytes_written": 40e6,
             "notify_sent": 4000, "spin_hits": 2000, "spin_misses": 6e6, "sleeps": 100,
             "grants_issued": 20000, "grants_ended": 20000, "retained_bytes": 0,
             "latency_7": 39000, "latency_12": 1000}

    def setUp(self):
        super().setUp()
        self.store.write({self.FRONT + "/moat-state": "up"})

    def objects(self, *words):
        out, _ = self.moat("top", "--json", *words)
        return [json.loads(line) for line in out.split("\n")[:-1]]

    def close(self, value, expected):
        # The counters go by the clock, and a busy host looks at them late.
        self.assertTrue(0.5 < value / expected < 2, f"{value} is not about {expected}")

    def test_json(self):
        self.drivers(self.RATES, front="spin", back="adaptive")
        rows = self.objects("-n", "2", "-d", "0.3")
        self.assertEqual(len(rows), 2)
        for row in rows:
            self.assertEqual([row[k] for k in ("domain", "domid", "vdev", "device", "storage",
                                               "storage_domid", "state", "trouble")],
                             ["app", 5, "xvda", 51712, "storage", 3, "up", None])
            self.close(row["requests_per_s"], 40000)
            self.close(row["bytes_read_per_s"], 120e6)
            self.close(row["bytes_written_per_s"], 40e6)
            self.assertEqual(row["retained_bytes"], 0)
            # 64 to 128 us, and 2 to 4 ms
            self.assertTrue(64 < row["latency_p50_us"] < 128, row)
            self.assertTrue(2048 < row["latency_p99_us"] < 4096, row)
            for name, mode in ("front", "spin"), ("back", "adaptive"):
                half = row["halves"][name]
                self.assertGreater(half["latency_p99_us"], half["latency_p50_us"])
                self.assertEqual(half["mode"], mode)
                self.close(half["events_per_request"], 0.1)
                self.close(half["grants_per_request"], 1)
                self.close(half["spin_misses_per_s"], 6e6)
        self.assertGreater(rows[1]["time"], rows[0]["time"])
        self.assertEqual(self.keys("moat-ask"), [])

    def test_one_storage_domain(self):
        self.drivers(self.RATES)
        self.disk(11, 0, 51728, "sdb", kind="qdisk")
        self.assertEqual(len(self.objects("-n", "1", "-d", "0.3")), 2)
        row, = self.objects("-n", "1", "-d", "0.3", "storage")
        self.assertEqual(row["storage"], "storage")
        self.assertEqual(self.objects("-n", "1", "-d", "0.3", "backup"), [])

    def test_batch(self):
        self.drivers(self.RATES, front="spin")
        self.disk(11, 0, 51728, "sdb", kind="qdisk")
        out, err = self.moat("top", "--batch", "-n", "1", "-d", "0.3")
        self.assertEqual(err, "")
        lines = out.split("\n")
        self.assertRegex(lines[0], r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d$")
        self.assertTrue(lines[1].startswith("DOMAIN  DISK  STORAGE   STATE      MODE F/B"))
        self.assertRegex(lines[2], r"^app     xvda  storage   up         spin/event +\d\d\.\dk +"
                                   r"1\d\d\.\d +\d\d\.\d +(\d\d|1\d\d)(\.\d)?/\d\.\dk "
                                   r"+0\.10/0\.10 ")
        # rates that cannot be known are not zeros
        self.assertRegex(lines[3], r"^7       xvdb  Domain-0  connected  -/-  [ -]+$")
        self.assertEqual({len(line) for line in lines[1:4]}, {len(lines[1])})

    def busier(self, drivers):
        """Another disk of the same domain, with more requests, all of them quick."""
        front, _ = self.disk(5, 3, 51728, "xvdb")
        self.store.write({front + "/moat-mode": "spin"})
        with self.store.lock:
            drivers.rates[front] = {**self.RATES, "reads": 90000, "latency_12": 0}

    def order(self, *words):
        return [row["vdev"] for row in self.objects("-n", "1", "-d", "0.3", *words)]

    def test_sort(self):
        self.busier(self.drivers(self.RATES))
        self.assertEqual(self.order(), ["xvda", "xvdb"])
        self.assertEqual(self.order("--sort", "name"), ["xvda", "xvdb"])
        self.assertEqual(self.order("--sort", "requests"), ["xvdb", "xvda"])
        self.assertEqual(self.order("-s", "latency"), ["xvda", "xvdb"])
        self.fails(["top", "--batch", "-s", "size"], USAGE, "--sort size", "retained")

    def test_half_without_answer(self):
        """A driver that is stuck has no rates, and holds nobody up."""
        drivers = self.drivers(self.RATES)
        del drivers.rates[self.BACK]
        start = time.monotonic()
        row, = self.objects("-n", "1", "-d", "0.4")
        self.assertLess(time.monotonic() - start, DEADLINE)
        self.close(row["requests_per_s"], 40000)
        self.assertIsNone(row["halves"]["back"]["reads_per_s"])
        self.assertEqual(row["halves"]["back"]["mode"], "event")

    def test_stock_front_end(self):
        """What the back half counts stands for the disk then."""
        self.drivers(self.RATES, front=None)
        self.store.remove(self.FRONT + "/moat-state")
        row, = self.objects("-n", "1", "-d", "0.3")
        self.close(row["requests_per_s"], 40000)
        self.assertEqual((row["state"], row["halves"]["front"]), ("connected", None))

    def test_nonsense(self):
        drivers = self.drivers(self.RATES)

        def act(path):
            word = self.store.nodes[path + "/moat-ask"]
            self.store.put(path + "/moat-stats", f"{word} reads={HOSTILE} writes=-1 =")
            self.store.drop(path + "/moat-ask")
        drivers.act = act
        self.store.write({self.FRONT + "/moat-trouble": HOSTILE + "\u009b"})
        out, _ = self.moat("top", "--batch", "-n", "1", "-d", "0.2")
        self.assertIn("up: a?[2J?b??", out)
        row, = self.objects("-n", "1", "-d", "0.2")
        self.assertEqual(row["trouble"], "a?[2J?b??")
        self.assertIsNone(row["requests_per_s"])

    def read_rounds(self, process, number):
        for _ in range(number):
            rows = []
            process.stdout.readline()
            while (line := process.stdout.readline().strip()):
                rows.append(line)
        return rows

    def test_domain_vanishes(self):
        self.drivers(self.RATES)
        self.disk(11, 3, 51712, "xvda")
        process = self.start("top", "--batch", "-d", "0.2")
        try:
            self.assertEqual(len(self.read_rounds(process, 1)), 3)
            self.store.remove("/local/domain/11")
            self.assertEqual(len(self.read_rounds(process, 2)), 2)
            self.store.remove("/local/domain/5/device/vbd")
            self.assertEqual(len(self.read_rounds(process, 2)), 1)
            # what went away did not come back by being asked
            self.assertIsNone(self.store.read(self.FRONT))
            self.store.hang_up()
            _, err = self.end(process, FAILED)
            self.assertIn("lost xenstore", err)
        finally:
            process.kill()
            process.wait()

    def test_new_connection(self):
        """Counters that begin anew are no rate; the round after has one again."""
        drivers = self.drivers(self.RATES)
        process = self.start("top", "--json", "-d", "0.3")
        try:
            self.assertGreater(json.loads(process.stdout.readline())["requests_per_s"], 0)
            with self.store.lock:
                for path in drivers.rates:
                    drivers.rates[path] = dict.fromkeys(self.RATES, 0)
            # what was asked for before may still be on its way
            rates = [None]
            while rates[-1] != 0 and len(rates) < 100:
                rates.append(json.loads(process.stdout.readline())["requests_per_s"])
            self.assertEqual(rates[-2:], [None, 0], rates)
        finally:
            process.kill()
            process.communicate()

    def test_no_terminal(self):
        self.fails(["top"], USAGE, "--batch")


class Screen(Xenstore):
    """moat top on a terminal; what it shows is what a terminal would show."""

    def setUp(self):
        super().setUp()
        self.drivers(Top.RATES, front="adaptive", back="spin")
        self.pid, self.terminal = pty.fork()
        if self.pid == 0:
            os.execve(MOAT, [MOAT, "top", "-d", "0.3"], self.environment)
        self.shown = b""
        self.resize(24, 200)

    def tearDown(self):
        if self.pid:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self.terminal)

    def resize(self, lines, columns):
        fcntl.ioctl(self.terminal, termios.TIOCSWINSZ,
                    struct.pack("HHHH", lines, columns, 0, 0))

    def until(self, pattern):
        """Reads on until the pattern has been shown; forgets what came before."""
        deadline = time.monotonic() + DEADLINE
        while not re.search(pattern, self.shown):
            left = deadline - time.monotonic()
            if left < 0 or not select.select([self.terminal], [], [], left)[0]:
                self.fail(f"not shown within {DEADLINE} s: {pattern}\n{self.shown}")
            self.shown += os.read(self.terminal, 65536)
        self.shown = b""

    def leaves(self):
        """It ends by itself, with status 0, and gives the terminal back."""
        done = threading.Event()

        def drain():
            try:
                while (data := os.read(self.terminal, 65536)):
                    self.shown += data
            except OSError:
                pass
            done.set()
        threading.Thread(target=drain, daemon=True).start()
        self.assertTrue(done.wait(DEADLINE))
        _, status = os.waitpid(self.pid, 0)
        self.pid = 0
        self.assertEqual(status, 0)
        self.assertIn(b"\x1b[?1049l", self.shown)

    def test_keys_and_sizes(self):
        self.until(rb"1 disk, \d")
        self.until(rb"app +xvda +storage +up +adaptive/spin|\d\d\.\dk")
        # all of it is shown again, not only what has changed
        for lines, columns in (3, 20), (1, 10), (2, 300), (50, 40), (24, 80):
            self.resize(lines, columns)
            self.until(rb"moat top")
        self.resize(1, 1)
        self.resize(24, 60)
        self.until(rb"moat top")
        # the last column comes into view
        os.write(self.terminal, b"\x1bOC" * 20)
        self.until(rb"RETAINED MB")
        os.write(self.terminal, b"\x1bOD" * 20 + b"\x1bOA\x1bOB")
        self.until(rb"DOMAIN")
        os.write(self.terminal, b"s")
        self.until(rb"requests")
        os.write(self.terminal, b"h")
        self.until(rb"until a flush covers them")
        os.write(self.terminal, b"h")
        self.until(rb"DOMAIN")
        self.store.remove("/local/domain/5")
        self.until(rb"0 disks|\b0\b")
        os.write(self.terminal, b"q")
        self.leaves()


if __name__ == "__main__":
    if not os.access(MOAT, os.X_OK):
        sys.exit(f"{MOAT}: not there; make -C tools")
    unittest.main(verbosity=1)
