# SPDX-License-Identifier: GPL-2.0
"""The machine the cases run on: a lab, and what the cases have put on it."""
from client import Half, Lab, vdev_number


class Disk:
    """A disk of an application domain, with both its halves."""

    def __init__(self, machine, app, vdev, storage, backing):
        self.machine, self.app, self.vdev = machine, app, vdev
        self.storage, self.backing = storage, backing
        self.dev = "/dev/" + vdev
        number = vdev_number(vdev)
        self.front = Half(machine, app, "/sys/bus/xen/devices/vbd-%d/moat" % number)
        self.back = Half(machine, storage, "/sys/bus/xen-backend/devices/vbd-%d-%d/moat"
                         % (machine.domid(app), number))

    def modes(self, mode):
        """Put both halves, where they are Moat's, into a mode."""
        for half, kind in ((self.front, self.machine.front(self.app)),
                           (self.back, self.machine.back(self.storage))):
            if kind == "moat":
                half.set("mode", mode)

    def detach(self):
        self.machine.detach(self)


class Testbed(Lab):
    """A running lab; boots it on first use and again after it was lost."""

    def __init__(self, options=(), always=(), pace=1, say=print):
        self.options, self.always, self.say = list(options), list(always), say
        self.pace = pace
        self.plain, self.wanted = self.options, None
        self.disks, self.domains, self.allowed_log = [], {}, []
        self.offsets, self.last_words, self.running = {}, [], False
        self.unjudged = set()  # domains whose log may say anything

    # ---- life ----

    def up(self):
        # One that an earlier run has kept is not known to be good.
        self.lab("down", timeout=60, check=False)
        self.lab("up", *self.options, *self.always, timeout=600, show=True)
        self.offsets, self.last_words, self.running = {}, [], True
        self.domains = {"storage": {"back": "moat"}, "app": {"front": "moat"}}

    def suit(self, wanted):
        """Be of the kind that a case wants: a function that returns options, or None."""
        if wanted is self.wanted:
            return
        if self.running:
            self.down()
        self.unjudged = set()
        self.options, self.wanted = wanted() if wanted else self.plain, wanted

    def down(self):
        """Also after a failure: the next case boots one that is known to be good."""
        self.lab("down", timeout=60, check=False)
        self.disks, self.running = [], False

    # ---- domains and disks ----

    def front(self, app):
        return self.domains[app]["front"]

    def back(self, storage):
        return self.domains[storage]["back"]

    def create(self, name, kind, *options, **half):
        """Create a domain; half: front="stock" or back="stock", else moat."""
        end = "front" if kind == "app" else "back"
        half = {end: half.get(end, "moat")}
        self.lab("domain", "create", name, "--kind", kind, "--" + end, half[end],
                 *options, timeout=240)
        self.domains[name] = half
        self.offsets.pop(name, None)

    def destroy(self, name):
        """Its log is judged with the others'."""
        self.last_words += self.new_log(name)
        self.lab("domain", "destroy", name, timeout=120)
        self.forget(name)

    def forget(self, name):
        """A domain has died, as the case meant it to: expect nothing of it."""
        self.disks = [d for d in self.disks if name not in (d.app, d.storage)]
        del self.domains[name]

    def attach(self, vdev="xvdb", backing="null_blk", *options, app="app",
               storage="storage"):
        """Attach a disk and wait until the application domain sees it."""
        self.lab("disk", "attach", app, vdev, "--from", storage, "--backing", backing,
                 *options, timeout=120)
        disk = Disk(self, app, vdev, storage, backing)
        self.disks.append(disk)
        return disk

    def detach(self, disk):
        self.lab("disk", "detach", disk.app, disk.vdev, timeout=120)
        self.disks.remove(disk)

    # ---- between cases ----

    def mark_logs(self):
        """Before a case: what stands in the logs so far is not this case's."""
        self.allowed_log = []
        if not self.running:
            self.up()
        self.new_logs()

    def new_logs(self):
        """[(domain, what its log says since the last call)], with Xen's and those of domains
        that are not there any more.
        """
        news, self.last_words = self.last_words, []
        for domain in ["xen", "dom0", *self.domains]:
            news += self.new_log(domain)
        return news

    def log_ends(self, lines):
        """[(domain, the last so many lines of its log)]."""
        return [(domain, self.lab("log", domain).stdout.splitlines()[-lines:])
                for domain in ["xen", "dom0", *self.domains]]

    def new_log(self, domain):
        if domain in self.unjudged:
            return []
        text = self.lab("log", domain).stdout
        new = text[self.offsets.get(domain, 0):]
        self.offsets[domain] = len(text)
        return [(domain, new)]

    def clean_up(self):
        """Behind a case: take away its disks and domains."""
        for disk in list(self.disks):
            self.detach(disk)
        for name in [d for d in self.domains if d not in ("storage", "app")]:
            self.destroy(name)
