# SPDX-License-Identifier: GPL-2.0
"""Results of hostile campaigns: what counts as a message, what is wrong, and the table."""
import collections

# A message is one slot, response, key or index written hostilely.
MESSAGES = ("slots", "responses", "keys", "states", "indices")
# What is counted beside them.
BESIDE = ("flips", "events", "grants")
# What must never happen, however hostile the peer.
NEVER = ("strange", "silent", "unnoticed", "stuck")
# While an operation of the neighbour's waits for the back end it sees the end of a turn, the
# turn that takes it, and the one that answers it. In each of them the villain is answered so
# many requests at most as come back, and so many that are refused (core/fair.h).
TURNS, PARTS, TURN = 3, 2, 16
# All else that it does may take it so much longer than before the attack: the villain's
# processors and those that work for it are not idle any more. A hostile back end has no poller
# in common with it, but has its guest's one processor work: for the load that asks again, for
# the ends and beginnings of connections, for all that is read from xenstore.
STRETCH = {"front": 3, "back": 8}
# Of so many connections with a hostile back end, each is asked so much on average; else the load
# on its disk is at fault, and only what is issued again was attacked.
CONNECTIONS, ASKED = 8, 1000
# Lines a second that the attacked domain's log may grow by: what a rate limit lets through.
LINES = 8
NAMES = {"front": "a hostile front end against moat-back",
         "back": "a hostile back end against moat-front"}


def total(counts):
    """The messages."""
    return sum(counts[key] for key in MESSAGES)


def answered(counts):
    """The requests of the attacked disk that got an answer."""
    return counts["good"] + counts["bad"] + counts["unknown"]


def least(record):
    """How many operations the neighbour must have had.

    Both terms are of the same machine and run, so that it may be as slow as it likes.
    """
    neighbour = record["neighbour"]
    seconds = neighbour["ms"] / 1000
    waits = 0
    if record["direction"] == "front":
        waits = TURNS * PARTS * TURN * seconds / max(neighbour["beside"], 1)
    return seconds / (STRETCH[record["direction"]] / neighbour["before"] + waits)


def share(record):
    """The neighbour's operations for each that it must have had."""
    return record["neighbour"]["operations"] / max(least(record), 1)


def wrong(record):
    """What is not as promised, in words; an empty list: nothing."""
    counts, neighbour = record["counts"], record["neighbour"]
    found = ["%s: %d" % (key, counts[key]) for key in NEVER if counts[key]]
    found += ["the neighbour: %s: %d" % (key, neighbour[key])
              for key in ("lost", "corrupt", "errors") if neighbour[key]]
    if not neighbour["operations"]:
        found.append("the neighbour stood still")
    if share(record) < 1:
        found.append("the neighbour had %d operations, and should have had %d"
                     % (neighbour["operations"], least(record)))
    if record["lines"] > LINES * record["took_s"]:
        found.append("the attacked domain's log grew by %d lines" % record["lines"])
    if not counts["connected"]:
        found.append("nothing was connected")
    if record["direction"] == "back" and counts["connected"] >= CONNECTIONS and \
            answered(counts) < ASKED * counts["connected"]:
        found.append("the load asked %d times on %d connections"
                     % (answered(counts), counts["connected"]))
    found += ["log: " + line for line in record["log"]]
    if not record["fresh"]:
        found.append("no honest connection behind it")
    if record["said"]:
        found.append(record["said"])
    return found


def row(direction, records):
    counts = collections.Counter()
    for record in records:
        counts.update(record["counts"])
    return [NAMES[direction], len(records), total(counts),
            *(counts[key] for key in MESSAGES + BESIDE),
            counts["rounds"], counts["connected"], counts["broken"],
            sum(r["neighbour"]["operations"] for r in records),
            "%.1f" % min(share(r) for r in records),
            sum(r["neighbour"][key] for r in records for key in ("lost", "corrupt", "errors")),
            sum(bool(wrong(r)) for r in records),
            ", ".join(sorted({r.get("commit", "") for r in records}))]


HEAD = ("", "runs", "messages", *MESSAGES, *BESIDE, "begun", "connected", "broken",
        "neighbour's operations", "times its least", "its errors", "runs not as promised",
        "commits")


def table(records):
    """Markdown: what was sent, and what came of it."""
    rows = [row(direction, [r for r in records if r["direction"] == direction])
            for direction in NAMES if any(r["direction"] == direction for r in records)]
    lines = ["| %s |" % " | ".join(str(word) for word in words)
             for words in (HEAD, ["---"] * len(HEAD), *rows)]
    for record in records:
        lines += ["* %s, seed %d: %s" % (record["direction"], record["seed"], text)
                  for text in wrong(record)]
    return "\n".join(lines)
