// SPDX-License-Identifier: GPL-2.0
/* The workqueue whose works run on any processor is the default one. */
#include <linux/workqueue.h>

/* exported: system_dfl_wq */

void probe(struct work_struct *work);

void probe(struct work_struct *work)
{
	queue_work(system_dfl_wq, work);
}
