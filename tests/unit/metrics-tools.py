#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""moat metrics: what it prints is what others' parsers read, true, and what the dashboard
asks for.
"""

import copy
import json
import os
import re
import stat
import unittest

from prometheus_client import parser
from prometheus_client.openmetrics import parser as openmetrics

from moat_case import EVENTS, FAILED, HOSTILE, STATUS, TOP, Xenstore

PLACE = os.path.join(TOP, "tools", "moat")
# So fast that none is still 0 when it is asked for.
RATES = {"reads": 3e9, "writes": 1e9, "bytes_read": 12e12, "retained_bytes": 4e9,
         "latency_7": 3e9, "latency_20": 1e9}


def strict(text):
    """What the specification demands and the parser lets pass; returns the families."""
    assert text.endswith("# EOF\n"), text[-100:]
    assert text.count("# EOF") == 1
    assert re.fullmatch(r"[\n -~]*", text), "not ASCII"
    families = list(openmetrics.text_string_to_metric_families(text))
    names = [family.name for family in families]
    assert len(set(names)) == len(names), "a family stands in two places"
    for family in families:
        assert family.documentation, family.name
        assert family.unit or not re.search(r"_(seconds|bytes)$", family.name), family.name
        seen = [(s.name, tuple(sorted(s.labels.items()))) for s in family.samples]
        assert len(set(seen)) == len(seen), f"{family.name}: a sample stands there twice"
        if family.type == "counter":
            for sample in family.samples:
                assert sample.value >= 0 and sample.name == family.name + "_total"
    return families


class Metrics(Xenstore):
    def setUp(self):
        super().setUp()
        self.status = copy.deepcopy(STATUS)
        self.daemon = self.moatd(status=self.status, events={"ok": True, "events": EVENTS})

    def samples(self, *words):
        families = strict(self.moat("metrics", *words)[0])
        return {(s.name, *sorted(s.labels.values())): s.value
                for family in families for s in family.samples}

    def test_storage(self):
        found = self.samples()
        for key, value in (
                (("moat_moatd_up",), 1), (("moat_xenstore_up",), 1),
                (("moat_events_total",), EVENTS[-1]["id"]),
                (("moat_storage_condition", "degraded", "storage"), 1),
                (("moat_storage_condition", "ok", "storage"), 0),
                (("moat_storage_condition", "backup", "down"), 1),
                (("moat_storage_state", "ready", "storage"), 1),
                (("moat_storage_state", "backup", "ready"), 0),
                (("moat_storage_state", "backup", "recovering"), 1),
                (("moat_storage_problems", "storage"), 1),
                (("moat_storage_standby_ready", "storage"), 0),
                (("moat_storage_devices_away", "backup"), 1),
                (("moat_storage_heartbeat_age_seconds", "storage"), 0.42),
                (("moat_storage_device_wait_seconds", "storage"), 0.003),
                (("moat_storage_recoveries_total", "storage"), 3),
                (("moat_storage_last_recovery_timestamp_seconds", "storage"),
                 EVENTS[2]["time"]),
                (("moat_storage_last_recovery_seconds", "probe", "storage"), 0.3),
                (("moat_disk_up", "app", "storage", "xvda"), 1),
                (("moat_disk_up", "old", "storage", "xvdb"), 0),
                (("moat_disk_trouble", "old", "storage", "xvdb"), 1),
                (("moat_disk_recoverable", "old", "storage", "xvdb"), 0),
                (("moat_disk_covered", "app", "storage", "xvda"), 1),
                (("moat_disk_covered", "old", "storage", "xvdb"), 0)):
            with self.subTest(key=key):
                self.assertEqual(found[key], value)
        # what is not known is no zero
        self.assertNotIn(("moat_storage_heartbeat_age_seconds", "backup"), found)

    def test_disks(self):
        self.drivers(RATES)
        first, second = self.samples(), self.samples()
        for half in "front", "back":
            for name in "reads", "writes", "bytes_read":
                key = (f"moat_disk_{name}_total", "app", half, "storage", "xvda")
                self.assertGreaterEqual(second[key], first[key])
                self.assertGreater(second[key], 0)
        self.assertGreater(
            second["moat_disk_retained_bytes", "app", "front", "storage", "xvda"], 0)
        self.assertNotIn(("moat_disk_retained_bytes", "app", "back", "storage", "xvda"), second)

    def test_latency(self):
        """A histogram that others' functions take, of each half."""
        self.drivers(RATES)
        family, = (f for f in strict(self.moat("metrics")[0])
                   if f.name == "moat_disk_latency_seconds")
        for half in "front", "back":
            buckets = [(float(s.labels["le"]), s.value) for s in family.samples
                       if s.labels["half"] == half]
            self.assertEqual(len(buckets), 21)
            values = dict(buckets)
            self.assertEqual(values[64e-6], 0)
            self.assertGreater(values[128e-6], 0)
            self.assertEqual(values[128e-6], values[0.524288])
            self.assertGreater(values[float("inf")], values[0.524288])

    def test_hostile_latency(self):
        """Whatever a front end tells, no bucket holds less than the one before."""
        drivers = self.drivers(RATES)
        most = (1 << 64) - 1

        def act(path):
            word = self.store.nodes[path + "/moat-ask"]
            self.store.put(path + "/moat-stats",
                           f"{word} latency_3={most} latency_4={most} latency_20=1")
            self.store.drop(path + "/moat-ask")
        drivers.act = act
        strict(self.moat("metrics")[0])

    def test_all_counters(self):
        """Every counter of include/moat/stats.h, with its own words for help."""
        with open(os.path.join(TOP, "include", "moat", "stats.h"), encoding="utf-8") as header:
            listed = dict(re.findall(r"^\tX\((\w+), \"(.+)\"\)", header.read(), re.M))
        self.assertGreater(len(listed), 20)
        told = {family.name: family.documentation for family in strict(self.moat("metrics")[0])}
        for name, text in listed.items():
            self.assertEqual(told["moat_disk_" + name], text)

    def test_hostile_names(self):
        """A domain may be called anything: it is a label still, and one only."""
        name = 'a"} 1\\'
        self.status["storage"][0]["disks"][0]["domain"] = name
        self.status["storage"][0]["state"] = HOSTILE
        self.status["storage"][0]["disks"][1].update(domain=None, vdev=None)
        self.store.write({"/local/domain/5/name": name})
        self.drivers(RATES)
        found = self.samples()
        self.assertEqual(found["moat_disk_up", name, "storage", "xvda"], 1)
        self.assertIn(("moat_disk_reads_total", name, "back", "storage", "xvda"), found)
        self.assertIn(("moat_disk_up", "12", "51728", "storage"), found)

    def test_nobody_answers(self):
        self.daemon.remove()
        self.environment["XENSTORED_PATH"] = self.dir + "/nowhere"
        self.assertEqual(self.samples()[("moat_moatd_up",)], 0)
        self.assertEqual(self.samples()[("moat_xenstore_up",)], 0)

    def test_driver_that_does_not_answer(self):
        """It has no counters, and all others have theirs."""
        drivers = self.drivers(RATES)
        del drivers.rates[self.BACK]
        found = self.samples()
        self.assertIn(("moat_disk_reads_total", "app", "front", "storage", "xvda"), found)
        self.assertNotIn(("moat_disk_reads_total", "app", "back", "storage", "xvda"), found)

    def test_older_format(self):
        self.drivers(RATES)
        text, _ = self.moat("metrics", "--text")
        self.assertNotIn("EOF", text)
        self.assertNotIn("# UNIT", text)
        families = {f.name: f for f in parser.text_string_to_metric_families(text)}
        self.assertEqual(families["moat_disk_reads"].type, "counter")
        self.assertEqual(len(families["moat_disk_reads"].samples), 2)
        self.assertIn("# TYPE moat_disk_reads_total counter\n", text)

    def test_file(self):
        path = os.path.join(self.dir, "moat.prom")
        self.assertEqual(self.moat("metrics", "--output", path), ("", ""))
        with open(path, encoding="utf-8") as text:
            strict(text.read())
        self.assertEqual(stat.S_IMODE(os.stat(path).st_mode), 0o644)
        self.fails(["metrics", "-o", self.dir + "/no/where"], FAILED, "No such file")
        os.mkdir(path + ".d")
        self.fails(["metrics", "-o", path + ".d"], FAILED, "directory")
        # and nothing half written is left behind
        self.assertEqual([n for n in os.listdir(self.dir) if "prom." in n], ["moat.prom.d"])


