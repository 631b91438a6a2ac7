#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""moatd where a front end cannot follow its disk: the storage domain keeps its domid.

$SEED and $TURNS are for killing it at random.
"""

import signal
import sys
import time
import unittest

from moatd_case import DEVICE, Moatd



class Takeover(Moatd):
    """The application has a disk that can follow; another, whose front end is any, has not."""

    standby, beat = "false", 20

    def begin(self):
        super().begin()
        self.stand_by()
        self.stock = self.world.make_domain("stock", "app")
        self.world.attach(self.stock, DEVICE, self.storage(), able=False)
        self.noted()

    def stand_by(self):
        """Before there is a disk that a standby cannot help."""

    def kept(self, key, app=None):
        return self.world.store.read(f"/libxl/{app or self.stock}/device/vbd/{DEVICE}/{key}")

    def back(self, key, app=None):
        return self.world.store.read(
            f"/local/domain/{self.storage()}/backend/vbd/{app or self.stock}/{DEVICE}/{key}")

    def noted(self):
        self.wait(lambda: self.kept("moat-offered") == self.world.offer and
                  self.kept("moat-safe") == self.world.safe, "what is offered is noted")

    def disk(self, domain="stock"):
        """What moatd shows of a disk; nothing of one that it has not looked at yet."""
        return next((d for d in self.status()["disks"] if d["domain"] == domain), {})

    def is_whole(self):
        status = self.status()
        return (status["state"] == "ready" and status["wish"] is None and status["disks"] and
                status["domid"] == self.storage() and
                all(d["backend_domid"] == status["domid"] and d["front_state"] == 4 and
                    d["back_state"] == 4 and d["moat_state"] in (None, "up")
                    for d in status["disks"]) and
                status["pci"][0]["domid"] == status["domid"])

    def cover(self, domain="stock"):
        disk = self.disk(domain)
        return disk["cover"], disk["cover_why"]

    def crash(self):
        self.world.end_domain(self.storage(), "crashed")

    def recovered(self, count=1):
        self.wait(lambda: len(self.events("recovered")) == count, "recovered")
        self.whole()
        return self.events("recovered")[-1]

    def test_crash(self):
        self.assertEqual(self.cover(), ("takeover", None))
        self.assertEqual(self.cover("app"), ("takeover", None))
        domid, uuid = self.storage(), self.world.domains[self.storage()]["uuid"]
        front = self.world.front(self.stock)
        self.crash()
        event = self.recovered()
        self.assertEqual((event["domid"], event["new_domid"], event["disks"], event["left"]),
                         (domid, domid, 2, 0))
        self.assertEqual(self.storage(), domid)
        self.assertNotEqual(self.world.domains[domid]["uuid"], uuid)
        self.assertEqual(self.world.front(self.stock), front)
        self.assertIsNone(self.back("moat-owed"))
        for key in ("params", "mode", "online", "frontend-id"):
            self.assertEqual(self.back(key), "1" if key == "online" else self.kept(key))
        self.assertEqual(self.events("left-alone"), [])
        call, = [c for c in self.world.calls if c[0] == "moat-create"]
        self.assertIn('pci=["0000:00:04.0,permissive=1"]', call)
        self.assertIsNone(self.world.store.read("/moat/storage/storage/placeholder"))

    def test_gone(self):
        """Destroyed by somebody else, with what stood in its directory."""
        domid = self.storage()
        self.destroy()
        self.assertEqual(self.recovered()["why"], "gone")
        self.assertEqual(self.storage(), domid)

    def test_again_and_again(self):
        for turn in range(3):
            self.crash()
            self.recovered(turn + 1)
        self.assertEqual(self.disk()["domid"], self.stock)

    def test_restart(self):
        domid = self.storage()
        self.assertTrue(self.ask(command="restart", storage="storage")["ok"])
        self.assertEqual(self.recovered()["new_domid"], domid)

    def test_upgrade(self):
        """It needs no standby, and the disks that can hold do."""
        domid = self.storage()
        self.assertEqual(self.ask(command="upgrade", storage="storage"), {"ok": True})
        self.wait(lambda: self.events("upgraded"), "upgraded")
        self.whole()
        self.assertEqual(self.storage(), domid)
        self.assertEqual(self.events("left-alone"), [])

    def test_last_chance(self):
        """What was offered a moment ago is noted of the domain that has crashed."""
        with self.world.lock:
            self.moatd.send_signal(signal.SIGSTOP)
            self.world.offer = "ring=4"
            back = f"/local/domain/{self.storage()}/backend/vbd/{self.stock}/{DEVICE}"
            self.world.store.write({back + "/moat-offered": "ring=4"})
            self.crash()
            self.moatd.send_signal(signal.SIGCONT)
        self.recovered()
        self.assertEqual(self.kept("moat-offered"), "ring=4")

    def test_just_connected(self):
        """A front end that had nothing to lose a moment ago has by the time of the verdict."""
        state = f"/local/domain/{self.stock}/device/vbd/{DEVICE}/state"
        self.world.idle.add(self.stock)
        self.world.store.write({state: "1"})
        self.wait(lambda: self.disk()["front_state"] == 1, "begins anew")
        self.world.store.write({state: "4"})
        self.crash()
        self.recovered()
        self.assertEqual([c for c in self.world.calls if c[0] == "destroy"], [])

    def test_offers_nothing(self):
        """Another driver at the same front end: what was noted does not count any more."""
        back = f"/local/domain/{self.storage()}/backend/vbd/{self.stock}/{DEVICE}"
        with self.world.store.lock:
            self.world.store.remove(back + "/moat-offered")
            self.world.store.remove(back + "/moat-safe")
        self.wait(lambda: self.kept("moat-offered") is None, "forgotten")
        self.assertEqual(self.cover()[0], "not")
        self.assertEqual(self.cover("app"), ("restart", None))
        self.crash()
        self.wait(lambda: self.events("left-alone"), "it is lost")
        self.assertIn("keeps nothing", self.events("left-alone")[0]["text"])

    def test_unsafe(self):
        """Writes would be lost that nobody would hear of: that is no disk to go on with."""
        back = f"/local/domain/{self.storage()}/backend/vbd/{self.stock}/{DEVICE}"
        self.world.safe = "0"
        self.world.store.write({back + "/moat-safe": "0"})
        self.noted()
        self.assertIn("may be lost", self.cover()[1])
        answer = self.ask(command="upgrade", storage="storage")
        self.assertIn("has no standby", answer["error"])
        self.crash()
        self.wait(lambda: self.events("left-alone"), "it is lost")
        self.assertIn("may be lost", self.events("left-alone")[0]["text"])
        self.assertEqual([c for c in self.world.calls if c[0] == "moat-create"], [])

    def test_misfit(self):
        """A successor that is less leaves the disk alone, and the others go on."""
        with self.world.lock:
            self.world.offer = "ring=0"
            self.crash()
        self.wait(lambda: self.events("recovered"), "recovered")
        event, = self.events("recovered")
        self.assertEqual((event["disks"], event["left"]), (2, 1))
        self.assertEqual(self.world.front(self.stock)["state"], "4")
        self.assertEqual(self.back("state"), "2")
        self.assertEqual(self.disk()["misfit"], "ring too small")
        self.assertEqual(self.disk("app")["moat_state"], "up")

    def test_stranger(self):
        """Somebody else has the domid: the disk is lost, he is left alone, the others go on."""
        domid = self.storage()
        with self.world.lock:
            self.world.robber = "robber"
            self.crash()
        self.wait(lambda: self.events("recovered"), "recovered")
        event, = self.events("left-alone")
        self.assertEqual((event["domain"], event["text"]),
                         ("stock", "another domain has its storage domain's domid"))
        self.assertEqual(self.world.store.read(f"/local/domain/{domid}/name"), "robber")
        self.assertNotEqual(self.storage(), domid)
        self.assertEqual(self.disk("app")["moat_state"], "up")
        self.assertEqual(len([c for c in self.world.calls if c[0] == "moat-create"]), 1)

    def test_connecting(self):
        """A front end that waits for its first back end has granted its rings already."""
        late = self.world.make_domain("late", "app")
        self.world.away.add(late)
        self.world.attach(late, DEVICE, self.storage(), able=False)
        self.world.store.write({f"/local/domain/{late}/device/vbd/{DEVICE}/state": "3"})
        self.wait(lambda: self.disk("late").get("front_state") == 3, "seen")
        self.crash()
        self.wait(lambda: self.back("state", late) == "1", "a back end again")
        self.assertIsNone(self.back("moat-owed", late))
        self.world.away.clear()
        self.recovered()
        self.assertEqual(self.events("left-alone"), [])

    def test_detached_in_the_gap(self):
        """What libxl has forgotten meanwhile is not made again."""
        self.crash()
        self.wait(lambda: [c for c in self.world.calls if c[0] == "moat-create"], "on its way")
        self.world.store.remove(f"/libxl/{self.stock}/device/vbd/{DEVICE}")
        self.world.store.remove(f"/local/domain/{self.stock}/device/vbd/{DEVICE}")
        self.wait(lambda: self.events("recovered"), "recovered")
        self.assertIsNone(self.back("state"))

    def test_guest_gone_in_the_gap(self):
        self.crash()
        self.wait(lambda: [c for c in self.world.calls if c[0] == "moat-create"], "on its way")
        self.world.destroy(self.stock)
        self.wait(lambda: self.events("recovered"), "recovered")
        self.assertEqual(self.world.store.names(
            f"/local/domain/{self.storage()}/backend/vbd"), [str(self.app)])

    def test_guest_paused_in_the_gap(self):
        """One that does not run is served like the others, and not waited for."""
        self.world.touch(f"paused.{self.stock}")
        self.crash()
        self.recovered()
        self.assertEqual(self.back("state"), "4")
        self.assertEqual(self.world.front(self.stock)["state"], "4")

    def test_guest_reboots_in_the_gap(self):
        """Its next front end begins anew, at the same node: nothing is owed to that."""
        self.crash()
        self.wait(lambda: [c for c in self.world.calls if c[0] == "moat-create"], "on its way")
        self.world.store.write({f"/local/domain/{self.stock}/device/vbd/{DEVICE}/state": "1"})
        self.recovered()
        self.assertIsNone(self.back("moat-owed"))
        self.assertEqual(self.events("left-alone"), [])

    def test_failing(self):
        """It is tried again."""
        self.world.failures = {"moat-create": 2}
        self.crash()
        self.recovered()
        self.assertEqual([e["text"] for e in self.events("failed")],
                         ["replace failed with status 1", "create failed with status 1"])
        self.assertEqual(len([c for c in self.world.calls if c[0] == "destroy"]), 1)

    def test_device_late(self):
        """The domain does not wait for ever for pciback, which has its time afterwards."""
        domid = self.storage()
        with self.world.lock:
            self.world.release_at[domid] = float("inf")
            self.crash()
        self.wait(lambda: len([c for c in self.world.calls if c[0] == "moat-create"]) == 2, "tries")
        with_device, without = [c for c in self.world.calls if c[0] == "moat-create"]
        self.assertIn('pci=["0000:00:04.0,permissive=1"]', with_device)
        self.assertIn('passthrough="enabled"', without)
        self.world.release_at[domid] = 0
        self.recovered()

    def test_stray_hold(self):
        """What nobody wants held any more is let go, whoever was asked."""
        hold = f"/local/domain/{self.stock}/device/vbd/{DEVICE}/moat-hold"
        self.world.store.write({hold: "1"})
        self.wait(lambda: self.world.store.read(hold) is None, "let go")

    def test_killed_at_random(self):
        domid = self.storage()

        def settled():
            self.assertEqual(self.storage(), domid)
            self.assertEqual(self.events("left-alone"), [])

        self.kill_at_random(self.crash, 6, settled)


class Off(Takeover):
    def before(self):
        with open(self.path("conf"), encoding="utf-8") as conf:
            text = conf.read().replace("standby = false;", "standby = false; takeover = false;")
        with open(self.path("conf"), "w", encoding="utf-8") as out:
            out.write(text)

    def test_off(self):
        domid = self.storage()
        self.crash()
        self.wait(lambda: self.events("recovered"), "recovered")
        self.assertIn("takeover is off", self.events("left-alone")[0]["text"])
        self.assertNotEqual(self.storage(), domid)


for test in [name for name in dir(Takeover) if name.startswith("test_")]:
    setattr(Off, test, None)


class WithStandby(Takeover):
    """It stands by until nobody needs the domid any more."""

    standby = "true"

    def stand_by(self):
        self.wait(lambda: self.has_standby(self.status()), "a standby")

    def test_kept(self):
        domid, standby = self.storage(), self.world.domid("storage-standby")
        self.assertEqual(self.cover("app"), ("takeover", None))
        self.crash()
        self.recovered()
        self.assertEqual((self.storage(), self.world.domid("storage-standby")), (domid, standby))
        self.assertFalse(self.status()["standby_wanted"])
        self.world.destroy(self.stock)
        self.wait(lambda: len(self.status()["disks"]) == 1, "the guest is gone")
        self.assertTrue(self.status()["standby_wanted"])
        self.assertEqual(self.cover("app"), ("standby", None))
        self.crash()
        self.wait(lambda: self.storage() == standby, "the standby")
        self.recovered(2)

    def test_none_made(self):
        """Where there is none, and it could not be used, none is made."""
        made = len([c for c in self.world.calls if c[0] == "create"])
        self.world.end_domain(self.world.domid("storage-standby"), "crashed")
        self.wait(lambda: self.events("standby-lost"), "it is lost")
        self.crash()
        self.recovered()
        self.assertEqual(len([c for c in self.world.calls if c[0] == "create"]), made)

    def test_upgrade(self):
        """One that is older than the upgrade does not come after it."""
        standby = self.world.domid("storage-standby")
        self.assertEqual(self.ask(command="upgrade", storage="storage"), {"ok": True})
        self.wait(lambda: self.events("upgraded"), "upgraded")
        self.assertNotIn(standby, self.world.domains)


for test in [name for name in dir(Takeover) if name.startswith("test_")
             and name not in vars(WithStandby)]:
    setattr(WithStandby, test, None)


class Heir(Moatd):
    """One front end after the other at the same node: the first has left its keys there."""

    beat = 20

    def succeed(self, moats):
        """Another driver, which has connected."""
        self.world.succeed(self.app, self.storage(), moats)
        self.connected(moats)

    def connected(self, moats):
        self.wait(lambda: (self.disk()["recovery"], self.disk()["front_state"],
                           self.disk()["back_state"]) == (moats, 4, 4), "connected")

    def disk(self):
        return self.status()["disks"][0]

    def is_whole(self):
        """A standby that could not be used is not made."""
        status = self.status()
        disk = status["disks"][0] if status["disks"] else {}
        return (status["state"] == "ready" and status["wish"] is None and
                status["domid"] == self.storage() == disk.get("backend_domid") and
                (self.has_standby(status) or not status["standby_wanted"]) and
                disk["front_state"] == disk["back_state"] == 4 and
                disk["moat_state"] == ("up" if disk["recovery"] else None))

    def noted(self):
        """All there is to be: of a disk that moatd has looked at it notes everything at once."""
        kept = f"/libxl/{self.app}/device/vbd/{DEVICE}/moat-offered"
        self.wait(lambda: self.world.store.read(kept) == self.world.offer, "what is offered")

    def with_moatd(self, harm):
        """moatd dies with the storage domain."""
        self.kill()
        harm()
        self.start()

    def crash(self):
        self.world.end_domain(self.storage(), "crashed")

    def recovered(self):
        self.wait(lambda: self.events("recovered"), "recovered")
        self.whole()
        event, = self.events("recovered")
        self.assertEqual((event["disks"], event["left"]), (1, 0))
        self.assertEqual(self.events("left-alone"), [])
        return event

    def check_taken_over(self, harm):
        self.succeed(moats=False)
        self.noted()
        self.assertEqual(self.disk()["cover"], "takeover")
        front = self.world.front(self.app)
        harm()
        event = self.recovered()
        self.assertEqual(event["new_domid"], event["domid"])
        self.assertEqual(self.world.front(self.app), front)
        self.assertFalse(self.disk()["recovery"])

    def check_moved(self, harm):
        harm()
        event = self.recovered()
        self.assertNotEqual(event["new_domid"], event["domid"])
        self.assertTrue(self.disk()["recovery"])

    def test_stock(self):
        self.check_taken_over(self.crash)

    def test_stock_destroyed(self):
        self.check_taken_over(self.destroy)

    def test_stock_with_moatd(self):
        self.check_taken_over(lambda: self.with_moatd(self.crash))

    def test_stock_destroyed_with_moatd(self):
        self.check_taken_over(lambda: self.with_moatd(self.destroy))

    def test_stock_unseen(self):
        """It came while moatd was away, and nobody has noted anything."""
        self.kill()
        self.world.succeed(self.app, self.storage(), moats=False)
        self.wait_without_moatd(lambda: self.world.front(self.app)["state"] == "4")
        self.crash()
        self.start()
        event = self.recovered()
        self.assertEqual(event["new_domid"], event["domid"])

    def wait_without_moatd(self, condition):
        deadline = time.monotonic() + 20
        while not condition() and time.monotonic() < deadline:
            self.world.ended.wait(0.02)
        self.assertTrue(condition())

    def test_stock_on_its_way(self):
        """It has granted its rings, and no back end has taken them yet."""
        back = f"/local/domain/{self.storage()}/backend/vbd/{self.app}/{DEVICE}"
        with self.world.lock:
            self.world.away.add(self.app)
            self.world.succeed(self.app, self.storage(), moats=False)
            self.world.store.write({back + "/moat-connection": "77", back + "/state": "2"})
            self.world.store.write({f"/local/domain/{self.app}/device/vbd/{DEVICE}/state": "3"})
        self.wait(lambda: self.disk()["recovery"] is False, "seen")
        self.with_moatd(self.destroy)
        self.wait(lambda: self.world.store.read(back + "/state") == "1", "a back end again")
        self.assertEqual(self.world.front(self.app)["state"], "3")
        self.world.away.clear()
        event = self.recovered()
        self.assertEqual(event["new_domid"], event["domid"])

    def test_stock_while_held(self):
        """A note is no step: what a person destroys is judged by it, too."""
        self.assertTrue(self.ask(command="hold", storage="storage")["ok"])

        def destroy():
            self.destroy()
            self.assertTrue(self.ask(command="resume", storage="storage")["ok"])

        self.check_taken_over(destroy)

    def test_stock_killed_at_random(self):
        self.succeed(moats=False)
        self.noted()
        domid, front = self.storage(), self.world.front(self.app)

        def settled():
            self.assertEqual(self.storage(), domid)
            self.assertEqual(self.world.front(self.app), front)

        self.kill_at_random(self.crash, 4, settled)

    def test_stock_unsaved(self):
        """What could not be taken over is lost; it is not moved."""
        self.world.offer = None
        self.succeed(moats=False)
        self.assertEqual(self.disk()["cover"], "not")
        front = self.world.front(self.app)
        self.with_moatd(self.crash)
        self.wait(lambda: self.events("left-alone"), "it is lost")
        self.assertEqual(self.world.front(self.app), front)

    def test_words_of_the_first(self):
        """A complaint is none of the second's, nor is it asked to hold for ever."""
        front = f"/local/domain/{self.app}/device/vbd/{DEVICE}"
        self.world.idle.add(self.app)
        with self.world.lock:
            self.world.store.write({front + "/state": "1"})
            self.wait(lambda: self.disk()["front_state"] == 1, "begins anew")
            self.world.store.write({front + "/moat-hold": "1", front + "/moat-state": "failed",
                                    front + "/moat-trouble": "protocol it lies"})
            self.world.succeed(self.app, self.storage(), moats=False)
            self.world.idle.clear()
        self.connected(False)
        self.noted()
        self.wait(lambda: self.world.store.read(front + "/moat-hold") is None, "let go")
        self.assertIsNone(self.disk()["moat_state"])
        self.assertIsNone(self.disk()["trouble"])
        self.assertEqual([e for e in self.ask(command="events")["events"]
                          if e["event"] in ("reconnected", "condemned")], [])
        self.crash()
        self.recovered()

    def test_moats(self):
        self.check_moved(self.crash)

    def test_moats_destroyed_with_moatd(self):
        self.check_moved(lambda: self.with_moatd(self.destroy))

    def test_moats_again(self):
        """What is noted of a stock front end says nothing of the next."""
        self.succeed(moats=False)
        self.noted()
        self.succeed(moats=True)
        self.whole()
        self.check_moved(self.crash)

    def test_moats_again_destroyed_with_moatd(self):
        self.succeed(moats=False)
        self.noted()
        self.succeed(moats=True)
        self.check_moved(lambda: self.with_moatd(self.destroy))

    def test_moats_on_its_way(self):
        """The back end has made its offer, and the front end has not come to it yet."""
        back = f"/local/domain/{self.storage()}/backend/vbd/{self.app}/{DEVICE}"
        with self.world.lock:
            self.world.away.add(self.app)
            self.world.succeed(self.app, self.storage(), moats=True)
            self.world.store.write({back + "/moat-connection": "77", back + "/state": "2"})
        self.wait(lambda: self.disk()["back_state"] == 2, "seen")
        self.assertTrue(self.disk()["recovery"])
        self.world.away.clear()
        self.check_moved(self.crash)


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    sys.exit(unittest.main())
