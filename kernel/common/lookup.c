// SPDX-License-Identifier: GPL-2.0
/*
 * Single keys of xenstore, and whether they can be known.
 *
 * xenbus's own readers have a default, or "unknown", both for a key that is not there and for
 * one that could not be read for want of memory. A moment's shortage would make a peer that has
 * gone of one that is there, and a disk without a cache of one with. So that alone is an error
 * here, for the caller to look again; whatever else is wrong with a key is its writer's doing,
 * and as good as none.
 */
#include "lookup.h"

#include <linux/err.h>
#include <linux/export.h>
#include <linux/kernel.h>

/**
 * moat_lookup_u64() - read a number
 * @dir: the directory
 * @key: the key in it
 * @absent: the number where there is none
 * @value: receives it
 *
 * Context: process; waits for xenstored.
 * Return: 0; or -ENOMEM if it cannot be known now.
 */
int moat_lookup_u64(const char *dir, const char *key, u64 absent, u64 *value)
{
	unsigned long long found;
	int ret;

	might_sleep();
	ret = xenbus_scanf(XBT_NIL, dir, key, "%llu", &found);
	if (ret == -ENOMEM)
		return ret;
	*value = ret == 1 ? found : absent;
	return 0;
}
EXPORT_SYMBOL_GPL(moat_lookup_u64);

/**
 * moat_lookup_u32() - read a number that is not large
 * @dir: the directory
 * @key: the key in it
 * @absent: the number where there is none
 * @value: receives it
 *
 * Context: process; waits for xenstored.
 * Return: 0; or -ENOMEM if it cannot be known now.
 */
int moat_lookup_u32(const char *dir, const char *key, u32 absent, u32 *value)
{
	unsigned int found;
	int ret;

	might_sleep();
	ret = xenbus_scanf(XBT_NIL, dir, key, "%u", &found);
	if (ret == -ENOMEM)
		return ret;
	*value = ret == 1 ? found : absent;
	return 0;
}
EXPORT_SYMBOL_GPL(moat_lookup_u32);

/**
 * moat_lookup_flag() - read a number that is 0 or is not
 * @dir: the directory
 * @key: the key in it
 * @absent: the flag where there is none
 * @value: receives it
 *
 * Context: process; waits for xenstored.
 * Return: 0; or -ENOMEM if it cannot be known now.
 */
int moat_lookup_flag(const char *dir, const char *key, bool absent, bool *value)
{
	u32 found;
	int err = moat_lookup_u32(dir, key, absent, &found);

	if (!err)
		*value = found;
	return err;
}
EXPORT_SYMBOL_GPL(moat_lookup_flag);

/**
 * moat_lookup_text() - read a text
 * @dir: the directory
 * @key: the key in it
 * @text: receives it, to be freed with kfree(), or NULL where there is none
 *
 * Context: process; waits for xenstored.
 * Return: 0; or -ENOMEM if it cannot be known now.
 */
int moat_lookup_text(const char *dir, const char *key, char **text)
{
	char *found;

	might_sleep();
	found = xenbus_read(XBT_NIL, dir, key, NULL);
	if (found == ERR_PTR(-ENOMEM))
		return -ENOMEM;
	*text = IS_ERR(found) ? NULL : found;
	return 0;
}
EXPORT_SYMBOL_GPL(moat_lookup_text);

/**
 * moat_lookup_state() - read the state that a device shows
 * @dir: its directory
 * @state: receives it; XenbusStateUnknown where there is none
 *
 * Context: process; waits for xenstored.
 * Return: 0; or -ENOMEM if it cannot be known now.
 */
int moat_lookup_state(const char *dir, enum xenbus_state *state)
{
	u32 found;
	int err = moat_lookup_u32(dir, "state", XenbusStateUnknown, &found);

	if (!err)
		*state = found;
	return err;
}
EXPORT_SYMBOL_GPL(moat_lookup_state);
