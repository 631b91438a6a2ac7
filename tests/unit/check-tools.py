#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""moat check on machines that are made of files, a fake xenstore, xl and moatd: one that is
well, and many of which one thing each is wrong.
"""

import copy
import json
import os
import re
import unittest

from fake_store import Store
from moat_case import Case, DEGRADED, DOWN, OK, STATUS, TOP

BDF = "0000:00:04.0"
DEVICE = f"/sys/devices/pci0000:00/{BDF}"
CONF = "/etc/moat/moatd.conf"
CFG = "/etc/xen/storage.cfg"

FILES = {
    "/proc/xen/capabilities": "control_d\n",
    "/proc/mounts": "/dev/sda1 / ext4 rw 0 0\nproc /proc proc rw 0 0\n",
    "/proc/swaps": "Filename Type Size\n/dev/sda2 partition 1\n",
    CONF: f"""storage = ( {{ name = "storage"; config = "{CFG}"; pci = [ "{BDF}" ]; }} );\n""",
    CFG: 'name = "storage"\n# pci = [ "x" ]\nkernel  = "/var/lib/moat/kernel"\n'
         'ramdisk = "/var/lib/moat/initramfs"  # both\nmemory = 256\n',
    "/var/lib/moat/kernel": "", "/var/lib/moat/initramfs": "",
    "/etc/xen/xl.conf": '#autoballoon="auto"\n',
    "/etc/default/xencommons": '#XENSTORED_ARGS="--entry-nb=1"\n',
    "/etc/default/xendomains": "XENDOMAINS_SAVE=/var/lib/xen/save\nXENDOMAINS_AUTO_ONLY=true\n",
    "/etc/xen/auto/app.cfg": 'name = "app"\n',
    "/etc/systemd/system/multi-user.target.wants/moatd.service": "",
    "/etc/systemd/system/multi-user.target.wants/moat-storage.service": "",
    "/sys/bus/pci/drivers/pciback/bind": "",
    DEVICE + "/reset_method": "flr bus\n",
    DEVICE + "/nvme/nvme0/nvme0n1/nvme0n1p1/size": "8",
    "/sys/devices/pci0000:00/0000:00:01.0/ata1/block/sda/sda1/size": "8",
}
LINKS = {
    f"/sys/bus/pci/devices/{BDF}": f"../../../devices/pci0000:00/{BDF}",
    "/sys/class/block/nvme0n1": f"../../devices/pci0000:00/{BDF}/nvme/nvme0/nvme0n1",
    "/sys/class/block/nvme0n1p1": f"../../devices/pci0000:00/{BDF}/nvme/nvme0/nvme0n1/nvme0n1p1",
    "/sys/class/block/sda1": "../../devices/pci0000:00/0000:00:01.0/ata1/block/sda/sda1",
}
INFO = {"virt_caps": "pv hvm hvm_directio pv_directio hap", "free_memory": "700",
        "xen_version": "4.17.3", "xen_commandline": "placeholder dom0_mem=1G,max:1G"}
NODES = {"/local/domain/0/name": "Domain-0", "/local/domain/3/name": "storage",
         "/local/domain/3/data/moat/state": "ready", "/local/domain/5/name": "app",
         "/local/domain/0/backend/pci/3/0/num_devs": "1",
         "/local/domain/0/backend/pci/3/0/dev-0": BDF}


class Check(Case):
    """A machine; a test changes it before it is looked at."""

    def setUp(self):
        super().setUp()
        self.root = os.path.join(self.dir, "root")
        for path, text in FILES.items():
            self.put(path, text)
        for path, target in LINKS.items():
            os.makedirs(os.path.dirname(self.root + path), exist_ok=True)
            os.symlink(target, self.root + path)
        self.store = Store(self.environment["XENSTORED_PATH"])
        self.addCleanup(self.store.listener.close)
        self.store.write(NODES)
        self.status = copy.deepcopy(STATUS)
        del self.status["storage"][1], self.status["storage"][0]["disks"][1]
        self.storage = self.status["storage"][0]
        self.daemon = self.moatd(status=self.status)
        self.info()
        self.script("moatd", 'test "$1" = --check-config && test -r "$2"')
        self.script("moat-create", 'test "$1" = --version')

    def put(self, path, text):
        os.makedirs(os.path.dirname(self.root + path), exist_ok=True)
        with open(self.root + path, "w", encoding="utf-8") as out:
            out.write(text)

    def remove(self, path):
        os.unlink(self.root + path)

    def edit(self, path, old, new):
        with open(self.root + path, encoding="utf-8") as text:
            changed = text.read().replace(old, new)
        self.put(path, changed)

    def info(self, **changes):
        """An xl that knows "info", and that only."""
        text = "".join(f"{name:<23}: {value}\n" for name, value in {**INFO, **changes}.items())
        self.script("xl", f"test \"$1\" = info && cat <<'.'\n{text}.")

    def look(self, status, *words):
        told = json.loads(self.moat("check", "--json", "--root", self.root, *words,
                                    status=status)[0])
        self.assertEqual(told["version"], 1)
        return told["checks"]

    def finds(self, status, check, text, advice, about=None):
        """Exactly one line is not ok, and says this."""
        line, = self.look(status, "-x")
        self.assertEqual((line["result"], line["check"], line["about"]),
                         ({DEGRADED: "warning", DOWN: "error"}[status], check, about))
        self.assertIn(text, line["text"])
        self.assertIn(advice, line["advice"])


class Well(Check):
    def test_all_is_well(self):
        lines = self.look(OK)
        self.assertEqual({line["result"] for line in lines}, {"ok"})
        self.assertEqual({line["check"] for line in lines}, {
            "dom0", "xl", "xenstore", "config", "takeover", "moatd", "status", "boot",
            "autoballoon", "memory", "quota", "xendomains", "iommu", "pciback", "device",
            "reset", "storage", "image", "name"})
        self.assertEqual(self.look(OK, "-x"), [])
        self.assertEqual(self.moat("check", "-x", "--root", self.root)[0], "All is well.\n")
        with self.store.lock:
            self.assertEqual(dict(NODES, **self.store.nodes), self.store.nodes)

    def test_forms(self):
        out, _ = self.moat("check", "--root", self.root)
        self.assertTrue(out.startswith("RESULT  CHECK"), out)
        self.remove(CFG)
        for columns in 80, 60:
            status, shown = self.terminal("check", "--root", self.root, columns=columns)
            self.assertEqual(status, DOWN)
            self.assertLessEqual(max(map(len, shown.splitlines())), columns)
            shown = shown.replace("\n" + " " * 14, " ")
            self.assertIn("  error       storage storage: /etc/xen/storage.cfg: No such file or "
                          "directory to do: image/storage.cfg", shown)
            self.assertTrue(shown.endswith("1 error, 0 warnings\n"), shown)

    def test_without_a_plan_for_devices(self):
        """A storage domain of files needs neither IOMMU nor pciback."""
        self.edit(CONF, f'pci = [ "{BDF}" ];', "")
        self.info(virt_caps="pv hvm")
        self.remove("/sys/bus/pci/drivers/pciback/bind")
        os.rmdir(self.root + "/sys/bus/pci/drivers/pciback")
        self.look(OK)

    def test_manual(self):
        """Every word that stands in front of a line is in the manual."""
        with open(os.path.join(TOP, "tools", "moat", "moat.8"), encoding="utf-8") as page:
            section = page.read().split(".Ss check\n")[1].split(".Ss ")[0]
        words = set(" , ".join(re.findall(r"^\.It Cm (.+)", section, re.M))
                    .replace("Cm ", "").split(" , "))
        sources = os.path.join(TOP, "tools", "moat")
        used = set()
        for name in os.listdir(sources):
            if name.startswith("check") and name.endswith(".c"):
                with open(os.path.join(sources, name), encoding="utf-8") as text:
                    used |= set(re.findall(
                        r"moat_report_(?:ok|wrong)\(&?[\w>-]+report,\s*"
                        r"(?:[^\"]*?,\s*)?\"(\w+)\"", text.read()))
        self.assertGreater(len(used), 15)
        self.assertEqual(used, words)


class Broken(Check):
    def test_not_under_xen(self):
        self.remove("/proc/xen/capabilities")
        self.finds(DOWN, "dom0", "not Xen's control domain", "boot the machine with Xen")

    def test_in_a_guest(self):
        self.put("/proc/xen/capabilities", "")
        self.finds(DOWN, "dom0", "not Xen's control domain", "run it in dom0")

    def test_xl_fails(self):
        self.script("xl", "echo cannot open the hypervisor; exit 3")
        self.finds(DOWN, "xl", "cannot open the hypervisor", "xenstored")

    def test_no_xl(self):
        self.edit(CONF, "storage =", 'xl = "/nowhere/xl"; storage =')
        self.finds(DOWN, "xl", "cannot run /nowhere/xl", "install")

    def test_no_xenstore(self):
        self.environment["XENSTORED_PATH"] = self.dir + "/nowhere"
        self.finds(DOWN, "xenstore", "cannot be reached", "start xenstored")

    def test_no_configuration(self):
        self.remove(CONF)
        self.finds(DOWN, "config", "No such file", "moatd.conf(5)")

    def test_configuration_of_another_language(self):
        self.put(CONF, "storage:\n  - name\n")
        self.finds(DOWN, "config", "moatd.conf:2: syntax error", "moatd.conf(5)")

    def test_configuration_with_a_mistake(self):
        self.script("moatd", "echo \"$2:3: stanby: there is no such setting\"; exit 1")
        self.finds(DOWN, "config", ":3: stanby", "correct it")

    def test_moat_create(self):
        self.script("moat-create", "echo libxenlight.so.4.17: cannot open shared object; exit 127")
        self.finds(DEGRADED, "takeover", "libxenlight.so.4.17", "version of Xen")
        os.unlink(os.path.join(self.bin, "moat-create"))
        self.finds(DEGRADED, "takeover", "does not run", "make install")
        self.put(CONF, FILES[CONF].replace("name =", "takeover = false; name ="))
        self.look(OK)

    def test_moatd_not_installed(self):
        os.unlink(os.path.join(self.bin, "moatd"))
        self.environment["PATH"] = self.bin + ":/bin"
        self.finds(DOWN, "config", "not installed", "make install")

    def test_moatd_does_not_run(self):
        self.daemon.remove()
        self.finds(DOWN, "moatd", "does not answer", "systemctl start moatd")

    def test_moatd_is_stuck(self):
        self.daemon.answers["status"] = None
        words = ["--timeout", "0.3", "check", "-x", "--root", self.root]
        self.assertIn("does not answer", self.moat(*words, status=DOWN)[0])

    def test_not_at_boot(self):
        self.remove("/etc/systemd/system/multi-user.target.wants/moatd.service")
        self.finds(DEGRADED, "boot", "not started at boot", "systemctl enable moatd")

    def test_storage_domain_that_gave_up(self):
        self.storage["state"] = "gave-up"
        self.finds(DOWN, "status", "given up", "moat restart storage", "storage")

    def test_disk_that_failed(self):
        self.storage["disks"][0]["moat_state"] = "failed"
        self.finds(DEGRADED, "status", "app xvda: ", "attach it anew", "storage")

    def test_xl_takes_memory_from_dom0(self):
        self.info(xen_commandline="placeholder")
        self.finds(DEGRADED, "autoballoon", "waits", "dom0_mem")
        self.put("/etc/xen/xl.conf", 'autoballoon="off"\n')
        self.look(OK)

    def test_memory(self):
        self.info(free_memory="255")
        self.finds(DOWN, "memory", "255 MiB are free", "memory=")
        self.info(free_memory="256")    # only the standby is missing
        self.look(OK)

    def test_quota(self):
        self.storage["disks"] *= 20
        self.status["storage"].append({**self.storage, "name": "other"})    # has its own quota
        self.look(OK)
        self.storage["disks"] += self.storage["disks"][:10]
        self.finds(DEGRADED, "quota", "30 disks need", "--entry-nb=20000")
        self.put("/etc/default/xencommons", 'XENSTORED_ARGS="--entry-nb=20000"\n')
        self.look(OK)

    def test_quota_elsewhere(self):
        """Fedora's place for the same file."""
        self.storage["disks"] *= 30
        self.put("/etc/sysconfig/xencommons", 'XENSTORED_ARGS=""\n')
        self.finds(DEGRADED, "quota", "30 disks need", "/etc/sysconfig/xencommons")
        self.put("/etc/sysconfig/xencommons", 'XENSTORED_ARGS="--entry-nb=20000"\n')
        self.look(OK)

    def test_xendomains_saves(self):
        self.edit("/etc/default/xendomains", "true", "false")
        self.finds(DEGRADED, "xendomains", "storage domains before the guests", "AUTO_ONLY=true")

    def test_xendomains_of_debian(self):
        """Which has no such setting."""
        self.put("/usr/lib/xen-common/bin/xen-init-list", "")
        self.finds(DEGRADED, "xendomains", "storage domains before the guests", "make install")
        self.put("/usr/lib/systemd/system/xendomains.service.d/moat.conf", "")
        self.look(OK)

    def test_moatd_alone_at_shutdown(self):
        self.remove("/etc/systemd/system/multi-user.target.wants/moat-storage.service")
        self.finds(DEGRADED, "boot", "not stopped in good order", "systemctl enable moat-storage")

    def test_forgotten_hold(self):
        self.storage["held"] = True
        self.finds(DEGRADED, "status", "does nothing for it", "moat resume storage", "storage")

    def test_xendomains_starts(self):
        os.symlink("../storage.cfg", self.root + "/etc/xen/auto/10-storage.cfg")
        self.finds(DOWN, "auto", "10-storage.cfg", "moatd creates storage domains", "storage")

    def test_no_iommu(self):
        self.info(virt_caps="pv hvm hap")
        self.finds(DOWN, "iommu", "Xen uses none", "VT-d")

    def test_no_pciback(self):
        self.remove("/sys/bus/pci/drivers/pciback/bind")
        os.rmdir(self.root + "/sys/bus/pci/drivers/pciback")
        self.finds(DOWN, "pciback", "not loaded", "modprobe xen-pciback")

    def test_no_such_device(self):
        self.edit(CONF, BDF, "0000:00:05.0")
        self.finds(DOWN, "device", "no such device", "lspci -D", "0000:00:05.0")

    def test_device_that_is_mounted(self):
        self.edit("/proc/mounts", "/dev/sda1", "/dev/nvme0n1p1")
        self.finds(DOWN, "device", "dom0 itself uses it: nvme0n1p1", "unmount it", BDF)

    def test_device_that_is_swapped_to(self):
        self.edit("/proc/swaps", "/dev/sda2", "/dev/nvme0n1")
        self.finds(DOWN, "device", "dom0 itself uses it: nvme0n1", "unmount it", BDF)

    def test_device_with_a_volume_group(self):
        self.put(DEVICE + "/nvme/nvme0/nvme0n1/holders/dm-0", "")
        self.finds(DOWN, "device", "dom0 itself uses it: nvme0n1", "unmount it", BDF)

    def test_device_without_reset(self):
        self.remove(DEVICE + "/reset_method")
        self.finds(DEGRADED, "reset", "no way to reset", "FLR", BDF)
        self.put(DEVICE + "/reset", "")     # as kernels before 5.15 say it
        self.look(OK)

    def test_device_of_a_stranger(self):
        self.store.write({"/local/domain/0/backend/pci/5/0/dev-0": BDF})
        self.store.remove("/local/domain/0/backend/pci/3")
        self.finds(DOWN, "holder", "domain 5 (app) has it, not storage", "xl pci-detach", BDF)

    def test_pci_in_the_domains_configuration(self):
        self.put(CFG, FILES[CFG] + f'pci = [ "{BDF}" ]\n')
        self.finds(DOWN, "storage", "has pci=", "take the line out", "storage")

    def test_no_image(self):
        self.remove("/var/lib/moat/initramfs")
        self.finds(DOWN, "image", "ramdisk=/var/lib/moat/initramfs", "image/build", "storage")

    def test_name_of_another_domain(self):
        self.store.remove("/local/domain/3/data/moat/state")
        self.finds(DOWN, "name", "domain 3 has this name", "another name", "storage")


if __name__ == "__main__":
    unittest.main(verbosity=1)
