// SPDX-License-Identifier: GPL-2.0
/*
 * The scan. A disk costs ten reads, so a handshake, which changes a node at a time,
 * is not followed from node to node: what a watch has made old is read anew a
 * moment later, with all that has changed by then.
 */
#include "scan.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <moat/keys.h>

/* between two reads of one domain's disks, unless we changed them ourselves */
#define SPACING_MS 100
/* should a watch ever be missed */
#define KNOWN_MS 30000

/* The names below a node. */
struct listing {
	char **names;
	unsigned int count;
};

static struct listing list(struct moat_xs *xs, const char *dir)
{
	struct listing l;

	l.names = moat_xs_list(xs, &l.count, "%s", dir);
	return l;
}

static bool has(const struct listing *l, const char *name)
{
	for (unsigned int i = 0; i < l->count; i++)
		if (strcmp(l->names[i], name) == 0)
			return true;
	return false;
}

/* --- a disk ------------------------------------------------------------ */

/* Which of some words a value begins with; 0: none of them. */
static size_t find_word(char *text, const char *const words[], size_t count)
{
	char word[16];
	size_t found = 0;

	if (text && sscanf(text, "%15s", word) == 1)
		for (size_t i = 1; i < count; i++)
			if (strcmp(word, words[i]) == 0)
				found = i;
	free(text);
	return found;
}

static const char *const front_words[] = {
	[MOAT_FRONT_IS_WAITING] = MOAT_FRONT_WAITING,
	[MOAT_FRONT_IS_REPLAYING] = MOAT_FRONT_REPLAYING,
	[MOAT_FRONT_IS_UP] = MOAT_FRONT_UP,
	[MOAT_FRONT_IS_HELD] = MOAT_FRONT_HELD,
	[MOAT_FRONT_IS_FAILED] = MOAT_FRONT_FAILED,
};

static const char *const trouble_words[] = {
	[MOAT_TROUBLE_IS_PROTOCOL] = MOAT_TROUBLE_PROTOCOL,
	[MOAT_TROUBLE_IS_STALL] = MOAT_TROUBLE_STALL,
	[MOAT_TROUBLE_IS_DEVICE] = MOAT_TROUBLE_DEVICE,
	[MOAT_TROUBLE_IS_REFUSED] = MOAT_TROUBLE_REFUSED,
	[MOAT_TROUBLE_IS_SHORTAGE] = MOAT_TROUBLE_SHORTAGE,
};

#define FIND_WORD(text, words) \
	find_word(text, words, sizeof(words) / sizeof(*(words)))

static void read_kept(struct moat_xs *xs, struct moat_view_disk *disk)
{
	struct listing l;
	char dir[64];

	snprintf(dir, sizeof(dir), "/libxl/%u/device/vbd/%u", disk->app,
		 disk->device);
	l = list(xs, dir);
	disk->served = has(&l, "moat-served");
	disk->left = has(&l, "moat-left");
	disk->detached = has(&l, "moat-detached");
	disk->noted = has(&l, MOAT_KEY_OFFERED);
	disk->safe = has(&l, MOAT_KEY_SAFE) &&
		     moat_xs_is(xs, "1", "%s/" MOAT_KEY_SAFE, dir);
	free(l.names);
}

static void read_front(struct moat_xs *xs, struct moat_view_disk *disk)
{
	struct listing l;
	char dir[64];

	snprintf(dir, sizeof(dir), "/local/domain/%u/device/vbd/%u", disk->app,
		 disk->device);
	l = list(xs, dir);
	disk->front_state = moat_xs_number(xs, 0, "%s/state", dir);
	disk->able = has(&l, MOAT_KEY_RECOVERY) &&
		     moat_xs_is(xs, "1", "%s/" MOAT_KEY_RECOVERY, dir);
	disk->fresh = !disk->able && disk->front_state == 1;
	disk->hold = has(&l, MOAT_KEY_HOLD);
	if (has(&l, MOAT_KEY_FRONT_STATE))
		disk->front = FIND_WORD(
			moat_xs_get(xs, "%s/" MOAT_KEY_FRONT_STATE, dir),
			front_words);
	if (has(&l, MOAT_KEY_TROUBLE))
		disk->trouble = FIND_WORD(
			moat_xs_get(xs, "%s/" MOAT_KEY_TROUBLE, dir),
			trouble_words);
	free(l.names);
}

/* Are two values not the same? One that is not there is like no other. */
static bool differ(struct moat_xs *xs, const char *a, const char *b, const char *key)
{
	char *value = moat_xs_get(xs, "%s/%s", a, key);
	bool same = value && moat_xs_is(xs, value, "%s/%s", b, key);

	free(value);
	return !same;
}

