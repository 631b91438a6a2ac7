# SPDX-License-Identifier: GPL-2.0
"""A xenstore and a world of domains around it, for moatd on a machine without Xen.

Store speaks xenstore's wire protocol, with transactions and permissions. World plays
what is around moatd: xl, storage domains with their moat-init, application domains with
their front ends, pciback. The hypervisor itself is a directory (hyper-fake.c).
"""

import collections
import json
import os
import re
import socket
import struct
import threading
import time

DIRECTORY, READ, GET_PERMS, WATCH, UNWATCH, BEGIN, END = 1, 2, 3, 4, 5, 6, 7
WRITE, MKDIR, RM, SET_PERMS, EVENT, ERROR = 11, 12, 13, 14, 15, 16
XL = """#!/usr/bin/python3
import json, socket, sys
s = socket.socket(socket.AF_UNIX)
s.connect("SOCKET")
s.sendall(json.dumps(COMMANDsys.argv[1:]).encode() + b"\\n")
status, text = json.loads(s.makefile().readline())
sys.stderr.write(text)
sys.exit(status)
"""


class Refused(Exception):
    """A request that the store answers with an error name."""


class Overlay(collections.UserDict):
    """What is changed of a dictionary, without changing it."""

    def __init__(self, under):
        super().__init__()
        self.under, self.gone = under, set()

    def __contains__(self, key):
        return key in self.data or (key in self.under and key not in self.gone)

    def __missing__(self, key):
        if key in self.gone:
            raise KeyError(key)
        return self.under[key]

    def __setitem__(self, key, value):
        self.gone.discard(key)
        self.data[key] = value

    def __delitem__(self, key):
        self.data.pop(key, None)
        self.gone.add(key)


class Transaction:
    """Changes to the tree, what was touched, and what to do at the end."""

    def __init__(self, store):
        self.nodes, self.perms = Overlay(store.nodes), Overlay(store.perms)
        self.start = store.generation
        self.touched, self.changes = set(), []


