# SPDX-License-Identifier: GPL-2.0
"""The pictures, by gnuplot: each a function that returns its script, or None without data."""
import re
import statistics
import subprocess

from cells import CELL, MAIN, PATHS, RECOVERIES
from events import PHASES

COLOR = {"local": "#222222", "stock": "#999999", "event": "#4477aa", "spin": "#cc3311",
         "adaptive": "#228833", "front-event": "#88bbee", "front-spin": "#ee8877",
         "front-adaptive": "#88cc88", "back-event": "#336699", "back-spin": "#993322",
         "back-adaptive": "#116622", "persistent": "#228833", "map": "#4477aa",
         "copy": "#cc3311"}
DEPTHS = (1, 4, 16, 64)
HEAD = '''set terminal svg size {width},{height} dynamic enhanced background rgb "white" \\
    font "sans-serif,13"
set border 3
set tics nomirror out
set grid ytics lc rgb "#dddddd"
set key {key} Left reverse samplen 2
'''


def head(width=640, height=360, key="outside right top"):
    return HEAD.format(width=width, height=height, key=key)


def block(name, rows):
    """gnuplot's own data blocks: the script stands for itself."""
    return "$%s << EOD\n%s\nEOD\n" % (name, "\n".join(" ".join(map(str, r)) for r in rows))


def name_of(way):
    return way.replace("-", "_")


def depth_rows(figures, way, name):
    """[(depth, median, least, most)] of 4 KiB random reads, lean."""
    rows = []
    for depth in DEPTHS:
        key = "randread-4096-d%d" % depth
        middle = figures.median(key, way, name)
        if middle is not None:
            rows.append((depth, middle, *figures.spread(key, way, name)))
    return rows


def by_depth(figures, name, label, options=""):
    data = {way: depth_rows(figures, way, name) for way in MAIN}
    data = {way: rows for way, rows in data.items() if rows}
    if not data:
        return None
    lines = ['$%s using 1:2:3:4 with yerrorlines lw 2 pt 7 ps 0.6 lc rgb "%s" title "%s"'
             % (name_of(w), COLOR[w], w) for w in data]
    return head() + "".join(block(name_of(w), rows) for w, rows in data.items()) + '''
set logscale x 2
set xtics (1, 4, 16, 64)
set xrange [0.8:80]
set xlabel "requests in flight"
set ylabel "%s"
%s
plot %s
''' % (label, options, ", \\\n    ".join(lines))


def glance(figures):
    """What is left of the local device's rate."""
    rows = []
    for depth in (1, 16, 64):
        values = [figures.ratio("randread-4096-d%d" % depth, way, "local")
                  for way in MAIN[1:]]
        if None not in values:
            rows.append(('"depth %d"' % depth, *("%.1f" % (100 * v) for v in values)))
    if not rows:
        return None
    lines = ['$rows using %d:xtic(1) lc rgb "%s" title "%s"' % (i + 2, COLOR[w], w)
             for i, w in enumerate(MAIN[1:])]
    return head() + block("rows", rows) + '''
set style data histograms
set style histogram clustered gap 1
set style fill solid 0.85 noborder
set ylabel "% of the rate without a split"
set yrange [0:105]
set arrow from graph 0, first 100 to graph 1, first 100 nohead dt 2 lc rgb "#222222"
plot ''' + ", \\\n    ".join(lines) + "\n"


def throughput(figures):
    return by_depth(figures, "iops", "requests per second", "set yrange [0:*]")


def latency(figures):
    return by_depth(figures, "p50_us", "median latency, us", "set logscale y")


def tail(figures):
    return by_depth(figures, "p999_us", "p99.9 latency, us", "set logscale y")


def distribution(figures):
    """Share of the requests that took longer, at depth 1."""
    key, data = "randread-4096-d1", {}
    for way in MAIN:
        points = figures.hist(key, way)
        if points:
            data[way] = [("%.1f" % us, "%.6f" % (1 - share)) for us, share in points
                         if share < 1]
    if not any(data.values()):
        return None
    lines = ['$%s using 1:2 with steps lw 2 lc rgb "%s" title "%s"'
             % (name_of(w), COLOR[w], w) for w in data]
    return head() + "".join(block(name_of(w), rows) for w, rows in data.items()) + '''
set logscale xy
set format y "10^{%%T}"
set yrange [1e-4:1]
set xlabel "latency, us"
set ylabel "share of requests that took longer"
plot %s
''' % ", \\\n    ".join(lines)


