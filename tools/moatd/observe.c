// SPDX-License-Identifier: GPL-2.0
/*
 * A view of one storage domain, from the scan of the host and from what only concerns
 * it: its notes, its two domains, its devices. What is read here twice, once for each
 * of two decisions, is read twice on purpose.
 */
#include "observe.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <moat/keys.h>

static const struct moat_hyper_domain *find(const struct moat_unit *u,
					    unsigned int domid)
{
	const struct moat_scan_domain *d = moat_scan_find(&u->daemon->scan, domid);

	return d ? &d->xen : NULL;
}

static struct moat_xs *xs_of(struct moat_unit *u)
{
	return &u->daemon->xs;
}

/* --- what moatd has written down --------------------------------------- */

static uint64_t noted(struct moat_unit *u, const char *key)
{
	return moat_xs_number(xs_of(u), 0, MOAT_ROOT "/%s/%s",
			      u->storage->name, key);
}

/* Numbers separated by spaces; the text is cut up. Return: how many. */
static size_t read_numbers(char *text, uint64_t *to, size_t room)
{
	char *word, *rest = text;
	size_t count = 0;

	while (text && count < room && (word = strsep(&rest, " ")) != NULL)
		if (*word)
			to[count++] = strtoull(word, NULL, 10);
	return count;
}

/* The same of a note. */
static size_t noted_numbers(struct moat_unit *u, const char *key, uint64_t *to,
			    size_t room)
{
	char *text = moat_xs_get(xs_of(u), MOAT_ROOT "/%s/%s", u->storage->name,
				 key);
	size_t count = read_numbers(text, to, room);

	free(text);
	return count;
}

/* "WHY OLD BEGUN DETECT PHASE... PROBES"; one node, for it is read often. */
static void read_recovery(struct moat_unit *u)
{
	struct moat_view_recovery *r = &u->view.recovery;
	char *text = moat_xs_get(xs_of(u), MOAT_ROOT "/%s/recovery",
				 u->storage->name);
	uint64_t numbers[4 + MOAT_PHASES] = { 0 };
	char *rest = text, *why = text ? strsep(&rest, " ") : NULL;

	if (why && *why) {
		r->on = true;
		r->why = moat_why_parse(why);
		read_numbers(rest, numbers, 4 + MOAT_PHASES);
		r->old = numbers[0];
		r->begun = numbers[1];
		r->detect = numbers[2];
		memcpy(r->phase, numbers + 3, sizeof(r->phase));
		r->probes = numbers[3 + MOAT_PHASES];
	}
	free(text);
}

static void read_past(struct moat_unit *u)
{
	uint64_t past[64];

	u->pasts = noted_numbers(u, "past", past, 64);
	for (size_t i = 0; i < u->pasts; i++)
		u->past[i] = past[i];
}

static void read_wish(struct moat_unit *u)
{
	char *wish = moat_xs_get(xs_of(u), MOAT_ROOT "/%s/wish",
				 u->storage->name);
	char word[16];

	if (wish && sscanf(wish, "%15s %" SCNu64, word, &u->view.wish_at) == 2)
		u->view.wish = strcmp(word, "restart") == 0 ?
				       MOAT_WISH_RESTART :
			       strcmp(word, "upgrade") == 0 ?
				       MOAT_WISH_UPGRADE : MOAT_WISH_NONE;
	free(wish);
}

static void read_deaths(struct moat_unit *u)
{
	uint64_t numbers[3] = { 0 };

	noted_numbers(u, "standby-deaths", numbers, 3);
	u->view.standby_deaths = numbers[0];
	u->view.standby_died = numbers[1];
	u->dead_standby = numbers[2];
}

static void read_notes(struct moat_unit *u)
{
	struct moat_view *v = &u->view;

	v->recorded = noted(u, "domid");
	v->gave_up = noted(u, "gave-up");
	v->maintenance = noted(u, "maintenance");
	v->standby_made = noted(u, "standby-made");
	v->held = noted(u, "held");
	v->crash_count = noted_numbers(u, "crashes", v->crashes,
				       MOAT_CRASHES_MAX);
	read_recovery(u);
	read_past(u);
	read_wish(u);
	read_deaths(u);
	for (int i = 0; i < MOAT_ROLES; i++) {
		v->job[i] = u->process[i].job;
		v->killed[i] = u->process[i].killed_at;
	}
}

/* --- the two domains --------------------------------------------------- */

static unsigned int domid_of_name(const struct moat_unit *u, const char *suffix)
{
	const struct moat_scan *scan = &u->daemon->scan;
	char name[64];

	snprintf(name, sizeof(name), "%s%s", u->storage->name, suffix);
	for (size_t i = 0; i < scan->count; i++) {
		const struct moat_scan_domain *d = &scan->domains[i];

		if (d->xen.domid && d->name && strcmp(d->name, name) == 0)
			return d->xen.domid;
	}
	return 0;
}