/*
 * Is what the back end offers other than what is noted? Where it says nothing while
 * both halves are connected, it offers nothing; before that, it has not come to it yet.
 */
static void read_offer(struct moat_xs *xs, struct moat_view_disk *disk,
		       const char *back, bool shown)
{
	char kept[64];

	snprintf(kept, sizeof(kept), "/libxl/%u/device/vbd/%u", disk->app,
		 disk->device);
	if (shown)
		disk->note_due = differ(xs, back, kept, MOAT_KEY_OFFERED) ||
				 (moat_xs_exists(xs, "%s/" MOAT_KEY_SAFE, back) &&
				  differ(xs, back, kept, MOAT_KEY_SAFE));
	else
		disk->note_due = disk->noted && disk->front_state == 4 &&
				 disk->back_state == 4;
}

static void read_back(struct moat_xs *xs, struct moat_view_disk *disk)
{
	struct listing l;
	char dir[80], *hotplug;

	snprintf(dir, sizeof(dir), "/local/domain/%u/backend/vbd/%u/%u",
		 disk->backend, disk->app, disk->device);
	l = list(xs, dir);
	disk->torn = !has(&l, "frontend");
	if (has(&l, "state"))
		disk->back_state = moat_xs_number(xs, 0, "%s/state", dir);
	if (has(&l, "hotplug-status")) {
		hotplug = moat_xs_get(xs, "%s/hotplug-status", dir);
		disk->connected = hotplug && strcmp(hotplug, "connected") == 0;
		disk->failed = hotplug && strcmp(hotplug, "error") == 0;
		free(hotplug);
	}
	if (disk->trouble == MOAT_TROUBLE_IS_DEVICE)
		disk->deviceless = moat_xs_is(xs, "0", "%s/sectors", dir);
	disk->misfit = has(&l, MOAT_KEY_MISFIT);
	if (!disk->torn && !disk->able)
		read_offer(xs, disk, dir, has(&l, MOAT_KEY_OFFERED));
	disk->offline = !disk->torn && moat_xs_is(xs, "0", "%s/online", dir);
	/*
	 * A front end of Moat's that closes for good takes its words away, and
	 * one that begins anew is in state 6 (Closed) for a moment.
	 */
	disk->closing = (disk->torn ? disk->detached : disk->offline) ||
			disk->front_state == 5 ||
			(disk->front_state == 6 && !disk->able);
	free(l.names);
}

/* Return: whether it is one. */
static bool read_disk(struct moat_xs *xs, unsigned int app, unsigned int device,
		      struct moat_view_disk *disk)
{
	char *backend = moat_xs_get(xs, "/libxl/%u/device/vbd/%u/backend", app,
				    device);
	unsigned int front, id;
	bool found;

	*disk = (struct moat_view_disk) { .app = app, .device = device };
	found = backend &&
		sscanf(backend, "/local/domain/%u/backend/vbd/%u/%u",
		       &disk->backend, &front, &id) == 3 &&
		front == app && id == device && disk->backend;
	free(backend);
	if (!found)
		return false;
	read_kept(xs, disk);
	read_front(xs, disk);
	read_back(xs, disk);
	return true;
}

/* --- a domain ---------------------------------------------------------- */

static int read_disks(struct moat_scan_domain *domain, struct moat_xs *xs,
		      msec now)
{
	struct listing l;
	char dir[64];

	snprintf(dir, sizeof(dir), "/libxl/%u/device/vbd", domain->xen.domid);
	l = list(xs, dir);
	if (l.count > domain->room) {
		struct moat_view_disk *more;

		more = realloc(domain->disks, l.count * sizeof(*more));
		if (!more) {
			free(l.names);
			return -ENOMEM;
		}
		domain->disks = more;
		domain->room = l.count;
	}
	domain->count = 0;
	for (unsigned int i = 0; i < l.count; i++)
		domain->count += read_disk(xs, domain->xen.domid,
					   strtoul(l.names[i], NULL, 10),
					   &domain->disks[domain->count]);
	free(l.names);
	domain->age = MOAT_SCAN_KNOWN;
	domain->read_at = now;
	return 0;
}

/* Read of a domain what is not known, or may not be true any more. */
static int refresh(struct moat_scan *scan, struct moat_scan_domain *domain,
		   struct moat_xs *xs, msec now)
{
	msec old = now - domain->read_at;

	if (!domain->named) {
		free(domain->name);
		domain->name = moat_xs_get(xs, "/local/domain/%u/name",
					   domain->xen.domid);
		domain->named = true;
	}
	if (domain->age == MOAT_SCAN_WRONG || old > KNOWN_MS ||
	    (domain->age == MOAT_SCAN_OLD && old >= SPACING_MS))
		return read_disks(domain, xs, now);
	if (domain->age == MOAT_SCAN_OLD &&
	    (!scan->again || domain->read_at + SPACING_MS < scan->again))
		scan->again = domain->read_at + SPACING_MS;
	return 0;
}

