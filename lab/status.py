# SPDX-License-Identifier: GPL-2.0
"""What a lab is doing: the machine, its domains, its disks."""

import os

import disks
import domains
import session
import up
from paths import LabError, LostError

ASK_S = 20


def domain_list(state):
    """Asks Xen for its domains: {name: {id, memory, vcpus, state, seconds}}."""
    text = session.check(state, "dom0", ["xl", "list"], timeout=ASK_S)
    found = {}
    for line in text.splitlines()[1:]:
        name, number, memory, vcpus, flags, seconds = line.rsplit(None, 5)
        found[name] = {"id": int(number), "memory": int(memory), "vcpus": int(vcpus),
                       "state": flags, "seconds": float(seconds)}
    return found


def gather(state):
    """Returns everything as one dictionary."""
    result = {"state": state, "up": up.is_up(state)}
    if not result["up"]:
        ended = os.path.join(state, "ended")
        if os.path.exists(ended):
            with open(ended, encoding="utf-8") as f:
                result["ended"] = f.read().strip()
        return result
    options = up.machine_options(state)
    result.update({"pid": up.keeper_pid(state), "options": options, "lost": None,
                   "domains": {}, "disks": disks.remembered(state)})
    known = domains.remembered(state)
    try:
        for name, domain in domain_list(state).items():
            # moatd's standby is made as the domain that it stands by for.
            spec = known.get(name) or known.get(name.removesuffix("-standby"), {})
            result["domains"][name] = {**domain, "kind": spec.get("kind", "dom0"),
                                       "half": spec.get("half"), "pci": spec.get("pci", [])}
    except (LostError, LabError) as error:
        result["lost"] = str(error)
    return result


def text(result):
    """Returns the same for a person."""
    if not result["up"]:
        return f"no lab is up in {result['state']}\n" + result.get("ended", "")
    options = result["options"]
    lines = [f"up in {result['state']} (keeper {result['pid']}): "
             f"QEMU {options['qemu']['version']} ({options['qemu']['reason']}), "
             f"{options['accelerator']}, {options['vcpus']} processors, {options['memory']} MiB, "
             f"{options['nvme']} NVMe, kernel {options['guest_kernel']}"]
    if result["lost"]:
        lines.append(f"LOST: {result['lost']}")
    for name, domain in result["domains"].items():
        half = f"{domain['half']} " if domain["half"] else ""
        lines.append(f"  {name:12} id {domain['id']:<3} {domain['memory']:5} MiB  "
                     f"{domain['vcpus']} vcpu  {domain['state']}  {half}{domain['kind']} "
                     f"{' '.join(domain['pci'])}")
    for disk in result["disks"]:
        lines.append(f"  {disk['app']}:{disk['vdev']} <- {disk['storage']}:{disk['target']} "
                     f"({disk['backing']})")
    return "\n".join(lines)
