/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A recovery, docs/recovery.md and core/replay.h, for the checker spin.
 *
 * One disk, two blocks. An application writes, flushes and reads; the front end
 * keeps what is unanswered and what is acknowledged but not flushed; storage
 * domains serve it, one after the other; moatd replaces those that fail. Each
 * write has a number, from 1, which is what it writes; 0 is what was there.
 *
 * Failures, FAULTS in all, at any moment: a domain, the standby too, stops to
 * answer (a crash or a hang: the difference is only how moatd sees it), or
 * serves on but has broken the protocol. A domain that does not answer may
 * still carry out what is in its ring, until it is destroyed. moatd is killed
 * KILLS times, at any moment, and forgets all but xenstore and Xen.
 *
 * The device has a cache. A block goes to the medium when it is written, by a
 * flush, or when the device is reset with its domain; or it is lost then.
 *
 * Xenstore is shared variables, a transaction is one step. The front end
 * publishes its ring, and complains, in a transaction that looks whether it
 * still means the same back end. moatd decides in one step and acts in another.
 *
 * The application has no two writes of one block in flight at once (they would
 * have no order), and writes block 0 first (the blocks are alike). The back end
 * may carry out and answer requests in any order; the front end issues again in
 * any order that the phases and the overlaps allow, of which core/replay.h
 * takes one.
 *
 * Checked:
 *   a read finds what was acknowledged, or had been seen, when it was issued,
 *   or something newer;
 *   behind an acknowledged flush, what had been acknowledged when it was issued
 *   is on the medium;
 *   nothing is completed twice or unasked;
 *   no two domains have the device; no disk is pointed at another back end
 *   before its old one is destroyed;
 *   everything is completed in the end: an end state where it is not is
 *   invalid, and no run is endless (there is no cycle).
 *
 * Each of these breaks it in one way, and must be found out:
 *   REPLAY_EARLY   the new back end is used while the old one is not destroyed
 *                  (with the two checks on that switched off)
 *   GIVE_EARLY     moatd hands over the device before it destroys the domain
 *   POINT_EARLY    moatd points the disk elsewhere before
 *   HALF_DONE      moatd does not go on with a recovery it finds half done
 *   DROP_LATE      a flush drops what was acknowledged while it was in flight
 *   NO_RETAIN      retained writes are not issued again
 *   NO_ORDER       what was in flight is not held until the retained are answered
 *   FLUSH_EARLY    only flushes are not
 *   READ_EARLY     reads are not held until the changes in flight are answered
 *   STALE          a response of the old connection is taken on the new one
 *   FORGET         what was in flight is forgotten in a death during replay
 *   MUTE           the front end does not tell of a broken protocol
 */
#ifndef FLUSHES
#define FLUSHES 1
#endif
#ifndef READS
#define READS 2
#endif
#ifndef FAULTS
#define FAULTS 2
#endif
#ifndef KILLS
#define KILLS 1
#endif
#ifndef WRITES
#define WRITES 2
#endif

/* Domains; two places for them, as two is the most there are at a time. */
#define GONE 0
#define ALIVE 1
#define LOST 2			/* it answers nothing more */

/* Requests. KEPT and SAFE are for writes that are acknowledged. */
#define NEW 0
#define FLIGHT 1		/* unanswered */
#define KEPT 2			/* retained */
#define SAFE 3			/* flushed, forgotten */
#define DONE 3

/* What became of a request on this connection. */
#define NOT_SENT 0
#define SENT 1
#define ANSWERED 2
#define FORGOTTEN 3

/* Phases, core/replay.h. */
#define HELD 0
#define RETAINED 1
#define INFLIGHT 2
#define LIVE 3

/* What moatd is about to do. */
#define NOTHING 0
#define DESTROY 1
#define DESTROY_OTHER 2
#define CREATE 3
#define GIVE 4
#define POINT 5

/* Bits of a ring's contents. */
#define WRITE(i) (1 << (i))
#define FLUSH(i) (8 << (i))
#define READ 32

/* Xen */
byte dom[2];
bool has[2];			/* it has the device */

