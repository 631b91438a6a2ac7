# SPDX-License-Identifier: GPL-2.0
"""A moatd in a made-up world (fakexen.py), for tests to ask and to harm.

$MOATD names the program, linked with hyper-fake.c.
"""

import json
import os
import random
import socket
import subprocess
import tempfile
import time
import unittest

import fakexen

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
MOATD = os.environ.get("MOATD", os.path.join(TOP, "build/tests/unit-tools/moatd"))
DEADLINE = 20
DEVICE = 51712
CONFIG = """
socket = "{dir}/moatd.sock"; events = "{dir}/log/events"; xl = "{dir}/xl";
moat_create = "{dir}/moat-create"; console_logs = "{dir}/consoles";
storage = ( {storages} );
"""
STORAGE = """{{ name = "{name}"; config = "/etc/xen/storage.cfg"; pci = [ "{bdf}" ];
    permissive = true; standby = {standby}; heartbeat_limit = {beat}; hang_limit = 1;
    device_limit = 5; boot_limit = {boot}; probe_limit = {probe}; crash_loop = {loop};
    crash_window = 300; }}"""


class Client:
    """A connection to moatd's socket."""

    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.settimeout(DEADLINE)
        try:
            self.socket.connect(path)
        except OSError:
            self.socket.close()
            raise
        self.lines = self.socket.makefile()

    def send(self, text):
        self.socket.sendall(text.encode() + b"\n")

    def receive(self):
        return json.loads(self.lines.readline())

    def ask(self, **request):
        self.send(json.dumps(request))
        return self.receive()

    def close(self):
        self.lines.close()
        self.socket.close()


class Moatd(unittest.TestCase):
    standby, loop, beat, boot, probe = "true", 20, 2, 5, 3
    storages = {"storage": fakexen.World.BDF}
    environment = {}

    def setUp(self):
        self.temporary = tempfile.TemporaryDirectory(prefix="moatd-tools.")
        self.addCleanup(self.temporary.cleanup)
        self.dir = self.temporary.name
        self.world = fakexen.World(self.dir)
        self.addCleanup(self.world.close)
        with open(self.path("conf"), "w", encoding="utf-8") as out:
            out.write(CONFIG.format(dir=self.dir, storages=", ".join(
                STORAGE.format(name=name, bdf=bdf, standby=self.standby, loop=self.loop,
                               beat=self.beat, boot=self.boot, probe=self.probe)
                for name, bdf in self.storages.items())))
        self.before()
        self.start()
        self.addCleanup(self.stop)
        self.begin()

    def before(self):
        """What there is before moatd comes."""

    def begin(self):
        self.app = self.world.make_domain("app", "app")
        self.wait(lambda: self.status()["state"] == "ready", "ready")
        self.world.attach(self.app, DEVICE, self.world.domid("storage"))
        self.whole()

    def path(self, name):
        return os.path.join(self.dir, name)

    def start(self):
        with open(self.path("log.txt"), "ab") as log:
            self.moatd = subprocess.Popen(
                [MOATD, "-c", self.path("conf"), "--debug"], stderr=log,
                env={"XENSTORED_PATH": self.path("xenstored"), "MOAT_FAKE_XEN": self.dir,
                     "PATH": os.environ["PATH"], "ASAN_OPTIONS": "detect_leaks=1",
                     **self.environment})
        self.wait(self.answers, "an answer from moatd")

    def stop(self):
        if self.moatd.poll() is None:
            self.moatd.terminate()
        status = self.moatd.wait(DEADLINE)
        self.assertEqual(status, 0, self.log())
        self.assertEqual(self.world.wrong, [], self.log())

    def kill(self):
        self.moatd.kill()
        self.moatd.wait()

    def log(self):
        with open(self.path("log.txt"), encoding="utf-8") as log:
            return log.read()[-12000:]

    def answers(self):
        try:
            return self.ask(command="status")["ok"]
        except OSError:
            return False

    def wait(self, condition, what, seconds=None):
        seconds = seconds or DEADLINE   # as it is now: a suite may have set another
        deadline = time.monotonic() + seconds
        while not condition():
            if self.moatd.poll() is not None or time.monotonic() > deadline:
                tree = "\n".join(f"{k} = {v}" for k, v in sorted(self.world.store.nodes.items()))
                self.fail(f"not within {seconds} s: {what}\n{tree}\n{self.log()}")
            time.sleep(0.02)  # check-ok: sleep: a poll step, bounded by the deadline above

    def ask(self, **request):
        client = Client(self.path("moatd.sock"))
        try:
            return client.ask(**request)
        finally:
            client.close()

    def status(self):
        return self.ask(command="status")["storage"][0]

    def events(self, name):
        return [e for e in self.ask(command="events")["events"] if e["event"] == name]

    def has_standby(self, status):
        """One that is there: what moatd shows may be of a moment ago."""
        shown, domid = status["standby"] or {}, self.world.domid("storage-standby")
        return domid and shown.get("state") == "ready" and shown["domid"] == domid

    def is_whole(self):
        status = self.status()
        return (status["state"] == "ready" and status["wish"] is None and
                status["domid"] == self.storage() and
                (self.standby == "false" or self.has_standby(status)) and
                all(d["backend_domid"] == status["domid"] and d["moat_state"] == "up"
                    and d["front_state"] == 4 and d["hotplug"] == "connected"
                    for d in status["disks"]) and status["disks"] and
                status["pci"][0]["domid"] == status["domid"])

    def whole(self):
        self.wait(self.is_whole, "all as it should be")

    def kill_at_random(self, crash, turns, settled=lambda: None):
        """Replace the storage domain again and again, with moatd killed meanwhile.

        settled() is asked whenever all is whole again. SEED= repeats a run, TURNS= makes
        it longer.
        """
        seed = int(os.environ.get("SEED", random.randrange(1 << 32)))
        chance = random.Random(seed)
        for turn in range(int(os.environ.get("TURNS", turns))):
            with self.subTest(seed=seed, turn=turn):
                way = chance.choice(("crash", "restart", "upgrade"))
                if way == "crash":
                    crash()
                else:
                    self.assertTrue(self.ask(command=way, storage="storage")["ok"])
                for _ in range(chance.randrange(1, 4)):
                    self.world.ended.wait(chance.random() * 0.5)
                    self.kill()
                    self.start()
                self.whole()
                self.assertEqual(self.world.wrong, [])
                settled()

    def storage(self):
        return self.world.domid("storage")

    def destroy(self):
        """The storage domain, by somebody else; and nothing is left of it."""
        domid = self.storage()
        with self.world.lock:
            self.world.store.remove(f"/local/domain/0/backend/pci/{domid}")
            self.world.store.remove("/libxl/pci/0000-00-04-0")
            self.world.touch(f"paused.{domid}")
            self.world.destroy(domid)
