# SPDX-License-Identifier: GPL-2.0
"""The answer in a few sentences, made of the figures and of nothing else."""
import json

import targets
from cells import MODES
from results import QUIET
from targets import LEAN

CLOSE = 0.9     # a mode that is within 10 % of the best will do
EMULATED = ("Measured under software emulation, where a wake-up costs little beside the "
            "instructions around it: the counts hold on hardware, the times do not.")


def answer(figures):
    """Sentences, the most important first."""
    found = [which(figures), isolation(figures), price(figures)]
    judged = targets.judge(figures)
    if judged:
        found.append("%d of %d targets are met (below)."
                     % (sum(t.met for t in judged), len(judged)))
    if figures.data["conditions"].get("accelerator") == "tcg":
        found.append(EMULATED)
    return [text for text in found if text]


def rates(figures, depth):
    """{mode: IOPS} where all were measured."""
    found = {m: figures.median(LEAN[depth], m, "iops") for m in MODES}
    return None if None in found.values() else found


def which(figures):
    """The mode that comes close to the best everywhere; else the best by depth."""
    by_depth = {d: rates(figures, d) for d in LEAN}
    by_depth = {d: r for d, r in by_depth.items() if r}
    if not by_depth:
        return ""
    share = {m: min(r[m] / max(r.values()) for r in by_depth.values()) for m in MODES}
    for mode in ("adaptive", "event", "spin"):
        if share[mode] >= CLOSE:
            return "Use %s: at every depth measured it reaches at least %.0f %% of the best " \
                "mode's rate." % (mode, 100 * share[mode])
    best = {d: max(r, key=r.get) for d, r in by_depth.items()}
    return "No mode is close to the best everywhere: " + ", ".join(
        "%s at depth %d (%.1f times stock)" % (
            m, d, figures.ratio(LEAN[d], m, "stock") or 0) for d, m in best.items()) + \
        ". Adaptive, the default, reaches " + ", ".join(
            "%.0f %%" % (100 * r["adaptive"] / max(r.values())) for r in by_depth.values()) + \
        " of these."


def isolation(figures):
    """What a split costs against none."""
    parts = []
    for depth in LEAN:
        both = [(m, figures.ratio(LEAN[depth], m, "local")) for m in MODES]
        both = [b for b in both if b[1] is not None]
        if both:
            best, stock = max(both, key=lambda b: b[1]), figures.ratio(LEAN[depth], "stock",
                                                                      "local")
            parts.append("depth %d: %.0f %% (%s; stock %s)" % (
                depth, 100 * best[1], best[0],
                "-" if stock is None else "%.0f %%" % (100 * stock)))
    if not parts:
        return ""
    text = "Isolation leaves, of the rate of the same device without a split, at " + \
        ", at ".join(parts) + "."
    took = [figures.median(LEAN[1], w, "p50_us") for w in ("local", "stock", *MODES)]
    if None not in took:
        text += " A request at depth 1 takes %.0f us at the median without a split, %.0f " \
            "with stock drivers, %.0f (event), %.0f (spin), %.0f (adaptive)." % tuple(took)
    return text


def price(figures):
    """What spinning costs."""
    used = {w: figures.cpu(LEAN[1], w) for w in ("stock", *MODES)}
    if None in used.values():
        return ""
    return "CPU time per request at depth 1, all domains together: stock %.0f us, event %.0f, " \
        "spin %.0f, adaptive %.0f." % tuple(used.values())


def short_conditions(figures):
    c = figures.data["conditions"]
    rounds = max((len({r["round"] for r in figures.data["runs"] if r["part"] == part})
                  for part in {r["part"] for r in figures.data["runs"]}), default=0)
    busy = sum(1 for r in figures.data["runs"] if r.get("others", 0) > QUIET)
    return "%s; commit %s%s; %s; %s; medians of %d rounds, %d runs in all, during %d of which " \
        "the host was busy with something else; made with: %s" % (
            c["date"], c["commit"], " with changes" if c["changed"] else "",
            "software emulation" if c["accelerator"] == "tcg" else c["accelerator"],
            c["host"]["cpu"], rounds, len(figures.data["runs"]), busy, c["command"])


def conditions(figures):
    return json.dumps(figures.data["conditions"], indent=1)
