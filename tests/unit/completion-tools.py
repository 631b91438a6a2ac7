#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""moat's completions, for bash and for zsh: they offer what there is, and nothing else.

What there is, moat itself says (--help); so who adds an option and forgets them hears of it.
"""

import os
import re
import shutil
import subprocess
import unittest

from fake_store import DEADLINE
from moat_case import Case, STATUS, TOP

PLACE = os.path.join(TOP, "tools", "moat")
BASH = os.path.join(PLACE, "moat.bash-completion")
ZSH = os.path.join(PLACE, "moat.zsh-completion")

# What stands around a completion function, made so that it tells what it is asked for.
STUBS = """
_arguments() { print -rl -- "$@" }
_describe() { print -rl -- ${(P)2} }
compadd() { shift; print -rl -- ${(P)1} }
_files() { print files }
"""


class Completion(Case):
    def setUp(self):
        super().setUp()
        self.moatd(status=STATUS)
        os.symlink(os.path.realpath(os.environ.get("MOAT", os.path.join(TOP, "build/tools/moat"))),
                   os.path.join(self.bin, "moat"))
        self.script("xl", "printf 'Name ID\\nDomain-0 0\\napp 5\\n'")
        self.environment["MOAT_COMPLETION_TIMEOUT"] = str(DEADLINE)

    def shell(self, *words):
        done = subprocess.run(words, env=self.environment, check=True, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.assertEqual(done.stderr, "")
        return done.stdout

    def commands(self):
        return re.findall(r"^  ([a-z]\w+) ", self.moat("--help")[0], re.M)

    def options(self, command):
        """Long options as the help of moat, or of a command (not ""), lists them."""
        text, _ = self.moat(*([command] if command else []), "--help")
        return set(re.findall(r"^ {2,}(?:-\w, )?(--[\w-]+)", text, re.M)) | {"--help"}


class Bash(Completion):
    def bash(self, *words):
        quoted = " ".join(f"'{word}'" for word in words)
        return self.shell("bash", "-euc",
                          f". {BASH}; COMP_WORDS=({quoted}); COMP_CWORD={len(words) - 1}; _moat; "
                          "printf '%s\\n' ${COMPREPLY[@]+\"${COMPREPLY[@]}\"}").split()

    def test_words(self):
        for words, expected in (
                ([""], self.commands() + ["help"]), (["st"], ["status"]), (["he"], ["help"]),
                (["--socket", self.socket, "res"], ["restart", "resume"]),
                (["restart", ""], ["storage", "backup"]),
                (["restart", "--wait", "5", "b"], ["backup"]),
                (["attach", "app", "xvda", "st"], ["storage"]),
                (["mode", ""], ["Domain-0", "app"]),
                (["mode", "app", "xvda", "--front", ""], ["event", "spin", "adaptive"]),
                (["events", "--f"], ["--follow", "--file"]),
                (["help", "me"], ["metrics"]),
                (["bogus", ""], []), (["top", "-n", ""], []),
                (["top", "--sort", "re"], ["requests", "read", "retained"])):
            with self.subTest(words=words):
                self.assertEqual(self.bash("moat", *words), expected)

    def test_in_step(self):
        self.assertEqual(set(self.bash("moat", "--")), self.options(""))
        for command in self.commands():
            with self.subTest(command=command):
                self.assertEqual(set(self.bash("moat", command, "--")), self.options(command))


@unittest.skipUnless(shutil.which("zsh"), "no zsh")
class Zsh(Completion):
    def zsh(self, script):
        return self.shell("zsh", "-fc", STUBS + f"source {ZSH}\n" + script)

    def test_in_step(self):
        offered = re.findall(r"^(\w+):", self.zsh("_moat_commands"), re.M)
        self.assertEqual(offered, self.commands() + ["help"])
        found = set(re.findall(r"(?:^|\))(--[\w-]+)\[", self.zsh("_moat"), re.M))
        self.assertEqual(found, self.options(""))
        for command in self.commands():
            with self.subTest(command=command):
                found = set(re.findall(r"(?:^|\))(--[\w-]+)\[", self.zsh(f"_moat_words {command}"),
                                       re.M))
                self.assertEqual(found, self.options(command))

    def test_names(self):
        self.assertEqual(self.zsh("_moat_storage"), "storage\nbackup\n")
        self.assertEqual(self.zsh("_moat_domains"), "Domain-0\napp\n")

    def test_leads_on(self):
        """Behind a command stand its own words."""
        out = self.zsh("_arguments() { [[ $1 = -C ]] && state=words || print -rl -- \"$@\" }\n"
                       "words=(mode); _moat")
        self.assertIn("3:mode:(event spin adaptive)", out)

    def test_as_zsh_loads_it(self):
        """Found in $fpath by its first line, and run at once when it is loaded."""
        os.symlink(ZSH, os.path.join(self.dir, "_moat"))
        out = self.shell("zsh", "-fc", STUBS + f"fpath=({self.dir} $fpath); autoload -Uz _moat\n"
                         "_moat | grep -c socket; _moat | grep -c socket")
        self.assertEqual(out, "1\n1\n")
        with open(ZSH, encoding="utf-8") as text:
            self.assertEqual(text.readline(), "#compdef moat\n")


if __name__ == "__main__":
    unittest.main(verbosity=1)
