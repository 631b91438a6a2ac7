// SPDX-License-Identifier: GPL-2.0
/*
 * Several keys of xenstore at once, or none.
 */
#include "transact.h"

#include <linux/errno.h>
#include <linux/export.h>

/**
 * moat_transact() - do something in a transaction, however often that takes
 * @body: does it; called anew, with a new transaction, when somebody else has
 *	interfered. What it returns, if not 0, ends the transaction in vain
 * @data: for @body
 *
 * Context: process, may sleep.
 * Return: 0; what @body returned; or a negative errno of the transaction's.
 */
int moat_transact(int (*body)(struct xenbus_transaction t, void *data), void *data)
{
	struct xenbus_transaction t;
	int err, end;

	do {
		err = xenbus_transaction_start(&t);
		if (err)
			return err;
		err = body(t, data);
		end = xenbus_transaction_end(t, !!err);
		/* That one given up cannot be ended changes nothing. */
		if (!err)
			err = end;
	} while (end == -EAGAIN);
	return err;
}
EXPORT_SYMBOL_GPL(moat_transact);
