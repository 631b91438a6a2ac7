#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""moat-create, on a libxl made of files and an xl that is a script.

$MOAT_CREATE names the program, linked with libxl-fake.c.
"""

import os
import subprocess
import tempfile
import unittest

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
CREATE = os.environ.get("MOAT_CREATE", os.path.join(TOP, "build/tests/unit-tools/moat-create"))
UUID = "0123456789abcdef"
JSON = f'{{"uuid": "{UUID}", "name": "storage"}}\n'
WITH_DEVICES = f'{{"uuid": "{UUID}", "name": "storage", "pcidevs": []}}\n'
TAKEN = 3


class Create(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="create-tools.")
        self.addCleanup(temporary.cleanup)
        self.dir = temporary.name
        self.xl(f"printf '%s\\n' \"$@\" >{self.path('words')}\ncat {self.path('json')}")
        self.put("json", JSON)

    def path(self, name):
        return os.path.join(self.dir, name)

    def put(self, name, text=""):
        with open(self.path(name), "w", encoding="utf-8") as out:
            out.write(text)

    def get(self, name):
        with open(self.path(name), encoding="utf-8") as text:
            return text.read()

    def has(self, name):
        return os.path.exists(self.path(name))

    def xl(self, text):
        self.put("xl", "#!/bin/sh\n" + text + "\n")
        os.chmod(self.path("xl"), 0o755)

    def run_it(self, *words):
        run = subprocess.run([CREATE, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env={"MOAT_FAKE_XEN": self.dir, "PATH": self.dir + ":/usr/bin:/bin"},
                             text=True, timeout=120, check=False)
        return run.returncode, run.stdout + run.stderr

    def create(self, *words):
        return self.run_it("--domid", "7", *words, "/etc/xen/storage.cfg", 'name="x"', "-n")

    def test_paused(self):
        """xl reads the file, with all that is added to it; the domain stays paused."""
        self.assertEqual(self.create(), (0, ""))
        self.assertEqual(self.get("words").splitlines(),
                         ["create", "-n", "-q", "/etc/xen/storage.cfg", 'name="x"', "-n"])
        self.assertEqual(self.get("created.7"), JSON)
        self.assertFalse(self.has("unpaused.7"))

    def test_unpaused(self):
        self.assertEqual(self.create("--unpause"), (0, ""))
        self.assertTrue(self.has("unpaused.7"))

    def test_history(self):
        """libxl remembers domids for a minute, and would refuse this one."""
        self.put("history", "7")
        self.assertEqual(self.create(), (0, ""))

    def test_other_xl(self):
        os.rename(self.path("xl"), self.path("xl-4.20"))
        status, said = self.create()
        self.assertEqual(status, 1)
        self.assertIn("xl cannot read /etc/xen/storage.cfg: No such file", said)
        self.assertEqual(self.create("--xl", self.path("xl-4.20")), (0, ""))

    def test_taken(self):
        self.put("holder.7", "somebody-else-00")
        status, said = self.create("--unpause")
        self.assertEqual((status, said), (TAKEN, "moat-create: another domain has domid 7\n"))
        self.assertFalse(self.has("created.7") or self.has("unpaused.7"))

    def test_created_before(self):
        """Its own uuid there is no reason to touch the domain again."""
        self.put("holder.7", UUID)
        self.assertEqual(self.create("--unpause")[0], TAKEN)
        self.assertFalse(self.has("unpaused.7"))

    def test_somebody_is_faster(self):
        self.put("thief")
        status, said = self.create("--unpause")
        self.assertEqual(status, TAKEN)
        self.assertIn("another domain has domid 7", said)
        self.assertFalse(self.has("unpaused.7"))

    def test_dying(self):
        """Xen has not forgotten the last one yet."""
        self.put("holder.7", "dying 20")
        self.assertEqual(self.create(), (0, ""))
        self.assertTrue(self.has("created.7"))

    def test_devices_of_the_last_one(self):
        """Who has destroyed it did not wait for pciback, which knows it by its domid."""
        self.put("json", WITH_DEVICES)
        self.put("pciback.7", "30")
        self.assertEqual(self.create(), (0, ""))
        self.assertTrue(self.has("created.7"))

    def test_devices_stay(self):
        """A domain that would never get its devices is not made; without them it is."""
        self.put("json", WITH_DEVICES)
        self.put("pciback.7", "1000000")
        status, said = self.create()
        self.assertEqual((status, said), (
            1, "moat-create: pciback still has devices of the last domain 7\n"))
        self.put("json", JSON)
        self.assertEqual(self.create(), (0, ""))

    def test_somebody_comes_meanwhile(self):
        """While pciback is waited for nobody keeps the domid."""
        self.put("json", WITH_DEVICES)
        self.put("pciback.7", "3")
        self.put("thief")
        self.assertEqual(self.create()[0], TAKEN)

    def test_replace(self):
        self.put("holder.7", "fedcba9876543210")
        self.assertEqual(self.create("--replace", "fedcba9876543210"), (0, ""))
        self.assertTrue(self.has("destroyed.7") and self.has("created.7"))

    def test_replace_waits(self):
        """Its devices are on their way back, and it keeps the domid meanwhile."""
        self.put("holder.7", "fedcba9876543210")
        self.put("pciback.7", "30")
        self.assertEqual(self.create("--replace", "fedcba9876543210"), (0, ""))
        self.assertTrue(self.has("destroyed.7") and self.has("created.7"))

    def test_replace_gone(self):
        """It may have gone by itself."""
        self.assertEqual(self.create("--replace", "fedcba9876543210"), (0, ""))
        self.assertTrue(self.has("created.7"))

    def test_replace_another(self):
        self.put("holder.7", "somebody-else-00")
        status, _ = self.create("--replace", "fedcba9876543210")
        self.assertEqual(status, TAKEN)
        self.assertFalse(self.has("destroyed.7"))

    def test_replace_nothing_ready(self):
        """What cannot be replaced is not destroyed."""
        self.put("holder.7", "fedcba9876543210")
        self.put("json", "hello")
        self.assertEqual(self.create("--replace", "fedcba9876543210")[0], 1)
        status, said = self.create("--replace", "x")
        self.assertEqual((status, said), (1, "moat-create: not a uuid: x\n"))
        self.assertFalse(self.has("destroyed.7"))

    def test_replace_fails(self):
        self.put("holder.7", "fedcba9876543210")
        self.put("fail.destroy")
        status, said = self.create("--replace", "fedcba9876543210")
        self.assertEqual((status, said), (1, "moat-create: libxl cannot destroy domain 7 (-3)\n"))
        os.unlink(self.path("fail.destroy"))
        self.put("fail.destroy-late")       # and yet it is gone
        self.assertEqual(self.create("--replace", "fedcba9876543210"), (0, ""))

    def test_failures(self):
        for call, words in (("ctx", "libxl cannot be used"), ("info", "who has domid 7"),
                            ("clear", "history"), ("create", "cannot create the domain (-3)"),
                            ("unpause", "domain 7 is created, and cannot be unpaused (-3)")):
            with self.subTest(call=call):
                self.put(f"fail.{call}")
                status, said = self.create("--unpause")
                os.unlink(self.path(f"fail.{call}"))
                self.assertEqual(status, 1)
                self.assertIn(words, said)
                self.assertEqual(said.count("\n"), 1)
                self.assertFalse(self.has("unpaused.7"))

    def test_xl_refuses(self):
        self.xl("echo no memory >&2; echo '{'; exit 1")
        status, said = self.create()
        self.assertEqual(status, 1)
        self.assertIn("no memory\n", said)
        self.assertFalse(self.has("created.7"))

    def test_xl_raves(self):
        for text, words in (("cat /dev/zero", "Argument list too long"),
                            ("echo hello", "does not understand"), ("kill -9 $$", "Invalid")):
            with self.subTest(text=text):
                self.xl(text)
                status, said = self.create()
                self.assertEqual(status, 1)
                self.assertIn(words, said)

    def test_usage(self):
        for words, complaint in (((), "--domid is missing"), (("--domid", "7"), "CONFIG"),
                                 (("--domid", "0", "x"), "from 1 to 32751: 0"),
                                 (("--domid", "32752", "x"), "from 1 to 32751: 32752"),
                                 (("--domid", "7x", "x"), "not a number"),
                                 (("--color",), "--help")):
            with self.subTest(words=words):
                status, said = self.run_it(*words)
                self.assertEqual(status, 2)
                self.assertIn(complaint, said)
        self.assertIn("Usage: moat-create --domid N", self.run_it("--help")[1])
        self.assertIn("moat-create 0.", self.run_it("--version")[1])


if __name__ == "__main__":
    unittest.main()
