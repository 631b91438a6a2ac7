/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The ring as its own journal, core/journal.h, for the checker spin.
 *
 * A front end that keeps nothing: it sends requests, takes responses, and sleeps until
 * an event when there is nothing to do. Back ends, one after the other, each of which
 * may die in front of any of its stores, with all that it has in memory; it answers
 * in any order. Slots are reused, so that an answer given twice would be found in a
 * request of later.
 *
 * A slot is copied or written in two stores, so that a death leaves it torn.
 *
 * Checked:
 *   a back end finds whole requests only;
 *   each request is answered once, by a whole response, behind its data;
 *   the front end comes to its end, whatever dies (an end state where it waits is
 *   invalid).
 *
 * Memory is sequentially consistent here; core/journal.h says what its barriers are for.
 *
 * Each of these breaks it in one way, and must be found out:
 *   NO_RECORD       nothing is written down before a response is begun
 *   COUNTS_EARLY    the record counts before it is whole
 *   COUNTS_LATE     the record counts behind the move
 *   ONE_STEP        the record does not say when the move is over
 *   IN_PLACE        who stands in the way is not moved
 *   SHOWN_EARLY     the response is shown before it is written
 *   NO_EVENT        the next back end sends no event of its own
 */
#ifndef SLOTS
#define SLOTS 2
#endif
#ifndef REQUESTS
#define REQUESTS 4
#endif
#ifndef KILLS
#define KILLS 2
#endif

#define TORN 0
#define REQUEST(r) (1 + (r))
#define RESPONSE(r) (16 + (r))
#define STAYS 255
#define NEVER 255

/* The ring. */
byte slot[SLOTS];
byte req_prod, rsp_prod, rsp_event = 1;
byte at = NEVER, move = STAYS, answer;
bool event;

bool data[REQUESTS];		/* the request has been carried out */
bool answered[REQUESTS];	/* the front end has seen its answer */
bool killed;

active proctype front()
{
	byte sent, cons, r;

	do
	:: sent < REQUESTS && sent - cons < SLOTS ->
		slot[sent % SLOTS] = REQUEST(sent);
		sent++;
		req_prod = sent
	:: cons != rsp_prod ->
		d_step {
			r = slot[cons % SLOTS] - RESPONSE(0);
			assert(r < sent && !answered[r] && data[r]);
			answered[r] = true;
			r = 0
		}
		cons++
	:: cons == rsp_prod && sent != cons ->
		rsp_event = cons + 1;
		if
		:: cons != rsp_prod
		:: else -> d_step { event -> event = false }
		fi
	:: cons == REQUESTS -> break
	od
}

active proctype killer()
{
	byte n;

	do
	:: n < KILLS -> n++; killed = true; !killed
	:: break
	od
}

/* Do what the record says: moat_journal_carry_out() */
inline carry_out()
{
	if
	:: go != STAYS ->
		was = slot[prod % SLOTS];
		slot[go] = TORN;
		slot[go] = was;
#ifndef ONE_STEP
		move = STAYS
#endif
	:: else
	fi;
#ifdef SHOWN_EARLY
	rsp_prod = prod + 1;
#endif
	slot[prod % SLOTS] = TORN;
	slot[prod % SLOTS] = RESPONSE(t);
	prod++;
#ifndef SHOWN_EARLY
	rsp_prod = prod
#endif
}

/* moat_journal_make_room() */
inline make_room()
{
	d_step {
		go = STAYS;
#ifndef IN_PLACE
		if
		:: holder[prod % SLOTS] != t ->
			go = place[t];
			place[holder[prod % SLOTS]] = go;
			holder[go] = holder[prod % SLOTS]
		:: else
		fi
#endif
	}
}

/* moat_journal_answer() */
inline respond()
{
	make_room();
#ifdef COUNTS_EARLY
	at = prod;
#endif
#ifndef NO_RECORD
	answer = t;
	move = go;
#endif
#if !defined(COUNTS_EARLY) && !defined(COUNTS_LATE) && !defined(NO_RECORD)
	at = prod;
#endif
#ifdef COUNTS_LATE
	if
	:: go != STAYS ->
		was = slot[prod % SLOTS];
		slot[go] = TORN;
		slot[go] = was;
		move = STAYS;
		go = STAYS
	:: else
	fi;
	at = prod;
#endif
	carry_out()
}

/* moat_ring_push_responses(): the event is sent by a step of its own. */
inline push()
{
	if
	:: rsp_event > pushed && rsp_event <= prod -> event = true
	:: else
	fi;
	pushed = prod
}

/* moat_ring_serve(), moat_journal_resume() */
inline begin()
{
	prod = rsp_prod;
	if
	:: at == prod -> t = answer; go = move; carry_out()
	:: else
	fi;
	d_step { cons = prod; pushed = prod; t = 0 };
#ifndef NO_EVENT
	event = true
#endif
}

inline take()
{
	d_step {
		t = slot[cons % SLOTS];
		assert(t >= REQUEST(0) && t < REQUEST(REQUESTS));
		t = t - REQUEST(0);
		busy[t] = true;
		place[t] = cons % SLOTS;
		holder[cons % SLOTS] = t;
		cons++;
		t = 0
	}
}

/* Which one is done next is the device's business. */
inline choose()
{
	t = 0;
	do
	:: busy[t] -> break
	:: t < REQUESTS - 1 -> t++
	:: t == REQUESTS - 1 && !busy[t] -> goto again
	od;
	data[t] = true;
	busy[t] = false
}

inline forget()
{
	d_step {
		prod = 0; cons = 0; pushed = 0; t = 0; go = 0; was = 0;
		i = 0;
		do
		:: i < REQUESTS -> busy[i] = false; place[i] = 0; i++
		:: else -> break
		od;
		i = 0;
		do
		:: i < SLOTS -> holder[i] = 0; i++
		:: else -> break
		od;
		i = 0
	}
}

active proctype back()
{
	byte prod, cons, pushed, t, go, was, i;
	bool busy[REQUESTS];
	byte place[REQUESTS], holder[SLOTS];

	do
	:: {
		begin();
again:
end:		do
		:: cons != req_prod -> take()
		:: cons != prod -> choose(); respond(); push()
		od
	} unless { killed };
		forget();
		killed = false
	od
}
