/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What a domain said last, kept for people: its console, as far as it is still to be had
 * when the domain is condemned. Whoever wants all of it has xenconsoled log it.
 */
#ifndef MOATD_EVIDENCE_H
#define MOATD_EVIDENCE_H

#include <jansson.h>

#include "unit.h"

/**
 * moat_evidence_keep() - keep the end of a domain's console in a file
 * @unit: whose domain it is
 * @domid: the domain; it may have gone
 *
 * At most 66 KiB, in the directory "console" beside the file of events, where the latest
 * 64 files stay. Costs one page of the domain's, and the end of a log. What fails is logged.
 *
 * Return: the file's path; json_null() where there was nothing to be had.
 */
json_t *moat_evidence_keep(struct moat_unit *unit, unsigned int domid);

#endif