class Beside(Xenstore):
    """What goes with them: dashboard, units, manual."""

    def names(self):
        """The names of all samples there can be, those that no one has now among them."""
        self.moatd(status=STATUS, events={"ok": True, "events": EVENTS})
        self.drivers(RATES)
        families = strict(self.moat("metrics")[0])
        return {family.name + {"counter": "_total", "histogram": "_bucket"}.get(family.type, "")
                for family in families}

    def test_dashboard(self):
        with open(os.path.join(PLACE, "moat-grafana.json"), encoding="utf-8") as text:
            dashboard = json.load(text)
        names = self.names()
        asked = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
        asked += [v["query"] for v in dashboard["templating"]["list"] if v["type"] == "query"]
        self.assertGreater(len(asked), 20)
        for expression in asked:
            used = re.findall(r"\bmoat_\w+", expression)
            self.assertTrue(used, expression)
            self.assertEqual(set(used) - names, set(), expression)
        ids = [panel["id"] for panel in dashboard["panels"]]
        self.assertEqual(len(ids), len(set(ids)))

    def test_manual(self):
        with open(os.path.join(PLACE, "moat.8"), encoding="utf-8") as page:
            listed = set(re.findall(r"^\.It Va (moat_\w+)", page.read(), re.M))
        with open(os.path.join(TOP, "include", "moat", "stats.h"), encoding="utf-8") as header:
            counters = {f"moat_disk_{name}_total"
                        for name in re.findall(r"^\tX\((\w+),", header.read(), re.M)}
        self.assertEqual(listed, self.names() - counters)

    def test_units(self):
        """The command line of the unit is one that moat takes."""
        with open(os.path.join(PLACE, "moat-metrics.service"), encoding="utf-8") as unit:
            words = re.search(r"^ExecStart=/usr/sbin/moat (.+)", unit.read(), re.M)[1].split()
        words[-1] = os.path.join(self.dir, "moat.prom")
        self.moat(*words)
        with open(words[-1], encoding="utf-8") as text:
            self.assertTrue(list(parser.text_string_to_metric_families(text.read())))


if __name__ == "__main__":
    unittest.main(verbosity=1)
