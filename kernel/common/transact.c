// SPDX-License-Identifier: GPL-2.0
/*
 * Several keys of xenstore at once, or none.
 *
 * xenstored lets a domain have ten transactions open, and refuses the next one:
 * a domain with a dozen disks that all connect at once would meet that. So both
 * modules together have one of their own open at a time; xenbus's, for a state that
 * it changes itself, come on top.
 */
#include "transact.h"

#include <linux/err.h>
#include <linux/export.h>
#include <linux/kernel.h>
#include <linux/mutex.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>

/* Held while a transaction is open, and so while xenstored is waited for: nothing
 * that I/O needs may be held by who takes it.
 */
static DEFINE_MUTEX(transact_lock);

static int transact_once(int (*body)(struct xenbus_transaction t, void *data), void *data,
			 bool *again)
{
	struct xenbus_transaction t;
	int err, end;

	*again = false;
	mutex_lock(&transact_lock);
	err = xenbus_transaction_start(&t);
	if (!err) {
		err = body(t, data);
		end = xenbus_transaction_end(t, !!err);
		*again = end == -EAGAIN;
		/* That one given up cannot be ended changes nothing. */
		err = err ?: end;
	}
	mutex_unlock(&transact_lock);
	return err;
}

/**
 * moat_transact() - do something in a transaction, however often that takes
 * @body: does it; called anew, with a new transaction, when somebody else has
 *	interfered. What it returns, if not 0, ends the transaction in vain
 * @data: for @body
 *
 * Context: process; waits for xenstored. No lock that I/O needs may be held;
 * @body may take such. Memory is not had by I/O meanwhile, for a disk that is
 * reconnecting may be what that waits for.
 * Return: 0; what @body returned; or a negative errno of the transaction's.
 */
int moat_transact(int (*body)(struct xenbus_transaction t, void *data), void *data)
{
	unsigned int noio;
	bool again;
	int err;

	might_sleep();
	noio = memalloc_noio_save();
	do
		err = transact_once(body, data, &again);
	while (again);
	memalloc_noio_restore(noio);
	return err;
}
EXPORT_SYMBOL_GPL(moat_transact);

/**
 * moat_transact_exists() - is a device's directory there?
 * @t: a transaction, which fails if that changes meanwhile
 * @dev: the device
 *
 * For who writes into it: one that is gone must not come back by that.
 *
 * Context: process; waits for xenstored.
 * Return: 0; -ENOENT if it is not; or another negative errno.
 */
int moat_transact_exists(struct xenbus_transaction t, const struct xenbus_device *dev)
{
	char *state = xenbus_read(t, dev->nodename, "state", NULL);

	if (IS_ERR(state))
		return PTR_ERR(state);
	kfree(state);
	return 0;
}
EXPORT_SYMBOL_GPL(moat_transact_exists);

/* A state for a device to change to. */
struct new_state {
	const struct xenbus_device *dev;
	enum xenbus_state state;
};

/* A directory that is gone must not come back by this. */
static int state_put(struct xenbus_transaction t, void *data)
{
	const struct new_state *new = data;
	int err = moat_transact_exists(t, new->dev);

	return err ?: xenbus_printf(t, new->dev->nodename, "state", "%d", new->state);
}

/**
 * moat_transact_show() - show a state that the device is not in yet
 * @dev: the device
 * @state: the state
 *
 * Context: as moat_transact().
 * Return: 0; -ENOENT if the directory is gone; or another negative errno.
 */
int moat_transact_show(const struct xenbus_device *dev, enum xenbus_state state)
{
	struct new_state new = { dev, state };

	return moat_transact(state_put, &new);
}
EXPORT_SYMBOL_GPL(moat_transact_show);

/**
 * moat_transact_state() - change the state that a device shows
 * @dev: the device
 * @state: the state
 *
 * As xenbus_switch_state(), but a failure is told to the caller, who can try
 * again, and is no reason to end the device.
 *
 * Linux 7's xenbus takes a device that shows Initialising, and is in another state, for one
 * that has vanished; so it is in that state before it shows it.
 *
 * Context: as moat_transact(); nobody else changes the state meanwhile.
 * Return: 0; -ENOENT if the directory is gone; or another negative errno.
 */
int moat_transact_state(struct xenbus_device *dev, enum xenbus_state state)
{
	enum xenbus_state was = dev->state;
	int err;

	if (was == state)
		return 0;
	if (state == XenbusStateInitialising)
		dev->state = state;
	err = moat_transact_show(dev, state);
	dev->state = err ? was : state;
	return err;
}
EXPORT_SYMBOL_GPL(moat_transact_state);