class Store:
    """The tree, its watches and its clients."""

    def __init__(self, path):
        self.nodes = {"": "", "/local": "", "/local/domain": ""}
        self.below = {"": {"local"}, "/local": {"domain"}}  # names of children, by node
        self.perms = {"": "n0"}
        self.changed = {}           # path: generation
        self.generation = 0
        self.lock = threading.RLock()
        self.watches = []           # (client, path, token)
        self.asked = collections.Counter()  # by path
        self.serial = 0
        self.delay = 0              # seconds that each read takes
        self.traps = {}             # path: what is done as it is looked at, once
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    # what the world does to the tree

    def read(self, path):
        with self.lock:
            return self.nodes.get(path)

    def write(self, values):
        with self.lock:
            for path, value in values.items():
                self.put(self, path, value)
                self.fire(path)

    def remove(self, path):
        with self.lock:
            if path in self.nodes:
                self.drop(self, path)
                self.fire(path)

    def names(self, path):
        with self.lock:
            return self.children(self, path)

    def special(self, path):
        """@releaseDomain and the like."""
        with self.lock:
            self.fire(path)

    def forget(self, domid):
        """What a dead domain was granted is not its successor's."""
        with self.lock:
            for path, perms in self.perms.items():
                owner, *others = perms.split(" ")
                kept = [p for p in others if p[1:] != str(domid)]
                self.perms[path] = " ".join([owner, *kept])

    # the tree itself, or a transaction's copy of it; the lock is held

    def put(self, tree, path, value):
        parts = path.split("/")
        for end in range(2, len(parts) + 1):
            node, parent = "/".join(parts[:end]), "/".join(parts[:end - 1])
            if node not in tree.nodes:
                tree.nodes[node] = ""
                if tree is self:
                    self.below.setdefault(parent, set()).add(parts[end - 1])
                tree.perms[node] = tree.perms.get(parent, "n0")
                self.touch(tree, node)
        if value is not None:
            tree.nodes[path] = value
            self.touch(tree, path)

    def drop(self, tree, path):
        if path.strip("/") == "":
            raise Refused("EINVAL")
        if path not in tree.nodes:
            raise Refused("ENOENT")
        if tree is self:
            parent, _, name = path.rpartition("/")
            self.below[parent].discard(name)
        for node in self.subtree(tree, path):
            del tree.nodes[node]
            tree.perms.pop(node, None)
            if tree is self:
                self.below.pop(node, None)
            self.touch(tree, node)

    def touch(self, tree, path):
        if tree is self:
            self.generation += 1
            self.changed[path] = self.generation
        else:
            tree.touched.add(path)

    def subtree(self, tree, path):
        return [path] + [node for name in self.children(tree, path)
                         for node in self.subtree(tree, f"{path}/{name}")]

    def children(self, tree, path):
        names = self.below.get(path, ())
        if tree is not self:
            names = {name for name in names if f"{path}/{name}" in tree.nodes}
            names |= {p[len(path) + 1:].split("/")[0] for p in tree.nodes.data
                      if p.startswith(path + "/")}
        return sorted(names)

    def fire(self, path):
        for client, watched, token in list(self.watches):
            if path == watched or path.startswith(watched + "/") or \
                    watched.startswith(path + "/"):
                told = watched if watched.startswith(path + "/") else path
                self.send(client, EVENT, 0, 0, f"{told}\0{token}\0".encode())

    # the wire

    def accept(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(client,), daemon=True).start()

    def serve(self, client):
        transactions = {}
        try:
            while True:
                head = self.receive(client, 16)
                kind, ident, txn, size = struct.unpack("<IIII", head)
                body = self.receive(client, size)
                with self.lock:
                    try:
                        answer = self.answer(client, transactions, kind, txn, body)
                        self.send(client, kind, ident, txn, answer)
                    except Refused as error:
                        self.send(client, ERROR, ident, txn, str(error).encode() + b"\0")
                    if kind == WATCH:
                        _, path, token = self.watches[-1]
                        self.send(client, EVENT, 0, 0, f"{path}\0{token}\0".encode())
        except (ConnectionError, OSError):
            with self.lock:
                self.watches = [w for w in self.watches if w[0] is not client]
            client.close()

    @staticmethod
    def receive(client, size):
        data = b""
        while len(data) < size:
            more = client.recv(size - len(data))
            if not more:
                raise ConnectionError
            data += more
        return data

    @staticmethod
    def send(client, kind, ident, txn, body):
        try:
            client.sendall(struct.pack("<IIII", kind, ident, txn, len(body)) + body)
        except OSError:
            pass

    def answer(self, client, transactions, kind, txn, body):
        words = body.decode().split("\0")
        path = words[0]
        if kind == WATCH:
            self.watches.append((client, path, words[1]))
            return b"OK\0"
        if kind == UNWATCH:
            self.watches = [w for w in self.watches if w != (client, path, words[1])]
            return b"OK\0"
        if kind == BEGIN:
            self.serial += 1
            transactions[self.serial] = Transaction(self)
            return f"{self.serial}\0".encode()
        if kind == END:
            return self.end(transactions.pop(txn), path == "T")
        tree = transactions[txn] if txn else self
        if kind in (READ, DIRECTORY, GET_PERMS):
            return self.look(tree, kind, path)
        return self.change(tree, kind, path, words)

    def look(self, tree, kind, path):
        if self.delay:
            time.sleep(self.delay)  # check-ok: sleep: a store that is slow
        self.asked[path] += 1
        self.traps.pop(path, lambda: None)()
        if tree is not self:
            tree.touched.add(path)
        if path not in tree.nodes:
            raise Refused("ENOENT")
        if kind == READ:
            return tree.nodes[path].encode()
        if kind == GET_PERMS:
            return tree.perms[path].replace(" ", "\0").encode() + b"\0"
        return "".join(name + "\0" for name in self.children(tree, path)).encode()

    def change(self, tree, kind, path, words):
        def make(tree):
            if kind == WRITE:
                self.put(tree, path, words[1])
            elif kind == MKDIR:
                self.put(tree, path, None)
            elif kind == RM:
                self.drop(tree, path)
            elif path not in tree.nodes:
                raise Refused("ENOENT")
            else:
                tree.perms[path] = " ".join(words[1:-1])
                self.touch(tree, path)
        make(tree)
        if tree is self:
            self.fire(path)
        else:
            tree.changes.append((make, path))
        return b"OK\0"

    def end(self, txn, commit):
        if not commit:
            return b"OK\0"
        if any(self.changed.get(path, 0) > txn.start for path in txn.touched):
            raise Refused("EAGAIN")
        for make, _ in txn.changes:
            make(self)
        for _, path in txn.changes:
            self.fire(path)
        return b"OK\0"


