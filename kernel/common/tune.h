/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What an administrator can set on a disk while it runs.
 *
 * Plain words that the data path reads with READ_ONCE() whenever it needs
 * them; sysfs writes them. No lock: each is meaningful on its own.
 */
#ifndef MOAT_TUNE_H
#define MOAT_TUNE_H

#include <linux/time64.h>
#include <linux/types.h>

#include "core/spin.h"

/* The largest that each may be, wherever it is set. A window beyond a second is no
 * spin but a hang; an hour, a month, and more memory than is sensible.
 */
#define MOAT_TUNE_WINDOW_NS_MAX NSEC_PER_SEC
#define MOAT_TUNE_RELAX_MAX (1 << 20)
#define MOAT_TUNE_STALL_S_MAX 3600
#define MOAT_TUNE_GIVE_UP_S_MAX (30 * 24 * 3600)
#define MOAT_TUNE_RETAIN_KIB_MAX (1 << 20)

/* When a write is answered. */
enum moat_writethrough {
	MOAT_WRITETHROUGH_AUTO,	/* once nothing can lose it that the front end does not keep */
	MOAT_WRITETHROUGH_ON,	/* once it is on the medium */
	MOAT_WRITETHROUGH_OFF,	/* once the disk says that it is done */
};

/**
 * struct moat_tune - settings of a disk
 * @mode: enum moat_mode
 * @window_min_ns: shortest adaptive window
 * @window_max_ns: longest adaptive window
 * @relax_every: a spinner executes cpu_relax() every so many looks; 0: never
 * @data_path: index into the half's own list of data paths
 * @writethrough: enum moat_writethrough; back end only
 * @stall_s: how long a ring may stand still, with a request in flight, before
 *	the front end says so; seconds, 0: never. Front end only, like the rest
 * @give_up_s: how long to wait for a back end before all I/O fails; seconds,
 *	0: for ever
 * @retain_kib: room for writes that are acknowledged but not flushed yet; KiB,
 *	0: keep none
 */
struct moat_tune {
	u32 mode;
	u32 window_min_ns;
	u32 window_max_ns;
	u32 relax_every;
	u32 data_path;
	u32 writethrough;
	u32 stall_s;
	u32 give_up_s;
	u32 retain_kib;
};

/**
 * moat_tune_spin() - the spin policy's parameters, as they are now
 * @tune: the settings
 *
 * Context: any.
 */
static inline struct moat_spin_params moat_tune_spin(const struct moat_tune *tune)
{
	struct moat_spin_params p = {
		.mode = READ_ONCE(tune->mode),
		.window_min_ns = READ_ONCE(tune->window_min_ns),
		.window_max_ns = READ_ONCE(tune->window_max_ns),
	};

	return p;
}

int moat_tune_parse(const char *const *names, const char *text);
u32 moat_tune_relax_every(void);
extern const char *const moat_mode_names[];
extern const char *const moat_writethrough_names[];

#endif
