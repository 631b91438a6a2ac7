#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""moatd and a person who has storage domains and guests in hand: "moat hold", and what xl
does to domains that moatd looks after, at each moment of a recovery.
"""

import os
import signal
import socket
import sys
import time
import unittest

from moatd_case import DEVICE, Moatd


class Person(Moatd):
    """What a person does with xl, as far as it concerns moatd."""

    def pause(self, domid):
        with self.world.lock:
            if domid in self.world.domains:
                self.world.touch(f"paused.{domid}")

    def unpause(self, domid):
        with self.world.lock:
            if self.world.paused(domid):
                os.unlink(self.world.path(f"paused.{domid}"))

    def shut_down(self, domid, state="ended"):
        """One that has ended, or been destroyed, meanwhile is no domain for xl."""
        with self.world.lock:
            if self.world.domains.get(domid, {}).get("state") == "running":
                self.world.end_domain(domid, state)

    def xl_destroys(self, domid):
        """As xl does it: the device is taken away first."""
        with self.world.lock:
            if self.world.pci_holder() == domid:
                self.world.touch(f"paused.{domid}")
                self.world.store.remove(f"/local/domain/0/backend/pci/{domid}")
                self.world.store.remove("/libxl/pci/0000-00-04-0")
            self.world.destroy(domid)

    def beats(self, domid, count):
        """So many heartbeats of a domain are time that has passed for all."""
        key = f"/local/domain/{domid}/data/moat/heartbeat"
        first = int(self.world.store.read(key) or 0)
        self.wait(lambda: int(self.world.store.read(key) or 0) >= first + count, "heartbeats")

    def passes(self, seconds):
        end = time.monotonic() + seconds
        self.wait(lambda: time.monotonic() > end, "time to pass")

    def order(self, command):
        self.assertEqual(self.ask(command=command, storage="storage"), {"ok": True})


class Hold(Person):
    def xl(self):
        return [c[0] for c in self.world.calls]

    def held(self, verdict):
        status = self.status()
        return status["held"] and status["state"] == "held" and status["verdict"] == verdict

    def test_crash(self):
        """Nothing is done about a domain that crashes, and it is replaced behind the hold."""
        old, calls = self.storage(), self.xl()
        self.order("hold")
        self.assertEqual((self.status()["held"], self.status()["state"]), (True, "ready"))
        self.world.end_domain(old, "crashed")
        self.wait(lambda: self.held("it crashed"), "it is told")
        self.beats(self.world.domid("storage-standby"), 10)
        self.assertEqual((self.storage(), self.xl()), (old, calls))
        self.assertEqual(self.events("condemned"), [])
        self.assertEqual(self.world.front(self.app)["backend-id"], str(old))
        self.order("resume")
        self.wait(lambda: self.events("recovered"), "recovered")
        self.whole()
        self.assertEqual(self.events("recovered")[0]["why"], "crash")
        self.assertEqual((len(self.events("held")), len(self.events("resumed"))), (1, 1))
        self.assertFalse(self.status()["held"])

    def test_moatd_restarts(self):
        old, calls = self.storage(), self.xl()
        self.order("hold")
        self.kill()
        self.world.end_domain(old, "crashed")
        self.start()
        self.wait(lambda: self.held("it crashed"), "it is told")
        self.assertEqual((self.storage(), self.xl()), (old, calls))
        self.order("resume")
        self.wait(lambda: self.events("recovered"), "recovered")
        self.whole()

    def test_stands_still(self):
        """What a person lets stand is told, and behind the hold nobody is blamed for it."""
        old = self.storage()
        self.order("hold")
        self.pause(old)
        self.wait(lambda: self.held("its heartbeat stands still"), "it is told")
        self.unpause(old)
        self.wait(lambda: self.status()["state"] == "ready", "it lives")
        self.order("resume")
        self.beats(old, 15)
        self.assertEqual((self.storage(), self.events("condemned")), (old, []))

    def test_paused_until_resume(self):
        """The time that counts begins with the end of the hold."""
        old = self.storage()
        self.order("hold")
        self.pause(old)
        self.wait(lambda: self.held("its heartbeat stands still"), "it is told")
        self.order("resume")
        self.unpause(old)
        self.beats(old, 15)
        self.assertEqual((self.storage(), self.events("condemned")), (old, []))

    def test_replaced_by_hand(self):
        """A person may put another domain in the place of the old one: its disks follow."""
        self.order("hold")
        self.xl_destroys(self.storage())
        self.wait(lambda: self.held("it is gone"), "it is told")
        self.wait(lambda: not [n for n in os.listdir(self.dir) if n.startswith("pciback.")],
                  "the device is free")
        other = self.world.make_domain("storage", "storage")
        self.assertEqual(self.world.give_pci(other), "")
        self.wait(lambda: self.status()["domid"] == other, "it is seen")
        self.assertEqual(self.world.front(self.app)["moat-state"], "waiting")
        self.order("resume")
        self.whole()
        self.assertEqual((self.storage(), self.events("condemned")), (other, []))

    def test_standby(self):
        """None is made, and one that has ended is left to be looked at."""
        standby = self.world.domid("storage-standby")
        self.order("hold")
        self.world.end_domain(standby, "crashed")
        self.beats(self.storage(), 10)
        self.assertEqual(self.world.domid("storage-standby"), standby)
        self.assertEqual((self.status()["state"], self.status()["verdict"]), ("ready", None))
        self.order("resume")
        self.wait(lambda: standby not in self.world.domains, "it is destroyed")
        self.whole()

    def test_in_a_recovery(self):
        """It stops where it is, and goes on."""
        old = self.storage()
        self.world.end_domain(old, "crashed")
        self.wait(lambda: self.world.store.read("/moat/storage/storage/recovery"), "it begins")
        self.order("hold")
        self.wait(lambda: self.status()["state"] != "ready", "it is under way")
        self.passes(1)
        before = (self.xl(), self.world.front(self.app).get("backend-id"))
        self.passes(1)
        self.assertEqual((self.xl(), self.world.front(self.app).get("backend-id")), before)
        self.assertEqual(self.status()["state"], "recovering")
        self.order("resume")
        self.wait(lambda: self.events("recovered"), "recovered")
        self.whole()

    def test_refusals(self):
        self.assertIn("is not held", self.ask(command="resume", storage="storage")["error"])
        self.assertIn("no storage domain x", self.ask(command="hold", storage="x")["error"])
        self.order("hold")
        self.order("hold")
        for command in "restart", "upgrade":
            self.assertIn("moat resume storage",
                          self.ask(command=command, storage="storage")["error"])
        self.order("resume")
        self.world.JOB = 1      # each xl takes that long, and so the upgrade
        self.order("upgrade")
        self.assertIn("upgrade is under way", self.ask(command="hold", storage="storage")["error"])
        self.wait(lambda: self.events("upgraded"), "upgraded")
        self.assertEqual(len(self.events("held")), 1)

    def test_others_complain(self):
        """A complaint that nobody acts on does not count up meanwhile."""
        other = self.world.make_domain("other", "app")
        self.world.attach(other, DEVICE, self.storage())
        self.wait(lambda: len(self.status()["disks"]) == 2, "the other disk")
        self.whole()
        self.order("hold")
        self.world.store.write({f"/local/domain/{other}/device/vbd/{DEVICE}/moat-trouble":
                                "protocol a lie"})
        self.beats(self.storage(), 10)
        self.assertEqual(self.events("reconnected"), [])
        self.order("resume")
        self.wait(lambda: self.events("reconnected"), "connected anew")
        self.whole()


class Console(Moatd):
    """What a domain said last is kept, and its event names the file."""

    loop = 20

    def say(self, domid, text):
        self.world.store.write({f"/local/domain/{domid}/console/ring-ref": "1"})
        with open(self.path(f"console.{domid}"), "w", encoding="latin-1") as out:
            out.write(text)

    def xenconsoled(self, name, text):
        os.makedirs(self.path("consoles"), exist_ok=True)
        with open(self.path(f"consoles/guest-{name}.log"), "w", encoding="utf-8") as out:
            out.write(text)

    def kept(self, event):
        with open(event["console"], encoding="ascii") as text:
            return text.read()

    def crash(self, domid):
        told = len(self.events("recovered"))
        self.world.end_domain(domid, "crashed")
        self.wait(lambda: len(self.events("recovered")) > told, "recovered")
        return self.events("condemned")[-1]

    def test_ring(self):
        old = self.storage()
        self.say(old, "BUG: \x1b[2Jwild\r\nend \x9b7m\n")
        event = self.crash(old)
        self.assertEqual(os.path.dirname(event["console"]), self.path("log/console"))
        self.assertEqual(self.kept(event), "--- the end of the console's ring\n"
                         "BUG: ?[2Jwild \nend ?7m\n\n")

    def test_log(self):
        """One that is still called as the standby that the domain was; and no more of it
        than its end."""
        old = self.storage()
        self.xenconsoled("storage", "of long ago\n")
        self.xenconsoled("storage-standby", "x" * (1 << 20) + "BUG: wild\n")
        os.utime(self.path("consoles/guest-storage.log"), (1, 1))
        self.say(old, "the rest")
        text = self.kept(self.crash(old))
        self.assertTrue(text.startswith("--- the end of " + self.path("consoles")), text[:99])
        self.assertIn("BUG: wild\n\n--- the end of the console's ring\nthe rest\n", text)
        self.assertLess(len(text), 67 * 1024)

    def test_nothing(self):
        self.assertIsNone(self.crash(self.storage())["console"])

    def test_standby(self):
        standby = self.world.domid("storage-standby")
        self.say(standby, "BUG: wild")
        self.world.end_domain(standby, "crashed")
        self.wait(lambda: self.events("standby-lost"), "it is lost")
        self.assertIn("BUG: wild", self.kept(self.events("standby-lost")[0]))

    def test_bounded(self):
        """Only the latest stay."""
        os.makedirs(self.path("log/console"))
        for n in range(80):
            path = self.path(f"log/console/a-{n}.console")
            with open(path, "w", encoding="utf-8"):
                pass
            os.utime(path, (n + 1, n + 1))
        self.say(self.storage(), "last")
        kept = os.path.basename(self.crash(self.storage())["console"])
        self.assertEqual(sorted(os.listdir(self.path("log/console"))),
                         sorted([f"a-{n}.console" for n in range(17, 80)] + [kept]))

    def test_no_room(self):
        """A recovery goes on without it."""
        with open(self.path("log/console"), "w", encoding="utf-8"):
            pass
        self.say(self.storage(), "last")
        self.assertIsNone(self.crash(self.storage())["console"])
        self.assertIn("Not a directory", self.log())


class Ready(Moatd):
    """systemd is told when guests can be created."""

    def before(self):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(self.path("notify"))
        self.environment = {"NOTIFY_SOCKET": self.path("notify")}
        self.said = []
        # all the time, for moatd waits where nobody reads
        self.world.begin(self.listen)
        self.prepare()

    def prepare(self):
        """What is wrong with this machine."""

    def begin(self):
        pass

    def listen(self):
        self.socket.settimeout(0.1)
        with self.socket:
            while self.world.running:
                try:
                    self.said.append(self.socket.recv(4096).decode())
                except TimeoutError:
                    pass

    def told(self):
        """All that it has been told when it is ready."""
        self.wait(lambda: any(text.startswith("READY=1") for text in self.said), "ready")
        last = next(n for n, text in enumerate(self.said) if text.startswith("READY=1"))
        return self.said[:last + 1]

    def test_serves(self):
        said = self.told()
        self.assertEqual(self.status()["state"], "ready")
        self.assertEqual(said[-1], "READY=1\nSTATUS=1 of 1 storage domains serve")
        self.assertIn("EXTEND_TIMEOUT_USEC=30000000\nSTATUS=0 of 1 storage domains serve; waiting",
                      said)
        self.assertGreater(said.count("WATCHDOG=1"), 0)


class ReadyWithoutADevice(Ready):
    """Somebody else has it: the host boots all the same, and it is said."""

    test_serves = None

    def prepare(self):
        self.world.give_pci(self.world.make_domain("other", "app"))

    def test_late(self):
        began = time.monotonic()
        self.assertIn("STATUS=0 of 1", self.told()[-1])
        # boot_limit and probe_limit, as moatd_case.py sets them
        self.assertGreater(time.monotonic() - began, 6)
        self.assertIn("do not serve in time", self.log())


class ReadyForAPerson(Ready):
    """Where only a person can help, nobody is kept waiting."""

    test_serves = None

    def prepare(self):
        self.world.make_domain("storage", "app")

    def test_foreign(self):
        began = time.monotonic()
        self.told()
        self.assertLess(time.monotonic() - began, 5)
        self.assertEqual(self.status()["state"], "foreign")


class Moments(Person):
    """A person does something to a domain while its storage domain is being replaced.

    At each moment a domain of some name may be another, or none; then xl does nothing.
    """

    beat = 2

    MOMENTS = {
        "before": lambda self, old: True,
        "condemned": lambda self, old: self.world.store.read("/moat/storage/storage/condemned"),
        "destroyed": lambda self, old: old not in self.world.domains,
        "named": lambda self, old: self.storage() not in (None, old),
        "devices": lambda self, old: self.world.pci_holder() not in (None, old),
        "repointed": lambda self, old: self.world.front(self.app).get("backend-id") != str(old),
        "connected": lambda self, old: self.world.front(self.app).get("backend-id") != str(old)
                     and self.world.front(self.app).get("moat-state") == "up",
    }

    def at_each_moment(self, act):
        for moment, come in self.MOMENTS.items():
            with self.subTest(moment=moment):
                # each is the first crash in a long time
                self.world.store.remove("/moat/storage/storage/crashes")
                told, old = len(self.events("recovered")), self.storage()
                self.world.end_domain(old, "crashed")
                self.wait(lambda come=come, old=old: come(self, old), moment)
                act()
                self.wait(lambda told=told: len(self.events("recovered")) > told, "recovered")
                self.whole()
                self.assertEqual(self.world.wrong, [], moment)
                self.assertEqual(self.events("left-alone"), [], moment)
        self.assertEqual(self.events("gave-up"), [])

    def storage_and_standby(self):
        """Whoever has the names at the moment."""
        return [d for d in (self.storage(), self.world.domid("storage-standby")) if d]

    def test_storage_is_paused(self):
        """It is found out by its heartbeat."""
        self.at_each_moment(lambda: [self.pause(d) for d in self.storage_and_standby()])

    def test_storage_is_paused_for_a_moment(self):
        def act():
            domids = self.storage_and_standby()
            for domid in domids:
                self.pause(domid)
            self.world.ended.wait(0.2)
            for domid in domids:
                # a domain that moatd has condemned is not to run again; libxl's own lock would
                # not keep a person from it
                if not self.world.store.read("/moat/storage/storage/condemned") or \
                        domid != self.storage():
                    self.unpause(domid)
        self.at_each_moment(act)

    def test_storage_is_shut_down(self):
        self.at_each_moment(lambda: [self.shut_down(d) for d in self.storage_and_standby()])

    def test_storage_is_saved(self):
        """One with devices cannot be: it counts as ended."""
        self.at_each_moment(
            lambda: [self.shut_down(d, "suspended") for d in self.storage_and_standby()])

    def test_storage_is_destroyed(self):
        self.at_each_moment(lambda: [self.xl_destroys(d) for d in self.storage_and_standby()])

    def test_guest_is_paused(self):
        """The recovery does not wait for a guest that does not run; its disk comes later."""
        self.world.idle = set()

        def act():
            self.pause(self.app)
            self.world.idle.add(self.app)
            self.world.ended.wait(0.3)
            self.world.idle.discard(self.app)
            self.unpause(self.app)
        self.at_each_moment(act)

    def restart_guest(self, state):
        """Saved and restored, migrated to where it is, or rebooted: another domain, the same VM.

        libxl looks the storage domain up by its name, and does nothing where there is none.
        """
        vm = self.world.domains[self.app]["uuid"]
        self.shut_down(self.app, state)
        self.world.destroy(self.app)
        self.wait(self.storage, "a storage domain, as after moat wait")
        self.app = self.world.make_domain("app", "app", vm=vm)
        with self.world.lock:
            self.world.attach(self.app, DEVICE, self.storage())

    def test_guest_is_saved_and_restored(self):
        self.at_each_moment(lambda: self.restart_guest("suspended"))

    def test_guest_reboots(self):
        self.at_each_moment(lambda: self.restart_guest("ended"))


class Saved(Person):
    """A storage domain without devices can be saved."""

    def before(self):
        with open(self.path("conf"), encoding="utf-8") as text:
            changed = text.read().replace('pci = [ "0000:00:04.0" ];', "save_limit = 3;")
        with open(self.path("conf"), "w", encoding="utf-8") as out:
            out.write(changed)
        self.world.without_pci = True

    def is_whole(self):
        status = self.status()
        return (status["state"] == "ready" and self.has_standby(status)
                and all(d["moat_state"] == "up" for d in status["disks"]) and status["disks"])

    def test_saved_in_place(self):
        """xl save -c: it comes back, and nobody minds."""
        old = self.storage()
        self.shut_down(old, "suspended")
        self.wait(lambda: self.status()["state"] == "suspended", "suspended")
        with self.world.lock:
            self.world.domains[old]["state"] = "running"
            self.world.flush()
        self.beats(old, 10)
        self.assertEqual((self.storage(), self.events("condemned")), (old, []))

    def test_saved(self):
        """xl save: it is gone in the end, and replaced."""
        old = self.storage()
        self.shut_down(old, "suspended")
        self.wait(lambda: self.status()["state"] == "suspended", "suspended")
        self.world.destroy(old)
        self.wait(lambda: self.events("recovered"), "recovered")
        self.assertEqual(self.events("recovered")[0]["why"], "gone")
        self.whole()

    def test_never_comes_back(self):
        """A save that hangs is not waited for longer than save_limit."""
        self.shut_down(self.storage(), "suspended")
        self.wait(lambda: self.events("recovered"), "recovered")
        self.assertEqual(self.events("recovered")[0]["why"], "gone")
        self.whole()

    def test_migrated_to_where_it_is(self):
        """xl migrate localhost: what comes has the uuid, so it is ours, and the disks follow."""
        old = self.storage()
        vm = self.world.domains[old]["uuid"]
        new = self.world.make_domain("storage--incoming", "storage", vm=vm)
        self.shut_down(old, "suspended")
        self.wait(lambda: self.status()["state"] == "suspended", "suspended")
        with self.world.lock:
            self.world.store.write({f"/local/domain/{old}/name": "storage--migratedaway",
                                    f"/local/domain/{new}/name": "storage"})
            self.world.destroy(old)
        self.wait(lambda: self.world.front(self.app).get("backend-id") != str(old), "moved")
        self.whole()
        self.assertEqual(self.events("left-alone"), [])


if __name__ == "__main__":
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    sys.exit(unittest.main())
