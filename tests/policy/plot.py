# SPDX-License-Identifier: GPL-2.0
"""Latency against CPU, a small picture for each pattern, by gnuplot."""
import math
import subprocess

COLUMNS = 4
CELL = (300, 230)
KEY_HEIGHT = 60
# name of a policy, or what it begins with: colour, gnuplot's point, size, name in the key
LOOKS = {
    "moat": ("#117733", 7, 1.3, "Moat"),
    "always": ("#cc3311", 9, 0.9, "always spin"),
    "never": ("#4477aa", 11, 0.9, "never spin"),
    "fixed": ("#999999", 5, 0.6, "fixed 20, 50, 200 us"),
    "qemu": ("#ee9900", 13, 0.9, "QEMU"),
    "kvm": ("#884499", 6, 1.9, "KVM"),
}
HEAD = '''set terminal svg size {width},{height} dynamic enhanced background rgb "white" \\
    font "sans-serif,11"
set output "{output}"
set encoding utf8
set multiplot
set border 3 lc rgb "#555555"
set tics nomirror out scale 0.5
set grid lc rgb "#eeeeee"
set logscale xy
unset key
'''


def block(name, rows):
    """gnuplot's own data blocks: the script stands for itself."""
    return "$%s << EOD\n%s\nEOD\n" % (name, "\n".join(" ".join(map(str, r)) for r in rows))


def limits(values):
    """A third of an octave beyond, and at least three octaves: noise is to look small."""
    low, high = math.log2(min(values)) - 0.33, math.log2(max(values)) + 0.33
    missing = max(0, 3 - (high - low)) / 2
    return 2 ** (low - missing), 2 ** (high + missing)


def hull_rows(hull, top, right):
    """The hull's lines, bent as they are on logarithmic axes, from border to border."""
    rows = [(hull[0][0], top), tuple(hull[0])]
    for (x0, y0), (x1, y1) in zip(hull, hull[1:]):
        rows += [(x0 + (x1 - x0) * i / 40, y0 + (y1 - y0) * i / 40) for i in range(1, 41)]
    return rows + [(right, hull[-1][1])]


def points_of(pattern, look):
    return [(p["latency_mean_us"], p["cpu_us_per_request"]) for p in pattern["policies"]
            if p["name"].split("-")[0] == look]


def panel(number, pattern, size):
    x, y = ([p[key] for p in pattern["policies"]]
            for key in ("latency_mean_us", "cpu_us_per_request"))
    xs, ys = limits(x), limits(y)
    column, row = number % COLUMNS, number // COLUMNS
    text = block("hull", hull_rows(pattern["hull"], ys[1], xs[1]))
    draw = ['$hull using 1:2 with lines lw 1.5 lc rgb "#bbbbbb"']
    # Moat last, on top of the others.
    for look in reversed(LOOKS):
        color, point, dot, _ = LOOKS[look]
        text += block(look, points_of(pattern, look))
        draw.append('$%s using 1:2 with points pt %d ps %g lc rgb "%s"'
                    % (look, point, dot, color))
    return text + '''set origin {x:.5f},{y:.5f}
set size {w:.5f},{h:.5f}
set title "{name}{mark}" offset 0,-0.7 noenhanced
set xrange [{xs[0]:g}:{xs[1]:g}]
set yrange [{ys[0]:g}:{ys[1]:g}]
set xlabel "{xlabel}" offset 0,0.7
set ylabel "{ylabel}" offset 1.5,0
plot {draw}
'''.format(x=column * CELL[0] / size[0], y=1 - (KEY_HEIGHT + (row + 1) * CELL[1]) / size[1],
           w=CELL[0] / size[0], h=CELL[1] / size[1], xs=xs, ys=ys, draw=", \\\n    ".join(draw),
           name=pattern["name"],
           mark="" if pattern["on_hull"] else ": above by %.1f %%" % (100 * pattern["above"]),
           xlabel="latency, us", ylabel="CPU, us/request" if column == 0 else "")


def key(size):
    """One for all, at the top: a plot of nothing that can be seen."""
    lines = ['NaN with points pt %d ps %g lc rgb "%s" title "%s"' % (point, dot, color, title)
             for color, point, dot, title in LOOKS.values()]
    lines.append('NaN with lines lw 1.5 lc rgb "#bbbbbb" title "hull of all but Moat"')
    return '''unset title
unset xlabel
unset ylabel
unset border
unset tics
unset grid
set origin 0,{y:.5f}
set size 1,{h:.5f}
set xrange [1:2]
set yrange [1:2]
set key at screen 0.5,{at:.5f} center center horizontal samplen 1 width -3 font ",13"
plot {lines}
unset multiplot
'''.format(y=1 - KEY_HEIGHT / size[1], h=KEY_HEIGHT / size[1],
           at=1 - 0.4 * KEY_HEIGHT / size[1], lines=", \\\n    ".join(lines))


def draw_plot(result, path):
    patterns = result["patterns"]
    rows = -(-len(patterns) // COLUMNS)
    size = (COLUMNS * CELL[0], rows * CELL[1] + KEY_HEIGHT)
    script = HEAD.format(width=size[0], height=size[1], output=path)
    script += "".join(panel(i, p, size) for i, p in enumerate(patterns)) + key(size)
    subprocess.run(["gnuplot"], input=script, text=True, check=True)