static void read_health(struct moat_unit *u, struct moat_view_domain *d)
{
	char *text = moat_xs_get(xs_of(u), "/local/domain/%u/" MOAT_KEY_HEALTH,
				 d->domid);

	if (text && sscanf(text, "%" SCNu64 " %" SCNu64, &d->poller,
			   &d->device) != 2)
		d->poller = d->device = 0;
	free(text);
}

/* What it writes each second; before that, what it was given to do so. */
static void read_beat(struct moat_unit *u, struct moat_view_domain *d)
{
	int vcpus = moat_hyper_vcpus(u->daemon->hyper, d->domid, d->vcpu,
				     MOAT_VCPUS_MAX);

	d->vcpus = vcpus > 0 ? vcpus : 0;
	d->counted_at = moat_now();
	d->heartbeat = moat_xs_number(xs_of(u), 0,
				      "/local/domain/%u/" MOAT_KEY_HEARTBEAT,
				      d->domid);
	read_health(u, d);
}

/* Is a note the domain's uuid? */
static bool is_uuid(struct moat_unit *u, const struct moat_hyper_domain *h, const char *key)
{
	return moat_xs_is(xs_of(u), h->uuid, MOAT_ROOT "/%s/%s", u->storage->name, key);
}

/* "DOMID WHY UUID"; an earlier moatd wrote no uuid. */
static bool is_condemned(struct moat_unit *u, const struct moat_hyper_domain *h)
{
	char *text = moat_xs_get(xs_of(u), MOAT_ROOT "/%s/condemned", u->storage->name);
	char uuid[MOAT_UUID_SIZE] = "";
	unsigned int domid;
	bool condemned;

	condemned = text && sscanf(text, "%u %*s %36s", &domid, uuid) >= 1 &&
		    domid == h->domid && (!*uuid || strcmp(uuid, h->uuid) == 0);
	free(text);
	return condemned;
}

static void read_domain(struct moat_unit *u, enum moat_role role,
			unsigned int domid)
{
	const struct moat_hyper_domain *h = find(u, domid);
	struct moat_view_domain *d = &u->view.domain[role];

	if (!h)
		return;
	d->domid = domid;
	d->ended = h->ended && !h->suspended;
	d->crashed = h->crashed;
	d->suspended = h->suspended;
	d->paused = h->paused;
	d->ready = moat_xs_is(xs_of(u), "ready",
			      "/local/domain/%u/" MOAT_KEY_STATE, domid);
	d->condemned = is_condemned(u, h);
	read_beat(u, d);
}

/* "/vm/UUID" */
static bool is_vm(struct moat_unit *u, const char *vm, const char *key)
{
	char *uuid = moat_xs_get(xs_of(u), MOAT_ROOT "/%s/%s", u->storage->name,
				 key);
	bool same = uuid && strcmp(vm + strlen("/vm/"), uuid) == 0;

	free(uuid);
	return same;
}

/*
 * A name is anybody's. A domain is ours if we have made it, or a person said so,
 * or if it shows that it is Moat's.
 */
static bool is_moats(struct moat_unit *u, enum moat_role role, unsigned int domid)
{
	char *vm = moat_xs_get(xs_of(u), "/local/domain/%u/vm", domid);
	bool ours = moat_job_creates(u->view.job[role]) ||
		    (vm && strncmp(vm, "/vm/", 4) == 0 &&
		     (is_vm(u, vm, "made-0") || is_vm(u, vm, "made-1") ||
		      is_vm(u, vm, "adopted")));

	free(vm);
	return ours || moat_xs_exists(xs_of(u), "/local/domain/%u/"
				      MOAT_KEY_VERSION, domid);
}

/* The one of that name, or 0 if it is none of ours. */
static unsigned int ours_of_name(struct moat_unit *u, enum moat_role role)
{
	unsigned int domid = domid_of_name(u, role == MOAT_STANDBY ?
						 "-standby" : "");

	if (!domid || (domid == u->view.recorded && !u->view.stranger) ||
	    is_moats(u, role, domid))
		return domid;
	u->view.foreign[role] = domid;
	return 0;
}

/*
 * The domain that was written down. A domid is given again, by Xen to anybody and by us
 * to a successor: whoever has it is known by the uuid.
 */
static const struct moat_hyper_domain *find_recorded(struct moat_unit *u, bool *anew)
{
	const struct moat_hyper_domain *h = find(u, u->view.recorded);

	if (!h || is_uuid(u, h, "uuid"))
		return h;
	*anew = true;
	if (is_uuid(u, h, "made-0") ||
	    !moat_xs_exists(xs_of(u), MOAT_ROOT "/%s/uuid", u->storage->name))
		return h;
	u->view.stranger = true;
	return NULL;
}

