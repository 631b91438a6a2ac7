/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Xenstore keys that Moat adds to the standard ones.
 *
 * A peer that does not know them ignores them. docs/recovery.md says how they
 * work together.
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
 * Written with each heartbeat where moat-back is loaded: "POLLER DEVICE", two
 * ages in milliseconds: of the oldest call that a poller has not answered, and
 * of the last work that a device did which has more to do; 0 for none.
 */
#define MOAT_KEY_HEALTH "data/moat/health"

/*
 * In both directories: the connection that the keys beside it belong to.
 *
 * What a driver wrote stays when it goes without taking leave (a crash, kexec),
 * and the next one at the same node may be another that knows nothing of it.
 * So the back end writes a number here each time that it begins to wait for a
 * front end (InitWait), never 0 and each time another. A front end of Moat's
 * writes the same number, in the transaction that publishes its rings; where
 * its back end has none it removes the key. The back end believes a key of
 * Moat's in the front end's directory only while the two numbers are equal. A
 * front end that leaves in order takes all its keys away.
 *
 * moatd judges likewise, once the front end shows rings, and notes a number that was not
 * right beside what libxl knows of the disk, for when there is no back end any more.
 */
#define MOAT_KEY_CONNECTION "moat-connection"

/*
 * With it in both directories, persistent grants come in two kinds that do not
 * mix. All pages of a write, the table of an indirect one included, are
 * granted and mapped read-only; all pages of a read writable.
 */
#define MOAT_KEY_PERSISTENT_RO "feature-moat-readonly-grants"

/*
 * In a back end's directory, written by moat-init with "physical-device": which
 * piece of hardware it is, of a partition or a file also which part of it; empty
 * where that cannot be told. A front end refuses to go on with another than it
 * began with.
 */
#define MOAT_KEY_IDENTITY "moat-identity"
#define MOAT_IDENTITY_MAX 256 /* with the zero at its end */

/*
 * In a back end's directory, written by moat-init with "physical-device": 1 if
 * another domain of the same VM has the device (a stub domain, the other half of a
 * migration on one host). moat-back then shares it, as if "mode" said so.
 */
#define MOAT_KEY_SAME_VM "moat-same-vm"

/*
 * In a back end's directory, written by moat-init with "physical-device": where a
 * volatile cache of the disk would be. In a device that is passed through to the storage
 * domain it outlives the domain; a file, and whatever else is made in the domain, may be
 * cached in its memory.
 */
#define MOAT_KEY_CACHE "moat-cache"
#define MOAT_CACHE_DOMAIN "domain"
#define MOAT_CACHE_DEVICE "device"

/*
 * A front end that cannot follow its back end to another domain is served again by a
 * domain that is created anew under the dead one's domid, and takes over the rings as
 * they are. In a back end's directory, where the front end is such a one:
 *   moat-offered           by moat-back, in the transaction that shows Connected: what
 *                          the front end relies on, one line "NAME=VALUE ..." that
 *                          nobody else reads; the rings are kept so that a takeover
 *                          is possible
 *   moat-safe              by moat-back, with it: 1 if what has been acknowledged
 *                          outlives the storage domain, 0 if it may be lost
 *   moat-owed              by moatd, in the transaction that makes the directory of the
 *                          successor: what the predecessor offered. The successor takes
 *                          the rings over, or leaves them alone; it removes the key as it
 *                          shows Connected
 *   moat-misfit            by moat-back, as long as it leaves them alone: a word for what
 *                          does not fit, and text
 * The toolstack keeps the first two beside what libxl knows of the disk,
 * /libxl/ID/device/vbd/ID, where they outlive the storage domain.
 */
#define MOAT_KEY_OFFERED "moat-offered"
#define MOAT_KEY_SAFE "moat-safe"
#define MOAT_KEY_OWED "moat-owed"
#define MOAT_KEY_MISFIT "moat-misfit"

/*
 * In a front end's directory, device/vbd/ID of the application domain.
 *
 * Written by the front end:
 *   feature-moat-recovery  1: it follows its "backend" key to another back end
 *                          and issues again what the old one left unanswered
 *   moat-state             one word, MOAT_FRONT_*
 *   moat-trouble           why it wants another back end: a word, MOAT_TROUBLE_*,
 *                          a space, and text; absent while all is well
 * A front end that has closed for good has taken these away.
 * Written by the toolstack:
 *   moat-hold              1: take no new requests, let those in flight end,
 *                          flush, and say MOAT_FRONT_HELD; the next connection,
 *                          or removing the key, ends it
 */
#define MOAT_KEY_RECOVERY "feature-moat-recovery"
#define MOAT_KEY_FRONT_STATE "moat-state"
#define MOAT_KEY_TROUBLE "moat-trouble"
#define MOAT_KEY_HOLD "moat-hold"

#define MOAT_FRONT_WAITING "waiting"	/* no back end; requests wait for one */
#define MOAT_FRONT_REPLAYING "replaying"	/* issuing again what is unanswered */
#define MOAT_FRONT_UP "up"		/* serving */
#define MOAT_FRONT_HELD "held"		/* drained, as moat-hold asked */
#define MOAT_FRONT_FAILED "failed"	/* gave up: all I/O fails */

#define MOAT_TROUBLE_PROTOCOL "protocol"	/* the back end broke the protocol */
#define MOAT_TROUBLE_STALL "stall"	/* a request is old, the ring stands still */
#define MOAT_TROUBLE_DEVICE "device"	/* the back end has lost its device */
#define MOAT_TROUBLE_REFUSED "refused"	/* not the disk that was here */
#define MOAT_TROUBLE_SHORTAGE "shortage"	/* memory or grants are short; it tries again */

/*
 * In the directory of either half, written by the toolstack and removed by the
 * driver once it has acted:
 *   moat-set-mode          event, spin or adaptive; a word that is none of them
 *                          is removed without effect
 *   moat-ask               any word: write the counters
 * and written by the driver:
 *   moat-mode              the mode in force
 *   moat-stats             "WORD NAME=VALUE ...": the word asked with, and the
 *                          sums over all rings of the counters of stats.h and,
 *                          as latency_N, of its histogram's buckets that are
 *                          not empty
 */
#define MOAT_KEY_SET_MODE "moat-set-mode"
#define MOAT_KEY_MODE "moat-mode"
#define MOAT_KEY_ASK "moat-ask"
#define MOAT_KEY_STATS "moat-stats"
#define MOAT_STATS_LATENCY "latency_"	/* and the bucket's number */

#endif