/* The device */
byte medium[2];
byte cache[2];			/* as a reader sees it */

/* Xenstore */
byte backend;			/* counts back ends; place is PLACE(backend) */
bool front_ready;		/* the front end has published its ring */
bool back_ready;		/* the back end has mapped it */
bool trouble;

/* Rings */
byte asked[2];			/* [place]: not carried out yet */
byte answers;			/* of the front end's present ring */
bool mapped;			/* its back end has it, and is not destroyed */

/* The front end */
byte present;			/* the back end it means */
byte phase;
bool broken;
byte wstate[3], wsent[3], wblock[3];
byte fstate[2], fsent[2], fmark[2];
byte rstate, rsent, rblock, found;

/* The application, and what it relies on */
byte writes, flushes, reads;
byte acked[2];
byte seen[2];			/* that, or what a read has found */
byte fmust0[2], fmust1[2];	/* [flush]: acked[] when it was issued */
byte rmust;

byte faults = FAULTS;
byte kills = KILLS;

#define PLACE(gen) ((gen) & 1)
#define HERE PLACE(backend)
#define THERE (1 - HERE)
#define MAX(a, b) ((a) > (b) -> (a) : (b))

/* What goes into the ring of a domain that is gone goes nowhere. */
#define SEND(bit) \
	asked[PLACE(present)] = \
		(mapped -> asked[PLACE(present)] | (bit) : \
		 asked[PLACE(present)])
#define CAN_SEND (phase != HELD && !broken)

#define WAITS(i) (wstate[i] == KEPT && wsent[i] != ANSWERED)
#define KEPT_WAITS (WAITS(0) || WAITS(1) || WAITS(2))
#define IN_FLIGHT(i, b) (wstate[i] == FLIGHT && wblock[i] == (b))
#define BUSY(b) (IN_FLIGHT(0, b) || IN_FLIGHT(1, b) || IN_FLIGHT(2, b))
#define UNSENT(state, sent) (state == FLIGHT && sent == NOT_SENT)
#define ANY_UNSENT \
	(UNSENT(fstate[0], fsent[0]) || UNSENT(fstate[1], fsent[1]) || \
	 UNSENT(rstate, rsent))
#define KEPT_MASK \
	((wstate[0] == KEPT -> 1 : 0) | (wstate[1] == KEPT -> 2 : 0) | \
	 (wstate[2] == KEPT -> 4 : 0))
#define ALL_DONE \
	(writes == WRITES && flushes == FLUSHES && reads == READS && \
	 !BUSY(0) && !BUSY(1) && fstate[0] != FLIGHT && \
	 fstate[1] != FLIGHT && rstate != FLIGHT)

#ifdef NO_RETAIN
#define RETAINED_OVER true
#else
#define RETAINED_OVER (!KEPT_WAITS)
#endif
#ifdef READ_EARLY
#define CHANGES_OVER true
#else
#define CHANGES_OVER (!BUSY(0) && !BUSY(1))
#endif

/* moat_replay_settle() */
inline settle()
{
	if
	:: phase == RETAINED && RETAINED_OVER -> phase = INFLIGHT
	:: else
	fi;
	if
	:: phase == INFLIGHT && CHANGES_OVER && !ANY_UNSENT &&
	   !UNSENT(wstate[0], wsent[0]) && !UNSENT(wstate[1], wsent[1]) &&
	   !UNSENT(wstate[2], wsent[2]) -> phase = LIVE
	:: else
	fi
}

/* ---- the application ---- */

#define MAY_WRITE (phase == LIVE && CAN_SEND && writes < WRITES)

inline submit_write(b)
{
	wstate[writes] = FLIGHT;
	wsent[writes] = SENT;
	wblock[writes] = b;
	SEND(WRITE(writes));
	writes++
}

inline submit_flush()
{
	fstate[flushes] = FLIGHT;
	fmust0[flushes] = acked[0];
	fmust1[flushes] = acked[1];
	send_flush(flushes);
	flushes++
}

#define MAY_READ (phase == LIVE && CAN_SEND && reads < READS && rstate == NEW)

