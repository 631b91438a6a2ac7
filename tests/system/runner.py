# SPDX-License-Identifier: GPL-2.0
"""Collects the cases, runs some on a machine, and says how each ended.

A case is a function test_*(machine) in a file test_*.py. It ends in one of
four ways: pass, fail, skip (it says what is missing), or lost: the machine or
a domain the case needs is gone. A lost machine is booted again for the next
case, so that one crash is one result and not fifty.
"""
import importlib
import multiprocessing
import os
import sys
import time
import traceback

import kernel_log
from client import CommandError, Lost

TOLD = 6        # lines of a failed case's text that the end repeats
SAID = 12       # lines of each domain's log that a failed case ends with


class Skip(Exception):
    """The case cannot run here; the text says why."""


class Failure(AssertionError):
    """The case ran and the answer is wrong."""


def check(condition, text):
    """Fail the case with a text that says what was expected."""
    if not condition:
        raise Failure(text)


def takes_long(case):
    """Mark a case as one that `make test-long` runs, and not `make test`."""
    case.takes_long = True
    return case


def collect(folders, patterns, long=False):
    """All cases of the folders, in name order of their files, then in order of definition;
    where none are asked for, those that take long, or the others.

    A file whose cases need a machine of another kind has a function lab() that returns
    the options of `lab up`; such files come last, so that the machine changes once. One
    with a target of its own, because it takes long, names that in APART: its cases run
    only where they are asked for.
    """
    cases = []
    for name in [name for folder in folders for name in sorted(os.listdir(folder))]:
        if not (name.startswith("test_") and name.endswith(".py")):
            continue
        module = importlib.import_module(name[:-3])
        if hasattr(module, "APART") and not patterns:
            continue
        found = [f for n, f in vars(module).items()
                 if n.startswith("test_") and callable(f)
                 and f.__module__ == module.__name__
                 and (patterns or hasattr(f, "takes_long") == long)]
        cases += sorted(found, key=lambda f: f.__code__.co_firstlineno)
    cases.sort(key=lambda case: options_of(case) is not None)
    if patterns:
        cases = [c for c in cases if any(p in title(c) for p in patterns)]
    return cases


def options_of(case):
    """The function that says what machine a case needs; None: any."""
    return getattr(sys.modules[case.__module__], "lab", None)


def title(case):
    """file.case, as --only and the report name it."""
    return "%s.%s" % (case.__module__[5:], case.__name__[5:])


def run_case(machine, case):
    """Run one case; return (outcome, text). One that fails ends with what each domain said."""
    outcome, text = judge_case(machine, case)
    if outcome in ("lost", "fail"):
        text = "\n".join([text, *said_last(machine)])
    return outcome, text


def said_last(machine):
    """For whoever was not there."""
    try:
        return ["%s said: %s" % (domain, line)
                for domain, lines in machine.log_ends(SAID) for line in lines]
    except (Lost, CommandError) as e:
        return ["no logs: %s" % e]


def judge_case(machine, case):
    """Run one case, look at the logs; return (outcome, text)."""
    try:
        machine.suit(options_of(case))
        machine.mark_logs()
    except Lost as e:
        return "lost", str(e)
    try:
        case(machine)
        outcome, text = "pass", ""
    except Skip as e:
        outcome, text = "skip", str(e)
    except Lost as e:
        return "lost", str(e)
    except Failure as e:
        outcome, text = "fail", str(e)
    except Exception:  # a broken case must not end the run
        outcome, text = "fail", traceback.format_exc()
    try:
        machine.clean_up()
        bad = ["%s: %s" % (domain, line)
               for domain, log in machine.new_logs()
               for line in kernel_log.complaints(log, machine.allowed_log)]
    except Lost as e:
        return "lost", (text + "\n" + str(e)).strip()
    except (Failure, CommandError) as e:    # and it must not hide what the case said
        return "fail", (text + "\n" + str(e)).strip()
    if bad and outcome in ("pass", "skip"):
        outcome = "fail"
    return outcome, "\n".join([text] * bool(text) + bad)


class Chances:
    """So many cases in all may be tried once more, whichever machine runs them."""

    def __init__(self, number):
        self.left = multiprocessing.Value("i", number)

    def take(self):
        """Is there one left? Then it is the caller's."""
        with self.left.get_lock():
            taken = self.left.value > 0
            self.left.value -= taken
        return taken


class Result:
    """How the cases of a run ended, and what those that failed said."""

    def __init__(self):
        self.count = {"pass": 0, "fail": 0, "skip": 0, "lost": 0, "unsteady": 0}
        self.failed = []

    def add(self, other):
        for how, number in other.count.items():
            self.count[how] += number
        self.failed += other.failed


def say(text):
    """In one piece: other lanes print, too."""
    print(text, flush=True)


def run_all(machine, places, chances, report=say):
    """Run the cases, [(place, case)], on one machine.

    One that fails is tried once more, on a fresh machine, while there are chances, for
    where the host is not ours alone. One that needs it is told, and counted as unsteady.
    """
    result = Result()
    for place, case in places:
        outcome, text = run_reported(machine, case, place, report)
        if outcome in ("lost", "fail"):
            machine.down()
            result.failed += ["%s: %s" % (outcome, place), *text.splitlines()[:TOLD]]
        if outcome in ("lost", "fail") and chances.take():
            report("again")
            outcome, text = run_reported(machine, case, place, report)
            result.count["unsteady"] += outcome not in ("lost", "fail")
            result.failed += ["then: " + outcome, *text.splitlines()[:TOLD]]
            if outcome in ("lost", "fail"):
                machine.down()
        result.count[outcome] += 1
    return result


def run_reported(machine, case, place, report):
    """Run one case and report it; return how it ended, and the text."""
    start = time.monotonic()
    outcome, text = run_case(machine, case)
    report("\n".join(["%-4s %s (%.0f s)" % (outcome, place, time.monotonic() - start),
                      *("       " + line for line in text.splitlines())]))
    return outcome, text
