#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""moatd's event_command: it hears of every event, in order, and holds nobody up."""

import json
import os
import re
import signal
import unittest

import moatd_case

moatd_case.DEADLINE = 60       # longer than one that hangs may take


class Hook(moatd_case.Moatd):
    SCRIPT = 'read -r line; echo "$1 $2 $line" >>DIR/heard'
    beat = 20

    def start(self):
        """With the setting, which the first start finds in its configuration."""
        with open(self.path("conf"), encoding="utf-8") as text:
            conf = text.read()
        if "event_command" not in conf:
            with open(self.path("conf"), "w", encoding="utf-8") as out:
                out.write(f'event_command = "{self.path("on-event")}";\n{conf}')
            self.command(self.SCRIPT)
        super().start()

    def command(self, text):
        with open(self.path("on-event.new"), "w", encoding="utf-8") as out:
            out.write("#!/bin/sh\n" + text.replace("DIR", self.dir) + "\n")
        os.chmod(self.path("on-event.new"), 0o755)
        os.rename(self.path("on-event.new"), self.path("on-event"))

    def heard(self):
        try:
            with open(self.path("heard"), encoding="utf-8") as text:
                return [line.split(" ", 2) for line in text.read().splitlines()]
        except FileNotFoundError:
            return []

    def told(self):
        return self.ask(command="events")["events"]

    def crash(self):
        self.world.end_domain(self.storage(), "crashed")

    def test_another_one(self):
        """A configuration that is read anew may name another program, or none."""
        with open(self.path("conf"), encoding="utf-8") as text:
            conf = text.read()
        with open(self.path("conf"), "w", encoding="utf-8") as out:
            out.write(conf.replace("/on-event", "/on-other"))
        with open(self.path("on-other"), "w", encoding="utf-8") as out:
            out.write(f"#!/bin/sh\necho $1 >>{self.dir}/other\n")
        os.chmod(self.path("on-other"), 0o755)
        said = self.log().count("configuration")
        self.moatd.send_signal(signal.SIGHUP)
        self.wait(lambda: self.log().count("configuration") > said, "the file read")
        self.crash()
        self.wait(lambda: os.path.exists(self.path("other")), "the other one hears")

    def test_hears_all(self):
        self.crash()
        self.wait(lambda: self.events("recovered"), "recovered")
        self.whole()
        self.wait(lambda: len(self.heard()) >= len(self.told()), "all events heard")
        for (name, storage, line), event in zip(self.heard(), self.told()):
            self.assertEqual((name, storage), (event["event"], event["storage"]))
            self.assertEqual(json.loads(line), event)
        # a new moatd does not tell the old ones again
        count = len(self.heard())
        self.kill()
        self.start()
        self.crash()
        self.wait(lambda: len(self.events("recovered")) == 2, "recovered again")
        self.wait(lambda: len(self.heard()) >= len(self.told()), "all events heard")
        self.assertEqual([json.loads(line)["id"] for _, _, line in self.heard()],
                         [event["id"] for event in self.told()])
        self.assertGreater(len(self.heard()), count)

    def test_failing(self):
        """One that fails, kills itself or is not there is logged, and nothing else."""
        for text, words in (("exit 3", "failed with status 3"),
                            ("kill -9 $$", "ended by signal 9"),
                            ("echo it speaks", "it speaks")):
            self.command(text)
            self.crash()
            self.wait(lambda words=words: words in self.log(), words)
            self.whole()
        os.unlink(self.path("on-event"))
        self.crash()
        self.wait(lambda: "on-event: No such file" in self.log(), "it is not there")
        self.whole()

    def running(self):
        """What moatd runs for an event now."""
        with open(f"/proc/{self.moatd.pid}/task/{self.moatd.pid}/children",
                  encoding="utf-8") as text:
            children = text.read().split()
        found = []
        for pid in children:
            try:
                with open(f"/proc/{pid}/cmdline", encoding="utf-8") as words:
                    if re.search("on-event|^sleep\0001000", words.read()):
                        found.append(int(pid))
            except (FileNotFoundError, ProcessLookupError):
                pass
        return found

    def test_hanging(self):
        """One that never ends: recoveries go on, and one of them is all that there is."""
        self.wait(lambda: len(self.heard()) >= len(self.told()), "all events heard")
        self.command("exec sleep 1000")
        for turn in range(3):
            self.crash()
            self.wait(lambda turn=turn: len(self.events("recovered")) == turn + 1, "recovered")
            self.whole()
            self.assertLessEqual(len(self.running()), 1)
        # once its time is over those that had to wait have their turn, in order
        self.command(self.SCRIPT)
        self.wait(lambda: "took longer than 30 s" in self.log(), "an end of it")
        self.wait(lambda: len(self.heard()) >= len(self.told()) - 1, "the others heard")
        ids = [json.loads(line)["id"] for _, _, line in self.heard()]
        self.assertEqual(ids, sorted(ids))


if __name__ == "__main__":
    unittest.main(verbosity=1)