inline submit_read(b)
{
	rstate = FLIGHT;
	rsent = SENT;
	rblock = b;
	rmust = seen[b];
	SEND(READ);
	reads++
}

/* ---- the front end: sending again ---- */

/* Of the retained ones, those of one block in their order. */
#define MAY_RESEND_KEPT(i) \
	(CAN_SEND && phase == RETAINED && wstate[i] == KEPT && \
	 wsent[i] == NOT_SENT && \
	 !((i) > 0 && WAITS(0) && wblock[0] == wblock[i]) && \
	 !((i) > 1 && WAITS(1) && wblock[1] == wblock[i]))

#ifdef NO_ORDER
#define MAY_RESEND(state, sent) \
	(CAN_SEND && (phase == RETAINED || phase == INFLIGHT) && \
	 UNSENT(state, sent))
#else
#define MAY_RESEND(state, sent) \
	(CAN_SEND && phase == INFLIGHT && UNSENT(state, sent))
#endif
#ifdef FLUSH_EARLY
#define MAY_REFLUSH(i) \
	(CAN_SEND && (phase == RETAINED || phase == INFLIGHT) && \
	 UNSENT(fstate[i], fsent[i]))
#else
#define MAY_REFLUSH(i) MAY_RESEND(fstate[i], fsent[i])
#endif
#ifdef READ_EARLY
#define MAY_REREAD MAY_RESEND(rstate, rsent)
#else
#define MAY_REREAD (MAY_RESEND(rstate, rsent) && !BUSY(rblock))
#endif

inline resend_write(i)
{
	wsent[i] = SENT;
	SEND(WRITE(i));
	settle()
}

/* moat_retain_flush_begin() */
inline send_flush(i)
{
	fsent[i] = SENT;
	fmark[i] = KEPT_MASK;
	SEND(FLUSH(i));
	settle()
}

/* ---- the front end: answers ---- */

#define ANSWER(bit) ((answers & (bit)) && phase != HELD && !broken)

inline take_write(i)
{
	answers = answers & ~WRITE(i);
	assert(wsent[i] == SENT);
	if
	:: wstate[i] == FLIGHT ->
		wstate[i] = KEPT;
		acked[wblock[i]] = i + 1;
		seen[wblock[i]] = MAX(seen[wblock[i]], i + 1)
	:: else
	fi;
	wsent[i] = ANSWERED;
	settle()
}

#ifdef DROP_LATE
#define COVERED(f, i) true
#else
#define COVERED(f, i) (fmark[f] & WRITE(i))
#endif

inline drop(f, i)
{
	if
	:: wstate[i] == KEPT && COVERED(f, i) ->
		wstate[i] = SAFE; wsent[i] = NOT_SENT; wblock[i] = 0
	:: else
	fi
}

inline take_flush(f)
{
	answers = answers & ~FLUSH(f);
	assert(fsent[f] == SENT);
	assert(medium[0] >= fmust0[f] && medium[1] >= fmust1[f]);
	drop(f, 0);
	drop(f, 1);
	drop(f, 2);
	fstate[f] = DONE; fsent[f] = NOT_SENT; fmark[f] = 0;
	fmust0[f] = 0; fmust1[f] = 0;
	settle()
}

inline take_read()
{
	answers = answers & ~READ;
	assert(rsent == SENT);
	assert(found >= rmust);
	seen[rblock] = MAX(seen[rblock], found);
	rstate = NEW; rsent = NOT_SENT; rblock = 0; rmust = 0; found = 0;
	settle()
}

/* ---- the front end: connections ---- */

#ifdef FORGET
#define AGAIN(state) \
	(state == FLIGHT && (phase == RETAINED || phase == INFLIGHT) -> \
	 FORGOTTEN : NOT_SENT)
#else
#define AGAIN(state) NOT_SENT
#endif

inline disconnect()
{
	wsent[0] = AGAIN(wstate[0]);
	wsent[1] = AGAIN(wstate[1]);
	wsent[2] = AGAIN(wstate[2]);
	fsent[0] = AGAIN(fstate[0]); fmark[0] = 0;
	fsent[1] = AGAIN(fstate[1]); fmark[1] = 0;
	rsent = AGAIN(rstate);
#ifndef STALE
	answers = 0;
	found = 0;
#endif
	mapped = false;
	broken = false;
	phase = HELD;
	present = backend
}

