/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Numbers and words as people read them.
 */
#ifndef MOAT_TEXT_H
#define MOAT_TEXT_H

#include <stddef.h>

#define MOAT_TEXT_SHORT 16	/* holds any of the short forms below */

/**
 * moat_text_clean() - make a text from outside fit for a terminal
 * @text: changed in place: all but printable ASCII becomes '?'
 *
 * Application and storage domains write some of what we show. Beyond ASCII there
 * are more control characters, and bytes that are no UTF-8, which JSON refuses.
 */
void moat_text_clean(char *text);

/**
 * moat_text_count() - a number in four or five columns: 0.25, 999, 12.3k, 4.5M
 * @value: the number; a negative one is shown as "-", for none
 * @buf: MOAT_TEXT_SHORT bytes
 */
const char *moat_text_count(double value, char *buf);

/**
 * moat_text_age() - a time span: 12 ms, 1.2 s, 3 min, 2 h, 5 d
 * @ms: milliseconds; negative: "-", for none
 * @buf: MOAT_TEXT_SHORT bytes
 */
const char *moat_text_age(double ms, char *buf);

/**
 * moat_text_time() - a moment, in local time
 * @seconds: since 1970
 * @buf: gets "2026-11-25 01:24:59"
 * @size: of @buf
 */
const char *moat_text_time(double seconds, char *buf, size_t size);

/**
 * moat_text_xenbus() - the word for a xenbus state
 * @state: as in the key "state", "1" .. "8", or a word already
 *
 * Return: "connected" and so on; @state itself if it is not such a number.
 */
const char *moat_text_xenbus(const char *state);

#endif
