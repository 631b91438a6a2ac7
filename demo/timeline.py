# SPDX-License-Identifier: GPL-2.0
"""The picture: requests completed per 100 ms, with the faults marked."""
import os
import subprocess

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
{marks}
plot "{data}" using 1:2 with fillsteps lc rgb "#4477aa"
'''
BAND = ('set object rectangle from {0:.2f},0 to {1:.2f},{top} fc rgb "{color}" '
        'fs solid noborder behind')
FAULT = ('set arrow from {0:.2f},0 to {0:.2f},{top} nohead dt 2 lc rgb "#cc3311" front\n'
         'set label "{text}" at {0:.2f},{top} offset 0.5,-1 left tc rgb "#cc3311" front')


def marks(pauses, start, top):
    """gnuplot's commands for the faults and the boots of new standbys."""
    lines = []
    for fault, event, since, pause in pauses.rows:
        begin = (since - start) / 1000
        lines.append(BAND.format(begin, begin + pause / 1000, top=top, color="#f8dcd6"))
        lines.append(FAULT.format(begin, top=top, text="%s\\npause %.1f s"
                                  % (fault.short, pause / 1000)))
    return "\n".join(lines)


def draw(pauses, folder):
    """Make timeline.svg in a folder; return its path."""
    os.makedirs(folder, exist_ok=True)
    svg, data = (os.path.join(folder, "timeline." + kind) for kind in ("svg", "data"))
    start = pauses.slots[0][0]
    with open(data, "w", encoding="ascii") as f:
        for slot in pauses.slots:
            f.write("%.3f %d\n" % ((slot[0] - start) / 1000, slot[1]))
    top = 1.35 * max(slot[1] for slot in pauses.slots)
    text = PLOT.format(svg=svg, data=data, top="%.0f" % top,
                       end="%.0f" % ((pauses.slots[-1][0] - start) / 1000),
                       marks=marks(pauses, start, "%.0f" % top))
    subprocess.run(["gnuplot"], input=text, text=True, check=True)
    return svg
