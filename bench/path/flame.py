# SPDX-License-Identifier: GPL-2.0
"""Pictures of paths: who executes what, as flames of three levels, domain, module, function.

What called what is not counted, so there is no deeper level. All ways of a picture have one
scale: a longer flame is a longer path.
"""
from xml.sax.saxutils import escape

WIDTH, ROW, GAP, LABEL, CHAR = 1000, 18, 26, 150, 6.6
LEAST = 1.0             # pixels
HUES = {"app": 205, "storage": 28, "xen": 120, "program": 270}


def tree(functions):
    """{domain: {module: {function: instructions}}} of {"SIDE MODULE FUNCTION": instructions}."""
    found = {}
    for name, insns in functions.items():
        side, module, function = name.split(" ", 2)
        if insns <= 0:
            continue
        domain = module if module in ("xen", "program") else side
        inner = "xen below " + side if module == "xen" else module
        inner = found.setdefault(domain, {}).setdefault(inner, {})
        inner[function] = inner.get(function, 0.0) + insns
    return found


def total(node):
    return node if isinstance(node, (int, float)) else sum(total(n) for n in node.values())


def color(hue, level, index):
    return "hsl(%d,%d%%,%d%%)" % (hue, 60 - 8 * level, 62 + 7 * level + 4 * (index % 2))


class Picture:
    """Collects rectangles."""

    def __init__(self, scale):
        self.scale, self.parts = scale, []

    def box(self, x, y, insns, text, whole, fill):
        width = insns * self.scale
        if width < LEAST:
            return
        tip = "%s: %.0f instructions, %.1f %%" % (text, insns, 100 * insns / whole)
        self.parts.append('<g><title>%s</title><rect x="%.1f" y="%d" width="%.1f" height="%d" '
                          'fill="%s" stroke="white" stroke-width="0.5"/>'
                          % (escape(tip), x, y, width, ROW - 1, fill))
        fits = int((width - 4) / CHAR)
        if fits >= 3:
            short = text if len(text) <= fits else text[:fits - 1] + "…"
            self.parts.append('<text x="%.1f" y="%d">%s</text>'
                              % (x + 2, y + ROW - 5, escape(short)))
        self.parts.append("</g>")

    def flame(self, node, x, y, whole, hue=0, level=0):
        """Draw a node's parts side by side, and theirs below each, the largest first."""
        for index, (name, inner) in enumerate(
                sorted(node.items(), key=lambda item: -total(item[1]))):
            insns = total(inner)
            shade = HUES.get(name, 0) if level == 0 else hue
            self.box(x, y, insns, name, whole, color(shade, level, index))
            if isinstance(inner, dict):
                self.flame(inner, x, y + ROW, whole, shade, level + 1)
            x += insns * self.scale


def draw(title, ways):
    """An SVG of {way: functions as the ledger has them}."""
    trees = {way: tree(functions) for way, functions in ways.items()}
    longest = max((total(t) for t in trees.values()), default=0)
    picture = Picture((WIDTH - LABEL) / longest if longest else 0)
    y = 2 * GAP
    for way, node in trees.items():
        picture.parts.append('<text x="4" y="%d" class="way">%s</text>'
                             % (y + ROW - 5, escape(way)))
        picture.parts.append('<text x="4" y="%d">%.0f</text>' % (y + 2 * ROW - 5, total(node)))
        picture.flame(node, LABEL, y, total(node) or 1)
        y += 3 * ROW + GAP
    return ('<svg xmlns="http://www.w3.org/2000/svg" width="{0}" height="{1}" '
            'viewBox="0 0 {0} {1}">\n<style>text {{ font: 11px sans-serif }} '
            '.way {{ font-weight: bold }} .title {{ font-size: 14px }}</style>\n'
            '<rect width="{0}" height="{1}" fill="white"/>\n'
            '<text x="4" y="20" class="title">{2}</text>\n{3}\n</svg>\n').format(
                WIDTH, y, escape(title), "\n".join(picture.parts))
