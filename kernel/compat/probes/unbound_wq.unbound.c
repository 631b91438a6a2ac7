// SPDX-License-Identifier: GPL-2.0
/* The workqueue whose works run on any processor is one beside the default. */
#include <linux/workqueue.h>

/* exported: system_unbound_wq */

void probe(struct work_struct *work);

void probe(struct work_struct *work)
{
	queue_work(system_unbound_wq, work);
}