proctype front()
{
	do
	:: d_step { MAY_WRITE && !BUSY(0) -> submit_write(0) }
	:: d_step { MAY_WRITE && !BUSY(1) && writes > 0 -> submit_write(1) }
	:: d_step { phase == LIVE && CAN_SEND && flushes < FLUSHES ->
		submit_flush() }
	:: d_step { MAY_READ -> submit_read(0) }
	:: d_step { MAY_READ -> submit_read(1) }

	:: d_step { MAY_RESEND_KEPT(0) -> resend_write(0) }
	:: d_step { MAY_RESEND_KEPT(1) -> resend_write(1) }
	:: d_step { MAY_RESEND_KEPT(2) -> resend_write(2) }
	:: d_step { MAY_RESEND(wstate[0], wsent[0]) -> resend_write(0) }
	:: d_step { MAY_RESEND(wstate[1], wsent[1]) -> resend_write(1) }
	:: d_step { MAY_RESEND(wstate[2], wsent[2]) -> resend_write(2) }
	:: d_step { MAY_REFLUSH(0) -> send_flush(0) }
	:: d_step { MAY_REREAD -> rsent = SENT; SEND(READ); settle() }

	:: d_step { ANSWER(WRITE(0)) -> take_write(0) }
	:: d_step { ANSWER(WRITE(1)) -> take_write(1) }
	:: d_step { ANSWER(WRITE(2)) -> take_write(2) }
	:: d_step { ANSWER(FLUSH(0)) -> take_flush(0) }
	:: d_step { ANSWER(READ) -> take_read() }
#if FLUSHES > 1
	:: d_step { MAY_REFLUSH(1) -> send_flush(1) }
	:: d_step { ANSWER(FLUSH(1)) -> take_flush(1) }
#endif

	/* The key "backend" has changed. */
	:: d_step { present != backend -> disconnect() }
	:: d_step { present == backend && !front_ready ->
		front_ready = true }
	:: d_step { present == backend && phase == HELD && front_ready &&
		    back_ready -> phase = RETAINED; settle() }
#ifndef MUTE
	:: d_step { broken && present == backend && !trouble ->
		trouble = true }
#endif

	:: d_step { ALL_DONE && phase == LIVE && !broken &&
		    present == backend && dom[HERE] == ALIVE ->
		assert(cache[0] >= seen[0] && cache[1] >= seen[1]) };
		break
	od
}

/* ---- back ends ---- */

/* It carries out a request; whether it may say so is another matter. */
#define CARRIES(bit) ((asked[me] & (bit)) && has[me] && dom[me] != GONE)
#define TELL(bit) \
	asked[me] = asked[me] & ~(bit); \
	answers = (dom[me] == ALIVE && mapped && me == PLACE(present) -> \
		   answers | (bit) : answers)

inline carry_out_write(i)
{
	cache[wblock[i]] = i + 1;
	TELL(WRITE(i))
}

inline carry_out_write_through(i)
{
	cache[wblock[i]] = i + 1;
	medium[wblock[i]] = i + 1;
	TELL(WRITE(i))
}

inline carry_out_flush(f)
{
	medium[0] = cache[0];
	medium[1] = cache[1];
	TELL(FLUSH(f))
}

proctype back(bit me)
{
end:
	do
	:: d_step { dom[me] == ALIVE && has[me] && me == HERE && front_ready &&
		    !back_ready ->
		back_ready = true;
		mapped = (present == backend) }
	:: d_step { CARRIES(WRITE(0)) -> carry_out_write(0) }
	:: d_step { CARRIES(WRITE(1)) -> carry_out_write(1) }
	:: d_step { CARRIES(WRITE(2)) -> carry_out_write(2) }
	:: d_step { CARRIES(WRITE(0)) -> carry_out_write_through(0) }
	:: d_step { CARRIES(WRITE(1)) -> carry_out_write_through(1) }
	:: d_step { CARRIES(WRITE(2)) -> carry_out_write_through(2) }
	:: d_step { dom[me] == ALIVE && CARRIES(FLUSH(0)) -> carry_out_flush(0) }
#if FLUSHES > 1
	:: d_step { dom[me] == ALIVE && CARRIES(FLUSH(1)) -> carry_out_flush(1) }
#endif
	:: d_step { dom[me] == ALIVE && CARRIES(READ) ->
		found = cache[rblock];
		TELL(READ) }
	od
}

