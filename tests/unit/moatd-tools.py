#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""moatd as a whole, in a made-up world: see moatd_case.py.

$SEED and $TURNS are for killing it at random.
"""

import configparser
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import unittest

from moatd_case import Client, DEADLINE, DEVICE, MOATD, Moatd, TOP

EXAMPLE = os.path.join(TOP, "tools/moatd/moatd.conf.example")


class WithStandby(Moatd):
    def test_crash(self):
        old = self.storage()
        self.world.end_domain(old, "crashed")
        self.wait(lambda: self.events("recovered"), "recovered")
        event, = self.events("recovered")
        self.assertEqual((event["why"], event["domid"], event["disks"], event["left"]),
                         ("crash", old, 1, 0))
        self.assertEqual(set(event["phases"]), {
            "detect_ms", "destroy_ms", "pci_ms", "probe_ms", "reconnect_ms", "replay_ms"})
        self.assertEqual(event["new_domid"], self.storage())
        self.whole()
        store = self.world.store
        back = store.read(f"/libxl/{self.app}/device/vbd/{DEVICE}/backend")
        self.assertTrue(back.startswith(f"/local/domain/{self.storage()}/"))
        for key, value in (("params", "/dev/nvme0n1"), ("mode", "w"), ("online", "1"),
                           ("dev", "xvda"), ("frontend-id", str(self.app))):
            self.assertEqual(store.read(f"{back}/{key}"), value)
        self.assertEqual(self.status()["last"]["id"], event["id"])
        self.assertEqual((self.status()["standby_wanted"], self.status()["failure"]),
                         (True, None))
        self.assertEqual(len([c for c in self.world.calls if c[0] == "create"]), 3)

    def test_heartbeat_is_cheap(self):
        """A beat is followed by a look at the beats; at moatd's notes, once a second."""
        asked = self.world.store.asked
        beat = f"/local/domain/{self.storage()}/data/moat/heartbeat"
        note = "/moat/storage/storage/domid"
        beats, looks, began = asked[beat], asked[note], time.monotonic()
        self.wait(lambda: asked[beat] >= beats + 40, "40 beats")
        seconds = time.monotonic() - began
        self.assertLessEqual(asked[note] - looks, seconds + 2)
        self.assertGreaterEqual(asked[note] - looks, 1)

    def test_flood(self):
        """A guest that writes what looks like a heartbeat, or a disk, sets no pace."""
        stranger = self.world.make_domain("stranger", "app")
        home = f"/local/domain/{stranger}"
        self.wait(lambda: stranger in self.world.domains, "the stranger")
        notes = "/moat/storage/storage/domid"
        looks, began = self.world.store.asked[notes], time.monotonic()
        for turn in range(2000):
            self.world.store.write({home + "/data/moat/heartbeat": str(turn),
                                    home + "/data/x/name": str(turn),
                                    home + "/device/vbd/1/state": str(turn)})
        seconds = time.monotonic() - began
        self.assertLessEqual(self.world.store.asked[notes] - looks, 3 * seconds + 10)

    def test_flood_of_a_tenant(self):
        """One that has a disk has moatd look at it, at a bounded pace."""
        notes = "/moat/storage/storage/domid"
        looks, began = self.world.store.asked[notes], time.monotonic()
        for turn in range(2000):
            self.world.store.write({f"/local/domain/{self.app}/device/vbd/x/{turn % 50}": ""})
        seconds = time.monotonic() - began
        self.assertLessEqual(self.world.store.asked[notes] - looks, 45 * seconds + 60)

    def test_hang(self):
        self.world.hang(self.storage())
        self.wait(lambda: self.events("recovered"), "recovered")
        event, = self.events("recovered")
        self.assertEqual(event["why"], "heartbeat")
        self.assertGreaterEqual(event["phases"]["detect_ms"], 2000)
        self.whole()

    def test_poller(self):
        with self.world.lock:
            self.world.hang(self.storage())
            self.world.store.write(
                {f"/local/domain/{self.storage()}/data/moat/health": "1500 0"})
        self.wait(lambda: self.events("recovered"), "recovered")
        self.assertEqual(self.events("recovered")[0]["why"], "poller")

    def test_front_complains(self):
        self.world.store.write({f"/local/domain/{self.app}/device/vbd/{DEVICE}/moat-trouble":
                                "protocol a response that nobody asked for"})
        self.wait(lambda: self.events("recovered"), "recovered")
        self.assertEqual(self.events("recovered")[0]["why"], "protocol")
        self.whole()
        self.assertIsNone(self.status()["disks"][0]["trouble"])

    def complain(self, app, text="protocol a lie"):
        """A front end complains for as long as it has a disk."""
        trouble = f"/local/domain/{app}/device/vbd/{DEVICE}/moat-trouble"
        if self.world.store.read(trouble) is None:
            self.world.store.write({trouble: text})

    def test_complaints_of_one(self):
        """A tenant that complains without end, and reboots: nobody else notices."""
        storage, other = self.storage(), None
        for _ in range(3):
            other = self.world.make_domain("other", "app", vm="1b2c")
            self.world.attach(other, DEVICE, storage)
            told = len(self.events("reconnected"))
            self.wait(lambda app=other, told=told: self.complain(app) or
                      len(self.events("reconnected")) > told, "reconnected")
            self.wait(lambda app=other: self.complain(app) or "again" in self.log(), "again")
            self.world.destroy(other)
        self.assertEqual(len(self.events("reconnected")), 3)
        self.assertEqual(self.events("condemned"), [], self.log())
        self.assertEqual(self.storage(), storage)

    def test_complaints_reboot(self):
        """A VM that is alone there is believed, so often, whatever its domain's number is."""
        for turn in range(4):
            if turn:
                self.world.destroy(self.app)
                self.app = self.world.make_domain("app", "app", vm="1a")
                self.world.attach(self.app, DEVICE, self.storage())
                self.whole()
            else:
                self.world.store.write({f"/local/domain/{self.app}/vm": "/vm/1a"})
            self.wait(lambda: self.complain(self.app) or
                      len(self.events("condemned")) > turn or self.events("reconnected"),
                      "a reaction")
            self.wait(lambda: len(self.events("recovered")) == min(turn + 1, 3), "recovered")
        self.assertEqual(len(self.events("condemned")), 3)
        self.assertEqual(self.status()["crashes"], 0)
        self.assertEqual(self.events("gave-up"), [])

    def test_device_away(self):
        """A device that goes and stays away is its disk's trouble; the others pause once."""
        other = self.world.make_domain("other", "app")
        self.world.attach(other, DEVICE, self.storage())
        self.wait(lambda: len(self.status()["disks"]) == 2, "the other disk")
        self.whole()
        self.world.away.add(other)
        self.world.store.write({
            f"/local/domain/{self.storage()}/backend/vbd/{other}/{DEVICE}/sectors": "0",
            f"/local/domain/{other}/device/vbd/{DEVICE}/moat-trouble": "device is gone"})
        self.wait(lambda: self.events("recovered"), "recovered")
        event, = self.events("recovered")
        self.assertEqual((event["why"], event["left"]), ("device", 1))
        self.wait(lambda: self.has_standby(self.status()), "a standby")
        self.assertEqual(len(self.events("condemned")), 1)
        self.world.away.clear()
        self.whole()
        self.assertEqual(len(self.events("condemned")), 1)

    def test_device_goes_behind_complaints(self):
        """What the storage domain says of a device holds, whatever its VM's word is worth."""
        for turn in range(3):
            self.wait(lambda t=turn: self.complain(self.app) or
                      len(self.events("condemned")) > t, "believed")
            self.wait(lambda t=turn: len(self.events("recovered")) > t, "recovered")
            self.whole()
        self.world.store.write({
            f"/local/domain/{self.storage()}/backend/vbd/{self.app}/{DEVICE}/sectors": "0",
            f"/local/domain/{self.app}/device/vbd/{DEVICE}/moat-trouble": "device is gone"})
        self.wait(lambda: len(self.events("recovered")) == 4, "recovered")
        self.whole()
        self.assertEqual([e["why"] for e in self.events("recovered")],
                         3 * ["protocol"] + ["device"])
        self.assertEqual((self.events("reconnected"), self.status()["crashes"]), ([], 0))

    def test_denied_stall(self):
        """A front end stalls, and the back end claims to have nothing to do."""
        trouble = f"/local/domain/{self.app}/device/vbd/{DEVICE}/moat-trouble"
        self.world.store.write({trouble: "stall one request"})
        self.wait(lambda: self.events("reconnected"), "reconnected")
        self.assertEqual(self.events("condemned"), [], self.log())
        self.whole()
        self.assertIsNone(self.status()["disks"][0]["trouble"])
        self.world.store.write({trouble: "stall one request"})
        self.wait(lambda: self.events("recovered"), "recovered")
        self.whole()

    def test_slow_device(self):
        """A stall while the device has something to do is no reason for anything."""
        with self.world.lock:
            self.world.health = "0 7"
            self.world.store.write({f"/local/domain/{self.storage()}/data/moat/health": "0 7"})
        self.world.store.write({f"/local/domain/{self.app}/device/vbd/{DEVICE}/moat-trouble":
                                "stall one request"})
        self.wait(lambda: self.status()["disks"][0]["trouble"], "the complaint")
        beat = f"/local/domain/{self.storage()}/data/moat/heartbeat"
        first = int(self.world.store.read(beat))
        self.wait(lambda: int(self.world.store.read(beat)) > first + 15, "three seconds of life")
        self.assertEqual(self.events("condemned") + self.events("reconnected"), [], self.log())

    def test_gone(self):
        storage = self.storage()
        with self.world.lock:       # at once, as seen by the world's own thread
            self.world.store.remove(f"/local/domain/0/backend/pci/{storage}")
            self.world.store.remove("/libxl/pci/0000-00-04-0")
            self.world.touch(f"paused.{storage}")
            self.world.destroy(storage)
        self.wait(lambda: self.events("recovered"), "recovered")
        self.assertEqual(self.events("recovered")[0]["why"], "gone")
        self.whole()

    def test_suspended(self):
        """A storage domain that says that it suspends is not believed for ever."""
        self.world.end_domain(self.storage(), "suspended")
        self.wait(lambda: self.events("recovered"), "recovered")
        self.assertEqual(self.events("recovered")[0]["why"], "gone")
        self.whole()

    def test_standby_suspended(self):
        self.world.end_domain(self.world.domid("storage-standby"), "suspended")
        self.wait(lambda: self.events("standby-lost"), "it is lost")
        self.whole()

    def test_device_held(self):
        """A stranger has the controller: it is named, and no domain is condemned for it."""
        old = self.storage()
        other = self.world.make_domain("thief", "app")
        self.world.thief = other
        self.world.end_domain(old, "crashed")
        self.wait(lambda: self.events("device-held"), "it is told")
        event, = self.events("device-held")
        self.assertEqual((event["domid"], event["domain"], event["device"]),
                         (other, "thief", "0000:00:04.0"))
        self.wait(lambda: self.storage() not in (None, old), "a successor")
        new = self.storage()
        beat = f"/local/domain/{new}/data/moat/heartbeat"
        first = int(self.world.store.read(beat) or 0)
        self.wait(lambda: int(self.world.store.read(beat) or 0) > first + 25,
                  "longer than probe_limit")
        self.assertEqual(self.storage(), new)
        with self.world.lock:
            self.world.store.remove(f"/local/domain/0/backend/pci/{other}")
            self.world.store.remove("/libxl/pci/0000-00-04-0")
            self.world.touch(f"paused.{other}")
        self.wait(lambda: self.events("recovered"), "recovered")
        self.whole()
        self.assertEqual(len(self.events("condemned")), 1)

    def test_restart(self):
        old = self.storage()
        self.assertTrue(self.ask(command="restart", storage="storage")["ok"])
        self.wait(lambda: self.events("recovered"), "restarted")
        self.whole()
        self.assertNotEqual(self.storage(), old)
        self.assertEqual(self.status()["crashes"], 0)

    def test_upgrade(self):
        old, standby = self.storage(), self.world.domid("storage-standby")
        self.assertTrue(self.ask(command="upgrade", storage="storage")["ok"])
        self.wait(lambda: self.events("upgraded"), "upgraded")
        self.whole()
        self.assertNotIn(self.storage(), (old, standby))
        self.assertEqual(self.events("recovered") + self.events("standby-lost"), [])
        self.assertEqual([e["domid"] for e in self.events("standby-retired")], [standby])

    def test_stock_front(self):
        other = self.world.make_domain("other", "app")
        self.world.offer = None
        self.world.attach(other, DEVICE, self.storage(), able=False)
        self.wait(lambda: [d["front_state"] for d in self.status()["disks"]] == [4, 4],
                  "the other disk")
        answer = self.ask(command="upgrade", storage="storage")
        self.assertIn("cannot recover", answer["error"])
        self.world.end_domain(self.storage(), "crashed")
        self.wait(lambda: self.events("recovered"), "recovered")
        event, = self.events("left-alone")
        self.assertEqual((event["domain"], event["vdev"]), ("other", "xvda"))

    def left_alone(self, spoil):
        """A tenant makes its disk one that cannot be moved; its storage domain crashes."""
        other = self.world.make_domain("other", "app")
        self.world.attach(other, DEVICE, self.storage())
        self.wait(lambda: len(self.status()["disks"]) == 2, "the other disk")
        self.whole()
        with self.world.lock:
            self.world.idle.add(other)
            spoil(f"/local/domain/{other}/device/vbd/{DEVICE}")
        self.world.end_domain(self.storage(), "crashed")
        self.wait(lambda: self.events("recovered"), "recovered")
        event, = self.events("recovered")
        self.assertEqual((event["disks"], event["left"]), (2, 1))
        event, = self.events("left-alone")
        self.assertEqual((event["domain"], event["vdev"]), ("other", "xvda"))
        self.wait(lambda: self.has_standby(self.status()), "a standby")
        first = self.storage()
        self.assertTrue(self.ask(command="restart", storage="storage")["ok"])
        self.wait(lambda: len(self.events("recovered")) == 2, "restarted")
        self.assertNotEqual(self.storage(), first)
        self.assertLess(self.log().count(f"of domain {other} cannot be moved"), 12)
        self.assertEqual(self.world.front(self.app)["moat-state"], "up")

    def test_state_removed(self):
        self.left_alone(lambda front: self.world.store.remove(front + "/state"))

    def test_too_many_nodes(self):
        self.left_alone(lambda front: self.world.store.write(
            {f"{front}/x/{n // 40}/{n % 40}": "" for n in range(1200)}))

    def test_detach_before_crash(self):
        """What is being detached is not brought back: another may get its device next."""
        other = self.world.make_domain("other", "app")
        self.world.attach(other, DEVICE, self.storage())
        self.wait(lambda: len(self.status()["disks"]) == 2, "the other disk")
        self.whole()
        old, kept = self.storage(), f"/libxl/{other}/device/vbd/{DEVICE}"
        with self.world.lock:   # as xl block-detach leaves it: the disk is in use
            self.world.idle.add(other)
            back = f"/local/domain/{old}/backend/vbd/{other}/{DEVICE}"
            self.world.store.write({back + "/online": "0", back + "/state": "5"})
            self.world.end_domain(old, "crashed")
        self.wait(lambda: self.events("recovered"), "recovered")
        event, = self.events("recovered")
        self.assertEqual(event["left"], 0)
        self.assertEqual(self.events("left-alone"), [])
        self.assertNotIn(str(other), self.world.store.names(
            f"/local/domain/{self.storage()}/backend/vbd"))
        self.kill()
        self.start()
        self.wait(lambda: self.has_standby(self.status()), "a standby")
        self.assertTrue(self.world.store.read(kept + "/backend").startswith(
            f"/local/domain/{old}/"))

    def test_closed_before_crash(self):
        """A front end that has closed for good is neither moved nor missed."""
        other = self.world.make_domain("other", "app")
        self.world.attach(other, DEVICE, self.storage())
        self.wait(lambda: len(self.status()["disks"]) == 2, "the other disk")
        self.whole()
        front = f"/local/domain/{other}/device/vbd/{DEVICE}"
        with self.world.lock:
            self.world.idle.add(other)
            self.world.store.remove(front + "/feature-moat-recovery")
            self.world.store.remove(front + "/moat-state")
            self.world.store.write({front + "/state": "6"})
            self.world.end_domain(self.storage(), "crashed")
        self.wait(lambda: self.events("recovered"), "recovered")
        self.assertEqual(self.events("left-alone"), [])

    def test_crash_in_handshake(self):
        """A front end that begins anew is in state 6 for a moment: no reason to leave it."""
        with self.world.lock:
            self.world.store.write(
                {f"/local/domain/{self.app}/device/vbd/{DEVICE}/state": "6"})
            self.world.end_domain(self.storage(), "crashed")
        self.wait(lambda: self.events("recovered"), "recovered")
        self.whole()

    def test_destroyed_meanwhile(self):
        """A destroy that fails because the domain is gone has not failed."""
        self.world.slow_destroy = True      # fails, and the domain goes all the same
        self.world.end_domain(self.storage(), "crashed")
        self.wait(lambda: self.events("recovered"), "recovered")
        self.assertEqual(self.events("failed"), [])

    def test_failing_xl(self):
        self.world.failures = {"pci-attach": 1, "destroy": 1}
        self.world.end_domain(self.storage(), "crashed")
        self.wait(lambda: self.events("recovered"), "recovered")
        self.whole()
        self.assertEqual(sorted(e["text"] for e in self.events("failed")),
                         ["destroy failed with status 1", "pci-attach failed with status 1"])
        self.assertIn("fails, as told", self.log())
        self.assertEqual(self.status()["failure"], self.events("failed")[-1])

    def test_killed_at_random(self):
        """kill -9 in the middle of recoveries; the next moatd goes on."""
        self.kill_at_random(lambda: self.world.end_domain(self.storage(), "crashed"), 5)
        ids = [e["id"] for e in self.ask(command="events")["events"]]
        self.assertEqual(ids, sorted(set(ids)))


