// SPDX-License-Identifier: GPL-2.0
/*
 * What moat-hog takes, too: all memory that is free, down to what only those may have who
 * cannot wait for it. It does so a little later than it is asked, so that who asks has come to
 * his end, says so in xenstore (data/moat-hog below the domain: 1), takes what comes free
 * meanwhile, and gives all back by itself (0): nobody could ask it to.
 *
 *   echo S >/sys/module/moat_hog/parameters/pages_s	takes them for so many seconds
 */
#include <linux/gfp.h>
#include <linux/jiffies.h>
#include <linux/list.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/moduleparam.h>
#include <linux/workqueue.h>
#include <xen/xenbus.h>

#include "hog.h"

#define PAGES_SECONDS_MAX 600u
#define PAGES_BEGIN (HZ / 2)
#define PAGES_TURN (HZ / 20 ?: 1)

static LIST_HEAD(pages);
static unsigned long end;
static unsigned int seconds;

static void pages_take(void)
{
	struct page *page;

	while ((page = alloc_page(GFP_NOWAIT | __GFP_NOWARN)))
		list_add(&page->lru, &pages);
}

static void pages_give(void)
{
	struct page *page, *next;

	list_for_each_entry_safe(page, next, &pages, lru) {
		list_del(&page->lru);
		__free_page(page);
	}
}

static void pages_run(struct work_struct *work)
{
	bool begins = list_empty(&pages);

	if (!begins && time_after(jiffies, end)) {
		pages_give();
		xenbus_write(XBT_NIL, "data", "moat-hog", "0");
		return;
	}
	pages_take();
	if (begins)
		xenbus_write(XBT_NIL, "data", "moat-hog", "1");
	schedule_delayed_work(to_delayed_work(work), PAGES_TURN);
}

static DECLARE_DELAYED_WORK(pages_work, pages_run);

void hog_give_pages(void)
{
	cancel_delayed_work_sync(&pages_work);
	pages_give();
}

static int pages_set(const char *text, const struct kernel_param *kp)
{
	int err = param_set_uint_minmax(text, kp, 1, PAGES_SECONDS_MAX);

	if (err)
		return err;
	end = jiffies + PAGES_BEGIN + seconds * HZ;
	schedule_delayed_work(&pages_work, PAGES_BEGIN);
	return 0;
}

static const struct kernel_param_ops pages_ops = {
	.set = pages_set,
	.get = param_get_uint,
};
module_param_cb(pages_s, &pages_ops, &seconds, 0644);
MODULE_PARM_DESC(pages_s, "take all memory that is free for so many seconds");
