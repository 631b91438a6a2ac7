# SPDX-License-Identifier: GPL-2.0
"""Machines side by side: each runs the next file's cases, until none is left.

A file's cases stay together, because they want a machine of the same kind. Every lane is a
process: which lab is meant is said in the environment.
"""
import itertools
import multiprocessing
import os
import signal

from runner import Result, run_all, title

FORK = multiprocessing.get_context("fork")


def files_of(cases):
    """[[(place, case)]]: those of each file, in order; a place says which of how many."""
    places = [("%2d/%d %s" % (i, len(cases), title(c)), c) for i, c in enumerate(cases, 1)]
    return [list(file) for _, file in
            itertools.groupby(places, key=lambda p: p[1].__module__)]


class Lanes:
    """make_machine: of one lane, with its state in a directory of its own."""

    def __init__(self, make_machine, state, keep=False):
        self.make_machine, self.state, self.keep = make_machine, state, keep
        self.taken = FORK.Value("i", 0)

    def next_of(self, files):
        with self.taken.get_lock():
            index = self.taken.value
            self.taken.value += 1
        return files[index] if index < len(files) else None

    def lane(self, number, files, chances, pipe):
        """The process: its result goes into the pipe, whole or not at all."""
        signal.signal(signal.SIGTERM, signal.default_int_handler)  # take the machine down
        os.environ["MOAT_LAB"] = self.state + ("-%d" % number if number > 1 else "")
        machine, result = self.make_machine(), Result()
        try:
            while (places := self.next_of(files)) is not None:
                result.add(run_all(machine, places, chances))
        finally:
            if not self.keep:
                machine.down()
        pipe.send(result)

    def start(self, number, files, chances):
        ours, theirs = FORK.Pipe(duplex=False)
        process = FORK.Process(target=self.lane, args=(number, files, chances, theirs))
        process.start()
        theirs.close()
        return process, ours

    def run(self, cases, chances, lanes):
        """Run the cases on so many machines; one that ends early is a lost case."""
        files = files_of(cases)
        started = [self.start(n, files, chances) for n in range(1, min(lanes, len(files)) + 1)]
        result = Result()
        try:
            for number, (_, pipe) in enumerate(started, 1):
                try:
                    result.add(pipe.recv())
                except EOFError:
                    result.count["lost"] += 1
                    result.failed.append("lost: lane %d, and what it has run" % number)
        except BaseException:
            for process, _ in started:
                process.terminate()
            raise
        finally:
            for process, _ in started:
                process.join()
        return result
