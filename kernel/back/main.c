// SPDX-License-Identifier: GPL-2.0
/*
 * moat-back: serves block devices of this domain to other domains.
 */
#include <linux/module.h>
#include <xen/xen.h>

#include "backend.h"
#include "job.h"
#include "params.h"
#include "poller.h"
#include "pool.h"
#include "queue.h"
#include "watchdog.h"

static int __init moat_back_init(void)
{
	int err;

	if (!xen_domain())
		return -ENODEV;
	err = moat_params_check();
	if (err)
		return err;
	err = moat_pools_init();
	if (err)
		return err;
	err = moat_jobs_init();
	if (err)
		goto err_pools;
	err = moat_pollers_init(&moat_queue_poller_ops);
	if (err)
		goto err_jobs;
	err = moat_watchdog_init();
	if (err)
		goto err_pollers;
	err = moat_backend_register();
	if (err)
		goto err_watchdog;
	return 0;

err_watchdog:
	moat_watchdog_deinit();
err_pollers:
	moat_pollers_deinit();
err_jobs:
	moat_jobs_deinit();
err_pools:
	moat_pools_deinit();
	return err;
}
module_init(moat_back_init);

static void __exit moat_back_exit(void)
{
	moat_backend_unregister();
	moat_watchdog_deinit();
	moat_pollers_deinit();
	moat_jobs_deinit();
	moat_pools_deinit();
}
module_exit(moat_back_exit);

MODULE_DESCRIPTION("Moat: Xen block back end");
MODULE_LICENSE("GPL");
