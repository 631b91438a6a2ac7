// SPDX-License-Identifier: GPL-2.0
/*
 * Numbers and words as people read them.
 */
#include "text.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

void moat_text_clean(char *text)
{
	for (; *text; text++)
		if ((unsigned char)*text < ' ' || (unsigned char)*text > '~')
			*text = '?';
}

/* One decimal below 100, as long as it says something; none above. */
static void scaled(double value, const char *unit, char *buf)
{
	snprintf(buf, MOAT_TEXT_SHORT, "%.*f%s", value < 99.95 ? 1 : 0, value,
		 unit);
}

const char *moat_text_count(double value, char *buf)
{
	static const char * const units[] = { "k", "M", "G", "T", "P" };
	size_t i = 0;

	if (!(value >= 0))
		return strcpy(buf, "-");
	if (value < 9.995)
		snprintf(buf, MOAT_TEXT_SHORT, value == (long)value ? "%.0f" :
			 "%.2f", value);
	else if (value < 99.95)
		snprintf(buf, MOAT_TEXT_SHORT, value == (long)value ? "%.0f" :
			 "%.1f", value);
	else if (value < 999.5)
		snprintf(buf, MOAT_TEXT_SHORT, "%.0f", value);
	else {
		value /= 1000;
		while (value >= 999.5 && i + 1 < sizeof(units) / sizeof(*units)) {
			value /= 1000;
			i++;
		}
		scaled(value > 1e6 ? 1e6 : value, units[i], buf);
	}
	return buf;
}

const char *moat_text_age(double ms, char *buf)
{
	if (!(ms >= 0))
		return strcpy(buf, "-");
	if (ms < 999.5)
		snprintf(buf, MOAT_TEXT_SHORT, "%.0f ms", ms);
	else if (ms < 120e3)
		scaled(ms / 1e3, " s", buf);
	else if (ms < 7200e3)
		snprintf(buf, MOAT_TEXT_SHORT, "%.0f min", ms / 60e3);
	else if (ms < 48 * 3600e3)
		snprintf(buf, MOAT_TEXT_SHORT, "%.0f h", ms / 3600e3);
	else
		snprintf(buf, MOAT_TEXT_SHORT, "%.0f d",
			 ms / 86400e3 > 1e6 ? 1e6 : ms / 86400e3);
	return buf;
}

const char *moat_text_time(double seconds, char *buf, size_t size)
{
	struct tm tm;
	time_t t;

	if (!(seconds > -1e11 && seconds < 1e11))
		seconds = 0;
	t = (time_t)seconds;
	if (!localtime_r(&t, &tm) ||
	    !strftime(buf, size, "%Y-%m-%d %H:%M:%S", &tm))
		snprintf(buf, size, "?");
	return buf;
}

const char *moat_text_xenbus(const char *state)
{
	static const char * const names[] = {
		"unknown", "initialising", "init-wait", "initialised",
		"connected", "closing", "closed", "reconfiguring",
		"reconfigured",
	};

	if (state[0] >= '0' && state[0] <= '8' && !state[1])
		return names[state[0] - '0'];
	return state;
}
