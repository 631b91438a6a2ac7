// SPDX-License-Identifier: GPL-2.0
/*
 * The note of who is moatd here: "PID STARTED", in the xenstore that it works on.
 */
#include "owner.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "job.h"

static const char path[] = "/moat/owner";

static int claim_in(struct moat_xs *xs, void *context)
{
	char *text = moat_xs_get(xs, "%s", path), mine[48];
	unsigned long long started = 0;
	int *other = context, pid = 0;
	bool busy;

	busy = text && sscanf(text, "%d %llu", &pid, &started) == 2 &&
	       pid > 0 && pid != getpid() && started &&
	       moat_process_started(pid) == started;
	free(text);
	if (busy) {
		*other = pid;
		return -EBUSY;
	}
	snprintf(mine, sizeof(mine), "%d %llu", getpid(),
		 moat_process_started(getpid()));
	return moat_xs_set(xs, mine, "%s", path);
}

int moat_owner_claim(struct moat_xs *xs, int *other)
{
	return moat_xs_transact(xs, claim_in, other);
}
