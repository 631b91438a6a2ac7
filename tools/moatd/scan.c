// SPDX-License-Identifier: GPL-2.0
/*
 * The scan. A disk costs a dozen reads, so a handshake, which changes a node at a time,
 * is not followed from node to node: what a watch has made old is read anew a
 * moment later, with all that has changed by then. And it is one disk's: what becomes
 * of it costs nothing for the others of its domain.
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
/* that is for so many disks in one go: others wait for this look */
#define AGED_MAX 32

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
	disk->stale = has(&l, MOAT_KEPT_STALE);
	disk->noted = has(&l, MOAT_KEY_OFFERED);
	disk->safe = has(&l, MOAT_KEY_SAFE) &&
		     moat_xs_is(xs, "1", "%s/" MOAT_KEY_SAFE, dir);
	free(l.names);
}

/*
 * Are the front end's keys of Moat's its own? Moat's may have left them without taking leave,
 * and another have found them. Moat's publishes its rings together with the number of the
 * connection: from then on it is judged as moat-back does. A number that was another's is
 * noted, for when there is no back end to hold it against.
 *
 * The back end's is read behind the front end's: what is noted can only be too old.
 */
static bool is_current(struct moat_xs *xs, struct moat_view_disk *disk, const char *front)
{
	bool shown = disk->front_state == 3 || disk->front_state == 4;
	uint64_t offered;

	if (!shown && !disk->stale)
		return true;
	disk->connection = moat_xs_number(xs, 0, "%s/" MOAT_KEY_CONNECTION, front);
	if (disk->stale &&
	    disk->connection == moat_xs_number(xs, UINT64_MAX, "/libxl/%u/device/vbd/%u/"
					       MOAT_KEPT_STALE, disk->app, disk->device))
		return false;
	if (!shown)
		return true;
	offered = moat_xs_number(xs, 0, "/local/domain/%u/backend/vbd/%u/%u/"
				 MOAT_KEY_CONNECTION, disk->backend, disk->app, disk->device);
	disk->stale_due = offered && disk->connection != offered;
	return !disk->stale_due;
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
		     moat_xs_is(xs, "1", "%s/" MOAT_KEY_RECOVERY, dir) &&
		     is_current(xs, disk, dir);
	disk->fresh = !disk->able && disk->front_state == 1;
	disk->hold = has(&l, MOAT_KEY_HOLD);
	if (disk->able && has(&l, MOAT_KEY_FRONT_STATE))
		disk->front = FIND_WORD(
			moat_xs_get(xs, "%s/" MOAT_KEY_FRONT_STATE, dir),
			front_words);
	if (disk->able && has(&l, MOAT_KEY_TROUBLE))
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

static struct moat_scan_disk *find_disk(struct moat_scan_domain *domain,
					unsigned int device)
{
	for (size_t i = 0; i < domain->count; i++)
		if (domain->disks[i].view.device == device)
			return &domain->disks[i];
	return NULL;
}

/* Which there are; what is known of those that were there stays. */
static int read_list(struct moat_scan_domain *domain, struct moat_xs *xs, msec now)
{
	struct moat_scan_disk *disks;
	struct listing l;
	char dir[64];

	snprintf(dir, sizeof(dir), "/libxl/%u/device/vbd", domain->xen.domid);
	l = list(xs, dir);
	disks = calloc(l.count + 1, sizeof(*disks));
	for (unsigned int i = 0; disks && i < l.count; i++) {
		unsigned int device = strtoul(l.names[i], NULL, 10);
		const struct moat_scan_disk *known = find_disk(domain, device);

		if (known)
			disks[i] = *known;
		else
			disks[i].age = MOAT_SCAN_WRONG;
		disks[i].view.device = device;
	}
	free(l.names);
	if (!disks)
		return -ENOMEM;
	free(domain->disks);
	domain->disks = disks;
	domain->count = l.count;
	domain->age = MOAT_SCAN_KNOWN;
	domain->read_at = now;
	return 0;
}

/* What it was when it was read: is it to be read anew now? If not yet, it is noted when. */
static bool is_out(struct moat_scan *scan, enum moat_scan_age age, msec read_at, msec now)
{
	if (age == MOAT_SCAN_WRONG || (age == MOAT_SCAN_OLD && now - read_at >= SPACING_MS))
		return true;
	if (age == MOAT_SCAN_OLD && (!scan->again || read_at + SPACING_MS < scan->again))
		scan->again = read_at + SPACING_MS;
	return false;
}

/* Read of a domain what is not known, or may not be true any more. */
static int refresh(struct moat_scan *scan, struct moat_scan_domain *domain,
		   struct moat_xs *xs, msec now)
{
	if (!domain->named) {
		free(domain->name);
		domain->name = moat_xs_get(xs, "/local/domain/%u/name",
					   domain->xen.domid);
		domain->named = true;
	}
	if (is_out(scan, domain->age, domain->read_at, now) ||
	    now - domain->read_at > KNOWN_MS) {
		int err = read_list(domain, xs, now);

		if (err)
			return err;
	}
	for (size_t i = 0; i < domain->count; i++) {
		struct moat_scan_disk *disk = &domain->disks[i];
		bool aged = now - disk->read_at > KNOWN_MS && scan->aged < AGED_MAX;

		if (!is_out(scan, disk->age, disk->read_at, now) && !aged)
			continue;
		scan->aged += disk->age == MOAT_SCAN_KNOWN;
		disk->is_disk = read_disk(xs, domain->xen.domid, disk->view.device,
					  &disk->view);
		disk->age = MOAT_SCAN_KNOWN;
		disk->read_at = now;
	}
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

/* Which domains there are now. */
static int list_domains(struct moat_scan *scan, struct moat_hyper *hyper)
{
	const struct moat_hyper_domain *xen;
	int count = moat_hyper_list(hyper, &xen);

	return count < 0 ? count : take_list(scan, xen, count);
}

/*
 * A domain goes before its nodes do. So where it is still there when they have been read, they
 * were not half taken away. One that is new by then is read when it is looked at next.
 */
int moat_scan_update(struct moat_scan *scan, struct moat_xs *xs,
		     struct moat_hyper *hyper, msec now)
{
	int err = list_domains(scan, hyper);

	scan->again = 0;
	scan->aged = 0;
	for (size_t i = 0; i < scan->count && !err; i++)
		err = refresh(scan, &scan->domains[i], xs, now);
	return err ? err : list_domains(scan, hyper);
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
	struct moat_scan_disk *disk = domain ? find_disk(domain, device) : NULL;

	return disk && disk->is_disk ? &disk->view : NULL;
}

/* --- what has changed -------------------------------------------------- */

static void make_old(enum moat_scan_age *age, enum moat_scan_age to)
{
	if (*age < to)
		*age = to;
}

/* A domain's disks: which there are, and what they are. */
static void make_all_old(struct moat_scan *scan, unsigned int domid)
{
	struct moat_scan_domain *domain = moat_scan_find(scan, domid);

	if (!domain)
		return;
	make_old(&domain->age, MOAT_SCAN_OLD);
	for (size_t i = 0; i < domain->count; i++)
		make_old(&domain->disks[i].age, MOAT_SCAN_OLD);
}

/* One of them; it may be new. */
static void make_disk_old(struct moat_scan *scan, unsigned int app, unsigned int device,
			  enum moat_scan_age to)
{
	struct moat_scan_domain *domain = moat_scan_find(scan, app);
	struct moat_scan_disk *disk = domain ? find_disk(domain, device) : NULL;

	if (disk)
		make_old(&disk->age, to);
	else if (domain)
		make_old(&domain->age, to);
}

void moat_scan_spoil_served(struct moat_scan *scan, unsigned int domid,
			    enum moat_scan_age age)
{
	for (size_t i = 0; i < scan->count; i++)
		for (size_t k = 0; k < scan->domains[i].count; k++)
			if (scan->domains[i].disks[k].view.backend == domid)
				make_old(&scan->domains[i].disks[k].age, age);
}

static void hurry(enum moat_scan_age *age)
{
	if (*age == MOAT_SCAN_OLD)
		*age = MOAT_SCAN_WRONG;
}

void moat_scan_hurry(struct moat_scan *scan)
{
	for (size_t i = 0; i < scan->count; i++) {
		struct moat_scan_domain *domain = &scan->domains[i];

		hurry(&domain->age);
		for (size_t k = 0; k < domain->count; k++)
			hurry(&domain->disks[k].age);
	}
}

void moat_scan_spoil_name(struct moat_scan *scan, unsigned int domid)
{
	struct moat_scan_domain *domain = moat_scan_find(scan, domid);

	if (domain)
		domain->named = false;
}

void moat_scan_spoil_disk(struct moat_scan *scan, unsigned int app, unsigned int device)
{
	make_disk_old(scan, app, device, MOAT_SCAN_WRONG);
}

void moat_scan_heard(struct moat_scan *scan, const char *path)
{
	unsigned int domid, app, device;
	int at = 0;

	if (sscanf(path, "/local/domain/%u%n", &domid, &at) != 1)
		return;
	path += at;
	if (sscanf(path, "/backend/vbd/%u/%u", &app, &device) == 2) {
		make_disk_old(scan, app, device, MOAT_SCAN_OLD);
	} else if (sscanf(path, "/backend/vbd/%u", &app) == 1) {
		make_all_old(scan, app);
	} else if (!*path || strcmp(path, "/backend") == 0 ||
		   strcmp(path, "/backend/vbd") == 0) {
		make_all_old(scan, domid);
		moat_scan_spoil_served(scan, domid, MOAT_SCAN_OLD);
	} else if (sscanf(path, "/device/vbd/%u", &device) == 1) {
		make_disk_old(scan, domid, device, MOAT_SCAN_OLD);
	} else if (strcmp(path, "/device") == 0 || strcmp(path, "/device/vbd") == 0) {
		make_all_old(scan, domid);
	}
	if (!*path || strcmp(path, "/name") == 0)
		moat_scan_spoil_name(scan, domid);
}
