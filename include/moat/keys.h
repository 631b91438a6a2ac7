/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Xenstore keys that Moat adds to the standard ones.
 *
 * A peer that does not know them ignores them.
 */
#ifndef MOAT_KEYS_H
#define MOAT_KEYS_H

/*
 * Below a storage domain's own directory, /local/domain/ID; written by
 * moat-init, read by whoever watches over the domain.
 */
#define MOAT_KEY_STATE "data/moat/state"
#define MOAT_KEY_VERSION "data/moat/version"
#define MOAT_KEY_HEARTBEAT "data/moat/heartbeat"

/*
 * In a back end's directory: it maps persistent grants that only carry writes
 * read-only. In the front end's: it relies on that and grants them so.
 */
#define MOAT_KEY_PERSISTENT_RO "feature-moat-persistent-ro"

#endif
