/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ring's notification handshake, core/ring.h, for the checker spin.
 *
 * Two sides, the front end (0) and the back end (1), each a producer in one
 * direction and a consumer in the other, as core/ring.h has it. A consumer
 * does at every step what any mode may do there: take work, look again, disarm,
 * or arm and sleep. So every policy, and every switch between modes at any
 * moment, is among the runs.
 *
 * Memory. A store goes into the side's store buffer and reaches memory at any
 * later time, stores to different words in any order: weaker than x86, where
 * they stay in order, about what "no barrier" means to a compiler and an ARM.
 * moat_mb() waits until the buffer is empty, moat_wmb() until the slots have
 * left it. Loads are done in program order, so a missing moat_rmb() is not
 * found here. A word that is stored twice before it leaves the buffer leaves
 * it once.
 *
 * Checked:
 *   nobody sleeps while there is work for him (invalid end state: both asleep
 *   with the ring full, which is where every lost wake-up ends, as the front
 *   end goes on filling the ring);
 *   no request and no response is lost, doubled, or seen half written;
 *   an honest peer never trips the check for a hostile one;
 *   a disarmed consumer is not sent an event;
 *   when one side dies, at any moment, the other comes to its end.
 *
 * Two searches, as all at once is too large:
 *   SLOTS   slots go through the store buffer too (else straight to memory,
 *           which with a moat_wmb() the peer cannot tell)
 *   DEATH   one side dies
 *
 * Each of these breaks it in one way, and must be found out:
 *   NO_RECHECK       sleep without the second look
 *   NO_BARRIER       no full barrier between arming and the second look
 *   NO_PUSH_BARRIER  none between showing the index and looking at the event
 *   NO_WMB           none between writing a slot and showing the index
 *   DISARM_AT_CONS   disarm to the consumer's own index
 *   STEP_ONTO        announce only if the index lands on the event index
 *   DEAF             a sleeper is not told that its peer is gone
 */
#define SIZE 2			/* slots */
#define MOD(x) ((x) & 7)	/* indices count modulo 8 instead of 2^32 */
#define RESPONSE 8		/* marks a slot's content as a response */
#define EMPTY 255

/* Words that a side stores; indices of cpu[].val. */
#define PROD 0
#define EVENT 1
#define SLOT 2			/* and the next */
#define WORDS 4

typedef store_buffer {
	byte val[WORDS];	/* 0 where there is nothing */
	bool dirty[WORDS]
}

/* Shared memory. */
byte prod_index[2];
byte event_index[2];		/* [side]: where that side wants its event */
byte slot[SIZE];

/* Each side's own. */
store_buffer cpu[2];
byte prod[2];
byte pushed[2];
byte cons[2];
bool asleep[2];

bool event[2];			/* an event is on its way to that side */
bool killed[2];
bool gone[2];			/* xenstore says so */
bool quiet[2];			/* ghost: disarmed where it stands */

#define PEER (1 - me)
#define AVAILABLE MOD(prod_index[PEER] - cons[me])
#define STORE(word, v) cpu[me].val[word] = (v); cpu[me].dirty[word] = true
#define SLOTS_OUT (!cpu[me].dirty[SLOT] && !cpu[me].dirty[SLOT + 1])
#define ALL_OUT (SLOTS_OUT && !cpu[me].dirty[PROD] && !cpu[me].dirty[EVENT])

/* The front end may ask while there are free slots; the back end answers what
 * it has taken.
 */
#define MAY_PUT \
	((me == 0 && MOD(prod[0] - cons[0]) < SIZE) || \
	 (me == 1 && prod[1] != cons[1]))

/* As many as the other side may claim; more is -EPROTO. */
#define MOST \
	(me == 0 -> MOD(pushed[0] - cons[0]) : SIZE - MOD(cons[1] - prod[1]))

#ifdef DISARM_AT_CONS
#define DISARMED cons[me]
#else
#define DISARMED MOD(cons[me] - SIZE)
#endif

#ifdef STEP_ONTO
#define CROSSES(old, new, ev) ((new) == (ev))
#else
#define CROSSES(old, new, ev) (MOD((new) - (ev)) < MOD((new) - (old)))
#endif

#ifdef NO_WMB
#define WMB true
#else
#define WMB SLOTS_OUT
#endif
#ifdef NO_PUSH_BARRIER
#define PUSH_MB true
#else
#define PUSH_MB ALL_OUT
#endif
#ifdef NO_BARRIER
#define ARM_MB true
#else
#define ARM_MB ALL_OUT
#endif

/* Memory takes any buffered store at any time. */
#define COMMIT(side, word, place) \
	d_step { cpu[side].dirty[word] -> \
		place = cpu[side].val[word]; \
		cpu[side].val[word] = 0; \
		cpu[side].dirty[word] = false }

active proctype memory()
{
end:
	do
	:: COMMIT(0, PROD, prod_index[0])
	:: COMMIT(1, PROD, prod_index[1])
	:: COMMIT(0, EVENT, event_index[0])
	:: COMMIT(1, EVENT, event_index[1])
#ifdef SLOTS
	:: COMMIT(0, SLOT, slot[0])
	:: COMMIT(1, SLOT, slot[0])
	:: COMMIT(0, SLOT + 1, slot[1])
	:: COMMIT(1, SLOT + 1, slot[1])
#endif
	od
}

