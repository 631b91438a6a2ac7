# SPDX-License-Identifier: GPL-2.0
"""A xenstore made of a dictionary, for the tests of programs that talk to one.

It serves its clients on a Unix socket, and has no permissions but those that a test
takes away: what a test writes and what a client writes are the same tree.
"""

import socket
import struct
import threading

DEADLINE = 30
HOME = "/local/domain/2"       # where the client's relative paths begin

DIRECTORY, READ, WATCH, UNWATCH, BEGIN, END, WRITE, RM, EVENT, ERROR = (
    1, 2, 4, 5, 6, 7, 11, 13, 15, 16)


class Refused(Exception):
    """A request that the store answers with an error name."""


class Client:
    """A connection: its watches, and the transaction that it is in."""

    def __init__(self, link):
        self.link = link
        self.watches = []
        self.transaction = None

    def send(self, kind, ident, body):
        try:
            self.link.sendall(struct.pack("<IIII", kind, ident, 0, len(body)) + body)
        except OSError:
            pass

    def receive(self, size):
        data = b""
        while len(data) < size:
            more = self.link.recv(size - len(data))
            if not more:
                raise ConnectionError
            data += more
        return data

    def event(self, path, token, relative):
        if relative:
            path = path[len(HOME) + 1:]
        self.send(EVENT, 0, f"{path}\0{token}\0".encode())

    def fire(self, path, gone=()):
        for watched, token, relative in self.watches:
            if path == watched or path.startswith(watched + "/"):
                self.event(path, token, relative)
            elif watched in gone:
                self.event(watched, token, relative)


class Store:
    """The tree, and its clients on a socket."""

    def __init__(self, path):
        self.nodes = {HOME: ""}
        self.lock = threading.Condition()
        self.requests = 0
        self.busy_commits = 0      # so many commits fail with EAGAIN
        self.secret = set()        # what no client may read
        self.nagging = None        # a path that seems to change whenever a client asks
        self.answering = threading.Event()     # while it is clear no request is answered
        self.answering.set()
        self.clients = []
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        threading.Thread(target=self.accept, daemon=True).start()

    # what a test does to the tree

    def write(self, values):
        with self.lock:
            for path, value in values.items():
                self.put(path, value)

    def remove(self, path):
        with self.lock:
            self.drop(path)

    def read(self, path):
        with self.lock:
            return self.nodes.get(path)

    def wait(self, condition, what):
        """Waits until condition(nodes) holds."""
        with self.lock:
            if not self.lock.wait_for(lambda: condition(self.nodes), DEADLINE):
                raise AssertionError(f"not within {DEADLINE} s: {what}\n" + "\n".join(
                    f"{k} = {v}" for k, v in sorted(self.nodes.items())))

    def hang_up(self):
        with self.lock:
            for client in self.clients:
                client.link.shutdown(socket.SHUT_RDWR)

    # the tree itself; the lock is held

    def put(self, path, value):
        parts = path.split("/")
        for end in range(2, len(parts)):
            self.nodes.setdefault("/".join(parts[:end]), "")
        self.nodes[path] = value
        self.fire(path)

    def drop(self, path):
        gone = [p for p in self.nodes if p == path or p.startswith(path + "/")]
        if not gone:
            raise Refused("ENOENT")
        for node in gone:
            del self.nodes[node]
        self.fire(path, gone)

    def fire(self, path, gone=()):
        for client in self.clients:
            client.fire(path, gone)
        self.lock.notify_all()

    # the wire

    def accept(self):
        while True:
            try:
                link, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(Client(link),), daemon=True).start()

    def serve(self, client):
        with self.lock:
            self.clients.append(client)
        try:
            self.talk(client)
        except (ConnectionError, OSError):
            pass
        finally:
            with self.lock:
                self.clients.remove(client)
            client.link.close()

    def talk(self, client):
        while True:
            kind, ident, _, size = struct.unpack("<IIII", client.receive(16))
            body = client.receive(size)
            self.answering.wait()
            with self.lock:
                self.requests += 1
                if self.nagging:
                    client.fire(self.nagging)
                try:
                    client.send(kind, ident, self.answer(client, kind, body))
                except Refused as error:
                    client.send(ERROR, ident, str(error).encode() + b"\0")
                if kind == WATCH:
                    client.event(*client.watches[-1])

    def answer(self, client, kind, body):
        words = body.decode().split("\0")
        path = words[0] if words[0].startswith("/") else f"{HOME}/{words[0]}"
        if path in self.secret:
            raise Refused("EACCES")
        if kind == READ:
            if path not in self.nodes:
                raise Refused("ENOENT")
            return self.nodes[path].encode()
        if kind == DIRECTORY:
            if path not in self.nodes:
                raise Refused("ENOENT")
            names = {p[len(path) + 1:].split("/")[0] for p in self.nodes
                     if p.startswith(path + "/")}
            return "".join(name + "\0" for name in sorted(names)).encode()
        if kind == WATCH:
            client.watches.append((path, words[1], path != words[0]))
        elif kind == UNWATCH:
            client.watches = [w for w in client.watches if w[:2] != (path, words[1])]
        elif kind == BEGIN:
            client.transaction = []
            return b"1\0"
        elif kind == END:
            return self.end(client, words[0] == "T")
        else:
            def change():
                if kind == WRITE:
                    self.put(path, words[1])
                else:
                    self.drop(path)
            if kind == RM and path not in self.nodes:
                raise Refused("ENOENT")
            if client.transaction is None:
                change()
            else:
                client.transaction.append(change)
        return b"OK\0"

    def end(self, client, commit):
        changes, client.transaction = client.transaction, None
        if commit and self.busy_commits:
            self.busy_commits -= 1
            raise Refused("EAGAIN")
        for change in changes if commit else ():
            change()
        return b"OK\0"
