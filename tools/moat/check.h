/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the parts of moat check share: the machine, what is planned for it, and
 * the report they write.
 */
#ifndef MOAT_CHECK_H
#define MOAT_CHECK_H

#include "command.h"
#include "host.h"
#include "plan.h"
#include "report.h"
#include "xstore.h"

/**
 * struct moat_check - a check under way
 * @context: where moatd is
 * @host: the machine
 * @plan: what moatd.conf wants; empty if it cannot be read
 * @report: what was found so far
 * @info: what "xl info" said; NULL if it said nothing
 * @xs: xenstore; NULL if it cannot be reached
 * @disks: how many one storage domain serves at most; -1 if moatd does not say
 */
struct moat_check {
	const struct moat_context *context;
	struct moat_host host;
	struct moat_plan plan;
	struct moat_report report;
	char *info;
	struct xs_handle *xs;
	long disks;
};

/* Xen and dom0 themselves; sets @info and @xs. */
void moat_check_xen(struct moat_check *check);
/* moatd, and how its storage domains are; sets @disks. */
void moat_check_daemon(struct moat_check *check);
/* What else on the machine has a say: quotas, memory, xendomains. */
void moat_check_host(struct moat_check *check);
/* The devices that storage domains are to have. */
void moat_check_devices(struct moat_check *check);
/* The storage domains' own configuration, and their names. */
void moat_check_storages(struct moat_check *check);

/**
 * moat_check_info() - a value of "xl info"
 * @check: after moat_check_xen()
 * @name: in front of the colon
 * @value: filled in if it is there
 * @size: of @value
 *
 * Return: whether it is there.
 */
bool moat_check_info(const struct moat_check *check, const char *name,
		     char *value, size_t size);

/**
 * moat_check_domain() - find a domain by its name
 * @check: after moat_check_xen()
 * @name: its name
 *
 * Return: its number; -1 if there is none, or that cannot be told.
 */
long moat_check_domain(const struct moat_check *check, const char *name);

#endif