static void forget(struct moat_scan_domain *domain)
{
	free(domain->name);
	free(domain->disks);
}

/* Another list of domains: what is known of those that are still there stays. */
static int take_list(struct moat_scan *scan,
		     const struct moat_hyper_domain *xen, size_t count)
{
	struct moat_scan_domain *domains = calloc(count + 1, sizeof(*domains));
	size_t old = 0;

	if (!domains)
		return -ENOMEM;
	for (size_t i = 0; i < count; i++) {
		while (old < scan->count &&
		       scan->domains[old].xen.domid < xen[i].domid)
			forget(&scan->domains[old++]);
		if (old < scan->count &&
		    scan->domains[old].xen.domid == xen[i].domid)
			domains[i] = scan->domains[old++];
		else
			domains[i].age = MOAT_SCAN_WRONG;
		domains[i].xen = xen[i];
	}
	while (old < scan->count)
		forget(&scan->domains[old++]);
	free(scan->domains);
	scan->domains = domains;
	scan->count = count;
	return 0;
}

int moat_scan_update(struct moat_scan *scan, struct moat_xs *xs,
		     struct moat_hyper *hyper, msec now)
{
	const struct moat_hyper_domain *xen;
	int count = moat_hyper_list(hyper, &xen);
	int err = count < 0 ? count : take_list(scan, xen, count);

	scan->again = 0;
	for (size_t i = 0; i < scan->count && !err; i++)
		err = refresh(scan, &scan->domains[i], xs, now);
	return err;
}

void moat_scan_deinit(struct moat_scan *scan)
{
	for (size_t i = 0; i < scan->count; i++)
		forget(&scan->domains[i]);
	free(scan->domains);
	*scan = (struct moat_scan) { 0 };
}

struct moat_scan_domain *moat_scan_find(const struct moat_scan *scan,
					unsigned int domid)
{
	size_t low = 0, high = scan->count;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (scan->domains[mid].xen.domid < domid)
			low = mid + 1;
		else
			high = mid;
	}
	return domid && low < scan->count &&
	       scan->domains[low].xen.domid == domid ?
		       &scan->domains[low] : NULL;
}

struct moat_view_disk *moat_scan_disk(const struct moat_scan *scan,
				      unsigned int app, unsigned int device)
{
	struct moat_scan_domain *domain = moat_scan_find(scan, app);

	for (size_t i = 0; domain && i < domain->count; i++)
		if (domain->disks[i].device == device)
			return &domain->disks[i];
	return NULL;
}

/* --- what has changed -------------------------------------------------- */

static void make_old(struct moat_scan *scan, unsigned int domid,
		     enum moat_scan_age age)
{
	struct moat_scan_domain *domain = moat_scan_find(scan, domid);

	if (domain && domain->age < age)
		domain->age = age;
}

void moat_scan_spoil_served(struct moat_scan *scan, unsigned int domid,
			    enum moat_scan_age age)
{
	for (size_t i = 0; i < scan->count; i++)
		for (size_t k = 0; k < scan->domains[i].count; k++)
			if (scan->domains[i].disks[k].backend == domid)
				make_old(scan, scan->domains[i].xen.domid, age);
}

void moat_scan_spoil(struct moat_scan *scan, unsigned int domid)
{
	struct moat_scan_domain *domain = moat_scan_find(scan, domid);

	if (domain)
		domain->named = false;
	make_old(scan, domid, MOAT_SCAN_WRONG);
}

void moat_scan_heard(struct moat_scan *scan, const char *path)
{
	struct moat_scan_domain *domain;
	unsigned int domid, app;
	int at = 0;

	if (sscanf(path, "/local/domain/%u%n", &domid, &at) != 1)
		return;
	domain = moat_scan_find(scan, domid);
	path += at;
	if (sscanf(path, "/backend/vbd/%u", &app) == 1) {
		make_old(scan, app, MOAT_SCAN_OLD);
	} else if (!*path || strcmp(path, "/backend") == 0 ||
		   strcmp(path, "/backend/vbd") == 0) {
		make_old(scan, domid, MOAT_SCAN_OLD);
		moat_scan_spoil_served(scan, domid, MOAT_SCAN_OLD);
	} else if (strncmp(path, "/device", 7) == 0) {
		make_old(scan, domid, MOAT_SCAN_OLD);
	}
	if (domain && (!*path || strcmp(path, "/name") == 0))
		domain->named = false;
}
