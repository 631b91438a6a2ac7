# SPDX-License-Identifier: GPL-2.0
"""Short runs of the hostile campaign (docs/hostile.md), in both directions."""
import hostile_results
import villain
from runner import check

APART = "make test-hostile"
# So many messages, or so long.
SHORT, SECONDS = 20000, 45
SEED = 9


def campaign(machine, direction):
    attack = villain.Attack(machine, direction, SEED)
    machine.allowed_log += attack.allowed
    record = attack.run(SHORT, lambda *text, **how: None, SECONDS)
    found = hostile_results.wrong(record)
    check(not found, "\n".join(found) + "\n%s" % record["counts"])


def test_campaign_front(machine):
    """Random connections of a hostile front end."""
    campaign(machine, "front")


def test_campaign_back(machine):
    """Random connections of a hostile back end."""
    campaign(machine, "back")