/*
 * The active domain is the one written down, whatever its name: on its way out
 * a domain loses its name before it is gone.
 */
static void read_domains(struct moat_unit *u)
{
	bool anew = false;
	const struct moat_hyper_domain *recorded = find_recorded(u, &anew);
	unsigned int active = recorded ? recorded->domid : ours_of_name(u, MOAT_ACTIVE);
	unsigned int standby = ours_of_name(u, MOAT_STANDBY);

	read_domain(u, MOAT_ACTIVE, active);
	u->view.domain[MOAT_ACTIVE].anew = recorded && anew;
	u->view.domain[MOAT_ACTIVE].placeholder =
		recorded && is_uuid(u, recorded, "placeholder");
	if (standby != active)
		read_domain(u, MOAT_STANDBY, standby);
}

/* --- PCI devices ------------------------------------------------------- */

static bool holds(struct moat_unit *u, unsigned int domid, const char *bdf)
{
	static const char base[] = "/local/domain/0/backend/pci";
	unsigned int count;
	char **keys = moat_xs_list(xs_of(u), &count, "%s/%u/0", base, domid);
	bool held = false;

	for (unsigned int i = 0; i < count && !held; i++)
		held = strncmp(keys[i], "dev-", 4) == 0 &&
		       moat_xs_is(xs_of(u), bdf, "%s/%u/0/%s", base, domid,
				  keys[i]);
	free(keys);
	return held;
}

/* Who has a device: the active domain, as a rule. 0: nobody. */
static unsigned int holder_of(struct moat_unit *u, char **holders, unsigned int count,
			      const char *bdf)
{
	unsigned int active = u->view.domain[MOAT_ACTIVE].domid;

	if (active && holds(u, active, bdf))
		return active;
	for (unsigned int i = 0; i < count; i++) {
		unsigned int domid = strtoul(holders[i], NULL, 10);

		if (domid != active && holds(u, domid, bdf))
			return domid;
	}
	return 0;
}

/* Is pciback still busy with a domain that has no device any more? */
static bool pciback_busy(char **holders, unsigned int count)
{
	unsigned int domids[32];
	size_t busy = moat_hyper_pci_domains(domids, 32);

	for (size_t k = 0; k < busy; k++) {
		bool known = false;

		for (unsigned int i = 0; i < count && !known; i++)
			known = strtoul(holders[i], NULL, 10) == domids[k];
		if (!known)
			return true;
	}
	return false;
}

static bool no_jobs(const struct moat_view *v)
{
	return v->job[MOAT_ACTIVE] == MOAT_JOB_NONE &&
	       v->job[MOAT_STANDBY] == MOAT_JOB_NONE;
}

/* libxl's own note of who has a device: "0000-00-04-0". */
static bool libxl_remembers(struct moat_unit *u, const char *bdf)
{
	char name[16];

	snprintf(name, sizeof(name), "%s", bdf);
	for (char *c = name; *c; c++)
		if (*c == ':' || *c == '.')
			*c = '-';
	return moat_xs_exists(xs_of(u), "/libxl/pci/%s/domid", name);
}

static bool is_own(const struct moat_unit *u, unsigned int domid)
{
	return domid == u->view.domain[MOAT_ACTIVE].domid ||
	       domid == u->view.domain[MOAT_STANDBY].domid ||
	       domid == u->view.recorded || domid == u->view.recovery.old;
}

static void read_pci(struct moat_unit *u)
{
	unsigned int count;
	char **holders = moat_xs_list(xs_of(u), &count,
				      "/local/domain/0/backend/pci");
	bool busy = pciback_busy(holders, count);

	u->view.pcis = u->storage->pcis;
	for (size_t k = 0; k < u->view.pcis; k++) {
		struct moat_view_pci *pci = &u->view.pci[k];
		const char *bdf = u->storage->pci[k];

		pci->assignable = moat_hyper_pci_assignable(bdf);
		pci->domid = holder_of(u, holders, count, bdf);
		pci->busy = !pci->domid && busy;
		pci->absent = !pci->domid && !moat_hyper_pci_exists(bdf);
		pci->foreign = find(u, pci->domid) && !is_own(u, pci->domid);
		/* a job may be in the middle of changing that */
		pci->stale = no_jobs(&u->view) &&
			     (pci->domid ? !find(u, pci->domid) :
					   libxl_remembers(u, bdf));
	}
	free(holders);
}

/* --- disks ------------------------------------------------------------- */

