/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Fields of JSON objects that may be absent, or of another type than expected:
 * they count as absent then.
 */
#ifndef MOAT_FIELD_H
#define MOAT_FIELD_H

#include <jansson.h>

/* The string, or "". Lives as long as the object. */
static inline const char *moat_field_text(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

/* The number, or -1: nothing that moatd counts is negative. */
static inline double moat_field_number(const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	return json_is_number(value) ? json_number_value(value) : -1;
}

#endif