class Stalls(Moatd):
    beat = 7

    def test_store_is_slow(self):
        """Where every look takes longer than a second, a hang is found all the same."""
        storage = self.storage()
        self.world.hang(storage)
        self.world.store.delay = 0.12
        self.addCleanup(setattr, self.world.store, "delay", 0)
        deadline = time.monotonic() + 10 * DEADLINE
        while f"domain {storage} is condemned (heartbeat)" not in self.log():
            self.assertLess(time.monotonic(), deadline, self.log())
            time.sleep(0.1)     # check-ok: sleep: a poll step, bounded by the deadline above
        self.world.store.delay = 0
        self.wait(lambda: self.events("recovered"), "recovered")

    def test_store_stalls(self):
        """What was read before moatd had to wait in the middle of a look is not old."""
        with self.world.lock:
            with self.world.store.lock:
                self.world.ended.wait(12)
            self.world.ended.wait(0.3)  # the heartbeat comes later still
        self.wait(lambda: self.status()["heartbeat_age_ms"] < 200, "a heartbeat")
        self.assertEqual(self.events("condemned"), [], self.log())


class DyingStandbys(Moatd):
    loop = 3

    def kill_standby(self):
        domid = self.world.domid("storage-standby")
        if domid and self.world.domains[domid]["state"] == "running":
            self.world.end_domain(domid, "crashed")
        return bool(self.events("standby-gave-up"))

    def test_no_more(self):
        """Standbys that die one after the other are not made for ever."""
        self.wait(self.kill_standby, "given up")
        made = len(self.world.calls)
        self.kill()
        self.start()
        self.assertTrue(self.status()["standby_gave_up"])
        self.world.end_domain(self.storage(), "crashed")    # they go on without one
        self.wait(lambda: self.events("recovered"), "recovered")
        names = [c for c in self.world.calls[made:] if c[0] == "create"]
        self.assertEqual(len(names), 1, names)
        self.assertEqual(len(self.events("standby-gave-up")), 1)
        self.assertTrue(self.ask(command="upgrade", storage="storage")["ok"])
        self.wait(lambda: self.events("upgraded"), "upgraded")
        self.whole()
        self.assertFalse(self.status()["standby_gave_up"])


