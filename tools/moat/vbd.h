/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The disks that xenstore knows of, each with the directories of its halves.
 *
 * A front end's directory belongs to the application domain, which may write
 * anything into its "backend" key. It is believed only where it leads to a
 * back-end directory for this very disk: we write there, with our rights.
 */
#ifndef MOAT_VBD_H
#define MOAT_VBD_H

#include "core/vdev.h"
#include "xstore.h"

#include <stdbool.h>

enum moat_half {
	MOAT_HALF_FRONT,
	MOAT_HALF_BACK,
	MOAT_HALVES,
};

extern const char * const moat_half_names[MOAT_HALVES];

/**
 * struct moat_vbd - a disk
 * @number: its virtual device number
 * @name: xvda and so on; the number, if it is in no known encoding
 * @half: its halves' domains and directories; a back end that is not there,
 *	  or is not believed, has no directory (NULL)
 */
struct moat_vbd {
	unsigned int number;
	char name[MOAT_VDEV_NAME];
	struct {
		unsigned int domid;
		char *domain;
		char *dir;
	} half[MOAT_HALVES];
};

/**
 * moat_vbd_number() - a decimal number that is the whole text
 * @text: the text
 * @number: written only on success
 *
 * Return: whether it is one.
 */
bool moat_vbd_number(const char *text, unsigned int *number);

/**
 * moat_vbd_backend() - may a "backend" key be believed?
 * @path: what it says
 * @domid: the application domain
 * @number: its disk
 * @back: set to the back end's domain
 *
 * Return: whether @path is a back-end directory for this disk.
 */
bool moat_vbd_backend(const char *path, unsigned int domid,
		      unsigned int number, unsigned int *back);

/**
 * moat_vbd_list() - all disks of all domains
 * @xs: the connection
 * @list: set to them, to be given back with moat_vbd_free()
 *
 * What goes away meanwhile is left out.
 *
 * Return: their number, or -errno.
 */
int moat_vbd_list(struct xs_handle *xs, struct moat_vbd **list);
void moat_vbd_free(struct moat_vbd *list, int count);

/**
 * moat_vbd_find() - one disk, or say on stderr why not
 * @xs: the connection
 * @domain: name or number
 * @vdev: name or number
 * @vbd: set to it; to be given back with moat_vbd_deinit()
 *
 * Return: 0, or -errno.
 */
int moat_vbd_find(struct xs_handle *xs, const char *domain, const char *vdev,
		  struct moat_vbd *vbd);
void moat_vbd_deinit(struct moat_vbd *vbd);

/**
 * moat_vbd_domid() - number of a domain
 * @xs: the connection
 * @domain: its name, or its number
 * @domid: written only on success
 *
 * Return: 0, -ENOENT if there is none, or -errno.
 */
int moat_vbd_domid(struct xs_handle *xs, const char *domain,
		   unsigned int *domid);

#endif
