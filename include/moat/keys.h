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
 * With it in both directories, persistent grants come in two kinds that do not
 * mix. All pages of a write, the table of an indirect one included, are
 * granted and mapped read-only; all pages of a read writable.
 */
#define MOAT_KEY_PERSISTENT_RO "feature-moat-persistent-ro"

#endif
