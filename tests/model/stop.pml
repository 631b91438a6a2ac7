/* SPDX-License-Identifier: GPL-2.0 */
/*
 * How a ring is stopped, kernel/back/queue.h, for the checker spin.
 *
 * One ring and its poller; whoever kicks it (its event, as often as the front end
 * likes, and a change of its settings); the disk, which hands jobs back; and the
 * owner, who starts the ring, stops it at any moment, and frees it. The start may
 * fail, and the ring is then stopped like any other.
 *
 * The poller's turn: rings that were kicked, rings to be stopped, jobs that came
 * back, a visit; asleep where there is none of these. A kick and a message are two
 * steps, the bit and the list, so that others get in between; so are taking a list
 * and walking it.
 *
 * Checked:
 *   nobody touches a ring that has been freed;
 *   the owner comes to his end, whatever the others do (an end state where he
 *   waits is invalid).
 *
 * Memory is sequentially consistent here; what the barriers are for, the handshake's
 * model and the comments in poller.c say.
 *
 * Each of these breaks it in one way, and must be found out:
 *   FLAG            what stops the ring is a flag, set before a kick; the poller acts
 *                   on it wherever it sees it
 *   FLAG KICKED     the same, but not while the ring is kicked
 *   FLAG BEHIND     the flag is set behind the kick
 *   NO_KICKED       a message, but the poller does not ask whether the ring is kicked
 *   EVENT_LATE      the event is switched off behind the message
 *   UNSTARTED       a ring whose start failed is freed without a message
 *   NO_LOOK         the poller falls asleep without a look at the messages
 */
#define JOBS 2

mtype = { NEW, OPEN, STOPPING, STOPPED };

mtype state = NEW;
bool kicked;		/* MOAT_QUEUE_KICKED */
bool in_kicked;		/* in the poller's list of kicked rings */
bool in_stops;		/* in that of rings to be stopped */
bool flag;		/* FLAG: MOAT_QUEUE_STOP, as it once was */
byte in_flight;		/* jobs in use */
byte at_disk;
byte in_done;		/* jobs in the poller's list of those that came back */
bool listed;		/* in the poller's list of rings to visit */

bool event_on;		/* the event channel is bound, and not disabled */
bool in_event;		/* its handler runs; disable_irq() waits for it */
bool in_set;		/* a setting is being written, under the back end's lock */
bool connected;		/* settings find the ring */
bool stopped;		/* the completion */
bool freed;

#define TOUCH assert(!freed)

/* moat_poller_kick() */
inline kick(was)
{
	TOUCH;
	d_step { was = kicked; kicked = true };
	if
	:: !was -> TOUCH; in_kicked = true
	:: else
	fi
}

#ifdef FLAG
#define ENDS flag
#else
#define ENDS (state == STOPPING)
#endif
#if defined(NO_KICKED) || (defined(FLAG) && !defined(KICKED))
#define IN_LIST false
#else
#define IN_LIST kicked
#endif
#ifdef NO_LOOK
#define CALLED (in_kicked || in_done > 0)
#else
#define CALLED (in_kicked || in_stops || in_done > 0)
#endif

/* moat_queue_visit() */
inline visit()
{
	TOUCH;
	/* Requests come as long as any are taken. */
	if
	:: state == OPEN && !ENDS && in_flight < JOBS ->
		d_step { in_flight++; at_disk++ }
	:: true
	fi;
	if
	:: ENDS && in_flight == 0 && !IN_LIST ->
		d_step { listed = false; state = STOPPED };
		TOUCH;
		stopped = true
	:: ENDS && (in_flight > 0 || IN_LIST) -> listed = false
	:: !ENDS -> listed = false	/* armed, or not started */
	:: !ENDS && state == OPEN	/* it spins */
	fi
}

active proctype poller()
{
	bool mine;
	byte n;

	do
	:: d_step { mine = in_kicked; in_kicked = false };
		if
		:: mine -> TOUCH;
			kicked = false;
			listed = true
		:: else
		fi;
		d_step { mine = in_stops; in_stops = false };
		if
		:: mine -> TOUCH;
			d_step { state = STOPPING; listed = true }
		:: else
		fi;
		d_step { n = in_done; in_done = 0 };
		if
		:: n > 0 -> TOUCH;
			d_step { in_flight = in_flight - n; n = 0; listed = true }
		:: else
		fi;
		if
		:: listed -> visit()
		:: else
		fi;
end:		(listed || CALLED)
	od
}

active proctype disk()
{
end:	do
	:: d_step { at_disk > 0 -> at_disk--; in_done++ }
	od
}

active proctype event()
{
	bool was;

end:	do
	:: d_step { event_on -> in_event = true };
		kick(was);
		in_event = false
	od
}

active proctype settings()
{
	bool was;

end:	do
	:: d_step { connected -> in_set = true };
		kick(was);
		in_set = false
	od
}

/* moat_queue_start(), backend_disconnect(), moat_queue_stop(), moat_queue_destroy() */
active proctype owner()
{
	bool was, started;

	connected = true;
	if
	:: event_on = true;
		state = OPEN;
		started = true;
		kick(was)
	:: true		/* the channel cannot be bound */
	fi;
	/* Its lock keeps settings out. */
	d_step { !in_set -> connected = false };
#ifndef EVENT_LATE
	d_step { !in_event -> event_on = false };
#endif
#ifdef UNSTARTED
	if
	:: !started -> goto gone
	:: else
	fi;
#endif
#if defined(FLAG) && defined(BEHIND)
	kick(was);
	flag = true;
#elif defined(FLAG)
	flag = true;
	kick(was);
#else
	in_stops = true;
#endif
#ifdef EVENT_LATE
	d_step { !in_event -> event_on = false };
#endif
	stopped;
gone:
	freed = true
}
