# SPDX-License-Identifier: GPL-2.0
"""Results of fault campaigns: lines of JSON that add up, and the table made of them."""
import collections
import json
import os
import subprocess

from events import PHASES
from kinds import KINDS
from settings import SETTINGS


HERE = os.path.dirname(os.path.abspath(__file__))


def tree():
    """The commit that is tried, with a "+" if something has been changed since; "": unknown."""
    ask = ["git", "-C", HERE, "describe", "--always", "--exclude=*", "--dirty=+"]
    try:
        return subprocess.run(ask, capture_output=True, text=True, check=False).stdout.strip()
    except OSError:
        return ""


def trees(records):
    """How many faults each tree has had, in the order of the records."""
    count = collections.Counter(r.get("tree") or "not noted" for r in records)
    return ", ".join("%s (%d)" % pair for pair in count.items())


def append(path, record):
    with open(path, "a", encoding="utf-8") as f:
        f.write(json.dumps(record, sort_keys=True) + "\n")


def load(paths):
    records = []
    for path in paths:
        with open(path, encoding="utf-8") as f:
            records += [json.loads(line) for line in f if line.strip()]
    return records


def bad(record):
    """Is this not what was promised? A sealed disk may say that a byte is wrong."""
    return bool(not record["recovered"] or record["lost"] or record["corrupt"] or
                record.get("log") or (record["errors"] and not record["sealed"]))


def quantile(values, share):
    """The smallest value that so large a share does not exceed."""
    values = sorted(values)
    return values[min(len(values) - 1, int(len(values) * share))] if values else None


def seconds(ms):
    return "-" if ms is None else "%.1f" % (ms / 1000)


def spread(values):
    """Median / 95 % / worst."""
    if not values:
        return "-"
    return " / ".join(seconds(v) for v in (quantile(values, 0.5), quantile(values, 0.95),
                                           max(values)))


def guests(record):
    """The kinds of front ends that ran; a record of before there were others says none."""
    return tuple(record.get("guests") or ("moat",))


def is_stocks(writer):
    """Is it one of the stock guest's?"""
    return writer.startswith("stock.")


def pauses(records, mine=lambda writer: True):
    """The longest pause of each record, of the writers that are meant."""
    found = [[ms for writer, ms in r["pause_ms"].items() if mine(writer)]
             for r in records if r.get("pause_ms")]
    return [max(some) for some in found if some]


def detected(records):
    count = collections.Counter(r["detected"] or "nothing" for r in records)
    return ", ".join(word if len(count) == 1 else "%s %d" % (word, n)
                     for word, n in count.most_common())


def kind_row(name, records, whose=(lambda writer: True,)):
    total = {key: sum(r[key] for r in records) for key in ("lost", "corrupt", "errors")}
    return [name, str(len(records)), detected(records),
            "%d" % sum(r["recovered"] for r in records),
            *(spread(pauses(records, mine)) for mine in whose),
            *(str(total[key]) for key in ("lost", "corrupt", "errors"))]


def markdown(head, rows):
    lines = ["| " + " | ".join(row) + " |" for row in [head, ["---"] * len(head), *rows]]
    return "\n".join(lines)


def kinds_table(records):
    spans = {"pause, s: median / 95 % / worst": lambda writer: True}
    if all("stock" in guests(r) for r in records):
        spans = {"pause of the stock guest, s: median / 95 % / worst": is_stocks,
                 "of Moat's": lambda writer: not is_stocks(writer)}
    head = ["fault", "n", "detected by", "recovered", *spans, "lost", "corrupt", "errors"]
    whose = tuple(spans.values())
    names = [n for n in KINDS if any(r["kind"] == n for r in records)]
    rows = [kind_row(n, [r for r in records if r["kind"] == n], whose) for n in names]
    return markdown(head, [*rows, kind_row("all", records, whose)])


def settings_table(records):
    head = ["setting", "n", "detected by", "recovered", "pause, s: median / 95 % / worst",
            "lost", "corrupt", "errors"]
    names = [n for n in SETTINGS if any(r["setting"] == n for r in records)]
    rows = [kind_row(n, [r for r in records if r["setting"] == n]) for n in names]
    return markdown(head, [*rows, kind_row("all", records)])


# How a storage domain is replaced: by a standby, a new domain, one with the same domid.
WAYS = ("standby", "cold restart", "takeover")


def way(record):
    if "stock" in guests(record):
        return "takeover"
    return "standby" if record["standby"] else "cold restart"


def phases_table(records):
    rows = []
    for name in WAYS:
        own = [r for r in records if way(r) == name and r["phases"]]
        if own:
            rows.append([name, str(len(own)),
                         *(spread([r["phases"][p + "_ms"] for r in own
                                   if p + "_ms" in r["phases"]]) for p in PHASES)])
    return markdown(["replaced by", "n", *PHASES], rows)


def said(record, most=2):
    """The first of what was said of a record, on one line."""
    lines = [*record["said"].split("\n"), *record.get("log", [])]
    lines = [line.strip() for line in lines if line.strip()]
    more = ["%d more lines" % (len(lines) - most)] if len(lines) > most else []
    return "; ".join(lines[:most] + more)


def name_of(record):
    """Its kind, and the setting it came under."""
    setting = record.get("setting")
    return "%s, %s" % (record["kind"], setting) if setting else record["kind"]


PARTS = (
    ("standby", False, "Faults that leave the data on the disk alone"),
    ("standby", True, "Faults that may write wrong bytes, on dm-integrity: an error there "
                      "is a wrong byte found out"),
    ("cold restart", False, "Without a standby: the cold restart"),
    ("cold restart", True, "Without a standby, on dm-integrity"),
    ("takeover", False, "A stock guest beside Moat's, on one storage domain that is replaced "
                        "under its domid"),
    ("takeover", True, "The same, both guests on dm-integrity"))


def table(records):
    """All there is to say about some records, for a page of documentation."""
    parts = ["%d faults." % len(records)]
    for name, sealed, title in PARTS:
        own = [r for r in records if (way(r), bool(r["sealed"])) == (name, sealed)]
        if own:
            parts += [title + ":", kinds_table(own)]
    under = [r for r in records if r.get("setting")]
    if under:
        parts += ["Of these, under a setting:", settings_table(under)]
    parts += ["Phases of the recoveries, in seconds, median / 95 % / worst:",
              phases_table(records)]
    parts.append("Faults by the commit that was tried: %s." % trees(records))
    wrong = [r for r in records if bad(r)]
    parts.append("Not as promised: %d" % len(wrong))
    parts += ["* %s: %s" % (name_of(r), said(r)) for r in wrong]
    return "\n\n".join(parts)
