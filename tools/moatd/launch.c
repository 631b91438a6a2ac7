// SPDX-License-Identifier: GPL-2.0
/*
 * Processes that make and unmake domains, and give them their devices: xl, moat-create
 * and, where libxl cannot, moatd itself.
 */
#include "launch.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../lib/file.h"
#include "../lib/log.h"
#include "note.h"
#include "strip.h"

#define CREATE_MS 120000
#define REPLACE_MS 60000
#define DESTROY_MS 20000
#define ATTACH_MS 30000
#define WORDS_MAX 16

static struct moat_xs *xs_of(struct moat_unit *u)
{
	return &u->daemon->xs;
}

static const char *name_of(const struct moat_unit *u)
{
	return u->storage->name;
}

static unsigned int domid_of(const struct moat_unit *u, enum moat_role role)
{
	return u->view.domain[role].domid;
}

static int start(struct moat_unit *u, enum moat_role role, enum moat_job job,
		 char *const argv[], msec span)
{
	int err = moat_process_start(&u->process[role], xs_of(u),
				     &u->daemon->loop, job, argv,
				     moat_now() + span);

	if (err) {
		moat_err("%s: cannot start %s: %s", name_of(u), argv[0],
			 strerror(-err));
		moat_slot_job_ended(&u->slot, role, job, false, moat_now());
	}
	return err;
}

bool moat_is_gone(struct moat_unit *u, unsigned int domid)
{
	const struct moat_hyper_domain *list;
	int count = moat_hyper_list(u->daemon->hyper, &list);

	for (int i = 0; i < count; i++)
		if (list[i].domid == domid)
			return false;
	return count >= 0;
}

/* From here on it does nothing, and libxl finds no device to unplug gracefully. */
static void disarm(struct moat_unit *u, unsigned int domid)
{
	int err = moat_hyper_pause(u->daemon->hyper, domid);

	if (err)
		moat_warn("%s: domain %u cannot be paused: %s", name_of(u),
			  domid, strerror(-err));
	err = moat_strip_domain(xs_of(u), domid);
	if (err)
		moat_warn("%s: PCI devices of domain %u: %s", name_of(u), domid,
			  strerror(-err));
}

int moat_launch_destroy(struct moat_unit *u, enum moat_role role)
{
	unsigned int domid = domid_of(u, role);
	bool again = u->slot.failed[role] == MOAT_JOB_DESTROY;
	char number[16], *argv[4] = { u->daemon->config.xl, "destroy", number };

	/* the look may be of a moment ago */
	if (moat_is_gone(u, domid))
		return -EAGAIN;
	u->doomed[role] = domid;
	snprintf(number, sizeof(number), "%u", domid);
	disarm(u, domid);
	if (again) {
		/* where libxl cannot, for want of its own nodes, Xen still can */
		argv[0] = "/proc/self/exe";
		argv[1] = "--destroy";
	}
	return start(u, role, MOAT_JOB_DESTROY, argv, DESTROY_MS);
}

/* A creation: "first" is the program, and its words before the configuration. */
struct order {
	enum moat_role role;
	enum moat_job job;
	msec span;
	bool placeholder;	/* by moat-create, which waits for pciback */
	bool bare;		/* without devices: with them it has failed */
	unsigned int holder;	/* whose devices it gets, too */
	char *const *first;
};

/* Will a domain that is ordered find a device free? */
static bool is_to_be_had(const struct order *o, const struct moat_view_pci *pci)
{
	return moat_device_is_free(pci) || (o->holder && pci->domid == o->holder) ||
	       (o->placeholder && pci->busy && pci->assignable);
}

/* pci=["0000:00:04.0,permissive=1", ...] of those that are to be had. Return: how many. */
static size_t list_devices(const struct moat_unit *u, const struct order *o, char *text,
			   size_t size)
{
	const struct moat_storage *st = u->storage;
	size_t used = snprintf(text, size, "pci=["), count = 0;

	for (size_t i = 0; i < st->pcis && used < size; i++)
		if (is_to_be_had(o, &u->view.pci[i]))
			used += snprintf(text + used, size - used, "%s\"%s%s\"",
					 count++ ? ", " : "", st->pci[i],
					 st->permissive ? ",permissive=1" : "");
	if (used < size)
		snprintf(text + used, size - used, "]");
	return count;
}

