# SPDX-License-Identifier: GPL-2.0
"""moatd in dom0: its configuration, what it makes storage domains of, and its start.

Its log stands among the consoles, so that it is kept on the host like theirs.
"""

import os

import domains
import session
from paths import BUILD, LAB, LabError

PROGRAMS = ("moatd", "moat", "moat-create")
CONFIG = "/etc/moat/moatd.conf"
LOG = "/var/log/xen/console/moatd.log"
DOMAIN_CONFIG = f"{domains.RUN}/storage.cfg"
KEEPER = "/lab/moatd"
# A tenth of a second's work takes seconds where processors are emulated, and others share them.
LIMITS = {"busy_limit": "5"}
START = 'setsid "$0" "$@" >/dev/null 2>&1 </dev/null &'


def programs():
    """Returns {path in dom0's image: program on this host}."""
    found = {f"/usr/sbin/{name}": os.path.join(BUILD, "tools", name) for name in PROGRAMS}
    missing = [path for path in found.values() if not os.path.exists(path)]
    if missing:
        raise LabError(f"{', '.join(missing)}: not built; run `make tools`")
    return {**found, KEEPER: os.path.join(LAB, "init", "moatd")}


def config_text(spec, options):
    """Returns moatd's configuration for one storage domain; settings are "KEY=VALUE"."""
    devices = ", ".join(f'"{address}"' for address in spec["pci"])
    lines = ["storage = ( {", f'  name = "{spec["name"]}";', f'  config = "{DOMAIN_CONFIG}";',
             f"  pci = [ {devices} ];", "  permissive = true;",
             f"  standby = {'true' if options['standby'] else 'false'};"]
    limits = dict(LIMITS)
    for text in options["set"]:
        key, equals, value = text.partition("=")
        if not equals:
            raise LabError(f"--moatd-set {text}: not KEY=VALUE")
        limits[key] = value
    lines += [f"  {key} = {value};" for key, value in limits.items()]
    return "\n".join([*lines, "} );", ""])


def start(state, spec, options):
    """Leaves in dom0 what moatd makes new domains of, and starts it.

    A domain shares dom0's processor from when it may get its PCI devices until they work,
    as with domains.create_ready(): a standby as soon as it is ready, the others at once.
    """
    made, _ = domains.leave(state, {**spec, "pci": [], "standby": True}, options,
                            DOMAIN_CONFIG,
                            None if options["moatd"]["standby"] else domains.DOM0_CPU)
    session.check(state, "dom0", ["@put", CONFIG, "644"],
                  data=config_text(spec, options["moatd"]).encode(),
                  timeout=domains.XL_S)
    session.check(state, "dom0", ["sh", "-c", START, KEEPER, CONFIG, LOG, made["name"],
                                  made["cpus"]], timeout=domains.XL_S)
