// SPDX-License-Identifier: GPL-2.0
/*
 * What a command line may not say ends the program, with status 2.
 */
#include "option.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

void moat_option_refuse(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	fprintf(stderr, "%s: ", program_invocation_short_name);
	vfprintf(stderr, format, args);
	fprintf(stderr, "\n");
	va_end(args);
	exit(2);
}

uint64_t moat_option_number(const char *option, const char *text, uint64_t min, uint64_t max)
{
	uint64_t value;
	char *end;

	errno = 0;
	value = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || value < min || value > max)
		moat_option_refuse("--%s: not a number from %" PRIu64 " to %" PRIu64 ": %s",
				   option, min, max, text);
	return value;
}
