// SPDX-License-Identifier: GPL-2.0
/*
 * Finding disks in xenstore.
 */
#include "vbd.h"

#include "lib/log.h"
#include "text.h"

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define DOMAINS "/local/domain"
#define PATH_BYTES 256

const char * const moat_half_names[MOAT_HALVES] = { "front", "back" };

bool moat_vbd_number(const char *text, unsigned int *number)
{
	unsigned long value;
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno || *end || value > UINT_MAX)
		return false;
	*number = (unsigned int)value;
	return true;
}

bool moat_vbd_backend(const char *path, unsigned int domid,
		      unsigned int number, unsigned int *back)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyz0123456789";
	char expected[PATH_BYTES], type[32];
	unsigned int found;

	/* take it apart, put it together again, compare: no second spelling */
	if (sscanf(path, DOMAINS "/%u/backend/%31[^/]/", &found, type) != 2 ||
	    strspn(type, allowed) != strlen(type))
		return false;
	snprintf(expected, sizeof(expected), DOMAINS "/%u/backend/%s/%u/%u",
		 found, type, domid, number);
	if (strcmp(path, expected) != 0)
		return false;
	*back = found;
	return true;
}

/* A domain's name; its number if it has none. */
static char *domain_name(struct xs_handle *xs, unsigned int domid)
{
	char dir[PATH_BYTES], *name;

	snprintf(dir, sizeof(dir), DOMAINS "/%u", domid);
	name = moat_xstore_read(xs, XBT_NULL, dir, "name");
	if (name && *name)
		return name;
	free(name);
	return asprintf(&name, "%u", domid) < 0 ? NULL : name;
}

static void name_disk(struct moat_vbd *vbd)
{
	struct moat_vdev parts;

	if (moat_vdev_parse(vbd->number, &parts) == 0)
		moat_vdev_name(&parts, vbd->name);
	else
		snprintf(vbd->name, sizeof(vbd->name), "%u", vbd->number);
}

void moat_vbd_deinit(struct moat_vbd *vbd)
{
	for (int i = 0; i < MOAT_HALVES; i++) {
		free(vbd->half[i].domain);
		free(vbd->half[i].dir);
	}
	memset(vbd, 0, sizeof(*vbd));
}

/* Return: 0, or -ENOENT if it is gone. */
static int load(struct xs_handle *xs, unsigned int domid, unsigned int number,
		struct moat_vbd *vbd)
{
	unsigned int back = 0;
	char *path;

	memset(vbd, 0, sizeof(*vbd));
	vbd->number = number;
	name_disk(vbd);
	vbd->half[MOAT_HALF_FRONT].domid = domid;
	if (asprintf(&vbd->half[MOAT_HALF_FRONT].dir,
		     DOMAINS "/%u/device/vbd/%u", domid, number) < 0) {
		vbd->half[MOAT_HALF_FRONT].dir = NULL;
		return -ENOMEM;
	}
	path = moat_xstore_read(xs, XBT_NULL, vbd->half[MOAT_HALF_FRONT].dir,
				"backend");
	if (!path) {
		moat_vbd_deinit(vbd);
		return -ENOENT;
	}
	vbd->half[MOAT_HALF_FRONT].domain = domain_name(xs, domid);
	if (!moat_vbd_backend(path, domid, number, &back)) {
		free(path);
		return 0;
	}
	vbd->half[MOAT_HALF_BACK].domid = back;
	vbd->half[MOAT_HALF_BACK].domain = domain_name(xs, back);
	vbd->half[MOAT_HALF_BACK].dir = path;
	return 0;
}

/* --- all of them --------------------------------------------------------- */

struct list {
	struct moat_vbd *disks;
	int count, room;
};

static int append(struct list *list, const struct moat_vbd *vbd)
{
	if (list->count == list->room) {
		int room = list->room ? list->room * 2 : 16;
		void *disks = realloc(list->disks, room * sizeof(*vbd));

		if (!disks)
			return -ENOMEM;
		list->disks = disks;
		list->room = room;
	}
	list->disks[list->count++] = *vbd;
	return 0;
}

static int list_domain(struct xs_handle *xs, unsigned int domid,
		       struct list *list)
{
	unsigned int count = 0, number;
	char dir[PATH_BYTES], **names;
	int err = 0;