inline put()
{
#ifdef SLOTS
	STORE(SLOT + (prod[me] & (SIZE - 1)), prod[me] + RESPONSE * me);
#else
	slot[prod[me] & (SIZE - 1)] = prod[me] + RESPONSE * me;
#endif
	prod[me] = MOD(prod[me] + 1)
}

/*
 * Only differences of indices matter, and which slot they name. So once round
 * the ring all of them are turned back by one round: a quarter of the states.
 */
#define BACK(x) x = MOD(x - SIZE)
#define BACK_STORE(side, word) \
	if :: cpu[side].dirty[word] -> BACK(cpu[side].val[word]) :: else fi
#define BACK_SLOT(x) \
	if :: x != EMPTY -> x = (x & RESPONSE) | MOD(x - SIZE) :: else fi
#define BACK_SLOT_STORE(side, word) \
	if :: cpu[side].dirty[word] -> BACK_SLOT(cpu[side].val[word]) :: else fi

inline turn_back()
{
	BACK(prod[0]); BACK(pushed[0]); BACK(cons[0]);
	BACK(prod[1]); BACK(pushed[1]); BACK(cons[1]);
	BACK(prod_index[0]); BACK(event_index[0]);
	BACK(prod_index[1]); BACK(event_index[1]);
	BACK_SLOT(slot[0]); BACK_SLOT(slot[1]);
	BACK_STORE(0, PROD); BACK_STORE(0, EVENT);
	BACK_STORE(1, PROD); BACK_STORE(1, EVENT);
#ifdef SLOTS
	BACK_SLOT_STORE(0, SLOT); BACK_SLOT_STORE(0, SLOT + 1);
	BACK_SLOT_STORE(1, SLOT); BACK_SLOT_STORE(1, SLOT + 1)
#endif
}

inline run_side()
{
	do
	/* moat_ring_put_request(), moat_ring_put_response(), once or twice,
	 * then moat_ring_push_requests(), moat_ring_push_responses()
	 */
	:: d_step { MAY_PUT -> put() };
		if
		:: d_step { MAY_PUT -> put() }
		:: true
		fi;
		d_step { WMB -> STORE(PROD, prod[me]) };
		if
		:: d_step { PUSH_MB && CROSSES(pushed[me], prod[me],
					       event_index[PEER]) ->
			assert(!quiet[PEER] || cpu[PEER].dirty[EVENT]);
			pushed[me] = prod[me] };
			event[PEER] = true
		:: d_step { PUSH_MB && !CROSSES(pushed[me], prod[me],
						event_index[PEER]) ->
			pushed[me] = prod[me] }
		fi

	/* moat_ring_requests() and _take_request(), and the like */
	:: d_step { !asleep[me] && AVAILABLE != 0 ->
		assert(AVAILABLE <= MOST);
		assert(slot[cons[me] & (SIZE - 1)] ==
		       cons[me] + RESPONSE * (1 - me));
		quiet[me] = false;
		cons[me] = MOD(cons[me] + 1);
		if
		:: cons[0] == SIZE -> turn_back()
		:: else
		fi }

	/* moat_ring_disarm_requests(), moat_ring_disarm_responses() */
	:: d_step { !asleep[me] && !quiet[me] ->
		STORE(EVENT, DISARMED);
		quiet[me] = true }

	/* moat_ring_arm_requests(), moat_ring_arm_responses() */
	:: d_step { !asleep[me] && AVAILABLE == 0 ->
		STORE(EVENT, MOD(cons[me] + 1));
		quiet[me] = false };
#ifdef NO_RECHECK
		d_step { ARM_MB -> asleep[me] = true }
#else
		d_step { ARM_MB -> asleep[me] = (AVAILABLE == 0) }
#endif

	/* The event channel's handler: it wakes a sleeper, and finds nothing
	 * to do where the poller was faster.
	 */
	:: d_step { event[me] -> event[me] = false; asleep[me] = false }

#ifdef DEATH
	/* The other side is gone: the connection ends. */
#ifdef DEAF
	:: gone[PEER] && !asleep[me] -> break
#else
	:: gone[PEER] -> break
#endif
#endif
	od
}

#ifdef DEATH
proctype side(bit me)
{
	{ run_side() } unless { killed[me] };
	/* What was the dead one's own makes no difference any more. */
	atomic {
		gone[me] = true;
		prod[me] = 0; pushed[me] = 0; cons[me] = 0;
		asleep[me] = false; quiet[me] = false; event[me] = false
	}
}

proctype reaper()
{
	if
	:: killed[0] = true
	:: killed[1] = true
	fi
}
#else
proctype side(bit me)
{
	run_side()
}
#endif

init {
	atomic {
		event_index[0] = 1;
		event_index[1] = 1;
		slot[0] = EMPTY;
		slot[1] = EMPTY;
		run side(0);
		run side(1);
#ifdef DEATH
		run reaper()
#endif
	}
}