class Cold(Moatd):
    standby, loop = "false", 3

    def test_crash_then_loop(self):
        self.assertFalse(self.status()["standby_wanted"])
        self.world.end_domain(self.storage(), "crashed")
        self.wait(lambda: self.events("recovered"), "recovered")
        self.whole()
        for _ in range(2):
            self.whole()
            self.world.end_domain(self.storage(), "crashed")
            self.wait(lambda: not self.storage(), "destroyed")
            self.wait(lambda: self.storage() or self.status()["state"] == "gave-up",
                      "replaced or given up")
        self.wait(lambda: self.status()["state"] == "gave-up", "given up")
        self.assertEqual(len(self.events("gave-up")), 1)
        self.assertTrue(self.ask(command="restart", storage="storage")["ok"])
        self.whole()


class Socket(Moatd):
    beat = 20       # nothing here is about it, and a flood of requests takes its time

    def test_mistakes(self):
        client = Client(self.path("moatd.sock"))
        self.addCleanup(client.close)
        for text, words in (
                ("{", "JSON"), ("[1]", "JSON"), ("\xff", "JSON"), ("{}", "command"),
                ('{"command": 1}', "command"), ('{"command": "jump"}', "jump"),
                ('{"command": "restart"}', "storage"),
                ('{"command": "restart", "storage": "x"}', "no storage domain x"),
                ('{"command": "events", "since": "x"}', "since")):
            client.send(text)
            answer = client.receive()
            self.assertFalse(answer["ok"])
            self.assertIn(words, answer["error"])
        self.assertTrue(client.ask(command="status")["ok"])

    def test_long_line(self):
        client = Client(self.path("moatd.sock"))
        self.addCleanup(client.close)
        try:
            client.socket.sendall(b"x" * 200000)
            self.assertEqual(client.socket.recv(1), b"")
        except ConnectionError:
            pass
        self.assertTrue(self.ask(command="status")["ok"])

    def test_watch_and_unread(self):
        watcher, deaf = Client(self.path("moatd.sock")), Client(self.path("moatd.sock"))
        self.addCleanup(watcher.close)
        self.addCleanup(deaf.close)
        self.assertEqual(watcher.ask(command="watch"), {"ok": True})
        try:
            for _ in range(20000):
                deaf.send('{"command":"events"}')
        except OSError:
            pass
        self.wait(lambda: "does not read" in self.log(), "the deaf client dropped")
        self.world.end_domain(self.storage(), "crashed")
        told = [watcher.receive()["event"]]
        while told[-1] == "standby-created":    # xl may end behind all that it does
            told.append(watcher.receive()["event"])
        self.assertEqual(told[-1], "condemned")

    def test_since_and_mode(self):
        events = self.ask(command="events")["events"]
        self.assertEqual(self.ask(command="events", since=events[0]["id"])["events"],
                         events[1:])
        self.assertEqual(os.stat(self.path("moatd.sock")).st_mode & 0o777, 0o600)
        with open(self.path("log/events"), encoding="utf-8") as lines:
            self.assertEqual([json.loads(line) for line in lines], events)

    def test_second_moatd(self):
        again = subprocess.run([MOATD, "-c", self.path("conf")], stderr=subprocess.PIPE,
                               text=True, timeout=DEADLINE, check=False)
        self.assertEqual(again.returncode, 1)
        self.assertIn("another moatd is running", again.stderr)


