# SPDX-License-Identifier: GPL-2.0
"""The picture: requests completed per 100 ms, with the faults marked."""
import os
import subprocess

from faults import SLOT_MS

PLOT = r'''
set terminal svg size 1000,420 dynamic enhanced background rgb "white" font "sans-serif,13"
set output "{svg}"
set title "A writer on ext4 on the isolated disk, while its storage domain fails and is replaced"
set xlabel "time, s"
set ylabel "requests completed per 100 ms"
set xrange [0:{end}]
set yrange [0:{top}]
set border 3
set tics nomirror out
set grid ytics lc rgb "#dddddd"
set key off
set style fill solid 0.6 noborder
{marks}
plot "{data}" using 1:2 with fillsteps lc rgb "#4477aa"
'''
BAND = ('set object rectangle from {0:.2f},{2} to {1:.2f},{3} fc rgb "{color}" '
        'fs solid noborder behind')
FAULT = ('set arrow from {0:.2f},0 to {0:.2f},{top} nohead dt 2 lc rgb "#cc3311" front\n'
         'set label "{text}" at {0:.2f},{top} offset 0.5,-1 left tc rgb "#cc3311" front')

BOOT = 'set label "a new standby boots" at {0:.2f},{1:.1f} center tc rgb "#777777" font ",11"'


def marks(pauses, start, top):
    """gnuplot's commands for the faults and the boots of new standbys."""
    lines = []
    ends = [row.since for row in pauses.rows[1:]] + [pauses.slots[-1][0]]
    for row, end in zip(pauses.rows, ends):
        begin, end = ((ms - start) / 1000 for ms in pauses.silence(row.since, end))
        lines.append(BAND.format(begin, end, 0, top, color="#f8dcd6"))
        lines.append(FAULT.format(begin, top=top, text="%s\\npause %.1f s"
                                  % (row.fault.short, row.pause_ms / 1000)))
    for begin, end in pauses.standby:
        if begin < start:
            continue
        lines.append(BAND.format((begin - start) / 1000, (end - start) / 1000, 0.70 * top,
                                 0.72 * top, color="#bbbbbb"))
        lines.append(BOOT.format((begin + end) / 2000 - start / 1000, 0.76 * top))
    return "\n".join(lines)


def steps(slots):
    """[(begin of a slot, completed per 100 ms)]; one that came late is that much longer."""
    points, last = [], slots[0][0] - SLOT_MS
    for slot in slots:
        took = max(slot[0] - last, 1)
        points.append((last, slot[1] * SLOT_MS / max(took, SLOT_MS)))
        last = slot[0]
    return [*points, (last, 0)]


def draw(pauses, folder):
    """Make timeline.svg in a folder; return its path."""
    os.makedirs(folder, exist_ok=True)
    svg, data = (os.path.join(folder, "timeline." + kind) for kind in ("svg", "data"))
    start, points = pauses.slots[0][0], steps(pauses.slots)
    with open(data, "w", encoding="ascii") as f:
        for begin, done in points:
            f.write("%.3f %.1f\n" % ((begin - start) / 1000, done))
    top = 1.5 * max(done for _, done in points)
    text = PLOT.format(svg=svg, data=data, top=round(top),
                       end="%.0f" % ((pauses.slots[-1][0] - start) / 1000),
                       marks=marks(pauses, start, round(top)))
    subprocess.run(["gnuplot"], input=text, text=True, check=True)
    return svg
