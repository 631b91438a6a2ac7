# SPDX-License-Identifier: GPL-2.0
"""The background process of one lab: it owns QEMU and the line to dom0's agent.

It is QEMU's parent, so it knows at once when QEMU ends; it shares the one virtio port
among any number of clients; it keeps the consoles in files. It ends when QEMU ends, and
takes QEMU with it when it is killed. Clients reach it through STATE/lab.sock.

A lost machine is told to every waiting client with a LOST frame: QEMU ended, the agent
closed the line, or it has not answered pings for HANG_S.
"""

import ctypes
import fcntl
import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import time

import wire

PING_S = 10
HANG_S = 120  # longer than the agent's own limit for a domain, so that it speaks first
QEMU_END_S = 2
CONSOLES = "/var/log/xen/console"
PR_SET_PDEATHSIG = 1


def die_with_parent():
    """Makes the kernel kill QEMU when the keeper dies, however it dies."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


class Peer:
    """A connected socket with its frames in and bytes out, never blocking."""

    def __init__(self, sock, selector):
        sock.setblocking(False)
        self.sock = sock
        self.selector = selector
        self.parser = wire.Parser()
        self.out = bytearray()
        self.open = True
        selector.register(sock, selectors.EVENT_READ, self)

    def send(self, kind, session, payload=b""):
        """Queues a frame and sends what goes at once."""
        self.out += wire.frame(kind, session, payload)
        self.flush()

    def flush(self):
        """Sends what the socket takes; asks to be called again for the rest."""
        if not self.open:
            return
        try:
            while self.out:
                sent = self.sock.send(self.out)
                del self.out[:sent]
        except BlockingIOError:
            pass
        except OSError:
            self.close()
            return
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self.out else 0)
        self.selector.modify(self.sock, events, self)

    def receive(self):
        """Returns the frames that have arrived; closes at the end of the stream."""
        try:
            data = self.sock.recv(1 << 18)
        except BlockingIOError:
            return []
        except OSError:
            data = b""
        if not data:
            self.close()
            return []
        try:
            return list(self.parser.feed(data))
        except ValueError:
            self.close()
            return []

    def close(self):
        """Closes the socket; further sends do nothing."""
        if self.open:
            self.open = False
            self.selector.unregister(self.sock)
            self.sock.close()


class Consoles:
    """Splits what @follow sends into one file per domain."""

    def __init__(self, directory):
        self.directory = directory
        self.pending = bytearray()

    def feed(self, data):
        """Takes records of "NAME LENGTH", newline, bytes."""
        self.pending += data
        while b"\n" in self.pending:
            head, _, _ = self.pending.partition(b"\n")
            name, length = head.decode().rsplit(" ", 1)
            end = len(head) + 1 + int(length)
            if len(self.pending) < end:
                return
            self._write(name, self.pending[len(head) + 1:end])
            del self.pending[:end]

    def _write(self, name, data):
        name = os.path.basename(name).removeprefix("guest-")
        with open(os.path.join(self.directory, name), "ab") as f:
            f.write(data)


class Keeper:
    """All of one lab's live state."""

    def __init__(self, state):
        self.state = state
        with open(os.path.join(state, "machine.json"), encoding="utf-8") as f:
            self.machine = json.load(f)
        self.selector = selectors.DefaultSelector()
        self.agent = None
        self.ready = False
        self.waiting = []
        self.sessions = {}  # our number -> (client, its number)
        self.numbers = 0
        self.heard = self.asked = time.monotonic()
        self.consoles = Consoles(os.path.join(state, "log"))
        self.console_session = 0
        self.qemu = None
        self.lost = None
        self.stopping = False

    def listen(self, name):
        """Listens on a socket in the state directory."""
        path = os.path.join(self.state, name)
        if os.path.exists(path):
            os.unlink(path)
        sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        sock.bind(name)  # relative: a long state path does not fit in a socket address
        sock.listen(64)
        sock.setblocking(False)
        self.selector.register(sock, selectors.EVENT_READ, name)
        return sock

    def start_qemu(self):
        """Starts QEMU with its output in a file."""
        with open("log/qemu.log", "wb") as log:
            self.qemu = subprocess.Popen(self.machine["qemu"], stdin=subprocess.DEVNULL,
                                         stdout=log, stderr=log,
                                         preexec_fn=die_with_parent)

    def run(self):
        """Serves until QEMU has ended or somebody stops us."""
        os.chdir(self.state)
        agent_listener = self.listen("agent.sock")
        self.listen("lab.sock")
        wake, wake_writer = os.pipe()
        os.set_blocking(wake_writer, False)
        signal.set_wakeup_fd(wake_writer)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGTERM, self.stop)
        self.selector.register(wake, selectors.EVENT_READ, "wake")
        self.start_qemu()
        while not self.stopping and self.qemu.poll() is None:
            for key, events in self.selector.select(self.timeout()):
                self.serve(key, events, agent_listener, wake)
            self.check_alive()
        self.finish()

    def timeout(self):
        """Sleeps long when nobody waits for the machine."""
        return PING_S if self.sessions else None

    def serve(self, key, events, agent_listener, wake):
        """Handles one ready descriptor."""
        if key.data == "wake":
            os.read(wake, 512)
        elif key.data == "agent.sock":
            self.agent = Peer(key.fileobj.accept()[0], self.selector)
            self.selector.unregister(agent_listener)
            agent_listener.close()
        elif key.data == "lab.sock":
            Peer(key.fileobj.accept()[0], self.selector)
        else:
            self.serve_peer(key.data, events)

    def serve_peer(self, peer, events):
        """Moves frames between a client and the agent."""
        if events & selectors.EVENT_WRITE:
            peer.flush()
        if not peer.open or not events & selectors.EVENT_READ:
            return
        for kind, session, payload in peer.receive():
            if peer is self.agent:
                self.from_agent(kind, session, payload)
            else:
                self.from_client(peer, kind, session, payload)
        if not peer.open:
            self.gone(peer)

    def gone(self, peer):
        """A client left: its commands are stopped. The agent left: all is lost."""
        if peer is self.agent:
            self.lose(self.why_no_line())
            return
        for number, (client, _) in list(self.sessions.items()):
            if client is peer:
                self.to_agent(wire.SIGNAL, number, wire.WORD.pack(signal.SIGKILL))
                self.sessions[number] = (None, 0)

    def why_no_line(self):
        """The line to dom0 broke: mostly because QEMU is just ending."""
        try:
            self.qemu.wait(QEMU_END_S)
        except subprocess.TimeoutExpired:
            return "the line to dom0 broke"
        return f"QEMU ended with status {self.qemu.returncode}"

    def to_agent(self, kind, number, payload):
        """Sends a frame to dom0, or keeps it until dom0 is up."""
        if self.ready:
            self.agent.send(kind, number, payload)
        else:
            self.waiting.append((kind, number, payload))

    def new_number(self, client, session):
        """Gives a client's session a number that is unique in the machine."""
        if not self.sessions:
            self.heard = time.monotonic()
        self.numbers += 1
        self.sessions[self.numbers] = (client, session)
        return self.numbers

    def from_client(self, client, kind, session, payload):
        """Passes a client's frame on under our number."""
        if self.lost:
            client.send(wire.LOST, session, self.lost.encode())
            return
        if kind == wire.OPEN:
            self.to_agent(kind, self.new_number(client, session), payload)
            return
        for number, owner in self.sessions.items():
            if owner == (client, session):
                self.to_agent(kind, number, payload)
                return

    def from_agent(self, kind, number, payload):
        """Passes the agent's frame on to the client it is for."""
        self.heard = time.monotonic()
        if kind == wire.HELLO:
            self.dom0_up()
        elif number and number == self.console_session:
            self.console_frame(kind, payload)
        elif number in self.sessions:
            client, session = self.sessions[number]
            if kind in (wire.EXIT, wire.LOST):
                del self.sessions[number]
            if client:
                client.send(kind, session, payload)
            elif kind in (wire.STDOUT, wire.STDERR):  # nobody reads: let it flow
                credit = wire.PAIR.pack(kind, len(payload))
                self.agent.send(wire.CREDIT, number, credit)

    def dom0_up(self):
        """Sends what waited for dom0, and starts collecting consoles."""
        self.ready = True
        for kind, number, payload in self.waiting:
            self.agent.send(kind, number, payload)
        self.waiting = []
        self.numbers += 1
        self.console_session = self.numbers
        command = wire.open_payload("dom0", ["@follow", CONSOLES], 0)
        self.agent.send(wire.OPEN, self.console_session, command)

    def console_frame(self, kind, payload):
        """Takes console bytes."""
        if kind == wire.STDOUT:
            self.consoles.feed(payload)
            credit = wire.PAIR.pack(kind, len(payload))
            self.agent.send(wire.CREDIT, self.console_session, credit)

    def check_alive(self):
        """Pings dom0 while somebody waits for it; gives up after HANG_S."""
        now = time.monotonic()
        if not self.sessions or not self.ready or self.lost:
            return
        if now - self.heard > HANG_S:
            self.lose(f"dom0 has not answered for {HANG_S} s")
        elif now - self.heard > PING_S and now - self.asked > PING_S:
            self.asked = now
            self.agent.send(wire.PING, 0)

    def lose(self, reason):
        """Tells every client that the machine is lost, and why."""
        self.lost = f"the machine is lost: {reason}"
        print(self.lost, flush=True)
        for client, session in self.sessions.values():
            if client:
                client.send(wire.LOST, session, self.lost.encode())
        self.sessions = {}

    def stop(self, *_):
        """Somebody ran `lab down`."""
        self.stopping = True

    def finish(self):
        """Ends QEMU where it still runs, and says how it ended."""
        if self.qemu.poll() is None:
            self.qemu.terminate()
            try:
                self.qemu.wait(5)
            except subprocess.TimeoutExpired:
                self.qemu.kill()
                self.qemu.wait()
        if not self.lost:
            status = f"QEMU ended with status {self.qemu.returncode}"
            self.lose("it was taken down" if self.stopping else status)
        for name in ("lab.sock", "agent.sock"):
            if os.path.exists(name):
                os.unlink(name)
        with open("ended", "w", encoding="utf-8") as f:
            f.write(self.lost + "\n")


def main(state):
    """Holds STATE/lock as long as the lab lives, so that anybody can see that it does."""
    with open(os.path.join(state, "lock"), "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        Keeper(state).run()


if __name__ == "__main__":
    main(sys.argv[1])