class Daemon(Moatd):
    beat = 20

    def test_one_a_host(self):
        """Another socket makes no other host."""
        with open(self.path("conf"), encoding="utf-8") as conf:
            text = conf.read().replace("moatd.sock", "other.sock")
        with open(self.path("conf2"), "w", encoding="utf-8") as out:
            out.write(text)
        again = subprocess.run([MOATD, "-c", self.path("conf2")], stderr=subprocess.PIPE,
                               env={"XENSTORED_PATH": self.path("xenstored"),
                                    "MOAT_FAKE_XEN": self.dir},
                               text=True, timeout=DEADLINE, check=False)
        self.assertEqual(again.returncode, 1)
        self.assertIn(f"another moatd is running: process {self.moatd.pid}", again.stderr)
        self.kill()
        self.start()

    def reload(self, old, new):
        with open(self.path("conf"), encoding="utf-8") as conf:
            text = conf.read()
        self.assertIn(old, text)
        with open(self.path("conf"), "w", encoding="utf-8") as out:
            out.write(text.replace(old, new))
        said = self.log().count("configuration")
        self.moatd.send_signal(signal.SIGHUP)
        self.wait(lambda: self.log().count("configuration") > said, "the file read")

    def test_hangup(self):
        """What may change does, events go on in a new file, and a mistake changes nothing."""
        standby = self.world.domid("storage-standby")
        os.rename(self.path("log/events"), self.path("log/events.1"))
        self.reload("standby = true", "standby = false")
        self.world.end_domain(standby, "crashed")
        self.wait(lambda: self.events("standby-lost"), "the standby is lost")
        with open(self.path("log/events"), encoding="utf-8") as lines:
            self.assertEqual([json.loads(line)["event"] for line in lines], ["standby-lost"])
        self.wait(lambda: standby not in self.world.domains, "it is gone")
        self.reload("standby = false", "standby = maybe")
        self.assertIn("stays as it was", self.log())
        self.reload("standby = maybe", "standby = true")
        self.whole()
        self.reload('pci = [ "0000:00:04.0" ]', 'pci = [ "0000:00:05.0" ]')
        self.assertIn("pci has changed, which takes a new start", self.log())
        self.assertEqual(self.status()["pci"][0]["device"], "0000:00:04.0")

    def test_zeros_in_the_file(self):
        """After a power loss ids go on, and no event is lost that is whole."""
        last = self.ask(command="events")["events"][-1]["id"]
        self.moatd.terminate()
        self.moatd.wait(DEADLINE)
        with open(self.path("log/events"), "ab") as out:
            out.write(b"\0" * 512)
        for turn in range(2):
            self.start()
            old = self.world.domid("storage-standby")
            self.world.end_domain(old, "crashed")
            self.wait(lambda old=old: old not in self.world.domains, "it is gone")
            self.wait(lambda turn=turn: len(self.events("standby-lost")) == turn + 1, "an event")
            self.whole()
            ids = [e["id"] for e in self.ask(command="events")["events"]]
            self.assertEqual(ids, list(range(1, len(ids) + 1)))
            self.assertGreater(ids[-1], last)
            self.moatd.terminate()
            self.moatd.wait(DEADLINE)
        self.start()

    def test_second_fault(self):
        """What is left of each of two domains that died in one recovery is cleaned up."""
        first = self.storage()
        self.world.end_domain(first, "crashed")
        self.wait(lambda: self.storage() not in (None, first), "a successor")
        second = self.storage()
        with self.world.lock:
            self.world.keep_nodes = True
            self.world.end_domain(second, "crashed")
        self.wait(lambda: self.events("recovered"), "recovered")
        self.whole()
        for domid in (first, second):
            self.assertEqual(self.world.store.names(f"/local/domain/{domid}"), [])

    def test_destroyed_slowly(self):
        """moatd cleans up what a person's xl is still at, which Xen has no longer."""
        self.world.linger = 2
        self.world.destroy(self.storage())
        self.world.linger = 0
        self.wait(lambda: self.events("recovered"), "recovered")
        self.whole()
        self.assertEqual(self.status()["disks"][0]["domid"], self.app)

    def test_guest_goes_meanwhile(self):
        """What is found of a guest that goes in the middle of a look is no disk's state."""
        old, front = self.storage(), f"/local/domain/{self.app}/device/vbd/{DEVICE}"

        def goes():
            if not any(self.world.store.read(f"/local/domain/{domid}/name") == "storage"
                       for domid in list(self.world.domains) if domid != old):
                self.world.store.traps[front] = goes    # one of the next looks, then
                return
            del self.world.domains[self.app]
            self.world.flush()
            self.world.store.remove(f"/local/domain/{self.app}")
        self.world.store.traps[front] = goes
        self.world.end_domain(old, "crashed")
        self.wait(lambda: self.events("recovered"), "recovered")
        self.wait(lambda: not self.status()["disks"], "no disk")
        self.assertEqual(self.events("left-alone"), [])

    def test_domid_given_again(self):
        """Whoever has the domid of a storage domain that has gone is none of moatd's."""
        self.kill()
        old = self.storage()
        with self.world.lock:
            self.world.store.remove(f"/local/domain/0/backend/pci/{old}")
            self.world.store.remove("/libxl/pci/0000-00-04-0")
            os.unlink(self.world.path(f"pciback.{old}"))
            self.world.destroy(old)
            self.world.make_domain("stranger", "app", domid=old)
        self.start()
        self.wait(lambda: self.events("recovered"), "recovered")
        self.whole()
        self.assertNotEqual(self.storage(), old)
        self.assertEqual([c for c in self.world.calls if c[0] == "destroy"], [])
        self.assertEqual(self.world.store.read(f"/local/domain/{old}/name"), "stranger")

    def test_forgotten(self):
        self.kill()
        self.world.store.write({"/moat/storage/old/domid": "77"})
        self.start()
        self.assertIn("storage domain old is not in the configuration", self.log())

    def test_unit_file(self):
        """Nothing that moatd does wrong keeps systemd from starting it again."""
        unit = configparser.RawConfigParser(strict=False)
        unit.optionxform = str
        unit.read(os.path.join(TOP, "tools/moatd/moatd.service"))
        self.assertEqual(unit["Unit"]["StartLimitIntervalSec"], "0")
        self.assertEqual(unit["Service"]["Restart"], "always")
        self.assertEqual(unit["Service"]["ExecReload"], "/bin/kill -HUP $MAINPID")
        self.assertLess(int(unit["Service"]["OOMScoreAdjust"]), -500)


