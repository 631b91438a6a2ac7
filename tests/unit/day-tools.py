#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""A host's shutdown: Debian's own xendomains, with what Moat gives it, and storage-service.

xendomains runs as Debian has it, but for where it looks for Xen and for its settings; xen, xl,
xenstore and moat only note what they are asked.
"""

import configparser
import os
import subprocess
import tempfile
import unittest

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
TOOLS = os.path.join(TOP, "tools", "moatd")
XENDOMAINS = "/etc/init.d/xendomains"
DEADLINE = 60
NAMES = {1: "storage", 2: "storage-standby", 3: "app", 4: "storage-2"}
LIST = "[%s]" % ", ".join('{"domid": %d, "config": {"c_info": {"name": "%s"}}}' % d
                          for d in {0: "Domain-0", **NAMES}.items())
# A domain that is shut down, saved or destroyed has gone.
XEN = """
echo "$(basename "$0") $*" >>DIR/calls
case $1 in
domid) [ ! -e "DIR/gone.$2" ] || exit 1 ;;
shutdown | destroy | save)
	[ "$2" = -w ] && shift
	case $2 in 3) gone=app ;; 4) gone=storage-2 ;; *) gone=$2 ;; esac
	touch "DIR/gone.$gone" ;;
list) [ "$2" != -l ] || echo 'LIST' ;;
esac
"""


class Day(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory(prefix="day-tools.")
        self.addCleanup(temporary.cleanup)
        self.dir = temporary.name
        self.script("xen-of-debian", XEN)
        self.script("xl", XEN)
        self.script("xenstore-list", '[ "$1" = /moat/storage ] && echo storage')
        self.script("moat", 'shift 2; echo "moat $*" >>DIR/calls\n'
                    '[ "$*" != "status --names" ] || echo storage')
        os.symlink(os.path.join(TOOLS, "xendomains-xen"), self.path("xen"))

    def path(self, name):
        return os.path.join(self.dir, name)

    def script(self, name, text):
        with open(self.path(name), "w", encoding="utf-8") as out:
            out.write("#!/bin/sh\n" + text.replace("DIR", self.dir).replace("LIST", LIST) + "\n")
        os.chmod(self.path(name), 0o755)

    def run_it(self, *words):
        done = subprocess.run(words, check=True, timeout=DEADLINE, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                              env={"PATH": self.dir + ":" + os.environ["PATH"],
                                   "MOAT_XEN": self.path("xen-of-debian")})
        return done.stdout

    def calls(self):
        with open(self.path("calls"), encoding="utf-8") as text:
            return [line.replace("xen-of-debian", "xen") for line in text.read().splitlines()]

    def xendomains(self, settings):
        with open(self.path("defaults"), "w", encoding="utf-8") as out:
            out.write(settings)
        with open(XENDOMAINS, encoding="utf-8") as text:
            script = text.read()
        for old, new in (("/proc/xen/privcmd", self.path("defaults")),
                         ("/etc/default/xendomains", self.path("defaults"))):
            self.assertIn(old, script)
            script = script.replace(old, new)
        with open(self.path("xendomains"), "w", encoding="utf-8") as out:
            out.write(script)
        return self.run_it("bash", self.path("xendomains"), "stop")

    @unittest.skipUnless(os.path.exists(XENDOMAINS), "no xendomains of Debian's")
    def test_guests_are_saved(self):
        """As Debian's own settings have it: no storage domain is, nor is one waited for."""
        said = self.xendomains(f'XENDOMAINS_SAVE={self.path("save")}\n'
                               'XENDOMAINS_STOP_MAXWAIT=20\n')
        self.assertIn("app (3)", said)
        self.assertIn("storage-2 (4)", said)    # which is only called so
        self.assertNotIn("storage (1)", said)
        self.assertNotIn("standby", said)
        self.assertEqual([c for c in self.calls() if c.split()[1] in ("save", "shutdown")][:2],
                         [f"xen save {n} {self.path('save')}/{NAMES[n]}" for n in (3, 4)])

    @unittest.skipUnless(os.path.exists(XENDOMAINS), "no xendomains of Debian's")
    def test_guests_are_shut_down(self):
        self.script("xenstore-list", '[ "$1" = /moat/storage ] && printf "storage\\nstorage-2\\n"')
        self.xendomains("XENDOMAINS_SAVE=\nXENDOMAINS_STOP_MAXWAIT=20\n")
        self.assertEqual([c for c in self.calls() if "shutdown" in c], ["xen shutdown 3"])

    def test_the_rest_of_xen(self):
        """What is asked besides the list goes through, and so does its answer."""
        self.script("xen-of-debian", 'echo "$*"; exit 0')
        self.assertEqual(self.run_it("xen", "create", "--quiet", "a b"), "create --quiet a b\n")
        self.script("xen-of-debian", "exit 3")
        for words in (["info"], ["list", "-l"]):
            with self.assertRaises(subprocess.CalledProcessError) as told:
                self.run_it("xen", *words)
            self.assertEqual(told.exception.returncode, 3)

    def test_storage_domains_are_stopped(self):
        """moatd leaves them alone first, or it would make others."""
        self.run_it(os.path.join(TOOLS, "storage-service"), "stop")
        self.assertEqual(self.calls(), [
            "moat status --names", "moat hold storage",
            "xl domid storage-standby", "xl shutdown -w storage-standby",
            "xl destroy storage-standby",
            "xl domid storage", "xl shutdown -w storage", "xl destroy storage"])
        os.unlink(self.path("calls"))
        self.run_it(os.path.join(TOOLS, "storage-service"), "start")
        self.assertEqual(self.calls(), ["moat status --names", "moat resume storage"])

    def test_no_moatd(self):
        self.script("moat", "exit 3")
        self.run_it(os.path.join(TOOLS, "storage-service"), "stop")
        self.assertFalse(os.path.exists(self.path("calls")))

    def test_order(self):
        """Started: moatd, storage domains, guests. Stopped: the other way round."""
        units = {}
        for name in "moatd.service", "moat-storage.service", "xendomains.conf":
            units[name] = configparser.RawConfigParser(strict=False)
            units[name].optionxform = str
            units[name].read(os.path.join(TOOLS, name))
        storage = units["moat-storage.service"]
        self.assertEqual(storage["Unit"]["After"], "moatd.service")
        before = storage["Unit"]["Before"].split()
        self.assertIn("xendomains.service", before)
        self.assertIn("libvirtd.service", before)
        self.assertEqual(storage["Service"]["RemainAfterExit"], "yes")
        self.assertNotIn("Requires", storage["Unit"])   # or a restart of moatd would stop them
        self.assertNotIn("PartOf", storage["Unit"])
        self.assertEqual(units["moatd.service"]["Unit"]["Before"], "xendomains.service")
        self.assertTrue(units["xendomains.conf"]["Service"]["Environment"].startswith(
            "PATH=/usr/lib/moat/xendomains:"))


if __name__ == "__main__":
    unittest.main()
