# SPDX-License-Identifier: GPL-2.0
"""The machine on which paths are counted: bench/rig.py's, with a processor for each side.

dom0 and whoever takes no part have processor 0, the application domain of the way that is
counted has 1, its storage domain 2: so a processor tells whose an instruction is.
"""
import json
import os

import account
import counter
from cells import WAY, cell
from measure import command
from rig import BUILD, Rig
from symbols import Symbols

PLUGIN = os.path.join(BUILD, "path.so")
DOM0_CPU = 0
SIDES = {1: "app", 2: "storage"}
DEVICE = "null_blk"
# What a spinner may run between two looks without having found anything: plugin.c.
HARMLESS = (r"ktime_get|read_tsc|(xen|pvclock)_clocksource_\w+|single_task_running|"
            r"_raw_spin_\w+|__local_bh_\w+|(__)?cond_resched\w*|rcu_\w*qs|rcu_tasks_\w*qs\w*|"
            r"kthread_should_stop|xen_irq_\w+|xen_(save|restore)_fl\w*|preempt_count_\w+|"
            r"__x86_\w*thunk\w*|__fentry__|__SCT__cond_resched|llist_reverse_order|"
            r"__list_\w+_valid")
MODULES = {"app": ["moat_front", "moat_common"], "storage": ["moat_back", "moat_common"]}
# Requests of the short run, and of the long one.
FEW, MANY = 500, 2500


class Stand(Rig):
    def __init__(self, say):
        super().__init__(say, module_args=["moat-front relax_every=1", "moat-back relax_every=1"])
        self.options += ["--vcpus", str(1 + len(SIDES)), *counter.qemu_args(PLUGIN)]
        self.counter, self.symbols, self.xen, self.active = None, {}, None, None

    def start(self, chosen):
        """Boot what some ways need."""
        super().start({name for way in chosen for name in self.domains_of(way).values()})
        self.counter = counter.Counter(os.environ["MOAT_LAB"])
        return self

    def down(self):
        if self.counter:
            self.counter.close()
            self.counter = None
        super().down()

    def domains_of(self, way):
        """{side: domain} of those who take part."""
        return {"app": way.app, **({"storage": way.storage} if way.storage else {})}

    def kernel(self):
        return self.sh("dom0", "uname -r").strip()

    def symbols_of(self, domain):
        """A domain's symbols; its modules are to be loaded by now."""
        if not self.xen:
            self.xen = self.sh("dom0", "cat /proc/xen/xensyms")
        if domain not in self.symbols:
            self.symbols[domain] = Symbols(self.sh(domain, "cat /proc/kallsyms"), self.xen)
        return self.symbols[domain]

    def take_places(self, way):
        """Pin those who take part, and tell the counter what is waiting there."""
        if self.active == way.key:
            return
        own = self.domains_of(way)
        cpus = {own[side]: cpu for cpu, side in SIDES.items() if side in own}
        self.shell("dom0").run("; ".join(
            "xl vcpu-pin %s all %d" % (domain, cpus.get(domain, DOM0_CPU))
            for domain in self.domains))
        for cpu, side in SIDES.items():
            if side in own:
                self.counter.watch(cpu, self.symbols_of(own[side]), HARMLESS, MODULES[side])
        self.active = way.key

    def count(self, way, rw, depth):
        """(work, waiting) per request, each as account.py has it."""
        domain, path = self.place(way, DEVICE)
        self.set_mode(self.disk(way, DEVICE), way.mode)
        self.take_places(way)
        find = {side: self.symbols_of(name).find for side, name in self.domains_of(way).items()}
        sides = {cpu: side for cpu, side in SIDES.items() if side in find}
        load = command(cell(rw=rw, depth=depth), path, 0)
        requests, work, waiting = [], [], []
        for n in (FEW, FEW, MANY):      # the first warms the caches, and is forgotten
            self.counter.start()
            text = self.shell(domain).run("%s -n %d" % (load, n), 300)
            done = account.count(self.counter.read(), sides, find)
            requests.append(json.loads(text[text.index("{"):])["issued"])
            work.append(done[0])
            waiting.append(done[1])
        more = requests[2] - requests[1]
        return tuple(account.slope(seen[1], seen[2], more) for seen in (work, waiting))


def ways(keys):
    """The ways that are called so."""
    return [WAY[key] for key in keys]
