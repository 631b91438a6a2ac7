/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who lets requests come to the driver, and who lets them come no more,
 * kernel/front/disk.c, for the checker spin.
 *
 * An answer that breaks the protocol is found in an interrupt: the connection is
 * broken, the queue quiesced. The disk's works, one at a time by the disk's lock, quiesce
 * it for a toolstack that wants the disk at rest and for another connection, and
 * let requests come when there is no reason against it any more. The block layer counts
 * how often a queue is quiesced; it is done once only, and noted.
 *
 * Checked:
 *   the count is 0 or 1, and never taken below;
 *   no request comes to a connection that has been broken;
 *   when all is over, requests come.
 *
 * Each of these breaks it in one way, and must be found out:
 *   APART   the note and the quiescing are two steps, as they once were
 *   BLIND   they are one, but whoever lets requests come does not ask whether the
 *           connection is broken
 *   EARLY   nor does he ask with the lock held, but before
 */
#define BREAKS 2

bool up = true;		/* there is a connection */
bool broken;		/* MOAT_DISK_BROKEN */
bool stopped;		/* and whoever broke it has quiesced the queue */
bool holding;		/* MOAT_DISK_HOLDING */
bool quiesced;		/* the note */
bool lock;		/* moat_disk.quiesce_lock */
short depth;		/* the block layer's count */
byte breaks, holds;
byte inside;		/* interrupts that are at it */

inline count_up() { d_step { depth++; assert(depth == 1) } }
inline count_down() { d_step { depth--; assert(depth == 0) } }

/* disk_quiesce() */
inline quiesce(was)
{
#ifdef APART
	d_step { was = quiesced; quiesced = true };
	if
	:: !was -> count_up()
	:: else
	fi
#else
	atomic { !lock -> lock = true };
	if
	:: !quiesced -> count_up()
	:: else
	fi;
	quiesced = true;
	lock = false
#endif
}

/* moat_disk_unquiesce() */
inline unquiesce(was)
{
#ifdef APART
	d_step { was = quiesced; quiesced = false };
	if
	:: was -> count_down()
	:: else
	fi
#else
#ifdef EARLY
	was = broken;
#endif
	atomic { !lock -> lock = true };
#if !defined(EARLY) && !defined(BLIND)
	was = broken;
#endif
	if
	:: quiesced && !was ->
		quiesced = false;
		count_down()
	:: else
	fi;
	lock = false;
#endif
	was = false;
	assert(!stopped || depth)
}

/* moat_disk_break(): two rings of the connection may find it at once. */
active [2] proctype interrupt()
{
	bool was;

	do
	:: atomic { up && !broken && breaks < BREAKS -> breaks++; inside++ };
		d_step { was = broken; broken = true };
		if
		:: !was ->
			quiesce(was);
			stopped = true
		:: else
		fi;
		inside--
	:: breaks == BREAKS -> break
	od
}

/* moat_conn_drop(), and the next connection. Its rings are stopped first, and whoever is
 * in their interrupts waited for.
 */
inline connect()
{
	quiesce(was);
	atomic { inside == 0 -> up = false };
	d_step { broken = false; stopped = false };
	up = true
}

/* moat_replay_run() */
inline replay()
{
	if
	:: broken -> quiesce(was)
	:: else ->
		if
		:: holding -> quiesce(was)
		:: else -> unquiesce(was)
		fi
	fi
}

active proctype works()
{
	bool was;

	do
	:: replay()
	:: broken -> connect()
	:: holds < 2 -> holding = !holding; holds++
	:: atomic { breaks == BREAKS && inside == 0 && !broken && !holding ->
			assert(up) };
		break
	od;
	unquiesce(was);
	assert(!quiesced && !depth)
}
