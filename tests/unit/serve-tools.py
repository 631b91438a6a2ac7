#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""moat-init --serve against a xenstore made of a dictionary.

The whole of the back-end service runs, with real loop devices, on a machine
without Xen; $MOAT_INIT names another moat-init than the one in build/. There is
no kernel back end, so nodes count as let go by their driver. Needs root and loop
devices; exits 77 (skipped) without them.
"""

import contextlib
import ctypes
import os
import select
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time
import unittest

from fake_store import DEADLINE, HOME, Store

TOP = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
INIT = os.environ.get("MOAT_INIT", os.path.join(TOP, "build", "tools", "moat-init"))
IN_OPEN = 0x20      # of inotify(7)
MNT_DETACH = 2      # of umount2(2)


@contextlib.contextmanager
def dead_file_system(where):
    """A file system that answers nothing, and whose users wait for it."""
    os.mkdir(where)
    libc = ctypes.CDLL(None, use_errno=True)
    fuse = os.open("/dev/fuse", os.O_RDWR | os.O_CLOEXEC)
    options = f"fd={fuse},rootmode=40000,user_id=0,group_id=0"
    try:
        if libc.mount(b"dead", where.encode(), b"fuse", 0, options.encode()):
            raise unittest.SkipTest(f"mount: {os.strerror(ctypes.get_errno())}")
        try:
            yield where
        finally:
            libc.umount2(where.encode(), MNT_DETACH)
    finally:
        os.close(fuse)      # now it fails whoever waits
        os.rmdir(where)


class Serve(unittest.TestCase):
    def setUp(self):
        self.dir = tempfile.TemporaryDirectory(prefix="serve-tools.")
        path = os.path.join(self.dir.name, "socket")
        self.store = Store(path)
        self.log = os.path.join(self.dir.name, "log")
        # A file description of moat-init's own: who reads must not move its offset.
        self.parameters = os.path.join(self.dir.name, "parameters")
        with open(self.log, "ab") as log:
            self.init = subprocess.Popen([INIT, "--serve"], stderr=log,
                                         env={"XENSTORED_PATH": path,
                                              "MOAT_BACK_PARAMETERS": self.parameters})
        self.addCleanup(self.init.kill)     # one that hangs is not left behind
        self.store.wait(lambda n: n.get(HOME + "/data/moat/state") == "ready", "ready")

    def tearDown(self):
        self.addCleanup(self.store.listener.close)
        self.init.terminate()
        self.assertEqual(self.init.wait(DEADLINE), 0)
        self.assertEqual(self.store.read(HOME + "/data/moat/state"), "stopping")
        self.dir.cleanup()

    def file(self, name, size=1 << 20):
        path = os.path.join(self.dir.name, name)
        with open(path, "wb") as out:
            out.truncate(size)
        return path

    def assert_logged(self, words):
        """Waits for words in the log: a line may follow the key that tells the same."""
        deadline = time.monotonic() + DEADLINE
        while True:
            with open(self.log, encoding="utf-8") as log:
                text = log.read()
            if words in text:
                return
            if time.monotonic() > deadline:
                self.fail(f"not logged within {DEADLINE} s: {words}\n{text}")
            time.sleep(0.01)  # check-ok: sleep: a poll step, bounded by the deadline above

    def attach(self, front, device, params, mode="w", **more):
        back = f"{HOME}/backend/vbd/{front}/{device}"
        fore = f"/local/domain/{front}/device/vbd/{device}"
        self.store.write({fore + "/state": "1"})
        self.store.write({f"{back}/{key}": value for key, value in {
            "frontend": fore, "params": params, "mode": mode, "online": "1",
            "state": "2", **more}.items()})
        return back, fore

    def connected(self, back):
        self.store.wait(lambda n: n.get(back + "/hotplug-status") == "connected",
                        back + " connected")
        return self.store.read(back + "/physical-device-path")

    def failed(self, back, words):
        self.store.wait(lambda n: n.get(back + "/hotplug-status") == "error",
                        back + " refused")
        error = self.store.read(back + "/hotplug-error")
        self.assertIn(words, error)
        self.assert_logged(error)

    def gone(self, path):
        self.store.wait(lambda n: path not in n, path + " removed")

    def backing(self, loop):
        try:
            with open(f"/sys/block/{os.path.basename(loop)}/loop/backing_file",
                      encoding="utf-8") as text:
                return text.read().strip()
        except FileNotFoundError:
            return None

    def assert_quiet(self):
        """Three heartbeats long nothing but heartbeats: one who waits does not poll.

        A device of the host's that changes meanwhile is a reason to look once more,
        so a stretch that was not quiet is followed by another, up to the deadline.
        """
        key = HOME + "/data/moat/heartbeat"
        deadline = time.monotonic() + DEADLINE
        while True:
            first = int(self.store.read(key)) + 1
            self.store.wait(lambda n: int(n[key]) >= first, "a heartbeat")
            before = self.store.requests
            self.store.wait(lambda n: int(n[key]) >= first + 3, "three heartbeats")
            requests = self.store.requests - before
            if requests <= 3:
                return
            self.assertLess(time.monotonic(), deadline, f"{requests} requests, not 3")

    def test_file_and_detach(self):
        path = self.file("disk")
        back, _ = self.attach(3, 51712, path)
        loop = self.connected(back)
        number = os.stat(loop).st_rdev
        self.assertEqual(self.store.read(back + "/physical-device"),
                         f"{os.major(number):x}:{os.minor(number):x}")
        self.assertEqual(self.backing(loop), path)
        self.store.write({back + "/online": "0", back + "/state": "6"})
        self.gone(f"{HOME}/backend/vbd/3")
        self.assertIsNone(self.backing(loop))

    def test_parent_stays_for_the_other_disk(self):
        one, _ = self.attach(3, 51712, self.file("one"))
        two, _ = self.attach(3, 51728, self.file("two"), mode="r")
        self.connected(one)
        loop = self.connected(two)
        with open(f"/sys/block/{os.path.basename(loop)}/ro", encoding="utf-8") as text:
            self.assertEqual(text.read().strip(), "1")
        self.store.write({one + "/online": "0"})
        self.gone(one)
        self.assertEqual(self.store.read(two + "/hotplug-status"), "connected")

    def test_front_end_vanishes(self):
        back, fore = self.attach(3, 51712, self.file("disk"))
        self.connected(back)
        self.store.remove(fore)
        self.gone(f"{HOME}/backend/vbd/3")

    def test_control_domain_removes(self):
        back, _ = self.attach(3, 51712, self.file("disk"))
        loop = self.connected(back)
        self.store.remove(back)
        self.gone(f"{HOME}/backend/vbd/3")
        self.assertIsNone(self.backing(loop))

    def test_errors_go_with_the_node(self):
        """The kernel tells of them beside backend/, and takes nothing away."""
        one, _ = self.attach(3, 51712, self.file("one"))
        two, _ = self.attach(3, 51728, self.file("two"))
        errors = f"{HOME}/error/backend/vbd/3"
        self.store.write({errors + "/51712/error": "2 no", errors + "/51728/error": "2 no"})
        self.connected(one)
        self.connected(two)
        self.store.write({one + "/online": "0"})
        self.gone(errors + "/51712")
        self.assertEqual(self.store.read(errors + "/51728/error"), "2 no")
        self.store.remove(two)
        self.gone(errors)

    def test_file_that_is_still_written(self):
        """A loop device that was let go and is open is not followed by another."""
        path = self.file("disk")
        one, _ = self.attach(3, 51712, path)
        loop = self.connected(one)
        with open(loop, "rb"):
            self.store.write({one + "/online": "0"})
            self.gone(one)
            two, _ = self.attach(4, 51712, path)
            three, _ = self.attach(5, 51712, self.file("other"))
            self.connected(three)
            self.assertIsNone(self.store.read(two + "/hotplug-status"))
            self.assert_logged("has not been let go")
            self.assertEqual(self.backing(loop), path)
        self.connected(two)

    def test_device_that_appears_later(self):
        """It is told to be missing, and served all the same once it is there."""
        name = f"/dev/serve-tools.{os.getpid()}"
        back, _ = self.attach(3, 51712, name)
        other, _ = self.attach(3, 51728, self.file("disk"), mode="w!")
        loop = self.connected(other)
        self.failed(back, "there is no such device")
        self.assert_logged("waiting for it")
        self.assert_quiet()
        os.symlink(loop, name)
        try:
            with open(f"/sys/block/{os.path.basename(loop)}/uevent", "w",
                      encoding="utf-8") as uevent:
                uevent.write("change")
            self.assertEqual(self.connected(back), name)
            self.assertIsNone(self.store.read(back + "/hotplug-error"))
        finally:
            os.unlink(name)

    def test_two_writers(self):
        """The second is told at once, and gets the disk when the first has let it go."""
        path = self.file("disk")
        one, _ = self.attach(3, 51712, path)
        self.connected(one)
        self.store.write({"/local/domain/3/vm": "/vm/a", "/local/domain/4/vm": "/vm/b"})
        two, _ = self.attach(4, 51712, path)
        self.failed(two, "is in use by vbd 3/51712, of another VM")
        self.assert_quiet()
        self.store.write({one + "/online": "0"})
        self.connected(two)
        self.assertIsNone(self.store.read(two + "/hotplug-error"))

    def test_writers_that_cannot_be_told_apart(self):
        """What may not be read makes nobody the same VM."""
        path = self.file("disk")
        self.connected(self.attach(3, 51712, path)[0])
        self.store.write({"/local/domain/3/vm": "/vm/a", "/local/domain/4/vm": "/vm/a"})
        with self.store.lock:
            self.store.secret = {"/local/domain/3/vm", "/local/domain/4/vm"}
        two, _ = self.attach(4, 51712, path)
        self.failed(two, "of a VM that we may not compare")

    def test_reader_beside_a_writer(self):
        path = self.file("disk")
        self.connected(self.attach(3, 51712, path)[0])
        self.failed(self.attach(4, 51712, path, mode="r")[0], "is in use by vbd 3/51712")
        self.connected(self.attach(5, 51712, path, mode="w!")[0])

    def test_two_nodes_of_one_vm(self):
        """Its two halves while it migrates on this host, its stub domain; not one twice."""
        self.store.write({"/local/domain/3/vm": "/vm/a", "/local/domain/4/vm": "/vm/a",
                          "/local/domain/5/vm": "/vm/b", "/local/domain/5/target": "3"})
        path = self.file("disk")
        first, _ = self.attach(3, 51712, path)
        self.connected(first)
        self.assertIsNone(self.store.read(first + "/moat-same-vm"))
        for front in 4, 5:
            with self.subTest(front=front):
                back, _ = self.attach(front, 51712, path)
                self.connected(back)
                self.assertEqual(self.store.read(back + "/moat-same-vm"), "1")
        self.store.write({"/local/domain/6/vm": "/vm/c"})
        self.failed(self.attach(6, 51712, path)[0], "of another VM")
        self.failed(self.attach(3, 51728, path)[0], "of the same domain")

    def test_disk_that_is_being_detached(self):
        """No refusal: it will be free in a moment."""
        path = self.file("disk")
        one, _ = self.attach(3, 51712, path)
        loop = self.connected(one)
        with open(loop, "rb"):
            self.store.write({one + "/online": "0"})
            two, _ = self.attach(4, 51712, path)
            self.assert_logged("waiting for it")
            self.assertIsNone(self.store.read(two + "/hotplug-error"))
        self.connected(two)

    def test_loop_device_on_a_file_that_is_served(self):
        """Two names of one disk, each of another kind."""
        path = self.file("disk")
        loop = self.connected(self.attach(3, 51712, path)[0])
        self.failed(self.attach(4, 51712, loop)[0], "is in use by vbd 3/51712")

    def test_readers_may_share(self):
        path = self.file("disk")
        for front in 3, 4:
            self.connected(self.attach(front, 51712, path, mode="r")[0])

    def test_bad_values(self):
        missing = os.path.join(self.dir.name, "missing")
        for device, params, mode, words in (
                (1, self.dir.name, "w", "neither a block device nor a regular file"),
                (2, missing, "w", "No such file"),
                (3, "qcow2:/x", "w", "params=qcow2:/x: an image format"),
                (4, self.file("x"), "q", "mode=q: neither r nor w"),
                (5, "/" + "x" * 2000, "w", "too long")):
            with self.subTest(params=params[:40], mode=mode):
                self.failed(self.attach(3, device, params, mode)[0], words)

    def test_corrected_params(self):
        back, _ = self.attach(3, 51712, self.dir.name)
        self.failed(back, "neither")
        self.store.write({back + "/params": self.file("disk")})
        self.connected(back)

    def test_params_of_one_that_waits(self):
        """What is told is about the device of now."""
        back, _ = self.attach(3, 51712, "/dev/not-there")
        self.failed(back, "/dev/not-there: there is no such device")
        self.store.write({back + "/params": "/dev/nor-this"})
        self.store.wait(lambda n: "/dev/nor-this: there" in n[back + "/hotplug-error"],
                        "told anew")
        self.store.write({back + "/params": self.file("disk")})
        self.connected(back)

    def test_params_changed_in_use(self):
        back, _ = self.attach(3, 51712, self.file("disk"))
        loop = self.connected(back)
        self.store.write({back + "/params": self.file("other")})
        self.connected(self.attach(3, 51728, self.file("more"))[0])
        self.assertEqual(self.store.read(back + "/physical-device-path"), loop)
        self.assert_logged("is in use; detach it first")

    def test_told_again_after_restore(self):
        self.store.remove(HOME + "/data")
        self.store.write({HOME + "/domid": "2"})
        self.store.wait(lambda n: n.get(HOME + "/data/moat/state") == "ready", "ready")
        self.store.wait(lambda n: n.get(HOME + "/data/moat/version"), "version")

    def test_malformed_names(self):
        self.store.write({f"{HOME}/backend/vbd/x/1/params": "a",
                          f"{HOME}/backend/vbd/3/-1/params": "a",
                          f"{HOME}/backend/vbd/99999999999/1/params": "a"})
        self.connected(self.attach(3, 51712, self.file("disk"))[0])
        self.assert_logged("is not a number")

    def test_busy_store(self):
        with self.store.lock:
            self.store.busy_commits = 5
        self.connected(self.attach(3, 51712, self.file("disk"))[0])

    def test_connection_lost(self):
        back, _ = self.attach(3, 51712, self.file("disk"))
        self.connected(back)
        self.store.hang_up()
        self.connected(self.attach(3, 51728, self.file("more"))[0])
        self.store.write({back + "/online": "0"})
        self.gone(back)

    def test_heartbeat(self):
        key = HOME + "/data/moat/heartbeat"
        first = int(self.store.read(key))
        start = time.monotonic()
        self.store.wait(lambda n: int(n[key]) >= first + 3, "three heartbeats")
        self.assertGreater(time.monotonic() - start, 1.5)
        self.assertTrue(self.store.read(HOME + "/data/moat/version"))

    def load_back(self, health="0 0"):
        """Makes the parameters of a moat-back."""
        os.mkdir(self.parameters)
        for name, text in (("health", health), ("watched", "0")):
            with open(os.path.join(self.parameters, name), "w", encoding="utf-8") as out:
                out.write(text + "\n")

    def parameter(self, name):
        with open(os.path.join(self.parameters, name), encoding="utf-8") as text:
            return text.read().strip()

    def test_health(self):
        key = HOME + "/data/moat/health"
        self.test_heartbeat()
        self.assertIsNone(self.store.read(key))
        self.load_back("7 1234")
        self.store.wait(lambda n: n.get(key) == "7 1234", "health")
        self.assertEqual(self.parameter("watched"), "1")
        with open(os.path.join(self.parameters, "health"), "w", encoding="utf-8") as out:
            out.write("seven\n")
        self.store.wait(lambda n: key not in n, "nonsense not passed on")
        self.assert_logged("health of moat-back")
        os.rename(self.parameters, self.parameters + ".old")
        self.load_back()
        self.store.wait(lambda n: n.get(key) == "0 0", "health of the next one")
        self.assertEqual(self.parameter("watched"), "1")
        self.init.terminate()
        self.init.wait(DEADLINE)
        self.assertEqual(self.parameter("watched"), "0", "the watchdog was left running")

    def test_silent_store_is_no_reason_to_die(self):
        """While xenstore does not answer, moat-back is pinged all the same."""
        self.load_back()
        self.store.wait(lambda n: n.get(HOME + "/data/moat/health") == "0 0", "health")
        libc = ctypes.CDLL(None)
        opened = libc.inotify_init1(os.O_CLOEXEC)
        self.addCleanup(os.close, opened)
        libc.inotify_add_watch(opened, os.path.join(self.parameters, "health").encode(), IN_OPEN)
        self.store.answering.clear()
        try:
            for _ in range(4):
                self.assertTrue(select.select([opened], [], [], DEADLINE)[0], "no ping")
                os.read(opened, 4096)
        finally:
            self.store.answering.set()

    def beats(self, count):
        """Waits for more heartbeats."""
        key = HOME + "/data/moat/heartbeat"
        first = int(self.store.read(key))
        self.store.wait(lambda n: int(n[key]) >= first + count, f"{count} heartbeats")

    def test_front_end_that_writes_without_pause(self):
        """It costs the others nothing, and is listened to all the same."""
        back, fore = self.attach(3, 51712, self.file("one"))
        self.connected(back)
        with self.store.lock:
            self.store.nagging = fore + "/x"    # faster than anybody could look
        self.beats(3)
        other, _ = self.attach(4, 51712, self.file("two"))
        self.connected(other)
        self.store.write({other + "/online": "0"})
        self.gone(other)
        self.store.remove(fore)
        self.gone(back)

    def test_front_end_that_is_not_listened_to(self):
        back, fore = self.attach(3, 51712, self.file("one"))
        self.connected(back)

        def write(stop):
            while not stop.is_set():
                self.store.write({fore + "/x": "1"})

        stop = threading.Event()
        writer = threading.Thread(target=write, args=(stop,))
        writer.start()
        try:
            self.assert_logged("changes without pause")
            self.connected(self.attach(4, 51712, self.file("two"))[0])
        finally:
            stop.set()
            writer.join()
        self.store.remove(fore)
        self.gone(back)

    def test_node_that_changes_without_pause(self):
        """As when a guest toggles its state, which our kernel mirrors."""
        back, _ = self.attach(3, 51712, self.file("one"))
        self.connected(back)
        with self.store.lock:
            self.store.nagging = back + "/state"
        self.beats(3)
        other, _ = self.attach(4, 51712, self.file("two"))
        self.connected(other)
        self.store.write({other + "/online": "0"})
        self.gone(other)
        with self.store.lock:
            self.store.nagging = None

    def test_file_system_that_does_not_answer(self):
        """What waits for it is its own disk, not the heartbeat, nor the pollers' ping."""
        self.load_back()
        self.store.wait(lambda n: n.get(HOME + "/data/moat/health") == "0 0", "health")
        with dead_file_system(os.path.join(self.dir.name, "dead")) as where:
            back, _ = self.attach(3, 51712, where + "/disk")
            other, _ = self.attach(4, 51712, self.file("disk"))
            libc = ctypes.CDLL(None)
            opened = libc.inotify_init1(os.O_CLOEXEC)
            self.addCleanup(os.close, opened)
            libc.inotify_add_watch(opened, os.path.join(self.parameters, "health").encode(),
                                   IN_OPEN)
            self.beats(4)
            self.assertTrue(select.select([opened], [], [], DEADLINE)[0], "no ping")
            self.connected(other)
            self.failed(back, "does not answer")
        # Now whoever waited has been told that there is no such file system.
        self.store.wait(lambda n: "does not answer" not in n[back + "/hotplug-error"],
                        "tried again")

    def size(self, loop):
        """A loop device's size in bytes."""
        with open(f"/sys/block/{os.path.basename(loop)}/size", encoding="utf-8") as text:
            return int(text.read()) * 512

    def test_file_that_grows(self):
        """The device follows it; one that becomes smaller is left as it is."""
        small, large = self.file("small"), self.file("large")
        small_loop = self.connected(self.attach(3, 51712, small)[0])
        loop = self.connected(self.attach(3, 51728, large)[0])
        self.assertEqual(self.size(loop), 1 << 20)
        os.truncate(small, 4096)
        os.truncate(large, (2 << 20) + 100)
        self.assert_logged("has grown to 2097252 bytes")
        self.assertEqual(self.size(loop), 2 << 20)
        self.assertEqual(self.size(small_loop), 1 << 20)

    def test_names_that_last(self):
        """What udev would make a link of."""
        path = self.file("disk")
        loop = self.connected(self.attach(3, 51712, path)[0])
        name = os.path.basename(loop)
        with open(path, "r+b") as disk:
            disk.seek(440)
            disk.write(os.urandom(3) + b"\x01")
            disk.seek(446)
            disk.write(struct.pack("<BBBBBBBBII", 0, 0, 0, 0, 0x83, 0, 0, 0, 8, 64))
            disk.seek(510)
            disk.write(b"\x55\xaa")
            disk.flush()
            os.fsync(disk.fileno())
            disk.seek(440)
            uuid = f"{struct.unpack('<I', disk.read(4))[0]:08x}-01"
        subprocess.run(["partx", "-a", loop], check=True)
        node = f"/dev/{name}p1"
        with contextlib.ExitStack() as behind:
            behind.callback(subprocess.run, ["partx", "-d", loop], check=True)
            with open(f"/sys/block/{name}/{name}p1/dev", encoding="utf-8") as text:
                major, minor = map(int, text.read().split(":"))
            if not os.path.exists(node):        # no devtmpfs here
                os.mknod(node, 0o600 | stat.S_IFBLK, os.makedev(major, minor))
                behind.callback(os.unlink, node)
            back, _ = self.attach(4, 51712, f"/dev/disk/by-partuuid/{uuid}", mode="w!")
            self.assertEqual(self.connected(back), node)
            self.assertEqual(self.store.read(back + "/physical-device"),
                             f"{major:x}:{minor:x}")
            self.assert_logged(f"by-partuuid/{uuid} through {node}")
            self.store.remove(back)
            self.gone(f"{HOME}/backend/vbd/4")

    def test_many(self):
        backs = [self.attach(front, 51712, self.file(f"disk{front}"))[0]
                 for front in range(3, 19)]
        for back in backs:
            self.connected(back)
        for back in backs:
            self.store.write({back + "/online": "0"})
        for back in backs:
            self.gone(back)


if __name__ == "__main__":
    if os.geteuid() != 0 or not os.path.exists("/dev/loop-control"):
        print("skipped: needs root and loop devices")
        sys.exit(77)
    unittest.main()
