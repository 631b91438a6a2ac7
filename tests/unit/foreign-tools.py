#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""moatd and domains of the names that it uses which it has not made: see moatd_case.py."""

import sys
import time
import unittest

from moatd_case import DEVICE, Moatd


class Foreign(Moatd):
    """A domain has the name that is not moatd's."""

    kind, name = "app", "storage"

    def before(self):
        self.other = self.world.make_domain(self.name, self.kind)

    def begin(self):
        pass

    def test_left_alone(self):
        self.wait(lambda: self.events("foreign"), "it is told")
        self.assertEqual(self.status()["state"], "foreign")
        self.assertIn("not Moat's", self.ask(command="restart", storage="storage")["error"])
        self.kill()
        self.start()
        beat = time.monotonic() + 6     # longer than boot_limit
        self.wait(lambda: time.monotonic() > beat, "time to pass")
        self.assertEqual(self.world.calls, [])
        self.assertEqual([e["event"] for e in self.ask(command="events")["events"]], ["foreign"])
        self.world.destroy(self.other)
        self.wait(lambda: self.status()["state"] == "ready", "ready")
        self.assertIn("no domain but Moat's", self.ask(command="adopt", storage="storage")["error"])

    def test_adopted(self):
        self.wait(lambda: self.status()["state"] == "foreign", "seen")
        self.assertTrue(self.ask(command="adopt", storage="storage")["ok"])
        self.wait(lambda: self.events("condemned"), "it is not ready in time")
        self.assertEqual(self.events("condemned")[0]["why"], "boot")
        self.wait(lambda: self.status()["state"] == "ready", "ready")


class ForeignStandby(Foreign):
    """So has one the standby's."""

    name = "storage-standby"
    test_left_alone = test_adopted = None

    def test_without_standby(self):
        self.wait(lambda: self.status()["state"] == "ready", "ready")
        self.wait(lambda: self.events("foreign"), "it is told")
        self.app = self.world.make_domain("app", "app")
        self.world.attach(self.app, DEVICE, self.world.domid("storage"))
        self.wait(lambda: self.world.front(self.app).get("moat-state") == "up", "up")
        self.wait(lambda: self.world.store.read(
            f"/libxl/{self.app}/device/vbd/{DEVICE}/moat-served"), "noted as served")
        self.world.end_domain(self.storage(), "crashed")
        self.wait(lambda: self.events("recovered"), "recovered")
        self.assertTrue(self.ask(command="upgrade", storage="storage")["ok"])
        self.wait(lambda: self.events("upgrade-aborted"), "no upgrade")
        self.assertIn(self.other, self.world.domains)


class ByHand(Foreign):
    """A storage domain that xl create has made shows that it is Moat's."""

    kind = "storage"
    test_left_alone = test_adopted = None

    def test_found(self):
        self.wait(lambda: self.status()["state"] == "ready", "ready")
        self.assertEqual(self.status()["domid"], self.other)
        self.wait(lambda: self.status()["standby"], "a standby")
        self.assertEqual([c[0] for c in self.world.calls if c[0] == "destroy"], [])


if __name__ == "__main__":
    sys.exit(unittest.main())
