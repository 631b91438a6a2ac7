# SPDX-License-Identifier: GPL-2.0
"""A moatd that says what a test has told it to, and drivers that answer in xenstore."""

import json
import os
import socket
import threading
import time

from fake_store import DEADLINE


class Moatd:
    """answers: command -> object, bytes sent as they are, or None for silence.

    A command that is missing there ends the connection. "watch" keeps its connections;
    event() sends to them.
    """

    def __init__(self, path, answers):
        self.answers = {"watch": {"ok": True}, **answers}
        self.path = path
        self.requests = []
        self.watchers = []
        self.open = []
        self.changed = threading.Condition()
        self.listener = socket.socket(socket.AF_UNIX)
        self.listener.bind(path)
        self.listener.listen()
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                client, _ = self.listener.accept()
            except OSError:
                return
            self.open.append(client)
            threading.Thread(target=self.talk, args=(client,), daemon=True).start()

    def talk(self, client):
        with client.makefile("rb") as lines:
            try:
                for line in lines:
                    if not self.answer(client, json.loads(line)):
                        break
            except OSError:
                pass
        client.close()

    def answer(self, client, request):
        answer = self.answers.get(request["command"], b"")
        if callable(answer):
            answer = answer(request)
        if isinstance(answer, dict):
            answer = json.dumps(answer).encode() + b"\n"
        # before the answer: what the client does next must find it noted
        with self.changed:
            self.requests.append(request)
            if request["command"] == "watch":
                self.watchers.append(client)
            self.changed.notify_all()
        if answer:
            client.sendall(answer)
        return answer is None or answer.endswith(b"\n")

    def wait(self, command):
        """Waits until such a request has come; returns it."""
        def found():
            return [r for r in self.requests if r["command"] == command]
        with self.changed:
            if not self.changed.wait_for(found, DEADLINE):
                raise AssertionError(f"no {command} within {DEADLINE} s: {self.requests}")
            return found()[-1]

    def event(self, **event):
        line = json.dumps(event).encode() + b"\n"
        for client in self.watchers:
            client.sendall(line)

    def stop(self):
        """As kill -9 would: all connections end, the socket's file stays."""
        if self.listener.fileno() >= 0:
            # a thread that waits in accept() is not woken by close()
            self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
        for client in self.open:
            try:
                client.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def remove(self):
        self.stop()
        if os.path.exists(self.path):
            os.unlink(self.path)


class Drivers:
    """Both kernel halves, as far as they answer moat-set-mode and moat-ask.

    rates: directory -> counter -> so many per second, from the start.
    """

    def __init__(self, store, rates):
        self.store = store
        self.rates = rates
        self.start = time.monotonic()
        self.stopped = False
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def wishes(self):
        return [d for d in self.rates if d + "/moat-set-mode" in self.store.nodes or
                d + "/moat-ask" in self.store.nodes]

    def run(self):
        with self.store.lock:
            while not self.stopped:
                self.store.lock.wait_for(lambda: self.stopped or self.wishes())
                for directory in self.wishes():
                    self.act(directory)

    def act(self, directory):
        nodes = self.store.nodes
        mode = nodes.get(directory + "/moat-set-mode")
        if mode is not None:
            if mode in ("event", "spin", "adaptive"):
                self.store.put(directory + "/moat-mode", mode)
            self.store.drop(directory + "/moat-set-mode")
        word = nodes.get(directory + "/moat-ask")
        if word is not None:
            age = time.monotonic() - self.start
            self.store.put(directory + "/moat-stats", " ".join(
                [word] + [f"{name}={int(rate * age)}"
                          for name, rate in self.rates[directory].items()]))
            self.store.drop(directory + "/moat-ask")

    def stop(self):
        with self.store.lock:
            self.stopped = True
            self.store.lock.notify_all()
        self.thread.join(DEADLINE)