proctype fate()
{
end:
	do
	:: d_step { faults > 0 && dom[0] == ALIVE -> dom[0] = LOST; faults-- }
	:: d_step { faults > 0 && dom[1] == ALIVE -> dom[1] = LOST; faults-- }
	:: d_step { faults > 0 && phase != HELD && !broken &&
		    present == backend && dom[HERE] == ALIVE ->
		broken = true; faults-- }
	od
}

/* ---- moatd ---- */

#define FAILED (dom[HERE] == LOST || (dom[HERE] == ALIVE && trouble))

inline lose(b)
{
	if
	:: medium[b] != cache[b] -> medium[b] = cache[b]
	:: cache[b] = medium[b]
	fi
}

inline destroy(place)
{
	dom[place] = GONE;
	asked[place] = 0;
	mapped = (place == PLACE(present) -> false : mapped);
	has[place] = false
}

/* The device is reset with the last domain that had it. */
inline destroy_serving()
{
	destroy(HERE);
	if
	:: !has[THERE] -> lose(0); lose(1)
	:: else
	fi
}

#if defined(REPLAY_EARLY) || defined(POINT_EARLY) || defined(GIVE_EARLY)
#define OLD_OUT (dom[HERE] == GONE || FAILED)
#else
#define OLD_OUT (dom[HERE] == GONE)
#endif
#if defined(REPLAY_EARLY) || defined(GIVE_EARLY)
#define MAY_GIVE OLD_OUT
#else
#define MAY_GIVE (dom[HERE] == GONE)
#endif
#ifdef HALF_DONE
#define GO_ON recovering
#else
#define GO_ON true
#endif

proctype moatd()
{
	byte next;
#ifdef HALF_DONE
	bool recovering;
#endif

end:
	do
	:: d_step { next == NOTHING && FAILED -> next = DESTROY }
	:: d_step { next == NOTHING && dom[THERE] == LOST ->
		next = DESTROY_OTHER }
	:: d_step { next == NOTHING && dom[THERE] == GONE && GO_ON ->
		next = CREATE }
	:: d_step { next == NOTHING && MAY_GIVE && dom[THERE] == ALIVE &&
		    !has[THERE] && GO_ON -> next = GIVE }
	:: d_step { next == NOTHING && OLD_OUT && dom[THERE] == ALIVE &&
		    has[THERE] && GO_ON -> next = POINT }

	:: atomic { next == DESTROY -> destroy_serving(); next = NOTHING
#ifdef HALF_DONE
		; recovering = true
#endif
		}
	:: atomic { next == DESTROY_OTHER -> destroy(THERE); next = NOTHING }
	:: d_step { next == CREATE -> dom[THERE] = ALIVE; next = NOTHING }
	:: d_step { next == GIVE ->
#ifndef REPLAY_EARLY
		assert(!has[HERE]);
#endif
		has[THERE] = true;
		next = NOTHING }
	:: d_step { next == POINT ->
#ifndef REPLAY_EARLY
		assert(dom[HERE] == GONE);
#endif
		backend++;
		front_ready = false;
		back_ready = false;
		trouble = false;
		next = NOTHING
#ifdef HALF_DONE
		; recovering = false
#endif
		}

	/* kill -9, and started again */
	:: d_step { next != NOTHING && kills > 0 -> kills--; next = NOTHING
#ifdef HALF_DONE
		; recovering = false
#endif
		}
	od
}

init {
	atomic {
		dom[0] = ALIVE;
		has[0] = true;
		run front();
		run back(0);
		run back(1);
		run fate();
		run moatd()
	}
}