/* Verdicts that a VM caused within the window. */
static unsigned int complaints_of(struct moat_unit *u, const char *vm)
{
	uint64_t when[MOAT_CRASHES_MAX];
	char key[16 + MOAT_VM_MAX];
	unsigned int recent = 0;
	size_t count;

	snprintf(key, sizeof(key), "complaints/%s", vm);
	count = noted_numbers(u, key, when, MOAT_CRASHES_MAX);
	for (size_t i = 0; i < count; i++)
		recent += moat_now() - when[i] <= MOAT_COMPLAINT_WINDOW_MS;
	return recent;
}

/* Whose word it is, and what it is worth: by the VM, which outlives its domains. */
static void read_account(struct moat_unit *u, struct moat_view_disk *disk)
{
	char *vm = moat_xs_get(xs_of(u), "/local/domain/%u/vm", disk->app);
	const char *uuid = vm ? strrchr(vm, '/') : NULL;

	if (uuid && uuid[1])
		snprintf(disk->vm, sizeof(disk->vm), "%s", uuid + 1);
	else
		snprintf(disk->vm, sizeof(disk->vm), "%u", disk->app);
	free(vm);
	disk->complaints = complaints_of(u, disk->vm);
}

static bool is_anothers(const struct moat_unit *u, unsigned int backend)
{
	for (size_t i = 0; i < u->daemon->config.count; i++) {
		const struct moat_unit *other = &u->daemon->units[i];

		if (other != u && other->view.domain[MOAT_ACTIVE].domid == backend)
			return true;
	}
	return false;
}

static bool is_ours(const struct moat_unit *u, unsigned int backend)
{
	if (backend == u->view.domain[MOAT_ACTIVE].domid)
		return true;
	if (is_anothers(u, backend))
		return false;
	if (backend == u->view.recorded)
		return true;
	for (size_t i = 0; i < u->pasts; i++)
		if (u->past[i] == backend)
			return true;
	return false;
}

/* What is remembered of a disk. Both lists are in xenstore's order, mostly. */
static void carry_over(const struct moat_unit *u, struct moat_view_disk *disk)
{
	for (size_t i = 0; i < u->olds; i++) {
		size_t at = (u->view.count - 1 + i) % u->olds;

		if (u->old[at].app != disk->app ||
		    u->old[at].device != disk->device)
			continue;
		disk->kept = u->old[at].kept;
		return;
	}
}

static struct moat_view_disk *new_disk(struct moat_unit *u)
{
	struct moat_view *v = &u->view;

	if (v->count == u->room) {
		size_t room = u->room ? u->room * 2 : 16;
		struct moat_view_disk *more;

		more = realloc(v->disks, room * sizeof(*more));
		if (!more)
			return NULL;
		v->disks = more;
		u->room = room;
	}
	memset(&v->disks[v->count], 0, sizeof(*v->disks));
	return &v->disks[v->count++];
}

/* One disk of an application domain, which is ours. */
static int add_disk(struct moat_unit *u, const struct moat_hyper_domain *app,
		    const struct moat_view_disk *known)
{
	struct moat_view_disk *disk = new_disk(u);

	if (!disk)
		return -ENOMEM;
	*disk = *known;
	carry_over(u, disk);
	/* whoever has the domid of a past domain has no such directory */
	disk->orphan = !find(u, disk->backend) ||
		       (disk->torn && disk->backend != u->view.domain[MOAT_ACTIVE].domid);
	disk->awake = !app->ended && !app->paused;
	if (disk->trouble != MOAT_TROUBLE_IS_NONE)
		read_account(u, disk);
	return 0;
}

static int add_disks(struct moat_unit *u)
{
	const struct moat_scan *scan = &u->daemon->scan;
	int err = 0;

	for (size_t i = 0; i < scan->count; i++) {
		const struct moat_scan_domain *d = &scan->domains[i];

		for (size_t k = 0; k < d->count && !err; k++)
			if (d->disks[k].is_disk && is_ours(u, d->disks[k].view.backend))
				err = add_disk(u, &d->xen, &d->disks[k].view);
	}
	return err;
}

/* A new view, with the disks of the last one at hand. */
static void turn_over(struct moat_unit *u)
{
	struct moat_view_disk *disks = u->old;
	size_t room = u->old_room;

	u->old = u->view.disks;
	u->olds = u->view.count;
	u->old_room = u->room;
	u->room = room;
	u->view = (struct moat_view) { .disks = disks };
}

int moat_observe(struct moat_unit *unit)
{
	int err = moat_scan_update(&unit->daemon->scan, xs_of(unit),
				   unit->daemon->hyper, moat_now());

	if (err)
		return err;
	turn_over(unit);
	read_notes(unit);
	read_domains(unit);
	read_pci(unit);
	return add_disks(unit);
}

void moat_observe_beats(struct moat_unit *unit)
{
	for (int role = 0; role < MOAT_ROLES; role++)
		if (unit->beat[role] && unit->view.domain[role].domid)
			read_beat(unit, &unit->view.domain[role]);
}