/* What a domain is called and known by; noted before it is made. */
static int name_domain(struct moat_unit *u, enum moat_role role, bool placeholder,
		       char *name, char *uuid, size_t size)
{
	char *id, *end;
	int err = moat_file_read("/proc/sys/kernel/random/uuid", &id);

	if (err)
		return err;
	end = strchr(id, '\n');
	if (end)
		*end = '\0';
	snprintf(name, size, "name=\"%s%s\"", name_of(u),
		 role == MOAT_STANDBY ? "-standby" : "");
	snprintf(uuid, size, "uuid=\"%s\"", id);
	err = moat_note(u, id, role == MOAT_STANDBY ? "made-1" : "made-0");
	if (!err && role == MOAT_STANDBY)
		err = moat_note_number(u, moat_now(), "standby-made");
	if (!err && placeholder)
		err = moat_note(u, id, "placeholder");
	free(id);
	return err;
}

/*
 * A domain under its own name is created with its devices: that is one scan of
 * its PCI bus, while it boots. A standby gets them when its time comes.
 */
static int create(struct moat_unit *u, const struct order *o)
{
	const struct moat_storage *st = u->storage;
	char name[80], uuid[80], devices[48 * MOAT_PCI_MAX];
	char *argv[WORDS_MAX] = { NULL };
	size_t n = 0;
	int err = name_domain(u, o->role, o->placeholder, name, uuid, sizeof(name));

	if (err)
		return err;
	while (o->first[n]) {
		argv[n] = o->first[n];
		n++;
	}
	argv[n++] = st->config;
	argv[n++] = name;
	argv[n++] = uuid;
	argv[n++] = "on_crash=\"preserve\"";
	if (o->role == MOAT_ACTIVE && !o->bare &&
	    list_devices(u, o, devices, sizeof(devices))) {
		argv[n++] = devices;
	} else if (st->pcis) {
		argv[n++] = "passthrough=\"enabled\"";
		argv[n++] = "e820_host=1";
	}
	return start(u, o->role, o->job, argv, o->span);
}

int moat_launch_create(struct moat_unit *u, enum moat_role role)
{
	char *const first[] = { u->daemon->config.xl, "create", "-q", "-e", NULL };
	const struct order o = {
		.role = role, .job = MOAT_JOB_CREATE, .span = CREATE_MS, .first = first,
	};

	return create(u, &o);
}

int moat_launch_recreate(struct moat_unit *u)
{
	enum moat_job failed = u->slot.failed[MOAT_ACTIVE];
	char domid[16];
	char *const first[] = { u->daemon->config.moat_create, "--xl",
				u->daemon->config.xl, "--domid", domid, NULL };
	const struct order o = {
		.role = MOAT_ACTIVE, .job = MOAT_JOB_CREATE, .span = CREATE_MS,
		.placeholder = true, .first = first,
		.bare = failed == MOAT_JOB_CREATE || failed == MOAT_JOB_REPLACE,
	};

	snprintf(domid, sizeof(domid), "%u", u->view.recorded);
	return create(u, &o);
}

int moat_launch_replace(struct moat_unit *u)
{
	unsigned int old = domid_of(u, MOAT_ACTIVE);
	const struct moat_scan_domain *known = moat_scan_find(&u->daemon->scan, old);
	char domid[16], uuid[MOAT_UUID_SIZE];
	char *const first[] = { u->daemon->config.moat_create, "--xl",
				u->daemon->config.xl, "--domid", domid, "--replace", uuid,
				NULL };
	const struct order o = {
		.role = MOAT_ACTIVE, .job = MOAT_JOB_REPLACE, .span = REPLACE_MS,
		.placeholder = true, .holder = old, .first = first,
	};

	if (!known || moat_is_gone(u, old))
		return -EAGAIN;
	snprintf(domid, sizeof(domid), "%u", old);
	memcpy(uuid, known->xen.uuid, sizeof(uuid));
	disarm(u, old);
	return create(u, &o);
}

int moat_launch_assign(struct moat_unit *u, size_t index)
{
	char *argv[] = { u->daemon->config.xl, "pci-assignable-add",
			 u->storage->pci[index], NULL };

	return start(u, MOAT_ACTIVE, MOAT_JOB_ASSIGN, argv, ATTACH_MS);
}

int moat_launch_attach(struct moat_unit *u, size_t index)
{
	char domid[16], device[48];
	char *argv[] = { u->daemon->config.xl, "pci-attach", domid, device,
			 NULL };

	snprintf(domid, sizeof(domid), "%u", domid_of(u, MOAT_ACTIVE));
	snprintf(device, sizeof(device), "%s%s", u->storage->pci[index],
		 u->storage->permissive ? ",permissive=1" : "");
	return start(u, MOAT_ACTIVE, MOAT_JOB_ATTACH, argv, ATTACH_MS);
}