	snprintf(dir, sizeof(dir), DOMAINS "/%u/device/vbd", domid);
	names = xs_directory(xs, XBT_NULL, dir, &count);
	for (unsigned int i = 0; names && i < count && !err; i++) {
		struct moat_vbd vbd;

		if (!moat_vbd_number(names[i], &number) ||
		    load(xs, domid, number, &vbd))
			continue;
		err = append(list, &vbd);
		if (err)
			moat_vbd_deinit(&vbd);
	}
	free(names);
	return err;
}

/* Domains and disks in the order of their numbers, not as text sorts them. */
static int compare(const void *a, const void *b)
{
	const struct moat_vbd *x = a, *y = b;
	unsigned int dx = x->half[MOAT_HALF_FRONT].domid;
	unsigned int dy = y->half[MOAT_HALF_FRONT].domid;

	if (dx != dy)
		return dx < dy ? -1 : 1;
	return x->number < y->number ? -1 : x->number > y->number;
}

int moat_vbd_list(struct xs_handle *xs, struct moat_vbd **list)
{
	struct list found = { NULL, 0, 0 };
	unsigned int count = 0, domid;
	char **names = xs_directory(xs, XBT_NULL, DOMAINS, &count);
	int err = names ? 0 : -errno;

	for (unsigned int i = 0; i < count && !err; i++)
		if (moat_vbd_number(names[i], &domid))
			err = list_domain(xs, domid, &found);
	free(names);
	if (err) {
		moat_vbd_free(found.disks, found.count);
		return err;
	}
	if (found.count)
		qsort(found.disks, found.count, sizeof(*found.disks), compare);
	*list = found.disks;
	return found.count;
}

void moat_vbd_free(struct moat_vbd *list, int count)
{
	while (count)
		moat_vbd_deinit(&list[--count]);
	free(list);
}

/* --- one ------------------------------------------------------------------ */

int moat_vbd_domid(struct xs_handle *xs, const char *domain,
		   unsigned int *domid)
{
	unsigned int count = 0, number;
	bool by_number = moat_vbd_number(domain, &number);
	char **names = xs_directory(xs, XBT_NULL, DOMAINS, &count);
	int err = names ? -ENOENT : -errno;

	for (unsigned int i = 0; i < count && err; i++) {
		unsigned int id;
		char *name;

		if (!moat_vbd_number(names[i], &id))
			continue;
		name = domain_name(xs, id);
		if (name && (by_number ? id == number :
					 strcmp(name, domain) == 0)) {
			*domid = id;
			err = 0;
		}
		free(name);
	}
	free(names);
	return err;
}

/* "dev" is how the administrator spelt it: sda, where we say xvda. */
static bool is_called(struct xs_handle *xs, const struct moat_vbd *vbd,
		      const char *vdev)
{
	const char *dir = vbd->half[MOAT_HALF_BACK].dir;
	unsigned int number;
	char *dev;
	bool same;

	if (moat_vbd_number(vdev, &number))
		return number == vbd->number;
	if (strcmp(vbd->name, vdev) == 0)
		return true;
	dev = dir ? moat_xstore_read(xs, XBT_NULL, dir, "dev") : NULL;
	same = dev && strcmp(dev, vdev) == 0;
	free(dev);
	return same;
}

static int find(struct xs_handle *xs, unsigned int domid, const char *vdev,
		struct moat_vbd *vbd)
{
	struct list all = { NULL, 0, 0 };
	int err = list_domain(xs, domid, &all);
	int at = 0;

	while (!err && at < all.count && !is_called(xs, &all.disks[at], vdev))
		at++;
	if (!err && at == all.count)
		err = -ENOENT;
	if (!err) {
		*vbd = all.disks[at];
		all.disks[at] = all.disks[--all.count];
	}
	moat_vbd_free(all.disks, all.count);
	return err;
}

int moat_vbd_find(struct xs_handle *xs, const char *domain, const char *vdev,
		  struct moat_vbd *vbd)
{
	unsigned int domid;
	int err = moat_vbd_domid(xs, domain, &domid);

	if (err == -ENOENT) {
		moat_err("there is no domain '%s'", domain);
		return err;
	}
	if (!err)
		err = find(xs, domid, vdev, vbd);
	if (err == -ENOENT)
		moat_err("domain '%s' has no disk '%s'", domain, vdev);
	else if (err)
		moat_err("xenstore: %s", strerror(-err));
	return err;
}
