// SPDX-License-Identifier: GPL-2.0
/*
 * Settings of a disk: their names, as people write them, and the default that
 * depends on the machine.
 */
#include "tune.h"

#include <linux/export.h>
#include <linux/ktime.h>
#include <linux/minmax.h>
#include <linux/processor.h>
#include <linux/string.h>

/* PAUSE takes 10 to 150 cycles on hardware, which is below 100 ns. An emulator
 * leaves its translated code for it (200 ns in QEMU, on a quick host) and takes
 * a lock that the other CPUs want too, which is what hurts.
 */
#define RELAX_CHEAP_NS 120u
#define RELAX_PER_ROUND 32u
#define RELAX_ROUNDS 8u
#define RELAX_SELDOM 1024u

/* Indexed by enum moat_mode, ends with NULL. */
const char *const moat_mode_names[] = { "event", "spin", "adaptive", NULL };
EXPORT_SYMBOL_GPL(moat_mode_names);

/* Indexed by enum moat_writethrough, ends with NULL. */
const char *const moat_writethrough_names[] = { "auto", "on", "off", NULL };
EXPORT_SYMBOL_GPL(moat_writethrough_names);

/**
 * moat_tune_parse() - find a word in a list
 * @names: the list, ends with NULL
 * @text: the word, a newline behind it is ignored
 *
 * Context: any.
 * Return: its index, or -EINVAL.
 */
int moat_tune_parse(const char *const *names, const char *text)
{
	int i;

	for (i = 0; names[i]; i++)
		if (sysfs_streq(names[i], text))
			return i;
	return -EINVAL;
}
EXPORT_SYMBOL_GPL(moat_tune_parse);

/**
 * moat_tune_relax_every() - how often should a spinner relax on this machine?
 *
 * At every look where that is cheap, as it is meant to be; seldom where it
 * costs more than what it saves. Decided by the quickest of several short
 * measurements, so that an interrupt in one of them does no harm.
 *
 * Context: any; takes some microseconds.
 * Return: looks per cpu_relax().
 */
u32 moat_tune_relax_every(void)
{
	u64 start, best = U64_MAX;
	u32 i, round;

	for (round = 0; round < RELAX_ROUNDS; round++) {
		start = ktime_get_ns();
		for (i = 0; i < RELAX_PER_ROUND; i++)
			cpu_relax();
		best = min(best, ktime_get_ns() - start);
	}
	return best / RELAX_PER_ROUND <= RELAX_CHEAP_NS ? 1 : RELAX_SELDOM;
}
EXPORT_SYMBOL_GPL(moat_tune_relax_every);