class Many(Moatd):
    """What a disk costs does not grow with the number of them."""

    beat = 20

    def reads(self):
        return sum(n for path, n in list(self.world.store.asked.items()) if "/vbd" in path)

    def test_many_disks(self):
        disks = 40
        apps = [self.world.make_domain(f"app{n}", "app") for n in range(disks)]
        before = self.reads()
        for app in apps:
            self.world.attach(app, DEVICE, self.storage())
        for app in apps:
            self.wait(lambda app=app: self.world.store.read(
                f"/libxl/{app}/device/vbd/{DEVICE}/moat-served"), "noted as served")
        cost = (self.reads() - before) / disks
        print(f"{cost:.0f} reads a disk at its first connection", file=sys.stderr)
        self.assertLessEqual(cost, 30)
        before, began = self.reads(), time.monotonic()
        beat = f"/local/domain/{self.storage()}/data/moat/heartbeat"
        first = int(self.world.store.read(beat))
        self.wait(lambda: int(self.world.store.read(beat)) > first + 20, "some seconds")
        idle = (self.reads() - before) / disks / (time.monotonic() - began)
        print(f"{idle:.2f} reads a disk and second when idle", file=sys.stderr)
        self.assertLessEqual(idle, 1)


class Booting(Moatd):
    def test_guest_boots(self):
        """A guest that has not connected yet can be moved, whatever its driver will be."""
        guest = self.world.make_domain("guest", "app")
        self.world.idle.add(guest)
        self.world.attach(guest, DEVICE, self.storage(), able=False)
        self.wait(lambda: len(self.status()["disks"]) == 2, "the other disk")
        self.world.end_domain(self.storage(), "crashed")
        self.wait(lambda: self.events("recovered"), "recovered")
        self.assertEqual(self.events("left-alone"), [])
        front = self.world.front(guest)
        self.assertEqual(front["backend-id"], str(self.storage()))
        self.assertNotIn("moat-state", front)
        self.wait(lambda: self.has_standby(self.status()), "a standby")
        self.assertTrue(self.ask(command="upgrade", storage="storage")["ok"])
        self.wait(lambda: self.events("upgraded"), "upgraded")