class World:
    """Domains, xl, front ends. A thread moves it on."""

    BOOT, PROBE, BEAT, JOB, TICK = 0.25, 0.15, 0.2, 0.08, 0.01
    BDF = "0000:00:04.0"

    def __init__(self, directory):
        self.dir = directory
        self.store = Store(os.path.join(directory, "xenstored"))
        self.lock = threading.RLock()
        self.domains = {}           # domid: dict
        self.next_domid = 1
        self.made = 0               # domains, ever
        self.failures = {}          # xl command: how often it fails
        self.calls = []
        self.wrong = []             # what must never be
        self.release_at = {}        # domid: when pciback lets go of its device
        self.served = {}
        self.thief = None           # a domain that gets the device when it is let go
        self.slow_destroy = self.keep_nodes = False
        self.linger = 0             # seconds from Xen's end of a domain to xenstore's
        self.health = "0 0"
        self.away = set()           # application domains whose disks' devices are nowhere
        self.idle = set()           # application domains whose front ends do nothing
        self.heirs = set()          # those with a stock front end that has found Moat's keys
        self.connections = 0        # that back ends have ever offered
        self.without_pci = False    # disks are files
        self.robber = None          # a domain that gets the domid of the next that is destroyed
        self.offer = "ring=1"       # what is offered to who cannot follow; None: nothing
        self.safe = "1"
        self.vcpus = None           # of storage domains to come, see run_on()
        self.touch(f"assignable.{self.BDF}")
        self.flush()
        path = os.path.join(directory, "xl.sock")
        for name, command in (("xl", ""), ("moat-create", '["moat-create"] + ')):
            with open(self.path(name), "w", encoding="utf-8") as out:
                out.write(XL.replace("SOCKET", path).replace("COMMAND", command))
            os.chmod(self.path(name), 0o755)
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        self.running = True
        self.ended = threading.Event()
        self.threads = []
        self.server = self.begin(self.serve_xl)
        self.begin(self.live)

    def begin(self, target, *args):
        thread = threading.Thread(target=target, args=args, daemon=True)
        self.threads.append(thread)
        thread.start()
        return thread

    def close(self):
        """Returns when no thread is left that could write into the directory."""
        self.running = False
        self.ended.set()
        self.listener.shutdown(socket.SHUT_RDWR)    # which wakes accept(), as close() does not
        self.server.join()                          # and after it no thread is added
        for thread in self.threads:
            thread.join()
        self.listener.close()
        self.store.listener.close()

    # the hypervisor's directory

    def path(self, name):
        return os.path.join(self.dir, name)

    def touch(self, name):
        with open(self.path(name), "w", encoding="utf-8"):
            pass

    def flush(self):
        text = "0 running 0\n" + "".join(f"{domid} {d['state']} {d['uuid']}\n"
                                         for domid, d in sorted(self.domains.items()))
        with open(self.path("domains.new"), "w", encoding="utf-8") as out:
            out.write(text)
        os.rename(self.path("domains.new"), self.path("domains"))

    def paused(self, domid):
        return os.path.exists(self.path(f"paused.{domid}"))

    def domid(self, name):
        with self.lock:
            for domid in self.domains:
                if self.store.read(f"/local/domain/{domid}/name") == name:
                    return domid
        return None

    # domains

    def make_domain(self, name, kind, vm=None, domid=None):
        """@vm: its uuid, which a VM keeps when it reboots."""
        with self.lock:
            if domid is None:
                domid = self.next_domid
                self.next_domid += 1
            self.made += 1
            vm = vm or f"vm-{self.made}"
            self.domains[domid] = {"state": "running", "kind": kind, "hung": False,
                                   "born": time.monotonic(), "beats": 0, "beat": 0.0,
                                   "uuid": vm}
            if kind == "storage" and self.vcpus:
                self.run_on(domid, self.vcpus)
            self.flush()    # Xen has it first
            vm = f"/vm/{vm}"
            self.store.write({f"/local/domain/{domid}/name": name,
                              f"/local/domain/{domid}/vm": vm, vm + "/name": name})
            self.store.perms[f"/local/domain/{domid}"] = f"n{domid}"
        self.store.special("@introduceDomain")
        return domid

    def end_domain(self, domid, state):
        """A domain crashes, or shuts down."""
        with self.lock:
            self.domains[domid]["state"] = state
            self.flush()
        self.store.special("@releaseDomain")

    def destroy(self, domid):
        """Xen's part, then the store's, in which moatd may be first with some of it."""
        with self.lock:
            if domid not in self.domains:
                return
            vm = self.store.read(f"/local/domain/{domid}/vm")
            del self.domains[domid]
            self.store.forget(domid)
            for name in os.listdir(self.dir):
                if name in (f"paused.{domid}", f"destroy.{domid}", f"vcpus.{domid}"):
                    os.unlink(self.path(name))
            self.flush()
        self.ended.wait(self.linger)
        for top in f"/local/domain/{domid}", f"/libxl/{domid}", vm:
            if self.keep_nodes and "domain" in top:
                continue    # as where it was not libxl that destroyed it
            self.store.remove(top)
        if self.robber:
            name, self.robber = self.robber, None
            self.make_domain(name, "app", domid=domid)
        self.store.special("@releaseDomain")

    def hang(self, domid, hung=True):
        with self.lock:
            self.domains[domid]["hung"] = hung

    def run_on(self, domid, vcpus):
        """Its vCPUs from now on: [(share of a processor, whether it wants no more)]."""
        with self.lock:
            self.domains[domid] |= {"vcpus": vcpus, "ran": [0] * len(vcpus), "counted": None}
            self.account(domid, self.domains[domid])

    def account(self, domid, domain):
        """Xen's, of a domain's vCPUs."""
        now = time.monotonic()
        span, domain["counted"] = now - (domain["counted"] or now), now
        for index, (share, _) in enumerate(domain["vcpus"]):
            domain["ran"][index] += share * span
        with open(self.path("account"), "w", encoding="utf-8") as out:
            for ran, (_, idle) in zip(domain["ran"], domain["vcpus"]):
                out.write(f"{int(ran * 1000)} {'idle' if idle else 'running'}\n")
        os.rename(self.path("account"), self.path(f"vcpus.{domid}"))

    def attach(self, app, device, storage, able=True):
        """What xl block-attach writes, and the front end's own key."""
        back = f"/local/domain/{storage}/backend/vbd/{app}/{device}"
        front = f"/local/domain/{app}/device/vbd/{device}"
        kept = f"/libxl/{app}/device/vbd/{device}"
        keys = {"frontend": front, "params": "/dev/nvme0n1", "mode": "w", "dev": "xvda",
                "frontend-id": str(app), "online": "1", "state": "1", "type": "phy",
                "removable": "0", "bootable": "1", "device-type": "disk",
                "discard-enable": "1"}
        with self.store.lock:
            self.store.write({front + "/x": ""})
            self.store.perms[front] = f"n{app} r{storage}"
            self.store.remove(front + "/x")
            values = {front + "/backend": back, front + "/backend-id": str(storage),
                      front + "/state": "1", front + "/queue-0/ring-ref": "8"}
            if able:
                values[front + "/feature-moat-recovery"] = "1"
            values |= {f"{kept}/{key}": value for key, value in keys.items()}
            values[kept + "/backend"] = back
            self.store.write(values)
            self.store.write({back + "/x": ""})
            self.store.perms[back] = f"n{storage} r{app}"
            self.store.remove(back + "/x")
            self.store.write({f"{back}/{key}": value for key, value in keys.items()})

    def succeed(self, app, storage, moats, device=51712):
        """Another driver begins at a front end's node, with what the last one has left there."""
        with self.lock:
            (self.heirs.discard if moats else self.heirs.add)(app)
            self.store.write({f"/local/domain/{app}/device/vbd/{device}/state": "1",
                              f"/local/domain/{storage}/backend/vbd/{app}/{device}/state": "1"})

    def is_moats(self, front):
        return self.store.read(front + "/feature-moat-recovery") is not None and \
            int(front.split("/")[3]) not in self.heirs

    def front(self, app, device=51712):
        """A front end's keys."""
        path = f"/local/domain/{app}/device/vbd/{device}"
        return {name: self.store.read(f"{path}/{name}") for name in self.store.names(path)}

    # pciback

    def device_of(self, domid):
        """A domain has one at most."""
        return self.store.read(f"/local/domain/0/backend/pci/{domid}/0/dev-0")

    def pci_holder(self, bdf=BDF):
        for domid in self.store.names("/local/domain/0/backend/pci"):
            if self.device_of(domid) == bdf:
                return int(domid)
        return None

    def give_pci(self, domid, bdf=BDF):
        known = "/libxl/pci/" + re.sub("[:.]", "-", bdf)
        with self.lock:
            if self.pci_holder(bdf) or os.path.exists(self.path(f"pciback.{domid}")):
                return "the device is in use"
            if self.store.read(known + "/domid"):
                return "the device is not assignable: libxl knows a holder"
            base = f"/local/domain/0/backend/pci/{domid}/0"
            self.store.write({known + "/domid": str(domid),
                              base + "/num_devs": "1", base + "/dev-0": bdf})
            self.touch(f"pciback.{domid}")
            self.domains[domid]["pci"] = time.monotonic()
        return ""

    def watch_pciback(self):
        for name in os.listdir(self.dir):
            if not name.startswith("pciback."):
                continue
            domid = int(name.split(".")[1])
            if self.device_of(domid):
                continue
            if domid in self.domains and not self.paused(domid) and \
                    self.domains[domid]["state"] == "running":
                self.wrong.append(f"device taken from domain {domid}, which runs")
            when = self.release_at.setdefault(domid, time.monotonic() + 0.05)
            if time.monotonic() >= when:
                os.unlink(self.path(name))
                if self.thief and not self.give_pci(self.thief):
                    self.thief = None

    # xl

    def serve_xl(self):
        while self.running:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.begin(self.run_xl, client)

    def run_xl(self, client):
        with client, client.makefile() as text:
            line = text.readline()
            if not line:
                return      # killed before it spoke
            words = json.loads(line)
            self.calls.append(words)
            if self.failures.get(words[0], 0):
                self.failures[words[0]] -= 1
                reply = [1, f"xl: {words[0]} fails, as told\n"]
            else:
                said = getattr(self, "xl_" + words[0].replace("-", "_"))(words[1:])
                reply = [1 if said else 0, said]
            try:
                client.sendall(json.dumps(reply).encode() + b"\n")
            except OSError:
                pass        # killed meanwhile

    def pause_for_job(self):
        self.ended.wait(self.JOB)

    def xl_create(self, words):
        text = " ".join(words)
        name = re.search(r'name="([^"]*)"', text)[1]
        if self.domid(name):
            return f"domain {name} exists\n"
        uuid = re.search(r'uuid="([^"]*)"', text)
        domid = self.make_domain(name, "storage", uuid and uuid[1])
        said = self.give_named(domid, text)
        if said:
            self.destroy(domid)
            return said + "\n"
        self.pause_for_job()
        return ""

    def give_named(self, domid, text):
        """The device that xl's configuration names, if there is one."""
        bdf = re.search(r'pci=\["([0-9a-f:.]+)', text)
        return self.give_pci(domid, bdf[1]) if bdf else ""

    def xl_moat_create(self, words):
        domid = int(words[words.index("--domid") + 1])
        text = " ".join(words)
        for _ in range(20 if "--replace" in words or "pci=[" in text else 0):
            if not os.path.exists(self.path(f"pciback.{domid}")):
                break
            self.ended.wait(0.02)
        with self.lock:
            if "--replace" in words and self.domains.get(domid, {}).get("uuid") == \
                    words[words.index("--replace") + 1]:
                self.xl_destroy([domid])
            if domid in self.domains:
                return f"another domain has domid {domid}\n"
            self.make_domain(re.search(r'name="([^"]*)"', text)[1], "storage",
                             re.search(r'uuid="([^"]*)"', text)[1], domid)
            self.touch(f"paused.{domid}")
        said = self.give_named(domid, text)
        if said:
            self.destroy(domid)
            return said + "\n"
        self.pause_for_job()
        return ""

    def xl_destroy(self, words):
        domid = int(words[0])
        if domid not in self.domains:
            return "no such domain\n"
        if self.device_of(domid):
            self.wrong.append("xl destroy of a domain that has a device")
        self.pause_for_job()
        self.destroy(domid)
        return "libxl: it took too long\n" if self.slow_destroy else ""

    def xl_pci_attach(self, words):
        self.pause_for_job()
        domid = int(words[0])
        if domid not in self.domains:
            return "no such domain\n"
        return self.give_pci(domid, words[1].split(",")[0])

    def xl_pci_assignable_add(self, words):
        self.touch(f"assignable.{words[0]}")
        return ""

    # life

    def live(self):
        while not self.ended.wait(self.TICK):
            with self.lock:
                for domid in [d for d in self.domains
                              if os.path.exists(self.path(f"destroy.{d}"))]:
                    self.destroy(domid)
                self.watch_pciback()
                for domid, domain in list(self.domains.items()):
                    if "vcpus" in domain:
                        self.account(domid, domain)
                    if domain["kind"] == "storage":
                        self.live_storage(domid, domain)
                    elif domid not in self.idle:
                        self.live_app(domid)

    def works(self, domid):
        domain = self.domains.get(domid)
        return (domain is not None and domain["state"] == "running" and
                not domain["hung"] and not self.paused(domid))

    def live_storage(self, domid, domain):
        now = time.monotonic()
        if not self.works(domid) or now - domain["born"] < self.BOOT:
            return
        home = f"/local/domain/{domid}"
        if now - domain["beat"] >= self.BEAT:
            domain["beat"] = now
            domain["beats"] += 1
            self.store.write({home + "/data/moat/heartbeat": str(domain["beats"]),
                              home + "/data/moat/health": self.health})
        if self.store.read(home + "/data/moat/state") != "ready":
            self.store.write({home + "/data/moat/version": "0",
                              home + "/data/moat/state": "ready"})
        # a node that the last domain of that domid has left is none to pciback
        if not self.without_pci and (not self.device_of(domid) or
                                     now - domain.get("pci", now) < self.PROBE):
            return
        for app in self.store.names(home + "/backend/vbd"):
            for device in self.store.names(f"{home}/backend/vbd/{app}"):
                if int(app) in self.away:
                    continue
                self.serve_disk(domid, f"{home}/backend/vbd/{app}/{device}")

    def serve_disk(self, domid, back):
        front = self.store.read(back + "/frontend")
        if front is None or self.store.read(front + "/state") is None or \
                self.store.read(back + "/state") not in ("1", "2"):
            return      # there is nobody, or nothing to be done
        for node in [front] + [f"{front}/{n}" for n in self.store.names(front)]:
            if f"r{domid}" not in self.store.perms.get(node, ""):
                self.wrong.append(f"{node} cannot be read by domain {domid}")
        if self.store.read(back + "/state") == "1":
            self.connections += 1
            self.store.write({back + "/moat-connection": str(self.connections)})
        if self.is_moats(front):
            self.store.write({front + "/moat-connection": self.store.read(
                back + "/moat-connection")})
            self.store.write({back + "/hotplug-status": "connected", back + "/state": "4"})
        else:
            self.serve_stock(front, back)

    def serve_stock(self, front, back):
        """A front end that is connected knows of no other back end."""
        self.store.write({back + "/hotplug-status": "connected"})
        if self.offer is None:
            self.store.write({back + "/state": "4"})    # whatever the front end thinks of it
            return
        if self.store.read(front + "/state") == "4":
            owed = self.store.read(back + "/moat-owed")
            if owed is None:
                self.store.write({back + "/state": "5"})
                return
            if owed != self.offer:
                self.store.write({back + "/state": "2", back + "/moat-misfit": "ring too small"})
                return
        self.store.write({back + "/moat-offered": self.offer, back + "/moat-safe": self.safe,
                          back + "/state": "4"})
        for key in ("owed", "misfit"):
            self.store.remove(f"{back}/moat-{key}")

    def live_app(self, app):
        base = f"/local/domain/{app}/device/vbd"
        for device in self.store.names(base):
            front = f"{base}/{device}"
            back = self.store.read(front + "/backend")
            if not back:
                continue
            storage = int(back.split("/")[3])
            self.check_move((app, device), storage)
            if f"r{app}" not in self.store.perms.get(back, f"r{app}"):
                self.wrong.append(f"{back} cannot be read by domain {app}")
            up = (self.works(storage) and self.store.read(back + "/state") == "4")
            held = self.store.read(front + "/moat-hold") is not None
            word = "waiting" if not up else "held" if held else "up"
            if not self.is_moats(front):
                self.live_stock(front, back)
                continue
            if self.store.read(front + "/moat-state") != word:
                self.store.write({front + "/moat-state": word,
                                  **({front + "/state": "4"} if up else {})})

    def live_stock(self, front, back):
        state, other = self.store.read(front + "/state"), self.store.read(back + "/state")
        if state in ("1", "3") and other == "4":
            self.store.write({front + "/state": "4"})
        elif other == "5" and state != "6":
            self.store.write({front + "/state": "6"})   # for good

    def check_move(self, disk, storage):
        old, uuid = self.served.get(disk, (None, None))
        if old not in (None, storage) and old in self.domains and \
                self.domains[old]["uuid"] == uuid:
            self.wrong.append(f"disk {disk} moved while domain {old} exists")
        front = f"/local/domain/{disk[0]}/device/vbd/{disk[1]}"
        if old not in (None, storage) and \
                self.store.read(front + "/moat-state") not in (None, "waiting"):
            self.wrong.append(f"disk {disk} moved with the state of its old connection")
        if old != storage:
            self.served[disk] = (storage, self.domains.get(storage, {}).get("uuid"))
