# SPDX-License-Identifier: GPL-2.0
"""What the demonstration prints: steps, what they show, and what was expected of them."""
import time


class Stage:
    def __init__(self):
        self.start, self.wrong = time.monotonic(), []

    def step(self, text):
        print("\n[%4d s] %s" % (time.monotonic() - self.start, text), flush=True)

    def say(self, text):
        for line in text.rstrip().splitlines():
            print(("         " + line).rstrip(), flush=True)

    def expect(self, condition, text):
        self.say(("ok    " if condition else "WRONG ") + text)
        if not condition:
            self.wrong.append(text)
        return condition