class Configuration(unittest.TestCase):
    STORAGE = 'storage = ( {\n name = "s";\n config = "/c"; %s\n} );'

    def check(self, text):
        with tempfile.NamedTemporaryFile("w", suffix=".conf") as out:
            out.write(text)
            out.flush()
            run = subprocess.run([MOATD, "--check-config", out.name], check=False,
                                 stderr=subprocess.PIPE, text=True, timeout=DEADLINE)
            return run.returncode, run.stderr.replace(out.name, "FILE")

    def test_example(self):
        run = subprocess.run([MOATD, "--check-config", EXAMPLE], check=False,
                             stderr=subprocess.PIPE, text=True, timeout=DEADLINE)
        self.assertEqual((run.returncode, run.stderr), (0, ""))

    def test_mistakes(self):
        for text, words in (
                ("storage = ", "FILE:1: syntax error"),
                ("", "FILE:1: storage: there must be one"),
                ("storage = ();", "FILE:1: storage: names no storage domain"),
                ('storage = ( { config = "/c"; } );', "has no name"),
                ('storage = ( { name = "s"; } );', "has no config"),
                (self.STORAGE % 'pci = [ "00:04.0" ];', "FILE:3: pci: not of the form"),
                (self.STORAGE % "\n hang_limit = 0;", "FILE:4: hang_limit: 0 is not between"),
                (self.STORAGE % 'boot_limit = "x";', "FILE:3: boot_limit: must be a whole"),
                (self.STORAGE % "hang_limit = 11;", "hang_limit is longer than heartbeat_limit"),
                (self.STORAGE % "busy_limit = 11;", "busy_limit is longer than heartbeat"),
                (self.STORAGE % "standby = 1;", "FILE:3: standby: must be true or false"),
                (self.STORAGE % "takeover = 1;", "FILE:3: takeover: must be true or false"),
                (self.STORAGE % "stanby = true;", "FILE:3: stanby: there is no such"),
                (self.STORAGE.replace('"s"', '"a/b"') % "", "FILE:2: name: letters"),
                ('storage = ( { name = "s"; config = "/c"; }, '
                 '{ name = "s-standby"; config = "/c"; } );', "the other's standby"),
                ('socket = "x"; ' + self.STORAGE % "", "FILE:1: socket: must be an absolute"),
                ('event_command = "x"; ' + self.STORAGE % "",
                 "FILE:1: event_command: must be an absolute"),
                ('storage = ( { name = "s"; config = "/c"; }, { name = "s"; config = "/c"; } );',
                 "two storage domains of one name")):
            with self.subTest(text=text):
                status, said = self.check(text)
                self.assertEqual(status, 1)
                self.assertIn(words, said)
                self.assertEqual(said.count("\n"), 1)

    def test_no_file(self):
        run = subprocess.run([MOATD, "-c", "/nonexistent"], stderr=subprocess.PIPE,
                             text=True, timeout=DEADLINE, check=False)
        self.assertEqual(run.returncode, 1)
        self.assertIn("/nonexistent: No such file", run.stderr)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    sys.exit(unittest.main())
