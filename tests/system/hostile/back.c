// SPDX-License-Identifier: GPL-2.0
/*
 * A back end that means harm, to see what a front end makes of it.
 *
 * It serves one disk, of which it has no data, by a thread of its own. It speaks Xen's public
 * headers and shares nothing with Moat. Its parameters are those of half.h: while it rests
 * it is honest.
 */
#include <linux/module.h>
#include <xen/xenbus.h>

#include "host.h"
#include "turn.h"

#define HONEST_EVERY 8
#define HONEST_REQUESTS 500

static struct host host = { .spoilt = ~0UL };

/* ---- the attacker ---- */

static int attack(void *unused)
{
	struct chance chance;
	bool honest;
	u64 nr;

	for (nr = 0;; nr++) {
		chance_init(&chance, half_seed, nr);
		honest = !half_has_to_do() || !(nr % HONEST_EVERY);
		if (!turn_begin(&host, !nr, honest ? NULL : &chance))
			continue;
		if (!nr || !half_has_to_do())
			turn_honest(&host, 0, half_has_to_do);
		else if (honest)
			turn_honest(&host, HONEST_REQUESTS, NULL);
		else
			turn_run(&host, &chance, half_seed, nr);
	}
	return 0;
}

/* ---- what xenbus calls ---- */

static int hostile_probe(struct xenbus_device *dev, const struct xenbus_device_id *id)
{
	return half_start(&host.half, dev, attack);
}

static void hostile_changed(struct xenbus_device *dev, enum xenbus_state state)
{
	if (dev == host.half.dev)
		half_peer_changed(&host.half, state);
}

static const struct xenbus_device_id hostile_ids[] = { { "vbd" }, { "" } };

static struct xenbus_driver hostile_driver = {
	.ids = hostile_ids,
	.name = "moat-hostile-back",
	.probe = hostile_probe,
	.otherend_changed = hostile_changed,
};

/* It stays until its domain is destroyed, so there is no way out. */
static int __init hostile_init(void)
{
	return xenbus_register_backend(&hostile_driver);
}
module_init(hostile_init);

MODULE_DESCRIPTION("Moat: a back end that means harm, for tests");
MODULE_LICENSE("GPL");
