/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What moat check has found, line for line.
 */
#ifndef MOAT_REPORT_H
#define MOAT_REPORT_H

#include "condition.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

/* Lines, and the worst of them. All zeros is an empty one. */
struct moat_report {
	json_t *lines;
	enum moat_condition worst;
};

/**
 * moat_report_ok() - something is as it should be
 * @report: gets a line
 * @check: what was looked at, a word of moat(8)
 * @about: a device or a storage domain; "" for the machine
 * @fmt: printf format: what is so
 */
void moat_report_ok(struct moat_report *report, const char *check,
		    const char *about, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/**
 * moat_report_wrong() - something is not
 * @report: gets a line
 * @how: MOAT_CONDITION_DEGRADED: a warning, or MOAT_CONDITION_DOWN
 * @check: what was looked at
 * @about: as above
 * @advice: what to do about it
 * @fmt: printf format: what is wrong
 */
void moat_report_wrong(struct moat_report *report, enum moat_condition how,
		       const char *check, const char *about, const char *advice,
		       const char *fmt, ...)
	__attribute__((format(printf, 6, 7)));

void moat_report_deinit(struct moat_report *report);

/* How to print: @wrong leaves out what is as it should be. */
void moat_report_json(const struct moat_report *report, bool wrong, FILE *out);
void moat_report_table(const struct moat_report *report, bool wrong, FILE *out);
void moat_report_block(const struct moat_report *report, bool wrong, FILE *out);

#endif
