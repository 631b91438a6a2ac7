/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What moatd tells of a storage domain and its disks, in a few words: the same
 * ones wherever they are shown.
 *
 * They are not clean: what an application or storage domain has written is in
 * them, for moat_text_clean().
 */
#ifndef MOAT_WORDS_H
#define MOAT_WORDS_H

#include <jansson.h>

#define MOAT_WORDS_TEXT 512

/* Of a storage domain; @buf has MOAT_WORDS_TEXT bytes, and is returned. */
char *moat_words_state(const json_t *storage, char *buf);	/* clean */
char *moat_words_standby(const json_t *storage, char *buf);
char *moat_words_pci(const json_t *storage, char *buf);
char *moat_words_last(const json_t *storage, char *buf);

/* Of a disk: how it would get a storage domain again; as above. */
const char *moat_words_cover(const json_t *disk, char *buf);

/* Of a disk; they live as long as the object. */
const char *moat_words_xenbus(const json_t *disk, const char *key);
const char *moat_words_access(const json_t *disk);
const char *moat_words_disk(const json_t *disk);

#endif
