// SPDX-License-Identifier: GPL-2.0
/*
 * What all tenants together have at the devices.
 *
 * What a device has stands before whatever comes next, whosever that is. So while a
 * tenant that asks for little is there, those that ask for more share a window,
 * core/window.h. Which disks are the same device in the end nobody knows (partitions,
 * volumes, files), and a storage domain has few: all are taken for one.
 *
 * Where nothing comes back to those who are bounded, a device has been lost, and the
 * window is full of what it had: who has another device must not wait for that one.
 */
#include "crowd.h"

#include <linux/atomic.h>
#include <linux/kernel.h>
#include <linux/spinlock.h>

#include "core/window.h"
#include "params.h"

/* If nothing has come back for so long it is not for the window to wait. */
#define MOVES_NS (100 * NSEC_PER_MSEC)

/**
 * struct crowd - all tenants
 * @tenants: their number
 * @pages: what they have at the devices
 * @moved_ns: when something came back last to a tenant that is bounded
 * @window: what may be there; changed under @window_lock, looked at by anybody
 */
static struct crowd {
	int tenants;
	atomic_t pages;
	u64 moved_ns;
	struct moat_window window;
} crowd;

static DEFINE_SPINLOCK(window_lock);

static bool crowd_light(const struct moat_member *member, u64 now)
{
	return moat_window_light(READ_ONCE(member->heavy_ns), now);
}

/**
 * moat_crowd_join() - a tenant more
 *
 * Context: process; serialised by the caller.
 */
void moat_crowd_join(void)
{
	/* Alone nobody's requests were looked at. */
	if (crowd.tenants == 1) {
		spin_lock(&window_lock);
		moat_window_init(&crowd.window);
		spin_unlock(&window_lock);
	}
	WRITE_ONCE(crowd.tenants, crowd.tenants + 1);
}

/**
 * moat_crowd_leave() - a tenant less
 *
 * Context: process; serialised by the caller.
 */
void moat_crowd_leave(void)
{
	WRITE_ONCE(crowd.tenants, crowd.tenants - 1);
}

/**
 * moat_crowd_several() - is there more than one tenant?
 *
 * Context: any.
 */
bool moat_crowd_several(void)
{
	return READ_ONCE(crowd.tenants) > 1;
}

/**
 * moat_crowd_add() - more is at the devices, or less
 * @member: whose it is
 * @has: pages that it has in flight, with these
 * @pages: how much; less than nothing: so much has come back
 * @now: time
 *
 * Context: any.
 */
void moat_crowd_add(struct moat_member *member, int has, int pages, u64 now)
{
	atomic_add(pages, &crowd.pages);
	if (has > MOAT_WINDOW_LIGHT)
		WRITE_ONCE(member->heavy_ns, now);
	if (pages < 0 && !crowd_light(member, now))
		WRITE_ONCE(crowd.moved_ns, now);
}

/**
 * moat_crowd_took() - a device has done a request
 * @member: whose it was
 * @pages: how much
 * @took_ns: how long the device had it
 * @now: time
 *
 * Context: the poller.
 */
void moat_crowd_took(const struct moat_member *member, u32 pages, u64 took_ns, u64 now)
{
	if (!moat_crowd_several() || pages > MOAT_WINDOW_LIGHT || !crowd_light(member, now))
		return;
	/* One of many. */
	if (!spin_trylock(&window_lock))
		return;
	moat_window_sample(&crowd.window, member->id, took_ns, now);
	spin_unlock(&window_lock);
}

/**
 * moat_crowd_left() - how much more may be at the devices?
 * @member: who wants it
 * @now: time
 *
 * Context: any.
 * Return: pages, none if not more than nothing; INT_MAX: nothing is in the way.
 */
int moat_crowd_left(const struct moat_member *member, u64 now)
{
	u32 pages = READ_ONCE(crowd.window.pages);

	if (!moat_crowd_several() || !moat_params_device_window() || pages == MOAT_WINDOW_MOST ||
	    crowd_light(member, now) || now > READ_ONCE(crowd.moved_ns) + MOVES_NS ||
	    !moat_window_holds(&crowd.window, member->id, now))
		return INT_MAX;
	return (int)pages - atomic_read(&crowd.pages);
}
