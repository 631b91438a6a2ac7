/* SPDX-License-Identifier: GPL-2.0 */
/*
 * One moatd a host: two would each undo what the other does, whatever sockets and
 * configurations they have.
 */
#ifndef MOATD_OWNER_H
#define MOATD_OWNER_H

#include "xs.h"

/**
 * moat_owner_claim() - be the one
 * @xs: where it is written down, as /moat/owner
 * @other: set to the process id of the one that is, after -EBUSY
 *
 * Nothing has to be given back: who has ended owns nothing.
 *
 * Return: 0, -EBUSY, or other -errno.
 */
int moat_owner_claim(struct moat_xs *xs, int *other);

#endif