def cpu(figures):
    """What a mode costs against what it gives: a line from depth 1 to 16 for each way."""
    data = {}
    for way in MAIN:
        for depth in (1, 16):
            key = "randread-4096-d%d" % depth
            used, took = figures.cpu(key, way), figures.median(key, way, "p50_us")
            if used is not None:
                data.setdefault(way, []).append((used, took, depth))
    if not data:
        return None
    lines = ['$%s using 1:2 with linespoints lw 2 pt 7 ps 0.9 lc rgb "%s" title "%s", '
             '$%s using 1:2:3 with labels offset 0.9,0.7 tc rgb "%s" notitle'
             % (name_of(w), COLOR[w], w, name_of(w), COLOR[w]) for w in data]
    return head() + "".join(block(name_of(w), rows) for w, rows in data.items()) + '''
set logscale xy
set xlabel "CPU time per request, all domains, us"
set ylabel "median latency, us"
set offsets graph 0.1, graph 0.1, graph 0.1, graph 0.1
plot %s
''' % ", \\\n    ".join(lines)


def copy(figures):
    """Time per request by size, for each data path."""
    data = {}
    for path in PATHS:
        for rw in ("randread", "randwrite"):
            rows = [(CELL[c].bs / 1024, figures.median(c, path.key, "mean_us"),
                     *figures.spread(c, path.key, "mean_us"))
                    for c in figures.cells(part="copy")
                    if c in CELL and CELL[c].rw == rw and figures.runs(c, path.key)]
            if rows:
                data[path.key, rw] = sorted(rows)
    if not data:
        return None
    lines = ['$%s_%s using 1:2:3:4 with yerrorlines lw 2 dt %d pt 7 ps 0.5 lc rgb "%s" '
             'title "%s, %s"' % (p, rw, 1 if rw == "randread" else 2, COLOR[p], p, rw[4:])
             for p, rw in data]
    return head() + "".join(block("%s_%s" % k, rows) for k, rows in data.items()) + '''
set logscale xy
set xtics (0.5, 4, 16, 64, 256)
set xlabel "size of a request, KiB"
set ylabel "mean latency, us"
plot %s
''' % ", \\\n    ".join(lines)


def recovery(figures):
    """The phases of each way to recover, on top of each other."""
    ways = [w for w in RECOVERIES if figures.recoveries(w)]
    rows = [('"%s"' % w, *("%.3f" % (statistics.median(
        [r["phases"].get(p + "_ms", 0) for r in figures.recoveries(w).values()]) / 1000)
        for p in PHASES)) for w in ways]
    if not rows:
        return None
    lines = ['$rows using %d:xtic(1) title "%s"' % (i + 2, p) for i, p in enumerate(PHASES)]
    return head() + block("rows", rows) + '''
set style data histograms
set style histogram rowstacked
set boxwidth 0.6
set style fill solid 0.85 noborder
set ylabel "s, medians of the phases"
set yrange [0:*]
plot ''' + ", \\\n    ".join(lines) + "\n"


# name: (function, caption)
PICTURES = {
    "glance": (glance, "What is left of a local null_blk's rate when its driver is in "
               "another domain: 4 KiB random reads, lean load"),
    "throughput": (throughput, "Rate by depth: 4 KiB random reads, lean load; median, least "
                   "and most of all rounds"),
    "latency": (latency, "Median latency by depth, the same runs"),
    "tail": (tail, "p99.9 latency by depth, the same runs"),
    "distribution": (distribution, "Latency at depth 1: how many requests took longer"),
    "cpu": (cpu, "CPU time per request against latency, at depth 1 and 16 (the numbers): "
            "left and low is good"),
    "copy": (copy, "The three ways to the bytes: latency by size of a request"),
    "recovery": (recovery, "What a recovery is made of: a crash with a standby, one without, "
                 "an upgrade"),
}


def draw(script, prefix=""):
    """SVG of a script; names in it begin with prefix, so that several fit in one page."""
    run = subprocess.run(["gnuplot"], input=script, capture_output=True, text=True,
                         check=False)
    if run.returncode or "<svg" not in run.stdout:
        raise ValueError("gnuplot: %s\n%s" % (run.stderr, script))
    svg = run.stdout[run.stdout.index("<svg"):]
    return re.sub(r'(\bid=["\']|xlink:href=["\']#|url\(#)', r"\1" + prefix, svg)
